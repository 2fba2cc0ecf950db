/* What bad input gets: a problem that names each wrong field, and nothing stored. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct world world;

static void start_all(void)
{
	world_start(&world, "bad");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer post(const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "POST", target, NULL, body);
}

/* The form with $P, $S, $O of Lakeview, and those of Hillside for $p, $s, $o; $0 is an id that nothing has. */
static const char *filled(const char *form)
{
	struct text out;
	text_init(&out, 128 * 1024);
	for (; *form; form++) {
		if (*form != '$') {
			text_add(&out, form, 1);
			continue;
		}
		const struct world_place *place = strchr("PSO", *++form) ? &world.lakeview : &world.hillside;
		text_adds(&out, *form == '0'          ? WORLD_ABSENT
				: strchr("Pp", *form) ? place->person
				: strchr("Ss", *form) ? place->school
						      : place->organisation);
	}
	char *made = text_take(&out);
	const char *kept = text_of("%s", made);
	free(made);
	return kept;
}

/* A promise with its date, its group and so on. */
#define PROMISE(members) "{\"title\":\"Read\",\"owner\":{\"person_id\":\"$P\"}," members "}"
#define DUE(date) PROMISE("\"group\":\"families\",\"due_on\":" date)
#define PERSON(members) "{\"name\":\"Ann\",\"groups\":[\"families\"]," members "}"
#define MAIL(address) PERSON("\"contacts\":[{\"channel\":\"email\",\"address\":\"" address "\"}]")
#define HOOK(url) "{\"url\":\"" url "\",\"events\":[\"commitment.*\"]}"

static const struct {
	const char *path, *body, *pointer;
} wrong[] = {
	{"people", PERSON("\"time_zone\":\"Mars/Olympus\""), "/time_zone"},
	{"people", PERSON("\"time_zone\":\"America/New York\""), "/time_zone"},
	{"people", PERSON("\"time_zone\":\"EST\""), "/time_zone"},
	{"people", PERSON("\"time_zone\":\"+02:00\""), "/time_zone"},
	{"people", PERSON("\"time_zone\":\"../../etc/passwd\""), "/time_zone"},
	{"people", PERSON("\"time_zone\":5"), "/time_zone"},
	{"people", PERSON("\"language\":\"spanish, please\""), "/language"},
	{"people", PERSON("\"language\":\"e\""), "/language"},
	{"people", PERSON("\"language\":\"\""), "/language"},
	{"people", "{\"name\":\"Ann\",\"groups\":[\"pirates\"]}", "/groups/0"},
	{"people", "{\"name\":\"Ann\",\"groups\":[\"families\",\"families\"]}", "/groups/1"},
	{"people", "{\"name\":\"Ann\",\"groups\":[]}", "/groups"},
	{"people", "{\"name\":\"Ann\",\"groups\":\"families\"}", "/groups"},
	{"people", "{\"name\":\"Ann\"}", "/groups"},
	{"people", "{\"groups\":[\"families\"]}", "/name"},
	{"people", "{\"name\":\"\",\"groups\":[\"families\"]}", "/name"},
	{"people", "{\"name\":\"   \",\"groups\":[\"families\"]}", "/name"},
	{"people", "{\"name\":\"A\\nB\",\"groups\":[\"families\"]}", "/name"},
	{"people", "{\"name\":\"A\\u0085B\",\"groups\":[\"families\"]}", "/name"},
	{"people", "{\"name\":7,\"groups\":[\"families\"]}", "/name"},
	{"people", "{\"name\":null,\"groups\":[\"families\"]}", "/name"},
	{"people", PERSON("\"birth_date\":\"2015-01-01\""), "/birth_date"},
	{"people", PERSON("\"school_ids\":[\"Lincoln\"]"), "/school_ids/0"},
	{"people", MAIL("maria at a.example"), "/contacts/0/address"},
	{"people", MAIL("a\\u0007@a.example"), "/contacts/0/address"},
	{"people", MAIL("\\\"a b\\\"@a.example"), "/contacts/0/address"},
	{"people", MAIL("a@[192.0.2.1]"), "/contacts/0/address"},
	{"people", MAIL("a@a.example\\r\\nBcc: b@b.example"), "/contacts/0/address"},
	{"people", MAIL("Ann <a@a.example>"), "/contacts/0/address"},
	{"people", PERSON("\"contacts\":[{\"channel\":\"fax\",\"address\":\"12345\"}]"), "/contacts/0/channel"},
	{"people", PERSON("\"contacts\":[{\"channel\":\"webhook\",\"address\":\"https://me:word@a.example/\"}]"),
	 "/contacts/0/address"},
	{"people", PERSON("\"contacts\":[{\"channel\":\"email\",\"address\":\"https://a.example/\"}]"),
	 "/contacts/0/address"},
	{"organisations", "{\"name\":\"A\",\"kind\":\"gang\",\"group\":\"families\"}", "/kind"},
	{"organisations", "{\"name\":\"A\",\"kind\":\"class\",\"group\":\"pirates\"}", "/group"},
	{"schools", "{\"name\":\"A\",\"time_zone\":\"Nowhere\"}", "/time_zone"},
	{"actions", "{\"group\":\"families\",\"texts\":[{\"language\":\"??\",\"title\":\"A\"}]}", "/texts/0/language"},
	{"actions", "{\"group\":\"families\",\"texts\":[]}", "/texts"},
	{"keys", "{\"role\":\"owner\"}", "/role"},
	{"keys", "{\"role\":\"reader\",\"expires_at\":\"2027-02-30T00:00:00Z\"}", "/expires_at"},
	{"keys", "{\"role\":\"reader\",\"expires_at\":\"tomorrow\"}", "/expires_at"},
	{"keys", "{\"role\":\"reader\",\"expires_at\":\"2001-01-01T00:00:00Z\"}", "/expires_at"},
	{"reminder-policies", "{\"name\":\"A\",\"group\":\"families\",\"offsets\":[-366]}", "/offsets/0"},
	{"reminder-policies", "{\"name\":\"A\",\"group\":\"families\",\"offsets\":[1.5]}", "/offsets/0"},
	{"reminder-policies", "{\"name\":\"A\",\"group\":\"families\",\"offsets\":[1e3]}", "/offsets/0"},
	{"reminder-policies", "{\"name\":\"A\",\"group\":\"families\",\"offsets\":[1],\"send_at\":\"24:00\"}",
	 "/send_at"},
	{"reminder-policies", "{\"name\":\"A\",\"group\":\"families\",\"offsets\":[1],\"send_at\":\"8:00\"}",
	 "/send_at"},
	{"webhook-endpoints", HOOK("https://me@a.example/"), "/url"},
	{"webhook-endpoints", HOOK("https://me:word@a.example/"), "/url"},
	{"webhook-endpoints", HOOK("ftp://a.example/"), "/url"},
	{"webhook-endpoints", HOOK("//a.example/"), "/url"},
	{"webhook-endpoints", HOOK("https:///x"), "/url"},
	{"webhook-endpoints", HOOK("https://a.example/#x"), "/url"},
	{"webhook-endpoints", HOOK("https://a.example/\\n"), "/url"},
	{"webhook-endpoints", HOOK("https://a.example/ x"), "/url"},
	{"webhook-endpoints", "{\"url\":\"https://a.example/\",\"events\":[\"everything\"]}", "/events/0"},
	{"commitments", PROMISE("\"group\":\"pirates\""), "/group"},
	{"commitments", PROMISE("\"due_on\":\"2027-02-15\""), "/group"},
	{"commitments", PROMISE("\"group\":\"families\",\"status\":\"done\""), "/status"},
	{"commitments", PROMISE("\"group\":\"families\",\"status\":\"completed\""), "/status"},
	{"commitments", PROMISE("\"group\":\"families\",\"visibility\":\"secret\""), "/visibility"},
	{"commitments", PROMISE("\"group\":\"families\",\"description\":\"a\\u0000b\""), NULL},
	{"commitments", PROMISE("\"group\":\"families\",\"description\":\"a\\u0001b\""), "/description"},
	{"commitments", DUE("\"2027-02-30\""), "/due_on"},
	{"commitments", DUE("\"2027-2-3\""), "/due_on"},
	{"commitments", DUE("\"infinity\""), "/due_on"},
	{"commitments", DUE("\"-infinity\""), "/due_on"},
	{"commitments", DUE("\"now\""), "/due_on"},
	{"commitments", DUE("\"today\""), "/due_on"},
	{"commitments", DUE("\"epoch\""), "/due_on"},
	{"commitments", DUE("\"0001-01-01\""), "/due_on"},
	{"commitments", DUE("\"99999-01-01\""), "/due_on"},
	{"commitments", DUE("\"9999-12-31\""), "/due_on"},
	{"commitments", DUE("\"2027-01-15T00:00:00Z\""), "/due_on"},
	{"commitments", DUE("\"2027-01-15 \""), "/due_on"},
	{"commitments", DUE("20270115"), "/due_on"},
	{"commitments", DUE("\"\""), "/due_on"},
	{"commitments", "{\"title\":\"Read\",\"group\":\"families\"}", "/owner"},
	{"commitments", "{\"title\":\"Read\",\"group\":\"families\",\"owner\":{}}", "/owner"},
	{"commitments",
	 "{\"title\":\"Read\",\"group\":\"families\",\"owner\":{\"person_id\":\"$P\",\"group\":\"families\"}}",
	 "/owner"},
	{"commitments", "{\"title\":\"Read\",\"group\":\"families\",\"owner\":{\"person_id\":\"1\"}}",
	 "/owner/person_id"},
	{"commitments",
	 "{\"title\":\"Read\",\"group\":\"families\",\"owner\":{\"person_id\":\"$P\"},\"parties\":[{\"role\":\"owner\","
	 "\"person_id\":\"$P\"}]}",
	 "/parties/0/role"},
};

START_TEST(wrong_member_is_named_and_nothing_is_stored)
{
	char *before = world_digest(&world);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct answer reply = post(text_of("/v1/%s", wrong[i].path), filled(wrong[i].body));
		ck_assert_msg(reply.status == (wrong[i].pointer ? 422 : 400), "%s: %d %s", wrong[i].body, reply.status,
			      reply.body);
		ck_assert_msg(!wrong[i].pointer || names(&reply, wrong[i].pointer), "%s: %s", wrong[i].body,
			      reply.body);
		answer_release(&reply);
	}
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

/* First the shape of all members is judged, then what they refer to. */
START_TEST(all_that_is_wrong_is_named_at_once)
{
	static const struct {
		const char *path, *body;
		const char *pointers[8];
	} table[] = {
		{"commitments",
		 "{\"group\":\"families\",\"title\":\"Read\",\"school_id\":\"$s\",\"action_id\":\"$0\",\"due_on\":"
		 "\"1899-12-31\",\"owner\":{\"person_id\":\"$p\"},"
		 "\"parties\":[{\"role\":\"helper\",\"organisation_id\":\"$o\"},{\"role\":\"beneficiary\",\"group\":"
		 "\"students\",\"school_id\":\"$s\"}]}",
		 {"/school_id", "/action_id", "/due_on", "/owner/person_id", "/parties/0/organisation_id",
		  "/parties/1/school_id"}},
		{"commitments",
		 "{\"group\":\"pirates\",\"title\":\"\",\"due_on\":\"now\",\"owner\":{\"person_id\":\"x\"},\"parties\":"
		 "7,\"more\":1}",
		 {"/group", "/title", "/due_on", "/owner/person_id", "/parties", "/more"}},
		{"people",
		 "{\"name\":\"Ann\",\"groups\":[\"families\"],\"school_ids\":[\"$S\",\"$s\",\"$0\"],"
		 "\"contacts\":[{\"channel\":\"email\",\"address\":\"a@a.example\"}]}",
		 {"/school_ids/1", "/school_ids/2"}},
		{"people",
		 "{\"name\":\"\",\"groups\":[\"x\"],\"time_zone\":\"Mars/"
		 "Olympus\",\"language\":\"?\",\"contacts\":[{\"channel\":\"email\"}]}",
		 {"/name", "/groups/0", "/time_zone", "/language", "/contacts/0/address"}},
		{"organisations",
		 "{\"name\":\"A\",\"kind\":\"class\",\"group\":\"students\",\"school_id\":\"$s\"}",
		 {"/school_id"}},
		{"schools", "{\"name\":\"A\",\"coordinator_id\":\"$p\"}", {"/coordinator_id"}},
		{"keys",
		 "{\"role\":\"partner\",\"school_id\":\"$s\",\"organisation_id\":\"$o\",\"expires_at\":\"2001-01-01T00:"
		 "00:00Z\"}",
		 {"/school_id", "/organisation_id", "/expires_at"}},
		{"reminder-policies",
		 "{\"name\":\"\",\"school_id\":\"x\",\"group\":\"y\",\"offsets\":[\"z\",900],\"send_at\":\"now\"}",
		 {"/name", "/school_id", "/group", "/offsets/0", "/offsets/1", "/send_at"}},
	};
	for (size_t i = 0; i < COUNT(table); i++) {
		char *before = world_digest(&world);
		struct answer reply = must(422, post(text_of("/v1/%s", table[i].path), filled(table[i].body)));
		int count = 0;
		for (; count < 8 && table[i].pointers[count]; count++)
			ck_assert_msg(names(&reply, table[i].pointers[count]), "%s: %s", table[i].pointers[count],
				      reply.body);
		ck_assert_msg(count_at(&reply, "errors") == count, "%s", reply.body);
		char *after = world_digest(&world);
		ck_assert_str_eq(before, after);
		free(before);
		free(after);
		answer_release(&reply);
	}
}
END_TEST

START_TEST(dates_of_filters_are_as_strict)
{
	static const char *const dates[] = {"2027-02-30",           "infinity",    "now",      "today",
					    "0000-01-01",           "99999-01-01", "2027-1-1", "",
					    "2027-01-01T00:00:00Z", "%00"};
	for (size_t i = 0; i < COUNT(dates); i++) {
		must_be(400, ask(&world.asking, world.lakeview.admin, "GET",
				 text_of("/v1/commitments?due_from=%s", dates[i]), NULL, NULL));
		must_be(400, ask(&world.asking, world.lakeview.admin, "GET", text_of("/v1/summary?to=%s", dates[i]),
				 NULL, NULL));
	}
	/* These are dates, if far ones. */
	must_be(200, ask(&world.asking, world.lakeview.admin, "GET",
			 "/v1/commitments?due_from=0001-01-01&due_to=9999-12-31", NULL, NULL));
	must_be(200, ask(&world.asking, world.lakeview.admin, "GET", "/v1/summary?from=0001-01-01&to=9999-12-31", NULL,
			 NULL));
}
END_TEST

/* Bodies that are no JSON of the kind that is taken. `repeat` is put in so many times. */
static const struct {
	const char *before, *repeat, *after;
	int times, status;
} bodies[] = {
	{"{\"name\":\"A\",\"name\":\"B\",\"groups\":[\"families\"]}", "", "", 0, 400},
	{"{\"name\":\"A\",\"groups\":[\"families\"],\"contacts\":[{\"channel\":\"email\",\"channel\":\"email\","
	 "\"address\":\"a@a.example\"}]}",
	 "", "", 0, 400},
	{"{\"name\":\"A\\u0000B\",\"groups\":[\"families\"]}", "", "", 0, 400},
	{"{\"name\\u0000\":\"A\"}", "", "", 0, 400},
	{"{\"name\":\"\xff\",\"groups\":[\"families\"]}", "", "", 0, 400},
	{"{\"name\":\"\xed\xa0\x80\",\"groups\":[\"families\"]}", "", "", 0, 400},
	{"{\"name\":\"\\ud800\",\"groups\":[\"families\"]}", "", "", 0, 400},
	{"{\"name\":\"A\",\"groups\":[\"families\"]}x", "", "", 0, 400},
	{"{\"name\":\"A\",\"groups\":[\"families\"],}", "", "", 0, 400},
	{"{\"name\":NaN,\"groups\":[\"families\"]}", "", "", 0, 400},
	{"{\"name\":'A',\"groups\":[\"families\"]}", "", "", 0, 400},
	{"{\"name\":1e999,\"groups\":[\"families\"]}", "", "", 0, 400},
	{"{\"name\":123456789012345678901234567890,\"groups\":[\"families\"]}", "", "", 0, 400},
	{"\xef\xbb\xbf{\"name\":\"A\",\"groups\":[\"families\"]}", "", "", 0, 400},
	{"null", "", "", 0, 422},
	{"[]", "", "", 0, 422},
	{"\"name\"", "", "", 0, 422},
	{"7", "", "", 0, 422},
	{"true", "", "", 0, 422},
	{"{\"name\":", "[", "", 2000, 413},
	{"{\"name\":", "{\"a\":", "", 2000, 413},
	{"{\"name\":[", "1,", "1],\"groups\":[\"families\"]}", 3000, 413},
	{"{\"groups\":[\"families\"],\"name\":\"", "x", "\"}", 65536, 413},
	{"{\"groups\":[\"families\"],\"name\":\"", "x", "\"}", 201, 422},
	{"{\"groups\":[\"families\"],\"name\":\"", "\xc3\xb1", "\"}", 201, 422},
	{"{\"groups\":[\"families\"],\"name\":\"", "\xc3\xb1", "\"}", 200, 201},
	{"", " ", "{\"groups\":[\"families\"],\"name\":\"x\"}", 65536, 413},
	{"", " ", "{\"groups\":[\"families\"],\"name\":\"x\"}", 65000, 201},
	{"{\"groups\":[\"families\"],\"name\":\"x\",\"school_ids\":[", "\"00000000-0000-7000-8000-000000000000\",",
	 "\"x\"]}", 60, 422},
};

static struct answer post_long(size_t i)
{
	struct text body;
	text_init(&body, 256 * 1024);
	text_adds(&body, bodies[i].before);
	for (int n = 0; n < bodies[i].times; n++)
		text_adds(&body, bodies[i].repeat);
	text_adds(&body, bodies[i].after);
	ck_assert(text_ok(&body));
	struct answer reply = post("/v1/people", body.bytes);
	text_release(&body);
	return reply;
}

START_TEST(body_that_is_no_json_object_is_refused)
{
	long long before = query_number(world.superuser, "select count(*) from kept.person"), taken = 0;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct answer reply = post_long(i);
		ck_assert_msg(reply.status == bodies[i].status, "%.80s: %d %s", bodies[i].before, reply.status,
			      reply.body);
		ck_assert_msg(reply.status == 201 || *at(&reply, "detail") != '\0', "%s", reply.body);
		taken += reply.status == 201;
		answer_release(&reply);
	}
	ck_assert_int_eq(query_number(world.superuser, "select count(*) from kept.person"), before + taken);
}
END_TEST

START_TEST(second_host_is_400)
{
	struct answer reply = must(400, ask(&world.asking, world.lakeview.admin, "POST", "/v1/people",
					    "Host: other.example\r\n", PERSON("\"language\":\"es\"")));
	answer_release(&reply);
}
END_TEST

/* Text that means something to SQL, HTML, mail or a shell is text. */
START_TEST(strange_text_comes_back_as_it_was)
{
	static const char *const texts[] = {
		"'; drop table kept.person; --",
		"<script>alert(1)</script>",
		"%s%n%x",
		"$(reboot) `id`",
		"\\\\x00",
		"a\\u202eb",
		"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",
		"e\\u0301",
		"null",
		"ks1.k1.AAAA",
		"{\\\"a\\\":1}",
		"\\u00a0x",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct answer made =
			must(201, post("/v1/people", text_of("{\"name\":\"%s\",\"groups\":[\"families\"]}", texts[i])));
		json_t *sent = json_loads(text_of("[\"%s\"]", texts[i]), 0, NULL);
		ck_assert_str_eq(at(&made, "name"), json_string_value(json_array_get(sent, 0)));
		struct answer read = must(
			200, ask(&world.asking, world.lakeview.admin, "GET", header(&made, "Location"), NULL, NULL));
		ck_assert_str_eq(at(&read, "name"), at(&made, "name"));
		json_decref(sent);
		answer_release(&made);
		answer_release(&read);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bad input");
	TCase *all = tcase_create("bad input");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, wrong_member_is_named_and_nothing_is_stored);
	tcase_add_test(all, all_that_is_wrong_is_named_at_once);
	tcase_add_test(all, dates_of_filters_are_as_strict);
	tcase_add_test(all, body_that_is_no_json_object_is_refused);
	tcase_add_test(all, second_host_is_400);
	tcase_add_test(all, strange_text_comes_back_as_it_was);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
