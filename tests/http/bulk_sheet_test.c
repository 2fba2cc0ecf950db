/* A coordinator arrives with a sheet: rows become promises and people, wrong ones are told by their line. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

#define CSV "Content-Type: text/csv; charset=utf-8\r\n"
#define COMMITMENTS "/v1/commitments/bulk"
#define PEOPLE "/v1/people/bulk"
#define ORGANISATIONS "/v1/organisations/bulk"

#define VERSIONS                                                                                                       \
	"select md5(string_agg(x, ',' order by x)) from (select c::text from kept.commitment c union all select "      \
	"p::text "                                                                                                     \
	"from kept.party p union all select p::text from kept.person p union all select o::text from "                 \
	"kept.organisation "                                                                                           \
	"o union all select g::text from kept.person_group g) all_rows (x)"

static struct world world;

static void start_all(void)
{
	world_start(&world, "bulk_sheet");
	world_make(&world, world.lakeview.admin, "/v1/schools", "{\"name\":\"Twin\"}");
	world_make(&world, world.lakeview.admin, "/v1/schools", "{\"name\":\"twin\"}");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer send(const char *target, const char *sheet)
{
	return ask(&world.asking, world.lakeview.admin, "POST", target, CSV, sheet);
}

static long long rows(const char *question)
{
	return query_number(world.superuser, question);
}

/* 60 rows; the rows on lines 5, 20 and 61 are wrong in three ways: a date, an owner, a ragged row. */
static char *sheet_of_sixty(const char *mark)
{
	struct text out;
	text_init(&out, 64 * 1024);
	text_adds(&out, "title,group,owner_email,school,due_on\r\n");
	for (int line = 2; line <= 61; line++)
		text_addf(&out, "\"%s %d, said \"\"yes\"\"\",families,%s,lincoln elementary,%s%s\r\n", mark, line,
			  line == 20 ? "nobody@lakeview.example" : "Maria@Lakeview.example",
			  line == 5 ? "15.1.2027" : "2027-02-15", line == 61 ? ",more" : "");
	char *sheet = text_take(&out);
	ck_assert_ptr_nonnull(sheet);
	return sheet;
}

START_TEST(sheet_with_three_wrong_rows_brings_in_the_others)
{
	char *sheet = sheet_of_sixty("Read");
	struct answer reply = must(207, send(COMMITMENTS, sheet));
	ck_assert_str_eq(at(&reply, "created"), "57");
	ck_assert_str_eq(at(&reply, "failed"), "3");
	ck_assert_str_eq(at(&reply, "changed"), "0");
	ck_assert_int_eq(count_at(&reply, "items"), 60);
	for (int i = 0; i < 60; i++) {
		bool wrong = i == 3 || i == 18 || i == 59;
		ck_assert_str_eq(at(&reply, text_of("items/%d/index", i)), text_of("%d", i));
		ck_assert_str_eq(at(&reply, text_of("items/%d/line", i)), text_of("%d", i + 2));
		ck_assert_str_eq(at(&reply, text_of("items/%d/status", i)), wrong ? "422" : "201");
		ck_assert_int_eq(*at(&reply, text_of("items/%d/problem/title", i)) != '\0', wrong);
	}
	ck_assert_str_eq(at(&reply, "items/3/problem/errors/0/pointer"), "/items/3/due_on");
	ck_assert_str_eq(at(&reply, "items/3/problem/errors/0/line"), "5");
	ck_assert_str_eq(at(&reply, "items/18/problem/errors/0/pointer"), "/items/18/owner_email");
	ck_assert_str_eq(at(&reply, "items/59/problem/errors/0/pointer"), "/items/59");
	ck_assert_ptr_nonnull(strstr(at(&reply, "items/59/problem/errors/0/detail"), "6 cells"));
	ck_assert_ptr_nonnull(strstr(at(&reply, "items/59/problem/detail"), "The row or item has 6 cells"));
	ck_assert_int_eq(rows("select count(*) from kept.commitment where title like 'Read %'"), 57);
	struct answer read = must(200, ask(&world.asking, world.lakeview.admin, "GET",
					   text_of("/v1/commitments/%s", at(&reply, "items/0/id")), NULL, NULL));
	ck_assert_str_eq(at(&read, "title"), "Read 2, said \"yes\"");
	ck_assert_str_eq(at(&read, "owner/person_id"), world.lakeview.person);
	ck_assert_str_eq(at(&read, "school_id"), world.lakeview.school);
	ck_assert_str_ne(at(&read, "next_reminder_at"), "null");
	answer_release(&read);
	answer_release(&reply);
	free(sheet);
}
END_TEST

START_TEST(sheet_with_three_wrong_rows_brings_in_nothing_when_all_or_nothing_is_asked_for)
{
	char *sheet = sheet_of_sixty("Atomic"), *before = world_digest(&world);
	struct answer reply = must(422, send(COMMITMENTS "?atomic=true", sheet));
	ck_assert_int_eq(count_at(&reply, "errors"), 3);
	ck_assert_str_eq(at(&reply, "errors/0/pointer"), "/items/3/due_on");
	ck_assert_str_eq(at(&reply, "errors/0/line"), "5");
	ck_assert_str_eq(at(&reply, "errors/1/line"), "20");
	ck_assert_str_eq(at(&reply, "errors/2/line"), "61");
	ck_assert_ptr_nonnull(strstr(at(&reply, "detail"), "3 of 60"));
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	answer_release(&reply);
	free(before);
	free(after);
	free(sheet);
}
END_TEST

START_TEST(all_good_rows_are_200)
{
	struct answer reply = must(200, send(COMMITMENTS "?atomic=true",
					     "\xef\xbb\xbftitle;group;owner_organisation;visibility\n"
					     "Jobs for the summer;business_community;CHAMBER of Commerce;plan\n\n;;;\n"
					     "Tools;business_community;Chamber of Commerce;\n"));
	ck_assert_str_eq(at(&reply, "created"), "2");
	ck_assert_str_eq(at(&reply, "items/1/line"), "5");
	struct answer read = must(200, ask(&world.asking, world.partner, "GET",
					   text_of("/v1/commitments/%s", at(&reply, "items/0/id")), NULL, NULL));
	ck_assert_str_eq(at(&read, "owner/organisation_id"), world.lakeview.organisation);
	ck_assert_str_eq(at(&read, "visibility"), "plan");
	answer_release(&read);
	answer_release(&reply);
}
END_TEST

START_TEST(names_that_fit_none_or_several_are_told_by_line)
{
	struct answer reply = must(207, send(COMMITMENTS, "title,group,owner_email,owner_organisation,school\n"
							  "A,families,maria@lakeview.example,,TWIN\n"
							  "B,families,maria@lakeview.example,,Nowhere\n"
							  "C,families,,Nobody Ltd,\n"
							  "D,families,maria@lakeview.example,Chamber of Commerce,\n"
							  "E,families,,,\n"));
	ck_assert_str_eq(at(&reply, "failed"), "5");
	ck_assert_ptr_nonnull(strstr(at(&reply, "items/0/problem/errors/0/detail"), "fits 2"));
	ck_assert_str_eq(at(&reply, "items/1/problem/errors/0/pointer"), "/items/1/school");
	ck_assert_str_eq(at(&reply, "items/2/problem/errors/0/pointer"), "/items/2/owner_organisation");
	ck_assert_str_eq(at(&reply, "items/3/problem/errors/0/line"), "5");
	ck_assert_str_eq(at(&reply, "items/4/problem/errors/0/pointer"), "/items/4/owner");
	answer_release(&reply);
	/* A mail address of another district is nobody's. */
	world_make(&world, world.hillside.admin, "/v1/people",
		   "{\"name\":\"Eva\",\"groups\":[\"families\"],\"contacts\":[{\"channel\":\"email\",\"address\":"
		   "\"eva@hillside.example\"}]}");
	reply = must(207, send(COMMITMENTS, "title,group,owner_email\nA,families,eva@hillside.example\n"));
	ck_assert_ptr_nonnull(strstr(at(&reply, "items/0/problem/errors/0/detail"), "of nobody"));
	answer_release(&reply);
}
END_TEST

START_TEST(people_are_kept_as_their_sheet_writes_them)
{
	struct answer reply = must(200, send(PEOPLE, "name,groups,schools,language,email\r\n"
						     "فاطمة 'الزهراء',families,Lincoln Elementary,ar,f@a.example\r\n"
						     "'=HYPERLINK(1),teachers;families,,,\r\n"
						     "\"O'Neill, \"\"Mary\"\"\",leaders,,en,\r\n"));
	static const char *const names_kept[] = {"فاطمة 'الزهراء'", "=HYPERLINK(1)", "O'Neill, \"Mary\""};
	for (int i = 0; i < 3; i++) {
		struct answer read =
			must(200, ask(&world.asking, world.lakeview.admin, "GET",
				      text_of("/v1/people/%s", at(&reply, text_of("items/%d/id", i))), NULL, NULL));
		ck_assert_str_eq(at(&read, "name"), names_kept[i]);
		ck_assert_int_eq(count_at(&read, "contacts"), i == 0);
		ck_assert_int_eq(count_at(&read, "school_ids"), i == 0);
		ck_assert_int_eq(count_at(&read, "groups"), i == 1 ? 2 : 1);
		answer_release(&read);
	}
	answer_release(&reply);
}
END_TEST

START_TEST(exported_rows_come_back_with_what_was_edited)
{
	const char *first = world_promise(&world, ",\"due_on\":\"2027-03-01\""),
		   *second = world_promise(&world, ",\"due_on\":\"2027-03-01\"");
	const char *sheet = text_of("id,version,title,group,status,owner.name,owner.person_id,due_on,created_at\n"
				    "%s,1,One more,families,agreed,María O'Neill,%s,2027-03-05,2027-01-10T15:00:00Z\n"
				    "%s,1,,families,agreed,María O'Neill,%s,2027-03-01,2027-01-10T15:00:00Z\n",
				    first, world.lakeview.person, second, world.lakeview.person);
	struct answer reply = must(200, send(COMMITMENTS, sheet));
	ck_assert_str_eq(at(&reply, "changed"), "1");
	ck_assert_str_eq(at(&reply, "unchanged"), "1");
	ck_assert_str_eq(at(&reply, "items/0/version"), "2");
	ck_assert_str_eq(at(&reply, "items/1/version"), "1");
	answer_release(&reply);
	/* The version that was exported is no more; a status is moved, not written. */
	reply = must(207, send(COMMITMENTS, text_of("%s%s,2,,,completed,,,2027-03-09,\n", sheet, first)));
	ck_assert_str_eq(at(&reply, "items/0/status"), "412");
	ck_assert_str_eq(at(&reply, "items/1/status"), "200");
	ck_assert_str_eq(at(&reply, "items/2/status"), "422");
	ck_assert_str_eq(at(&reply, "items/2/problem/errors/0/pointer"), "/items/2/status");
	answer_release(&reply);
	struct answer read = must(
		200, ask(&world.asking, world.lakeview.admin, "GET", text_of("/v1/commitments/%s", first), NULL, NULL));
	ck_assert_str_eq(at(&read, "title"), "One more");
	ck_assert_str_eq(at(&read, "due_on"), "2027-03-05");
	ck_assert_str_eq(at(&read, "status"), "agreed");
	answer_release(&read);
}
END_TEST

/* Whatever a list answers as text/csv is taken back, and says nothing new. */
START_TEST(list_that_is_sent_back_changes_nothing)
{
	static const char *const lists[][2] = {
		{"/v1/commitments", COMMITMENTS}, {"/v1/people", PEOPLE}, {"/v1/organisations", ORGANISATIONS}};
	world_promise(&world, text_of(",\"due_on\":\"2027-03-01\",\"description\":\"=1+1, \\\"two\\\"\\nlines\","
				      "\"parties\":[{\"role\":\"helper\",\"group\":\"families\"},"
				      "{\"role\":\"accountable\",\"organisation_id\":\"%s\"}]",
				      world.lakeview.organisation));
	world_make(&world, world.lakeview.admin, "/v1/people",
		   "{\"name\":\"'=ا'\",\"groups\":[\"families\",\"leaders\"],\"time_zone\":\"America/Chicago\","
		   "\"contacts\":[{\"channel\":\"webhook\",\"address\":\"https://a.example/?a=1,2\"}]}");
	for (int i = 0; i < 3; i++) {
		struct answer sheet = must(200, ask(&world.asking, world.lakeview.admin, "GET", lists[i][0],
						    "Accept: text/csv\r\n", NULL));
		char *before = query_text(world.superuser, VERSIONS);
		struct answer reply = must(200, send(lists[i][1], sheet.body));
		ck_assert_int_ge(count_at(&reply, "items"), 1);
		ck_assert_str_eq(at(&reply, "unchanged"), text_of("%d", count_at(&reply, "items")));
		char *after = query_text(world.superuser, VERSIONS);
		ck_assert_str_eq(before, after);
		answer_release(&reply);
		answer_release(&sheet);
		free(before);
		free(after);
	}
}
END_TEST

START_TEST(contacts_stay_and_null_takes_away)
{
	const char *person = world_make(&world, world.lakeview.admin, "/v1/people",
					text_of("{\"name\":\"Zed\",\"groups\":[\"families\"],\"language\":\"es\","
						"\"school_ids\":[\"%s\"],\"contacts\":[{\"channel\":\"email\","
						"\"address\":\"zed@a.example\"}]}",
						world.lakeview.school));
	struct answer reply = must(
		207,
		send(PEOPLE, text_of("id,language,schools,email\n%s,null,null,zed@a.example\n%s,en,,other@a.example\n",
				     person, person)));
	ck_assert_str_eq(at(&reply, "items/0/version"), "2");
	ck_assert_str_eq(at(&reply, "items/1/problem/errors/0/pointer"), "/items/1/contacts");
	answer_release(&reply);
	struct answer read = must(
		200, ask(&world.asking, world.lakeview.admin, "GET", text_of("/v1/people/%s", person), NULL, NULL));
	ck_assert_str_eq(at(&read, "language"), "null");
	ck_assert_int_eq(count_at(&read, "school_ids"), 0);
	ck_assert_str_eq(at(&read, "version"), "2");
	answer_release(&read);
}
END_TEST

START_TEST(organisations_come_by_sheet_too)
{
	struct answer reply =
		must(200, send(ORGANISATIONS, "name\tkind\tgroup\tschool\temail\n"
					      "PTA\tcouncil\tfamilies\tLincoln Elementary\tpta@a.example\n"));
	struct answer read = must(200, ask(&world.asking, world.lakeview.admin, "GET",
					   text_of("/v1/organisations/%s", at(&reply, "items/0/id")), NULL, NULL));
	ck_assert_str_eq(at(&read, "school_id"), world.lakeview.school);
	ck_assert_str_eq(at(&read, "contacts/0/address"), "pta@a.example");
	answer_release(&read);
	answer_release(&reply);
}
END_TEST

static const struct {
	const char *sheet;
	int status;
	const char *line, *words; /* of the first error */
} refused[] = {
	{"title,group,titel,title\nA,families,,\n", 422, "1", "titel"},
	{"title,group\n\"A,families\n", 400, "2", "never closed"},
	{"title,group\nA,families\nB,\xff\xfe\n", 400, "3", "UTF-8"},
	{"title,group\rA,families\r", 400, "1", "carriage return"},
	{"title,group\n", 422, "", "must not be empty"},
};

START_TEST(sheet_that_cannot_be_read_is_refused_whole)
{
	char *before = world_digest(&world);
	struct answer reply = must(refused[_i].status, send(COMMITMENTS, refused[_i].sheet));
	ck_assert_str_eq(at(&reply, "errors/0/line"), refused[_i].line);
	ck_assert_msg(strstr(at(&reply, "errors/0/detail"), refused[_i].words), "%s", reply.body);
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	answer_release(&reply);
	free(before);
	free(after);
}
END_TEST

/* The shell line in README sends them. */
START_TEST(sheets_to_try_are_good)
{
	static const char *const sheets[][2] = {{"deploy/try/people.csv", PEOPLE "?atomic=true"},
						{"deploy/try/promises.csv", COMMITMENTS "?atomic=true"}};
	for (int i = 0; i < 2; i++) {
		char sheet[4096];
		FILE *file = fopen(sheets[i][0], "re");
		ck_assert_msg(file != NULL, "%s cannot be read; tests run from the top of the checkout", sheets[i][0]);
		size_t length = fread(sheet, 1, sizeof(sheet) - 1, file);
		fclose(file);
		sheet[length] = '\0';
		struct answer reply = must(200, send(sheets[i][1], sheet));
		ck_assert_str_eq(at(&reply, "created"), "5");
		answer_release(&reply);
	}
}
END_TEST

START_TEST(sheet_is_no_body_of_other_operations)
{
	struct answer reply = must(415, send("/v1/people", "name,groups\nA,families\n"));
	ck_assert_str_eq(header(&reply, "Accept"), "application/json");
	ck_assert_ptr_nonnull(strstr(at(&reply, "detail"), "as application/json, "));
	answer_release(&reply);
	reply = must(415, ask(&world.asking, world.lakeview.admin, "POST", PEOPLE, "Content-Type: text/tsv\r\n", "a"));
	ck_assert_str_eq(header(&reply, "Accept"), "application/json, text/csv");
	ck_assert_ptr_nonnull(strstr(at(&reply, "detail"), "as application/json or text/csv, "));
	answer_release(&reply);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bulk_sheet");
	TCase *all = tcase_create("bulk_sheet");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, sheet_with_three_wrong_rows_brings_in_the_others);
	tcase_add_test(all, sheet_with_three_wrong_rows_brings_in_nothing_when_all_or_nothing_is_asked_for);
	tcase_add_test(all, all_good_rows_are_200);
	tcase_add_test(all, names_that_fit_none_or_several_are_told_by_line);
	tcase_add_test(all, people_are_kept_as_their_sheet_writes_them);
	tcase_add_test(all, exported_rows_come_back_with_what_was_edited);
	tcase_add_test(all, list_that_is_sent_back_changes_nothing);
	tcase_add_test(all, contacts_stay_and_null_takes_away);
	tcase_add_test(all, organisations_come_by_sheet_too);
	tcase_add_loop_test(all, sheet_that_cannot_be_read_is_refused_whole, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(all, sheet_is_no_body_of_other_operations);
	tcase_add_test(all, sheets_to_try_are_good);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
