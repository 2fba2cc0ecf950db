/* exposition_check.c: see exposition_check.h. */
#include "tests/support/exposition_check.h"

#include <check.h>
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAMILIES 200
#define SERIES 20000

struct family {
	char name[100], type[20];
	double last; /* of the buckets of one series */
	bool inf;
};

struct check {
	struct family families[FAMILIES];
	int count;
	char **series; /* name and labels of each sample */
	size_t series_count;
	char *fault;
};

static bool wrong(struct check *check, const char *what, const char *line)
{
	if (!check->fault)
		ck_assert(asprintf(&check->fault, "%s: %.*s", what, (int)strcspn(line, "\n"), line) > 0);
	return false;
}

static bool ends(const char *name, const char *with)
{
	size_t length = strlen(name), tail = strlen(with);
	return length > tail && strcmp(name + length - tail, with) == 0;
}

/* Words of a name that promtool's linter refuses. */
static bool name_is_good(struct check *check, const char *name, const char *type)
{
	static const char *const words[] = {"gauge",   "counter", "histogram", "summary", "untyped", "milliseconds",
					    "minutes", "hours",   "days",      "ms",      "us",      "sec",
					    "s",       "kb",      "mb",        "percent", "m",       "h",
					    "b",       "d",       "kilobytes", "count",   "sum",     "bucket"};
	char copy[100], *rest = copy;
	snprintf(copy, sizeof(copy), "%s", name);
	for (char *word; (word = strsep(&rest, "_"));)
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strcmp(word, words[i]) == 0)
				return wrong(check, "a word that no name may have", name);
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name) || isdigit((unsigned char)*name))
		return wrong(check, "not a good name", name);
	if ((strcmp(type, "counter") == 0) != ends(name, "_total"))
		return wrong(check, "counters, and only they, end in _total", name);
	return true;
}

static struct family *take_head(struct check *check, const char *line)
{
	struct family *family = &check->families[check->count];
	char help[100], name[100], type[20], end[2];
	const char *second = strchr(line, '\n');
	if (sscanf(line, "# HELP %99[^ \n]%*1[ ]%1[^\n]", help, end) != 2) {
		wrong(check, "no HELP with words", line);
		return NULL;
	}
	if (!second || sscanf(second + 1, "# TYPE %99[^ \n] %19[a-z]", name, type) != 2 || strcmp(help, name) != 0) {
		wrong(check, "no TYPE after HELP", line);
		return NULL;
	}
	if (strcmp(type, "counter") != 0 && strcmp(type, "gauge") != 0 && strcmp(type, "histogram") != 0) {
		wrong(check, "no such type", second + 1);
		return NULL;
	}
	for (int i = 0; i < check->count; i++)
		if (strcmp(check->families[i].name, name) == 0) {
			wrong(check, "a family twice", line);
			return NULL;
		}
	if (!name_is_good(check, name, type) || check->count == FAMILIES - 1)
		return NULL;
	snprintf(family->name, sizeof(family->name), "%s", name);
	snprintf(family->type, sizeof(family->type), "%s", type);
	check->count++;
	return family;
}

/* Behind the labels, or NULL. */
static const char *skip_labels(const char *at)
{
	if (*at != '{')
		return at;
	do {
		at++;
		size_t name = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
		at += name;
		if (name == 0 || at[0] != '=' || at[1] != '"')
			return NULL;
		for (at += 2; *at != '"'; at++) {
			if (*at == '\\' && (at[1] == '\\' || at[1] == '"' || at[1] == 'n'))
				at++;
			else if (*at == '\\' || *at == '\n' || *at == '\0')
				return NULL;
		}
		at++;
	} while (*at == ',');
	return *at == '}' ? at + 1 : NULL;
}

static bool histogram_is_good(struct check *check, struct family *family, const char *line, const char *suffix,
			      double value)
{
	if (strncmp(suffix, "_bucket{", 8) == 0) {
		const char *le = strstr(suffix, "le=\"");
		if (!le || value < family->last)
			return wrong(check, "buckets that do not rise", line);
		family->inf = strncmp(le, "le=\"+Inf\"", 9) == 0;
		family->last = value;
		return true;
	}
	if (strncmp(suffix, "_sum", 4) == 0)
		return family->inf || wrong(check, "no bucket +Inf", line);
	if (strncmp(suffix, "_count", 6) != 0)
		return wrong(check, "no part of a histogram", line);
	if (!family->inf || value != family->last)
		return wrong(check, "the count is not that of +Inf", line);
	family->last = 0;
	family->inf = false;
	return true;
}

static bool take_sample(struct check *check, struct family *family, const char *line)
{
	size_t name = family ? strlen(family->name) : 0;
	if (!family || strncmp(line, family->name, name) != 0)
		return wrong(check, "a sample outside its family", line);
	const char *labels = line + strcspn(line, "{ \n"), *behind = skip_labels(labels);
	if (!behind || *behind != ' ')
		return wrong(check, "labels that do not hold", line);
	char *end;
	double value = strtod(behind + 1, &end);
	if (end == behind + 1 || *end != '\n')
		return wrong(check, "no number", line);
	if (strcmp(family->type, "histogram") == 0) {
		if (!histogram_is_good(check, family, line, line + name, value))
			return false;
	} else if (labels != line + name || strstr(labels, "le=\"") == labels + 1) {
		return wrong(check, "a sample of another family", line);
	}
	if (strcmp(family->type, "counter") == 0 && value < 0)
		return wrong(check, "a counter below 0", line);
	if (check->series_count == SERIES)
		return wrong(check, "too many series", line);
	check->series[check->series_count++] = strndup(line, (size_t)(behind - line));
	return true;
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

char *exposition_fault(const char *text)
{
	struct check *check = calloc(1, sizeof(*check));
	struct family *family = NULL;
	ck_assert_ptr_nonnull(check);
	check->series = calloc(SERIES, sizeof(*check->series));
	ck_assert_ptr_nonnull(check->series);
	if (!*text || text[strlen(text) - 1] != '\n')
		wrong(check, "does not end with a line feed", "");
	for (const char *line = text; *line && !check->fault; line = strchr(line, '\n') + 1) {
		if (*line != '#') {
			take_sample(check, family, line);
			continue;
		}
		family = take_head(check, line);
		if (family)
			line = strchr(line, '\n') + 1;
	}
	qsort(check->series, check->series_count, sizeof(*check->series), compare);
	for (size_t i = 1; i < check->series_count; i++)
		if (strcmp(check->series[i - 1], check->series[i]) == 0)
			wrong(check, "a series twice", check->series[i]);
	for (size_t i = 0; i < check->series_count; i++)
		free(check->series[i]);
	char *fault = check->fault;
	free(check->series);
	free(check);
	return fault;
}

static void promtool_must_agree(const char *promtool, const char *text)
{
	FILE *file = tmpfile();
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fflush(file);
	rewind(file);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		dup2(fileno(file), STDIN_FILENO);
		execlp(promtool, promtool, "check", "metrics", (char *)NULL);
		_exit(127);
	}
	int status = 0;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	fclose(file);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s check metrics ends with %d", promtool,
		      WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

void exposition_must_be_clean(const char *text)
{
	char *fault = exposition_fault(text);
	const char *promtool = getenv("KEPT_PROMTOOL");
	ck_assert_msg(!fault, "%s", fault);
	if (promtool && *promtool)
		promtool_must_agree(promtool, text);
}

double exposition_value(const char *text, const char *series)
{
	size_t length = strlen(series);
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, series, length) == 0 && line[length] == ' ')
			return strtod(line + length, NULL);
	}
	return NAN;
}

size_t exposition_samples(const char *text)
{
	size_t count = 0;
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		count += *line != '#';
	return count;
}
