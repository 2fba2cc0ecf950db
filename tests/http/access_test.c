/* Who sees and changes what: two districts, four roles, keys for one school or group, the four visibilities. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/world.h"

enum who {
	ADMIN,
	STEWARD,
	STEWARD_SCHOOL,
	STEWARD_OTHER_SCHOOL,
	STEWARD_GROUP,
	STEWARD_OTHER_GROUP,
	PARTNER,
	READER,
	READER_GROUP,
	OTHER_DISTRICT,
	WHO
};
static const char *const who_names[WHO] = {"admin",
					   "steward",
					   "steward of the school",
					   "steward of another school",
					   "steward of the group",
					   "steward of another group",
					   "partner",
					   "reader",
					   "reader of the group",
					   "another district's admin"};
static const char *const visibilities[] = {"private", "group", "plan", "public"};

static struct world world;
static char keys[WHO][64];
static char other_school[40];
/* By visibility: of families at the school, owned by the person; and the same owned by the partner's organisation. */
static char commitments[4][40], partners[4][40];

static void key_for(enum who who, const char *role, const char *more)
{
	snprintf(keys[who], sizeof(keys[who]), "%s", world_key(&world, role, more));
}

static void start_all(void)
{
	world_start(&world, "access");
	const struct world_place *home = &world.lakeview;
	snprintf(other_school, sizeof(other_school), "%s",
		 world_make(&world, home->admin, "/v1/schools", "{\"name\":\"Other\"}"));
	snprintf(keys[ADMIN], sizeof(keys[ADMIN]), "%s", home->admin);
	snprintf(keys[OTHER_DISTRICT], sizeof(keys[OTHER_DISTRICT]), "%s", world.hillside.admin);
	key_for(STEWARD, "steward", "");
	key_for(STEWARD_SCHOOL, "steward", text_of(",\"school_id\":\"%s\"", home->school));
	key_for(STEWARD_OTHER_SCHOOL, "steward", text_of(",\"school_id\":\"%s\"", other_school));
	key_for(STEWARD_GROUP, "steward", ",\"group\":\"families\"");
	key_for(STEWARD_OTHER_GROUP, "steward", ",\"group\":\"teachers\"");
	key_for(PARTNER, "partner", text_of(",\"organisation_id\":\"%s\"", home->organisation));
	key_for(READER, "reader", "");
	key_for(READER_GROUP, "reader", ",\"group\":\"families\"");
	for (int v = 0; v < 4; v++) {
		snprintf(commitments[v], sizeof(commitments[v]), "%s",
			 world_promise(&world,
				       text_of(",\"visibility\":\"%s\",\"school_id\":\"%s\",\"due_on\":\"2027-02-15\"",
					       visibilities[v], home->school)));
		snprintf(partners[v], sizeof(partners[v]), "%s",
			 world_make(&world, home->admin, "/v1/commitments",
				    text_of("{\"group\":\"business_community\",\"title\":\"Internships\","
					    "\"visibility\":\"%s\",\"owner\":{\"organisation_id\":\"%s\"},"
					    "\"parties\":[{\"role\":\"helper\",\"person_id\":\"%s\"}]}",
					    visibilities[v], home->organisation, home->person)));
	}
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(enum who who, const char *target)
{
	return ask(&world.asking, keys[who], "GET", target, NULL, NULL);
}

static bool lists(enum who who, const char *target, const char *id)
{
	struct answer list = must(200, get(who, target));
	bool found = strstr(list.body, id) != NULL;
	answer_release(&list);
	return found;
}

/* private, group, plan, public */
static const bool sees[WHO][4] = {
	[ADMIN] = {true, true, true, true},           [STEWARD] = {false, true, true, true},
	[STEWARD_SCHOOL] = {false, true, true, true}, [STEWARD_OTHER_SCHOOL] = {false, false, false, false},
	[STEWARD_GROUP] = {false, true, true, true},  [STEWARD_OTHER_GROUP] = {false, false, true, true},
	[PARTNER] = {false, false, true, true},       [READER] = {false, false, true, true},
	[READER_GROUP] = {false, true, true, true},   [OTHER_DISTRICT] = {false, false, false, false},
};

START_TEST(commitment_is_seen_by_role_scope_and_visibility)
{
	enum who who = (enum who)_i;
	for (int v = 0; v < 4; v++) {
		const char *id = commitments[v];
		struct answer read = get(who, text_of("/v1/commitments/%s", id));
		ck_assert_msg(read.status == (sees[who][v] ? 200 : 404), "%s, %s: %d", who_names[who], visibilities[v],
			      read.status);
		bool listed =
			lists(who, text_of("/v1/commitments?owner_id=%s&page_size=200", world.lakeview.person), id);
		ck_assert_msg(listed == sees[who][v], "%s, %s: in the list", who_names[who], visibilities[v]);
		bool told = lists(who, text_of("/v1/events?commitment_id=%s", id), id);
		ck_assert_msg(told == sees[who][v], "%s, %s: in the events", who_names[who], visibilities[v]);
		answer_release(&read);
	}
}
END_TEST

START_TEST(partner_sees_and_moves_its_own_whatever_the_visibility)
{
	for (int v = 0; v < 4; v++) {
		struct answer read = must(200, get(PARTNER, text_of("/v1/commitments/%s", partners[v])));
		ck_assert_str_eq(at(&read, "owner/name"), "Chamber of Commerce");
		ck_assert_str_eq(at(&read, "parties/0/name"), "null");
		must_be(200,
			ask(&world.asking, keys[PARTNER], "POST", text_of("/v1/commitments/%s/status", partners[v]),
			    NULL, "{\"status\":\"in_progress\"}"));
		must_be(200,
			ask(&world.asking, keys[PARTNER], "POST", text_of("/v1/commitments/%s/status", partners[v]),
			    NULL, "{\"status\":\"completed\"}"));
		/* Another than the owner verifies. */
		must_be(403, ask(&world.asking, keys[PARTNER], "POST",
				 text_of("/v1/commitments/%s/status", partners[v]), NULL, "{\"status\":\"verified\"}"));
		must_be(200, ask(&world.asking, keys[ADMIN], "POST", text_of("/v1/commitments/%s/status", partners[v]),
				 NULL, "{\"status\":\"verified\"}"));
		answer_release(&read);
	}
	/* What it may read and not move. */
	must_be(403, ask(&world.asking, keys[PARTNER], "POST", text_of("/v1/commitments/%s/status", commitments[3]),
			 NULL, "{\"status\":\"completed\"}"));
	must_be(404, ask(&world.asking, keys[PARTNER], "POST", text_of("/v1/commitments/%s/status", commitments[0]),
			 NULL, "{\"status\":\"completed\"}"));
}
END_TEST

START_TEST(partner_changes_its_own_organisation_only)
{
	const char *own = text_of("/v1/organisations/%s", world.lakeview.organisation);
	const char *other =
		text_of("/v1/organisations/%s",
			world_make(&world, keys[ADMIN], "/v1/organisations",
				   "{\"name\":\"Bank\",\"kind\":\"other\",\"group\":\"business_community\","
				   "\"contacts\":[{\"channel\":\"email\",\"address\":\"bank@a.example\"}]}"));
	must_be(200, ask(&world.asking, keys[PARTNER], "PATCH", own, "If-Match: *\r\n", "{\"language\":\"es\"}"));
	must_be(201, ask(&world.asking, keys[PARTNER], "POST", text_of("%s/contacts", own), NULL,
			 "{\"channel\":\"email\",\"address\":\"c@a.example\"}"));
	must_be(403, ask(&world.asking, keys[PARTNER], "PATCH", other, "If-Match: *\r\n", "{\"language\":\"es\"}"));
	must_be(403, ask(&world.asking, keys[PARTNER], "POST", text_of("%s/contacts", other), NULL,
			 "{\"channel\":\"email\",\"address\":\"c@a.example\"}"));
	struct answer read = must(200, get(ADMIN, other));
	const char *contact = text_of("/v1/contacts/%s", at(&read, "contacts/0/id"));
	must_be(404, get(PARTNER, contact));
	must_be(404, ask(&world.asking, keys[PARTNER], "PATCH", contact, "If-Match: *\r\n", "{\"paused\":true}"));
	must_be(404, ask(&world.asking, keys[PARTNER], "DELETE", contact, "If-Match: *\r\n", NULL));
	answer_release(&read);
	read = must(200, get(PARTNER, other));
	ck_assert_int_eq(count_at(&read, "contacts"), 0);
	answer_release(&read);
	/* Nor a person's. */
	struct answer person = must(200, get(ADMIN, text_of("/v1/people/%s", world.lakeview.person)));
	must_be(404, get(PARTNER, text_of("/v1/contacts/%s", at(&person, "contacts/0/id"))));
	answer_release(&person);
}
END_TEST

START_TEST(steward_sees_and_changes_people_of_the_scope_only)
{
	static const bool mine[WHO] = {
		[ADMIN] = true, [STEWARD] = true, [STEWARD_SCHOOL] = true, [STEWARD_GROUP] = true};
	const char *path = text_of("/v1/people/%s", world.lakeview.person);
	struct answer person = must(200, get(ADMIN, path));
	const char *contact = text_of("/v1/contacts/%s", at(&person, "contacts/0/id"));
	answer_release(&person);
	for (enum who who = ADMIN; who < WHO; who++) {
		if (who == PARTNER || who == READER || who == READER_GROUP) {
			must_be(403, get(who, path));
			must_be(403, get(who, "/v1/people"));
			continue;
		}
		struct answer read = get(who, path);
		ck_assert_msg(read.status == (mine[who] ? 200 : 404), "%s: %d", who_names[who], read.status);
		answer_release(&read);
		read = get(who, contact);
		ck_assert_msg(read.status == (mine[who] ? 200 : 404), "%s, contact: %d", who_names[who], read.status);
		answer_release(&read);
		ck_assert_msg(lists(who, "/v1/people?page_size=200", world.lakeview.person) == mine[who], "%s: listed",
			      who_names[who]);
		if (mine[who])
			continue;
		must_be(404, ask(&world.asking, keys[who], "PATCH", path, "If-Match: *\r\n", "{\"language\":\"en\"}"));
		must_be(404, ask(&world.asking, keys[who], "PATCH", contact, "If-Match: *\r\n", "{\"paused\":true}"));
		must_be(404, ask(&world.asking, keys[who], "POST", text_of("%s/contacts", path), NULL,
				 "{\"channel\":\"email\",\"address\":\"a@a.example\"}"));
	}
	must_be(403, ask(&world.asking, keys[STEWARD_SCHOOL], "POST", "/v1/people", NULL,
			 "{\"name\":\"Ann\",\"groups\":[\"families\"]}"));
	must_be(403, ask(&world.asking, keys[STEWARD_GROUP], "POST", "/v1/people", NULL,
			 "{\"name\":\"Ann\",\"groups\":[\"teachers\"]}"));
	must_be(201, ask(&world.asking, keys[STEWARD_SCHOOL], "POST", "/v1/people", NULL,
			 text_of("{\"name\":\"Ann\",\"groups\":[\"leaders\"],\"school_ids\":[\"%s\"]}",
				 world.lakeview.school)));
	must_be(201, ask(&world.asking, keys[STEWARD_GROUP], "POST", "/v1/people", NULL,
			 "{\"name\":\"Ann\",\"groups\":[\"families\"]}"));
}
END_TEST

START_TEST(scoped_key_writes_within_its_scope_only)
{
	static const char *const form = "{\"group\":\"%s\",\"title\":\"Scope\",\"owner\":{\"group\":\"%s\"}%s}";
	const char *school = text_of(",\"school_id\":\"%s\"", world.lakeview.school);
	const struct {
		enum who who;
		const char *group, *more;
		int status;
	} table[] = {
		{STEWARD, "families", "", 201},        {STEWARD_SCHOOL, "families", school, 201},
		{STEWARD_SCHOOL, "families", "", 403}, {STEWARD_OTHER_SCHOOL, "families", school, 403},
		{STEWARD_GROUP, "families", "", 201},  {STEWARD_GROUP, "teachers", "", 403},
		{READER, "families", "", 403},         {PARTNER, "business_community", "", 403},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char body[400];
		snprintf(body, sizeof(body), form, table[i].group, table[i].group, table[i].more);
		must_be(table[i].status, ask(&world.asking, keys[table[i].who], "POST", "/v1/commitments", NULL, body));
	}
	/* Read by all, changed by those it belongs to. */
	const char *path = text_of("/v1/commitments/%s", commitments[3]);
	must_be(403, ask(&world.asking, keys[STEWARD_OTHER_GROUP], "PATCH", path, "If-Match: *\r\n",
			 "{\"title\":\"Mine\"}"));
	must_be(404, ask(&world.asking, keys[STEWARD_OTHER_SCHOOL], "PATCH", path, "If-Match: *\r\n",
			 "{\"title\":\"Mine\"}"));
	must_be(200, ask(&world.asking, keys[STEWARD_GROUP], "PATCH", path, "If-Match: *\r\n", "{\"title\":\"Ours\"}"));
	must_be(403, ask(&world.asking, keys[STEWARD_SCHOOL], "PATCH", path, "If-Match: *\r\n",
			 text_of("{\"school_id\":\"%s\"}", other_school)));
	must_be(422,
		ask(&world.asking, keys[STEWARD], "PATCH", path, "If-Match: *\r\n", "{\"visibility\":\"private\"}"));
	/* What holds for a whole district or group is not theirs. */
	static const char *const wide = "{\"name\":\"Wide\",\"offsets\":[-1]}";
	must_be(403, ask(&world.asking, keys[STEWARD_GROUP], "POST", "/v1/reminder-policies", NULL, wide));
	must_be(403, ask(&world.asking, keys[STEWARD_SCHOOL], "POST", "/v1/reminder-policies", NULL, wide));
	must_be(201, ask(&world.asking, keys[STEWARD_GROUP], "POST", "/v1/reminder-policies", NULL,
			 "{\"name\":\"Ours\",\"group\":\"families\",\"offsets\":[-1]}"));
	must_be(403, ask(&world.asking, keys[STEWARD_OTHER_SCHOOL], "PATCH",
			 text_of("/v1/schools/%s", world.lakeview.school), "If-Match: *\r\n", "{\"name\":\"Mine\"}"));
	must_be(403, ask(&world.asking, keys[STEWARD_SCHOOL], "POST", "/v1/actions", NULL,
			 "{\"group\":\"families\",\"texts\":[{\"language\":\"en\",\"title\":\"A\"}]}"));
}
END_TEST

START_TEST(no_reply_to_partner_or_reader_names_a_person)
{
	must_be(202, ask(&world.asking, keys[ADMIN], "POST", text_of("/v1/commitments/%s/remind", commitments[3]), NULL,
			 "{}"));
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		if (strcmp(operation->method, "GET") != 0 || operation->roles == 0)
			continue;
		const char *open = strchr(operation->path, '{');
		const char *target = operation->path;
		if (open && strstr(target, "/commitments/"))
			target = text_of("%.*s%s%s", (int)(open - target), target, commitments[3],
					 strchr(open, '}') + 1);
		else if (open)
			continue;
		for (enum who who = PARTNER; who <= READER_GROUP; who++) {
			struct answer read = get(who, target);
			ck_assert_msg(!strstr(read.body, "María") && !strstr(read.body, "O'Neill") &&
					      !strstr(read.body, "maria@"),
				      "%s, %s: %s", who_names[who], read.asked, read.body);
			answer_release(&read);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("access");
	TCase *all = tcase_create("access");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, commitment_is_seen_by_role_scope_and_visibility, 0, WHO);
	tcase_add_test(all, partner_sees_and_moves_its_own_whatever_the_visibility);
	tcase_add_test(all, partner_changes_its_own_organisation_only);
	tcase_add_test(all, steward_sees_and_changes_people_of_the_scope_only);
	tcase_add_test(all, scoped_key_writes_within_its_scope_only);
	tcase_add_test(all, no_reply_to_partner_or_reader_names_a_person);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
