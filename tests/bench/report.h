/*
 * report.h: the table of the benchmark, told line by line and written to a file at the end.
 */
#ifndef TESTS_BENCH_REPORT_H
#define TESTS_BENCH_REPORT_H

#include <stdbool.h>

#include "kept/text.h"

struct report {
	struct text all;
	bool wrong; /* something was lost or recorded twice */
};

void report_init(struct report *report);
/* One line, by printf, with its end added. */
void report_line(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line that says what is wrong; the benchmark ends with 1. */
void report_wrong(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes all lines to the file and frees. */
void report_close(struct report *report, const char *path);

#endif
