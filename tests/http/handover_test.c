/* Handing over what somebody promised who leaves: what goes, to whom, all or nothing, and what stays of it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "handover");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer as(const char *key, const char *method, const char *target, const char *body)
{
	return ask(&world.asking, key, method, target, strcmp(method, "POST") == 0 ? NULL : "If-Match: *\r\n", body);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}

static const char *person(const char *name)
{
	return world_make(&world, world.lakeview.admin, "/v1/people",
			  text_of("{\"name\":\"%s\",\"groups\":[\"teachers\",\"families\"],\"school_ids\":[\"%s\"],"
				  "\"contacts\":[{\"channel\":\"email\",\"address\":\"%s@a.example\"}]}",
				  name, world.lakeview.school, name));
}

/* A promise; `more` as for world_promise. */
static const char *promise(const char *owner, const char *more)
{
	return world_make(
		&world, world.lakeview.admin, "/v1/commitments",
		text_of("{\"group\":\"families\",\"title\":\"Read\",\"due_on\":\"2027-02-15\",\"school_id\":\"%s\","
			"\"owner\":{\"person_id\":\"%s\"}%s}",
			world.lakeview.school, owner, more));
}

static struct answer hand(const char *key, const char *from, const char *body)
{
	return as(key, "POST", text_of("/v1/people/%s/handover", from), body);
}

static const char *to_person(const char *to, const char *more)
{
	return text_of("{\"to\":{\"person_id\":\"%s\"}%s}", to, more);
}

static long long rows(const char *question)
{
	return query_number(world.superuser, question);
}

static void expect_member(const char *target, const char *path, const char *value)
{
	struct answer read = get(target);
	ck_assert_msg(strcmp(at(&read, path), value) == 0, "%s of %s is not %s: %s", path, target, value, read.body);
	answer_release(&read);
}

static const char *commitment(const char *id)
{
	return text_of("/v1/commitments/%s", id);
}

START_TEST(each_part_of_what_is_open_goes_and_nothing_else)
{
	const char *ann = person("Ann"), *bo = person("Bo"), *cy = person("Cy");
	const char *owned = promise(ann, ""), *asked = promise(ann, ",\"status\":\"proposed\"");
	const char *answered = promise(cy, text_of(",\"parties\":[{\"role\":\"accountable\",\"person_id\":\"%s\"},"
						   "{\"role\":\"beneficiary\",\"person_id\":\"%s\"}]",
						   ann, ann));
	const char *shared = promise(cy, text_of(",\"parties\":[{\"role\":\"helper\",\"person_id\":\"%s\"},"
						 "{\"role\":\"helper\",\"person_id\":\"%s\"}]",
						 ann, bo));
	const char *done = promise(ann, ""), *owed = promise(cy, text_of(",\"parties\":[{\"role\":\"beneficiary\","
									 "\"person_id\":\"%s\"}]",
									 ann));
	must_be(200,
		as(world.lakeview.admin, "POST", text_of("%s/status", commitment(done)), "{\"status\":\"completed\"}"));
	struct answer listed = get(text_of("/v1/people/%s/handover", ann));
	ck_assert_int_eq(count_at(&listed, "items"), 4);
	answer_release(&listed);
	struct answer handed = must(202, hand(world.lakeview.admin, ann, to_person(bo, "")));
	ck_assert_int_eq(count_at(&handed, "handed_over"), 4);
	ck_assert_str_eq(at(&handed, "left"), "0");
	ck_assert_str_eq(at(&handed, "handed_over/0/from_name"), "Ann");
	ck_assert_str_eq(at(&handed, "handed_over/0/to_name"), "Bo");
	answer_release(&handed);
	/* What is owned is a question now; another's promise stands as it stood. */
	expect_member(commitment(owned), "status", "proposed");
	expect_member(commitment(owned), "owner/name", "Bo");
	expect_member(commitment(owned), "version", "2");
	expect_member(commitment(asked), "owner/name", "Bo");
	expect_member(commitment(answered), "status", "agreed");
	expect_member(commitment(answered), "owner/name", "Cy");
	expect_member(commitment(answered), "parties/0/name", "Bo");
	expect_member(commitment(answered), "parties/1/name", "Ann");
	expect_member(commitment(owed), "parties/0/name", "Ann");
	expect_member(commitment(done), "owner/name", "Ann");
	/* Who had the part already has it once. */
	struct answer read = get(commitment(shared));
	ck_assert_int_eq(count_at(&read, "parties"), 1);
	answer_release(&read);
	ck_assert_int_eq(rows(text_of("select count(*) from kept.event where type = 'commitment.handed_over' and "
				      "commitment_id in ('%s', '%s', '%s', '%s')",
				      owned, asked, answered, shared)),
			 2);
	ck_assert_int_eq(rows(text_of("select count(*) from kept.event where type = 'commitment.status_changed' and "
				      "commitment_id in ('%s', '%s')",
				      owned, asked)),
			 1);
	must_be(409, hand(world.lakeview.admin, ann, to_person(bo, "")));
}
END_TEST

START_TEST(history_tells_every_owner_there_was)
{
	const char *ann = person("Ann"), *bo = person("Bo"), *id = promise(ann, "");
	must_be(202, hand(world.lakeview.admin, ann, to_person(bo, "")));
	world_clock(&world, "2027-01-11 15:00:00+00");
	must_be(202, hand(world.lakeview.admin, bo,
			  text_of("{\"to\":{\"organisation_id\":\"%s\"}}", world.lakeview.organisation)));
	world_clock(&world, WORLD_NOW);
	const char *const path = text_of("%s/handovers", commitment(id));
	expect_member(path, "items/0/from_name", "Ann");
	expect_member(path, "items/0/to_person_id", bo);
	expect_member(path, "items/0/status_before", "agreed");
	expect_member(path, "items/1/from_person_id", bo);
	expect_member(path, "items/1/to_organisation_id", world.lakeview.organisation);
	expect_member(path, "items/1/status_before", "proposed");
	/* In pages, and when the first is erased. */
	struct answer page = get(text_of("%s?page_size=1", path));
	ck_assert_int_eq(count_at(&page, "items"), 1);
	expect_member(text_of("%s?page_size=1&page_token=%s", path, at(&page, "next")), "items/0/from_name", "Bo");
	answer_release(&page);
	must_be(204, as(world.lakeview.admin, "DELETE", text_of("/v1/people/%s", ann), NULL));
	expect_member(path, "items/0/from_name", "null");
	expect_member(path, "items/0/from_person_id", ann);
}
END_TEST

START_TEST(one_who_was_erased_hands_over_too)
{
	const char *ann = person("Ann"), *bo = person("Bo"), *id = promise(ann, "");
	must_be(204, as(world.lakeview.admin, "DELETE", text_of("/v1/people/%s", ann), NULL));
	must_be(202, hand(world.lakeview.admin, ann, to_person(bo, "")));
	expect_member(commitment(id), "owner/name", "Bo");
	/* But gets nothing. */
	must_be(422, hand(world.lakeview.admin, bo, to_person(ann, "")));
}
END_TEST

START_TEST(what_is_wrong_is_told_at_once_and_nothing_goes)
{
	const char *ann = person("Ann"), *bo = person("Bo"), *mine = promise(ann, ""), *theirs = promise(bo, "");
	const struct {
		const char *body, *pointer;
	} wrong[] = {
		{to_person(ann, ""), "/to/person_id"},
		{to_person(WORLD_ABSENT, ""), "/to/person_id"},
		{to_person(world.hillside.person, ""), "/to/person_id"},
		{text_of("{\"to\":{\"organisation_id\":\"%s\"}}", world.hillside.organisation), "/to/organisation_id"},
		{"{\"to\":{\"group\":\"families\"}}", "/to/group"},
		{"{\"to\":{}}", "/to"},
		{to_person(bo, text_of(",\"commitment_ids\":[\"%s\",\"%s\"]", mine, theirs)), "/commitment_ids/1"},
		{to_person(ann, text_of(",\"commitment_ids\":[\"%s\"]", theirs)), "/commitment_ids/0"},
		{to_person(bo, ",\"commitment_ids\":[]"), "/commitment_ids"},
		{text_of("{\"to\":{\"organisation_id\":\"%s\"},\"coordinator\":true}", world.lakeview.organisation),
		 "/coordinator"},
	};
	char *before = world_digest(&world);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct answer refused = must(422, hand(world.lakeview.admin, ann, wrong[i].body));
		ck_assert_msg(names(&refused, wrong[i].pointer), "%s: %s", wrong[i].body, refused.body);
		answer_release(&refused);
	}
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	expect_member(commitment(mine), "owner/name", "Ann");
	expect_member(commitment(mine), "version", "1");
}
END_TEST

START_TEST(named_ones_go_and_the_rest_stays)
{
	const char *ann = person("Ann"), *bo = person("Bo"), *first = promise(ann, ""), *second = promise(ann, "");
	struct answer handed = must(
		202, hand(world.lakeview.admin, ann, to_person(bo, text_of(",\"commitment_ids\":[\"%s\"]", second))));
	ck_assert_str_eq(at(&handed, "left"), "1");
	answer_release(&handed);
	expect_member(commitment(first), "owner/name", "Ann");
	expect_member(commitment(second), "owner/name", "Bo");
}
END_TEST

START_TEST(a_scoped_key_hands_over_what_is_in_its_scope)
{
	const char *ann = person("Ann"), *bo = person("Bo");
	const char *other =
		world_make(&world, world.lakeview.admin, "/v1/people", "{\"name\":\"Far\",\"groups\":[\"teachers\"]}");
	const char *steward = world_key(&world, "steward", text_of(",\"school_id\":\"%s\"", world.lakeview.school));
	const char *here = promise(ann, ",\"visibility\":\"plan\"");
	const char *there = world_make(&world, world.lakeview.admin, "/v1/commitments",
				       text_of("{\"group\":\"families\",\"title\":\"Far\",\"visibility\":\"public\","
					       "\"owner\":{\"person_id\":\"%s\"}}",
					       ann));
	struct answer refused = must(422, hand(steward, ann, to_person(other, "")));
	ck_assert(names(&refused, "/to/person_id"));
	answer_release(&refused);
	must_be(404, hand(steward, other, to_person(bo, "")));
	must_be(403, hand(steward, ann, text_of("{\"to\":{\"organisation_id\":\"%s\"}}", world.lakeview.organisation)));
	must_be(202, hand(steward, ann, to_person(bo, "")));
	expect_member(commitment(here), "owner/name", "Bo");
	expect_member(commitment(there), "owner/name", "Ann");
	/* What it may read and not change it may not name. */
	const char *group = world_key(&world, "steward", ",\"group\":\"teachers\"");
	const char *named = promise(ann, ",\"visibility\":\"public\"");
	must_be(403, hand(group, ann, to_person(bo, text_of(",\"commitment_ids\":[\"%s\"]", named))));
	must_be(403, hand(world.partner, ann, to_person(bo, "")));
}
END_TEST

START_TEST(who_takes_over_coordinates)
{
	const char *ann = person("Ann"), *bo = person("Bo");
	const char *school = world_make(&world, world.lakeview.admin, "/v1/schools",
					text_of("{\"name\":\"North\",\"coordinator_id\":\"%s\"}", ann));
	must_be(200, as(world.lakeview.admin, "PATCH", "/v1/district", text_of("{\"coordinator_id\":\"%s\"}", ann)));
	expect_member(text_of("/v1/people/%s/handover", ann), "items/0/role", "coordinator");
	/* An organisation coordinates nothing: it stays. */
	const char *id = promise(ann, "");
	struct answer handed =
		must(202, hand(world.lakeview.admin, ann,
			       text_of("{\"to\":{\"organisation_id\":\"%s\"}}", world.lakeview.organisation)));
	ck_assert_str_eq(at(&handed, "left"), "2");
	answer_release(&handed);
	expect_member(commitment(id), "owner/organisation_id", world.lakeview.organisation);
	/* The district's is the admin's to give. */
	const char *rev = text_of("select plan_rev from kept.district where id = '%s'", world.lakeview.id);
	long long before = rows(rev);
	struct answer some = must(202, hand(world.steward, ann, to_person(bo, "")));
	ck_assert_int_eq(count_at(&some, "coordinator_of"), 1);
	ck_assert_str_eq(at(&some, "coordinator_of/0/name"), "North");
	ck_assert_str_eq(at(&some, "left"), "1");
	answer_release(&some);
	/* Clocks are reckoned anew: what is late goes up to another now. */
	ck_assert_int_eq(rows(rev), before + 1);
	expect_member(text_of("/v1/schools/%s", school), "coordinator_id", bo);
	expect_member("/v1/district", "coordinator_id", ann);
	must_be(409, hand(world.lakeview.admin, ann, to_person(bo, ",\"coordinator\":false")));
	must_be(202, hand(world.lakeview.admin, ann, to_person(bo, "")));
	expect_member("/v1/district", "coordinator_id", bo);
	must_be(200, as(world.lakeview.admin, "PATCH", "/v1/district", "{\"coordinator_id\":null}"));
}
END_TEST

START_TEST(of_two_at_once_one_has_all)
{
	enum { PROMISES = 20, CALLERS = 4 };
	const char *ann = person("Ann"), *to[CALLERS];
	for (int i = 0; i < PROMISES; i++)
		promise(ann, "");
	int fds[CALLERS], won = 0;
	const char *target = text_of("/v1/people/%s/handover", ann);
	for (int i = 0; i < CALLERS; i++) {
		to[i] = person(text_of("To%d", i));
		fds[i] = api_connect(&world.api);
	}
	for (int i = 0; i < CALLERS; i++)
		ask_send(fds[i], world.lakeview.admin, "POST", target, NULL, to_person(to[i], ""));
	for (int i = 0; i < CALLERS; i++) {
		struct answer reply = ask_read(&world.asking, fds[i], "POST", target);
		ck_assert_msg(reply.status == 202 || reply.status == 409, "%d %s", reply.status, reply.body);
		long long owned = rows(
			text_of("select count(*) from kept.party where role = 'owner' and person_id = '%s'", to[i]));
		ck_assert_int_eq(owned, reply.status == 202 ? PROMISES : 0);
		won += reply.status == 202;
		answer_release(&reply);
		close(fds[i]);
	}
	ck_assert_int_eq(won, 1);
	ck_assert_int_eq(rows(text_of("select count(*) from kept.handover where from_person_id = '%s'", ann)),
			 PROMISES);
}
END_TEST

START_TEST(two_who_hand_over_to_each_other_both_succeed)
{
	for (int round = 0; round < 5; round++) {
		const char *both[2] = {person("Ann"), person("Bo")};
		for (int i = 0; i < 20; i++)
			promise(both[i % 2], "");
		int fds[2] = {api_connect(&world.api), api_connect(&world.api)};
		for (int i = 0; i < 2; i++)
			ask_send(fds[i], world.lakeview.admin, "POST", text_of("/v1/people/%s/handover", both[i]), NULL,
				 to_person(both[1 - i], ""));
		for (int i = 0; i < 2; i++) {
			must_be(202,
				ask_read(&world.asking, fds[i], "POST", text_of("/v1/people/%s/handover", both[i])));
			close(fds[i]);
		}
	}
}
END_TEST

START_TEST(too_many_at_once_are_refused_and_fit_in_parts)
{
	const char *ann = person("Ann"), *bo = person("Bo");
	query_run(world.superuser, text_of("with c as (insert into kept.commitment (district_id, group_code, title, "
					   "due_on, first_due_on, status, "
					   "visibility, created_by) select '%s', 'families', 'Read ' || n, "
					   "'2027-02-15', '2027-02-15', 'agreed', 'group', 'x' "
					   "from generate_series(1, 201) n returning *) insert into kept.party "
					   "(district_id, commitment_id, role, person_id) "
					   "select district_id, id, 'owner', '%s' from c",
					   world.lakeview.id, ann));
	must_be(409, hand(world.lakeview.admin, ann, to_person(bo, "")));
	ck_assert_int_eq(rows(text_of("select count(*) from kept.handover where from_person_id = '%s'", ann)), 0);
	char *one = query_text(world.superuser,
			       text_of("select commitment_id from kept.party where person_id = '%s' limit 1", ann));
	must_be(202, hand(world.lakeview.admin, ann, to_person(bo, text_of(",\"commitment_ids\":[\"%s\"]", one))));
	free(one);
	struct answer handed = must(202, hand(world.lakeview.admin, ann, to_person(bo, "")));
	ck_assert_int_eq(count_at(&handed, "handed_over"), 200);
	answer_release(&handed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("handover");
	TCase *all = tcase_create("handover");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, each_part_of_what_is_open_goes_and_nothing_else);
	tcase_add_test(all, history_tells_every_owner_there_was);
	tcase_add_test(all, one_who_was_erased_hands_over_too);
	tcase_add_test(all, what_is_wrong_is_told_at_once_and_nothing_goes);
	tcase_add_test(all, named_ones_go_and_the_rest_stays);
	tcase_add_test(all, a_scoped_key_hands_over_what_is_in_its_scope);
	tcase_add_test(all, who_takes_over_coordinates);
	tcase_add_test(all, of_two_at_once_one_has_all);
	tcase_add_test(all, two_who_hand_over_to_each_other_both_succeed);
	tcase_add_test(all, too_many_at_once_are_refused_and_fit_in_parts);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
