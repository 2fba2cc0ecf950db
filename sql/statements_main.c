/*
 * statements FILE.sql…: compiles statement files to the tables of sql/statement.h, on standard output.
 *
 * Exit 0 done, 1 a file is wrong: one line "file:line: what" on standard error.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/compiler/source.h"

#define OUTPUT_BYTES (256 * 1024 * 1024)

/* One byte of a C string literal; a question mark could begin a trigraph. */
static void add_c(struct text *out, char c)
{
	if (c == '\n')
		text_adds(out, "\\n");
	else if (c == '"' || c == '\\' || c == '?')
		text_addf(out, "\\%c", c);
	else if (iscntrl((unsigned char)c))
		text_addf(out, "\\%03o", (unsigned)(unsigned char)c);
	else
		text_add(out, &c, 1);
}

struct emission {
	struct text *out;
	char last;    /* byte of SQL written last, NUL: none */
	char pending; /* blank or line break to be written before the next, NUL: none */
	uint8_t order[STATEMENT_PARAMETERS];
	uint8_t count;
};

static void emit(struct emission *emission, const char *bytes, size_t length)
{
	bool glued = source_is_name(emission->last) && *bytes == '$';
	bool needless = !emission->last || strchr("(,", emission->last) || strchr("),", *bytes);
	if (emission->pending && !needless)
		add_c(emission->out, emission->pending);
	else if (glued)
		add_c(emission->out, ' ');
	for (size_t i = 0; i < length; i++)
		add_c(emission->out, bytes[i]);
	emission->last = bytes[length - 1];
	emission->pending = '\0';
}

static void emit_parameter(struct emission *emission, uint8_t parameter)
{
	uint8_t i = 0;
	while (i < emission->count && emission->order[i] != parameter)
		i++;
	if (i == emission->count)
		emission->order[emission->count++] = parameter;
	char number[8];
	int length = snprintf(number, sizeof(number), "$%d", i + 1);
	emit(emission, number, (size_t)length);
}

static void emit_text(const struct source *source, unsigned mask, struct text *out)
{
	struct emission emission = {.out = out};
	text_addf(out, "\t{\"%s.%u\",\n\t \"", source->name, mask);
	for (size_t i = 0; i < source->piece_count; i++) {
		const struct piece *piece = &source->pieces[i];
		if (piece->kind == PIECE_SPACE) {
			/* Strings apart by a line break are one string, apart by blanks they are an error. */
			if (emission.pending != '\n')
				emission.pending = piece->length == 2 && emission.last == '\'' ? '\n' : ' ';
			continue;
		}
		if (piece->option >= 0 && !(mask >> piece->option & 1))
			continue;
		if (piece->kind == PIECE_PARAMETER)
			emit_parameter(&emission, piece->parameter);
		else
			emit(&emission, source->bytes.bytes + piece->start, piece->length);
	}
	if (!emission.last)
		source_fail(source, 0, "there is no statement in it");
	text_addf(out, "\",\n\t %u, {", emission.count);
	for (uint8_t i = 0; i < emission.count; i++)
		text_addf(out, "%s%u", i ? ", " : "", emission.order[i]);
	text_adds(out, emission.count ? "}},\n" : "0}},\n");
}

static void emit_tables(const struct source *source, struct text *out)
{
	if (source->parameter_count) {
		text_addf(out, "static const char *const parameters_of_%s[] = {", source->name);
		for (uint8_t i = 0; i < source->parameter_count; i++)
			text_addf(out, "%s\"%s\"", i ? ", " : "", source->parameters[i]);
		text_adds(out, "};\n");
	}
	text_addf(out, "static const struct statement_text texts_of_%s[] = {\n", source->name);
	for (unsigned mask = 0; mask < 1U << source->option_count; mask++)
		emit_text(source, mask, out);
	text_adds(out, "};\n");
}

static void emit_row(const struct source *source, struct text *out)
{
	text_addf(out, "\t{\"%s\", %s%s, %u, %d, {", source->name, source->parameter_count ? "parameters_of_" : "NULL",
		  source->parameter_count ? source->name : "", source->parameter_count, source->option_count);
	for (int i = 0; i < source->option_count; i++)
		text_addf(out, "%s%u", i ? ", " : "", source->options[i]);
	text_addf(out, "%s}, texts_of_%s},\n", source->option_count ? "" : "0", source->name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct source *)a)->name, ((const struct source *)b)->name);
}

int main(int argc, char **argv)
{
	int count = argc - 1;
	struct source *sources = calloc((size_t)count + 1, sizeof(*sources));
	if (!sources) {
		fprintf(stderr, "statements: no memory\n");
		return 1;
	}
	for (int i = 0; i < count; i++)
		source_read(&sources[i], argv[i + 1]);
	qsort(sources, (size_t)count, sizeof(*sources), compare_names);
	struct text out;
	text_init(&out, OUTPUT_BYTES);
	text_adds(&out, "/* Made by build/statements from sql/statements/. */\n#include \"sql/statement.h\"\n\n");
	for (int i = 0; i < count; i++) {
		if (i && !strcmp(sources[i - 1].name, sources[i].name))
			source_fail(&sources[i], 0, "two files have this name");
		emit_tables(&sources[i], &out);
	}
	text_adds(&out, "const struct statement statement_table[] = {\n");
	for (int i = 0; i < count; i++)
		emit_row(&sources[i], &out);
	text_addf(&out, "\t{0},\n};\nconst size_t statement_count = %d;\n", count);
	bool well = text_ok(&out) && fwrite(out.bytes, 1, out.length, stdout) == out.length && fflush(stdout) == 0;
	if (!well)
		fprintf(stderr, "statements: the output cannot be written\n");
	text_release(&out);
	for (int i = 0; i < count; i++)
		source_release(&sources[i]);
	free(sources);
	return well ? 0 : 1;
}
