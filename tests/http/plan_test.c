/* Frameworks, and the plans that are made by them: what they begin with, what they take, and what they refuse. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

#define NAMED(...) "{\"name\":\"Ours\",\"groups\":[" __VA_ARGS__ "]}"
#define FAMILIES_MUST "{\"group\":\"families\",\"necessity\":\"must\"}"

static struct world world;

static void start_all(void)
{
	world_start(&world, "plan");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *key, const char *target)
{
	return must(200, ask(&world.asking, key, "GET", target, NULL, NULL));
}

static struct answer send(const char *method, const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, method, target,
		   strcmp(method, "POST") == 0 ? NULL : "If-Match: *\r\n", body);
}

/* Lakeview's own, of that name in the catalogue. */
static const char *framework(const char *key, const char *code)
{
	struct answer list = get(key, "/v1/frameworks");
	const char *id = NULL;
	for (int i = 0; i < count_at(&list, "items"); i++)
		if (strcmp(at(&list, text_of("items/%d/code", i)), code) == 0)
			id = at(&list, text_of("items/%d/id", i));
	ck_assert_msg(id != NULL, "%s", list.body);
	answer_release(&list);
	return id;
}

/* A body of a plan; `more` begins with a comma, or is "". */
static const char *plan_by(const char *framework_id, const char *more)
{
	return text_of("{\"framework_id\":\"%s\",\"school_year\":\"2026-27\",\"title\":\"O'Neill's plan\","
		       "\"starts_on\":\"2026-08-24\",\"ends_on\":\"2027-06-11\"%s}",
		       framework_id, more);
}

static const char *plan_of(const char *code, const char *more)
{
	return world_make(&world, world.lakeview.admin, "/v1/plans",
			  plan_by(framework(world.lakeview.admin, code), more));
}

/* Refused with that status, naming that place (NULL: any), and nothing is stored. */
static void refused(int status, struct answer (*asking)(const char *, const char *, const char *), const char *method,
		    const char *target, const char *body, const char *place)
{
	char *before = world_digest(&world);
	struct answer reply = asking(method, target, body);
	char *after = world_digest(&world);
	ck_assert_msg(reply.status == status, "%s %s: %d %s", target, body, reply.status, reply.body);
	ck_assert_msg(!place || names(&reply, place), "%s: %s", place, reply.body);
	ck_assert_str_eq(before, after);
	answer_release(&reply);
	free(before);
	free(after);
}

START_TEST(frameworks_come_with_kept_in_the_readers_language)
{
	static const struct {
		const char *code, *spanish;
		int named, must, clauses;
	} table[] = {
		{"guide", "Los ocho grupos de la guía", 8, 8, 0},
		{"compact", "Pacto entre la escuela y las familias", 4, 3, 10},
		{"schoolwide", "Plan de toda la escuela", 6, 5, 9},
	};
	struct answer list = must(200, ask(&world.asking, world.lakeview.admin, "GET", "/v1/frameworks",
					   "Accept-Language: es\r\n", NULL));
	for (int i = 0; i < 3; i++) {
		int musts = 0;
		ck_assert_str_eq(at(&list, text_of("items/%d/code", i)), table[i].code);
		ck_assert_str_eq(at(&list, text_of("items/%d/name", i)), table[i].spanish);
		ck_assert_int_eq(count_at(&list, text_of("items/%d/groups", i)), table[i].named);
		ck_assert_int_eq(count_at(&list, text_of("items/%d/clauses", i)), table[i].clauses);
		for (int g = 0; g < table[i].named; g++)
			musts += strcmp(at(&list, text_of("items/%d/groups/%d/necessity", i, g)), "must") == 0;
		ck_assert_int_eq(musts, table[i].must);
	}
	ck_assert_str_eq(at(&list, "items/1/clauses/0/citation"), "ESEA 1116(d)(1), 20 U.S.C. 6318(d)");
	answer_release(&list);
}
END_TEST

START_TEST(framework_of_ones_own_wants_somebody_at_the_table)
{
	static const char *const wrong[][2] = {
		{NAMED(), "/groups"},
		{NAMED("{\"group\":\"families\",\"necessity\":\"may\"}"), "/groups"},
		{NAMED(FAMILIES_MUST "," FAMILIES_MUST), "/groups/1/group"},
		{NAMED("{\"group\":\"pirates\",\"necessity\":\"must\"}"), "/groups/0/group"},
		{NAMED("{\"group\":\"families\",\"necessity\":\"often\"}"), "/groups/0/necessity"},
		{"{\"name\":\"Ours\"}", "/groups"},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(422, send, "POST", "/v1/frameworks", wrong[i][0], wrong[i][1]);
	const char *own = text_of(
		"/v1/frameworks/%s",
		world_make(&world, world.lakeview.admin, "/v1/frameworks",
			   NAMED(FAMILIES_MUST
				 ",{\"group\":\"students\",\"necessity\":\"should\",\"only_secondary\":true}")));
	refused(422, send, "PATCH", own, "{\"groups\":[{\"group\":\"families\",\"necessity\":\"may\"}]}", "/groups");
	struct answer read = get(world.reader, own);
	ck_assert_str_eq(at(&read, "code"), "null");
	ck_assert_str_eq(at(&read, "groups/0/group"), "students");
	ck_assert_str_eq(at(&read, "groups/0/only_secondary"), "true");
	answer_release(&read);
	must_be(200, send("PATCH", own,
			  "{\"groups\":[{\"group\":\"leaders\",\"necessity\":\"should\"}],\"description\":null}"));
	read = get(world.reader, own);
	ck_assert_int_eq(count_at(&read, "groups"), 1);
	answer_release(&read);
	must_be(204, send("DELETE", own, NULL));
	must_be(404, send("GET", own, NULL));
}
END_TEST

START_TEST(framework_that_is_used_or_comes_with_kept_is_retired_not_removed)
{
	const char *compact = text_of("/v1/frameworks/%s", framework(world.lakeview.admin, "compact"));
	refused(409, send, "PATCH", compact, "{\"name\":\"Mine\"}", NULL);
	refused(409, send, "PATCH", compact, "{\"groups\":[" FAMILIES_MUST "],\"retired\":true}", NULL);
	refused(409, send, "DELETE", compact, NULL, NULL);
	const char *own = world_make(&world, world.lakeview.admin, "/v1/frameworks", NAMED(FAMILIES_MUST));
	const char *path = text_of("/v1/frameworks/%s", own);
	struct answer plan = must(201, send("POST", "/v1/plans", plan_by(own, "")));
	ck_assert_str_eq(at(&plan, "framework"), "Ours");
	answer_release(&plan);
	refused(409, send, "DELETE", path, NULL, NULL);
	must_be(200, send("PATCH", path, "{\"retired\":true}"));
	refused(422, send, "POST", "/v1/plans", plan_by(own, ""), "/framework_id");
	struct answer list = get(world.lakeview.admin, "/v1/frameworks");
	ck_assert_int_eq(count_at(&list, "items"), 3);
	answer_release(&list);
	must_be(200, send("PATCH", compact, "{\"retired\":true}"));
	must_be(200, send("PATCH", compact, "{\"retired\":false}"));
}
END_TEST

static int items_of(const char *plan, const char *filter)
{
	struct answer list = get(world.lakeview.admin, text_of("/v1/plans/%s/items?page_size=200%s", plan, filter));
	int count = count_at(&list, "items");
	answer_release(&list);
	return count;
}

START_TEST(plan_begins_with_what_its_framework_asks_for)
{
	const char *in_school = text_of(",\"school_id\":\"%s\"", world.lakeview.school);
	const char *school = text_of("/v1/schools/%s", world.lakeview.school);
	ck_assert_int_eq(items_of(plan_of("guide", ""), ""), 28);
	ck_assert_int_eq(items_of(plan_of("guide", ",\"template\":false"), ""), 0);
	ck_assert_int_eq(items_of(plan_of("compact", in_school), ""), 10);
	/* Students are at the table of a secondary school. */
	ck_assert_int_eq(items_of(plan_of("schoolwide", in_school), "&group=students"), 0);
	must_be(200, send("PATCH", school, "{\"level\":\"elementary\"}"));
	ck_assert_int_eq(items_of(plan_of("schoolwide", in_school), ""), 8);
	must_be(422, send("PATCH", school, "{\"level\":\"tertiary\"}"));
	must_be(200, send("PATCH", school, "{\"level\":\"secondary\"}"));
	ck_assert_int_eq(items_of(plan_of("schoolwide", in_school), ""), 9);
	struct answer read = get(world.reader, school);
	ck_assert_str_eq(at(&read, "level"), "secondary");
	answer_release(&read);
	must_be(200, send("PATCH", school, "{\"level\":null}"));

	/* What the district retired is not asked for; words are in its language. */
	struct answer actions = get(world.lakeview.admin, "/v1/actions?group=teachers");
	const char *action = text_of("/v1/actions/%s", at(&actions, "items/0/id"));
	answer_release(&actions);
	must_be(200, send("PATCH", action, "{\"retired\":true}"));
	ck_assert_int_eq(items_of(plan_of("guide", ""), ""), 27);
	must_be(200, send("PATCH", action, "{\"retired\":false}"));
	const char *theirs = world_make(&world, world.hillside.admin, "/v1/plans",
					plan_by(framework(world.hillside.admin, "compact"), ""));
	read = get(world.hillside.admin, text_of("/v1/plans/%s/items?group=students", theirs));
	ck_assert_str_eq(at(&read, "items/0/title"), "Poner de su parte en el propio aprendizaje");
	ck_assert_str_eq(at(&read, "items/0/clause"), "1116d.students");
	ck_assert_str_eq(at(&read, "items/0/citation"), "ESEA 1116(d)");
	answer_release(&read);
}
END_TEST

START_TEST(all_that_is_wrong_with_a_plan_is_told_at_once)
{
	const char *compact = framework(world.lakeview.admin, "compact");
	static const char *const wrong[][2] = {
		{"\"school_year\":\"2026-28\"", "/school_year"},    {"\"school_year\":\"2026\"", "/school_year"},
		{"\"ends_on\":\"2026-08-24\"", "/ends_on"},         {"\"ends_on\":\"2028-08-25\"", "/ends_on"},
		{"\"starts_on\":\"1899-12-31\"", "/starts_on"},     {"\"starts_on\":\"2026-02-30\"", "/starts_on"},
		{"\"review_on\":\"2026-08-23\"", "/review_on"},     {"\"slug\":\"Not A Slug\"", "/slug"},
		{"\"slug\":null,\"published\":true", "/published"},
	};
	const char *plan = text_of("/v1/plans/%s", plan_of("compact", ""));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(422, send, "PATCH", plan, text_of("{%s}", wrong[i][0]), wrong[i][1]);
	struct answer reply = must(
		422,
		send("POST", "/v1/plans",
		     text_of("{\"framework_id\":\"" WORLD_ABSENT "\",\"school_id\":\"" WORLD_ABSENT
			     "\",\"school_year\":\"2026-30\",\"title\":\"x\",\"starts_on\":\"2026-08-24\",\"ends_on\":"
			     "\"2026-08-01\",\"published\":true}")));
	static const char *const places[] = {"/framework_id", "/school_id", "/school_year", "/ends_on", "/published"};
	for (size_t i = 0; i < 5; i++)
		ck_assert_msg(names(&reply, places[i]), "%s: %s", places[i], reply.body);
	answer_release(&reply);
	static char long_title[202];
	memset(long_title, 'x', 201);
	refused(422, send, "PATCH", plan, text_of("{\"title\":\"%s\"}", long_title), "/title");
	long_title[200] = '\0';
	must_be(200, send("PATCH", plan, text_of("{\"title\":\"%s\"}", long_title)));
	/* Turned years, a plan of 1999-00, and words in any script. */
	must_be(201, send("POST", "/v1/plans",
			  text_of("{\"framework_id\":\"%s\",\"school_year\":\"1999-00\",\"title\":\"خطة O'Neill\","
				  "\"starts_on\":\"1999-09-01\",\"ends_on\":\"2000-06-30\"}",
				  compact)));
	struct answer list = get(world.lakeview.admin, "/v1/plans?school_year=1999-00");
	ck_assert_str_eq(at(&list, "items/0/title"), "خطة O'Neill");
	ck_assert_str_eq(at(&list, "items/0/current/status"), "draft");
	ck_assert_str_eq(at(&list, "items/0/sheet_url"), "null");
	answer_release(&list);
}
END_TEST

START_TEST(address_of_a_page_is_one_plans_in_the_whole_register)
{
	const char *theirs = framework(world.hillside.admin, "guide");
	const char *plan = text_of("/v1/plans/%s", plan_of("compact", ",\"slug\":\"our-plan\",\"published\":true"));
	must_be(409, ask(&world.asking, world.hillside.admin, "POST", "/v1/plans", NULL,
			 plan_by(theirs, ",\"slug\":\"our-plan\"")));
	const char *other = world_make(&world, world.hillside.admin, "/v1/plans", plan_by(theirs, ""));
	must_be(409, ask(&world.asking, world.hillside.admin, "PATCH", text_of("/v1/plans/%s", other),
			 "If-Match: *\r\n", "{\"slug\":\"our-plan\"}"));
	struct answer read = get(world.lakeview.admin, plan);
	ck_assert_str_eq(at(&read, "page_url"), "/plans/our-plan");
	answer_release(&read);
	refused(422, send, "PATCH", plan, "{\"slug\":null}", "/published");
	struct answer freed = must(200, send("PATCH", plan, "{\"slug\":null,\"published\":false}"));
	ck_assert_str_eq(at(&freed, "page_url"), "null");
	answer_release(&freed);
	ck_assert_int_eq(query_number(world.superuser, "select count(*) from kept.event where type = 'plan.published'"),
			 1);
}
END_TEST

START_TEST(item_is_an_action_or_a_text_of_its_own)
{
	const char *plan = plan_of("guide", ",\"template\":false"), *items = text_of("/v1/plans/%s/items", plan);
	struct answer actions = get(world.lakeview.admin, "/v1/actions?group=families");
	const char *action = at(&actions, "items/0/id"), *words = at(&actions, "items/0/title");
	answer_release(&actions);
	struct answer made =
		must(201, send("POST", items, text_of("{\"group\":\"families\",\"action_id\":\"%s\"}", action)));
	ck_assert_str_eq(at(&made, "title"), words);
	ck_assert_str_ne(at(&made, "description"), "null");
	ck_assert_str_eq(at(&made, "action_id"), action);
	ck_assert_str_eq(at(&made, "standing"), "open");
	ck_assert_str_eq(at(&made, "counts/agree"), "0");
	answer_release(&made);
	made = must(201, send("POST", items,
			      text_of("{\"group\":\"families\",\"action_id\":\"%s\",\"title\":\"En casa d'Ana\","
				      "\"description\":null,\"position\":5,\"owed_to_group\":\"students\"}",
				      action)));
	ck_assert_str_eq(at(&made, "title"), "En casa d'Ana");
	ck_assert_str_eq(at(&made, "description"), "null");
	const char *first = at(&made, "id"), *hash = at(&made, "text_hash");
	answer_release(&made);
	static char long_text[4002];
	memset(long_text, 'x', 4001);
	const char *const wrong[][2] = {
		{text_of("{\"group\":\"students\",\"action_id\":\"%s\"}", action), "/action_id"},
		{"{\"group\":\"students\",\"action_id\":\"" WORLD_ABSENT "\"}", "/action_id"},
		{"{\"group\":\"students\"}", "/title"},
		{"{\"title\":\"x\"}", "/group"},
		{"{\"group\":\"students\",\"title\":\"x\",\"due_on\":\"1899-01-01\"}", "/due_on"},
		{text_of("{\"group\":\"students\",\"title\":\"%.301s\"}", long_text), "/title"},
		{text_of("{\"group\":\"students\",\"title\":\"x\",\"description\":\"%s\"}", long_text), "/description"},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(422, send, "POST", items, wrong[i][0], wrong[i][1]);
	must_be(201, send("POST", items,
			  text_of("{\"group\":\"students\",\"title\":\"%.300s\",\"description\":\"%.4000s\"}",
				  long_text, long_text)));
	struct answer list = get(world.lakeview.admin, items);
	ck_assert_str_eq(at(&list, "items/0/group"), "students");
	ck_assert_str_eq(at(&list, "items/1/id"), first);
	answer_release(&list);
	/* The digest is of the text, not of its place, and is reckoned the same for ever: responses keep it. */
	made = must(201, send("POST", items, "{\"group\":\"leaders\",\"title\":\"Léase\",\"due_on\":\"2027-02-01\"}"));
	char *digest = query_text(
		world.superuser,
		"select encode(sha256(convert_to('{\"group\": \"leaders\", \"title\": \"Léase\", \"due_on\": "
		"\"2027-02-01\", \"description\": null, \"owed_to_group\": null}', 'UTF8')), 'hex')");
	ck_assert_str_eq(at(&made, "text_hash"), digest);
	free(digest);
	answer_release(&made);
	struct answer moved = must(200, send("PATCH", text_of("%s/%s", items, first), "{\"position\":900000}"));
	ck_assert_str_eq(at(&moved, "text_hash"), hash);
	answer_release(&moved);
	moved = must(200, send("PATCH", text_of("%s/%s", items, first), "{\"due_on\":\"2027-02-01\"}"));
	ck_assert_str_ne(at(&moved, "text_hash"), hash);
	answer_release(&moved);
	must_be(204, send("DELETE", text_of("%s/%s", items, first), NULL));
	ck_assert_int_eq(items_of(plan, ""), 3);
}
END_TEST

START_TEST(change_of_an_item_is_a_change_of_its_plan)
{
	const char *plan = plan_of("compact", ""), *path = text_of("/v1/plans/%s", plan);
	struct answer seen = get(world.lakeview.admin, path),
		      list = get(world.lakeview.admin, text_of("%s/items", path));
	const char *item = text_of("%s/items/%s", path, at(&list, "items/0/id"));
	must_be(200, ask(&world.asking, world.lakeview.admin, "PATCH", item, if_match(&seen), "{\"title\":\"One\"}"));
	must_be(412, ask(&world.asking, world.lakeview.admin, "PATCH", item, if_match(&seen), "{\"title\":\"Two\"}"));
	must_be(412, ask(&world.asking, world.lakeview.admin, "DELETE", path, if_match(&seen), NULL));
	answer_release(&seen);
	answer_release(&list);
	must_be(204, send("DELETE", path, NULL));
	must_be(404, send("GET", item, NULL));
	ck_assert_int_eq(query_number(world.superuser,
				      text_of("select count(*) from kept.plan_item where plan_id = '%s'", plan)),
			 0);
}
END_TEST

START_TEST(version_holds_a_hundred_and_twenty_items)
{
	const char *plan = plan_of("compact", "");
	query_run(world.superuser, text_of("insert into kept.plan_item (district_id, plan_id, version_number, line, "
					   "group_code, title, text_hash)"
					   " select '%s', '%s', 1, kept.uuid7(), 'families', 'Read', repeat('0', 64) "
					   "from generate_series(1, 109)",
					   world.lakeview.id, plan));
	const char *items = text_of("/v1/plans/%s/items", plan);
	must_be(201, send("POST", items, "{\"group\":\"families\",\"title\":\"Last\"}"));
	refused(409, send, "POST", items, "{\"group\":\"families\",\"title\":\"Too many\"}", NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *all = tcase_create("plan");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, frameworks_come_with_kept_in_the_readers_language);
	tcase_add_test(all, framework_of_ones_own_wants_somebody_at_the_table);
	tcase_add_test(all, framework_that_is_used_or_comes_with_kept_is_retired_not_removed);
	tcase_add_test(all, plan_begins_with_what_its_framework_asks_for);
	tcase_add_test(all, all_that_is_wrong_with_a_plan_is_told_at_once);
	tcase_add_test(all, address_of_a_page_is_one_plans_in_the_whole_register);
	tcase_add_test(all, item_is_an_action_or_a_text_of_its_own);
	tcase_add_test(all, change_of_an_item_is_a_change_of_its_plan);
	tcase_add_test(all, version_holds_a_hundred_and_twenty_items);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
