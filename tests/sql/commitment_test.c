/* Commitments: registering, moving, dates, who may see and do what, reminding by hand. */
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
	query_run(superuser, "delete from kept.waiting; delete from kept.lane; delete from kept.reminder; delete from "
			     "kept.commitment;"
			     "delete from kept.event_pending; delete from kept.event; delete from kept.idempotency");
	api = route_connect(url);
}

static void tear_down(void)
{
	PQfinish(api);
}

static void clock_at(const char *instant)
{
	char sql[100];
	snprintf(sql, sizeof(sql), "set kept.now = '%s'", instant);
	PGresult *result = PQexec(api, sql);
	ck_assert_int_eq(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
}

/* Members of a new commitment beside group, title and owner; "" for none. Returns its id, in one static place each
 * of 8. */
static const char *made(const char *more)
{
	static char ids[8][40];
	static int turn;
	char body[2000], *id = ids[turn++ % 8];
	snprintf(body, sizeof(body),
		 "{\"group\":\"families\",\"title\":\"Read together\",\"owner\":{\"person_id\":\"" PERSON_MARIA
		 "\"}%s%s}",
		 *more ? "," : "", more);
	struct route_reply reply = route_ask(api, KEY_ADMIN, "commitment_create", "request", "{}", "body", body, NULL);
	ck_assert_msg(reply.status == 201, "%s %s %s", reply.state, reply.body, reply.errors);
	snprintf(id, 40, "%s", route_member(&reply, "id"));
	route_release(&reply);
	return id;
}

static struct route_reply create(const char *hash, const char *body)
{
	return route_ask(api, hash, "commitment_create", "request", "{}", "body", body, NULL);
}

static struct route_reply move(const char *hash, const char *id, const char *body)
{
	return route_ask(api, hash, "commitment_move", "request", "{}", "id", id, "body", body, NULL);
}

static struct route_reply change(const char *id, const char *body)
{
	return route_ask(api, KEY_ADMIN, "commitment_change", "request", "{}", "id", id, "body", body, NULL);
}

static struct route_reply read_as(const char *hash, const char *id)
{
	return route_ask(api, hash, "commitment_read", "id", id, NULL);
}

static void expect(struct route_reply reply, int status)
{
	ck_assert_msg(reply.status == status, "%d instead of %d: %s %s %s", reply.status, status, reply.state,
		      reply.body, reply.errors);
	route_release(&reply);
}

static void expect_member(const struct route_reply *reply, const char *path, const char *value)
{
	const char *found = route_member(reply, path);
	ck_assert_msg(strcmp(found, value) == 0, "%s is %s, not %s: %s", path, found, value, reply->body);
}

START_TEST(a_new_commitment_is_agreed_and_shows_all_that_was_said)
{
	struct route_reply reply =
		create(KEY_ADMIN, "{\"group\":\"business_community\",\"title\":\"Thirty "
				  "mentors\",\"owner\":{\"organisation_id\":\"" ORGANISATION_CHAMBER
				  "\"},\"due_on\":\"2027-02-01\",\"school_id\":\"" SCHOOL_WEST
				  "\",\"when_where_how\":\"Tuesdays at noon\",\"visibility\":\"plan\","
				  "\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_MARIA
				  "\"},{\"role\":\"beneficiary\",\"group\":\"students\"}]}");
	ck_assert_int_eq(reply.status, 201);
	expect_member(&reply, "status", "agreed");
	expect_member(&reply, "due_state", "set");
	expect_member(&reply, "owner/name", "Lakeview Chamber");
	expect_member(&reply, "parties/0/role", "beneficiary");
	expect_member(&reply, "parties/0/group", "students");
	expect_member(&reply, "parties/1/name", "María O'Neill");
	expect_member(&reply, "when_where_how", "Tuesdays at noon");
	expect_member(&reply, "visibility", "plan");
	expect_member(&reply, "version", "1");
	/* Seven days before at 08:00 where each recipient is: New York for both. */
	expect_member(&reply, "next_reminder_at", "2027-01-25T13:00:00Z");
	char path[80];
	snprintf(path, sizeof(path), "/v1/commitments/%s", route_member(&reply, "id"));
	ck_assert_str_eq(reply.location, path);
	struct route_reply again = read_as(KEY_ADMIN, reply.location + strlen("/v1/commitments/"));
	ck_assert_str_eq(reply.body, again.body);
	ck_assert_str_eq(reply.etag, again.etag);
	ck_assert_int_eq(query_number(superuser,
				      "select count(*) from kept.event e join kept.event_pending p on p.event_id = e.id"
				      " where type in ('commitment.created', 'commitment.agreed')"
				      " and e.data ->> 'title' = 'Thirty mentors' and e.data ->> 'school' = 'West'"),
			 2);
	ck_assert_int_eq(
		query_number(superuser, "select count(*) from kept.event where data::text ~ 'Neill|" PERSON_MARIA "'"),
		0);
	route_release(&reply);
	route_release(&again);
}
END_TEST

START_TEST(all_wrong_references_are_named_at_once)
{
	struct route_reply reply = create(
		KEY_ADMIN,
		"{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"person_id\":\"" REGISTER_ID(
			"99") "\"},\"due_on\":\"1899-12-31\","
			      "\"school_id\":\"" HILLSIDE_SCHOOL "\",\"action_id\":\"" REGISTER_ID(
				      "98") "\",\"parties\":["
					    "{\"role\":\"helper\",\"person_id\":\"" PERSON_ERASED
					    "\"},{\"role\":\"helper\",\"organisation_id\":\"" HILLSIDE_ORGANISATION
					    "\"},"
					    "{\"role\":\"helper\",\"group\":\"families\",\"school_id\":"
					    "\"" HILLSIDE_SCHOOL "\"},"
					    "{\"role\":\"accountable\",\"person_id\":\"" PERSON_BEN
					    "\",\"school_id\":\"" SCHOOL_EAST "\"},"
					    "{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN
					    "\"},{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN "\"}]}");
	ck_assert_int_eq(reply.status, 422);
	static const char *const pointers[] = {"/owner/person_id",
					       "/due_on",
					       "/school_id",
					       "/action_id",
					       "/parties/0/person_id",
					       "/parties/1/organisation_id",
					       "/parties/2/school_id",
					       "/parties/3/school_id",
					       "/parties/5"};
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		char member[100];
		snprintf(member, sizeof(member), "\"pointer\": \"%s\"", pointers[i]);
		ck_assert_msg(strstr(reply.errors, member) != NULL, "%s is not in %s", member, reply.errors);
	}
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.commitment"), 0);
	route_release(&reply);
}
END_TEST

START_TEST(an_action_of_another_group_is_refused)
{
	query_run(superuser, "insert into kept.action (district_id, id, group_code) values ('" LAKEVIEW
			     "', '" REGISTER_ID("a1") "', 'teachers')"
						      " on conflict do nothing");
	struct route_reply reply =
		create(KEY_ADMIN, "{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"person_id\":\"" PERSON_MARIA
				  "\"},\"action_id\":\"" REGISTER_ID("a1") "\"}");
	ck_assert_int_eq(reply.status, 422);
	ck_assert_ptr_nonnull(strstr(reply.errors, "group teachers"));
	route_release(&reply);
}
END_TEST

START_TEST(dates_outside_1900_to_2200_are_refused)
{
	static const struct {
		const char *date;
		int status;
	} dates[] = {
		{"1899-12-31", 422}, {"1900-01-01", 201}, {"2200-12-31", 201}, {"2201-01-01", 422}, {"infinity", 422}};
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		char body[300];
		snprintf(body, sizeof(body),
			 "{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"group\":\"families\"},\"due_on\":\"%"
			 "s\"}",
			 dates[i].date);
		expect(create(KEY_ADMIN, body), dates[i].status);
	}
}
END_TEST

static const char *const statuses[] = {"proposed", "agreed",   "in_progress", "completed",
				       "verified", "declined", "deferred",    "withdrawn"};
/* Rows: from; columns: to, in the order of `statuses`. */
static const char allowed[8][9] = {
	".xx..xxx", /* proposed */
	"..xx.xxx", /* agreed */
	".x.x..xx", /* in_progress */
	"..x.x...", /* completed */
	"..x.....", /* verified */
	"xx......", /* declined */
	".xxx.xxx", /* deferred */
	".x......", /* withdrawn */
};

START_TEST(only_the_moves_of_the_table_are_allowed)
{
	for (int to = 0; to < 8; to++) {
		const char *id = made("\"due_on\":\"2027-02-01\"");
		char sql[300], body[200];
		snprintf(sql, sizeof(sql), "update kept.commitment set status = '%s' where id = '%s'", statuses[_i],
			 id);
		query_run(superuser, sql);
		snprintf(body, sizeof(body), "{\"status\":\"%s\",\"reason\":\"So it is\"%s}", statuses[to],
			 strcmp(statuses[to], "deferred") == 0 ? ",\"due_on\":\"2027-03-01\"" : "");
		struct route_reply reply = move(KEY_ADMIN, id, body);
		ck_assert_msg(reply.status == (allowed[_i][to] == 'x' ? 200 : 409), "%s to %s: %d %s", statuses[_i],
			      statuses[to], reply.status, reply.body);
		if (reply.status == 409)
			ck_assert_str_eq(reply.code, "move-not-allowed");
		else
			expect_member(&reply, "status", statuses[to]);
		route_release(&reply);
	}
}
END_TEST

START_TEST(a_refused_move_says_what_is_allowed)
{
	struct route_reply reply = move(KEY_ADMIN, made(""), "{\"status\":\"verified\"}");
	ck_assert_int_eq(reply.status, 409);
	ck_assert_ptr_nonnull(strstr(reply.body, "completed, declined, deferred, in_progress, withdrawn"));
	route_release(&reply);
}
END_TEST

START_TEST(deferring_needs_a_later_date_and_a_reason)
{
	const char *id = made("\"due_on\":\"2027-01-15\"");
	struct route_reply reply = move(KEY_ADMIN, id, "{\"status\":\"deferred\"}");
	ck_assert_int_eq(reply.status, 422);
	ck_assert_ptr_nonnull(strstr(reply.errors, "\"/due_on\""));
	ck_assert_ptr_nonnull(strstr(reply.errors, "\"/reason\""));
	route_release(&reply);
	expect(move(KEY_ADMIN, id, "{\"status\":\"deferred\",\"due_on\":\"2027-01-10\",\"reason\":\"Snow\"}"), 422);
	expect(move(KEY_ADMIN, id, "{\"status\":\"deferred\",\"due_on\":\"2027-01-15\",\"reason\":\"Snow\"}"), 422);
	reply = move(KEY_ADMIN, id, "{\"status\":\"deferred\",\"due_on\":\"2027-01-11\",\"reason\":\"Snow\"}");
	ck_assert_int_eq(reply.status, 200);
	expect_member(&reply, "first_due_on", "2027-01-15");
	expect_member(&reply, "times_moved", "1");
	expect_member(&reply, "status_reason", "Snow");
	route_release(&reply);
	expect(move(KEY_ADMIN, id, "{\"status\":\"in_progress\",\"due_on\":\"2027-03-01\"}"), 422);
}
END_TEST

START_TEST(going_back_from_completed_needs_a_reason)
{
	const char *id = made("\"due_on\":\"2027-01-15\"");
	struct route_reply reply = move(KEY_ADMIN, id, "{\"status\":\"completed\"}");
	expect_member(&reply, "completed_on", "2027-01-10");
	expect_member(&reply, "outcome", "kept");
	expect_member(&reply, "due_state", "closed");
	expect_member(&reply, "next_reminder_at", "null");
	route_release(&reply);
	expect(move(KEY_ADMIN, id, "{\"status\":\"in_progress\"}"), 422);
	reply = move(KEY_ADMIN, id, "{\"status\":\"in_progress\",\"reason\":\"Two weeks are missing\"}");
	expect_member(&reply, "completed_on", "null");
	expect_member(&reply, "outcome", "null");
	route_release(&reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.event where type = 'commitment.completed'"),
			 1);
	ck_assert_int_eq(
		query_number(superuser, "select count(*) from kept.event where type = 'commitment.status_changed'"), 2);
}
END_TEST

START_TEST(the_owner_cannot_verify)
{
	char more[200];
	snprintf(more, sizeof(more),
		 "{\"group\":\"business_community\",\"title\":\"Mentors\",\"owner\":{\"organisation_id\":"
		 "\"" ORGANISATION_CHAMBER "\"}}");
	struct route_reply reply = create(KEY_ADMIN, more);
	char id[40];
	snprintf(id, sizeof(id), "%s", route_member(&reply, "id"));
	route_release(&reply);
	expect(move(KEY_PARTNER, id, "{\"status\":\"completed\"}"), 200);
	expect(move(KEY_PARTNER, id, "{\"status\":\"verified\"}"), 403);
	expect(move(KEY_STEWARD, id, "{\"status\":\"verified\"}"), 200);
}
END_TEST

START_TEST(a_stop_takes_the_commitment_off_the_clock_at_once)
{
	static const char *const stops[] = {"completed", "declined", "withdrawn"};
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		const char *id = made("\"due_on\":\"2027-02-01\"");
		char body[100], sql[200];
		snprintf(sql, sizeof(sql),
			 "select next_at is not null from kept.reminder_clock where commitment_id = '%s'", id);
		char *before = query_text(superuser, sql);
		snprintf(body, sizeof(body), "{\"status\":\"%s\"}", stops[i]);
		expect(move(KEY_ADMIN, id, body), 200);
		char *after = query_text(superuser, sql);
		ck_assert_str_eq(before, "t");
		ck_assert_str_eq(after, "f");
		free(before);
		free(after);
	}
}
END_TEST

START_TEST(completion_is_dated_in_the_zone_of_the_commitment)
{
	clock_at("2027-01-11 06:00:00+00"); /* 01:00 in New York, 22:00 of the day before in Los Angeles */
	struct route_reply east = move(KEY_ADMIN, made("\"due_on\":\"2027-01-10\",\"school_id\":\"" SCHOOL_EAST "\""),
				       "{\"status\":\"completed\"}");
	struct route_reply west = move(KEY_ADMIN, made("\"due_on\":\"2027-01-10\",\"school_id\":\"" SCHOOL_WEST "\""),
				       "{\"status\":\"completed\"}");
	expect_member(&east, "completed_on", "2027-01-11");
	expect_member(&east, "outcome", "late");
	expect_member(&west, "completed_on", "2027-01-10");
	expect_member(&west, "outcome", "kept");
	route_release(&east);
	route_release(&west);
}
END_TEST

static const struct {
	const char *status, *due_on, *state;
} due_states[] = {
	{"agreed", "null", "not_set"},           {"agreed", "'2027-01-09'", "overdue"},
	{"proposed", "'2027-01-09'", "overdue"}, {"agreed", "'2027-01-10'", "due_today"},
	{"agreed", "'2027-01-11'", "due_soon"},  {"deferred", "'2027-01-17'", "due_soon"},
	{"agreed", "'2027-01-18'", "set"},       {"completed", "'2027-01-09'", "closed"},
	{"verified", "null", "closed"},          {"declined", "'2027-01-10'", "closed"},
	{"withdrawn", "'2027-01-18'", "closed"}, {"in_progress", "'1999-01-01'", "overdue"},
};

START_TEST(due_states_hold_by_the_day)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "select kept.due_state('%s', %s, '2027-01-10')", due_states[_i].status,
		 due_states[_i].due_on);
	char *state = query_text(superuser, sql);
	ck_assert_str_eq(state, due_states[_i].state);
	free(state);
}
END_TEST

static const struct {
	const char *status, *completed_on, *first, *due_on, *outcome;
} outcomes[] = {
	{"completed", "'2027-01-10'", "'2027-01-10'", "'2027-01-10'", "kept"},
	{"verified", "'2027-01-01'", "'2027-01-10'", "'2027-02-10'", "kept"},
	{"completed", "'2027-01-11'", "'2027-01-10'", "'2027-02-10'", "kept_later"},
	{"completed", "'2027-02-11'", "'2027-01-10'", "'2027-02-10'", "late"},
	{"completed", "'2027-01-11'", "'2027-01-10'", "null", "late"},
	{"completed", "'2027-01-11'", "null", "null", ""},
	{"withdrawn", "null", "'2027-01-10'", "'2027-01-10'", "let_go"},
	{"declined", "null", "null", "null", "let_go"},
	{"agreed", "null", "'2027-01-10'", "'2027-01-10'", ""},
};

START_TEST(kept_means_by_the_first_date)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "select kept.commitment_outcome('%s', %s, %s, %s)", outcomes[_i].status,
		 outcomes[_i].completed_on, outcomes[_i].first, outcomes[_i].due_on);
	char *outcome = query_text(superuser, sql);
	ck_assert_str_eq(outcome, outcomes[_i].outcome);
	free(outcome);
}
END_TEST

static const char owners[] = "insert into kept.party (district_id, commitment_id, role, group_code)"
			     " select c.district_id, c.id, 'owner', c.group_code from kept.commitment c"
			     " where not exists (select from kept.party p where p.commitment_id = c.id)";

START_TEST(a_list_of_one_due_state_has_those_and_no_others)
{
	static const char *const states[] = {"not_set", "set", "due_soon", "due_today", "overdue", "closed"};
	clock_at("2027-01-11 06:00:00+00"); /* New York is a day ahead of Los Angeles */
	query_run(superuser,
		  "insert into kept.commitment (district_id, group_code, title, school_id, due_on, status, created_by)"
		  " select '" LAKEVIEW "', 'families', 'x', school.id, date '2027-01-11' + days, status, 'owner'"
		  " from generate_series(-3, 10) days, (values (null::uuid), ('" SCHOOL_WEST "')) school (id),"
		  " (values ('agreed'), ('completed')) s (status);"
		  "insert into kept.commitment (district_id, group_code, title, status, created_by)"
		  " values ('" LAKEVIEW "', 'families', 'x', 'agreed', 'owner')");
	query_run(superuser, owners);
	int total = 0;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct route_reply reply =
			route_ask(api, KEY_ADMIN, "commitment_list", "due_state", states[i], "page_size", "200", NULL);
		ck_assert_int_eq(reply.status, 200);
		int count = route_count(&reply, "");
		ck_assert_msg(count > 0, "%s", states[i]);
		for (int item = 0; item < count; item++) {
			char path[40];
			snprintf(path, sizeof(path), "%d/due_state", item);
			expect_member(&reply, path, states[i]);
		}
		total += count;
		route_release(&reply);
	}
	ck_assert_int_eq(total, 14 * 2 * 2 + 1);
}
END_TEST

START_TEST(pages_hold_each_commitment_once_and_in_order)
{
	query_run(superuser, "insert into kept.commitment (district_id, group_code, title, due_on, created_by)"
			     " select '" LAKEVIEW
			     "', 'families', 'x', case when n % 4 > 0 then date '2027-02-01' + n % 3 end, 'owner'"
			     " from generate_series(1, 23) n");
	query_run(superuser, owners);
	char seen[2000] = "", after[300] = "", last[40] = "";
	int count = 0, pages = 0;
	do {
		struct route_reply reply = route_ask(api, KEY_ADMIN, "commitment_list", "page_size", "5", "after",
						     *after ? after : NULL, "group", "families", NULL);
		ck_assert_int_eq(reply.status, 200);
		int items = route_count(&reply, "");
		for (int i = 0; i < items; i++) {
			char path[40], due_on[40];
			snprintf(path, sizeof(path), "%d/due_on", i);
			snprintf(due_on, sizeof(due_on), "%s", route_member(&reply, path));
			/* "null" sorts after all digits, as in the list. */
			ck_assert_msg(strcmp(last, due_on) <= 0, "%s before %s", last, due_on);
			snprintf(last, sizeof(last), "%s", due_on);
			snprintf(path, sizeof(path), "%d/id", i);
			const char *id = route_member(&reply, path);
			ck_assert_ptr_null(strstr(seen, id));
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ", id);
			count++;
		}
		snprintf(after, sizeof(after), "%s", reply.next);
		pages++;
		route_release(&reply);
	} while (*after);
	ck_assert_int_eq(count, 23);
	ck_assert_int_eq(pages, 5);
}
END_TEST

static int listed(const char *parameter, const char *value)
{
	struct route_reply reply =
		route_ask(api, KEY_ADMIN, "commitment_list", "page_size", "200", parameter, value, NULL);
	ck_assert_msg(reply.status == 200, "%s %s", reply.state, reply.body);
	int count = route_count(&reply, "");
	route_release(&reply);
	return count;
}

START_TEST(lists_are_filtered)
{
	made("\"due_on\":\"2027-02-01\",\"school_id\":\"" SCHOOL_EAST "\"");
	made("\"due_on\":\"2027-02-02\",\"status\":\"proposed\"");
	made("");
	expect(create(KEY_ADMIN, "{\"group\":\"teacher_unions\",\"title\":\"Mentors\",\"owner\":{\"organisation_id\":"
				 "\"" ORGANISATION_CHAPTER "\"}}"),
	       201);
	ck_assert_int_eq(listed("group", "families"), 3);
	ck_assert_int_eq(listed("group", "teachers"), 0);
	ck_assert_int_eq(listed("school_id", SCHOOL_EAST), 1);
	ck_assert_int_eq(listed("owner_id", PERSON_MARIA), 3);
	ck_assert_int_eq(listed("owner_id", ORGANISATION_CHAPTER), 1);
	ck_assert_int_eq(listed("status", "proposed"), 1);
	ck_assert_int_eq(listed("due_from", "2027-02-02"), 1);
	ck_assert_int_eq(listed("due_to", "2027-02-01"), 1);
	ck_assert_int_eq(listed("due_from", "2027-02-01"), 2);
}
END_TEST

START_TEST(a_new_date_is_remembered_and_starts_the_ladder_anew)
{
	const char *id = made("\"due_on\":\"2027-01-12\"");
	clock_at("2027-01-11 15:00:00+00");
	struct route_reply reply = change(id, "{\"due_on\":\"2027-02-01\",\"description\":\"Also on Sundays\"}");
	ck_assert_int_eq(reply.status, 200);
	expect_member(&reply, "first_due_on", "2027-01-12");
	expect_member(&reply, "times_moved", "1");
	expect_member(&reply, "version", "2");
	expect_member(&reply, "next_reminder_at", "2027-01-25T13:00:00Z");
	route_release(&reply);
	ck_assert_int_eq(
		query_number(superuser,
			     "select count(*) from kept.commitment where remindable_since = '2027-01-11 15:00:00+00'"),
		1);
	reply = change(id, "{\"due_on\":null}");
	expect_member(&reply, "due_state", "not_set");
	expect_member(&reply, "next_reminder_at", "null");
	expect_member(&reply, "times_moved", "2");
	route_release(&reply);
	reply = change(id, "{\"description\":null}");
	expect_member(&reply, "description", "null");
	expect_member(&reply, "version", "4");
	route_release(&reply);
	reply = change(id, "{\"title\":\"Read together\"}");
	expect_member(&reply, "version", "4"); /* nothing changed */
	route_release(&reply);
}
END_TEST

START_TEST(parties_are_replaced_whole)
{
	const char *id = made("\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN
			      "\"},{\"role\":\"beneficiary\",\"group\":\"students\"}]");
	struct route_reply reply = change(id, "{\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN
					      "\"}],\"owner\":{\"organisation_id\":\"" ORGANISATION_CHAPTER "\"}}");
	ck_assert_int_eq(reply.status, 200);
	expect_member(&reply, "owner/name", "Local 12");
	ck_assert_int_eq(route_count(&reply, "parties"), 1);
	route_release(&reply);
	reply = change(id, "{\"parties\":null}");
	ck_assert_int_eq(route_count(&reply, "parties"), 0);
	expect_member(&reply, "owner/name", "Local 12");
	route_release(&reply);
}
END_TEST

START_TEST(the_date_of_a_closed_commitment_stays)
{
	const char *id = made("\"due_on\":\"2027-01-15\"");
	expect(move(KEY_ADMIN, id, "{\"status\":\"completed\"}"), 200);
	expect(change(id, "{\"due_on\":\"2027-03-01\"}"), 409);
	expect(change(id, "{\"description\":\"Done on Friday\"}"), 200);
}
END_TEST

START_TEST(each_key_sees_what_is_its_to_see)
{
	static const struct {
		const char *more;
		const char *sees; /* admin, steward, partner, reader, east, families */
	} table[] = {
		{"\"visibility\":\"private\"", "x....."},
		{"\"visibility\":\"group\"", "xx...x"},
		{"\"visibility\":\"plan\"", "xxxx.x"},
		{"\"visibility\":\"public\"", "xxxx.x"},
		{"\"visibility\":\"group\",\"school_id\":\"" SCHOOL_EAST "\"", "xx..xx"},
		{"\"visibility\":\"plan\",\"school_id\":\"" SCHOOL_EAST "\"", "xxxxxx"},
		{"\"visibility\":\"private\",\"parties\":[{\"role\":\"helper\",\"organisation_id\":"
		 "\"" ORGANISATION_CHAMBER "\"}]",
		 "x.x..."},
	};
	static const char *const keys[] = {KEY_ADMIN,  KEY_STEWARD,      KEY_PARTNER,
					   KEY_READER, KEY_STEWARD_EAST, KEY_STEWARD_FAMILIES};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *id = made(table[i].more);
		for (size_t key = 0; key < 6; key++) {
			struct route_reply reply = read_as(keys[key], id);
			ck_assert_msg(reply.status == (table[i].sees[key] == 'x' ? 200 : 404), "row %zu key %zu: %d %s",
				      i, key, reply.status, reply.body);
			route_release(&reply);
		}
		expect(read_as(KEY_HILLSIDE, id), 404);
	}
}
END_TEST

START_TEST(keys_write_within_their_scope_only)
{
	static const char east[] = "{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"group\":\"families\"},"
				   "\"school_id\":\"" SCHOOL_EAST "\"}";
	static const char unions[] = "{\"group\":\"teacher_unions\",\"title\":\"Mentor\",\"owner\":{\"group\":"
				     "\"teacher_unions\"},\"visibility\":\"public\"}";
	static const char hidden[] = "{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"group\":\"families\"},"
				     "\"visibility\":\"private\"}";
	expect(create(KEY_STEWARD_EAST, east), 201);
	expect(create(KEY_STEWARD_EAST, unions), 403);
	expect(create(KEY_STEWARD_FAMILIES, east), 201);
	expect(create(KEY_STEWARD_FAMILIES, unions), 403);
	expect(create(KEY_STEWARD, hidden), 422);
	/* A key may see what it may not change. */
	const char *id = made("\"visibility\":\"public\"");
	query_run(superuser, "update kept.commitment set group_code = 'teachers' where visibility = 'public'");
	expect(read_as(KEY_STEWARD_FAMILIES, id), 200);
	expect(move(KEY_STEWARD_FAMILIES, id, "{\"status\":\"completed\"}"), 403);
	expect(move(KEY_PARTNER, id, "{\"status\":\"completed\"}"), 403);
	expect(move(KEY_STEWARD_EAST, id, "{\"status\":\"completed\"}"), 404);
	expect(move(KEY_HILLSIDE, id, "{\"status\":\"completed\"}"), 404);
}
END_TEST

static struct route_reply remind(const char *id)
{
	return route_ask(api, KEY_ADMIN, "commitment_remind", "request", "{}", "id", id, "body", "{}", NULL);
}

START_TEST(somebody_is_reminded_by_hand_once_a_day)
{
	const char *id = made("\"due_on\":\"2027-01-15\",\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN
			      "\"},{\"role\":\"helper\",\"organisation_id\":\"" ORGANISATION_CHAMBER
			      "\"},{\"role\":\"accountable\",\"group\":\"leaders\"}]");
	struct route_reply reply = remind(id);
	ck_assert_int_eq(reply.status, 202);
	ck_assert_int_eq(route_count(&reply, "recipients"), 3);
	expect_member(&reply, "recipients/0/recipient_id", PERSON_MARIA);
	expect_member(&reply, "recipients/0/channel", "email");
	expect_member(&reply, "recipients/0/queued", "true");
	expect_member(&reply, "recipients/1/recipient_id", PERSON_BEN);
	expect_member(&reply, "recipients/1/reason", "no_contact");
	expect_member(&reply, "recipients/2/channel", "webhook");
	route_release(&reply);
	ck_assert_int_eq(
		query_number(superuser,
			     "select count(*) from kept.waiting w join kept.reminder r on r.message_id = w.message_id"
			     " join kept.lane l on l.id = w.lane_id"
			     " where w.why = 'asked' and r.rung = 'NOW-2027-01-10' and l.channel = r.channel"),
		2);
	reply = remind(id);
	ck_assert_int_eq(reply.status, 409);
	ck_assert_str_eq(reply.code, "already-reminded");
	route_release(&reply);
	clock_at("2027-01-11 04:30:00+00"); /* still the tenth in New York */
	expect(remind(id), 409);
	clock_at("2027-01-11 05:30:00+00");
	expect(remind(id), 202);
}
END_TEST

START_TEST(what_is_closed_or_has_no_date_is_not_reminded_of)
{
	expect(remind(made("")), 409);
	const char *id = made("\"due_on\":\"2027-01-15\"");
	expect(move(KEY_ADMIN, id, "{\"status\":\"completed\"}"), 200);
	expect(remind(id), 409);
}
END_TEST

START_TEST(a_reminder_has_its_hour_whoever_asks)
{
	/* María lives in Tokyo now; the partner may not know her, and still moves what it helps with. */
	query_run(superuser, "update kept.person set time_zone = 'Asia/Tokyo' where id = '" PERSON_MARIA "'");
	const char *id = made("\"due_on\":\"2027-02-01\",\"visibility\":\"plan\",\"parties\":[{\"role\":\"helper\","
			      "\"organisation_id\":\"" ORGANISATION_CHAMBER "\"}]");
	struct route_reply admin = read_as(KEY_ADMIN, id), reader = read_as(KEY_READER, id);
	expect_member(&admin, "next_reminder_at", "2027-01-24T23:00:00Z");
	expect_member(&admin, "owner/name", "María O'Neill");
	expect_member(&reader, "next_reminder_at", "2027-01-24T23:00:00Z");
	expect_member(&reader, "owner/name", "null");
	expect(move(KEY_PARTNER, id, "{\"status\":\"in_progress\"}"), 200);
	/* The event of that rung is at 08:00 in New York; the clock strikes for the first of all. */
	ck_assert_int_eq(
		query_number(superuser,
			     "select count(*) from kept.reminder_clock where next_at = '2027-01-24 23:00:00+00'"),
		1);
	struct route_reply list = route_ask(api, KEY_PARTNER, "commitment_list", "page_size", "50", NULL);
	expect_member(&list, "0/next_reminder_at", "2027-01-24T23:00:00Z");
	query_run(superuser, "update kept.person set time_zone = null where id = '" PERSON_MARIA "'");
	route_release(&admin);
	route_release(&reader);
	route_release(&list);
}
END_TEST

static struct route_reply remove_one(const char *id, const char *request)
{
	return route_ask(api, KEY_ADMIN, "commitment_remove", "request", request, "id", id, NULL);
}

START_TEST(a_mistake_is_removed_until_somebody_was_reminded)
{
	const char *id = made("\"due_on\":\"2027-01-15\"");
	expect(remove_one(id, "{\"if_match\":2}"), 412);
	expect(remove_one(id, "{\"if_match\":1}"), 204);
	expect(read_as(KEY_ADMIN, id), 404);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.party"), 0);
	id = made("\"due_on\":\"2027-01-15\"");
	expect(remind(id), 202);
	expect(remove_one(id, "{}"), 409);
	expect(move(KEY_ADMIN, id, "{\"status\":\"withdrawn\"}"), 200);
}
END_TEST

START_TEST(reminders_are_listed_with_what_became_of_them)
{
	const char *id =
		made("\"due_on\":\"2027-01-15\",\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN "\"}]");
	expect(remind(id), 202);
	query_run(superuser,
		  "insert into kept.delivery (district_id, message_id, outcome, attempts)"
		  " select district_id, message_id, 'sent', 1 from kept.reminder where message_id is not null");
	struct route_reply reply = route_ask(api, KEY_ADMIN, "reminder_list", "id", id, "page_size", "50", NULL);
	ck_assert_int_eq(reply.status, 200);
	/* Asked now: two; to come: 2 days before, 1 and 7 days after, for two people; 7 days before was before the
	 * start. */
	ck_assert_int_eq(route_count(&reply, ""), 8);
	expect_member(&reply, "0/rung", "NOW-2027-01-10");
	expect_member(&reply, "0/state", "sent");
	expect_member(&reply, "1/state", "not_sent");
	expect_member(&reply, "1/reason", "no_contact");
	expect_member(&reply, "2/rung", "P-2D");
	expect_member(&reply, "2/state", "to_come");
	expect_member(&reply, "2/due_at", "2027-01-13T13:00:00Z");
	char all[9000];
	snprintf(all, sizeof(all), "%s", route_member(&reply, "7/rung"));
	ck_assert_str_eq(all, "P+7D");
	route_release(&reply);
	int count = 0;
	char after[300] = "";
	do {
		reply = route_ask(api, KEY_ADMIN, "reminder_list", "id", id, "page_size", "3", "after",
				  *after ? after : NULL, NULL);
		count += route_count(&reply, "");
		snprintf(after, sizeof(after), "%s", reply.next);
		route_release(&reply);
	} while (*after);
	ck_assert_int_eq(count, 8);
	expect(route_ask(api, KEY_HILLSIDE, "reminder_list", "id", id, "page_size", "3", NULL), 404);
	query_run(superuser, "delete from kept.delivery");
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "commitment", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "commitment");
	register_fill(superuser);
	Suite *suite = suite_create("commitment");
	TCase *test = tcase_create("commitment");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_set_timeout(test, 60);
	tcase_add_test(test, a_new_commitment_is_agreed_and_shows_all_that_was_said);
	tcase_add_test(test, all_wrong_references_are_named_at_once);
	tcase_add_test(test, an_action_of_another_group_is_refused);
	tcase_add_test(test, dates_outside_1900_to_2200_are_refused);
	tcase_add_loop_test(test, only_the_moves_of_the_table_are_allowed, 0, 8);
	tcase_add_test(test, a_refused_move_says_what_is_allowed);
	tcase_add_test(test, deferring_needs_a_later_date_and_a_reason);
	tcase_add_test(test, going_back_from_completed_needs_a_reason);
	tcase_add_test(test, the_owner_cannot_verify);
	tcase_add_test(test, a_stop_takes_the_commitment_off_the_clock_at_once);
	tcase_add_test(test, completion_is_dated_in_the_zone_of_the_commitment);
	tcase_add_loop_test(test, due_states_hold_by_the_day, 0, sizeof(due_states) / sizeof(due_states[0]));
	tcase_add_loop_test(test, kept_means_by_the_first_date, 0, sizeof(outcomes) / sizeof(outcomes[0]));
	tcase_add_test(test, a_list_of_one_due_state_has_those_and_no_others);
	tcase_add_test(test, pages_hold_each_commitment_once_and_in_order);
	tcase_add_test(test, lists_are_filtered);
	tcase_add_test(test, a_new_date_is_remembered_and_starts_the_ladder_anew);
	tcase_add_test(test, parties_are_replaced_whole);
	tcase_add_test(test, the_date_of_a_closed_commitment_stays);
	tcase_add_test(test, each_key_sees_what_is_its_to_see);
	tcase_add_test(test, keys_write_within_their_scope_only);
	tcase_add_test(test, somebody_is_reminded_by_hand_once_a_day);
	tcase_add_test(test, what_is_closed_or_has_no_date_is_not_reminded_of);
	tcase_add_test(test, a_reminder_has_its_hour_whoever_asks);
	tcase_add_test(test, a_mistake_is_removed_until_somebody_was_reminded);
	tcase_add_test(test, reminders_are_listed_with_what_became_of_them);
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
