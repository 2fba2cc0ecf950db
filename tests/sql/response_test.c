/* Responses and comments: who may say what of whom, what is kept of it, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/consult.h"
#include "tests/support/query.h"
#include "tests/support/register.h"
#include "tests/support/route.h"

#define KEY_BEN HASH64("7")    /* a steward's, held by Ben, who is a teacher */
#define KEY_NOBODY HASH64("8") /* a partner's, of no organisation */

static struct cluster *cluster;
static char *url, *superuser;
static PGconn *api;

static void set_up(void)
{
	register_clear(superuser);
	consult_plan(superuser);
	consult_version(superuser, 1, "Read", "null", "1");
	consult_chamber(superuser);
	api = route_connect(url);
}

static void tear_down(void)
{
	PQfinish(api);
}

#define BY_MARIA "\"by\":{\"person_id\":\"" PERSON_MARIA "\"},\"identified_by\":\"paper\""
#define BY_BEN "\"by\":{\"person_id\":\"" PERSON_BEN "\"},\"identified_by\":\"paper\""
#define BY_CHAMBER "\"by\":{\"organisation_id\":\"" ORGANISATION_CHAMBER "\"},\"identified_by\":\"key\""
#define BY_CHAPTER "\"by\":{\"organisation_id\":\"" ORGANISATION_CHAPTER "\"},\"identified_by\":\"key\""
#define BY_TWELVE "\"by\":{\"count\":12},\"identified_by\":\"meeting\""
#define TO_FAMILIES "{\"item_id\":\"" CONSULT_ITEM "\","
#define TO_CHAMBER "{\"item_id\":\"" CONSULT_ITEM_CHAMBER "\","
#define AGREE ",\"stance\":\"agree\"}"

static struct route_reply respond(const char *key, const char *body)
{
	return route_ask(api, key, "response_create", "request", "{}", "id", CONSULT_PLAN, "body", body, NULL);
}

START_TEST(a_response_keeps_who_how_when_and_the_text_it_is_to)
{
	struct route_reply reply = respond(KEY_BEN, TO_FAMILIES BY_MARIA
					   ",\"stance\":\"amend\",\"amendment\":\"Sólo los \\\"domingos\\\"\","
					   "\"responded_on\":\"2027-01-09\"}");
	ck_assert_msg(reply.status == 201, "%s", reply.body);
	static const char *const members[][2] = {
		{"plan_version", "1"},
		{"group", "families"},
		{"stance", "amend"},
		{"amendment", "Sólo los \"domingos\""},
		{"by/person_id", PERSON_MARIA},
		{"by/name", "María O'Neill"},
		{"identified_by", "paper"},
		{"recorder/person_id", PERSON_BEN},
		{"text_hash", HASH64("1")},
		{"responded_on", "2027-01-09"},
		{"replaced_by", "null"},
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		route_expect_member(&reply, members[i][0], members[i][1]);
	ck_assert_int_eq(strncmp(route_member(&reply, "recorded_by"), "key:", 4), 0);
	struct route_reply read = route_ask(api, KEY_READER, "response_read", "id", CONSULT_PLAN, "response_id",
					    route_member(&reply, "id"), NULL);
	ck_assert_int_eq(read.status, 404); /* who said what is not for everybody */
	route_release(&read);
	route_release(&reply);
}
END_TEST

static const struct {
	const char *key, *body;
	int status;
	const char *says;
} refused[] = {
	/* Only the group itself. */
	{KEY_ADMIN, TO_FAMILIES BY_BEN AGREE, 422, "only a group itself agrees for itself"},
	{KEY_ADMIN,
	 TO_FAMILIES "\"by\":{\"organisation_id\":\"" ORGANISATION_CHAPTER "\"},\"identified_by\":\"paper\"" AGREE, 422,
	 "only a group itself agrees for itself"},
	{KEY_PARTNER, TO_FAMILIES BY_CHAMBER AGREE, 422, "only a group itself agrees for itself"},
	{KEY_PARTNER, TO_CHAMBER BY_CHAPTER AGREE, 403, "its own organisation only"},
	{KEY_PARTNER, TO_FAMILIES BY_MARIA AGREE, 403, "its own organisation only"},
	{KEY_PARTNER, TO_CHAMBER "\"by\":{\"count\":3},\"identified_by\":\"meeting\"" AGREE, 403,
	 "its own organisation only"},
	{KEY_NOBODY, TO_FAMILIES BY_TWELVE AGREE, 403, "its own organisation only"},
	{KEY_STEWARD_FAMILIES, TO_CHAMBER "\"by\":{\"count\":3},\"identified_by\":\"meeting\"" AGREE, 403,
	 "one stakeholder group"},
	/* How they were identified is true. */
	{KEY_ADMIN, TO_FAMILIES "\"by\":{\"person_id\":\"" PERSON_MARIA "\"},\"identified_by\":\"key\"" AGREE, 422,
	 "/identified_by"},
	{KEY_BEN, TO_FAMILIES "\"by\":{\"person_id\":\"" PERSON_MARIA "\"},\"identified_by\":\"key\"" AGREE, 422,
	 "/identified_by"},
	{KEY_ADMIN, TO_FAMILIES "\"by\":{\"count\":2},\"identified_by\":\"key\"" AGREE, 422, "/identified_by"},
	/* Who is there. */
	{KEY_ADMIN, TO_FAMILIES "\"by\":{\"person_id\":\"" PERSON_ERASED "\"},\"identified_by\":\"paper\"" AGREE, 422,
	 "/by/person_id"},
	{KEY_ADMIN, TO_FAMILIES "\"by\":{\"person_id\":\"" HILLSIDE_PERSON "\"},\"identified_by\":\"paper\"" AGREE, 422,
	 "/by/person_id"},
	{KEY_ADMIN,
	 TO_FAMILIES "\"by\":{\"organisation_id\":\"" HILLSIDE_ORGANISATION "\"},\"identified_by\":\"paper\"" AGREE,
	 422, "/by/organisation_id"},
	{KEY_ADMIN, "{\"item_id\":\"" REGISTER_ID("99") "\"," BY_MARIA AGREE, 422, "/item_id"},
	/* What belongs together. */
	{KEY_ADMIN, TO_FAMILIES BY_MARIA ",\"stance\":\"amend\"}", 422, "/amendment"},
	{KEY_ADMIN, TO_FAMILIES BY_MARIA ",\"stance\":\"decline\",\"amendment\":\"x\"}", 422, "/amendment"},
	{KEY_ADMIN, TO_FAMILIES BY_MARIA ",\"meeting_id\":\"" REGISTER_ID("99") "\"" AGREE, 422, "/meeting_id"},
	{KEY_ADMIN, TO_FAMILIES BY_TWELVE ",\"meeting_id\":\"" REGISTER_ID("99") "\"" AGREE, 422, "/meeting_id"},
	{KEY_ADMIN, TO_FAMILIES BY_MARIA ",\"responded_on\":\"2027-01-11\"" AGREE, 422, "/responded_on"},
	{KEY_ADMIN, TO_FAMILIES BY_MARIA ",\"responded_on\":\"2027-01-08\"" AGREE, 422, "2027-01-09"},
};

START_TEST(what_is_not_so_is_refused_and_leaves_nothing)
{
	struct route_reply reply = respond(refused[_i].key, refused[_i].body);
	ck_assert_msg(reply.status == refused[_i].status, "%d %s %s", reply.status, reply.body, reply.errors);
	ck_assert_msg(strstr(reply.body, refused[_i].says) || strstr(reply.errors, refused[_i].says), "%s %s",
		      reply.body, reply.errors);
	route_release(&reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_response"), 0);
}
END_TEST

START_TEST(all_that_is_wrong_is_told_at_once)
{
	struct route_reply reply =
		respond(KEY_ADMIN, TO_FAMILIES BY_BEN ",\"stance\":\"amend\",\"responded_on\":\"2027-02-01\"}");
	ck_assert_int_eq(reply.status, 422);
	ck_assert_ptr_nonnull(strstr(reply.errors, "/by/person_id"));
	ck_assert_ptr_nonnull(strstr(reply.errors, "/amendment"));
	ck_assert_ptr_nonnull(strstr(reply.errors, "/responded_on"));
	route_release(&reply);
}
END_TEST

START_TEST(a_key_of_one_school_gives_no_number_for_the_whole_district)
{
	route_expect(respond(KEY_STEWARD_EAST, TO_FAMILIES BY_TWELVE AGREE), 201);
	query_run(superuser, "update kept.plan set school_id = null");
	struct route_reply reply = respond(KEY_STEWARD_EAST, TO_FAMILIES BY_TWELVE AGREE);
	ck_assert_int_eq(reply.status, 403);
	ck_assert_ptr_nonnull(strstr(reply.body, "it may not give a count"));
	route_release(&reply);
	route_expect(respond(KEY_STEWARD, TO_FAMILIES BY_TWELVE AGREE), 201);
}
END_TEST

static const char *const closed[] = {"draft", "adopted", "in_force", "under_review", "archived"};

START_TEST(responses_are_recorded_in_consultation_only)
{
	char sql[300];
	snprintf(sql, sizeof(sql),
		 "set session_replication_role = replica; update kept.plan_version set status = '%s', text_hash = %s",
		 closed[_i], _i == 0 ? "null" : "repeat('0', 64)");
	query_run(superuser, sql);
	struct route_reply reply = respond(KEY_ADMIN, TO_FAMILIES BY_MARIA AGREE);
	ck_assert_int_eq(reply.status, 409);
	ck_assert_ptr_nonnull(strstr(reply.body, "while a version is in consultation"));
	route_release(&reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_response"), 0);
}
END_TEST

START_TEST(a_second_word_replaces_the_first_which_stays)
{
	route_expect(respond(KEY_ADMIN, TO_FAMILIES BY_MARIA ",\"stance\":\"decline\"}"), 201);
	struct route_reply second = respond(KEY_ADMIN, TO_FAMILIES BY_MARIA AGREE);
	ck_assert_int_eq(second.status, 201);
	route_expect(respond(KEY_ADMIN, TO_FAMILIES BY_TWELVE AGREE), 201);
	route_expect(respond(KEY_ADMIN, TO_FAMILIES BY_TWELVE AGREE), 201); /* others, who were not named either */
	struct route_reply list =
		route_ask(api, KEY_STEWARD, "response_list", "id", CONSULT_PLAN, "page_size", "50", NULL);
	ck_assert_int_eq(route_count(&list, ""), 3);
	route_release(&list);
	list = route_ask(api, KEY_STEWARD, "response_list", "id", CONSULT_PLAN, "history", "true", "page_size", "50",
			 NULL);
	ck_assert_int_eq(route_count(&list, ""), 4);
	char sql[200];
	snprintf(sql, sizeof(sql),
		 "select count(*) from kept.plan_response where stance = 'decline' and replaced_by = '%s'",
		 route_member(&second, "id"));
	ck_assert_int_eq(query_number(superuser, sql), 1);
	route_release(&list);
	route_release(&second);
}
END_TEST

START_TEST(of_two_at_once_by_the_same_the_second_replaces_the_first)
{
	/* The first holds what it wrote until the second has begun. */
	PGconn *first = route_connect(url);
	PQclear(PQexec(first, "begin"));
	PQclear(PQexec(first, "select kept.enter('key', '" KEY_ADMIN "', '')"));
	PGresult *result = PQexec(first, "select kept.response_create('{}', '" CONSULT_PLAN "', '" TO_FAMILIES BY_MARIA
					 ",\"stance\":\"decline\"}')");
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQresultErrorMessage(result));
	PQclear(result);
	PQclear(PQexec(api, "begin"));
	PQclear(PQexec(api, "select kept.enter('key', '" KEY_STEWARD "', '')"));
	ck_assert_int_eq(PQsendQuery(api, "select (kept.response_create('{}', '" CONSULT_PLAN
					  "', '" TO_FAMILIES BY_MARIA AGREE "')).status"),
			 1);
	ck_assert(query_until(superuser, "select exists (select from pg_stat_activity where wait_event = 'advisory')",
			      10));
	PQclear(PQexec(first, "commit"));
	result = PQgetResult(api);
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQresultErrorMessage(result));
	ck_assert_str_eq(PQgetvalue(result, 0, 0), "201");
	PQclear(result);
	while ((result = PQgetResult(api)))
		PQclear(result);
	PQclear(PQexec(api, "commit"));
	PQfinish(first);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_response"), 2);
	char *stands = query_text(superuser, "select stance from kept.plan_response where replaced_by is null");
	ck_assert_str_eq(stands, "agree");
	free(stands);
}
END_TEST

START_TEST(a_partner_sees_its_own_only)
{
	route_expect(respond(KEY_ADMIN, TO_FAMILIES BY_MARIA AGREE), 201);
	route_expect(respond(KEY_PARTNER, TO_CHAMBER BY_CHAMBER AGREE), 201);
	struct route_reply list =
		route_ask(api, KEY_PARTNER, "response_list", "id", CONSULT_PLAN, "page_size", "50", NULL);
	ck_assert_int_eq(route_count(&list, ""), 1);
	route_expect_member(&list, "0/by/organisation_id", ORGANISATION_CHAMBER);
	route_expect_member(&list, "0/identified_by", "key");
	route_release(&list);
}
END_TEST

START_TEST(who_holds_the_key_may_be_identified_by_it)
{
	query_run(superuser, "insert into kept.person_group (district_id, person_id, group_code) values ('" LAKEVIEW
			     "', '" PERSON_BEN "', 'families')");
	route_expect(respond(KEY_BEN,
			     TO_FAMILIES "\"by\":{\"person_id\":\"" PERSON_BEN "\"},\"identified_by\":\"key\"" AGREE),
		     201);
	query_run(superuser,
		  "delete from kept.person_group where person_id = '" PERSON_BEN "' and group_code = 'families'");
}
END_TEST

START_TEST(lists_go_page_by_page)
{
	for (int i = 0; i < 5; i++)
		route_expect(respond(KEY_ADMIN, TO_FAMILIES BY_TWELVE AGREE), 201);
	route_expect(respond(KEY_ADMIN, TO_CHAMBER BY_TWELVE AGREE), 201);
	struct route_reply all = route_ask(api, KEY_ADMIN, "response_list", "id", CONSULT_PLAN, "group", "families",
					   "version", "1", "page_size", "50", NULL);
	ck_assert_int_eq(route_count(&all, ""), 5);
	ck_assert_str_eq(all.next, "");
	char after[200] = "";
	for (int seen = 0; seen < 5;) {
		struct route_reply page =
			route_ask(api, KEY_ADMIN, "response_list", "id", CONSULT_PLAN, "item_id", CONSULT_ITEM,
				  "page_size", "2", "after", *after ? after : NULL, NULL);
		for (int i = 0; i < route_count(&page, ""); i++, seen++) {
			char mine[20], theirs[20], id[40];
			snprintf(mine, sizeof(mine), "%d/id", i);
			snprintf(theirs, sizeof(theirs), "%d/id", seen);
			snprintf(id, sizeof(id), "%s", route_member(&page, mine));
			route_expect_member(&all, theirs, id);
		}
		ck_assert_int_eq(*page.next == '\0', seen == 5);
		snprintf(after, sizeof(after), "%s", page.next);
		route_release(&page);
	}
	route_release(&all);
}
END_TEST

static struct route_reply comment(const char *key, const char *body)
{
	return route_ask(api, key, "comment_create", "request", "{}", "id", CONSULT_PLAN, "body", body, NULL);
}

#define REMARK(kind, group, from, more)                                                                                \
	"{\"kind\":\"" kind "\",\"group\":\"" group "\",\"from_group\":\"" from                                        \
	"\",\"text\":\"Línea \\\"A\\\"\"," more "}"
#define ON_READING "\"item_id\":\"" CONSULT_ITEM "\","

static const struct {
	const char *key, *body;
	int status;
	const char *says;
} remarks[] = {
	/* Anybody on any list. */
	{KEY_ADMIN, REMARK("comment", "families", "teachers", ON_READING BY_BEN), 201, ""},
	{KEY_STEWARD_FAMILIES, REMARK("addition", "leaders", "families", BY_MARIA), 201, ""},
	{KEY_STEWARD, REMARK("addition", "leaders", "students", "\"identified_by\":\"meeting\""), 201, ""},
	{KEY_PARTNER, REMARK("comment", "leaders", "business_community", BY_CHAMBER), 201, ""},
	/* But as who they are. */
	{KEY_ADMIN, REMARK("comment", "families", "families", BY_BEN), 422, "/by/person_id"},
	{KEY_PARTNER, REMARK("comment", "families", "teacher_unions", BY_CHAPTER), 403, "its own organisation"},
	{KEY_PARTNER, REMARK("comment", "families", "families", "\"identified_by\":\"meeting\""), 403,
	 "its own organisation"},
	{KEY_NOBODY, REMARK("comment", "families", "families", "\"identified_by\":\"meeting\""), 403,
	 "its own organisation"},
	{KEY_STEWARD_FAMILIES, REMARK("comment", "families", "teachers", BY_BEN), 403, "one stakeholder group"},
	{KEY_ADMIN, REMARK("comment", "leaders", "teachers", ON_READING BY_BEN), 422, "/item_id"},
	{KEY_ADMIN, REMARK("comment", "leaders", "teachers", "\"identified_by\":\"key\""), 422, "/identified_by"},
};

START_TEST(anybody_comments_on_any_list_as_who_they_are)
{
	struct route_reply reply = comment(remarks[_i].key, remarks[_i].body);
	ck_assert_msg(reply.status == remarks[_i].status, "%d %s %s", reply.status, reply.body, reply.errors);
	ck_assert_msg(strstr(reply.body, remarks[_i].says) || strstr(reply.errors, remarks[_i].says), "%s %s",
		      reply.body, reply.errors);
	if (reply.status == 201)
		route_expect_member(&reply, "text", "Línea \"A\"");
	route_release(&reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_comment"), remarks[_i].status == 201);
}
END_TEST

START_TEST(an_archived_version_is_not_commented_on)
{
	query_run(superuser,
		  "set session_replication_role = replica; update kept.plan_version set status = 'archived'");
	route_expect(comment(KEY_ADMIN, REMARK("comment", "families", "teachers", ON_READING BY_BEN)), 409);
}
END_TEST

START_TEST(what_became_of_a_comment_is_told_with_its_reason)
{
	struct route_reply made = comment(KEY_ADMIN, REMARK("addition", "families", "teachers", BY_BEN));
	char id[40];
	snprintf(id, sizeof(id), "%s", route_member(&made, "id"));
	route_release(&made);
	static const struct {
		const char *key, *body;
		int status;
	} table[] = {
		{KEY_ADMIN, "{\"resolution\":\"not_taken\"}", 422},
		{KEY_ADMIN, "{\"taken_as\":\"" CONSULT_LINE "\"}", 422},
		{KEY_ADMIN, "{\"resolution\":\"taken\",\"taken_as\":\"" REGISTER_ID("99") "\"}", 422},
		{KEY_STEWARD_FAMILIES, "{\"resolution\":\"taken\",\"taken_as\":\"" CONSULT_LINE "\"}", 200},
		{KEY_ADMIN, "{\"resolution\":\"not_taken\",\"resolution_reason\":\"No room\"}", 200},
	};
	struct route_reply reply = {0};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		route_release(&reply);
		reply = route_ask(api, table[i].key, "comment_change", "request", "{}", "id", CONSULT_PLAN,
				  "comment_id", id, "body", table[i].body, NULL);
		ck_assert_msg(reply.status == table[i].status, "%zu: %d %s", i, reply.status, reply.body);
	}
	route_expect_member(&reply, "taken_as", "null");
	route_expect_member(&reply, "version", "3");
	route_release(&reply);
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "response", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "response");
	register_fill(superuser);
	query_run(superuser,
		  "insert into kept.key (district_id, name, prefix, hash, role, person_id) values ('" LAKEVIEW
		  "', 'ben', 'kept_77', '" KEY_BEN "', 'steward', '" PERSON_BEN "'), ('" LAKEVIEW
		  "', 'nobody', 'kept_88', '" KEY_NOBODY "', 'partner', null)");
	Suite *suite = suite_create("response");
	TCase *test = tcase_create("response");
	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, a_response_keeps_who_how_when_and_the_text_it_is_to);
	tcase_add_loop_test(test, what_is_not_so_is_refused_and_leaves_nothing, 0,
			    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(test, all_that_is_wrong_is_told_at_once);
	tcase_add_test(test, a_key_of_one_school_gives_no_number_for_the_whole_district);
	tcase_add_loop_test(test, responses_are_recorded_in_consultation_only, 0, sizeof(closed) / sizeof(closed[0]));
	tcase_add_test(test, a_second_word_replaces_the_first_which_stays);
	tcase_add_test(test, of_two_at_once_by_the_same_the_second_replaces_the_first);
	tcase_add_test(test, a_partner_sees_its_own_only);
	tcase_add_test(test, who_holds_the_key_may_be_identified_by_it);
	tcase_add_test(test, lists_go_page_by_page);
	tcase_add_loop_test(test, anybody_comments_on_any_list_as_who_they_are, 0,
			    sizeof(remarks) / sizeof(remarks[0]));
	tcase_add_test(test, an_archived_version_is_not_commented_on);
	tcase_add_test(test, what_became_of_a_comment_is_told_with_its_reason);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	cluster_stop(cluster);
	free(url);
	free(superuser);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
