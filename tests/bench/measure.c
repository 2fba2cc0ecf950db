/* measure.c: see measure.h. */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double measure_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

double measure_part(double *values, size_t count, double part)
{
	size_t index;

	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), by_size);
	index = (size_t)(part * (double)count);
	return values[index < count ? index : count - 1];
}

void bench_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

void *bench_memory(void *old, size_t size)
{
	void *made = realloc(old, size);

	if (!made)
		bench_fail("no memory");
	return made;
}

char *bench_text(const char *format, ...)
{
	va_list arguments;
	char *made;
	int length;

	va_start(arguments, format);
	length = vasprintf(&made, format, arguments);
	va_end(arguments);
	if (length < 0)
		bench_fail("no memory");
	return made;
}
