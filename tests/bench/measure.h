/*
 * measure.h: times, percentiles and failures of the benchmark.
 */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stdarg.h>
#include <stddef.h>

/* Seconds of a clock that never jumps. */
double measure_now(void);
/* Sorts, and answers the value below which that part (0 to 1) lies; 0 for no values. */
double measure_part(double *values, size_t count, double part);

/* Says what went wrong and ends the program with 1; the cluster and the programs go with it. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_fail(const char *format, ...);
/* As malloc, realloc; ends the program without memory. */
void *bench_memory(void *old, size_t size);
/* As asprintf; to be freed by the caller. */
__attribute__((format(printf, 1, 2))) char *bench_text(const char *format, ...);

#endif
