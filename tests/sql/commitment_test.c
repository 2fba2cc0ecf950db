/* Commitments: registering, changing, listing, removing, and who may see and do what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/promise.h"
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

START_TEST(a_new_commitment_is_agreed_and_shows_all_that_was_said)
{
	struct route_reply reply = promise_create(api, KEY_ADMIN,
						  "{\"group\":\"business_community\",\"title\":\"Thirty "
						  "mentors\",\"owner\":{\"organisation_id\":\"" ORGANISATION_CHAMBER
						  "\"},\"due_on\":\"2027-02-01\",\"school_id\":\"" SCHOOL_WEST
						  "\",\"when_where_how\":\"Tuesdays at noon\",\"visibility\":\"plan\","
						  "\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_MARIA
						  "\"},{\"role\":\"beneficiary\",\"group\":\"students\"}]}");
	ck_assert_int_eq(reply.status, 201);
	route_expect_member(&reply, "status", "agreed");
	route_expect_member(&reply, "due_state", "set");
	route_expect_member(&reply, "owner/name", "Lakeview Chamber");
	route_expect_member(&reply, "parties/0/role", "beneficiary");
	route_expect_member(&reply, "parties/0/group", "students");
	route_expect_member(&reply, "parties/1/name", "María O'Neill");
	route_expect_member(&reply, "when_where_how", "Tuesdays at noon");
	route_expect_member(&reply, "visibility", "plan");
	route_expect_member(&reply, "version", "1");
	/* Seven days before at 08:00 where each recipient is: New York for both. */
	route_expect_member(&reply, "next_reminder_at", "2027-01-25T13:00:00Z");
	char path[80];
	snprintf(path, sizeof(path), "/v1/commitments/%s", route_member(&reply, "id"));
	ck_assert_str_eq(reply.location, path);
	struct route_reply again = promise_read(api, KEY_ADMIN, reply.location + strlen("/v1/commitments/"));
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
	struct route_reply reply = promise_create(
		api, KEY_ADMIN,
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
		promise_create(api, KEY_ADMIN,
			       "{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"person_id\":\"" PERSON_MARIA
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
		route_expect(promise_create(api, KEY_ADMIN, body), dates[i].status);
	}
}
END_TEST

static const char owners[] = "insert into kept.party (district_id, commitment_id, role, group_code)"
			     " select c.district_id, c.id, 'owner', c.group_code from kept.commitment c"
			     " where not exists (select from kept.party p where p.commitment_id = c.id)";

START_TEST(a_list_of_one_due_state_has_those_and_no_others)
{
	static const char *const states[] = {"not_set", "set", "due_soon", "due_today", "overdue", "closed"};
	route_clock(api, "2027-01-11 06:00:00+00"); /* New York is a day ahead of Los Angeles */
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
			route_expect_member(&reply, path, states[i]);
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
	promise_made(api, "\"due_on\":\"2027-02-01\",\"school_id\":\"" SCHOOL_EAST "\"");
	promise_made(api, "\"due_on\":\"2027-02-02\",\"status\":\"proposed\"");
	promise_made(api, "");
	route_expect(
		promise_create(api, KEY_ADMIN,
			       "{\"group\":\"teacher_unions\",\"title\":\"Mentors\",\"owner\":{\"organisation_id\":"
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

START_TEST(parties_are_replaced_whole)
{
	const char *id = promise_made(api, "\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN
					   "\"},{\"role\":\"beneficiary\",\"group\":\"students\"}]");
	struct route_reply reply = promise_change(api, id,
						  "{\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN
						  "\"}],\"owner\":{\"organisation_id\":\"" ORGANISATION_CHAPTER "\"}}");
	ck_assert_int_eq(reply.status, 200);
	route_expect_member(&reply, "owner/name", "Local 12");
	ck_assert_int_eq(route_count(&reply, "parties"), 1);
	route_release(&reply);
	reply = promise_change(api, id, "{\"parties\":null}");
	ck_assert_int_eq(route_count(&reply, "parties"), 0);
	route_expect_member(&reply, "owner/name", "Local 12");
	route_release(&reply);
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
		const char *id = promise_made(api, table[i].more);
		for (size_t key = 0; key < 6; key++) {
			struct route_reply reply = promise_read(api, keys[key], id);
			ck_assert_msg(reply.status == (table[i].sees[key] == 'x' ? 200 : 404), "row %zu key %zu: %d %s",
				      i, key, reply.status, reply.body);
			route_release(&reply);
		}
		route_expect(promise_read(api, KEY_HILLSIDE, id), 404);
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
	route_expect(promise_create(api, KEY_STEWARD_EAST, east), 201);
	route_expect(promise_create(api, KEY_STEWARD_EAST, unions), 403);
	route_expect(promise_create(api, KEY_STEWARD_FAMILIES, east), 201);
	route_expect(promise_create(api, KEY_STEWARD_FAMILIES, unions), 403);
	route_expect(promise_create(api, KEY_STEWARD, hidden), 422);
	/* A key may see what it may not change. */
	const char *id = promise_made(api, "\"visibility\":\"public\"");
	query_run(superuser, "update kept.commitment set group_code = 'teachers' where visibility = 'public'");
	route_expect(promise_read(api, KEY_STEWARD_FAMILIES, id), 200);
	route_expect(promise_move(api, KEY_STEWARD_FAMILIES, id, "{\"status\":\"completed\"}"), 403);
	route_expect(promise_move(api, KEY_PARTNER, id, "{\"status\":\"completed\"}"), 403);
	route_expect(promise_move(api, KEY_STEWARD_EAST, id, "{\"status\":\"completed\"}"), 404);
	route_expect(promise_move(api, KEY_HILLSIDE, id, "{\"status\":\"completed\"}"), 404);
}
END_TEST

static struct route_reply remove_one(const char *id, const char *request)
{
	return route_ask(api, KEY_ADMIN, "commitment_remove", "request", request, "id", id, NULL);
}

START_TEST(a_mistake_is_removed_until_somebody_was_reminded)
{
	const char *id = promise_made(api, "\"due_on\":\"2027-01-15\"");
	route_expect(remove_one(id, "{\"if_match\":2}"), 412);
	route_expect(remove_one(id, "{\"if_match\":1}"), 204);
	route_expect(promise_read(api, KEY_ADMIN, id), 404);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.party"), 0);
	id = promise_made(api, "\"due_on\":\"2027-01-15\"");
	route_expect(promise_remind(api, id), 202);
	route_expect(remove_one(id, "{}"), 409);
	route_expect(promise_move(api, KEY_ADMIN, id, "{\"status\":\"withdrawn\"}"), 200);
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
	tcase_add_test(test, a_list_of_one_due_state_has_those_and_no_others);
	tcase_add_test(test, pages_hold_each_commitment_once_and_in_order);
	tcase_add_test(test, lists_are_filtered);
	tcase_add_test(test, parties_are_replaced_whole);
	tcase_add_test(test, each_key_sees_what_is_its_to_see);
	tcase_add_test(test, keys_write_within_their_scope_only);
	tcase_add_test(test, a_mistake_is_removed_until_somebody_was_reminded);
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
