/* Reminder policies, webhook endpoints, events and deliveries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/query.h"
#include "tests/support/register.h"
#include "tests/support/route.h"

static struct cluster *cluster;
static char *url, *superuser;
static PGconn *api;

static void set_up(void)
{
	register_clear(superuser);
	api = route_connect(url);
}

static void tear_down(void)
{
	PQfinish(api);
}

static void default_policy(char id[40])
{
	char *found = query_text(superuser, "select id from kept.reminder_policy where district_id = '" LAKEVIEW
					    "' and name = 'Default'");
	snprintf(id, 40, "%s", found);
	free(found);
}

START_TEST(a_policy_is_one_for_its_school_and_group)
{
	static const char body[] = "{\"name\":\"Families of East\",\"school_id\":\"" SCHOOL_EAST
				   "\",\"group\":\"families\",\"offsets\":[3,-3,-14],\"send_at\":\"17:30\"}";
	struct route_reply reply = route_ask(api, KEY_ADMIN, "policy_create", "request", "{}", "body", body, NULL);
	ck_assert_int_eq(reply.status, 201);
	route_expect_member(&reply, "offsets", "[-14,-3,3]");
	route_expect_member(&reply, "send_at", "17:30");
	route_release(&reply);
	route_expect(route_ask(api, KEY_ADMIN, "policy_create", "request", "{}", "body", body, NULL), 409);
	route_expect(route_ask(api, KEY_ADMIN, "policy_create", "request", "{}", "body",
			       "{\"name\":\"x\",\"school_id\":\"" HILLSIDE_SCHOOL "\",\"offsets\":[]}", NULL),
		     422);
	route_expect(route_ask(api, KEY_STEWARD_EAST, "policy_create", "request", "{}", "body",
			       "{\"name\":\"x\",\"group\":\"families\",\"offsets\":[]}", NULL),
		     403);
	route_expect(route_ask(api, KEY_STEWARD_EAST, "policy_create", "request", "{}", "body",
			       "{\"name\":\"x\",\"school_id\":\"" SCHOOL_EAST "\",\"offsets\":[]}", NULL),
		     201);
	reply = route_ask(api, KEY_ADMIN, "policy_list", "page_size", "2", NULL);
	ck_assert_int_eq(route_count(&reply, ""), 2);
	route_expect_member(&reply, "0/name", "Default");
	struct route_reply rest = route_ask(api, KEY_ADMIN, "policy_list", "page_size", "2", "after", reply.next, NULL);
	ck_assert_int_eq(route_count(&rest, ""), 1);
	ck_assert_str_eq(rest.next, "");
	route_release(&reply);
	route_release(&rest);
}
END_TEST

START_TEST(a_change_of_policy_asks_for_all_clocks_anew)
{
	char id[40];
	default_policy(id);
	long long before = query_number(superuser, "select plan_rev from kept.district where id = '" LAKEVIEW "'");
	struct route_reply reply = route_ask(api, KEY_ADMIN, "policy_change", "request", "{\"if_match\":1}", "id", id,
					     "body", "{\"send_at\":\"09:00\"}", NULL);
	ck_assert_int_eq(reply.status, 200);
	route_expect_member(&reply, "send_at", "09:00");
	route_expect_member(&reply, "offsets", "[-7,-2,1,7]");
	route_release(&reply);
	ck_assert_int_eq(
		query_number(superuser,
			     "select r.plan_rev from kept.replan r join kept.district d on d.id = r.district_id"
			     " where d.id = '" LAKEVIEW "' and r.plan_rev = d.plan_rev"),
		before + 1);
	route_expect(route_ask(api, KEY_ADMIN, "policy_change", "request", "{\"if_match\":1}", "id", id, "body",
			       "{\"send_at\":\"10:00\"}", NULL),
		     412);
	query_run(superuser, "update kept.reminder_policy set send_at = '08:00', version = 1 where name = 'Default'");
}
END_TEST

START_TEST(the_districts_default_policy_stays)
{
	char id[40];
	default_policy(id);
	route_expect(route_ask(api, KEY_ADMIN, "policy_remove", "request", "{}", "id", id, NULL), 409);
	route_expect(route_ask(api, KEY_ADMIN, "policy_change", "request", "{}", "id", id, "body",
			       "{\"group\":\"families\"}", NULL),
		     409);
	route_expect(route_ask(api, KEY_HILLSIDE, "policy_read", "id", id, NULL), 404);
	route_expect(route_ask(api, KEY_STEWARD_EAST, "policy_change", "request", "{}", "id", id, "body",
			       "{\"name\":\"Mine\"}", NULL),
		     403);
	struct route_reply reply = route_ask(api, KEY_ADMIN, "policy_create", "request", "{}", "body",
					     "{\"name\":\"x\",\"group\":\"students\",\"offsets\":[-1]}", NULL);
	ck_assert_int_eq(reply.status, 201);
	snprintf(id, sizeof(id), "%s", route_member(&reply, "id"));
	route_release(&reply);
	route_expect(route_ask(api, KEY_ADMIN, "policy_remove", "request", "{}", "id", id, NULL), 204);
	route_expect(route_ask(api, KEY_ADMIN, "policy_read", "id", id, NULL), 404);
}
END_TEST

START_TEST(an_endpoint_shows_its_secret_once_and_keeps_it_sealed)
{
	static const char request[] =
		"{\"operation\":\"POST "
		"/v1/webhook-endpoints\",\"path\":\"/v1/webhook-endpoints\",\"key\":\"k\",\"fingerprint\":\"" HASH64(
			"0") "\"}";
	struct route_reply reply =
		route_ask(api, KEY_ADMIN, "endpoint_create", "request", request, "body",
			  "{\"url\":\"https://a.example/hook\",\"events\":[\"reminder.failed\",\"commitment.*\"]}",
			  "secrets", "[{\"secret\":\"ks1.abc\"}]", NULL);
	ck_assert_int_eq(reply.status, 201);
	route_expect_member(&reply, "secret", "ks1.abc");
	route_expect_member(&reply, "events", "[\"commitment.*\",\"reminder.failed\"]");
	char id[40];
	snprintf(id, sizeof(id), "%s", route_member(&reply, "id"));
	struct route_reply read = route_ask(api, KEY_ADMIN, "endpoint_read", "id", id, NULL);
	route_expect_member(&read, "secret", "");
	ck_assert_str_eq(read.etag, reply.etag);
	route_release(&read);
	route_release(&reply);
	reply = route_ask(api, KEY_ADMIN, "endpoint_list", "page_size", "50", NULL);
	ck_assert_ptr_null(strstr(reply.body, "ks1."));
	ck_assert_int_eq(route_count(&reply, ""), 1);
	route_release(&reply);
	query_run(superuser,
		  "update kept.endpoint set state = 'disabled', state_reason = 'gone', failing_since = kept.now()");
	reply = route_ask(api, KEY_ADMIN, "endpoint_change", "request", "{\"if_match\":1}", "id", id, "body",
			  "{\"state\":\"active\",\"url\":\"https://b.example/\"}", NULL);
	ck_assert_int_eq(reply.status, 200);
	route_expect_member(&reply, "state", "active");
	route_expect_member(&reply, "state_reason", "null");
	route_expect_member(&reply, "url", "https://b.example/");
	route_expect_member(&reply, "version", "2");
	route_release(&reply);
	route_expect(route_ask(api, KEY_HILLSIDE, "endpoint_remove", "request", "{}", "id", id, NULL), 404);
	route_expect(route_ask(api, KEY_ADMIN, "endpoint_remove", "request", "{\"if_match\":1}", "id", id, NULL), 412);
	route_expect(route_ask(api, KEY_ADMIN, "endpoint_remove", "request", "{\"if_match\":2}", "id", id, NULL), 204);
	route_expect(route_ask(api, KEY_ADMIN, "endpoint_read", "id", id, NULL), 404);
}
END_TEST

static void promise(char id[40], const char *visibility)
{
	char body[400];
	snprintf(body, sizeof(body),
		 "{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"person_id\":\"" PERSON_MARIA
		 "\"},\"due_on\":\"2027-01-15\",\"visibility\":\"%s\"}",
		 visibility);
	struct route_reply reply = route_ask(api, KEY_ADMIN, "commitment_create", "request", "{}", "body", body, NULL);
	ck_assert_int_eq(reply.status, 201);
	snprintf(id, 40, "%s", route_member(&reply, "id"));
	route_release(&reply);
}

START_TEST(events_are_told_to_whom_their_commitment_is_told)
{
	char open[40], hidden[40];
	promise(open, "plan");
	promise(hidden, "group");
	struct route_reply admin = route_ask(api, KEY_ADMIN, "event_list", "page_size", "50", NULL);
	struct route_reply reader = route_ask(api, KEY_READER, "event_list", "page_size", "50", NULL);
	struct route_reply created = route_ask(api, KEY_ADMIN, "event_list", "page_size", "50", "type",
					       "commitment.created", "commitment_id", hidden, NULL);
	ck_assert_int_eq(route_count(&admin, ""), 4);
	ck_assert_int_eq(route_count(&reader, ""), 2);
	ck_assert_int_eq(route_count(&created, ""), 1);
	route_expect_member(&reader, "0/type", "commitment.created");
	route_expect_member(&reader, "0/commitment_id", open);
	route_expect_member(&reader, "0/data/days_left", "5");
	char id[40];
	snprintf(id, sizeof(id), "%s", route_member(&created, "0/id"));
	route_expect(route_ask(api, KEY_ADMIN, "event_read", "id", id, NULL), 200);
	route_expect(route_ask(api, KEY_READER, "event_read", "id", id, NULL), 404);
	route_expect(route_ask(api, KEY_HILLSIDE, "event_read", "id", id, NULL), 404);
	struct route_reply page = route_ask(api, KEY_ADMIN, "event_list", "page_size", "3", NULL);
	struct route_reply rest = route_ask(api, KEY_ADMIN, "event_list", "page_size", "3", "after", page.next, NULL);
	ck_assert_int_eq(route_count(&rest, ""), 1);
	route_release(&admin);
	route_release(&reader);
	route_release(&created);
	route_release(&page);
	route_release(&rest);
}
END_TEST

static int deliveries(const char *parameter, const char *value)
{
	struct route_reply reply =
		route_ask(api, KEY_ADMIN, "delivery_list", "page_size", "50", parameter, value, NULL);
	ck_assert_msg(reply.status == 200, "%s %s", reply.state, reply.body);
	int count = route_count(&reply, "");
	route_release(&reply);
	return count;
}

START_TEST(a_delivery_shows_its_state_from_the_first_moment_to_the_last)
{
	char id[40];
	promise(id, "group");
	route_expect(route_ask(api, KEY_ADMIN, "commitment_remind", "request", "{}", "id", id, "body", "{}", NULL),
		     202);
	struct route_reply reply =
		route_ask(api, KEY_ADMIN, "delivery_list", "page_size", "50", "commitment_id", id, NULL);
	ck_assert_int_eq(route_count(&reply, ""), 1);
	route_expect_member(&reply, "0/state", "pending");
	route_expect_member(&reply, "0/recipient_id", PERSON_MARIA);
	ck_assert_ptr_null(strstr(reply.body, "maria@"));
	char message[40];
	snprintf(message, sizeof(message), "%s", route_member(&reply, "0/id"));
	route_release(&reply);

	query_run(superuser,
		  "insert into kept.message (district_id, id, kind, channel, lane_id, contact_id)"
		  " select r.district_id, r.message_id, 'reminder', 'email', w.lane_id, r.contact_id"
		  " from kept.reminder r join kept.waiting w on w.message_id = r.message_id;"
		  "insert into kept.attempt (district_id, message_id, number, outcome, status, error, answer)"
		  " select district_id, id, 1, 'retry', 451, 'busy', '451 later' from kept.message;"
		  "update kept.waiting set why = 'retry', ready_at = '2027-01-10 15:05:00+00'");
	ck_assert_int_eq(deliveries("state", "retrying"), 1);
	ck_assert_int_eq(deliveries("state", "pending"), 0);
	ck_assert_int_eq(deliveries("channel", "email"), 1);
	ck_assert_int_eq(deliveries("channel", "webhook"), 0);
	ck_assert_int_eq(deliveries("endpoint_id", REGISTER_ID("99")), 0);
	reply = route_ask(api, KEY_ADMIN, "delivery_read", "id", message, NULL);
	route_expect_member(&reply, "attempt_count", "1");
	route_expect_member(&reply, "next_attempt_at", "2027-01-10T15:05:00Z");
	route_expect_member(&reply, "attempts/0/status", "451");
	route_expect_member(&reply, "attempts/0/answer", "451 later");
	route_release(&reply);

	query_run(superuser,
		  "delete from kept.waiting; insert into kept.delivery (district_id, message_id, outcome, attempts)"
		  " select district_id, id, 'sent', 2 from kept.message");
	reply = route_ask(api, KEY_ADMIN, "delivery_read", "id", message, NULL);
	route_expect_member(&reply, "state", "sent");
	route_expect_member(&reply, "attempt_count", "2");
	route_release(&reply);
	route_expect(route_ask(api, KEY_HILLSIDE, "delivery_read", "id", message, NULL), 404);
}
END_TEST

/* Rows of all tables, as text, that hold this word: "person 1, message 2". */
static char *where_is(const char *word)
{
	char sql[1500];
	snprintf(sql, sizeof(sql),
		 "create temporary table hit (name text, rows bigint);"
		 "do $$ declare t regclass; begin for t in select oid from pg_class where relnamespace = "
		 "'kept'::regnamespace"
		 " and relkind in ('r', 'p') and not relispartition loop"
		 " execute format('insert into hit select %%L, count(*) from %%s x where strpos(x::text, %%L) > 0', t, "
		 "t, '%s');"
		 " end loop; end $$;"
		 "select coalesce(string_agg(name || ' ' || rows, ', ' order by name), 'nowhere') from hit where rows "
		 "> 0",
		 word);
	return query_text(superuser, sql);
}

static void expect_where(const char *word, const char *expected)
{
	char *found = where_is(word);
	ck_assert_msg(strcmp(found, expected) == 0, "%s is in %s, not %s", word, found, expected);
	free(found);
}

#define KEYED(path, key)                                                                                               \
	"{\"operation\":\"POST " path "\",\"path\":\"" path "\",\"key\":\"" key                                        \
	"\",\"fingerprint\":\"" HASH64("0") "\"}"

/* A mail to Maria that names the owner and who gets the answer, as the worker freezes it. */
#define MAIL(reminder_of, reply_to)                                                                                    \
	"insert into kept.message (district_id, id, kind, channel, lane_id, content) select r.district_id, "           \
	"r.message_id, "                                                                                               \
	"'reminder', 'email', kept.uuid7(), jsonb_build_object('reply_to', " reply_to                                  \
	", 'commitment', jsonb_build_object('title', 'x', 'owner', 'Zelda Quill')) from kept.reminder r where "        \
	"r.commitment_id = '" reminder_of "';"
#define ZELDA "jsonb_build_object('name', 'Zelda Quill', 'address', 'zelda@quill.example')"

START_TEST(an_erased_person_is_named_nowhere)
{
	char id[40], own[40], body[400], sql[2500];
	struct route_reply reply =
		route_ask(api, KEY_ADMIN, "person_create", "request", KEYED("/v1/people", "k1"), "body",
			  "{\"name\":\"Zelda "
			  "Quill\",\"groups\":[\"families\"],\"time_zone\":\"Asia/Tokyo\",\"contacts\":[{\"channel\":"
			  "\"email\",\"address\":\"zelda@quill.example\"}]}",
			  NULL);
	ck_assert_int_eq(reply.status, 201);
	snprintf(id, sizeof(id), "%s", route_member(&reply, "id"));
	route_release(&reply);
	snprintf(body, sizeof(body),
		 "{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"person_id\":\"%s\"},\"due_on\":\"2027-02-"
		 "15\"}",
		 id);
	reply = route_ask(api, KEY_ADMIN, "commitment_create", "request", KEYED("/v1/commitments", "k2"), "body", body,
			  NULL);
	ck_assert_int_eq(reply.status, 201);
	snprintf(own, sizeof(own), "%s", route_member(&reply, "id"));
	route_release(&reply);
	/* Her own promise, and one of which she only gets the answers, as the coordinator. */
	snprintf(sql, sizeof(sql),
		 "update kept.district set coordinator_id = '%s' where id = '" LAKEVIEW "';"
		 "insert into kept.reminder (district_id, commitment_id, due_on, rung, recipient_id, channel, "
		 "recipient_kind, "
		 "due_at, message_id) select '" LAKEVIEW "', id, '2027-02-15', 'P-7D', '" PERSON_MARIA
		 "', 'email', 'person', kept.now(), kept.uuid7() from (values ('%s'::uuid), ('" REGISTER_ID(
			 "99") "')) promise (id);",
		 id, own);
	query_run(superuser, sql);
	snprintf(sql, sizeof(sql), MAIL("%s", "'null'::jsonb") MAIL(REGISTER_ID("99"), ZELDA), own);
	query_run(superuser, sql);
	query_run(superuser, "update kept.message set content = content #- '{commitment,owner}' where content -> "
			     "'reply_to' <> 'null'");
	expect_where("Quill", "kept.idempotency 2, kept.message 2, kept.person 1");
	route_expect(route_ask(api, KEY_ADMIN, "person_remove", "request", "{}", "id", id, NULL), 204);
	expect_where("Quill", "kept.erasure 1, kept.message 1");
	/* A write that was under way meanwhile stored its reply after that. */
	snprintf(sql, sizeof(sql),
		 "insert into kept.idempotency (district_id, key_id, operation, key, fingerprint, status, body) select "
		 "id, id, "
		 "'PATCH /v1/commitments/%s', 'late', '" HASH64(
			 "0") "', 200, "
			      "'{\"owner\":{\"person_id\":\"%s\",\"name\":\"Zelda Quill\"}}' from kept.district where "
			      "id = '" LAKEVIEW "'",
		 own, id);
	query_run(superuser, sql);
	expect_where("Quill", "kept.erasure 1, kept.idempotency 1, kept.message 1");
	/* The worker looks through what others got. */
	query_run(superuser,
		  "set kept.now = '2027-01-10 15:02:00+00'; set role kept_worker; select kept.housekeeping()");
	expect_where("Quill", "nowhere");
	expect_where("quill.example", "nowhere");
	/* Her hours were Tokyo's. */
	snprintf(sql, sizeof(sql),
		 "select count(*) from kept.reminder_clock where commitment_id = '%s' and next_at = '2027-02-08 "
		 "13:00:00+00'",
		 own);
	ck_assert_int_eq(query_number(superuser, sql), 1);
}
END_TEST

START_TEST(nobody_who_is_being_erased_gets_a_contact)
{
	struct route_reply made = route_ask(api, KEY_ADMIN, "person_create", "request", "{}", "body",
					    "{\"name\":\"Zelda Quill\",\"groups\":[\"families\"]}", NULL);
	char id[40], sql[600];
	snprintf(id, sizeof(id), "%s", route_member(&made, "id"));
	route_release(&made);
	PGconn *rival = route_connect(url);
	snprintf(sql, sizeof(sql),
		 "begin; select kept.enter('key', '" KEY_ADMIN
		 "', ''); select status from kept.person_remove('{}', '%s')",
		 id);
	PQclear(PQexec(rival, sql));
	snprintf(sql, sizeof(sql),
		 "select kept.enter('key', '" KEY_ADMIN
		 "', ''); select status from kept.contact_create('{}', '%s', null, "
		 "'{\"channel\":\"email\",\"address\":\"zelda@quill.example\"}', null)",
		 id);
	ck_assert_int_eq(PQsendQuery(api, sql), 1);
	ck_assert(query_until(superuser, "select exists (select from pg_stat_activity where wait_event_type = 'Lock')",
			      30));
	PQclear(PQexec(rival, "commit"));
	PQfinish(rival);
	bool refused = false;
	for (PGresult *result; (result = PQgetResult(api)); PQclear(result)) {
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		refused = refused || (state && strcmp(state, "KT404") == 0);
	}
	ck_assert(refused);
	query_run(superuser, "delete from kept.erasure");
	expect_where("quill.example", "nowhere");
}
END_TEST

START_TEST(a_paused_endpoint_that_is_active_again_gets_what_was_held)
{
	struct route_reply reply = route_ask(api, KEY_ADMIN, "endpoint_create", "request", "{}", "body",
					     "{\"url\":\"https://a.example/hook\",\"events\":[\"commitment.*\"]}",
					     "secrets", "[{\"secret\":\"ks1.abc\"}]", NULL);
	ck_assert_int_eq(reply.status, 201);
	char id[40];
	snprintf(id, sizeof(id), "%s", route_member(&reply, "id"));
	route_release(&reply);
	route_expect(route_ask(api, KEY_ADMIN, "endpoint_change", "request", "{}", "id", id, "body",
			       "{\"state\":\"paused\"}", NULL),
		     200);
	query_run(superuser, "insert into kept.lane (district_id, channel, destination) select district_id, 'webhook', "
			     "'endpoint:' || id from "
			     "kept.endpoint;"
			     "insert into kept.waiting (district_id, message_id, lane_id, ready_at, why) select "
			     "district_id, kept.uuid7(), id, "
			     "'infinity', 'held' from kept.lane");
	route_expect(route_ask(api, KEY_ADMIN, "endpoint_change", "request", "{}", "id", id, "body",
			       "{\"state\":\"active\"}", NULL),
		     200);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.waiting where ready_at = kept.now()"), 1);
}
END_TEST

START_TEST(a_revoked_key_does_not_hold_its_school)
{
	struct route_reply reply =
		route_ask(api, KEY_ADMIN, "school_create", "request", "{}", "body", "{\"name\":\"North\"}", NULL);
	ck_assert_int_eq(reply.status, 201);
	char school[40], sql[400];
	snprintf(school, sizeof(school), "%s", route_member(&reply, "id"));
	route_release(&reply);
	snprintf(sql, sizeof(sql),
		 "insert into kept.key (district_id, prefix, hash, role, school_id) values ('" LAKEVIEW
		 "', 'kept_99', '" HASH64("9") "', 'reader', '%s')",
		 school);
	query_run(superuser, sql);
	route_expect(route_ask(api, KEY_ADMIN, "school_remove", "request", "{}", "id", school, NULL), 409);
	query_run(superuser, "update kept.key set revoked_at = kept.now() where prefix = 'kept_99'");
	route_expect(route_ask(api, KEY_ADMIN, "school_remove", "request", "{}", "id", school, NULL), 204);
	query_run(superuser, "delete from kept.key where prefix = 'kept_99'");
}
END_TEST

START_TEST(the_audit_tells_what_was_taken_away)
{
	char id[40], sql[300];
	promise(id, "group");
	route_expect(route_ask(api, KEY_ADMIN, "commitment_change", "request", "{}", "id", id, "body",
			       "{\"due_on\":null}", NULL),
		     200);
	snprintf(sql, sizeof(sql),
		 "select count(*) from kept.audit where table_name = 'commitment' and row_id = '%s' and change = "
		 "'update' and "
		 "members -> 'due_on' = 'null'",
		 id);
	ck_assert_int_eq(query_number(superuser, sql), 1);
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "record", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "record");
	register_fill(superuser);
	Suite *suite = suite_create("record");
	TCase *test = tcase_create("record");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_set_timeout(test, 60);
	tcase_add_test(test, a_policy_is_one_for_its_school_and_group);
	tcase_add_test(test, a_change_of_policy_asks_for_all_clocks_anew);
	tcase_add_test(test, the_districts_default_policy_stays);
	tcase_add_test(test, an_endpoint_shows_its_secret_once_and_keeps_it_sealed);
	tcase_add_test(test, events_are_told_to_whom_their_commitment_is_told);
	tcase_add_test(test, a_delivery_shows_its_state_from_the_first_moment_to_the_last);
	tcase_add_test(test, an_erased_person_is_named_nowhere);
	tcase_add_test(test, nobody_who_is_being_erased_gets_a_contact);
	tcase_add_test(test, a_paused_endpoint_that_is_active_again_gets_what_was_held);
	tcase_add_test(test, a_revoked_key_does_not_hold_its_school);
	tcase_add_test(test, the_audit_tells_what_was_taken_away);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(url);
	free(superuser);
	cluster_stop(cluster);
	return failed ? 1 : 0;
}
