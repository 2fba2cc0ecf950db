/* report.c: see report.h. */
#include "tests/bench/report.h"

#include <stdio.h>

#include "tests/bench/measure.h"

#define REPORT_BYTES (1024 * 1024)

void report_init(struct report *report)
{
	text_init(&report->all, REPORT_BYTES);
	report->wrong = false;
}

static void tell(struct report *report, size_t from)
{
	text_adds(&report->all, "\n");
	if (!text_ok(&report->all))
		bench_fail("no memory");
	fputs(report->all.bytes + from, stdout);
	fflush(stdout);
}

void report_line(struct report *report, const char *format, ...)
{
	size_t from = report->all.length;
	va_list arguments;

	va_start(arguments, format);
	text_addv(&report->all, format, arguments);
	va_end(arguments);
	tell(report, from);
}

void report_wrong(struct report *report, const char *format, ...)
{
	size_t from = report->all.length;
	va_list arguments;

	report->wrong = true;
	text_adds(&report->all, "  WRONG: ");
	va_start(arguments, format);
	text_addv(&report->all, format, arguments);
	va_end(arguments);
	tell(report, from);
}

void report_close(struct report *report, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(report->all.bytes, 1, report->all.length, file) != report->all.length || fclose(file) != 0)
		bench_fail("%s cannot be written", path);
	text_release(&report->all);
}
