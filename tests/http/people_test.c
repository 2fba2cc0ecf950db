/* People, organisations and how they are reached, from the first request to the last. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "people");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}

static struct answer send(const char *method, const char *target, const char *headers, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, method, target, headers, body);
}

/* A change of what is there now. */
static struct answer change(const char *method, const char *target, const char *body)
{
	return send(method, target, "If-Match: *\r\n", body);
}

static long long rows(const char *question)
{
	return query_number(world.superuser, question);
}

START_TEST(person_is_kept_as_written)
{
	static const char *const people[] = {"María O'Neill", "فاطمة الزهراء",           "Łukasz Żółć",
					     "李 小龍",       "\\\"Quote\\\" \\\\ Back", "a"};
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
		struct answer made = must(201, send("POST", "/v1/people", NULL,
						    text_of("{\"name\":\"%s\",\"groups\":[\"families\",\"teachers\"],"
							    "\"school_ids\":[\"%s\"],\"language\":\"ar\","
							    "\"time_zone\":\"America/New_York\"}",
							    people[i], world.lakeview.school)));
		struct answer read = get(header(&made, "Location"));
		ck_assert_str_eq(at(&read, ""), at(&made, ""));
		ck_assert_str_eq(header(&read, "ETag"), header(&made, "ETag"));
		if (i < 4)
			ck_assert_str_eq(at(&read, "name"), people[i]);
		/* Groups in the order of the eight, whatever the order that they came in. */
		ck_assert_str_eq(at(&read, "groups"), "[\"teachers\",\"families\"]");
		ck_assert_str_eq(at(&read, "contacts"), "[]");
		answer_release(&read);
		answer_release(&made);
	}
}
END_TEST

START_TEST(merge_patch_changes_what_it_names_and_null_takes_away)
{
	const char *path = text_of("/v1/people/%s",
				   world_make(&world, world.lakeview.admin, "/v1/people",
					      text_of("{\"name\":\"Ana\",\"groups\":[\"families\"],\"school_ids\":[\"%"
						      "s\"],\"language\":\"es\",\"time_zone\":\"Europe/Madrid\"}",
						      world.lakeview.school)));
	struct answer changed = must(200, change("PATCH", path, "{\"language\":null,\"groups\":[\"leaders\"]}"));
	ck_assert_str_eq(at(&changed, "name"), "Ana");
	ck_assert_str_eq(at(&changed, "language"), "null");
	ck_assert_str_eq(at(&changed, "time_zone"), "Europe/Madrid");
	ck_assert_str_eq(at(&changed, "groups"), "[\"leaders\"]");
	ck_assert_int_eq(count_at(&changed, "school_ids"), 1);
	ck_assert_str_eq(at(&changed, "version"), "2");
	answer_release(&changed);
	must_be(200, change("PATCH", path, "{\"school_ids\":[]}"));
	struct answer read = get(path);
	ck_assert_int_eq(count_at(&read, "school_ids"), 0);
	answer_release(&read);
	must_be(422, change("PATCH", path, "{\"name\":null}"));
	must_be(422, change("PATCH", path, "{}"));
	must_be(422, change("PATCH", path, "{\"groups\":[]}"));
}
END_TEST

START_TEST(lists_are_by_name_and_filtered)
{
	const char *school = world_make(&world, world.lakeview.admin, "/v1/schools", "{\"name\":\"Listed\"}");
	world_make(&world, world.lakeview.admin, "/v1/people",
		   text_of("{\"name\":\"Zoe\",\"groups\":[\"policymakers\"],\"school_ids\":[\"%s\"]}", school));
	world_make(&world, world.lakeview.admin, "/v1/people",
		   text_of("{\"name\":\"Abe\",\"groups\":[\"leaders\"],\"school_ids\":[\"%s\"]}", school));
	struct answer list = get(text_of("/v1/people?school_id=%s", school));
	ck_assert_int_eq(count_at(&list, "items"), 2);
	ck_assert_str_eq(at(&list, "items/0/name"), "Abe");
	ck_assert_str_eq(at(&list, "items/1/name"), "Zoe");
	answer_release(&list);
	list = get(text_of("/v1/people?school_id=%s&group=policymakers", school));
	ck_assert_int_eq(count_at(&list, "items"), 1);
	answer_release(&list);
	list = must(200, ask(&world.asking, world.hillside.admin, "GET", text_of("/v1/people?school_id=%s", school),
			     NULL, NULL));
	ck_assert_int_eq(count_at(&list, "items"), 0);
	answer_release(&list);
}
END_TEST

START_TEST(students_have_no_contact)
{
	must_be(201, send("POST", "/v1/people", NULL, "{\"name\":\"Sam\",\"groups\":[\"students\"]}"));
	struct answer refused = must(422, send("POST", "/v1/people", NULL,
					       "{\"name\":\"Sam\",\"groups\":[\"students\"],\"contacts\":[{\"channel\":"
					       "\"email\",\"address\":\"sam@a.example\"}]}"));
	ck_assert(names(&refused, "/contacts"));
	answer_release(&refused);
	const char *student =
		world_make(&world, world.lakeview.admin, "/v1/people", "{\"name\":\"Kim\",\"groups\":[\"students\"]}");
	refused = must(422, send("POST", text_of("/v1/people/%s/contacts", student), NULL,
				 "{\"channel\":\"email\",\"address\":\"kim@a.example\"}"));
	ck_assert_ptr_nonnull(strstr(at(&refused, "detail"), "adult"));
	answer_release(&refused);
	/* Nor by becoming a student afterwards. */
	refused = must(422,
		       change("PATCH", text_of("/v1/people/%s", world.lakeview.person), "{\"groups\":[\"students\"]}"));
	ck_assert(names(&refused, "/groups"));
	answer_release(&refused);
	ck_assert_int_eq(
		rows("select count(*) from kept.contact c join kept.person_group g using (district_id, person_id)"
		     " where g.group_code = 'students'"),
		0);
}
END_TEST

START_TEST(contact_can_be_paused_and_resumed)
{
	const char *person =
		world_make(&world, world.lakeview.admin, "/v1/people", "{\"name\":\"Pat\",\"groups\":[\"families\"]}");
	const char *commitment = world_make(&world, world.lakeview.admin, "/v1/commitments",
					    text_of("{\"group\":\"families\",\"title\":\"Pause\",\"owner\":{\"person_"
						    "id\":\"%s\"},\"due_on\":\"2027-02-15\"}",
						    person));
	struct answer read = get(text_of("/v1/commitments/%s", commitment));
	ck_assert_str_eq(at(&read, "next_reminder_at"), "null");
	answer_release(&read);
	struct answer made = must(201, send("POST", text_of("/v1/people/%s/contacts", person), NULL,
					    "{\"channel\":\"email\",\"address\":\"pat@a.example\"}"));
	const char *path = header(&made, "Location");
	ck_assert_str_eq(at(&made, "paused"), "false");
	ck_assert_str_eq(at(&made, "secret"), "");
	read = get(text_of("/v1/commitments/%s", commitment));
	ck_assert_str_eq(at(&read, "next_reminder_at"), "2027-02-08T13:00:00Z");
	answer_release(&read);
	struct answer paused = must(200, send("PATCH", path, if_match(&made), "{\"paused\":true}"));
	ck_assert_str_eq(at(&paused, "paused"), "true");
	read = get(text_of("/v1/commitments/%s", commitment));
	ck_assert_str_eq(at(&read, "next_reminder_at"), "null");
	answer_release(&read);
	must_be(412, send("PATCH", path, if_match(&made), "{\"paused\":false}"));
	must_be(200, send("PATCH", path, if_match(&paused), "{\"paused\":false}"));
	must_be(204, change("DELETE", path, NULL));
	must_be(404, send("GET", path, NULL, NULL));
	answer_release(&made);
	answer_release(&paused);
}
END_TEST

START_TEST(changed_address_must_fit_as_a_new_one)
{
	static const struct {
		const char *channel, *address;
	} wrong[] = {
		{"email", "no address"},
		{"email", "a@b@c.example"},
		{"email", "a@-b..example"},
		{"email", "a\\u0007@a.example"},
		{"email", "a\\u0085@a.example"},
		{"email", "a\\u2028@a.example"},
		{"email", "a@a.example\\r\\nBcc: b@b.example"},
		{"email", "https://a.example/"},
		{"webhook", "a@a.example"},
		{"webhook", "https://user@a.example/"},
		{"webhook", "https://user:word@a.example/"},
		{"webhook", "https://a.example/#part"},
		{"webhook", "ftp://a.example/"},
		{"webhook", "https://a.example/\\u0000"},
		{"webhook", "https://a.example/\\n"},
		{"webhook", "https://a.example/a b"},
		{"webhook", "https://a.example/\\u0085"},
		{"webhook", "javascript:alert(1)"},
	};
	const char *mail = world_make(&world, world.lakeview.admin,
				      text_of("/v1/organisations/%s/contacts", world.lakeview.organisation),
				      "{\"channel\":\"email\",\"address\":\"a@a.example\"}");
	const char *hook = world_make(&world, world.lakeview.admin,
				      text_of("/v1/organisations/%s/contacts", world.lakeview.organisation),
				      "{\"channel\":\"webhook\",\"address\":\"https://a.example/\"}");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct answer made =
			send("POST", text_of("/v1/people/%s/contacts", world.lakeview.person), NULL,
			     text_of("{\"channel\":\"%s\",\"address\":\"%s\"}", wrong[i].channel, wrong[i].address));
		ck_assert_msg(made.status == 422 || made.status == 400, "new %s: %d %s", wrong[i].address, made.status,
			      made.body);
		ck_assert_msg(made.status == 400 || names(&made, "/address"), "new %s: %s", wrong[i].address,
			      made.body);
		struct answer changed =
			change("PATCH", text_of("/v1/contacts/%s", *wrong[i].channel == 'e' ? mail : hook),
			       text_of("{\"address\":\"%s\"}", wrong[i].address));
		ck_assert_msg(changed.status == made.status, "change to %s: %d %s", wrong[i].address, changed.status,
			      changed.body);
		ck_assert_msg(made.status == 400 || names(&changed, "/address"), "change to %s: %s", wrong[i].address,
			      changed.body);
		answer_release(&made);
		answer_release(&changed);
	}
	must_be(200, change("PATCH", text_of("/v1/contacts/%s", mail), "{\"address\":\"b@b.example\"}"));
	must_be(200, change("PATCH", text_of("/v1/contacts/%s", hook), "{\"address\":\"https://b.example/?x=1\"}"));
}
END_TEST

START_TEST(webhook_secret_is_shown_once)
{
	const char *body = "{\"name\":\"Library\",\"kind\":\"council\",\"group\":\"families\",\"contacts\":["
			   "{\"channel\":\"webhook\",\"address\":\"https://a.example/"
			   "\"},{\"channel\":\"email\",\"address\":\"a@a.example\"},"
			   "{\"channel\":\"webhook\",\"address\":\"https://b.example/\"}]}";
	struct answer made = must(201, send("POST", "/v1/organisations", "Idempotency-Key: library\r\n", body));
	const char *first = at(&made, "contacts/0/secret"), *second = at(&made, "contacts/2/secret");
	ck_assert(text_starts(first, "whsec_") && text_starts(second, "whsec_"));
	ck_assert_str_ne(first, second);
	ck_assert_str_eq(at(&made, "contacts/1/secret"), "");
	struct answer again = must(201, send("POST", "/v1/organisations", "Idempotency-Key: library\r\n", body));
	ck_assert_str_eq(again.body, made.body);
	struct answer read = get(header(&made, "Location"));
	ck_assert_ptr_null(strstr(read.body, "secret"));
	ck_assert_ptr_null(strstr(read.body, "ks1."));
	answer_release(&read);
	read = get(text_of("/v1/contacts/%s", at(&made, "contacts/0/id")));
	ck_assert_ptr_null(strstr(read.body, "secret"));
	answer_release(&read);
	/* Nowhere in the clear: neither in the contact nor in the stored reply. */
	ck_assert_int_eq(rows(text_of("select count(*) from kept.contact where strpos(secret, '%s') > 0", first + 6)),
			 0);
	ck_assert_int_eq(rows(text_of("select count(*) from kept.idempotency where strpos(body, '%s') > 0", first + 6)),
			 0);
	must_be(204, change("DELETE", header(&made, "Location"), NULL));
	must_be(404, send("GET", header(&made, "Location"), NULL, NULL));
	ck_assert_int_eq(
		rows(text_of("select count(*) from kept.contact where organisation_id = '%s'", at(&made, "id"))), 0);
	answer_release(&made);
	answer_release(&again);
}
END_TEST

START_TEST(organisation_with_a_part_in_commitments_stays)
{
	const char *path =
		text_of("/v1/organisations/%s",
			world_make(&world, world.lakeview.admin, "/v1/organisations",
				   "{\"name\":\"Local 12\",\"kind\":\"chapter\",\"group\":\"teacher_unions\"}"));
	const char *commitment = world_make(
		&world, world.lakeview.admin, "/v1/commitments",
		text_of("{\"group\":\"teacher_unions\",\"title\":\"Mentor\",\"owner\":{\"organisation_id\":\"%s\"}}",
			strrchr(path, '/') + 1));
	must_be(409, change("DELETE", path, NULL));
	must_be(204, change("DELETE", text_of("/v1/commitments/%s", commitment), NULL));
	must_be(204, change("DELETE", path, NULL));
}
END_TEST

START_TEST(contacts_have_a_ceiling)
{
	const char *path =
		text_of("/v1/people/%s/contacts", world_make(&world, world.lakeview.admin, "/v1/people",
							     "{\"name\":\"Ten\",\"groups\":[\"families\"]}"));
	for (int i = 0; i < 10; i++)
		must_be(201,
			send("POST", path, NULL, text_of("{\"channel\":\"email\",\"address\":\"a%d@a.example\"}", i)));
	must_be(409, send("POST", path, NULL, "{\"channel\":\"email\",\"address\":\"a@a.example\"}"));
}
END_TEST

START_TEST(erased_person_is_gone_and_the_commitments_stay)
{
	const char *name = "Yolanda Zubizarreta", *address = "yolanda@a.example";
	const char *person = world_make(&world, world.lakeview.admin, "/v1/people",
					text_of("{\"name\":\"%s\",\"groups\":[\"families\"],\"language\":\"es\","
						"\"contacts\":[{\"channel\":\"email\",\"address\":\"%s\"}]}",
						name, address));
	const char *path = text_of("/v1/people/%s", person);
	struct answer made = must(201, send("POST", "/v1/commitments", "Idempotency-Key: erase\r\n",
					    text_of("{\"group\":\"families\",\"title\":\"Garden\",\"owner\":{\"person_"
						    "id\":\"%s\"},\"due_on\":\"2027-02-15\","
						    "\"parties\":[{\"role\":\"helper\",\"person_id\":\"%s\"}]}",
						    person, world.lakeview.person)));
	const char *commitment = header(&made, "Location");
	must_be(200, change("PATCH", text_of("/v1/schools/%s", world.lakeview.school),
			    text_of("{\"coordinator_id\":\"%s\"}", person)));
	must_be(202, send("POST", text_of("%s/remind", commitment), NULL, "{}"));
	world_work(&world);
	ck_assert_int_gt(
		rows(text_of("select count(*) from kept.message where strpos(content::text, '%s') > 0", address)), 0);

	must_be(204, change("DELETE", path, NULL));
	must_be(404, send("GET", path, NULL, NULL));
	must_be(404, change("PATCH", path, "{\"name\":\"Again\"}"));
	struct answer read = get(commitment);
	ck_assert_str_eq(at(&read, "title"), "Garden");
	ck_assert_str_eq(at(&read, "owner/person_id"), person);
	ck_assert_str_eq(at(&read, "owner/name"), "null");
	answer_release(&read);
	read = get(text_of("%s/reminders", commitment));
	ck_assert_str_eq(at(&read, "items/0/state"), "sent");
	answer_release(&read);
	read = get(text_of("/v1/schools/%s", world.lakeview.school));
	ck_assert_str_eq(at(&read, "coordinator_id"), "null");
	answer_release(&read);
	/* Neither name nor address is left in any table once the worker has looked through what was sent to others. */
	world_clock(&world, "2027-01-10 15:02:00+00");
	world_work(&world);
	world_clock(&world, WORLD_NOW);
	const char *question =
		text_of("select string_agg(relname, ' ') from pg_class where relnamespace = 'kept'::regnamespace and "
			"relkind = 'r'"
			" and (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from kept.%%I t where "
			"strpos(t::text, %%L) > 0"
			" or strpos(t::text, %%L) > 0', relname, '%s', '%s'), false, true, '')))[1]::text <> '0'",
			name, address);
	char *tables = query_text(world.superuser, question);
	ck_assert_msg(*tables == '\0', "still in %s", tables);
	free(tables);
	answer_release(&made);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("people");
	TCase *all = tcase_create("people");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, person_is_kept_as_written);
	tcase_add_test(all, merge_patch_changes_what_it_names_and_null_takes_away);
	tcase_add_test(all, lists_are_by_name_and_filtered);
	tcase_add_test(all, students_have_no_contact);
	tcase_add_test(all, contact_can_be_paused_and_resumed);
	tcase_add_test(all, changed_address_must_fit_as_a_new_one);
	tcase_add_test(all, webhook_secret_is_shown_once);
	tcase_add_test(all, organisation_with_a_part_in_commitments_stays);
	tcase_add_test(all, contacts_have_a_ceiling);
	tcase_add_test(all, erased_person_is_gone_and_the_commitments_stay);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
