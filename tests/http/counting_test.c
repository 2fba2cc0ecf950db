/*
 * An attack: keys from outside, which share all they learn, try to count hidden commitments and to learn who owns them.
 * They filter, subtract windows of dates and schools, poll while commitments are added one by one, and move their own.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/walk.h"

#define CANARY "Quetzalcoatl"
#define STEPS 40

enum place { ALL, EAST, WEST, PLACES };
enum { OFFSETS = 5, MANY = 60 };

static struct world world;
static char schools[PLACES][40]; /* of ALL: none */
static char owner[40];           /* a person whose name and address hold the canary */
static char reader[64], partner[64], school_reader[64];
static char shown[40]; /* a commitment of the owner that everybody may read */

static struct answer admin(const char *method, const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, method, target,
		   strcmp(method, "PATCH") == 0 ? "If-Match: *\r\n" : NULL, body);
}

static const char *promise(const char *group, enum place place, const char *more)
{
	return world_make(&world, world.lakeview.admin, "/v1/commitments",
			  text_of("{\"group\":\"%s\",\"title\":\"Hidden\",\"owner\":{\"person_id\":\"%s\"}%s%s}", group,
				  owner, place == ALL ? "" : text_of(",\"school_id\":\"%s\"", schools[place]), more));
}

static void start_all(void)
{
	world_start(&world, "counting");
	snprintf(schools[EAST], sizeof(schools[EAST]), "%s", world.lakeview.school);
	snprintf(schools[WEST], sizeof(schools[WEST]), "%s",
		 world_make(&world, world.lakeview.admin, "/v1/schools", "{\"name\":\"West\"}"));
	snprintf(owner, sizeof(owner), "%s",
		 world_make(&world, world.lakeview.admin, "/v1/people",
			    "{\"name\":\"" CANARY "\",\"groups\":[\"families\"],\"contacts\":[{\"channel\":\"email\","
			    "\"address\":\"" CANARY "@a.example\"}]}"));
	snprintf(reader, sizeof(reader), "%s", world_key(&world, "reader", ""));
	snprintf(school_reader, sizeof(school_reader), "%s",
		 world_key(&world, "reader", text_of(",\"school_id\":\"%s\"", schools[EAST])));
	snprintf(partner, sizeof(partner), "%s",
		 world_key(&world, "partner", text_of(",\"organisation_id\":\"%s\"", world.lakeview.organisation)));
	snprintf(shown, sizeof(shown), "%s",
		 promise("leaders", ALL, ",\"visibility\":\"public\",\"due_on\":\"2027-02-15\""));
}

static void stop_all(void)
{
	world_stop(&world);
}

/* The answer; no byte of it names the owner. */
static struct answer unnamed(struct answer answer)
{
	ck_assert_msg(!strcasestr(answer.head, CANARY) && !strcasestr(answer.body, CANARY), "%s: %s%s", answer.asked,
		      answer.head, answer.body);
	return answer;
}

/* Asks as somebody outside. */
static struct answer outside(const char *key, const char *method, const char *target, const char *body)
{
	bool bound = strcmp(method, "PATCH") == 0 || strcmp(method, "DELETE") == 0;
	return unnamed(ask(&world.asking, key, method, target, bound ? "If-Match: *\r\n" : NULL, body));
}

static int group_place(const char *group)
{
	return strcmp(group, "teachers") == 0 ? 0 : strcmp(group, "families") == 0 ? 5 : 7;
}

/* How many agreed commitments of that group the key is told of, less those that it may read itself. */
static int hidden_told(const char *key, const char *group, enum place place)
{
	const char *only = place == ALL ? "" : text_of("school_id=%s", schools[place]);
	struct answer summary =
		must(200, outside(key, "GET", text_of("/v1/summary%s%s", *only ? "?" : "", only), NULL));
	struct answer list = must(200, outside(key, "GET",
					       text_of("/v1/commitments?group=%s&status=agreed&page_size=200%s%s",
						       group, *only ? "&" : "", only),
					       NULL));
	int told = (int)strtol(at(&summary, text_of("items/%d/agreed", group_place(group))), NULL, 10);
	int read = count_at(&list, "items");
	ck_assert_str_eq(at(&summary, "exact"), "false");
	ck_assert_int_ge(told, read);
	answer_release(&summary);
	answer_release(&list);
	return told - read;
}

/* What the attackers saw in one poll. */
struct poll {
	int told[PLACES];
};

struct span {
	int low, high;
};

/* What a cell can hold that is told as `told`, if its secret is `offset`. */
static struct span span_of(int told, int offset)
{
	return told > 0 ? (struct span){told + offset, told + offset + 4} : (struct span){0, offset + 4};
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static int most(int a, int b)
{
	return a > b ? a : b;
}

/* Marks what the last poll's counts can have been, if these are the secrets, counts never fall, and the schools are a
 * part of the whole. By place; of ALL: what belongs to no school. */
static void deduce(const struct poll *polls, int count, const int offsets[PLACES], bool possible[PLACES][MANY])
{
	struct span last[PLACES];
	for (enum place place = ALL; place < PLACES; place++) {
		int low = 0;
		for (int i = 0; i < count; i++) {
			last[place] = span_of(polls[i].told[place], offsets[place]);
			low = last[place].low = most(last[place].low, low);
			if (low > last[place].high)
				return;
		}
	}
	for (int east = last[EAST].low; east <= last[EAST].high; east++)
		for (int west = last[WEST].low; west <= last[WEST].high; west++)
			for (int none = most(0, last[ALL].low - east - west); none <= last[ALL].high - east - west;
			     none++)
				possible[EAST][east] = possible[WEST][west] = possible[ALL][least(none, MANY - 1)] =
					true;
}

/* Fails if the polls leave only one count for a cell that holds less than five. */
static void expect_unknown(const struct poll *polls, int count, const int truth[PLACES])
{
	bool possible[PLACES][MANY] = {{false}};
	for (int secret = 0; secret < OFFSETS * OFFSETS * OFFSETS; secret++)
		deduce(polls, count, (int[PLACES]){secret % 5, secret / 5 % 5, secret / 25}, possible);
	for (enum place place = ALL; place < PLACES; place++) {
		int candidates = 0;
		for (int i = 0; i < MANY; i++)
			candidates += possible[place][i];
		ck_assert_msg(possible[place][truth[place]], "place %d: %d is not thought of", place, truth[place]);
		ck_assert_msg(truth[place] > 4 || candidates > 1, "place %d: it must be %d", place, truth[place]);
	}
}

/* The deduction is worth something: whoever knew the secrets would find a count here. */
START_TEST(secrets_would_give_a_small_count_away)
{
	const struct poll poll = {{[ALL] = 10, [EAST] = 10, [WEST] = 0}};
	bool possible[PLACES][MANY] = {{false}};
	deduce(&poll, 1, (int[PLACES]){[ALL] = 0, [EAST] = 4, [WEST] = 0}, possible);
	for (int i = 0; i < MANY; i++)
		ck_assert(possible[WEST][i] == (i == 0) && possible[ALL][i] == (i == 0) &&
			  possible[EAST][i] == (i == 14));
}
END_TEST

static struct poll poll_of(const char *group)
{
	struct poll poll;
	for (enum place place = ALL; place < PLACES; place++) {
		poll.told[place] = hidden_told(reader, group, place);
		ck_assert_int_eq(poll.told[place] % 5, 0);
		ck_assert_int_eq(hidden_told(partner, group, place), poll.told[place]);
	}
	ck_assert_int_eq(hidden_told(school_reader, group, EAST), poll.told[EAST]);
	return poll;
}

START_TEST(no_small_count_follows_from_polling_while_commitments_are_added)
{
	static const enum place order[] = {EAST, WEST, WEST, ALL, WEST, WEST, WEST, EAST, WEST, WEST,
					   WEST, WEST, ALL,  ALL, WEST, EAST, ALL,  WEST, EAST, WEST};
	const char *group = _i == 0 ? "teachers" : "families";
	struct poll polls[STEPS];
	int truth[PLACES] = {0}, count = 0;
	polls[count++] = poll_of(group);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		promise(group, order[i], i % 3 == 0 && _i == 0 ? ",\"visibility\":\"private\"" : "");
		truth[order[i]]++;
		polls[count++] = poll_of(group);
		expect_unknown(polls, count, truth);
		for (enum place place = EAST; place < PLACES; place++) {
			ck_assert(truth[place] > 4 || polls[count - 1].told[place] == 0);
			ck_assert_int_le(polls[count - 1].told[place], truth[place]);
		}
		ck_assert_int_le(polls[count - 1].told[ALL], truth[ALL] + truth[EAST] + truth[WEST]);
	}
	ck_assert_int_gt(polls[count - 1].told[WEST], 0);
}
END_TEST

START_TEST(windows_of_dates_tell_only_what_may_be_read)
{
	for (int day = 1; day <= 9; day++)
		promise("families", EAST, text_of(",\"due_on\":\"2027-03-0%d\"", day));
	promise("families", EAST, ",\"visibility\":\"plan\",\"due_on\":\"2027-03-05\"");
	static const char *const windows[] = {"from=2027-03-01&to=2027-03-31", "from=2027-03-05", "to=2027-03-05",
					      "from=2027-03-05&to=2027-03-05", "from=0001-01-01", "to=9999-12-31"};
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct answer summary = must(200, outside(reader, "GET", text_of("/v1/summary?%s", windows[i]), NULL));
		ck_assert_msg(strcmp(at(&summary, "items/5/agreed"), "1") == 0, "%s: %s", windows[i], summary.body);
		ck_assert_str_eq(at(&summary, "readable_only"), "true");
		answer_release(&summary);
	}
}
END_TEST

/* The partner moves its organisation's commitments, which a reader may not read, in and out of a hidden cell. */
START_TEST(commitments_that_outsiders_know_of_shift_no_count)
{
	const char *own[12];
	struct poll before = poll_of("families");
	for (int i = 0; i < 12; i++) {
		const char *chamber = text_of("{\"organisation_id\":\"%s\"}", world.lakeview.organisation);
		const char *body = i % 2 ? text_of("\"owner\":%s", chamber)
					 : text_of("\"owner\":{\"person_id\":\"%s\"},\"parties\":[{\"role\":\"helper\","
						   "\"organisation_id\":\"%s\"}]",
						   owner, world.lakeview.organisation);
		own[i] = world_make(
			&world, world.lakeview.admin, "/v1/commitments",
			text_of("{\"group\":\"families\",\"title\":\"Known\",\"visibility\":\"group\",%s}", body));
		ck_assert_int_eq(hidden_told(reader, "families", ALL), before.told[ALL]);
	}
	for (int i = 0; i < 12; i++) {
		must_be(200, outside(partner, "POST", text_of("/v1/commitments/%s/status", own[i]),
				     "{\"status\":\"in_progress\"}"));
		ck_assert_int_eq(hidden_told(reader, "families", ALL), before.told[ALL]);
	}
}
END_TEST

START_TEST(what_a_partner_owns_is_shown_unless_said_otherwise)
{
	const char *const form =
		"{\"group\":\"business_community\",\"title\":\"Internships\",\"owner\":{\"organisation_id\":"
		"\"%s\"}}";
	const char *const other =
		world_make(&world, world.lakeview.admin, "/v1/organisations",
			   "{\"name\":\"Nobody's\",\"kind\":\"other\",\"group\":\"business_community\"}");
	const struct {
		const char *organisation, *visibility;
	} table[] = {{world.lakeview.organisation, "plan"}, {other, "group"}};
	for (size_t i = 0; i < 2; i++) {
		struct answer made = must(201, admin("POST", "/v1/commitments", text_of(form, table[i].organisation)));
		ck_assert_str_eq(at(&made, "visibility"), table[i].visibility);
		answer_release(&made);
	}
}
END_TEST

/* All that the key can read without a hidden id, one after the other; to be freed by the caller. */
static char *all_read(const char *key)
{
	json_t *seen = json_object();
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		if (strcmp(operation->method, "GET") != 0 || operation->roles == 0)
			continue;
		const char *path = operation->path;
		const char *id = text_starts(path, "/v1/commitments/")     ? shown
				 : text_starts(path, "/v1/organisations/") ? world.lakeview.organisation
				 : text_starts(path, "/v1/schools/")       ? schools[EAST]
				 : text_starts(path, "/v1/groups/")        ? "families"
									   : WORLD_ABSENT;
		struct answer read = outside(key, "GET", walk_target(path, id), NULL);
		if (read.status == 200)
			json_object_set_new(seen, read.asked, json_pack("[s, s]", header(&read, "ETag"), read.body));
		answer_release(&read);
	}
	ck_assert_uint_gt(json_object_size(seen), 10);
	char *text = json_dumps(seen, JSON_SORT_KEYS);
	json_decref(seen);
	return text;
}

/* Neither a body nor an entity tag changes. */
START_TEST(nothing_that_outsiders_read_changes_with_what_is_hidden)
{
	const char *const keys[] = {reader, partner, school_reader};
	char *before[3];
	for (size_t i = 0; i < 3; i++)
		before[i] = all_read(keys[i]);
	const char *id = promise("policymakers", EAST, ",\"due_on\":\"2027-02-01\"");
	must_be(202, admin("POST", text_of("/v1/commitments/%s/remind", id), "{}"));
	must_be(200, admin("PATCH", text_of("/v1/commitments/%s", id), "{\"title\":\"Changed\"}"));
	must_be(200, admin("POST", text_of("/v1/commitments/%s/status", id), "{\"status\":\"completed\"}"));
	promise("policymakers", EAST, ",\"due_on\":\"2027-01-01\",\"visibility\":\"private\"");
	for (size_t i = 0; i < 3; i++) {
		char *after = all_read(keys[i]);
		ck_assert_str_eq(after, before[i]);
		free(after);
		free(before[i]);
	}
}
END_TEST

/* Every operation, with a shown commitment, a hidden one, and the owner's own id. */
START_TEST(no_answer_to_outsiders_names_an_owner)
{
	const char *const keys[] = {reader, partner};
	const char *const ids[] = {shown, promise("students", ALL, ",\"due_on\":\"2027-02-01\""), owner, WORLD_ABSENT};
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		if (operation->roles == 0)
			continue;
		const char *body = walk_body(&world, &world.lakeview, operation, false);
		for (size_t k = 0; k < 2; k++)
			for (size_t n = 0; n < 4; n++) {
				struct answer answer =
					outside(keys[k], operation->method, walk_target(operation->path, ids[n]), body);
				ck_assert_int_lt(answer.status, 500);
				answer_release(&answer);
			}
	}
	/* A list is also a sheet. */
	for (size_t k = 0; k < 2; k++)
		must_be(200, unnamed(ask(&world.asking, keys[k], "GET", "/v1/commitments?page_size=200",
					 "Accept: text/csv\r\n", NULL)));
	for (size_t k = 0; k < 2; k++)
		must_be(200,
			outside(keys[k], "GET", text_of("/v1/commitments?owner_id=%s&page_size=200", owner), NULL));
}
END_TEST

/* A partner gives its organisation a box of its own, and is reminded of what it helps with. */
START_TEST(mail_to_an_organisation_does_not_name_the_owner)
{
	must_be(201, outside(partner, "POST", text_of("/v1/organisations/%s/contacts", world.lakeview.organisation),
			     "{\"channel\":\"email\",\"address\":\"box@attacker.example\"}"));
	const char *id = promise(
		"families", ALL,
		text_of(",\"due_on\":\"2027-02-01\",\"parties\":[{\"role\":\"helper\",\"organisation_id\":\"%s\"}]",
			world.lakeview.organisation));
	must_be(202, admin("POST", text_of("/v1/commitments/%s/remind", id), "{}"));
	world_work(&world);
	const char *const mails =
		"select count(*) from kept.message where content #>> '{commitment,id}' = '%s' and content "
		"#>> '{to,address}' %s 'box@attacker.example'%s";
	ck_assert_int_eq(query_number(world.superuser, text_of(mails, id, "=", "")), 1);
	ck_assert_int_eq(
		query_number(world.superuser, text_of(mails, id, "=", " and content::text like '%" CANARY "%'")), 0);
	ck_assert_int_eq(
		query_number(world.superuser, text_of(mails, id, "<>", " and content::text like '%" CANARY "%'")), 1);
	/* Who else is reminded is not told to the partner. */
	struct answer told = must(200, outside(partner, "GET", text_of("/v1/commitments/%s/reminders", id), NULL));
	ck_assert_ptr_null(strstr(told.body, owner));
	ck_assert_ptr_nonnull(strstr(told.body, world.lakeview.organisation));
	ck_assert_int_gt(count_at(&told, "items"), 1);
	answer_release(&told);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("counting");
	TCase *all = tcase_create("counting");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, secrets_would_give_a_small_count_away);
	tcase_add_loop_test(all, no_small_count_follows_from_polling_while_commitments_are_added, 0, 2);
	tcase_add_test(all, windows_of_dates_tell_only_what_may_be_read);
	tcase_add_test(all, commitments_that_outsiders_know_of_shift_no_count);
	tcase_add_test(all, what_a_partner_owns_is_shown_unless_said_otherwise);
	tcase_add_test(all, nothing_that_outsiders_read_changes_with_what_is_hidden);
	tcase_add_test(all, no_answer_to_outsiders_names_an_owner);
	tcase_add_test(all, mail_to_an_organisation_does_not_name_the_owner);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
