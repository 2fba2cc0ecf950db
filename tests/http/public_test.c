/* Pages without a key: a plan's page and its sheet of paper. Whatever was written into a plan is text and nothing else;
 * nobody is named; what is not shown to all answers as what is not there. And the report on a plan, with a key. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/embed.h"
#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/shown_plan.h"

#define NESTED 32

static struct world world;
static char page[100], sheet[100];

static void start_all(void)
{
	world_start(&world, "public");
	const char *made = shown_plan(&world, &world.lakeview, "lincoln-2026-27", "in_force", true);
	snprintf(page, sizeof(page), "/plans/lincoln-2026-27");
	snprintf(sheet, sizeof(sheet), "/s/%s", strchr(made, ' ') + 1);
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *target, const char *headers)
{
	return ask(&world.asking, NULL, "GET", target, headers, NULL);
}

/* Every element ends where it should, and no markup character stands alone. */
static void expect_balanced(const char *html)
{
	char open[NESTED][16];
	size_t depth = 0;
	for (const char *c = strpbrk(html, "<>"); c; c = strpbrk(c, "<>")) {
		bool closes = c[1] == '/';
		char name[16];
		ck_assert_msg(*c == '<', "a > stands alone: %.60s", c);
		ck_assert_int_eq(sscanf(c + 1 + closes, "%15[a-zA-Z0-9!]", name), 1);
		if (closes) {
			ck_assert_msg(depth > 0 && strcmp(open[depth - 1], name) == 0, "</%s> ends no <%s>: %.60s",
				      name, depth ? open[depth - 1] : "", c);
			depth--;
		} else if (strcmp(name, "meta") != 0 && strcmp(name, "br") != 0 && strcmp(name, "!doctype") != 0) {
			ck_assert_uint_lt(depth, NESTED);
			memcpy(open[depth++], name, sizeof(name));
		}
		c = strchr(c, '>');
		ck_assert_ptr_nonnull(c);
		if (!closes && strcmp(name, "style") == 0)
			c = strstr(c, "</style>") - 1;
		c++;
	}
	ck_assert_uint_eq(depth, 0);
}

static int count_of(const char *text, const char *part)
{
	int count = 0;
	for (const char *c = strstr(text, part); c; c = strstr(c + 1, part))
		count++;
	return count;
}

static void expect_sound(const struct answer *answer)
{
	static const char *const unwanted[] = {"<script", "<b>",   " src=",   " onclick", "url(",      "@import",
					       "<img",    "<form", "<iframe", "style=\"", "Mar\u00eda"};
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		ck_assert_msg(!strstr(answer->body, unwanted[i]), "%.80s", strstr(answer->body, unwanted[i]));
	ck_assert_ptr_nonnull(
		strstr(answer->body, "&lt;script&gt;alert(&quot;O&#39;Neill&quot;)&lt;/script&gt; &amp; &lt;b&gt;"));
	ck_assert_int_eq(count_of(answer->body, "<h1"), 1);
	ck_assert_int_eq(count_of(answer->body, "<main"), 1);
	/* A key of the catalogue stands where a word is missing. */
	ck_assert_ptr_null(strstr(answer->body, ">page."));
	ck_assert_ptr_null(strstr(answer->body, ">sheet."));
	ck_assert_str_eq(header(answer, "Content-Type"), "text/html; charset=utf-8");
	ck_assert(text_starts(header(answer, "Content-Security-Policy"), "default-src 'none'; style-src 'sha256-"));
	expect_balanced(answer->body);
}

START_TEST(what_was_written_is_text_in_every_language)
{
	char tag[16];
	const char *name = embedded_catalogue.files[_i / 2].name;
	snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(name, "."), name);
	const char *target = _i % 2 ? sheet : page;
	struct answer answer = must(200, get(text_of("%s?language=%s", target, tag), NULL));
	bool rtl = strcmp(tag, "ar") == 0;
	ck_assert_ptr_nonnull(strstr(answer.body, text_of("<html lang=\"%s\"%s>", tag, rtl ? " dir=\"rtl\"" : "")));
	ck_assert_str_eq(header(&answer, "Content-Language"), tag);
	expect_sound(&answer);
	for (size_t i = 0; i < embedded_catalogue.count; i++)
		ck_assert_ptr_nonnull(strstr(answer.body, text_of("hreflang=\"%.*s\"",
								  (int)strcspn(embedded_catalogue.files[i].name, "."),
								  embedded_catalogue.files[i].name)));
	ck_assert_int_eq(count_of(answer.body, "aria-current=\"page\""), 1);
	answer_release(&answer);
}
END_TEST

START_TEST(the_language_is_the_one_asked_for_then_the_readers_then_the_districts)
{
	static const struct {
		const char *query, *accept, *language;
	} rows[] = {{"", NULL, "en"},
		    {"", "Accept-Language: es-MX, en;q=0.5\r\n", "es"},
		    {"?language=en", "Accept-Language: es\r\n", "en"},
		    {"?language=xx", "Accept-Language: zz, es;q=0.1\r\n", "es"},
		    {"?language=xx", NULL, "en"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer answer = must(200, get(text_of("%s%s", page, rows[i].query), rows[i].accept));
		ck_assert_str_eq(header(&answer, "Content-Language"), rows[i].language);
		answer_release(&answer);
	}
	/* What the catalogue has in that language is read in it; what a district wrote stays. */
	struct answer spanish = must(200, get(text_of("%s?language=es", sheet), NULL));
	ck_assert_ptr_nonnull(strstr(spanish.body, "lang=\"es\">Usar estrategias de ense"));
	ck_assert_ptr_nonnull(strstr(spanish.body, "<strong dir=\"auto\">Read &lt;script"));
	ck_assert_ptr_nonnull(strstr(spanish.body, "<time datetime=\"2027-01-04\">4 de enero de 2027</time>"));
	answer_release(&spanish);
}
END_TEST

/* What stands on the page about a promise, up to the next. */
static const char *about(const struct answer *answer, const char *title)
{
	const char *found = strstr(answer->body, text_of(">%s</strong>", title));
	return found ? text_of("%.*s", (int)(strstr(found, "</ul>") - found), found) : "";
}

START_TEST(page_shows_promises_for_all_and_institutions_that_are_late)
{
	static const struct {
		const char *title, *mark;
	} rows[] = {{"Translate the handbook", "class=\"late\">Late<"},
		    {"Open the library", "class=\"kept\">Kept<"},
		    {"Mend the bus line", "class=\"kept_later\">"},
		    {"Drop the fee", "class=\"let_go\">Let go<"},
		    {"Read every evening", "class=\"under_way\">Under way<"},
		    {"Ask for help", "class=\"under_way\">Under way<"},
		    {"Nobody took it on", "class=\"open\">Not agreed yet<"}};
	struct answer answer = must(200, get(page, NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(strstr(about(&answer, rows[i].title), rows[i].mark), "%s: %s", rows[i].title,
			      about(&answer, rows[i].title));
	ck_assert_ptr_null(strstr(answer.body, "Only for"));
	ck_assert_ptr_nonnull(strstr(answer.body, "<li class=\"late\">Late: 1</li>"));
	ck_assert_int_eq(count_of(answer.body, "<th scope=\"row\">"), 8);
	ck_assert_int_eq(count_of(answer.body, "<th scope=\"col\">"), 3);
	ck_assert_int_eq(count_of(answer.body, "<section aria-labelledby="), 9);
	answer_release(&answer);
}
END_TEST

START_TEST(sheet_has_boxes_for_each_responsibility_and_the_three_questions)
{
	struct answer answer = must(200, get(sheet, NULL));
	ck_assert_int_eq(count_of(answer.body, "<span class=\"box\">"), 8 * 4);
	ck_assert_int_eq(count_of(answer.body, "This should be added to the list:"), 8);
	ck_assert_ptr_nonnull(strstr(answer.body, text_of("%s</a>", sheet)));
	ck_assert_ptr_nonnull(strstr(answer.body, "Who has not been part of the discussion"));
	ck_assert_ptr_nonnull(strstr(answer.body, " / aaaaaaaaaaaa<"));
	ck_assert_str_eq(header(&answer, "Cache-Control"), "no-cache");
	ck_assert_str_eq(header(&answer, "Vary"), "Accept-Language");
	/* What is promised beside the plan's text is not asked on paper. */
	ck_assert_ptr_null(strstr(answer.body, "Translate the handbook"));
	answer_release(&answer);
	struct answer one = must(200, get(text_of("%s?group=families", sheet), NULL));
	ck_assert_int_eq(count_of(one.body, "<span class=\"box\">"), 4);
	ck_assert_ptr_nonnull(strstr(one.body, "?language=es&amp;group=families\""));
	answer_release(&one);
	must_be(400, get(text_of("%s?group=pirates", sheet), NULL));
}
END_TEST

START_TEST(page_is_kept_by_everybody_and_fetched_again_only_when_it_changed)
{
	struct answer first = must(200, get(page, NULL));
	ck_assert_str_eq(header(&first, "Cache-Control"), "public, max-age=300");
	ck_assert_str_eq(header(&first, "Vary"), "Accept-Language");
	const char *tag = text_of("If-None-Match: %s\r\n", header(&first, "ETag"));
	struct answer same = must(304, get(page, tag));
	ck_assert_str_eq(same.body, "");
	ck_assert_str_eq(header(&same, "ETag"), header(&first, "ETag"));
	ck_assert_str_eq(header(&same, "Cache-Control"), "public, max-age=300");
	must_be(200, get(text_of("%s?language=es", page), tag));
	query_run(world.superuser, "update kept.commitment set status = 'completed', completed_on = '2027-01-04'"
				   " where title = 'Translate the handbook'");
	struct answer other = must(200, get(page, tag));
	ck_assert_ptr_nonnull(strstr(about(&other, "Translate the handbook"), "class=\"kept\""));
	answer_release(&first);
	answer_release(&same);
	answer_release(&other);
}
END_TEST

/* The body without the id of the request. */
static const char *anonymous(const struct answer *answer)
{
	const char *instance = at(answer, "instance"), *found = strstr(answer->body, instance);
	ck_assert(*instance && found);
	return text_of("%.*s%s", (int)(found - answer->body), answer->body, found + strlen(instance));
}

START_TEST(what_is_not_shown_answers_as_what_is_not_there)
{
	const char *draft = shown_plan(&world, &world.lakeview, "a-draft", "draft", true);
	shown_plan(&world, &world.lakeview, "not-published", "in_force", false);
	const char *const hidden[] = {"/plans/a-draft", "/plans/not-published", "/plans/in_force",
				      text_of("/s/%s", strchr(draft, ' ') + 1), "/s/abcdefghij"};
	struct answer absent = must(404, get("/plans/nothing-here", NULL));
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		struct answer answer = must(404, get(hidden[i], NULL));
		if (!strchr(hidden[i], '_'))
			ck_assert_str_eq(anonymous(&answer), anonymous(&absent));
		ck_assert_str_eq(header(&answer, "Cache-Control"), "no-store");
		answer_release(&answer);
	}
	answer_release(&absent);
	/* Not published, but with its code in hand it can be answered on paper. */
	char *code = query_text(world.superuser, "select sheet_code from kept.plan where slug = 'not-published'");
	must_be(200, get(text_of("/s/%s", code), NULL));
	free(code);
}
END_TEST

START_TEST(a_key_adds_nothing_and_nothing_is_written)
{
	char *before = world_digest(&world);
	struct answer none = must(200, get(page, NULL));
	const char *const keys[] = {world.lakeview.admin, world.hillside.admin, world.reader};
	for (size_t i = 0; i < 3; i++) {
		struct answer answer = must(200, ask(&world.asking, keys[i], "GET", page, NULL, NULL));
		ck_assert_str_eq(answer.body, none.body);
		answer_release(&answer);
	}
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	answer_release(&none);
	char *state = query_state(world.superuser,
				  "set role kept_api; begin; select kept.enter('page', 'lincoln-2026-27', '');"
				  " update kept.plan set title = 'x'");
	ck_assert_str_eq(state, "25006");
	free(state);
}
END_TEST

/* What the first page says of a plan. */
static const char *listed(const struct answer *home, const char *slug)
{
	const char *found = strstr(home->body, text_of("href=\"/plans/%s\"", slug));
	return found ? text_of("%.*s", (int)(strstr(found, "</li>") - found), found) : "";
}

START_TEST(first_page_lists_published_plans_and_who_is_missing)
{
	shown_plan(&world, &world.hillside, "other-district", "consultation", true);
	shown_plan(&world, &world.hillside, "other-draft", "draft", true);
	shown_plan(&world, &world.hillside, "other-hidden", "consultation", false);
	query_run(world.superuser,
		  "insert into kept.plan_coverage (district_id, plan_id, group_code, state) select district_id, id, "
		  "g.code, case g.code when 'students' then 'missing' else 'invited' end from kept.plan p, "
		  "kept.stakeholder_group g where p.slug = 'other-district' and g.code not in ('families', 'leaders')");
	struct answer home = must(200, get("/", NULL));
	ck_assert_ptr_nonnull(strstr(listed(&home, "other-district"),
				     "<br>Missing: District and school leaders, Students, Families"));
	ck_assert_ptr_nonnull(strstr(listed(&home, "other-district"), "<bdi>Hillside</bdi>"));
	ck_assert_ptr_nonnull(strstr(listed(&home, "lincoln-2026-27"), "<bdi>Lakeview</bdi>"));
	ck_assert_ptr_nonnull(strstr(listed(&home, "lincoln-2026-27"), "&lt;script&gt;"));
	ck_assert_str_eq(listed(&home, "other-draft"), "");
	ck_assert_str_eq(listed(&home, "other-hidden"), "");
	ck_assert_ptr_null(strstr(home.body, "<script"));
	ck_assert_ptr_null(strstr(home.body, "{{"));
	expect_balanced(home.body);
	answer_release(&home);
}
END_TEST

/* Where the report on a plan of shown_plan() is. */
static const char *report_of(const char *shown)
{
	char *id = query_text(world.superuser,
			      text_of("select id from kept.plan where slug = '%.*s'", (int)strcspn(shown, " "), shown));
	const char *target = text_of("/v1/plans/%s/report", id);
	free(id);
	return target;
}

/* The member of a group, by its place in the guide's order. */
static long told(const struct answer *answer, int group, const char *member)
{
	return strtol(at(answer, text_of("groups/%d/%s", group, member)), NULL, 10);
}

#define LEADERS 3
#define FAMILIES 5

START_TEST(report_counts_all_for_an_admin_and_never_tells_an_outsider_of_few)
{
	const char *shown = shown_plan(&world, &world.lakeview, NULL, "in_force", false), *target = report_of(shown);
	struct answer all = must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
	ck_assert_str_eq(at(&all, "exact"), "true");
	ck_assert_int_eq(told(&all, LEADERS, "kept"), 1);
	ck_assert_int_eq(told(&all, LEADERS, "kept_later"), 1);
	ck_assert_int_eq(told(&all, LEADERS, "late"), 2);
	ck_assert_int_eq(told(&all, LEADERS, "let_go"), 1);
	ck_assert_int_eq(told(&all, FAMILIES, "late"), 1);
	ck_assert_int_eq(told(&all, FAMILIES, "open"), 1);
	ck_assert_str_eq(at(&all, "groups/3/coverage"), "committed");
	ck_assert_str_eq(at(&all, "groups/1/coverage"), "missing");
	ck_assert_int_eq(count_at(&all, "responsibilities"), 8 + 9);
	struct answer outside = must(200, ask(&world.asking, world.reader, "GET", target, NULL, NULL));
	ck_assert_str_eq(at(&outside, "exact"), "false");
	ck_assert_int_eq(told(&outside, LEADERS, "late"), 1);
	ck_assert_int_eq(told(&outside, 0, "late"), 0);
	ck_assert_int_eq(count_at(&outside, "responsibilities"), 8 + 7);
	ck_assert_ptr_null(strstr(outside.body, "Only for"));
	ck_assert_ptr_null(strstr(outside.body, "Mar\u00eda"));
	answer_release(&outside);
	/* Ten more that a reader may not read: told by fives, and never more than there are. */
	query_run(world.superuser,
		  text_of("insert into kept.commitment (district_id, group_code, title, due_on, first_due_on, plan_id, "
			  "created_by) select p.district_id, 'leaders', 'Hidden', '2027-01-04', '2027-01-04', p.id, "
			  "'test' "
			  "from kept.plan p, generate_series(1, 10) where p.slug = '%.*s'",
			  (int)strcspn(shown, " "), shown));
	outside = must(200, ask(&world.asking, world.reader, "GET", target, NULL, NULL));
	long hidden = told(&outside, LEADERS, "late") - 1;
	ck_assert_msg(hidden == 5 || hidden == 10, "%ld", hidden);
	answer_release(&outside);
	struct answer steward = must(200, ask(&world.asking, world.steward, "GET", target, NULL, NULL));
	ck_assert_int_eq(told(&steward, LEADERS, "late"), 12);
	answer_release(&steward);
	answer_release(&all);
}
END_TEST

START_TEST(report_is_a_sheet_of_eight_rows_too)
{
	const char *target = report_of(shown_plan(&world, &world.lakeview, NULL, "in_force", false));
	const char *key = world.lakeview.admin;
	struct answer json = must(200, ask(&world.asking, key, "GET", target, NULL, NULL));
	struct answer csv = must(200, ask(&world.asking, key, "GET", target, "Accept: text/csv\r\n", NULL));
	ck_assert(text_starts(csv.body,
			      "group,name,necessity,coverage,agreed,open,declined,kept,kept_later,late,let_go,"
			      "under_way\r\nteachers,Teachers,must,committed,0,1,0,0,0,1,0,0\r\n"));
	ck_assert_int_eq(count_of(csv.body, "\r\n"), 9);
	ck_assert_ptr_nonnull(
		strstr(csv.body, "leaders,District and school leaders,must,committed,0,1,0,1,1,2,1,0\r\n"));
	ck_assert_str_eq(header(&csv, "Content-Disposition"), "attachment; filename=\"report.csv\"");
	ck_assert_str_ne(header(&csv, "ETag"), header(&json, "ETag"));
	must_be(304, ask(&world.asking, key, "GET", target,
			 text_of("Accept: text/csv\r\nIf-None-Match: %s\r\n", header(&csv, "ETag")), NULL));
	must_be(200, ask(&world.asking, key, "GET", target,
			 text_of("Accept: text/csv\r\nIf-None-Match: %s\r\n", header(&json, "ETag")), NULL));
	struct answer spanish =
		must(200, ask(&world.asking, key, "GET", target, "Accept: text/csv\r\nAccept-Language: es\r\n", NULL));
	ck_assert_ptr_nonnull(strstr(spanish.body, "\r\nfamilies,Familias,"));
	answer_release(&json);
	answer_release(&csv);
	answer_release(&spanish);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("public");
	TCase *all = tcase_create("public");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, what_was_written_is_text_in_every_language, 0, 2 * (int)embedded_catalogue.count);
	tcase_add_test(all, the_language_is_the_one_asked_for_then_the_readers_then_the_districts);
	tcase_add_test(all, page_shows_promises_for_all_and_institutions_that_are_late);
	tcase_add_test(all, sheet_has_boxes_for_each_responsibility_and_the_three_questions);
	tcase_add_test(all, a_key_adds_nothing_and_nothing_is_written);
	tcase_add_test(all, what_is_not_shown_answers_as_what_is_not_there);
	tcase_add_test(all, page_is_kept_by_everybody_and_fetched_again_only_when_it_changed);
	tcase_add_test(all, first_page_lists_published_plans_and_who_is_missing);
	tcase_add_test(all, report_counts_all_for_an_admin_and_never_tells_an_outsider_of_few);
	tcase_add_test(all, report_is_a_sheet_of_eight_rows_too);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
