/* Lists by page: nothing twice, nothing left out, whatever comes and goes in between; and what a page token is good
 * for. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/world.h"

#define ROWS 300
#define MOST 1000

static struct world world;

struct row {
	char id[40];
	bool stayed; /* it was there from the first page to the last */
	int seen;
};

struct listed {
	struct row rows[MOST];
	int count;
	unsigned random;
};

static void start_all(void)
{
	world_start(&world, "pages");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}

static unsigned next_random(struct listed *listed, unsigned below)
{
	listed->random = listed->random * 1664525u + 1013904223u;
	return (listed->random >> 8) % below;
}

/* Adds one at any place of the order; many share a place. */
static void add(struct listed *listed, const char *kind, bool stays)
{
	unsigned place = next_random(listed, 9);
	const char *body;
	if (strcmp(kind, "commitments") == 0)
		body = text_of("{\"group\":\"teachers\",\"title\":\"Page\",\"owner\":{\"group\":\"teachers\"}%s}",
			       place == 0 ? "" : text_of(",\"due_on\":\"2027-02-0%u\"", place));
	else if (strcmp(kind, "people") == 0)
		body = text_of("{\"name\":\"%s\",\"groups\":[\"policymakers\"]}",
			       place == 0 ? "Ñandú, \\\"x\\\"" : text_of("Name %u", place));
	else if (strcmp(kind, "keys") == 0)
		body = "{\"role\":\"reader\"}";
	else
		body = text_of("{\"name\":\"Name %u\"%s}", place,
			       strcmp(kind, "schools") == 0 ? "" : ",\"kind\":\"other\",\"group\":\"policymakers\"");
	struct row *row = &listed->rows[listed->count++];
	ck_assert_int_le(listed->count, MOST);
	memcpy(row->id, world_make(&world, world.lakeview.admin, text_of("/v1/%s", kind), body), 37);
	row->stayed = stays;
}

static void take_away(struct listed *listed, const char *kind)
{
	struct row *row = &listed->rows[next_random(listed, (unsigned)listed->count)];
	if (!row->stayed)
		return;
	must_be(204, ask(&world.asking, world.lakeview.admin, "DELETE", text_of("/v1/%s/%s", kind, row->id),
			 "If-Match: *\r\n", NULL));
	row->stayed = false;
}

static void note(struct listed *listed, const struct answer *page)
{
	for (int n = 0; n < count_at(page, "items"); n++) {
		const char *id = at(page, text_of("items/%d/id", n));
		for (int i = 0; i < listed->count; i++)
			listed->rows[i].seen += strcmp(listed->rows[i].id, id) == 0;
	}
}

static const struct {
	const char *kind, *filter;
	bool moves; /* rows can be taken away */
} lists[] = {
	{"commitments", "group=teachers", true},
	{"people", "group=policymakers", true},
	{"organisations", "group=policymakers", true},
	{"schools", "x", true},
	{"keys", "x", false},
};

START_TEST(row_that_stays_is_seen_exactly_once)
{
	static struct listed listed;
	const char *kind = lists[_i].kind, *filter = lists[_i].filter;
	const char *target = strcmp(filter, "x") == 0 ? text_of("/v1/%s?page_size=17", kind)
						      : text_of("/v1/%s?%s&page_size=17", kind, filter);
	listed.random = 7;
	for (int i = 0; i < ROWS; i++)
		add(&listed, kind, true);
	struct answer page = get(target);
	int pages = 1;
	for (;; pages++) {
		note(&listed, &page);
		const char *next = at(&page, "next");
		if (strcmp(next, "null") == 0)
			break;
		ck_assert_int_eq(count_at(&page, "items"), 17);
		/* The link is the same page, ready to be followed. */
		const char *link = header(&page, "Link");
		ck_assert_msg(strstr(link, next) && strstr(link, "rel=\"next\"") &&
				      strstr(link, text_of("/v1/%s?", kind)),
			      "%s", link);
		answer_release(&page);
		add(&listed, kind, false);
		if (lists[_i].moves)
			take_away(&listed, kind);
		page = get(text_of("%s&page_token=%s", target, next));
	}
	answer_release(&page);
	ck_assert_int_ge(pages, ROWS / 17);
	int stayed = 0;
	for (int i = 0; i < listed.count; i++) {
		ck_assert_msg(listed.rows[i].seen <= 1, "%s was told %d times", listed.rows[i].id, listed.rows[i].seen);
		ck_assert_msg(!listed.rows[i].stayed || listed.rows[i].seen == 1, "%s was left out", listed.rows[i].id);
		stayed += listed.rows[i].stayed;
	}
	ck_assert_int_ge(stayed, ROWS / 2);
}
END_TEST

START_TEST(page_has_at_most_two_hundred)
{
	static struct listed listed;
	for (int i = 0; i < 210; i++)
		add(&listed, "commitments", true);
	struct answer page = get("/v1/commitments?page_size=1000000");
	ck_assert_int_eq(count_at(&page, "items"), 200);
	answer_release(&page);
	page = get("/v1/commitments");
	ck_assert_int_eq(count_at(&page, "items"), 50);
	answer_release(&page);
	static const char *const wrong[] = {
		"0", "-1", "1000001", "1.5", "1e2", "+7", "ten", "", "99999999999999999999", "%31%00"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		must_be(400, ask(&world.asking, world.lakeview.admin, "GET",
				 text_of("/v1/commitments?page_size=%s", wrong[i]), NULL, NULL));
}
END_TEST

static void refused(const char *target, const char *token)
{
	struct answer page = must(400, ask(&world.asking, world.lakeview.admin, "GET",
					   text_of("%s%spage_token=%s", target, strchr(target, '?') ? "&" : "?", token),
					   NULL, NULL));
	ck_assert_msg(strstr(at(&page, "type"), "/bad-page-token") || names(&page, "page_token"), "%s", page.body);
	answer_release(&page);
}

START_TEST(page_token_is_good_for_its_list_and_filters_only)
{
	static struct listed listed;
	for (int i = 0; i < 5; i++)
		add(&listed, "commitments", true);
	struct answer page = get("/v1/commitments?group=teachers&due_to=2027-03-01&page_size=1");
	const char *token = at(&page, "next");
	/* The order of the parameters and the size may change. */
	must_be(200, ask(&world.asking, world.lakeview.admin, "GET",
			 text_of("/v1/commitments?page_token=%s&due_to=2027-03-01&page_size=3&group=teachers", token),
			 NULL, NULL));
	static const char *const other[] = {
		"/v1/commitments",
		"/v1/commitments?group=teachers",
		"/v1/commitments?group=families&due_to=2027-03-01",
		"/v1/commitments?group=teachers&due_to=2027-03-02",
		"/v1/commitments?group=teachers&due_to=2027-03-01&status=agreed",
		"/v1/people",
		"/v1/people?group=teachers",
		"/v1/events",
		"/v1/keys",
	};
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		refused(other[i], token);
	/* A list below one thing is another below the next. */
	struct answer of_one = get(text_of("/v1/commitments/%s/reminders?page_size=1",
					   world_promise(&world, ",\"due_on\":\"2027-02-15\"")));
	refused(text_of("/v1/commitments/%s/reminders", world_promise(&world, ",\"due_on\":\"2027-02-15\"")),
		at(&of_one, "next"));
	answer_release(&of_one);
	for (size_t i = 0; i < strlen(token); i++) {
		char *changed = strdup(token);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		refused("/v1/commitments?group=teachers&due_to=2027-03-01", changed);
		changed[i] = '\0';
		if (i > 0)
			refused("/v1/commitments?group=teachers&due_to=2027-03-01", changed);
		free(changed);
	}
	/* It tells nothing of what it holds. */
	ck_assert_ptr_null(strstr(token, "2027"));
	answer_release(&page);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("page");
	TCase *all = tcase_create("page");
	tcase_set_timeout(all, 180);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, row_that_stays_is_seen_exactly_once, 0, (int)(sizeof(lists) / sizeof(lists[0])));
	tcase_add_test(all, page_has_at_most_two_hundred);
	tcase_add_test(all, page_token_is_good_for_its_list_and_filters_only);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
