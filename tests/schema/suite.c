/*
 * The public JSON-Schema-Test-Suite, draft 2020-12, by the API's engine: suite FOLDER, a copy of its
 * tests/draft2020-12. Each case is judged right, or its schema is refused because it uses what Kept does not support.
 * Exit 1 if a case is judged wrong, or if fewer are right than there were: what was supported may not become
 * unsupported in silence.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema/schema_format.h"
#include "api/schema/schema_read.h"
#include "tests/schema/json.h"

struct tally {
	unsigned tried, right, unsupported, wrong;
};

static void tally_add(struct tally *sum, const struct tally *more)
{
	sum->tried += more->tried;
	sum->right += more->right;
	sum->unsupported += more->unsupported;
	sum->wrong += more->wrong;
}

static void must(bool holds, const char *what, const char *where)
{
	if (holds)
		return;
	fprintf(stderr, "suite: %s: %s\n", where, what);
	exit(1);
}

static json_t *file_read(const char *path)
{
	static char bytes[4 * 1024 * 1024];
	struct json_fault fault;
	FILE *file = fopen(path, "rb");
	size_t length = file ? fread(bytes, 1, sizeof(bytes) - 1, file) : 0;
	json_t *json;

	must(file != NULL, "cannot be read", path);
	fclose(file);
	bytes[length] = '\0';
	json = json_read_exact(bytes, length, &fault);
	must(json != NULL, fault.words, path);
	return json;
}

static const char *text_of(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static void group_judge(const char *path, const json_t *group, struct tally *tally)
{
	struct schema_reader *reader = schema_reader_new(json_object_get(group, "schema"));
	const struct schema *schema;
	const json_t *test;
	size_t i;

	must(reader != NULL, "no memory", path);
	schema_reader_take_any_format(reader);
	schema = schema_read(reader, "");
	json_array_foreach (json_object_get(group, "tests"), i, test) {
		bool valid = json_is_true(json_object_get(test, "valid"));

		tally->tried++;
		if (!schema) {
			tally->unsupported++;
		} else if (schema_validate(schema, json_object_get(test, "data"), NULL) == valid) {
			tally->right++;
		} else {
			tally->wrong++;
			printf("wrong: %s: %s: %s\n", path, text_of(group, "description"),
			       text_of(test, "description"));
		}
	}
	if (!schema && getenv("KEPT_SCHEMA_SHOW"))
		printf("unsupported: %s: %s: %s\n", path, text_of(group, "description"), schema_reader_fault(reader));
	schema_reader_free(reader);
}

static struct tally file_judge(const char *folder, const char *name)
{
	struct tally tally = {0};
	char path[1024];
	json_t *groups;
	const json_t *group;
	size_t i;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	groups = file_read(path);
	json_array_foreach (groups, i, group)
		group_judge(path, group, &tally);
	json_decref(groups);
	return tally;
}

static int is_json(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* Says that a format is an annotation unless asked otherwise; Kept asserts. */
static bool is_annotation_only(const char *name)
{
	return strcmp(name, "format.json") == 0;
}

/* Formats that Kept does not know are annotations. */
static bool is_other_format(const char *name)
{
	char format[64];

	snprintf(format, sizeof(format), "%.*s", (int)(strlen(name) - 5), name);
	return schema_format_find(format) == FORMAT_NONE;
}

static const struct part {
	const char *folder;
	bool (*left_out)(const char *name); /* files that are not tried */
	unsigned least_right;               /* of the suite of September 2022 */
} parts[] = {
	{"", is_annotation_only, 523},
	{"/optional", NULL, 66},
	{"/optional/format", is_other_format, 141},
};

static bool part_judge(const char *suite, const struct part *part)
{
	struct tally sum = {0};
	struct dirent **entries;
	char folder[512];
	int count;

	snprintf(folder, sizeof(folder), "%s%s", suite, part->folder);
	count = scandir(folder, &entries, is_json, alphasort);
	must(count > 0, "holds no tests", folder);
	for (int i = 0; i < count; i++) {
		if (!part->left_out || !part->left_out(entries[i]->d_name)) {
			struct tally one = file_judge(folder, entries[i]->d_name);

			tally_add(&sum, &one);
		}
		free(entries[i]);
	}
	free(entries);
	printf("draft2020-12%s: %u tried, %u right, %u unsupported, %u wrong\n", part->folder, sum.tried, sum.right,
	       sum.unsupported, sum.wrong);
	if (sum.right < part->least_right)
		printf("%u were right before\n", part->least_right);
	return sum.wrong == 0 && sum.right >= part->least_right;
}

int main(int count, char **words)
{
	bool good = true;

	must(count == 2, "suite FOLDER", "usage");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		good = part_judge(words[1], &parts[i]) && good;
	return good ? 0 : 1;
}
