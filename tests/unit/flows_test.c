/* Turns go round by flow, and within a flow in order: api/unit/flows.h. */
#include <check.h>
#include <stdlib.h>

#include "api/unit/flows.h"

static struct flows flows;
static struct flow_item items[8];

static void set_up(void)
{
	static const uint64_t ids[8] = {1, 1, 1, 1, 2, 3, 3, 9};
	for (int i = 0; i < 8; i++) {
		items[i] = (struct flow_item){NULL, ids[i]};
		if (i < 7)
			ck_assert(flows_put(&flows, &items[i], false));
	}
}

static void tear_down(void)
{
	while (flows_take(&flows))
		;
}

static void expect(const int *order, int count)
{
	for (int i = 0; i < count; i++) {
		struct flow_item *first = flows_first(&flows);
		ck_assert_ptr_eq(flows_take(&flows), first);
		ck_assert_int_eq(first - items, order[i]);
	}
	ck_assert_ptr_null(flows_first(&flows));
	ck_assert_ptr_null(flows_take(&flows));
}

START_TEST(busy_flow_does_not_hold_up_others)
{
	static const int order[] = {0, 4, 5, 1, 6, 2, 3};
	expect(order, 7);
}
END_TEST

START_TEST(what_is_sent_again_goes_first_in_its_flow)
{
	static const int order[] = {4, 5, 0, 6, 1, 2, 3};
	ck_assert_ptr_eq(flows_take(&flows), &items[0]);
	ck_assert(flows_put(&flows, &items[0], true));
	expect(order, 7);
}
END_TEST

START_TEST(any_item_can_be_taken_out)
{
	static const int order[] = {1, 6};
	flows_remove(&flows, &items[3]); /* last of its flow */
	flows_remove(&flows, &items[0]); /* first of its flow */
	flows_remove(&flows, &items[2]);
	flows_remove(&flows, &items[4]); /* all of its flow */
	flows_remove(&flows, &items[5]);
	expect(order, 2);
	ck_assert(flows_put(&flows, &items[7], false));
	flows_remove(&flows, &items[7]);
	ck_assert_ptr_null(flows_first(&flows));
	ck_assert_ptr_null(flows.last);
}
END_TEST

START_TEST(last_flow_taken_out_leaves_a_sound_row)
{
	static const int order[] = {0, 4, 7, 1, 2, 3};
	flows_remove(&flows, &items[5]);
	flows_remove(&flows, &items[6]);
	ck_assert(flows_put(&flows, &items[7], false));
	expect(order, 6);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flows");
	TCase *all = tcase_create("flows");
	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, busy_flow_does_not_hold_up_others);
	tcase_add_test(all, what_is_sent_again_goes_first_in_its_flow);
	tcase_add_test(all, any_item_can_be_taken_out);
	tcase_add_test(all, last_flow_taken_out_leaves_a_sound_row);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
