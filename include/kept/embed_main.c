/*
 * embed: prints C that defines a table of files (embed.h).
 * usage: embed NAME FILE…
 *
 * Bytes that are not printable ASCII become octal escapes of three digits: they end by themselves, and neither the
 * encoding of the source nor a trigraph can change what is compiled.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int by_base_name(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static bool is_identifier(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *name && (*name < '0' || *name > '9') && name[strspn(name, letters)] == '\0';
}

static void print_byte(int byte)
{
	if (byte == '\n')
		fputs("\\n", stdout);
	else if (byte == '\t')
		fputs("\\t", stdout);
	else if (byte == '"' || byte == '\\' || byte == '?')
		printf("\\%c", byte);
	else if (byte >= 0x20 && byte < 0x7F)
		putchar(byte);
	else
		printf("\\%03o", (unsigned)byte);
}

static void print_string(const char *string)
{
	putchar('"');
	for (; *string; string++)
		print_byte((unsigned char)*string);
	putchar('"');
}

/* A literal a line of the file; long lines are cut. */
static bool print_file(const char *path, int number)
{
	FILE *file = fopen(path, "rb");
	int byte, column = 0;
	bool read;

	if (!file)
		return false;
	printf("\nstatic const char file_%d[] =\n\t\"", number);
	while ((byte = getc(file)) != EOF) {
		if (column >= 120) {
			fputs("\"\n\t\"", stdout);
			column = 0;
		}
		print_byte(byte);
		column = byte == '\n' ? 120 : column + 1;
	}
	fputs("\";\n", stdout);
	read = !ferror(file);
	fclose(file);
	return read;
}

static void print_table(const char *name, char **paths, int count)
{
	if (!count) {
		printf("\nconst struct embedded_table %s = {NULL, 0};\n", name);
		return;
	}
	fputs("\nstatic const struct embedded files[] = {\n", stdout);
	for (int i = 0; i < count; i++) {
		fputs("\t{", stdout);
		print_string(base_name(paths[i]));
		printf(", file_%d, sizeof(file_%d) - 1},\n", i, i);
	}
	printf("};\n\nconst struct embedded_table %s = {files, %d};\n", name, count);
}

int main(int count, char **arguments)
{
	char **paths = arguments + 2;

	count -= 2;
	if (count < 0 || !is_identifier(arguments[1])) {
		fputs("usage: embed NAME FILE…   NAME is a C identifier\n", stderr);
		return 2;
	}
	qsort(paths, (size_t)count, sizeof(*paths), by_base_name);
	fputs("/* Made by build/embed. */\n#include \"kept/embed.h\"\n\n"
	      "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n",
	      stdout);
	for (int i = 0; i < count; i++) {
		if (i && by_base_name(&paths[i - 1], &paths[i]) == 0) {
			fprintf(stderr, "embed: two files are named %s\n", base_name(paths[i]));
			return 1;
		}
		if (!print_file(paths[i], i)) {
			fprintf(stderr, "embed: %s: %s\n", paths[i], strerror(errno));
			return 1;
		}
	}
	print_table(arguments[1], paths, count);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "embed: cannot write: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
