/* Promises whose owner nobody can reach: which are listed, why, to whom, and how fast among many. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "unreachable");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer list(const char *key, const char *more)
{
	return must(200, ask(&world.asking, key, "GET", text_of("/v1/unreachable?page_size=200%s", more), NULL, NULL));
}

static const char *person(const char *name, const char *contacts)
{
	return world_make(&world, world.lakeview.admin, "/v1/people",
			  text_of("{\"name\":\"%s\",\"groups\":[\"teachers\"],\"contacts\":[%s]}", name, contacts));
}

static const char *promise(const char *owner, const char *more)
{
	return world_make(&world, world.lakeview.admin, "/v1/commitments",
			  text_of("{\"group\":\"teachers\",\"title\":\"Read\",\"owner\":%s%s}", owner, more));
}

static const char *of_person(const char *id)
{
	return text_of("{\"person_id\":\"%s\"}", id);
}

/* The member of that commitment's item, "" where it is not listed. */
static const char *told(const struct answer *listed, const char *commitment, const char *member)
{
	for (int i = 0; i < count_at(listed, "items"); i++)
		if (strcmp(at(listed, text_of("items/%d/commitment_id", i)), commitment) == 0)
			return at(listed, text_of("items/%d/%s", i, member));
	return "";
}

#define MAIL "{\"channel\":\"email\",\"address\":\"a@a.example\"}"
#define PAUSED "{\"channel\":\"email\",\"address\":\"b@a.example\",\"paused\":true}"

START_TEST(owner_is_listed_with_the_reason_until_somebody_can_reach_them)
{
	const char *paused = person("Paused", PAUSED), *gone = person("Gone", MAIL), *erased = person("Erased", MAIL);
	const struct {
		const char *owner, *reason;
	} owners[] = {
		{of_person(person("None", "")), "no_contact"},
		{of_person(paused), "paused"},
		{of_person(gone), "gone"},
		{of_person(erased), "gone"},
		{"{\"group\":\"teachers\"}", "whole_group"},
		{text_of("{\"organisation_id\":\"%s\"}",
			 world_make(&world, world.lakeview.admin, "/v1/organisations",
				    "{\"name\":\"Mute\",\"kind\":\"class\",\"group\":\"students\"}")),
		 "no_contact"},
		{of_person(person("Reached", MAIL)), ""},
		{of_person(person("One of two", PAUSED "," MAIL)), ""},
	};
	enum { OWNERS = sizeof(owners) / sizeof(owners[0]) };
	const char *made[OWNERS];
	for (int i = 0; i < OWNERS; i++)
		made[i] = promise(owners[i].owner, "");
	query_run(world.superuser,
		  text_of("update kept.contact set gone_at = kept.now() where person_id = '%s'", gone));
	must_be(204, ask(&world.asking, world.lakeview.admin, "DELETE", text_of("/v1/people/%s", erased),
			 "If-Match: *\r\n", NULL));
	struct answer listed = list(world.lakeview.admin, "");
	for (int i = 0; i < OWNERS; i++)
		ck_assert_msg(strcmp(told(&listed, made[i], "reason"), owners[i].reason) == 0, "%s: not %s: %s",
			      owners[i].owner, owners[i].reason, listed.body);
	ck_assert_str_eq(told(&listed, made[1], "owner/name"), "Paused");
	ck_assert_str_eq(told(&listed, made[4], "owner/group"), "teachers");
	answer_release(&listed);
	/* What is closed is owed no more; who has a contact again can be reached. */
	must_be(200, ask(&world.asking, world.lakeview.admin, "POST", text_of("/v1/commitments/%s/status", made[0]),
			 NULL, "{\"status\":\"withdrawn\"}"));
	query_run(world.superuser, text_of("update kept.contact set paused = false where person_id = '%s'", paused));
	listed = list(world.lakeview.admin, "");
	ck_assert_str_eq(told(&listed, made[0], "reason"), "");
	ck_assert_str_eq(told(&listed, made[1], "reason"), "");
	ck_assert_str_eq(told(&listed, made[2], "reason"), "gone");
	answer_release(&listed);
}
END_TEST

START_TEST(a_helper_who_is_reached_is_told)
{
	const char *student = world_make(&world, world.lakeview.admin, "/v1/people",
					 "{\"name\":\"Student\",\"groups\":[\"students\"]}");
	const char *helped =
		promise(of_person(student),
			text_of(",\"parties\":[{\"role\":\"helper\",\"person_id\":\"%s\"}]", person("Helper", MAIL)));
	const char *answered =
		promise(of_person(student), text_of(",\"parties\":[{\"role\":\"accountable\",\"person_id\":\"%s\"}]",
						    person("Accountable", MAIL)));
	const char *paused =
		promise(of_person(student),
			text_of(",\"parties\":[{\"role\":\"helper\",\"person_id\":\"%s\"}]", person("Paused", PAUSED)));
	struct answer listed = list(world.lakeview.admin, "");
	ck_assert_str_eq(told(&listed, helped, "helper_reached"), "true");
	ck_assert_str_eq(told(&listed, answered, "helper_reached"), "false");
	ck_assert_str_eq(told(&listed, paused, "helper_reached"), "false");
	answer_release(&listed);
}
END_TEST

START_TEST(a_key_sees_those_of_its_commitments_only)
{
	const char *mute = of_person(person("Mute", ""));
	const char *here = promise(mute, text_of(",\"school_id\":\"%s\"", world.lakeview.school));
	const char *there = promise(mute, ""), *hidden = promise(mute, ",\"visibility\":\"private\"");
	const char *steward = world_key(&world, "steward", text_of(",\"school_id\":\"%s\"", world.lakeview.school));
	struct answer own = list(steward, ""), all = list(world.steward, ""),
		      filtered = list(world.lakeview.admin, text_of("&school_id=%s", world.lakeview.school)),
		      none = list(world.lakeview.admin, "&group=policymakers"), theirs = list(world.hillside.admin, "");
	ck_assert_str_eq(told(&own, here, "reason"), "no_contact");
	/* That there is an owner, and not who: this key does not know them. */
	ck_assert_str_eq(told(&own, here, "owner/name"), "null");
	ck_assert_str_eq(told(&own, there, "reason"), "");
	ck_assert_str_eq(told(&all, there, "reason"), "no_contact");
	ck_assert_str_eq(told(&all, hidden, "reason"), "");
	ck_assert_str_eq(told(&filtered, here, "reason"), "no_contact");
	ck_assert_str_eq(told(&filtered, there, "reason"), "");
	ck_assert_int_eq(count_at(&none, "items"), 0);
	ck_assert_int_eq(count_at(&theirs, "items"), 0);
	answer_release(&own);
	answer_release(&all);
	answer_release(&filtered);
	answer_release(&none);
	answer_release(&theirs);
}
END_TEST

START_TEST(pages_go_by_due_date_and_miss_none)
{
	const char *mute = of_person(person("Mute", ""));
	for (int i = 0; i < 7; i++)
		promise(mute, text_of(",\"due_on\":\"2027-02-%02d\"", 20 - i / 2));
	struct answer all = list(world.lakeview.admin, "");
	int count = count_at(&all, "items"), seen = 0;
	const char *token = "";
	do {
		struct answer page =
			must(200, ask(&world.asking, world.lakeview.admin, "GET",
				      text_of("/v1/unreachable?page_size=2%s%s", *token ? "&page_token=" : "", token),
				      NULL, NULL));
		for (int i = 0; i < count_at(&page, "items"); i++, seen++)
			ck_assert_str_eq(at(&page, text_of("items/%d/commitment_id", i)),
					 at(&all, text_of("items/%d/commitment_id", seen)));
		token = text_of("%s", at(&page, "next"));
		answer_release(&page);
	} while (strcmp(token, "null") != 0);
	ck_assert_int_eq(seen, count);
	ck_assert_int_ge(count, 7);
	ck_assert_str_eq(at(&all, "items/0/due_on"), "2027-02-17");
	answer_release(&all);
}
END_TEST

/* By the plan, which does not depend on how busy the machine is: only the commitments of those who cannot be reached
 * are looked at, each by its primary key. */
START_TEST(among_many_only_those_are_read_who_cannot_be_reached)
{
	query_run(world.superuser, text_of("with p as (insert into kept.person (district_id, name) select '%s', 'P' || "
					   "n from generate_series(1, 2000) n "
					   "returning *), k as (insert into kept.contact (district_id, person_id, "
					   "channel, address, position) select "
					   "district_id, id, 'email', 'a@a.example', 1 from p where name not like "
					   "'%%7'), c as (insert into "
					   "kept.commitment (district_id, id, group_code, title, status, visibility, "
					   "created_by) select district_id, id, "
					   "'families', name, 'agreed', 'group', 'x' from p returning *) insert into "
					   "kept.party (district_id, "
					   "commitment_id, role, person_id) select district_id, id, 'owner', id from "
					   "c; analyze kept.party, kept.contact, "
					   "kept.commitment",
					   world.lakeview.id));
	long long before =
		query_number(world.superuser, "select idx_tup_fetch + seq_tup_read from pg_stat_all_tables where "
					      "relid = 'kept.commitment'::regclass");
	struct answer listed = list(world.lakeview.admin, "&group=families");
	ck_assert_int_eq(count_at(&listed, "items"), 200);
	answer_release(&listed);
	ck_assert(
		query_until(world.superuser,
			    text_of("select idx_tup_fetch + seq_tup_read > %lld from pg_stat_all_tables where relid = "
				    "'kept.commitment'::regclass",
				    before),
			    20));
	long long read =
		query_number(world.superuser, "select idx_tup_fetch + seq_tup_read from pg_stat_all_tables where "
					      "relid = 'kept.commitment'::regclass") -
		before;
	ck_assert_msg(read >= 200 && read < 500, "%lld commitments were read", read);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unreachable");
	TCase *all = tcase_create("unreachable");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, owner_is_listed_with_the_reason_until_somebody_can_reach_them);
	tcase_add_test(all, a_helper_who_is_reached_is_told);
	tcase_add_test(all, a_key_sees_those_of_its_commitments_only);
	tcase_add_test(all, pages_go_by_due_date_and_miss_none);
	tcase_add_test(all, among_many_only_those_are_read_who_cannot_be_reached);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
