/* The pages for people at /docs: all of the contract is there, they hold together, load nothing, and can be cached. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "api/reply/problem.h"
#include "api/schema/schema.h"
#include "kept/text.h"
#include "tests/support/world.h"

#define NESTED 32

static struct world world;

static void start_all(void)
{
	world_start(&world, "docs");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer page_read(const char *target)
{
	return must(200, ask(&world.asking, NULL, "GET", target, NULL, NULL));
}

static bool is_void(const char *name)
{
	return strcmp(name, "meta") == 0 || strcmp(name, "!doctype") == 0;
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
		} else if (!is_void(name)) {
			ck_assert_uint_lt(depth, NESTED);
			memcpy(open[depth++], name, sizeof(name));
		}
		c = strchr(c, '>');
		ck_assert_ptr_nonnull(c);
		c++;
		/* The style is not markup. */
		if (!closes && strcmp(name, "style") == 0)
			c = strstr(c, "</style>");
	}
	ck_assert_uint_eq(depth, 0);
}

/* Links lead to a place of this page or to a path of the contract; nothing else is named, loaded or run. */
static void expect_links(const char *html)
{
	static const char *const unwanted[] = {"<script", " src=", " onclick", "url(",
					       "@import", "<img",  "<iframe",  "<form"};
	struct contract_match match;

	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		ck_assert_msg(strstr(html, unwanted[i]) == NULL, "%s", strstr(html, unwanted[i]));
	for (const char *c = strstr(html, "href=\""); c; c = strstr(c, "href=\"")) {
		char *target = strndup(c + 6, strcspn(c + 6, "\""));

		if (*target == '#') {
			const char *place = text_of(" id=\"%s\"", target + 1);
			const char *found = strstr(html, place);

			ck_assert_msg(found != NULL, "%s leads nowhere", target);
			ck_assert_msg(strstr(found + 1, place) == NULL, "%s is there twice", target);
		} else {
			contract_match("GET", target, &match);
			ck_assert_msg(match.operation != NULL, "%s leads nowhere", target);
		}
		free(target);
		c += 6;
	}
}

static void expect_page(const char *target)
{
	struct answer page = page_read(target);

	ck_assert_str_eq(header(&page, "Content-Type"), "text/html; charset=utf-8");
	ck_assert_str_eq(header(&page, "Content-Language"), "en");
	ck_assert_str_eq(header(&page, "X-Content-Type-Options"), "nosniff");
	ck_assert(text_starts(header(&page, "Content-Security-Policy"), "default-src 'none'; style-src 'sha256-"));
	expect_balanced(page.body);
	expect_links(page.body);
	struct answer again = must(304, ask(&world.asking, NULL, "GET", target,
					    text_of("If-None-Match: %s\r\n", header(&page, "ETag")), NULL));
	ck_assert_str_eq(again.body, "");
	ck_assert_str_eq(header(&again, "ETag"), header(&page, "ETag"));
	answer_release(&again);
	answer_release(&page);
}

START_TEST(page_is_sound_and_cached)
{
	static const char *const targets[] = {"/docs", "/docs/problems", "/docs/problems/invalid"};

	expect_page(targets[_i]);
}
END_TEST

/* The article of the operation; to be freed. */
static char *article_of(const char *html, const char *id)
{
	const char *begin = strstr(html, text_of("<h3 id=\"%s\">", id));

	ck_assert_msg(begin != NULL, "%s is not on the page", id);
	return strndup(begin, (size_t)(strstr(begin, "</article>") - begin));
}

static void expect_member(const char *article, const char *name, const char *operation)
{
	ck_assert_msg(strstr(article, text_of("<dt><code>%s</code>", name)) ||
			      strstr(article, text_of(".%s</code>", name)),
		      "%s: the member %s is not told", operation, name);
}

/* Members at any depth of a body. */
static void expect_members(const char *article, const struct schema *schema, const char *operation, int depth)
{
	if (!schema || depth > 5)
		return;
	for (size_t i = 0; i < schema->property_count; i++) {
		expect_member(article, schema->properties[i].name, operation);
		expect_members(article, schema->properties[i].schema, operation, depth + 1);
	}
	expect_members(article, schema->ref, operation, depth + 1);
	expect_members(article, schema->items, operation, depth + 1);
	for (size_t i = 0; i < schema->all_count; i++)
		expect_members(article, schema->all_of[i], operation, depth + 1);
	for (size_t i = 0; i < schema->any_count; i++)
		expect_members(article, schema->any_of[i], operation, depth + 1);
	for (size_t i = 0; i < schema->one_count; i++)
		expect_members(article, schema->one_of[i], operation, depth + 1);
}

/* What a shell would send; to be freed. */
static char *sent_by_curl(const char *article)
{
	static const char *const escapes[][2] = {
		{"&#39;\\&#39;&#39;", "'"}, {"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}};
	const char *at = strstr(article, "-d '"), *end;
	struct text out;

	ck_assert_ptr_nonnull(at);
	at += 4;
	end = strstr(at, "'</pre>");
	ck_assert_ptr_nonnull(end);
	text_init(&out, 65536);
	while (at < end) {
		size_t i = 0;

		while (i < 5 && !text_starts(at, escapes[i][0]))
			i++;
		text_add(&out, i < 5 ? escapes[i][1] : at, 1);
		at += i < 5 ? strlen(escapes[i][0]) : 1;
	}
	return text_take(&out);
}

static void expect_example(const char *article, const struct contract_operation *operation)
{
	char *bytes = sent_by_curl(article);
	json_t *body = json_loads(bytes, JSON_REJECT_DUPLICATES, NULL);
	struct schema_errors errors;

	schema_errors_init(&errors);
	ck_assert_msg(body != NULL, "%s: %s", operation->id, bytes);
	if (!schema_validate(operation->body, body, &errors))
		ck_abort_msg("%s: the example does not fit: %s %s: %s", operation->id, errors.items[0].pointer,
			     errors.items[0].detail, bytes);
	json_decref(body);
	free(bytes);
}

START_TEST(every_operation_is_told_with_parameters_body_and_example)
{
	struct answer page = page_read("/docs");

	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		char *article = article_of(page.body, operation->id);

		ck_assert_msg(strstr(article, text_of("<code>%s</code>", operation->path)), "%s", operation->id);
		for (size_t j = 0; j < operation->parameter_count; j++)
			expect_member(article, operation->parameters[j].name, operation->id);
		expect_members(article, operation->body, operation->id, 0);
		ck_assert_msg(strstr(article, "<pre>curl"), "%s", operation->id);
		if (operation->body)
			expect_example(article, operation);
		ck_assert_msg(!operation->if_match_required == !strstr(article, "-H 'If-Match: *'"), "%s",
			      operation->id);
		ck_assert_msg(!operation->roles == !strstr(article, "Authorization: Bearer"), "%s", operation->id);
		free(article);
	}
	answer_release(&page);
}
END_TEST

START_TEST(every_problem_has_a_page_and_stands_in_the_list)
{
	struct answer list = page_read("/docs/problems");

	for (size_t i = 0; i < problem_count; i++) {
		const char *target = text_of("/docs/problems/%s", problem_table[i].code);
		struct answer page = page_read(target);

		ck_assert_msg(strstr(list.body, text_of("href=\"%s\"", target)), "%s", target);
		ck_assert_msg(strstr(page.body, text_of("Status %d", problem_table[i].status)), "%s", target);
		ck_assert_msg(strstr(page.body, "<h2>What to do</h2>\n<p>"), "%s", target);
		ck_assert_msg(strstr(page.body, text_of("%s&quot;,\n  &quot;title", target)), "%s", page.body);
		expect_balanced(page.body);
		answer_release(&page);
	}
	answer_release(&list);
}
END_TEST

START_TEST(unknown_problem_is_a_problem)
{
	must_be(404, ask(&world.asking, NULL, "GET", "/docs/problems/none", NULL, NULL));
	must_be(404, ask(&world.asking, NULL, "GET", "/docs/problems/In%76alid", NULL, NULL));
	must_be(404, ask(&world.asking, NULL, "GET", "/docs/nothing", NULL, NULL));
}
END_TEST

START_TEST(first_page_leads_to_the_docs)
{
	struct answer page = page_read("/");

	ck_assert_ptr_nonnull(strstr(page.body, "<a href=\"/docs\">"));
	answer_release(&page);
}
END_TEST

START_TEST(errors_beyond_the_list_are_told)
{
	struct text body;

	text_init(&body, 65536);
	text_adds(&body, "{\"name\":\"Ann\",\"groups\":[\"teachers\"]");
	for (int i = 0; i < 80; i++)
		text_addf(&body, ",\"member_%d\":1", i);
	text_adds(&body, "}");
	struct answer refused =
		must(422, ask(&world.asking, world.lakeview.admin, "POST", "/v1/people", NULL, body.bytes));
	ck_assert_int_eq(count_at(&refused, "errors"), KEPT_ERRORS);
	ck_assert_ptr_nonnull(strstr(at(&refused, "detail"), "Only the first 64 errors are listed."));
	answer_release(&refused);
	text_release(&body);
}
END_TEST

/* 1.0 is an integer in JSON Schema, also where SQL reads it. */
START_TEST(whole_number_may_have_a_fraction_of_zero)
{
	struct answer made =
		must(201, ask(&world.asking, world.lakeview.admin, "POST", "/v1/reminder-policies", NULL,
			      text_of("{\"name\":\"Early\",\"school_id\":\"%s\",\"offsets\":[-14.0,-1e0,2]}",
				      world.lakeview.school)));
	ck_assert_str_eq(at(&made, "offsets/0"), "-14");
	ck_assert_str_eq(at(&made, "offsets/2"), "2");
	answer_release(&made);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("docs");
	TCase *all = tcase_create("docs");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, page_is_sound_and_cached, 0, 3);
	tcase_add_test(all, every_operation_is_told_with_parameters_body_and_example);
	tcase_add_test(all, every_problem_has_a_page_and_stands_in_the_list);
	tcase_add_test(all, unknown_problem_is_a_problem);
	tcase_add_test(all, first_page_leads_to_the_docs);
	tcase_add_test(all, errors_beyond_the_list_are_told);
	tcase_add_test(all, whole_number_may_have_a_fraction_of_zero);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
