/* A long body: in memory, then in a file without a name. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/reply/spool.h"
#include "kept/limits.h"

static void fill(struct spool *spool, size_t pieces)
{
	char piece[1000];
	for (size_t i = 0; i < pieces; i++) {
		memset(piece, 'a' + (int)(i % 26), sizeof(piece));
		text_add(&spool->text, piece, sizeof(piece));
		spool_settle(spool);
	}
}

START_TEST(short_body_stays_in_memory)
{
	struct spool spool;
	spool_init(&spool);
	fill(&spool, 1000);
	spool_add(&spool, "end", 3);
	ck_assert_int_eq(spool.file, -1);
	ck_assert(!spool.failed);
	ck_assert_uint_eq(spool_length(&spool), 1000003);
	ck_assert_int_eq(memcmp(spool.text.bytes + 1000000, "end", 3), 0);
	spool_release(&spool);
}
END_TEST

START_TEST(long_body_is_in_a_file_in_order)
{
	struct spool spool;
	spool_init(&spool);
	fill(&spool, 5000);
	ck_assert_int_ge(spool.file, 0);
	ck_assert_uint_le(spool.text.length, KEPT_SPOOL_BYTES + 1000);
	size_t big = KEPT_SPOOL_BYTES + KEPT_REPLY_BYTES + 1;
	char *long_piece = malloc(big);
	memset(long_piece, 'z', big);
	spool_add(&spool, long_piece, big);
	spool_add(&spool, "", 0);
	ck_assert(!spool.failed);
	ck_assert_uint_eq(spool.text.length, 0);
	ck_assert_uint_eq(spool.written, 5000000 + big);
	struct stat found;
	ck_assert_int_eq(fstat(spool.file, &found), 0);
	ck_assert_int_eq(found.st_nlink, 0);
	ck_assert_uint_eq((size_t)found.st_size, spool.written);
	for (size_t i = 0; i < 5000; i++) {
		char byte;
		ck_assert_int_eq(pread(spool.file, &byte, 1, (off_t)(i * 1000 + i % 1000)), 1);
		ck_assert_int_eq(byte, 'a' + (int)(i % 26));
	}
	free(long_piece);
	spool_release(&spool);
}
END_TEST

START_TEST(no_room_is_noticed)
{
	const struct rlimit little = {2 * 1000 * 1000, 2 * 1000 * 1000};
	struct spool spool;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	spool_init(&spool);
	fill(&spool, 5000);
	ck_assert(spool.failed);
	spool_release(&spool);
	spool_init(&spool);
	setenv("TMPDIR", "/nowhere/at/all", 1);
	fill(&spool, 1500);
	ck_assert(spool.failed);
	spool_release(&spool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spool");
	TCase *all = tcase_create("spool");
	tcase_add_test(all, short_body_stays_in_memory);
	tcase_add_test(all, long_body_is_in_a_file_in_order);
	tcase_add_test(all, no_room_is_noticed);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
