/* Token buckets in a table of bounded size: what is taken is counted, whatever else happens to the table. */
#include "api/limits/rate.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/limits/known.h"
#include "kept/limits.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))
#define SECOND INT64_C(1000000000)
#define START (5 * SECOND)

static const uint64_t seed[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

/* The vectors of the authors: key 00 01 … 0f, input 00 01 … of that length. */
static const struct {
	size_t length;
	uint64_t hash;
} vectors[] = {
	{0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)}, {7, UINT64_C(0xab0200f58b01d137)},
	{8, UINT64_C(0x93f5f5799a932462)},  {9, UINT64_C(0x9e0082df0ba9e4b0)}, {15, UINT64_C(0xa129ca6149be45e5)},
	{16, UINT64_C(0x3f2acc7f57c29bdb)},
};

START_TEST(hash_is_siphash)
{
	uint8_t input[64];
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	ck_assert_uint_eq(rate_hash(seed, input, vectors[_i].length), vectors[_i].hash);
}
END_TEST

static struct rate_table *table_of(int count, int seconds)
{
	struct rate_table *table = rate_table_new(&(struct config_rate){count, seconds});
	ck_assert_ptr_nonnull(table);
	return table;
}

/* 3 in 6 seconds: one more each 2 s. */
static const struct {
	double at;
	bool taken;
	long left, seconds;
} steps[] = {
	{0, true, 2, 2},    {0, true, 1, 4},   {0, true, 0, 2},   {0, false, 0, 2},     {0.5, false, 0, 2},
	{1.5, false, 0, 1}, {2, true, 0, 2},   {2, false, 0, 2},  {6, true, 1, 4},      {6, true, 0, 2},
	{100, true, 2, 2},  {100, true, 1, 4}, {100, true, 0, 2}, {100.1, false, 0, 2},
};

START_TEST(bucket_empties_and_is_refilled_evenly)
{
	struct rate_table *table = table_of(3, 6);
	for (int i = 0; i < COUNT(steps); i++) {
		struct rate_state state;
		bool taken = rate_take(table, 1, START + (int64_t)(steps[i].at * SECOND), &state);
		ck_assert_msg(taken == steps[i].taken && state.left == steps[i].left &&
				      state.seconds == steps[i].seconds,
			      "step %d: %d, %ld left, %ld s", i, taken, state.left, state.seconds);
	}
	rate_table_free(table);
}
END_TEST

START_TEST(waiting_as_told_is_enough)
{
	static const struct config_rate rates[] = {{1, 1}, {7, 60}, {9999999, 1}, {1, 86400}, {60000, 60}, {3, 2}};
	struct rate_state state;
	for (int i = 0; i < COUNT(rates); i++) {
		struct rate_table *table = rate_table_new(&rates[i]);
		long taken = 0;
		while (rate_take(table, 1, START, &state))
			taken++;
		ck_assert_int_eq(taken, rates[i].count);
		ck_assert_int_ge(state.seconds, 1);
		ck_assert_int_eq(state.left, 0);
		ck_assert(rate_take(table, 1, START + state.seconds * SECOND, &state));
		rate_table_free(table);
	}
}
END_TEST

START_TEST(debt_is_bounded_and_can_be_given_back)
{
	struct rate_table *table = table_of(3, 6);
	struct rate_state state;
	for (int i = 0; i < 1000; i++)
		rate_charge(table, 1, START, &state);
	ck_assert_int_eq(state.seconds, 8); /* a whole bucket owed, and one token */
	ck_assert(!rate_take(table, 1, START + 7 * SECOND, &state));
	ck_assert(rate_take(table, 1, START + 8 * SECOND, &state));
	ck_assert(rate_take(table, 2, START, &state));
	rate_give_back(table, 2, START, &state);
	ck_assert_int_eq(state.left, 3);
	ck_assert(!rate_owes(table, 2, START));
	rate_give_back(table, 2, START, &state);
	ck_assert_int_eq(state.left, 3);
	rate_table_free(table);
}
END_TEST

START_TEST(one_id_does_not_touch_another)
{
	struct rate_table *table = table_of(1, 60);
	struct rate_state state;
	for (uint64_t id = 1; id <= KEPT_RATE_BUCKETS / 16; id++)
		ck_assert(rate_take(table, id, START, &state));
	for (uint64_t id = 1; id <= KEPT_RATE_BUCKETS / 16; id++)
		ck_assert(!rate_take(table, id, START, &state));
	rate_table_free(table);
}
END_TEST

/* A million other ids, all in the same table, all at once: an exhausted bucket stays exhausted. */
START_TEST(flood_of_new_ids_forgives_nothing)
{
	struct rate_table *table = table_of(100, 60);
	struct rate_state state;
	while (rate_take(table, 1, START, &state))
		;
	for (uint64_t i = 0; i < 1000000; i++)
		(void)!rate_take(table, rate_hash(seed, &i, sizeof(i)), START, &state);
	ck_assert(!rate_take(table, 1, START, &state));
	rate_table_free(table);
}
END_TEST

/* Aimed at one set, which nobody can outside: even then what leaves comes back owing no less. */
START_TEST(replaced_id_comes_back_owing)
{
	const uint64_t sets = KEPT_RATE_BUCKETS / RATE_WAYS;
	struct rate_table *table = table_of(10, 60);
	struct rate_state state;
	for (uint64_t i = 0; i < RATE_WAYS; i++)
		for (int times = 0; times < 5; times++)
			ck_assert(rate_take(table, 7 + i * sets, START, &state));
	ck_assert(rate_take(table, 7 + 100 * sets, START, &state));
	ck_assert_int_eq(state.left, 4);
	for (uint64_t i = 0; i < RATE_WAYS; i++) {
		ck_assert(rate_take(table, 7 + i * sets, START, &state));
		ck_assert_int_le(state.left, 4);
	}
	/* When time has passed, the places are free again. */
	ck_assert(rate_take(table, 7 + 200 * sets, START + 100 * SECOND, &state));
	ck_assert_int_eq(state.left, 9);
	rate_table_free(table);
}
END_TEST

#define THREADS 4
#define TRIES 20000

static struct {
	struct rate_table *table;
	struct known *known;
	atomic_int taken;
} shared;

static void *taker(void *unused)
{
	struct rate_state state;
	(void)unused;
	for (uint64_t i = 0; i < TRIES; i++) {
		uint64_t district;
		if (rate_take(shared.table, 1, START, &state))
			atomic_fetch_add(&shared.taken, 1);
		rate_charge(shared.table, 2 + i, START, &state);
		rate_give_back(shared.table, 2 + i, START, &state);
		known_learn(shared.known, 1 + i % 16, i, (int64_t)i + 1);
		(void)known_find(shared.known, 1 + i % 16, (int64_t)i, &district);
		if (i % 100 == 0)
			known_forget(shared.known, 1 + i % 16);
	}
	return NULL;
}

START_TEST(threads_share_one_count)
{
	pthread_t threads[THREADS];
	shared.table = table_of(5000, 60);
	shared.known = known_new();
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, taker, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(atomic_load(&shared.taken), 5000);
	rate_table_free(shared.table);
	known_free(shared.known);
}
END_TEST

START_TEST(known_key_is_forgotten_in_time_and_on_demand)
{
	const int64_t life = KEPT_KNOWN_SECONDS * SECOND;
	struct known *known = known_new();
	uint64_t district;
	ck_assert(!known_find(known, 5, START, &district));
	known_learn(known, 5, 77, START);
	ck_assert(known_find(known, 5, START + life - 1, &district));
	ck_assert_uint_eq(district, 77);
	ck_assert(!known_find(known, 5, START + life, &district));
	known_learn(known, 5, 0, START + 1);
	ck_assert(known_find(known, 5, START + life, &district));
	ck_assert_uint_eq(district, 77);
	known_forget(known, 5);
	ck_assert(!known_find(known, 5, START, &district));
	known_free(known);
}
END_TEST

START_TEST(full_table_keeps_the_keys_in_use)
{
	struct known *known = known_new();
	uint64_t district;
	int64_t now = START;
	for (uint64_t i = 0; i < 10 * KEPT_KNOWN_KEYS; i++) {
		known_learn(known, rate_hash(seed, &i, sizeof(i)), 1, ++now);
		if (i % 64 == 0)
			known_learn(known, 42, 1, ++now);
	}
	ck_assert(known_find(known, 42, now, &district));
	known_free(known);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rate");
	TCase *all = tcase_create("rate");
	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, hash_is_siphash, 0, COUNT(vectors));
	tcase_add_test(all, bucket_empties_and_is_refilled_evenly);
	tcase_add_test(all, waiting_as_told_is_enough);
	tcase_add_test(all, debt_is_bounded_and_can_be_given_back);
	tcase_add_test(all, one_id_does_not_touch_another);
	tcase_add_test(all, flood_of_new_ids_forgives_nothing);
	tcase_add_test(all, replaced_id_comes_back_owing);
	tcase_add_test(all, threads_share_one_count);
	tcase_add_test(all, known_key_is_forgotten_in_time_and_on_demand);
	tcase_add_test(all, full_table_keeps_the_keys_in_use);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
