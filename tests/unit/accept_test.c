/* Accept (RFC 9110, 12.5.1): JSON or CSV. */
#include <check.h>
#include <stdlib.h>

#include "api/request/accept.h"

static const struct {
	const char *header;
	enum accept_form form;
} cases[] = {
	{NULL, ACCEPT_JSON},
	{"", ACCEPT_JSON},
	{" , ", ACCEPT_JSON},
	{"*/*", ACCEPT_JSON},
	{"application/json", ACCEPT_JSON},
	{"application/*", ACCEPT_JSON},
	{"text/csv", ACCEPT_CSV},
	{"Text/CSV ; Header=Present ; charset=\"UTF-8\"", ACCEPT_CSV},
	{"text/*", ACCEPT_CSV},
	{"text/csv, application/json", ACCEPT_JSON},
	{"application/json;q=0.9, text/csv", ACCEPT_CSV},
	{"application/json, text/csv;q=0.9", ACCEPT_JSON},
	{"text/csv, */*", ACCEPT_CSV},
	{"text/csv;q=0.5, */*;q=0.1", ACCEPT_CSV},
	/* The closest range decides, not the heaviest. */
	{"*/*, application/json;q=0.1", ACCEPT_CSV},
	{"text/*;q=0.2, text/csv;q=0.9, application/json;q=0.5", ACCEPT_CSV},
	{"application/json;q=0, */*", ACCEPT_CSV},
	{"text/csv;q=0, */*;q=0.1", ACCEPT_JSON},
	{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", ACCEPT_JSON},
	{"text/html", ACCEPT_NEITHER},
	{"application/json;q=0", ACCEPT_NEITHER},
	{"application/json;q=0.000, text/csv;q=0", ACCEPT_NEITHER},
	{"*/*;q=0", ACCEPT_NEITHER},
	{"application/problem+json", ACCEPT_NEITHER},
	{"text/csv; charset=iso-8859-1", ACCEPT_NEITHER},
	{"text/csv;header=absent, application/json;q=0.1", ACCEPT_JSON},
	{"application/json;profile=\"a,b;q=0\"", ACCEPT_JSON},
	{"text/csv;q=1.000", ACCEPT_CSV},
	/* What cannot be read is passed over. */
	{"text/csv;q=2", ACCEPT_JSON},
	{"text/csv;q=", ACCEPT_JSON},
	{"text/csv;q=\"0.5", ACCEPT_JSON},
	{"text", ACCEPT_JSON},
	{"/, text/csv", ACCEPT_CSV},
	{"x\"a,text/html\", text/csv", ACCEPT_CSV},
	{"text/csv x, application/json;q=0.1", ACCEPT_JSON},
	{"*/csv", ACCEPT_NEITHER},
};

START_TEST(accept_is_weighed)
{
	ck_assert_msg(accept_form(cases[_i].header) == cases[_i].form, "%s: %d", cases[_i].header,
		      accept_form(cases[_i].header));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("accept");
	TCase *all = tcase_create("accept");
	tcase_add_loop_test(all, accept_is_weighed, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
