/*
 * Which role may ask what, said a second time: the contract is the route table, so a role too many in it would be
 * obeyed everywhere. Whoever means such a change writes it here, too.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/contract.h"

#define ALL (ROLE_ADMIN | ROLE_STEWARD | ROLE_PARTNER | ROLE_READER)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	unsigned roles;
	const char *operations[64];
} may[] = {
	{0,
	 {"home", "livez", "readyz", "metrics", "openapi", "docs", "docs_problems", "docs_problem", "plan_page",
	  "plan_sheet"}},
	{ROLE_ADMIN,
	 {"commitment_remove", "person_remove", "school_create", "school_remove", "district_change", "key_list",
	  "key_create", "key_read", "key_change", "key_revoke", "key_rotate", "endpoint_list", "endpoint_create",
	  "endpoint_read", "endpoint_change", "endpoint_remove", "delivery_list", "delivery_read"}},
	{ROLE_ADMIN | ROLE_STEWARD,
	 {"action_create",         "action_change",     "action_remove",     "commitment_bulk",   "organisation_bulk",
	  "person_bulk",           "commitment_create", "commitment_change", "commitment_remind", "organisation_create",
	  "organisation_remove",   "person_list",       "person_create",     "person_read",       "person_change",
	  "person_contact_create", "policy_list",       "policy_create",     "policy_read",       "policy_change",
	  "policy_remove",         "school_change"}},
	{ROLE_ADMIN | ROLE_STEWARD,
	 {"closed_day_create", "closed_day_change", "closed_day_remove", "handover_list", "handover_create",
	  "commitment_handover_list", "unreachable_list", "plan_copy"}},
	{ROLE_ADMIN | ROLE_STEWARD,
	 {"meeting_list", "meeting_create", "meeting_read", "meeting_change", "meeting_remove", "meeting_answer_list",
	  "meeting_answer_create", "meeting_answer_read", "meeting_answer_change", "meeting_answer_remove",
	  "invitation_list", "invitation_create", "invitation_read", "invitation_change", "invitation_remove",
	  "invitation_send"}},
	{ROLE_ADMIN | ROLE_STEWARD | ROLE_PARTNER,
	 {"commitment_move", "reminder_list", "contact_read", "contact_change", "contact_remove",
	  "organisation_contact_create", "organisation_change", "pledge_list", "pledge_create", "pledge_read",
	  "pledge_change", "pledge_remove", "confirmation_list", "confirmation_create", "confirmation_read"}},
	{ROLE_ADMIN | ROLE_STEWARD, {"comment_change"}},
	{ROLE_ADMIN | ROLE_STEWARD | ROLE_PARTNER,
	 {"response_list", "response_create", "response_read", "comment_list", "comment_create", "comment_read"}},
	{ALL,
	 {"action_list", "action_read", "commitment_list", "commitment_read", "district_read", "event_list",
	  "event_read", "group_list", "group_read", "organisation_list", "organisation_read", "school_list",
	  "school_read", "summary", "coverage_read", "closed_day_list", "closed_day_read"}},
	/* Frameworks, plans, their items and versions. */
	{ROLE_ADMIN, {"framework_create", "framework_change", "framework_remove"}},
	{ROLE_ADMIN | ROLE_STEWARD,
	 {"plan_create", "plan_change", "plan_remove", "plan_item_create", "plan_item_change", "plan_item_remove",
	  "plan_version_create", "plan_version_move"}},
	{ALL,
	 {"framework_list", "framework_read", "plan_list", "plan_read", "plan_compare", "plan_report", "plan_item_list",
	  "plan_item_read", "plan_version_list", "plan_version_read"}},
};

START_TEST(operation_is_for_the_roles_that_are_meant)
{
	size_t meant = 0;
	for (size_t m = 0; m < COUNT(may); m++) {
		for (size_t n = 0; n < COUNT(may[m].operations) && may[m].operations[n]; n++, meant++) {
			const struct contract_operation *found = NULL;
			for (size_t i = 0; i < contract_operation_count; i++)
				if (strcmp(contract_operations[i].id, may[m].operations[n]) == 0)
					found = &contract_operations[i];
			ck_assert_msg(found != NULL, "the contract has no operation %s", may[m].operations[n]);
			ck_assert_msg(found->roles == may[m].roles, "%s is for the roles %x, not %x", found->id,
				      found->roles, may[m].roles);
		}
	}
	ck_assert_msg(meant == contract_operation_count, "of %zu operations %zu are here", contract_operation_count,
		      meant);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("roles");
	TCase *all = tcase_create("roles");
	tcase_add_test(all, operation_is_for_the_roles_that_are_meant);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
