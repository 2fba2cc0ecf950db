/* Every list of the contract, page by page; a long one while others write; and page tokens that do not belong. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/query.h"
#include "tests/support/walk.h"

#define MANY 10000

static struct world world;

static void start_all(void)
{
	world_start(&world, "walk");
	query_run(world.superuser,
		  text_of("with made as (insert into kept.commitment (district_id, group_code, title, due_on, "
			  "created_by) "
			  "select '%s', 'families', case when n %% 11 = 0 then 'Goes' else 'Stays' end, "
			  "case when n %% 7 > 0 then '2027-02-01'::date + n %% 90 end, 'test' "
			  "from generate_series(1, %d * 11 / 10) n returning id) "
			  "insert into kept.party (district_id, commitment_id, role, person_id) "
			  "select '%s', id, 'owner', '%s' from made",
			  world.hillside.id, MANY, world.hillside.id, world.hillside.person));
	query_run(world.superuser, "analyze");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *key, const char *target)
{
	return must(200, ask(&world.asking, key, "GET", target, NULL, NULL));
}

static const char *following(const struct answer *answer)
{
	const char *link = header(answer, "Link");
	return *link == '<' ? text_of("%.*s", (int)strcspn(link + 1, ">"), link + 1) : "";
}

/* Other connections that write until they are told to stop; each counts what it did. */
struct writers {
	volatile int stop;
	volatile int by_sql, by_http;
};

static void write_by_sql(struct writers *writers)
{
	const char *one = text_of(
		"delete from kept.commitment where (district_id, id) in (select district_id, id from kept.commitment "
		"where district_id = '%s' and title = 'Goes' order by random() limit 2); "
		"with made as (insert into kept.commitment (district_id, group_code, title, due_on, created_by) select "
		"'%s', 'families', 'Comes', '2027-02-01'::date + (random() * 90)::int, 'test' returning id) "
		"insert into kept.party (district_id, commitment_id, role, person_id) select '%s', id, 'owner', '%s' "
		"from made",
		world.hillside.id, world.hillside.id, world.hillside.id, world.hillside.person);
	for (; !writers->stop; writers->by_sql++)
		query_run(world.superuser, one);
}

static void write_by_http(struct writers *writers)
{
	for (; !writers->stop; writers->by_http++) {
		const char *id = world_make(
			&world, world.hillside.admin, "/v1/commitments",
			text_of("{\"group\":\"families\",\"title\":\"Comes and goes\",\"due_on\":\"2027-0%d-15\","
				"\"owner\":{\"person_id\":\"%s\"}}",
				2 + writers->by_http % 3, world.hillside.person));
		must_be(204, ask(&world.asking, world.hillside.admin, "DELETE", text_of("/v1/commitments/%s", id),
				 "If-Match: *\r\n", NULL));
	}
}

static pid_t begin(void (*write)(struct writers *), struct writers *writers)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	write(writers);
	_exit(0);
}

static void end(pid_t pid)
{
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a writer failed");
}

START_TEST(ten_thousand_rows_are_seen_once_while_others_write)
{
	static const int sizes[] = {200, 1, 137, 50, 199, 7, 90};
	struct writers *writers =
		mmap(NULL, sizeof(*writers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(writers != MAP_FAILED);
	json_t *seen = json_object(), *item;
	int stayed = 0, pages = 0, done;
	pid_t sql = begin(write_by_sql, writers), http = begin(write_by_http, writers);
	for (const char *token = ""; token; pages++) {
		struct answer page =
			get(world.hillside.admin, text_of("/v1/commitments?page_size=%d%s%s", sizes[(size_t)pages % 7],
							  *token ? "&page_token=" : "", token));
		size_t i;
		json_array_foreach (json_object_get(page.json, "items"), i, item) {
			const char *id = json_string_value(json_object_get(item, "id"));
			ck_assert_msg(!json_object_get(seen, id), "%s is told twice", id);
			json_object_set_new(seen, id, json_true());
			stayed += strcmp(json_string_value(json_object_get(item, "title")), "Stays") == 0;
		}
		const char *next = json_string_value(json_object_get(page.json, "next"));
		token = next ? text_of("%s", next) : NULL;
		ck_assert(!next || (int)i == sizes[(size_t)pages % 7]);
		answer_release(&page);
	}
	writers->stop = 1;
	end(sql);
	end(http);
	done = writers->by_sql < writers->by_http ? writers->by_sql : writers->by_http;
	ck_assert_int_ge(done, 10);
	ck_assert_int_ge(pages, 80);
	ck_assert_int_eq(stayed,
			 query_number(world.superuser, "select count(*) from kept.commitment where title = 'Stays'"));
	ck_assert_int_eq(stayed, MANY);
	json_decref(seen);
}
END_TEST

/* The list has some items; those that nothing can be posted to get theirs from the rest. */
static const char *filled_list(const struct contract_operation *operation)
{
	const char *target = walk_target(operation->path, walk_subject(&world, &world.lakeview, operation->path));
	for (int i = 0; i < 6; i++)
		walk_more(&world, &world.lakeview, operation->path, target);
	return target;
}

START_TEST(list_by_small_pages_is_the_list)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const char *key = world.lakeview.admin;
	if (!operation->columns || operation->rows)
		return;
	const char *target = filled_list(operation);
	struct answer whole = get(key, text_of("%s?page_size=200", target));
	json_t *joined = json_array();
	const char *token = "";
	for (int pages = 0; token; pages++) {
		struct answer page = get(key, text_of("%s?page_size=%d%s%s", target, 1 + pages % 3,
						      *token ? "&page_token=" : "", token));
		json_array_extend(joined, json_object_get(page.json, "items"));
		const char *next = json_string_value(json_object_get(page.json, "next")), *link = following(&page);
		ck_assert_str_eq(link,
				 next ? text_of("%s?page_size=%d&page_token=%s", target, 1 + pages % 3, next) : "");
		token = next ? text_of("%s", next) : NULL;
		answer_release(&page);
	}
	ck_assert_int_ge(count_at(&whole, "items"), 3);
	ck_assert_msg(json_equal(joined, json_object_get(whole.json, "items")), "%s", operation->id);
	json_decref(joined);
	answer_release(&whole);
}
END_TEST

static void refused(const char *key, const char *target)
{
	struct answer page = must(400, ask(&world.asking, key, "GET", target, NULL, NULL));
	ck_assert_msg(strstr(at(&page, "type"), "/bad-page-token") || names(&page, "page_token"), "%s", page.body);
	answer_release(&page);
}

START_TEST(token_is_for_one_list_and_one_key)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const char *key = world.lakeview.admin;
	if (!operation->columns || operation->rows)
		return;
	const char *target = filled_list(operation);
	struct answer page = get(key, text_of("%s?page_size=1", target));
	const char *token = at(&page, "next");
	ck_assert_str_ne(token, "null");
	refused(world.hillside.admin, text_of("%s?page_token=%s", target, token));
	refused(world_key(&world, "admin", ""), text_of("%s?page_token=%s", target, token));
	refused(key, text_of("%s?page_token=%.*s", target, (int)strlen(token) - 1, token));
	refused(key, text_of("%s?page_token=%sA", target, token));
	refused(key, text_of("%s?page_token=%c%s", target, token[0] == 'k' ? 'x' : 'k', token + 1));
	for (size_t i = 0; i < contract_operation_count; i++)
		if (contract_operations[i].columns && !contract_operations[i].rows &&
		    &contract_operations[i] != operation)
			refused(key, text_of("%s?page_token=%s", walk_target(contract_operations[i].path, WORLD_ABSENT),
					     token));
	must_be(200, ask(&world.asking, key, "GET", text_of("%s?page_token=%s", target, token), NULL, NULL));
	answer_release(&page);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("walk");
	TCase *all = tcase_create("walk");
	tcase_set_timeout(all, 180);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, list_by_small_pages_is_the_list, 0, (int)contract_operation_count);
	tcase_add_loop_test(all, token_is_for_one_list_and_one_key, 0, (int)contract_operation_count);
	tcase_add_test(all, ten_thousand_rows_are_seen_once_while_others_write);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
