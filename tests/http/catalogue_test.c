/* What a district sets up: groups and actions in its languages, schools, itself, reminder policies, endpoints. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "catalogue");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *key, const char *target, const char *languages)
{
	const char *accept = languages ? text_of("Accept-Language: %s\r\n", languages) : NULL;
	return must(200, ask(&world.asking, key, "GET", target, accept, NULL));
}

static struct answer send(const char *method, const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, method, target,
		   strcmp(method, "POST") == 0 ? NULL : "If-Match: *\r\n", body);
}

START_TEST(there_are_eight_groups_and_twenty_eight_actions)
{
	static const struct {
		const char *code;
		int actions;
	} groups[] = {{"teachers", 6},     {"teacher_unions", 4},    {"education_support_professionals", 3},
		      {"leaders", 3},      {"students", 3},          {"families", 4},
		      {"policymakers", 2}, {"business_community", 3}};
	struct answer list = get(world.hillside.admin, "/v1/groups", NULL);
	ck_assert_int_eq(count_at(&list, "items"), 8);
	int actions = 0;
	for (int i = 0; i < 8; i++) {
		ck_assert_str_eq(at(&list, text_of("items/%d/code", i)), groups[i].code);
		ck_assert_str_eq(at(&list, text_of("items/%d/actions", i)), text_of("%d", groups[i].actions));
		struct answer of_group =
			get(world.hillside.admin, text_of("/v1/actions?group=%s", groups[i].code), NULL);
		ck_assert_int_eq(count_at(&of_group, "items"), groups[i].actions);
		answer_release(&of_group);
		actions += groups[i].actions;
	}
	ck_assert_int_eq(actions, 28);
	answer_release(&list);
	list = get(world.hillside.admin, "/v1/actions?page_size=200", NULL);
	ck_assert_int_eq(count_at(&list, "items"), 28);
	ck_assert_str_eq(at(&list, "next"), "null");
	answer_release(&list);
}
END_TEST

START_TEST(words_are_in_the_readers_language_else_the_districts)
{
	static const struct {
		bool hillside;
		const char *accept, *language;
	} table[] = {
		{false, NULL, "en"},
		{true, NULL, "es"},
		{false, "es", "es"},
		{true, "en", "en"},
		{false, "es-MX", "es"},
		{false, "fr, es;q=0.5, en;q=0.1", "es"},
		{false, "es;q=0.1, en;q=0.9", "en"},
		{true, "fr", "es"},
		{false, "*", "en"},
		{true, "es;q=0, en", "en"},
		{false, "xx-\"bad", "en"},
		{false, "ES", "es"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *key = table[i].hillside ? world.hillside.admin : world.lakeview.admin;
		bool spanish = strcmp(table[i].language, "es") == 0;
		struct answer group = get(key, "/v1/groups/families", table[i].accept);
		ck_assert_msg(strcmp(at(&group, "name"), spanish ? "Familias" : "Families") == 0, "%d: %s", (int)i,
			      group.body);
		answer_release(&group);
		struct answer list = get(key, "/v1/actions?group=families", table[i].accept);
		ck_assert_msg(strcmp(at(&list, "items/0/language"), table[i].language) == 0, "%d: %s", (int)i,
			      list.body);
		answer_release(&list);
		struct answer summary = get(key, "/v1/summary", table[i].accept);
		ck_assert_str_eq(at(&summary, "items/5/name"), spanish ? "Familias" : "Families");
		answer_release(&summary);
	}
}
END_TEST

START_TEST(district_adds_its_own_action_and_retires_those_of_the_catalogue)
{
	const char *path =
		text_of("/v1/actions/%s",
			world_make(&world, world.lakeview.admin, "/v1/actions",
				   "{\"group\":\"students\",\"texts\":[{\"language\":\"en\",\"title\":\"Walk\"},{"
				   "\"language\":\"es\",\"title\":\"Caminar\",\"description\":\"A pie\"}]}"));
	struct answer read = get(world.lakeview.admin, path, "es");
	ck_assert_str_eq(at(&read, "title"), "Caminar");
	ck_assert_str_eq(at(&read, "catalogue_code"), "null");
	answer_release(&read);
	read = get(world.lakeview.admin, path, "fr");
	ck_assert_str_eq(at(&read, "title"), "Walk");
	answer_release(&read);
	struct answer refused = must(
		422, send("PATCH", path,
			  "{\"texts\":[{\"language\":\"en\",\"title\":\"A\"},{\"language\":\"en\",\"title\":\"B\"}]}"));
	ck_assert(names(&refused, "/texts/1/language"));
	answer_release(&refused);
	/* A commitment carries it out: it can be retired and not removed. */
	must_be(201, send("POST", "/v1/commitments",
			  text_of("{\"group\":\"students\",\"title\":\"Walk\",\"action_id\":\"%s\",\"owner\":{"
				  "\"group\":\"students\"}}",
				  strrchr(path, '/') + 1)));
	must_be(409, send("DELETE", path, NULL));
	must_be(200, send("PATCH", path, "{\"retired\":true}"));

	struct answer list = get(world.lakeview.admin, "/v1/actions?group=students", NULL);
	const char *entry = text_of("/v1/actions/%s", at(&list, "items/0/id"));
	ck_assert_int_eq(count_at(&list, "items"), 3);
	answer_release(&list);
	must_be(409, send("DELETE", entry, NULL));
	refused = must(422, send("PATCH", entry, "{\"texts\":[{\"language\":\"en\",\"title\":\"Mine\"}]}"));
	ck_assert(names(&refused, "/texts"));
	answer_release(&refused);
	must_be(200, send("PATCH", entry, "{\"retired\":true}"));
	list = get(world.lakeview.admin, "/v1/actions?group=students", NULL);
	ck_assert_int_eq(count_at(&list, "items"), 2);
	answer_release(&list);
	must_be(200, send("PATCH", entry, "{\"retired\":false}"));
}
END_TEST

START_TEST(school_that_is_needed_stays)
{
	const char *id = world_make(&world, world.lakeview.admin, "/v1/schools",
				    "{\"name\":\"Dr. Martín School\",\"time_zone\":\"America/Los_Angeles\"}");
	const char *path = text_of("/v1/schools/%s", id);
	const char *commitment = world_promise(&world, text_of(",\"school_id\":\"%s\",\"due_on\":\"2027-01-10\"", id));
	must_be(409, send("DELETE", path, NULL));
	/* Its dates are in its zone: in Kiritimati the tenth is over. */
	struct answer read = get(world.lakeview.admin, text_of("/v1/commitments/%s", commitment), NULL);
	ck_assert_str_eq(at(&read, "due_state"), "due_today");
	answer_release(&read);
	must_be(200, send("PATCH", path, "{\"time_zone\":\"Pacific/Kiritimati\"}"));
	read = get(world.lakeview.admin, text_of("/v1/commitments/%s", commitment), NULL);
	ck_assert_str_eq(at(&read, "due_state"), "overdue");
	answer_release(&read);
	must_be(204, send("DELETE", text_of("/v1/commitments/%s", commitment), NULL));
	must_be(204, send("DELETE", path, NULL));
	must_be(404, send("GET", path, NULL));
}
END_TEST

START_TEST(district_changes_itself)
{
	struct answer read = get(world.hillside.admin, "/v1/district", NULL);
	ck_assert_str_eq(at(&read, "id"), world.hillside.id);
	ck_assert_str_eq(at(&read, "time_zone"), "Europe/Madrid");
	ck_assert_str_eq(at(&read, "demonstration"), "false");
	must_be(422, ask(&world.asking, world.hillside.admin, "PATCH", "/v1/district", if_match(&read),
			 "{\"time_zone\":null}"));
	struct answer changed = must(
		200, ask(&world.asking, world.hillside.admin, "PATCH", "/v1/district", if_match(&read),
			 text_of("{\"name\":\"Colina\",\"time_zone\":\"Atlantic/Canary\",\"coordinator_id\":\"%s\"}",
				 world.hillside.person)));
	ck_assert_str_eq(at(&changed, "name"), "Colina");
	ck_assert_str_eq(at(&changed, "coordinator_id"), world.hillside.person);
	struct answer refused =
		must(422, ask(&world.asking, world.hillside.admin, "PATCH", "/v1/district", if_match(&changed),
			      text_of("{\"coordinator_id\":\"%s\",\"language\":\"qq-toolonglanguage\",\"time_zone\":"
				      "\"Mars/Olympus\"}",
				      world.lakeview.person)));
	answer_release(&refused);
	/* The clocks of all its commitments are reckoned anew. */
	ck_assert_int_eq(
		query_number(world.superuser,
			     text_of("select count(*) from kept.replan where district_id = '%s'", world.hillside.id)),
		1);
	answer_release(&read);
	answer_release(&changed);
}
END_TEST

START_TEST(policy_decides_the_ladder)
{
	const char *school = world_make(&world, world.lakeview.admin, "/v1/schools", "{\"name\":\"Ladder\"}");
	const char *commitment =
		world_promise(&world, text_of(",\"school_id\":\"%s\",\"due_on\":\"2027-03-31\"", school));
	const char *path = text_of("/v1/commitments/%s", commitment);
	struct answer read = get(world.lakeview.admin, path, NULL);
	ck_assert_str_eq(at(&read, "next_reminder_at"), "2027-03-24T12:00:00Z");
	answer_release(&read);
	const char *policy = text_of(
		"/v1/reminder-policies/%s",
		world_make(
			&world, world.lakeview.admin, "/v1/reminder-policies",
			text_of("{\"name\":\"Ladder\",\"school_id\":\"%s\",\"offsets\":[1,-21],\"send_at\":\"17:30\"}",
				school)));
	read = get(world.lakeview.admin, policy, NULL);
	ck_assert_str_eq(at(&read, "offsets"), "[-21,1]");
	answer_release(&read);
	read = get(world.lakeview.admin, path, NULL);
	ck_assert_str_eq(at(&read, "next_reminder_at"), "2027-03-10T22:30:00Z");
	answer_release(&read);
	must_be(409, send("POST", "/v1/reminder-policies",
			  text_of("{\"name\":\"Twice\",\"school_id\":\"%s\",\"offsets\":[1]}", school)));
	must_be(204, send("DELETE", policy, NULL));
	read = get(world.lakeview.admin, path, NULL);
	ck_assert_str_eq(at(&read, "next_reminder_at"), "2027-03-24T12:00:00Z");
	answer_release(&read);
	/* The district's default stays. */
	struct answer list = get(world.lakeview.admin, "/v1/reminder-policies", NULL);
	ck_assert_int_eq(count_at(&list, "items"), 1);
	const char *first = text_of("/v1/reminder-policies/%s", at(&list, "items/0/id"));
	ck_assert_str_eq(at(&list, "items/0/offsets"), "[-7,-2,1,7]");
	ck_assert_str_eq(at(&list, "items/0/send_at"), "08:00");
	must_be(409, send("DELETE", first, NULL));
	must_be(409, send("PATCH", first, "{\"group\":\"families\"}"));
	answer_release(&list);
}
END_TEST

START_TEST(endpoint_shows_its_secret_once)
{
	const char *body = "{\"url\":\"https://a.example/hook?x=%41\",\"events\":[\"reminder.*\",\"commitment.*\"]}";
	const char *once = "Idempotency-Key: endpoint\r\n";
	struct answer made =
		must(201, ask(&world.asking, world.lakeview.admin, "POST", "/v1/webhook-endpoints", once, body));
	struct answer again =
		must(201, ask(&world.asking, world.lakeview.admin, "POST", "/v1/webhook-endpoints", once, body));
	const char *path = header(&made, "Location");
	ck_assert(text_starts(at(&made, "secret"), "whsec_"));
	ck_assert_str_eq(made.body, again.body);
	struct answer read = get(world.lakeview.admin, path, NULL);
	ck_assert_ptr_null(strstr(read.body, "secret"));
	ck_assert_str_eq(at(&read, "url"), "https://a.example/hook?x=%41");
	ck_assert_str_eq(header(&read, "ETag"), header(&made, "ETag"));
	answer_release(&read);
	struct answer paused =
		must(200, send("PATCH", path, "{\"state\":\"paused\",\"events\":[\"commitment.overdue\"]}"));
	ck_assert_str_eq(at(&paused, "state"), "paused");
	ck_assert_str_eq(at(&paused, "events"), "[\"commitment.overdue\"]");
	answer_release(&paused);
	must_be(422, send("PATCH", path, "{\"state\":\"disabled\"}"));
	must_be(204, send("DELETE", path, NULL));
	must_be(404, send("GET", path, NULL));
	answer_release(&made);
	answer_release(&again);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("catalogue");
	TCase *all = tcase_create("catalogue");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, there_are_eight_groups_and_twenty_eight_actions);
	tcase_add_test(all, words_are_in_the_readers_language_else_the_districts);
	tcase_add_test(all, district_adds_its_own_action_and_retires_those_of_the_catalogue);
	tcase_add_test(all, school_that_is_needed_stays);
	tcase_add_test(all, district_changes_itself);
	tcase_add_test(all, policy_decides_the_ladder);
	tcase_add_test(all, endpoint_shows_its_secret_once);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
