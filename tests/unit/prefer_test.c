/* Prefer (RFC 7240). */
#include <check.h>
#include <stdlib.h>

#include "api/request/prefer.h"

static const struct {
	const char *header;
	enum prefer_return back;
	bool rollback, strict, unknown;
} cases[] = {
	{NULL, RETURN_ANY, false, false, false},
	{"", RETURN_ANY, false, false, false},
	{" , ,", RETURN_ANY, false, false, false},
	{"return=minimal", RETURN_MINIMAL, false, false, false},
	{"Return = \"minimal\"", RETURN_MINIMAL, false, false, false},
	{"return=\"mini\\mal\"", RETURN_MINIMAL, false, false, false},
	{"return=representation", RETURN_REPRESENTATION, false, false, false},
	{"tx=rollback", RETURN_ANY, true, false, false},
	{"tx=commit", RETURN_ANY, false, false, false},
	{"return=minimal, tx=rollback", RETURN_MINIMAL, true, false, false},
	{"return=minimal;foo=\"a,b;\\\"c\"; bar , tx=rollback;", RETURN_MINIMAL, true, false, false},
	/* The first counts, whatever it says. */
	{"return=minimal,return=representation", RETURN_MINIMAL, false, false, false},
	{"tx=commit, tx=rollback", RETURN_ANY, false, false, false},
	{"return=maximal, return=minimal", RETURN_ANY, false, false, true},
	/* What is not known changes nothing. */
	{"respond-async, wait=10, tx=rollback", RETURN_ANY, true, false, true},
	{"x=\"tx=rollback, return=minimal\"", RETURN_ANY, false, false, true},
	{"tx", RETURN_ANY, false, false, true},
	{"tx=", RETURN_ANY, false, false, true},
	{"tx=\"rollback", RETURN_ANY, false, false, true},
	{"tx=rollback foo, return=minimal", RETURN_MINIMAL, false, false, true},
	{"=, @, \"x\", return=minimal", RETURN_MINIMAL, false, false, true},
	{"txx=rollback", RETURN_ANY, false, false, true},
	{"tx=rollbackk", RETURN_ANY, false, false, true},
	{"a-preference-with-a-name-far-longer-than-any-that-is-known-here=1, tx=rollback", RETURN_ANY, true, false,
	 true},
	{"handling=strict, tx=rollback", RETURN_ANY, true, true, false},
	{"handling=strict, tx=rolback", RETURN_ANY, false, true, true},
	{"handling=lenient", RETURN_ANY, false, false, false},
};

START_TEST(prefer_is_read)
{
	struct prefer prefer;
	prefer_read(cases[_i].header, &prefer);
	ck_assert_msg(prefer.back == cases[_i].back && prefer.rollback == cases[_i].rollback &&
			      prefer.strict == cases[_i].strict && prefer.unknown == cases[_i].unknown,
		      "%s: return %d rollback %d strict %d unknown %d", cases[_i].header, prefer.back, prefer.rollback,
		      prefer.strict, prefer.unknown);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prefer");
	TCase *all = tcase_create("prefer");
	tcase_add_loop_test(all, prefer_is_read, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
