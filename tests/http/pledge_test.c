/*
 * Together: an association's collective commitment with nine buildings; and an attack on its small counts: whatever
 * keys from outside read, at whatever time, is the same byte for byte, whichever of the counts under five is the true
 * one.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/walk.h"

#define CANARY "Quetzalcoatl"
enum { BUILDINGS = 9, OUTSIDERS = 5 };

static struct world world;
static char buildings[BUILDINGS][40], association[40], chapter[40];
static char keeper[64], chapter_key[64];
static char outsiders[OUTSIDERS][64]; /* of leaders, of a building's principal, a reader, two partners */

static struct answer call(const char *key, const char *method, const char *target, const char *body)
{
	bool bound = strcmp(method, "PATCH") == 0 || strcmp(method, "DELETE") == 0;
	return ask(&world.asking, key, method, target, bound ? "If-Match: *\r\n" : NULL, body);
}

static void keep(char *out, size_t size, const char *value)
{
	ck_assert_uint_lt((size_t)snprintf(out, size, "%s", value), size);
}

static void start_all(void)
{
	world_start(&world, "pledge");
	const char *admin = world.lakeview.admin;
	for (int i = 0; i < BUILDINGS; i++)
		keep(buildings[i], sizeof(buildings[i]),
		     world_make(&world, admin, "/v1/schools",
				text_of("{\"name\":\"Building %d\",\"members\":%d}", i, 20 + i)));
	keep(association, sizeof(association),
	     world_make(&world, admin, "/v1/organisations",
			"{\"name\":\"Educators\",\"kind\":\"other\",\"group\":\"teacher_unions\",\"contacts\":[{"
			"\"channel\":\"email\",\"address\":\"board@union.example\"}]}"));
	keep(chapter, sizeof(chapter),
	     world_make(&world, admin, "/v1/organisations",
			"{\"name\":\"Chapter\",\"kind\":\"chapter\",\"group\":\"teacher_unions\",\"members\":40}"));
	keep(keeper, sizeof(keeper), world_key(&world, "steward", ",\"group\":\"teacher_unions\""));
	keep(chapter_key, sizeof(chapter_key),
	     world_key(&world, "partner", text_of(",\"organisation_id\":\"%s\"", chapter)));
	keep(outsiders[0], sizeof(outsiders[0]), world_key(&world, "steward", ",\"group\":\"leaders\""));
	keep(outsiders[1], sizeof(outsiders[1]),
	     world_key(&world, "steward", text_of(",\"school_id\":\"%s\"", buildings[0])));
	keep(outsiders[2], sizeof(outsiders[2]), world.reader);
	keep(outsiders[3], sizeof(outsiders[3]), world.partner);
	keep(outsiders[4], sizeof(outsiders[4]), chapter_key);
}

static void stop_all(void)
{
	world_stop(&world);
}

static const char *collective(const char *more)
{
	return world_make(&world, keeper, "/v1/commitments",
			  text_of("{\"group\":\"teacher_unions\",\"title\":\"Two rounds of peer observation\",\"kind\":"
				  "\"collective\",\"visibility\":\"public\",\"due_on\":\"2027-01-15\",\"owner\":{"
				  "\"organisation_id\":\"%s\"}%s}",
				  association, more));
}

static const char *pledge(const char *id, const char *building, int pledged, int done)
{
	return world_make(&world, keeper, text_of("/v1/commitments/%s/pledges", id),
			  text_of("{\"school_id\":\"%s\",\"pledged\":%d,\"done\":%d}", building, pledged, done));
}

static void set(const char *key, const char *id, const char *pledge, int pledged, int done)
{
	must_be(200, call(key, "PATCH", text_of("/v1/commitments/%s/pledges/%s", id, pledge),
			  text_of("{\"pledged\":%d,\"done\":%d}", pledged, done)));
}

static const char *told(const char *key, const char *id, const char *member)
{
	struct answer read = must(200, call(key, "GET", text_of("/v1/commitments/%s", id), NULL));
	const char *value = at(&read, text_of("together/%s", member));
	answer_release(&read);
	return value;
}

/* All that the key can read about it, as JSON and as sheets, with entity tags; of a refusal the status. */
static char *all_read(const char *key, const char *id, const char *pledge)
{
	static const char *const about[] = {"/v1/commitments", "/v1/events", "/v1/summary", "/v1/schools",
					    "/v1/organisations"};
	struct text out;
	text_init(&out, 4 * 1024 * 1024);
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		bool asked = false;
		for (size_t a = 0; a < sizeof(about) / sizeof(about[0]); a++)
			asked = asked || text_starts(operation->path, about[a]);
		if (!asked || strcmp(operation->method, "GET") != 0)
			continue;
		const char *target = walk_target(operation->path, text_of("%s %s", id, pledge));
		for (int sheet = 0; sheet <= (operation->columns != NULL); sheet++) {
			struct answer read =
				ask(&world.asking, key, "GET", target, sheet ? "Accept: text/csv\r\n" : NULL, NULL);
			ck_assert_ptr_null(strstr(read.body, CANARY));
			text_addf(&out, "%s %d %s %s\n", read.asked, read.status, header(&read, "ETag"),
				  read.status == 200 ? read.body : "");
			answer_release(&read);
		}
	}
	char *made = text_take(&out);
	ck_assert_ptr_nonnull(made);
	return made;
}

/* The scenario: nine buildings, seven done, and no name to be had by a leaders' key. */
START_TEST(leaders_see_seven_of_nine_buildings_and_no_name)
{
	const char *leaders = outsiders[0], *pledges[BUILDINGS];
	const char *rep = world_make(&world, keeper, "/v1/people",
				     "{\"name\":\"" CANARY "\",\"groups\":[\"teacher_unions\"],\"contacts\":[{"
				     "\"channel\":\"email\",\"address\":\"" CANARY "@union.example\"}]}");
	const char *id = collective(text_of(",\"parties\":[{\"role\":\"accountable\",\"person_id\":\"%s\"}]", rep));
	for (int i = 0; i < BUILDINGS; i++)
		pledges[i] = pledge(id, buildings[i], i < 2 ? 3 : 12, 0);
	for (int i = 0; i < 7; i++)
		set(keeper, id, pledges[i], i < 2 ? 3 : 12, i < 2 ? 3 : 12);
	set(keeper, id, pledges[7], 12, 4);
	ck_assert_str_eq(told(leaders, id, "units"), "9");
	ck_assert_str_eq(told(leaders, id, "units_done"), "7");
	ck_assert_str_eq(told(leaders, id, "suppressed"), "true");
	ck_assert_int_gt(strtol(told(leaders, id, "pledged"), NULL, 10), 0);
	ck_assert_int_le(strtol(told(leaders, id, "pledged"), NULL, 10), 7 * 12);
	ck_assert_int_le(strtol(told(leaders, id, "done"), NULL, 10), 5 * 12);
	ck_assert_str_eq(told(keeper, id, "pledged"), "90");
	ck_assert_str_eq(told(keeper, id, "done"), "70");
	ck_assert_str_eq(told(keeper, id, "suppressed"), "false");

	world_clock(&world, "2027-01-16 15:00:00+00");
	world_work(&world);
	world_clock(&world, WORLD_NOW);
	ck_assert_int_eq(query_number(world.superuser,
				      text_of("select count(*) from kept.reminder where commitment_id = '%s' and "
					      "channel = 'email' and message_id is not null",
					      id)),
			 2);
	/* Not in what is read, not in what is refused; who pledged cannot be asked for. */
	char *read = all_read(leaders, id, pledges[0]);
	ck_assert_ptr_nonnull(strstr(read, "commitment.units_changed"));
	free(read);
	const char *list = text_of("/v1/commitments/%s/pledges", id), *one = text_of("%s/%s", list, pledges[0]);
	must_be(403, call(leaders, "GET", list, NULL));
	must_be(403, call(leaders, "GET", one, NULL));
	must_be(403, call(leaders, "GET", text_of("%s/%s", list, WORLD_ABSENT), NULL));
	must_be(403, call(leaders, "POST", list, text_of("{\"school_id\":\"%s\",\"pledged\":1}", buildings[0])));
	must_be(403, call(leaders, "PATCH", one, "{\"done\":1}"));
	must_be(403, call(leaders, "DELETE", one, NULL));
	struct answer events = must(200, call(leaders, "GET", text_of("/v1/events?commitment_id=%s", id), NULL));
	for (int i = 0; i < BUILDINGS; i++)
		ck_assert_msg(!strstr(events.body, buildings[i]) && !strstr(events.body, pledges[i]), "%s",
			      events.body);
	answer_release(&events);
}
END_TEST

START_TEST(no_byte_from_outside_depends_on_a_count_under_five)
{
	char id[40], small[40];
	keep(id, sizeof(id), collective(""));
	keep(small, sizeof(small), pledge(id, buildings[0], 1, 0));
	pledge(id, buildings[1], 14, 9);
	char *before[OUTSIDERS];
	for (int k = 0; k < OUTSIDERS; k++)
		before[k] = all_read(outsiders[k], id, small);
	for (int pledged = 2; pledged <= 4; pledged++)
		for (int done = 0; done < pledged; done += pledged - 1) {
			set(keeper, id, small, pledged, done);
			for (int k = 0; k < OUTSIDERS; k++) {
				char *after = all_read(outsiders[k], id, small);
				ck_assert_msg(strcmp(after, before[k]) == 0, "outsider %d sees %d of %d", k, done,
					      pledged);
				free(after);
			}
		}
	for (int k = 0; k < OUTSIDERS; k++)
		free(before[k]);
}
END_TEST

/* What the numbers say while a unit that attacks moves its own share up, one by one, as one line. */
static const char *watched(const char *id, const char *own)
{
	struct text out;
	text_init(&out, 4096);
	for (int pledged = 1; pledged <= 16; pledged++) {
		set(chapter_key, id, own, pledged, pledged - 1);
		text_addf(&out, "%s/%s ", told(chapter_key, id, "done"), told(outsiders[2], id, "pledged"));
	}
	char *made = text_take(&out);
	const char *kept = text_of("%s", made);
	free(made);
	return kept;
}

START_TEST(a_unit_that_knows_its_own_share_finds_no_small_one_by_subtracting)
{
	const char *id = collective(""), *small = pledge(id, buildings[0], 1, 0);
	const char *own = world_make(&world, chapter_key, text_of("/v1/commitments/%s/pledges", id),
				     text_of("{\"organisation_id\":\"%s\",\"pledged\":1}", chapter));
	const char *of_one = watched(id, own);
	set(keeper, id, small, 4, 3);
	ck_assert_str_eq(watched(id, own), of_one);
	/* Taken back and pledged again by another count. */
	must_be(204, call(keeper, "DELETE", text_of("/v1/commitments/%s/pledges/%s", id, small), NULL));
	pledge(id, buildings[0], 2, 1);
	ck_assert_str_eq(watched(id, own), of_one);
	/* It sees itself, and nobody else. */
	struct answer list = must(200, call(chapter_key, "GET", text_of("/v1/commitments/%s/pledges", id), NULL));
	ck_assert_int_eq(count_at(&list, "items"), 1);
	ck_assert_str_eq(at(&list, "items/0/id"), own);
	answer_release(&list);
}
END_TEST

START_TEST(numbers_told_are_never_above_the_truth_and_never_under_five)
{
	const char *id = collective(""), *unit = pledge(id, buildings[2], 1, 0);
	for (int pledged = 1; pledged <= 20; pledged++) {
		set(keeper, id, unit, pledged, 0);
		const char *seen = told(outsiders[2], id, "pledged");
		long number = strtol(seen, NULL, 10);
		ck_assert_msg(number <= pledged && number % 5 == 0 && (number > 0 || strcmp(seen, "null") == 0),
			      "%d is told as %s", pledged, seen);
		ck_assert_int_ge(number, pledged - 8);
		ck_assert_str_eq(told(outsiders[2], id, "done"), "null");
	}
}
END_TEST

/* A principal may say how many work there: were it refused below the pledge, dry runs would find the pledge. */
START_TEST(how_many_work_in_a_building_tells_nothing_of_its_pledge)
{
	const char *school = text_of("/v1/schools/%s", buildings[0]);
	pledge(collective(""), buildings[0], 9, 2);
	for (int members = 1; members <= 12; members++)
		must_be(200, ask(&world.asking, outsiders[1], "PATCH", school, "If-Match: *\r\nPrefer: tx=rollback\r\n",
				 text_of("{\"members\":%d}", members)));
	must_be(200, call(outsiders[1], "PATCH", school, "{\"members\":3}"));
	struct answer read = must(200, call(outsiders[2], "GET", school, NULL));
	ck_assert_str_eq(at(&read, "members"), "null");
	answer_release(&read);
	must_be(200, call(outsiders[1], "PATCH", school, "{\"members\":20}"));
}
END_TEST

START_TEST(a_pledge_that_breaks_a_rule_is_refused_and_says_which)
{
	const char *id = collective(""), *list = text_of("/v1/commitments/%s/pledges", id);
	const char *single = world_promise(&world, "");
	const struct {
		const char *body, *pointer;
	} wrong[] = {
		{text_of("{\"school_id\":\"%s\",\"pledged\":22}", buildings[1]), "/pledged"},
		{text_of("{\"school_id\":\"%s\",\"pledged\":0}", buildings[1]), "/pledged"},
		{text_of("{\"school_id\":\"%s\",\"pledged\":1000001}", buildings[1]), "/pledged"},
		{text_of("{\"school_id\":\"%s\",\"pledged\":5,\"done\":6}", buildings[1]), "/done"},
		{text_of("{\"school_id\":\"%s\",\"pledged\":1}", world.lakeview.school), "/pledged"},
		{"{\"school_id\":\"" WORLD_ABSENT "\",\"pledged\":1}", "/school_id"},
		{text_of("{\"organisation_id\":\"%s\",\"pledged\":1}", world.hillside.organisation),
		 "/organisation_id"},
	};
	char *before = world_digest(&world);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct answer answer = must(422, call(keeper, "POST", list, wrong[i].body));
		ck_assert_msg(names(&answer, wrong[i].pointer), "%s", answer.body);
		answer_release(&answer);
	}
	must_be(409, call(world.lakeview.admin, "POST", text_of("/v1/commitments/%s/pledges", single),
			  text_of("{\"school_id\":\"%s\",\"pledged\":5}", buildings[1])));
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	const char *made = pledge(id, buildings[1], 21, 0);
	must_be(409, call(keeper, "POST", list, text_of("{\"school_id\":\"%s\",\"pledged\":5}", buildings[1])));
	must_be(422, call(keeper, "PATCH", text_of("%s/%s", list, made), "{\"pledged\":22}"));
	must_be(409, call(keeper, "PATCH", text_of("/v1/commitments/%s", id), "{\"kind\":\"single\"}"));
	must_be(403, call(world.partner, "POST", list, text_of("{\"school_id\":\"%s\",\"pledged\":5}", buildings[2])));
	must_be(403, call(world_key(&world, "partner", ""), "POST", list,
			  text_of("{\"school_id\":\"%s\",\"pledged\":5}", buildings[2])));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pledge");
	TCase *all = tcase_create("pledge");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, leaders_see_seven_of_nine_buildings_and_no_name);
	tcase_add_test(all, no_byte_from_outside_depends_on_a_count_under_five);
	tcase_add_test(all, a_unit_that_knows_its_own_share_finds_no_small_one_by_subtracting);
	tcase_add_test(all, numbers_told_are_never_above_the_truth_and_never_under_five);
	tcase_add_test(all, how_many_work_in_a_building_tells_nothing_of_its_pledge);
	tcase_add_test(all, a_pledge_that_breaks_a_rule_is_refused_and_says_which);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
