/*
 * A kickoff where three groups are missing: who came is counted, who is missing is told, invitations are drafted in the
 * groups' languages and sent by the worker once somebody says so, and endpoints hear of each move.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/http_peer.h"
#include "tests/support/letter.h"
#include "tests/support/program.h"
#include "tests/support/smtp_peer.h"
#include "tests/support/world.h"

static struct world world;
static struct smtp_peer *mail;
static struct http_peer *hooks;

static void start_all(void)
{
	world_start(&world, "kickoff");
}

static void stop_all(void)
{
	world_stop(&world);
}

/* In the process of each test: threads of the peers do not outlive a fork. */
static void set_up(void)
{
	mail = smtp_peer_start();
	hooks = http_peer_start();
	ck_assert(mail && hooks);
}

static void tear_down(void)
{
	smtp_peer_stop(mail);
	http_peer_stop(hooks);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}

static struct answer send(const char *method, const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, method, target,
		   strcmp(method, "POST") == 0 ? NULL : "If-Match: *\r\n", body);
}

static const char *make(const char *path, const char *body)
{
	return world_make(&world, world.lakeview.admin, path, body);
}

/* Does all that is due; mail goes by SMTP to the peer. */
static void work(void)
{
	static const char *const arguments[] = {"--once", NULL};
	const char *const environment[] = {text_of("KEPT_DATABASE_URL=%s", world.api.database_url),
					   text_of("KEPT_MAIL_URL=smtp://127.0.0.1:%d", smtp_peer_port(mail)),
					   "KEPT_PUBLIC_URL=https://kept.lakeview.example",
					   "KEPT_SECRET=k1:01234567890123456789012345678901",
					   "KEPT_EGRESS_ALLOW=127.0.0.1/32:*",
					   NULL};
	char folder[] = "/tmp/kept-kickoff-XXXXXX", log[64];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	struct program worker;
	program_start(&worker, &(struct program_settings){.name = "kept-worker",
							  .arguments = arguments,
							  .environment = environment,
							  .folder = folder,
							  .log = "log"});
	bool ended = program_wait(&worker, 60);
	char *said = program_log(&worker);
	ck_assert_msg(ended && worker.status == 0, "%s", said);
	free(said);
	program_release(&worker);
	snprintf(log, sizeof(log), "%s/log", folder);
	(void)remove(log);
	(void)remove(folder);
}

/* A plan by the guide, for the whole district; its path. */
static const char *plan_made(const char *title)
{
	struct answer list = get("/v1/frameworks");
	const char *guide = "";
	for (int i = 0; i < count_at(&list, "items"); i++)
		if (strcmp(at(&list, text_of("items/%d/code", i)), "guide") == 0)
			guide = at(&list, text_of("items/%d/id", i));
	const char *id =
		make("/v1/plans", text_of("{\"framework_id\":\"%s\",\"school_year\":\"2026-27\",\"title\":\"%s\","
					  "\"starts_on\":\"2026-08-01\",\"ends_on\":\"2027-06-30\"}",
					  guide, title));
	answer_release(&list);
	return text_of("/v1/plans/%s", id);
}

static const char *id_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static const char *person(const char *name, const char *group, const char *language, const char *address)
{
	return make("/v1/people",
		    text_of("{\"name\":\"%s\",\"groups\":[\"%s\"],\"language\":\"%s\",\"contacts\":[%s]}", name, group,
			    language, *address ? text_of("{\"channel\":\"email\",\"address\":\"%s\"}", address) : ""));
}

static const char kickoff[] =
	"{\"status\":\"held\",\"minutes\":\"Families ask for evening hours.\",\"headcounts\":["
	"{\"group\":\"teachers\",\"language\":\"en\",\"count\":6},{\"group\":\"leaders\",\"language\":\"en\",\"count\":"
	"4},"
	"{\"group\":\"families\",\"language\":\"es\",\"count\":1},{\"group\":\"families\",\"language\":\"ar\","
	"\"count\":1},"
	"{\"group\":\"business_community\",\"language\":\"en\",\"count\":1},"
	"{\"group\":\"teacher_unions\",\"language\":\"en\",\"count\":1},{\"group\":\"students\",\"language\":\"en\","
	"\"count\":0},"
	"{\"group\":\"education_support_professionals\",\"count\":0},{\"group\":\"policymakers\",\"count\":0}]}";

static void expect_missing(const char *plan, const char *missing)
{
	struct answer coverage = get(text_of("%s/coverage", plan)), summary = get("/v1/summary");
	ck_assert_str_eq(at(&coverage, "missing"), missing);
	for (int i = 0; i < count_at(&summary, "coverage"); i++)
		if (strcmp(at(&summary, text_of("coverage/%d/plan_id", i)), id_of(plan)) == 0) {
			ck_assert_str_eq(at(&summary, text_of("coverage/%d/missing", i)), missing);
			answer_release(&summary);
			answer_release(&coverage);
			return;
		}
	ck_abort_msg("the summary lacks the plan: %s", summary.body);
}

/* The mail to that address; fails unless there is one. */
static void expect_mail(const char *address, const char *language, const char *subject, const char *words)
{
	struct smtp_mail got;
	for (int i = 0; smtp_peer_mail(mail, i, &got); i++) {
		if (strcmp(got.to, address) == 0) {
			char *flat = letter_flat(got.bytes), *said = letter_header(got.bytes, "Subject"),
			     *tag = letter_header(got.bytes, "Content-Language");
			ck_assert_str_eq(said, subject);
			ck_assert_str_eq(tag, language);
			ck_assert_msg(strstr(flat, words) != NULL, "%s is not in %s", words, flat);
			ck_assert_msg(strstr(flat, "https://kept.lakeview.example/s/") && !strchr(flat, '{'), "%s",
				      flat);
			free(flat);
			free(said);
			free(tag);
			smtp_mail_release(&got);
			return;
		}
		smtp_mail_release(&got);
	}
	ck_abort_msg("no mail to %s", address);
}

/* How many events of that move reached the endpoint. */
static int told(const char *group, const char *from, const char *to)
{
	int count = 0;
	struct http_request request;
	for (int i = 0; http_peer_request(hooks, i, &request); i++) {
		json_t *body = json_loads(request.body, 0, NULL), *data = json_object_get(body, "data");
		count += strcmp(json_string_value(json_object_get(body, "type")), "coverage.changed") == 0 &&
			 strcmp(json_string_value(json_object_get(data, "group")), group) == 0 &&
			 strcmp(json_string_value(json_object_get(data, "from")), from) == 0 &&
			 strcmp(json_string_value(json_object_get(data, "to")), to) == 0;
		json_decref(body);
		http_request_release(&request);
	}
	return count;
}

static const char missing[] = "[\"education_support_professionals\",\"students\",\"policymakers\"]";
static const char mayor[] = "[\"policymakers\"]";

/* Drafts for what is missing; the paths of the drafts in `drafts`. */
static void draft_all(const char *plan, const char *meeting, const char *drafts[4])
{
	static const char *const expected[] = {"education_support_professionals ar",
					       "education_support_professionals en", "students es", "policymakers en"};
	struct answer drafted =
		must(200, send("POST", text_of("%s/invitations", plan), text_of("{\"meeting_id\":\"%s\"}", meeting)));
	ck_assert_int_eq(count_at(&drafted, "items"), 4);
	for (int i = 0; i < 4; i++) {
		ck_assert_str_eq(text_of("%s %s", at(&drafted, text_of("items/%d/group", i)),
					 at(&drafted, text_of("items/%d/language", i))),
				 expected[i]);
		drafts[i] = text_of("%s/invitations/%s", plan, at(&drafted, text_of("items/%d/id", i)));
	}
	ck_assert_str_eq(at(&drafted, "unreachable"), mayor);
	ck_assert_str_eq(at(&drafted, "untranslated"), "[]");
	answer_release(&drafted);
}

static void invite(const char *const drafts[4])
{
	for (int i = 0; i < 3; i++) {
		struct answer sent = must(202, send("POST", text_of("%s/send", drafts[i]), "{}"));
		ck_assert_str_eq(at(&sent, "status"), "sent");
		ck_assert_str_eq(at(&sent, "recipients"), "1");
		answer_release(&sent);
		must_be(409, send("POST", text_of("%s/send", drafts[i]), "{}"));
		must_be(409, send("PATCH", drafts[i], "{\"subject\":\"Other\"}"));
		must_be(409, send("DELETE", drafts[i], NULL));
	}
	struct answer nobody = must(409, send("POST", text_of("%s/send", drafts[3]), "{}"));
	ck_assert_msg(strstr(nobody.body, "can be reached") != NULL, "%s", nobody.body);
	answer_release(&nobody);
}

START_TEST(a_kickoff_where_three_groups_are_missing_and_are_invited_in_three_languages)
{
	const char *plan = plan_made("Our table"), *drafts[4], *governor;
	must_be(200, send("POST", text_of("%s/versions/1/status", plan), "{\"status\":\"consultation\"}"));
	make("/v1/webhook-endpoints",
	     text_of("{\"url\":\"http://127.0.0.1:%d/\",\"events\":[\"coverage.changed\"]}", http_peer_port(hooks)));
	person("Amal", "education_support_professionals", "ar", "amal@a.example");
	person("Bea", "education_support_professionals", "en-US", "bea@a.example");
	governor = person("Cy", "policymakers", "en", "");
	make("/v1/organisations",
	     "{\"name\":\"Student council\",\"kind\":\"council\",\"group\":\"students\",\"language\":"
	     "\"es-MX\",\"contacts\":[{\"channel\":\"email\",\"address\":\"council@a.example\"}]}");
	const char *first =
		make("/v1/meetings", text_of("{\"plan_id\":\"%s\",\"title\":\"Kickoff\",\"held_on\":\"2027-01-"
					     "08\"}",
					     id_of(plan)));
	must_be(200, send("PATCH", text_of("/v1/meetings/%s", first), kickoff));
	expect_missing(plan, missing);
	const char *second =
		make("/v1/meetings",
		     text_of("{\"plan_id\":\"%s\",\"title\":\"Second\",\"held_on\":\"2027-01-20\",\"begins_at\":"
			     "\"18:30\",\"place\":\"Library\"}",
			     id_of(plan)));
	draft_all(plan, second, drafts);
	work();
	ck_assert_int_eq(smtp_peer_mails(mail), 0);
	expect_missing(plan, missing);
	invite(drafts);
	work();
	ck_assert_int_eq(smtp_peer_mails(mail), 3);
	expect_mail("amal@a.example", "ar", "مكانكم إلى الطاولة: \u2068Our table\u2069", "2027-01-20 18:30");
	expect_mail("bea@a.example", "en", "Your place at the table: Our table",
		    "We meet on 2027-01-20 18:30: Second. Place: "
		    "Library.");
	expect_mail("council@a.example", "es", "Su lugar en la mesa: Our table", "¿Quiénes no han participado");
	expect_missing(plan, mayor);
	ck_assert_int_eq(told("students", "missing", "invited"), 1);
	ck_assert_int_eq(told("education_support_professionals", "missing", "invited"), 1);
	ck_assert_int_eq(told("teachers", "missing", "took_part"), 1);
	ck_assert_int_eq(http_peer_requests(hooks), 7);
	/* Somebody finds the address. */
	make(text_of("/v1/people/%s/contacts", governor), "{\"channel\":\"email\",\"address\":\"cy@a.example\"}");
	must_be(202, send("POST", text_of("%s/send", drafts[3]), "{}"));
	expect_missing(plan, "[]");
	work();
	ck_assert_int_eq(smtp_peer_mails(mail), 4);
	ck_assert_int_eq(told("policymakers", "missing", "invited"), 1);
}
END_TEST

START_TEST(counts_are_for_admins_and_stewards_and_states_for_all)
{
	const char *plan = plan_made("Counted");
	must_be(200, send("POST", text_of("%s/versions/1/status", plan), "{\"status\":\"consultation\"}"));
	const char *meeting =
		make("/v1/meetings", text_of("{\"plan_id\":\"%s\",\"title\":\"Kickoff\",\"held_on\":\"2027-"
					     "01-08\"}",
					     id_of(plan)));
	must_be(200, send("PATCH", text_of("/v1/meetings/%s", meeting), kickoff));
	const struct {
		const char *key, *took_part;
	} rows[] = {{world.lakeview.admin, "2"}, {world.steward, "2"}, {world.partner, "null"}, {world.reader, "null"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer coverage = must(200, ask(&world.asking, rows[i].key, "GET", text_of("%s/coverage", plan),
						       "Accept-Language: es\r\n", NULL));
		ck_assert_str_eq(at(&coverage, "groups/5/group"), "families");
		ck_assert_str_eq(at(&coverage, "groups/5/name"), "Familias");
		ck_assert_str_eq(at(&coverage, "groups/5/state"), "took_part");
		ck_assert_str_eq(at(&coverage, "groups/5/necessity"), "must");
		ck_assert_str_eq(at(&coverage, "groups/5/took_part"), rows[i].took_part);
		ck_assert_int_eq(count_at(&coverage, "groups"), 8);
		answer_release(&coverage);
	}
}
END_TEST

START_TEST(drafts_that_somebody_worked_on_stay_and_wrong_ones_are_not_made)
{
	const char *plan = plan_made("Drafted"), *all = text_of("%s/invitations", plan);
	const char *elsewhere = make("/v1/meetings", "{\"title\":\"Other\",\"held_on\":\"2027-01-20\"}");
	static const char *const wrong[] = {"{\"meeting_id\":\"" WORLD_ABSENT "\"}", "{\"groups\":[\"pirates\"]}",
					    "{\"groups\":[]}", "{\"groups\":[\"families\",\"families\"]}"};
	char *before = world_digest(&world);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		must_be(422, send("POST", all, wrong[i]));
	must_be(422, send("POST", all, text_of("{\"meeting_id\":\"%s\"}", elsewhere)));
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	person("Sa'id", "families", "so", "said@a.example");
	struct answer drafted = must(200, send("POST", all, "{\"groups\":[\"families\"]}"));
	ck_assert_str_eq(at(&drafted, "untranslated"), "[\"so\"]");
	const char *one = text_of("%s/%s", all, at(&drafted, "items/0/id"));
	/* A draft plan has no sheet yet. */
	ck_assert_ptr_null(strstr(drafted.body, "{sheet}"));
	answer_release(&drafted);
	static char long_text[4100];
	memset(long_text, 'a', 4001);
	must_be(422, send("PATCH", one, text_of("{\"text\":\"%s\"}", long_text)));
	must_be(200, send("PATCH", one, "{\"text\":\"مرحبا, it's ours\"}"));
	must_be(200, send("POST", text_of("%s/versions/1/status", plan), "{\"status\":\"consultation\"}"));
	must_be(200, send("POST", all, "{\"groups\":[\"families\"]}"));
	struct answer read = get(one);
	ck_assert_str_eq(at(&read, "text"), "مرحبا, it's ours");
	answer_release(&read);
	struct answer list = get(text_of("%s?group=families", all));
	for (int i = 0; i < count_at(&list, "items"); i++) {
		const char *text = at(&list, text_of("items/%d/text", i));
		ck_assert_msg(strcmp(text, "مرحبا, it's ours") == 0 || strstr(text, "{sheet}"), "%s", text);
	}
	answer_release(&list);
	must_be(204, send("DELETE", one, NULL));
}
END_TEST

START_TEST(an_archived_plan_invites_nobody)
{
	const char *plan = plan_made("Archived");
	must_be(200, send("POST", text_of("%s/versions/1/status", plan), "{\"status\":\"consultation\"}"));
	must_be(200, send("POST", text_of("%s/versions/1/status", plan), "{\"status\":\"archived\"}"));
	must_be(409, send("POST", text_of("%s/invitations", plan), "{}"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kickoff");
	TCase *all = tcase_create("kickoff");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, a_kickoff_where_three_groups_are_missing_and_are_invited_in_three_languages);
	tcase_add_test(all, counts_are_for_admins_and_stewards_and_states_for_all);
	tcase_add_test(all, drafts_that_somebody_worked_on_stay_and_wrong_ones_are_not_made);
	tcase_add_test(all, an_archived_plan_invites_nobody);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
