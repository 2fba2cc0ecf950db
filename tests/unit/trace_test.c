/*
 * W3C Trace Context, level 2, by tables from the specification and the cases of its public test harness.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/trace.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define GOOD "00-" ID "-" SPAN "-01"
#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *value;
	bool taken;
	unsigned flags; /* that go on */
} parents[] = {
	{GOOD, true, 1},
	{"00-" ID "-" SPAN "-00", true, 0},
	{"00-" ID "-" SPAN "-02", true, 2}, /* level 2: random */
	{"00-" ID "-" SPAN "-03", true, 3},
	{"00-" ID "-" SPAN "-ff", true, 3}, /* unknown flags are not passed on */
	{"00-" ID "-" SPAN "-fc", true, 0},
	{" \t" GOOD "\t ", true, 1},
	{"01-" ID "-" SPAN "-01", true, 1}, /* later versions */
	{"cc-" ID "-" SPAN "-01", true, 1},
	{"cc-" ID "-" SPAN "-01-what-the-future-will-be-like", true, 1},
	{"cc-" ID "-" SPAN "-01-", true, 1},
	{"fe-" ID "-" SPAN "-01", true, 1},
	{"cc-" ID "-" SPAN "-01.what-the-future-will-not-be-like", false, 0},
	{"cc-" ID "-" SPAN "-0x", false, 0},
	{"cc-" ID "-" SPAN "-1", false, 0},
	{"ff-" ID "-" SPAN "-01", false, 0},
	{GOOD "-what-the-future-will-be-like", false, 0},
	{GOOD "-", false, 0},
	{GOOD ".", false, 0},
	{GOOD "1", false, 0},
	{"", false, 0},
	{" ", false, 0},
	{"00", false, 0},
	{"00-" ID "-" SPAN, false, 0},
	{"00-" ID "-" SPAN "-", false, 0},
	{"00-" ID "-" SPAN "-1", false, 0},
	{"00-" ID "-" SPAN "-001", false, 0},
	{"0-" ID "-" SPAN "-01", false, 0},
	{"000-" ID "-" SPAN "-01", false, 0},
	{".0-" ID "-" SPAN "-01", false, 0},
	{"0.-" ID "-" SPAN "-01", false, 0},
	{"0G-" ID "-" SPAN "-01", false, 0},
	{"FF-" ID "-" SPAN "-01", false, 0},
	{"CC-" ID "-" SPAN "-01", false, 0},
	{"00-00000000000000000000000000000000-" SPAN "-01", false, 0},
	{"00-" ID "-0000000000000000-01", false, 0},
	{"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", false, 0},
	{"00-" ID "-00F067AA0BA902B7-01", false, 0},
	{"00-" ID "-" SPAN "-0A", false, 0},
	{"00-.bf92f3577b34da6a3ce929d0e0e4736-" SPAN "-01", false, 0},
	{"00-4bf92f3577b34da6a3ce929d0e0e473."
	 "-" SPAN "-01",
	 false, 0},
	{"00-" ID "-.0f067aa0ba902b7-01", false, 0},
	{"00-" ID "-00f067aa0ba902b.-01", false, 0},
	{"00-" ID "-" SPAN "-.0", false, 0},
	{"00-" ID "-" SPAN "-0.", false, 0},
	{"00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "-01", false, 0},
	{"00-4bf92f3577b34da6a3ce929d0e0e47366-" SPAN "-01", false, 0},
	{"00-" ID "-00f067aa0ba902b-01", false, 0},
	{"00-" ID "-00f067aa0ba902b77-01", false, 0},
	{"00_" ID "-" SPAN "-01", false, 0},
	{"00-" ID "_" SPAN "-01", false, 0},
	{"00-" ID "-" SPAN "_01", false, 0},
	{"00-" ID "-" SPAN "-01 x", false, 0},
	{GOOD "," GOOD, false, 0},
	{"\"" GOOD "\"", false, 0},
};

START_TEST(traceparent_is_taken_or_begins_a_new_trace)
{
	struct trace_headers headers = {0};
	struct trace trace;
	char next[TRACE_PARENT_SIZE], wanted[TRACE_PARENT_SIZE];

	trace_header(&headers, "TraceParent", 11, parents[_i].value, strlen(parents[_i].value));
	trace_header(&headers, "tracestate", 10, "foo=1", 5);
	trace_of(&trace, &headers);
	trace_parent(&trace, next);
	ck_assert_uint_eq(strlen(next), 55);
	ck_assert_uint_eq(strspn(trace.id, "0123456789abcdef"), 32);
	ck_assert_uint_eq(strspn(trace.span, "0123456789abcdef"), 16);
	ck_assert_str_ne(trace.span, SPAN);
	ck_assert_str_ne(trace.span, "0000000000000000");
	if (parents[_i].taken) {
		snprintf(wanted, sizeof(wanted), "00-" ID "-%s-%02x", trace.span, parents[_i].flags);
		ck_assert_msg(strcmp(next, wanted) == 0, "\"%s\" goes on as %s", parents[_i].value, next);
		ck_assert_str_eq(trace.parent, SPAN);
		ck_assert_str_eq(trace.state, "foo=1");
	} else {
		ck_assert_msg(strcmp(trace.id, ID) != 0, "\"%s\" was taken", parents[_i].value);
		ck_assert_str_ne(trace.id, "00000000000000000000000000000000");
		/* Not sampled, random: 3.2.2.5. */
		ck_assert_str_eq(next + 52, "-02");
		ck_assert_str_eq(trace.parent, "");
		ck_assert_str_eq(trace.state, "");
	}
}
END_TEST

START_TEST(each_new_trace_and_span_is_another)
{
	struct trace one, other;

	trace_new(&one);
	trace_new(&other);
	ck_assert_str_ne(one.id, other.id);
	ck_assert_str_ne(one.span, other.span);
	other = one;
	trace_span(&other);
	ck_assert_str_eq(one.id, other.id);
	ck_assert_str_ne(one.span, other.span);
}
END_TEST

START_TEST(more_than_one_traceparent_begins_a_new_trace)
{
	static const char *const seconds[] = {GOOD, "00-12345678901234567890123456789012-1234567890123456-01", "", "x"};

	for (int i = 0; i < LENGTH(seconds); i++) {
		struct trace_headers headers = {0};
		struct trace trace;

		trace_header(&headers, "traceparent", 11, GOOD, strlen(GOOD));
		trace_header(&headers, "tracestate", 10, "foo=1", 5);
		trace_header(&headers, "TRACEPARENT", 11, seconds[i], strlen(seconds[i]));
		trace_of(&trace, &headers);
		ck_assert_str_ne(trace.id, ID);
		ck_assert_str_ne(trace.id, "12345678901234567890123456789012");
		ck_assert_str_eq(trace.state, "");
	}
}
END_TEST

START_TEST(names_of_headers_are_whole)
{
	static const char *const names[] = {"trace-parent", "trace.parent", "traceparen", "xtraceparent",
					    "traceparents"};

	for (int i = 0; i < LENGTH(names); i++) {
		struct trace_headers headers = {0};

		trace_header(&headers, names[i], strlen(names[i]), GOOD, strlen(GOOD));
		ck_assert_int_eq(headers.parents, 0);
	}
}
END_TEST

START_TEST(values_that_cannot_be_kept_begin_a_new_trace)
{
	struct trace_headers headers = {0};
	struct trace trace;
	char value[8000];

	memset(value, 'a', sizeof(value));
	memcpy(value, GOOD, strlen(GOOD));
	trace_header(&headers, "traceparent", 11, value, sizeof(value));
	trace_of(&trace, &headers);
	ck_assert_str_ne(trace.id, ID);
	memset(&headers, 0, sizeof(headers));
	trace_header(&headers, "traceparent", 11, GOOD "\0x", strlen(GOOD) + 2);
	trace_of(&trace, &headers);
	ck_assert_str_ne(trace.id, ID);
	memset(&headers, 0, sizeof(headers));
	trace_header(&headers, "traceparent", 11, NULL, 0);
	trace_of(&trace, &headers);
	ck_assert_str_ne(trace.id, ID);
}
END_TEST

static const struct {
	const char *sent;
	const char *passed_on; /* "" left out */
} states[] = {
	{"foo=1", "foo=1"},
	{"foo=1,bar=2", "foo=1,bar=2"},
	{"foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"},
	{" foo=1", "foo=1"},
	{"\tfoo=1\t", "foo=1"},
	{"foo=1,", "foo=1"},
	{",foo=1", "foo=1"},
	{"foo=1,,bar=2", "foo=1,bar=2"},
	{"", ""},
	{",", ""},
	{"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
	{"fw529a3039@dt=FfVw", "fw529a3039@dt=FfVw"},
	{"0tenant@system=1", "0tenant@system=1"},
	{"a/b*c-d_e=1", "a/b*c-d_e=1"},
	{"foo= bar baz", "foo= bar baz"},
	{"foo=!\"#$%&'()*+-./0189:;<>?@AZ[\\]^_`az{|}~", "foo=!\"#$%&'()*+-./0189:;<>?@AZ[\\]^_`az{|}~"},
	{"foo", ""},
	{"foo=", ""},
	{"=1", ""},
	{"foo =1", ""},
	{"foo=1=2", ""},
	{"FOO=1", ""},
	{"foo.bar=1", ""},
	{"0foo=1", "0foo=1"},
	{"foo@=1,bar=2", "foo@=1,bar=2"},
	{"@foo=1,bar=2", ""},
	{"foo@@bar=1,bar=2", "foo@@bar=1,bar=2"},
	{"foo@bar@baz=1,bar=2", "foo@bar@baz=1,bar=2"},
	{"-foo=1", ""},
	{"foo@Bar=1", ""},
	{"foo=1,foo=2", "foo=1"},
	{"foo=1,bar=2,foo=1", "foo=1,bar=2"},
	{"foo=b\x7f", ""},
	{"foo=\xc3\xa9", ""},
	{"foo=1\t2", ""},
	{"foo=1\r\nX: y", ""},
	{HUNDRED HUNDRED TEN TEN TEN TEN "a@aaaaaaaaaaaaaa=1", HUNDRED HUNDRED TEN TEN TEN TEN "a@aaaaaaaaaaaaaa=1"},
	{HUNDRED HUNDRED TEN TEN TEN TEN TEN "aaaaaa=1", HUNDRED HUNDRED TEN TEN TEN TEN TEN "aaaaaa=1"},
	{HUNDRED HUNDRED TEN TEN TEN TEN TEN "aaaaaaa=1", ""},
	{"foo=" HUNDRED HUNDRED TEN TEN TEN TEN TEN "aaaaaa", "foo=" HUNDRED HUNDRED TEN TEN TEN TEN TEN "aaaaaa"},
	{"foo=" HUNDRED HUNDRED TEN TEN TEN TEN TEN "aaaaaaa", ""},
	/* More than 512 characters: long members go first, then the last. */
	{"a=1,b=" HUNDRED HUNDRED ",c=" HUNDRED HUNDRED ",d=" HUNDRED HUNDRED ",e=2",
	 "a=1,b=" HUNDRED HUNDRED ",c=" HUNDRED HUNDRED ",e=2"},
	{"a=" HUNDRED ",b=" HUNDRED ",c=" HUNDRED ",d=" HUNDRED ",e=" HUNDRED ",f=1",
	 "a=" HUNDRED ",b=" HUNDRED ",c=" HUNDRED ",d=" HUNDRED},
};

START_TEST(tracestate_goes_on_or_is_left_out_whole)
{
	struct trace trace;

	trace_new(&trace);
	trace_state(&trace, states[_i].sent);
	ck_assert_msg(strcmp(trace.state, states[_i].passed_on) == 0, "\"%s\" goes on as \"%s\"", states[_i].sent,
		      trace.state);
	ck_assert_uint_le(strlen(trace.state), 512);
}
END_TEST

START_TEST(tracestate_has_at_most_32_members)
{
	char sent[400] = "";
	size_t used = 0;
	struct trace trace;

	trace_new(&trace);
	for (int i = 0; i < 32; i++)
		used += (size_t)snprintf(sent + used, sizeof(sent) - used, "%sbar%02d=%d", i ? "," : "", i, i % 10);
	trace_state(&trace, sent);
	ck_assert_str_eq(trace.state, sent);
	snprintf(sent + used, sizeof(sent) - used, ",bar33=1");
	trace_state(&trace, sent);
	ck_assert_str_eq(trace.state, "");
}
END_TEST

START_TEST(several_tracestates_are_one)
{
	struct trace_headers headers = {0};
	struct trace trace;

	trace_header(&headers, "tracestate", 10, "foo=1,", 6);
	trace_header(&headers, "traceparent", 11, GOOD, strlen(GOOD));
	trace_header(&headers, "Tracestate", 10, "", 0);
	trace_header(&headers, "TRACESTATE", 10, "bar=2", 5);
	trace_of(&trace, &headers);
	ck_assert_str_eq(trace.state, "foo=1,bar=2");
	/* A second of the same key, in another header. */
	trace_header(&headers, "tracestate", 10, "foo=3", 5);
	trace_of(&trace, &headers);
	ck_assert_str_eq(trace.id, ID);
	ck_assert_str_eq(trace.state, "foo=1,bar=2");
}
END_TEST

START_TEST(a_tracestate_without_end_is_left_out)
{
	struct trace_headers headers = {0};
	struct trace trace;

	trace_header(&headers, "traceparent", 11, GOOD, strlen(GOOD));
	for (int i = 0; i < 10000; i++)
		trace_header(&headers, "tracestate", 10, "foo=1", 5);
	trace_of(&trace, &headers);
	ck_assert_str_eq(trace.id, ID);
	ck_assert_str_eq(trace.state, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *all = tcase_create("trace");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(all, traceparent_is_taken_or_begins_a_new_trace, 0, LENGTH(parents));
	tcase_add_test(all, each_new_trace_and_span_is_another);
	tcase_add_test(all, more_than_one_traceparent_begins_a_new_trace);
	tcase_add_test(all, names_of_headers_are_whole);
	tcase_add_test(all, values_that_cannot_be_kept_begin_a_new_trace);
	tcase_add_loop_test(all, tracestate_goes_on_or_is_left_out_whole, 0, LENGTH(states));
	tcase_add_test(all, tracestate_has_at_most_32_members);
	tcase_add_test(all, several_tracestates_are_one);
	tcase_add_test(all, a_tracestate_without_end_is_left_out);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
