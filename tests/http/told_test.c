/* What is told of commitments: reminders by hand and by the ladder, deliveries, the summary, events. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "told");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}

static struct answer post(const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "POST", target, NULL, body);
}

static struct answer patch(const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "PATCH", target, "If-Match: *\r\n", body);
}

/* The path of a new promise. */
static const char *promise(const char *more)
{
	return text_of("/v1/commitments/%s", world_promise(&world, more));
}

static struct answer move(const char *path, const char *body)
{
	return post(text_of("%s/status", path), body);
}

START_TEST(reminding_by_hand_is_once_a_day)
{
	const char *path = promise(
		text_of(",\"due_on\":\"2027-02-15\",\"parties\":[{\"role\":\"helper\",\"group\":\"families\"}]"));
	const char *remind = text_of("%s/remind", path);
	struct answer asked = must(202, post(remind, "{}"));
	ck_assert_int_eq(count_at(&asked, "recipients"), 2);
	for (int i = 0; i < 2; i++) {
		bool person = strcmp(at(&asked, text_of("recipients/%d/recipient_kind", i)), "person") == 0;
		ck_assert_str_eq(at(&asked, text_of("recipients/%d/queued", i)), person ? "true" : "false");
		ck_assert_str_eq(at(&asked, text_of("recipients/%d/reason", i)), person ? "null" : "no_contact");
	}
	answer_release(&asked);
	struct answer refused = must(409, post(remind, "{}"));
	ck_assert(strstr(at(&refused, "type"), "/already-reminded"));
	answer_release(&refused);
	world_clock(&world, "2027-01-11 04:59:59+00");
	must_be(409, post(remind, "{}"));
	world_clock(&world, "2027-01-11 05:00:00+00");
	must_be(202, post(remind, "{}"));
	world_clock(&world, WORLD_NOW);
	must_be(409, post(text_of("%s/remind", promise("")), "{}"));
	must_be(200, move(path, "{\"status\":\"completed\"}"));
	must_be(409, post(remind, "{}"));
	must_be(409, ask(&world.asking, world.lakeview.admin, "DELETE", path, "If-Match: *\r\n", NULL));
}
END_TEST

START_TEST(reminders_tell_what_was_sent_what_comes_and_what_does_not)
{
	const char *silent = world_make(&world, world.lakeview.admin, "/v1/people",
					"{\"name\":\"Silent\",\"groups\":[\"families\"]}");
	/* Due in five days: the rung of seven days before has passed. */
	const char *path = promise(
		text_of(",\"due_on\":\"2027-01-15\",\"parties\":[{\"role\":\"helper\",\"person_id\":\"%s\"}]", silent));
	must_be(202, post(text_of("%s/remind", path), "{}"));
	world_work(&world);
	struct answer list = get(text_of("%s/reminders", path));
	static const struct {
		const char *rung;
		bool silent;
		const char *state, *reason;
	} rungs[] = {
		{"NOW-2027-01-10", false, "sent", "null"},
		{"NOW-2027-01-10", true, "not_sent", "no_contact"},
		{"P-7D", false, "not_sent", "passed_before_start"},
		{"P-2D", false, "to_come", "null"},
		{"P-2D", true, "to_come", "no_contact"},
		{"P+1D", false, "to_come", "null"},
		{"P+7D", false, "to_come", "null"},
		{"P+7D", true, "to_come", "no_contact"},
	};
	for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++) {
		const char *state = "none", *reason = "";
		for (int n = 0; n < count_at(&list, "items"); n++) {
			bool same = strcmp(at(&list, text_of("items/%d/recipient_id", n)),
					   rungs[i].silent ? silent : world.lakeview.person) == 0;
			if (!same || strcmp(at(&list, text_of("items/%d/rung", n)), rungs[i].rung) != 0)
				continue;
			state = at(&list, text_of("items/%d/state", n));
			reason = at(&list, text_of("items/%d/reason", n));
		}
		ck_assert_msg(strcmp(state, rungs[i].state) == 0 && strcmp(reason, rungs[i].reason) == 0,
			      "%s, %d: %s %s in %s", rungs[i].rung, rungs[i].silent, state, reason, list.body);
	}
	answer_release(&list);
	/* By page as in one piece. */
	int seen = 0;
	const char *next = "";
	do {
		list = get(text_of("%s/reminders?page_size=3%s%s", path, *next ? "&page_token=" : "", next));
		seen += count_at(&list, "items");
		next = at(&list, "next");
		answer_release(&list);
	} while (strcmp(next, "null") != 0);
	list = get(text_of("%s/reminders", path));
	ck_assert_int_eq(seen, count_at(&list, "items"));
	answer_release(&list);
	/* The message and its attempt. */
	list = get(text_of("/v1/deliveries?state=sent&channel=email&commitment_id=%s", strrchr(path, '/') + 1));
	ck_assert_int_eq(count_at(&list, "items"), 1);
	struct answer delivery = get(text_of("/v1/deliveries/%s", at(&list, "items/0/id")));
	ck_assert_str_eq(at(&delivery, "attempts/0/outcome"), "sent");
	ck_assert_str_eq(at(&delivery, "attempt_count"), "1");
	ck_assert_ptr_null(strstr(delivery.body, "maria@"));
	answer_release(&delivery);
	answer_release(&list);
}
END_TEST

START_TEST(summary_always_has_eight_rows)
{
	const char *school = world_make(&world, world.hillside.admin, "/v1/schools", "{\"name\":\"Sumas\"}");
	const char *target = text_of("/v1/summary?school_id=%s", school);
	struct answer empty = must(200, ask(&world.asking, world.hillside.admin, "GET", target, NULL, NULL));
	for (int i = 0; i < 8; i++)
		ck_assert_msg(strcmp(at(&empty, text_of("items/%d/none", i)), "true") == 0 &&
				      strcmp(at(&empty, text_of("items/%d/agreed", i)), "0") == 0,
			      "%s", empty.body);
	answer_release(&empty);
	static const struct {
		const char *more, *status;
	} made[] = {{",\"status\":\"proposed\"", NULL},
		    {"", NULL},
		    {"", "in_progress"},
		    {"", "completed"},
		    {"", "declined"},
		    {"", "withdrawn"},
		    {",\"due_on\":\"2027-01-08\"", NULL},
		    {",\"due_on\":\"2027-01-08\"", "completed"}};
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		const char *id = world_make(&world, world.hillside.admin, "/v1/commitments",
					    text_of("{\"group\":\"families\",\"title\":\"Leer\",\"school_id\":\"%s\","
						    "\"owner\":{\"group\":\"families\"}%s}",
						    school, made[i].more));
		if (made[i].status)
			must_be(200, ask(&world.asking, world.hillside.admin, "POST",
					 text_of("/v1/commitments/%s/status", id), NULL,
					 text_of("{\"status\":\"%s\"}", made[i].status)));
	}
	static const struct {
		const char *filter, *row;
	} rows[] = {
		{"", "{\"group\": \"families\", \"name\": \"Familias\", \"proposed\": 1, \"agreed\": 2, "
		     "\"in_progress\": 1, \"completed\": 2, \"overdue\": 1, \"none\": false}"},
		{"&from=2027-01-08&to=2027-01-08",
		 "{\"group\": \"families\", \"name\": \"Familias\", \"proposed\": 0, \"agreed\": 1, \"in_progress\": "
		 "0, \"completed\": 1, \"overdue\": 1, \"none\": false}"},
		{"&from=2027-01-09", "{\"group\": \"families\", \"name\": \"Familias\", \"proposed\": 0, \"agreed\": "
				     "0, \"in_progress\": 0, \"completed\": 0, \"overdue\": 0, \"none\": true}"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer told = must(200, ask(&world.asking, world.hillside.admin, "GET",
						   text_of("%s%s", target, rows[i].filter), NULL, NULL));
		json_t *wanted = json_loads(rows[i].row, 0, NULL);
		ck_assert_int_eq(count_at(&told, "items"), 8);
		ck_assert_msg(json_equal(json_array_get(json_object_get(told.json, "items"), 5), wanted), "%s: %s",
			      rows[i].filter, told.body);
		json_decref(wanted);
		answer_release(&told);
	}
	/* Another district's school is not there, and nothing of it is counted. */
	must_be(404, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}
END_TEST

START_TEST(each_change_has_its_event)
{
	const char *path = promise(",\"status\":\"proposed\",\"due_on\":\"2027-02-15\"");
	must_be(200, move(path, "{\"status\":\"agreed\"}"));
	must_be(200, patch(path, "{\"title\":\"Read more\"}"));
	must_be(200, move(path, "{\"status\":\"completed\"}"));
	static const char *const types[] = {"commitment.created", "commitment.status_changed", "commitment.agreed",
					    "commitment.status_changed", "commitment.completed"};
	struct answer list = get(text_of("/v1/events?commitment_id=%s", strrchr(path, '/') + 1));
	ck_assert_int_eq(count_at(&list, "items"), 5);
	ck_assert_ptr_null(strstr(list.body, "María"));
	for (int i = 0; i < 5; i++) {
		const char *type = at(&list, text_of("items/%d/type", i));
		int had = 0, wanted = 0;
		for (int n = 0; n < 5; n++) {
			had += strcmp(at(&list, text_of("items/%d/type", n)), type) == 0;
			wanted += strcmp(types[n], type) == 0;
		}
		ck_assert_msg(had == wanted, "%s", list.body);
	}
	answer_release(&list);
	list = get(text_of("/v1/events?type=commitment.completed&commitment_id=%s", strrchr(path, '/') + 1));
	ck_assert_int_eq(count_at(&list, "items"), 1);
	ck_assert_str_eq(at(&list, "items/0/data/title"), "Read more");
	answer_release(&list);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("told");
	TCase *all = tcase_create("told");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, reminding_by_hand_is_once_a_day);
	tcase_add_test(all, reminders_tell_what_was_sent_what_comes_and_what_does_not);
	tcase_add_test(all, summary_always_has_eight_rows);
	tcase_add_test(all, each_change_has_its_event);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
