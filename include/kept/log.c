#include "kept/log.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/text.h"

static struct {
	const char *program;
	atomic_int level;
} logger = {"kept", LOG_INFO_LEVEL};

void log_start(const char *program)
{
	logger.program = program;
}

void log_level_set(enum log_level level)
{
	atomic_store(&logger.level, (int)level);
}

static void add_time(struct text *line)
{
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &utc))
		return;
	text_addf(line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"", utc.tm_year + 1900, utc.tm_mon + 1,
		  utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
}

static void add_member(struct text *line, const char *name, const char *string)
{
	text_adds(line, ",");
	text_add_json(line, name, strlen(name));
	text_adds(line, ":");
	if (string)
		text_add_json(line, string, strlen(string));
}

/* False: the type is unknown, so nothing that follows can be read. */
static bool add_pair(struct text *line, const char *name, va_list *arguments)
{
	const char *string;
	double number;

	switch (*name++) {
	case 's':
		string = va_arg(*arguments, const char *);
		add_member(line, name, string);
		if (!string)
			text_adds(line, "null");
		return true;
	case 'i':
		add_member(line, name, NULL);
		text_addf(line, "%lld", va_arg(*arguments, long long));
		return true;
	case 'n':
		number = va_arg(*arguments, double);
		add_member(line, name, NULL);
		if (isfinite(number))
			text_addf(line, "%.10g", number);
		else
			text_adds(line, "null");
		return true;
	case 'b':
		add_member(line, name, NULL);
		text_adds(line, va_arg(*arguments, int) ? "true" : "false");
		return true;
	case 'j':
		string = va_arg(*arguments, const char *);
		add_member(line, name, NULL);
		text_adds(line, string ? string : "null");
		return true;
	default:
		return false;
	}
}

static void add_pairs(struct text *line, va_list *arguments)
{
	const char *name;

	while ((name = va_arg(*arguments, const char *)) != NULL) {
		size_t whole = line->length;

		if (add_pair(line, name, arguments) && text_ok(line))
			continue;
		/* What does not fit is left out, and the line says so: half a value would be no JSON. */
		line->failed = false;
		line->length = whole;
		line->limit += 64;
		text_adds(line, ",\"cut\":true");
		return;
	}
}

void log_write(enum log_level level, const char *event, ...)
{
	static const char *const words[] = {"debug", "info", "warning", "error"};
	struct text line;
	va_list arguments;
	ssize_t written;

	if ((int)level < atomic_load(&logger.level))
		return;
	text_init(&line, KEPT_LOG_BYTES);
	add_time(&line);
	text_addf(&line, ",\"level\":\"%s\"", words[level]);
	add_member(&line, "program", logger.program);
	add_member(&line, "event", event);
	va_start(arguments, event);
	add_pairs(&line, &arguments);
	va_end(arguments);
	line.limit += 64;
	text_adds(&line, "}\n");
	if (text_ok(&line)) {
		do
			written = write(STDERR_FILENO, line.bytes, line.length);
		while (written < 0 && errno == EINTR);
	}
	text_release(&line);
}
