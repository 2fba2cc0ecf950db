/* Lists as CSV: who asks for them, what stands in them, how long they may be. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/csv/csv_read.h"
#include "tests/support/query.h"
#include "tests/support/walk.h"

#define MANY 10300
#define CSV "Accept: text/csv\r\n"

static struct world world;

static void start_all(void)
{
	world_start(&world, "sheet");
	walk_subject(&world, &world.lakeview, "/v1/deliveries/{id}");
	walk_subject(&world, &world.lakeview, "/v1/webhook-endpoints/{id}");
	/* Hillside's list is long. */
	query_run(world.superuser,
		  text_of("with made as (insert into kept.commitment (district_id, group_code, title, description, "
			  "due_on, "
			  "created_by) select '%s', 'families', 'Promise ' || n, repeat('Read, \"together\". ', 10), "
			  "'2027-02-01'::date + n %% 300, 'test' from generate_series(1, %d) n returning id) "
			  "insert into kept.party (district_id, commitment_id, role, person_id) "
			  "select '%s', id, 'owner', '%s' from made",
			  world.hillside.id, MANY, world.hillside.id, world.hillside.person));
	query_run(world.superuser, "analyze");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *key, const char *target, const char *headers)
{
	return ask(&world.asking, key, "GET", target, headers, NULL);
}

/* The long list, whole: a machine that has much else to do may need more than one try to be done in time. */
static struct answer get_long(const char *headers, int status)
{
	for (int tries = 1;; tries++) {
		struct answer answer = get(world.hillside.admin, "/v1/commitments", headers);
		if (answer.status != 504 || tries == 4)
			return must(status, answer);
		answer_release(&answer);
	}
}

/* Reads the sheet; answers its rows without the first, whose cells must be the columns. `first`: calls back with each
 * row. */
static int read_sheet(const struct answer *answer, const struct contract_operation *operation,
		      void (*row_read)(void *context, const struct csv_row *row), void *context)
{
	struct csv_reader reader;
	struct csv_row row;
	struct csv_fault fault;
	int rows = 0;
	ck_assert(csv_begin(&reader, answer->body, strlen(answer->body), &fault));
	ck_assert_int_eq(csv_next(&reader, &row, &fault), 1);
	ck_assert_uint_eq(row.count, operation->column_count);
	for (size_t i = 0; i < row.count; i++)
		ck_assert_str_eq(row.cells[i], operation->columns[i]);
	for (; csv_next(&reader, &row, &fault) == 1; rows++) {
		ck_assert_uint_eq(row.count, operation->column_count);
		if (row_read)
			row_read(context, &row);
	}
	csv_end(&reader);
	return rows;
}

struct compared {
	const struct answer *json;
	const struct contract_operation *operation;
	int rows;
};

/* Each cell says what the member of the item says; only text is compared. */
static void compare_row(void *context, const struct csv_row *row)
{
	struct compared *compared = context;
	const json_t *item = json_array_get(json_object_get(compared->json->json, "items"), (size_t)compared->rows++);
	ck_assert_ptr_nonnull(item);
	for (size_t i = 0; i < row->count; i++) {
		const json_t *member = json_object_get(item, compared->operation->columns[i]);
		if (json_is_string(member))
			ck_assert_str_eq(row->cells[i], json_string_value(member));
		else if (json_is_integer(member))
			ck_assert_int_eq(strtoll(row->cells[i], NULL, 10), json_integer_value(member));
		else if (json_is_null(member))
			ck_assert_str_eq(row->cells[i], "");
	}
}

START_TEST(each_list_is_a_sheet_of_the_same_rows)
{
	const struct contract_operation *operation = &contract_operations[_i];
	if (!operation->columns || operation->rows)
		return;
	const char *key = world.lakeview.admin, *id = walk_subject(&world, &world.lakeview, operation->path);
	const char *target = walk_target(operation->path, id);
	walk_more(&world, &world.lakeview, operation->path, target);
	struct answer json = must(200, get(key, text_of("%s?page_size=200", target), NULL));
	struct answer sheet = must(200, get(key, target, CSV));
	ck_assert_str_eq(header(&sheet, "Content-Type"), "text/csv; charset=utf-8; header=present");
	const char *name = strrchr(operation->path, '/') + 1;
	ck_assert_str_eq(header(&sheet, "Content-Disposition"), text_of("attachment; filename=\"%s.csv\"", name));
	ck_assert_str_eq(header(&json, "Content-Type"), "application/json");
	ck_assert_msg(strcasestr(sheet.head, "\r\nVary: Accept\r\n") && strcasestr(json.head, "\r\nVary: Accept\r\n"),
		      "%s", json.head);
	struct compared compared = {&json, operation, 0};
	ck_assert_int_eq(read_sheet(&sheet, operation, compare_row, &compared), count_at(&json, "items"));
	ck_assert_msg(count_at(&json, "items") > 0 || strstr(target, "reminders"), "%s is empty", target);
	struct answer head = ask(&world.asking, key, "HEAD", target, CSV, NULL);
	ck_assert_str_eq(header(&head, "Content-Length"), header(&sheet, "Content-Length"));
	answer_release(&head);
	answer_release(&json);
	answer_release(&sheet);
}
END_TEST

START_TEST(accept_decides)
{
	static const struct {
		const char *headers, *type;
		int status;
	} cases[] = {
		{NULL, "application/json", 200},
		{"Accept: */*\r\n", "application/json", 200},
		{"Accept: text/csv;q=0.5, application/json;q=0.4\r\n", "text/csv", 200},
		{"Accept: text/html\r\nACCEPT: text/csv\r\n", "text/csv", 200},
		{"Accept: text/html\r\n", "application/problem+json", 406},
		{"Accept: text/csv;q=0, application/json;q=0\r\n", "application/problem+json", 406},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer answer = must(cases[i].status, get(world.lakeview.admin, "/v1/people", cases[i].headers));
		ck_assert_msg(text_starts(header(&answer, "Content-Type"), cases[i].type), "%s", answer.head);
		ck_assert_ptr_nonnull(strcasestr(answer.head, "\r\nVary: Accept\r\n"));
		answer_release(&answer);
	}
	/* What is no list, and a refusal, are what they are. */
	must_be(200, get(world.lakeview.admin, "/v1/district", CSV));
	must_be(401, get(NULL, "/v1/people", CSV));
	must_be(403, get(world.reader, "/v1/keys", CSV));
	must_be(400, get(world.lakeview.admin, "/v1/people?page_token=x", CSV));
	must_be(404, get(world.lakeview.admin, "/v1/commitments/" WORLD_ABSENT "/reminders", CSV));
}
END_TEST

START_TEST(no_cell_is_a_formula)
{
	static const char *const names[] = {"=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "'=1"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		world_make(&world, world.lakeview.admin, "/v1/people",
			   text_of("{\"name\":\"%s\",\"groups\":[\"policymakers\",\"families\"]}", names[i]));
	struct answer sheet = must(200, get(world.lakeview.admin, "/v1/people?group=policymakers", CSV));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_msg(strstr(sheet.body, text_of(",'%s,", names[i])) != NULL, "%s", sheet.body);
		ck_assert_ptr_null(strstr(sheet.body, text_of(",%s,", names[i])));
	}
	ck_assert_ptr_nonnull(strstr(sheet.body, ",families;policymakers,"));
	answer_release(&sheet);
}
END_TEST

/* Seen ids of a sheet's first column. */
static void note_id(void *context, const struct csv_row *row)
{
	json_t *seen = context;
	ck_assert_msg(json_object_get(seen, row->cells[0]) == NULL, "%s is told twice", row->cells[0]);
	json_object_set_new(seen, row->cells[0], json_true());
}

static const struct contract_operation *commitments(void)
{
	struct contract_match match;
	contract_match("GET", "/v1/commitments", &match);
	return match.operation;
}

/* The target in the header Link, "" where there is none. */
static const char *following(const struct answer *answer)
{
	const char *link = header(answer, "Link");
	return *link == '<' ? text_of("%.*s", (int)strcspn(link + 1, ">"), link + 1) : "";
}

START_TEST(page_of_a_sheet_is_a_page)
{
	json_t *seen = json_object();
	const char *key = world.hillside.admin;
	struct answer page = must(200, get(key, "/v1/commitments?due_to=2027-02-01&page_size=15", CSV));
	int pages = 1;
	for (;; pages++) {
		int rows = read_sheet(&page, commitments(), note_id, seen);
		const char *next = following(&page);
		answer_release(&page);
		if (!*next)
			break;
		ck_assert_int_eq(rows, 15);
		/* A token is good for both forms. */
		must_be(200, get(key, next, NULL));
		page = must(200, get(key, next, CSV));
	}
	ck_assert_int_eq(pages, 3);
	ck_assert_uint_eq(json_object_size(seen), MANY / 300);
	json_decref(seen);
}
END_TEST

static long kib_of(const char *name)
{
	char path[64], line[200];
	long kib = -1;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)world.api.program.pid);
	FILE *file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (kib < 0 && fgets(line, sizeof(line), file))
		if (text_starts(line, name))
			kib = strtol(line + strlen(name), NULL, 10);
	fclose(file);
	return kib;
}

START_TEST(long_list_is_written_in_parts_and_in_little_memory)
{
	json_t *seen = json_object();
	const char *key = world.hillside.admin;
	must_be(200, get(key, "/v1/commitments", NULL));
	long before = kib_of("VmRSS:");
	struct answer sheet = get_long(CSV, 200);
	long most = kib_of("VmHWM:"), after = kib_of("VmRSS:");
	ck_assert_int_eq(read_sheet(&sheet, commitments(), note_id, seen), KEPT_SHEET_ROWS);
	/* It is longer than what is held in memory. */
	ck_assert_uint_gt(strlen(sheet.body), 2 * KEPT_SPOOL_BYTES);
	printf("a sheet of %zu bytes: %ld KiB before, %ld at most, %ld after\n", strlen(sheet.body), before, most,
	       after);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_lt(most - before, (long)strlen(sheet.body) / 1024);
#endif
	const char *next = following(&sheet);
	ck_assert_str_ne(next, "");
	answer_release(&sheet);
	struct answer rest = must(200, get(key, next, CSV));
	ck_assert_int_eq(read_sheet(&rest, commitments(), note_id, seen), MANY - KEPT_SHEET_ROWS);
	ck_assert_str_eq(following(&rest), "");
	ck_assert_uint_eq(json_object_size(seen), MANY);
	answer_release(&rest);
	json_decref(seen);
}
END_TEST

START_TEST(full_disk_is_a_problem_and_no_end)
{
	const struct rlimit little = {KEPT_SPOOL_BYTES * 3 / 2, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit old;
	const char *key = world.hillside.admin;
	ck_assert_int_eq(prlimit(world.api.program.pid, RLIMIT_FSIZE, &little, &old), 0);
	struct answer refused = get_long(CSV, 503);
	ck_assert_str_ne(header(&refused, "Retry-After"), "");
	ck_assert_str_eq(header(&refused, "Content-Disposition"), "");
	answer_release(&refused);
	must_be(200, get(key, "/v1/commitments?page_size=100", CSV));
	ck_assert_int_eq(prlimit(world.api.program.pid, RLIMIT_FSIZE, &all, NULL), 0);
	struct answer whole = get_long(CSV, 200);
	answer_release(&whole);
}
END_TEST

START_TEST(sheets_at_once_are_bounded)
{
	char *request = NULL;
	int fds[KEPT_SHEETS];
	ck_assert(asprintf(&request,
			   "GET /v1/commitments HTTP/1.1\r\nHost: x\r\n" CSV "Authorization: Bearer %s\r\n\r\n",
			   world.hillside.admin) > 0);
	/* Until this test ends, nobody reads commitments. */
	query_hold(world.superuser, "begin; lock table kept.commitment in access exclusive mode");
	for (int i = 0; i < KEPT_SHEETS; i++) {
		fds[i] = api_connect(&world.api);
		api_write(fds[i], request, strlen(request));
	}
	double deadline = clock_seconds() + 10;
	int status = 0;
	/* A page of schools, which nobody holds up, is refused as soon as all the others are there. */
	while (status != 503 && clock_seconds() < deadline) {
		struct answer answer = get(world.hillside.admin, "/v1/schools?page_size=1", CSV);
		status = answer.status;
		answer_release(&answer);
	}
	ck_assert_int_eq(status, 503);
	must_be(200, get(world.hillside.admin, "/v1/schools", NULL));
	/* Who goes away gives the place back. */
	for (int i = 0; i < KEPT_SHEETS; i++)
		close(fds[i]);
	free(request);
}
END_TEST

START_TEST(places_of_sheets_come_back)
{
	double deadline = clock_seconds() + 40;
	int written = 0;
	/* Those of the test before are given back when the database has answered them. */
	while (written < 3 * KEPT_SHEETS && clock_seconds() < deadline) {
		struct answer answer = get(world.hillside.admin, "/v1/schools?page_size=1", CSV);
		written += answer.status == 200;
		answer_release(&answer);
	}
	ck_assert_int_eq(written, 3 * KEPT_SHEETS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sheet");
	TCase *all = tcase_create("sheet");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, each_list_is_a_sheet_of_the_same_rows, 0, (int)contract_operation_count);
	tcase_add_test(all, accept_decides);
	tcase_add_test(all, no_cell_is_a_formula);
	tcase_add_test(all, page_of_a_sheet_is_a_page);
	tcase_add_test(all, long_list_is_written_in_parts_and_in_little_memory);
	tcase_add_test(all, full_disk_is_a_problem_and_no_end);
	tcase_add_test(all, sheets_at_once_are_bounded);
	tcase_add_test(all, places_of_sheets_come_back);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
