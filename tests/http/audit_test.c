/*
 * The audit's chain: whatever is done to it or its entries behind Kept's back is seen.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/audit.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "audit");
}

static void stop_all(void)
{
	world_stop(&world);
}

static void run(const char *sql)
{
	query_run(world.superuser, sql);
}

static long long number(const char *sql)
{
	return query_number(world.superuser, sql);
}

#define IN_LAKEVIEW " where district_id = (select id from kept.district where name <> 'Hillside' order by id limit 1)"
#define UNCHAINED "select count(*) from kept.audit_pending"
/* Entries that are not in exactly one block. */
#define MISPLACED                                                                                                      \
	"select count(*) from kept.audit a where 1 <> (select count(*) from kept.audit_block b where b.district_id = " \
	"a.district_id and a.id = any (b.entries))"

/* So many more blocks of Lakeview, of two entries each. */
static void add_blocks(int blocks)
{
	for (int i = 0; i < blocks; i++) {
		audit_change(&world, text_of("One %d", i));
		audit_change(&world, text_of("Other %d", i));
		world_work(&world);
	}
}

START_TEST(what_was_done_is_chained_and_verifies)
{
	add_blocks(2);
	ck_assert_int_eq(number(UNCHAINED), 0);
	ck_assert_int_eq(number(MISPLACED), 0);
	char *printed;
	ck_assert_int_eq(audit_verify(&world.api, &printed, NULL), 0);
	/* A line for each district, with all that it has. */
	const char *line = strstr(printed, world.lakeview.id);
	ck_assert(line && strstr(printed, world.hillside.id));
	char wanted[200];
	snprintf(wanted, sizeof(wanted), "%s  %lld blocks, %lld entries, head %lld:", world.lakeview.id,
		 number("select count(*) from kept.audit_block" IN_LAKEVIEW),
		 number("select count(*) from kept.audit" IN_LAKEVIEW),
		 number("select max(number) from kept.audit_block" IN_LAKEVIEW));
	ck_assert_msg(strncmp(line, wanted, strlen(wanted)) == 0, "%s is not as %s", line, wanted);
	free(printed);
	/* What is not chained yet is told, and nothing is wrong with it. */
	audit_change(&world, "Later");
	ck_assert_int_eq(audit_verify(&world.api, &printed, NULL), 0);
	ck_assert_msg(strstr(printed, ", 1 not in a block yet, head "), "%s", printed);
	free(printed);
}
END_TEST

START_TEST(verify_takes_a_district_and_a_head)
{
	static const struct {
		const char *arguments[5];
		int code;
	} table[] = {
		{{"--district", "nonsense"}, 2},
		{{"--district", WORLD_ABSENT}, 2},
		{{"--head", "1:00"}, 2},
		{{"nonsense"}, 2},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int code = audit_verify(&world.api, NULL, table[i].arguments);
		ck_assert_msg(code == table[i].code, "%s ends with %d", table[i].arguments[0], code);
	}
	add_blocks(2);
	char *head = query_text(world.superuser,
				"select number || ':' || hash from kept.audit_block" IN_LAKEVIEW " and number = 1"),
	     *printed;
	const char *const good[] = {"--district", world.lakeview.id, "--head", head, NULL};
	ck_assert_int_eq(audit_verify(&world.api, &printed, good), 0);
	ck_assert_ptr_null(strstr(printed, world.hillside.id));
	free(printed);
	char *last = head + strlen(head) - 1;
	*last = *last == '0' ? '1' : '0';
	ck_assert_int_eq(audit_verify(&world.api, &printed, good), 1);
	free(printed);
	free(head);
}
END_TEST

#define SOME_ENTRY "(select entries[1] from kept.audit_block" IN_LAKEVIEW " and number = 2)"
#define BLOCK(n) IN_LAKEVIEW " and number = " #n

/* Blocks: 1 what the world began with, 2 to 4 two changes each. */
static const struct {
	const char *sql, *says;
} tampers[] = {
	{"update kept.audit set members = members || '{\"name\": \"Nobody\"}' where id = " SOME_ENTRY,
	 "block 2 does not fit: an entry of it was changed"},
	{"update kept.audit set actor = 'owner' where id = " SOME_ENTRY,
	 "block 2 does not fit: an entry of it was changed"},
	{"update kept.audit set actor = null where id = " SOME_ENTRY,
	 "block 2 does not fit: an entry of it was changed"},
	{"update kept.audit set at = at + interval '1 microsecond' where id = " SOME_ENTRY,
	 "block 2 does not fit: an entry of it was changed"},
	{"update kept.audit set row_id = 'x' || row_id where id = " SOME_ENTRY,
	 "block 2 does not fit: an entry of it was changed"},
	/* From one field to the next. */
	{"update kept.audit set table_name = table_name || left(row_id, 1), row_id = substr(row_id, 2) where id "
	 "= " SOME_ENTRY,
	 "block 2 does not fit: an entry of it was changed"},
	{"delete from kept.audit where id = " SOME_ENTRY, "block 2 does not fit: an entry of it was removed"},
	{"update kept.audit set id = kept.uuid7() where id = " SOME_ENTRY,
	 "block 2 does not fit: an entry of it was removed"},
	{"insert into kept.audit (district_id, table_name, row_id, change, members) select id, 'school', 'x', "
	 "'update', '{}' from kept.district where name <> 'Hillside'",
	 "is in no block"},
	{"delete from kept.audit where id in (select unnest(entries) from kept.audit_block" BLOCK(2) ")",
	 "block 2 does not fit: an entry of it was removed"},
	{"delete from kept.audit where id in (select unnest(entries) from kept.audit_block" BLOCK(2) ")",
	 "block 2 does not fit: an entry of it was removed"},
	{"insert into kept.audit_pending select id, kept.uuid7() from kept.district where name <> 'Hillside'",
	 "was removed before it was in a block"},
	{"update kept.audit_block set entries = (select entries from kept.audit_block" BLOCK(3) ") || entries" BLOCK(4),
	 "block 4 does not fit: an entry of it was changed, or its list"},
	{"delete from kept.audit_block" BLOCK(1), "block 1 does not fit: it was removed"},
	{"delete from kept.audit_block" BLOCK(3), "block 3 does not fit: it was removed"},
	{"delete from kept.audit_block" BLOCK(4), "is in no block"},
	{"update kept.audit_block set hash = repeat('a', 64)" BLOCK(3), "block 3 does not fit: it was changed itself"},
	{"update kept.audit_block set made_at = made_at + interval '1 hour'" BLOCK(3),
	 "block 3 does not fit: it was changed itself"},
	{"update kept.audit_block set previous = repeat('a', 64)" BLOCK(3), "block 3 does not fit: it does not go on"},
	{"update kept.audit_block set entries_hash = repeat('a', 64)" BLOCK(3),
	 "block 3 does not fit: an entry of it was changed, or"},
	{"update kept.audit_block set entries = entries[2:2] || entries[1:1]" BLOCK(3),
	 "block 3 does not fit: an entry of it was changed, or"},
	{"update kept.audit_block set entries = entries[1:1]" BLOCK(3),
	 "block 3 does not fit: an entry of it was changed, or"},
	{"update kept.audit_block set number = 40" BLOCK(4), "block 4 does not fit: it was removed"},
};

static void save(void)
{
	run("create table public.saved_audit as select * from kept.audit;"
	    "create table public.saved_block as select * from kept.audit_block");
}

static void bring_back(void)
{
	run("delete from kept.audit; insert into kept.audit select * from public.saved_audit;"
	    "delete from kept.audit_pending; delete from kept.audit_block; insert into kept.audit_block select * from "
	    "public.saved_block");
}

static void forget(void)
{
	run("drop table public.saved_audit; drop table public.saved_block");
}

START_TEST(whatever_is_changed_afterwards_is_seen)
{
	add_blocks(4);
	audit_must_verify(&world);
	save();
	for (size_t i = 0; i < sizeof(tampers) / sizeof(tampers[0]); i++) {
		char *printed;
		run(tampers[i].sql);
		int code = audit_verify(&world.api, &printed, NULL);
		ck_assert_msg(code == 1 && strstr(printed, tampers[i].says), "%s: ends with %d and says: %s",
			      tampers[i].sql, code, printed);
		/* The other district is well, and said so. */
		ck_assert_ptr_nonnull(strstr(printed, world.hillside.id));
		free(printed);
		bring_back();
		if (i % 6 == 0)
			audit_must_verify(&world);
	}
	forget();
	audit_must_verify(&world);
}
END_TEST

/* The end of a chain can be cut off with its entries, and a chain can be made anew: only who noted a head sees it. */
START_TEST(a_head_kept_elsewhere_tells_what_was_cut_off)
{
	add_blocks(2);
	save();
	char *head = query_text(world.superuser, "select number || ':' || hash from kept.audit_block" IN_LAKEVIEW
						 " order by number desc limit 1"),
	     *printed;
	const char *const arguments[] = {"--district", world.lakeview.id, "--head", head, NULL};
	ck_assert_int_eq(audit_verify(&world.api, NULL, arguments), 0);
	run("delete from kept.audit where id = any ((select entries from kept.audit_block" IN_LAKEVIEW
	    " order by number desc limit 1)::uuid[]);"
	    "delete from kept.audit_block b" IN_LAKEVIEW
	    " and number = (select max(number) from kept.audit_block x where x.district_id = b.district_id)");
	audit_must_verify(&world);
	ck_assert_int_eq(audit_verify(&world.api, &printed, arguments), 1);
	ck_assert_msg(strstr(printed, "is not in the chain"), "%s", printed);
	free(printed);
	bring_back();
	run("delete from kept.audit_block" IN_LAKEVIEW
	    "; insert into kept.audit_pending select district_id, id from kept.audit" IN_LAKEVIEW);
	world_work(&world);
	audit_must_verify(&world);
	ck_assert_int_eq(audit_verify(&world.api, NULL, arguments), 1);
	bring_back();
	forget();
	free(head);
}
END_TEST

START_TEST(an_erasure_leaves_the_chain_whole)
{
	const char *person = world_make(
		&world, world.lakeview.admin, "/v1/people",
		"{\"name\":\"Zebulon Unmistakable\",\"groups\":[\"families\"],\"contacts\":[{\"channel\":\"email\","
		"\"address\":\"zebulon@unmistakable.example\"}]}");
	world_make(&world, world.lakeview.admin, "/v1/commitments",
		   text_of("{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"person_id\":\"%s\"}}", person));
	world_key(&world, "steward", text_of(",\"name\":\"Zebulon Unmistakable\",\"person_id\":\"%s\"", person));
	world_work(&world);
	save();
	must_be(204, ask(&world.asking, world.lakeview.admin, "DELETE", text_of("/v1/people/%s", person),
			 "If-Match: *\r\n", NULL));
	world_work(&world);
	audit_must_verify(&world);
	/* No entry was touched, and none needed to be. */
	ck_assert_int_eq(number("select count(*) from (select * from public.saved_audit except select * from "
				"kept.audit) gone"),
			 0);
	ck_assert_int_eq(number("select count(*) from kept.audit a where a::text ~* 'zebulon|unmistakable'"), 0);
	ck_assert_int_gt(number(text_of("select count(*) from kept.audit where row_id like '%s%%'", person)), 1);
	forget();
}
END_TEST

/* The last one: it takes partitions away. */
START_TEST(a_chain_outlives_the_entries_of_a_month)
{
	char *printed;
	world_work(&world);
	/* A month later. */
	world_clock(&world, "2027-02-10 15:00:00+00");
	audit_change(&world, "In February");
	/* One of January that is committed only now has a block of its own. */
	run(text_of("insert into kept.audit (district_id, id, table_name, row_id, change, members) values ('%s', "
		    "kept.uuid7_floor('2027-01-31 23:59:59+00'), 'school', 'x', 'update', '{}');"
		    "insert into kept.audit_pending values ('%s', kept.uuid7_floor('2027-01-31 23:59:59+00'))",
		    world.lakeview.id, world.lakeview.id));
	world_work(&world);
	audit_must_verify(&world);
	ck_assert_int_eq(number(UNCHAINED), 0);
	ck_assert_int_eq(number("select count(*) from kept.audit_block b where exists (select from unnest(b.entries) e "
				"(id) where id < kept.uuid7_floor('2027-02-01 00:00+00')) and exists (select from "
				"unnest(b.entries) e (id) where id >= kept.uuid7_floor('2027-02-01 00:00+00'))"),
			 0);
	/* Gone with their partition: the chain holds. */
	run("do $$ declare p regclass; begin for p in select inhrelid from pg_inherits where inhparent = "
	    "'kept.audit'::regclass and inhrelid::regclass::text ~ 'audit_(2026..|202701)$' loop execute 'drop table ' "
	    "|| p; end loop; end $$");
	ck_assert_int_eq(number("select count(*) from kept.audit where id < kept.uuid7_floor('2027-02-01 00:00+00')"),
			 0);
	ck_assert_int_eq(audit_verify(&world.api, &printed, NULL), 0);
	ck_assert_msg(strstr(printed, " gone with their month, head "), "%s", printed);
	free(printed);
	/* Removed from a month that is there: it does not. */
	run("delete from kept.audit where id >= kept.uuid7_floor('2027-02-01 00:00+00')");
	int code = audit_verify(&world.api, &printed, NULL);
	ck_assert_msg(code == 1 && strstr(printed, "an entry of it was removed"), "%d %s", code, printed);
	free(printed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("audit");
	TCase *all = tcase_create("audit");
	tcase_set_timeout(all, 240);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, whatever_is_changed_afterwards_is_seen);
	tcase_add_test(all, what_was_done_is_chained_and_verifies);
	tcase_add_test(all, verify_takes_a_district_and_a_head);
	tcase_add_test(all, a_head_kept_elsewhere_tells_what_was_cut_off);
	tcase_add_test(all, an_erasure_leaves_the_chain_whole);
	tcase_add_test(all, a_chain_outlives_the_entries_of_a_month);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
