/*
 * Both directions: those to whom a promise is owed are told when it is kept or late, and confirm it; what an
 * institution is late with goes upward, to a coordinator, never to families or students.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

#define DAY_AFTER "2027-01-21 14:00:00+00" /* nine in the morning in New York */
#define UPWARD "2027-02-03 14:00:00+00"
#define FURTHER_UP "2027-02-17 14:00:00+00"

static struct world world;
static char office[40], council[40], principal[40], superintendent[40], parent_school[40];
static char office_key[64], council_key[64];

static struct answer call(const char *key, const char *method, const char *target, const char *body)
{
	bool bound = strcmp(method, "PATCH") == 0 || strcmp(method, "DELETE") == 0;
	return ask(&world.asking, key, method, target, bound ? "If-Match: *\r\n" : NULL, body);
}

static void keep(char *out, size_t size, const char *value)
{
	ck_assert_uint_lt((size_t)snprintf(out, size, "%s", value), size);
}

static const char *made(const char *path, const char *body)
{
	return world_make(&world, world.lakeview.admin, path, body);
}

static const char *person(const char *name, const char *group)
{
	return made("/v1/people", text_of("{\"name\":\"%s\",\"groups\":[\"%s\"],\"contacts\":[{\"channel\":\"email\","
					  "\"address\":\"%s@lakeview.example\"}]}",
					  name, group, name));
}

static const char *organisation(const char *name, const char *kind, const char *group)
{
	return made("/v1/organisations",
		    text_of("{\"name\":\"%s\",\"kind\":\"%s\",\"group\":\"%s\",\"contacts\":[{\"channel\":\"email\","
			    "\"address\":\"%s@lakeview.example\"}]}",
			    name, kind, group, name));
}

static void start_all(void)
{
	world_start(&world, "owed");
	const char *admin = world.lakeview.admin;
	keep(office, sizeof(office), organisation("Office", "department", "leaders"));
	keep(council, sizeof(council), organisation("Council", "council", "families"));
	keep(principal, sizeof(principal), person("Principal", "leaders"));
	keep(superintendent, sizeof(superintendent), person("Superintendent", "leaders"));
	const char *mother = person("Mother", "families");
	must_be(200, call(admin, "PATCH", text_of("/v1/schools/%s", world.lakeview.school),
			  text_of("{\"coordinator_id\":\"%s\"}", principal)));
	must_be(200, call(admin, "PATCH", "/v1/district", text_of("{\"coordinator_id\":\"%s\"}", superintendent)));
	keep(parent_school, sizeof(parent_school),
	     made("/v1/schools", text_of("{\"name\":\"Parents'\",\"coordinator_id\":\"%s\"}", mother)));
	keep(office_key, sizeof(office_key),
	     world_key(&world, "partner", text_of(",\"organisation_id\":\"%s\"", office)));
	keep(council_key, sizeof(council_key),
	     world_key(&world, "partner", text_of(",\"organisation_id\":\"%s\"", council)));
}

static void stop_all(void)
{
	world_stop(&world);
}

static const char *owed(const char *group, const char *school, const char *owner)
{
	world_clock(&world, WORLD_NOW);
	return made(
		"/v1/commitments",
		text_of("{\"group\":\"%s\",\"school_id\":\"%s\",\"title\":\"The handbook in three languages\","
			"\"visibility\":\"public\",\"due_on\":\"2027-01-20\",\"owner\":{%s},\"parties\":[{\"role\":"
			"\"beneficiary\",\"organisation_id\":\"%s\"},{\"role\":\"beneficiary\",\"person_id\":\"%s\"},"
			"{\"role\":\"beneficiary\",\"group\":\"families\"},{\"role\":\"beneficiary\",\"group\":"
			"\"leaders\"}]}",
			group, school, owner, council, world.lakeview.person));
}

static const char *of_office(void)
{
	return owed("leaders", world.lakeview.school, text_of("\"organisation_id\":\"%s\"", office));
}

/* Two workers at the same time. */
static void work_at(const char *now)
{
	world_clock(&world, now);
	pid_t other = fork();
	ck_assert_int_ge(other, 0);
	if (other == 0) {
		world_work(&world);
		_exit(0);
	}
	world_work(&world);
	int status;
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert_int_eq(status, 0);
}

static long told(const char *id, const char *kind)
{
	return query_number(world.superuser,
			    text_of("select count(*) from kept.notice n join kept.delivery d on d.district_id = "
				    "n.district_id and d.message_id = n.message_id and d.outcome = 'sent' where "
				    "n.subject_id = '%s' and n.kind = '%s'",
				    id, kind));
}

/* Who was told upward, by which rung, one after the other. */
static char *upward(const char *id)
{
	return query_text(
		world.superuser,
		text_of("select coalesce(string_agg(r.rung || ' ' || p.name, ', ' order by r.due_at), '') from "
			"kept.reminder r join kept.person p on p.id = r.recipient_id join kept.delivery d on "
			"d.message_id = r.message_id and d.outcome = 'sent' where r.party_role = 'escalation' and "
			"r.commitment_id = '%s'",
			id));
}

static void expect_upward(const char *id, const char *expected)
{
	char *found = upward(id);
	ck_assert_str_eq(found, expected);
	free(found);
}

/* The scenario: a district late with a promise owed to schools, shown in public, escalated upward. */
START_TEST(a_late_district_is_shown_and_goes_upward_never_to_families)
{
	char late[40], of_parents[40], families[40], students[40], moved[40], private[40];
	keep(late, sizeof(late), of_office());
	keep(of_parents, sizeof(of_parents),
	     owed("policymakers", parent_school, text_of("\"organisation_id\":\"%s\"", office)));
	keep(families, sizeof(families),
	     owed("families", world.lakeview.school, text_of("\"person_id\":\"%s\"", superintendent)));
	keep(students, sizeof(students),
	     owed("students", world.lakeview.school, text_of("\"organisation_id\":\"%s\"", office)));
	keep(moved, sizeof(moved), of_office());
	must_be(200, call(world.lakeview.admin, "PATCH", text_of("/v1/commitments/%s", moved),
			  "{\"due_on\":\"2027-05-03\"}"));
	keep(private, sizeof(private), of_office());
	must_be(200, call(world.lakeview.admin, "PATCH", text_of("/v1/commitments/%s", private),
			  "{\"visibility\":\"private\"}"));

	work_at("2027-01-21 12:30:00+00"); /* not yet eight */
	ck_assert_int_eq(told(late, "late"), 0);
	work_at(DAY_AFTER);
	work_at(DAY_AFTER);
	ck_assert_int_eq(told(late, "late"), 2);
	ck_assert_int_eq(told(moved, "late"), 0);
	struct answer seen = must(200, call(world.reader, "GET", text_of("/v1/commitments/%s", late), NULL));
	ck_assert_str_eq(at(&seen, "due_state"), "overdue");
	answer_release(&seen);
	expect_upward(late, "");

	work_at(UPWARD);
	expect_upward(late, "P+14D Principal");
	expect_upward(of_parents, "P+14D Superintendent");
	work_at(FURTHER_UP);
	expect_upward(late, "P+14D Principal, P+28D Superintendent");
	expect_upward(of_parents, "P+14D Superintendent");
	expect_upward(families, "");
	expect_upward(students, "");
	expect_upward(moved, "");
	expect_upward(private, "");
	ck_assert_int_eq(told(late, "late"), 2);
	ck_assert_int_eq(query_number(world.superuser,
				      "select count(*) from kept.reminder r join kept.person_group g on g.person_id = "
				      "r.recipient_id where r.party_role = 'escalation' and g.group_code in "
				      "('families', 'students')"),
			 0);
	ck_assert_int_eq(query_number(world.superuser,
				      text_of("select count(*) from kept.message m where m.content #>> "
					      "'{commitment,id}' = '%s' and m.content #>> '{commitment,role}' = "
					      "'escalation'",
					      late)),
			 2);
	seen = must(200, call(world.lakeview.admin, "GET", text_of("/v1/commitments/%s/reminders", late), NULL));
	ck_assert_ptr_nonnull(strstr(seen.body, "\"escalation\""));
	ck_assert_ptr_null(strstr(seen.body, "beneficiary"));
	answer_release(&seen);
}
END_TEST

START_TEST(no_escalation_where_the_policy_says_never)
{
	const char *policy =
		made("/v1/reminder-policies",
		     text_of("{\"name\":\"Quiet\",\"school_id\":\"%s\",\"group\":\"policymakers\",\"offsets\":[1],"
			     "\"escalate_after\":null}",
			     world.lakeview.school));
	const char *id = owed("policymakers", world.lakeview.school, text_of("\"organisation_id\":\"%s\"", office));
	work_at(UPWARD);
	expect_upward(id, "");
	struct answer read =
		must(200, call(world.lakeview.admin, "GET", text_of("/v1/reminder-policies/%s", policy), NULL));
	ck_assert_str_eq(at(&read, "escalate_after"), "null");
	answer_release(&read);
	must_be(204, call(world.lakeview.admin, "DELETE", text_of("/v1/reminder-policies/%s", policy), NULL));
}
END_TEST

static struct answer confirm(const char *key, const char *id, const char *body)
{
	return call(key, "POST", text_of("/v1/commitments/%s/confirmations", id), body);
}

static void move(const char *key, const char *id, const char *status, int expected)
{
	must_be(expected,
		call(key, "POST", text_of("/v1/commitments/%s/status", id), text_of("{\"status\":\"%s\"}", status)));
}

static void expect_status(const char *id, const char *status, const char *reason)
{
	struct answer read = must(200, call(council_key, "GET", text_of("/v1/commitments/%s", id), NULL));
	ck_assert_str_eq(at(&read, "status"), status);
	ck_assert_str_eq(at(&read, "status_reason"), reason);
	answer_release(&read);
}

START_TEST(those_to_whom_it_is_owed_hear_of_it_and_have_the_last_word)
{
	char id[40];
	const char *by_council = text_of("\"by\":{\"organisation_id\":\"%s\"}", council);
	keep(id, sizeof(id), of_office());
	move(office_key, id, "completed", 200);
	work_at(WORLD_NOW);
	ck_assert_int_eq(told(id, "kept"), 2);
	must_be(422, confirm(council_key, id, text_of("{\"confirmed\":false,%s}", by_council)));
	must_be(201, confirm(council_key, id,
			     text_of("{\"confirmed\":false,\"note\":\"O'Neill: \xD9\x84\xD8\xA7\",%s}", by_council)));
	expect_status(id, "in_progress", "O'Neill: \xD9\x84\xD8\xA7");
	move(office_key, id, "completed", 200);
	work_at(WORLD_NOW);
	ck_assert_int_eq(told(id, "kept"), 2); /* once for a due date */
	struct answer said = must(201, confirm(council_key, id, text_of("{\"confirmed\":true,%s}", by_council)));
	ck_assert_str_eq(at(&said, "identified_by"), "key");
	answer_release(&said);
	expect_status(id, "verified", "null");
	said = must(200, call(council_key, "GET", text_of("/v1/commitments/%s/confirmations", id), NULL));
	ck_assert_int_eq(count_at(&said, "items"), 2);
	answer_release(&said);
}
END_TEST

START_TEST(nobody_confirms_what_is_his_own_or_not_owed_to_him)
{
	char id[40], of_group[40];
	keep(id, sizeof(id), of_office());
	keep(of_group, sizeof(of_group), owed("leaders", world.lakeview.school, "\"group\":\"leaders\""));
	const char *leaders = world_key(&world, "steward", ",\"group\":\"leaders\"");
	const char *families = world_key(&world, "steward", ",\"group\":\"families\"");
	const char *const yes = "{\"confirmed\":true,\"by\":{\"%s\":\"%s\"}}";
	must_be(409,
		confirm(world.lakeview.admin,
			made("/v1/commitments",
			     "{\"group\":\"leaders\",\"title\":\"Asked\",\"status\":\"proposed\",\"owner\":{\"group\":"
			     "\"leaders\"},\"parties\":[{\"role\":\"beneficiary\",\"group\":\"families\"}]}"),
			text_of(yes, "group", "families")));
	move(world.lakeview.admin, id, "completed", 200);
	move(world.lakeview.admin, of_group, "completed", 200);
	char *before = world_digest(&world);
	must_be(403, confirm(office_key, id, text_of(yes, "organisation_id", office)));
	must_be(403, confirm(office_key, id, text_of(yes, "organisation_id", council)));
	must_be(403, confirm(leaders, id, text_of(yes, "group", "families")));
	must_be(403, confirm(leaders, of_group, text_of(yes, "group", "leaders")));
	must_be(422, confirm(world.lakeview.admin, id, text_of(yes, "organisation_id", office)));
	must_be(422, confirm(world.lakeview.admin, of_group, text_of(yes, "person_id", principal)));
	must_be(422, confirm(world.lakeview.admin, id, text_of(yes, "group", "students")));
	must_be(422, confirm(world.lakeview.admin, id,
			     "{\"confirmed\":true,\"identified_by\":\"key\",\"by\":{\"group\":\"families\"}}"));
	move(office_key, id, "verified", 403);
	move(leaders, of_group, "verified", 403);
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	/* The families' own steward brings a mother's word from paper, and it counts. */
	struct answer said = must(201, confirm(families, of_group, text_of(yes, "person_id", world.lakeview.person)));
	ck_assert_str_eq(at(&said, "identified_by"), "paper");
	answer_release(&said);
	expect_status(of_group, "verified", "null");
	must_be(403, call(families, "PATCH", text_of("/v1/commitments/%s", id), "{\"title\":\"Mine\"}"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owed");
	TCase *all = tcase_create("owed");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, a_late_district_is_shown_and_goes_upward_never_to_families);
	tcase_add_test(all, no_escalation_where_the_policy_says_never);
	tcase_add_test(all, those_to_whom_it_is_owed_hear_of_it_and_have_the_last_word);
	tcase_add_test(all, nobody_confirms_what_is_his_own_or_not_owed_to_him);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
