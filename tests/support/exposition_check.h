/*
 * exposition_check.h: judges figures in Prometheus' text format 0.0.4 as strictly as `promtool check metrics` does, and
 * by promtool itself where KEPT_PROMTOOL names it.
 */
#ifndef TESTS_SUPPORT_EXPOSITION_CHECK_H
#define TESTS_SUPPORT_EXPOSITION_CHECK_H

#include <stddef.h>

/*
 * What is wrong with the text, NULL for nothing; owned by the caller. Lines must follow the format; a family has HELP
 * and TYPE in front and its samples together; no series is there twice; names and labels follow Prometheus' own rules
 * (counters and only they end in _total, no type in a name, base units, no abbreviation of a unit); buckets rise and
 * end with +Inf, which equals the count.
 */
char *exposition_fault(const char *text);
/* Fails the test where something is wrong, also by promtool if KEPT_PROMTOOL is set. */
void exposition_must_be_clean(const char *text);

/* The value of a series, written as in the text; NaN: it is not there. */
double exposition_value(const char *text, const char *series);
/* Number of samples. */
size_t exposition_samples(const char *text);

#endif
