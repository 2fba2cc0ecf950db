#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "api/contract/compiler.h"

static bool is_name(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c) || c == '_';
}

static void parameter_add(struct statement_file *file, const char *name, size_t length)
{
	for (size_t i = 0; i < file->parameter_count; i++)
		if (strlen(file->parameters[i]) == length && strncmp(file->parameters[i], name, length) == 0)
			return;
	file->parameters = keep(file->parameters, file->parameter_count + 1, sizeof(*file->parameters));
	file->parameters[file->parameter_count++] = keep_format("%.*s", (int)length, name);
}

/* The place behind a comment, string or quoted name that begins at `c`; `c` itself if none does. */
static const char *skip_quoted(const char *c)
{
	const char *end = NULL;

	if (c[0] == '-' && c[1] == '-')
		return c + strcspn(c, "\n");
	if (c[0] == '/' && c[1] == '*')
		end = strstr(c + 2, "*/");
	else if (c[0] == '$' && c[1] == '$')
		end = strstr(c + 2, "$$");
	else if (c[0] == '\'' || c[0] == '"')
		return strchr(c + 1, *c) ? strchr(c + 1, *c) + 1 : c + strlen(c);
	else
		return c;
	return end ? end + 2 : c + strlen(c);
}

static void parameters_find(struct statement_file *file, const char *c)
{
	while (*c) {
		const char *behind = skip_quoted(c);
		size_t length = 0;

		if (behind != c) {
			c = behind;
		} else if (c[0] == ':' && c[1] == ':') {
			c += 2;
		} else if (c[0] == ':' && (is_name(c[1]) && !isdigit((unsigned char)c[1]))) {
			while (is_name(c[1 + length]))
				length++;
			parameter_add(file, c + 1, length);
			c += 1 + length;
		} else {
			c++;
		}
	}
}

static int is_sql(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && strcmp(entry->d_name + length - 4, ".sql") == 0;
}

/* Not alphasort: the order must be the Makefile's, which is that of bytes, because tables are joined by index. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void statements_read(struct compiler *compiler, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_sql, by_bytes);

	if (count < 0) {
		fault(compiler, folder, "cannot be read");
		return;
	}
	compiler->statements = keep(NULL, (size_t)count, sizeof(*compiler->statements));
	for (int i = 0; i < count; i++) {
		struct statement_file *file = &compiler->statements[compiler->statement_count++];
		const char *name = entries[i]->d_name;
		size_t length;
		char *sql = read_file(compiler, keep_format("%s/%s", folder, name), &length);

		file->name = keep_format("%.*s", (int)strlen(name) - 4, name);
		if (sql)
			parameters_find(file, sql);
		free(entries[i]);
	}
	free(entries);
}
