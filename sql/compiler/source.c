#include "sql/compiler/source.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void source_fail(const struct source *source, size_t at, const char *message)
{
	int line = 1;
	for (size_t i = 0; i < at && i < source->bytes.length; i++)
		line += source->bytes.bytes[i] == '\n';
	fprintf(stderr, "%s:%d: %s\n", source->path, line, message);
	exit(1);
}

static void *require_memory(void *memory)
{
	if (!memory) {
		fprintf(stderr, "statements: no memory\n");
		exit(1);
	}
	return memory;
}

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_' || (c & 0x80);
}

bool source_is_name(char c)
{
	return is_name_start(c) || isdigit((unsigned char)c);
}

/* The byte `ahead` of the reading position, NUL at the end. */
static char peek(const struct source *source, size_t ahead)
{
	return source->at + ahead < source->bytes.length ? source->bytes.bytes[source->at + ahead] : '\0';
}

static void add_piece(struct source *source, struct piece piece)
{
	if (source->piece_count == source->piece_room) {
		source->piece_room = source->piece_room ? 2 * source->piece_room : 64;
		source->pieces = require_memory(realloc(source->pieces, source->piece_room * sizeof(*source->pieces)));
	}
	piece.option = source->open_option;
	source->pieces[source->piece_count++] = piece;
}

static void add_text(struct source *source, size_t start)
{
	add_piece(source, (struct piece){.kind = PIECE_TEXT, .start = start, .length = source->at - start});
}

static uint8_t parameter_index(struct source *source, size_t start, size_t length)
{
	char *name = require_memory(strndup(source->bytes.bytes + start, length));
	for (uint8_t i = 0; i < source->parameter_count; i++) {
		if (!strcmp(source->parameters[i], name)) {
			free(name);
			return i;
		}
	}
	if (source->parameter_count == STATEMENT_PARAMETERS)
		source_fail(source, start, "too many parameters");
	source->parameters[source->parameter_count] = name;
	return source->parameter_count++;
}

/* Position after the name that starts at `start`. */
static size_t name_end(const struct source *source, size_t start)
{
	size_t end = start;
	while (end < source->bytes.length && source_is_name(source->bytes.bytes[end]))
		end++;
	return end;
}

static void open_block(struct source *source, size_t line_end)
{
	size_t start = source->at + 3, end;
	while (start < line_end && isblank((unsigned char)source->bytes.bytes[start]))
		start++;
	end = name_end(source, start);
	if (source->open_option >= 0)
		source_fail(source, source->at, "a block inside a block");
	if (start == source->at + 3 || end == start || !is_name_start(source->bytes.bytes[start]))
		source_fail(source, source->at, "write `--? parameter`");
	for (size_t i = end; i < line_end; i++) {
		if (!isspace((unsigned char)source->bytes.bytes[i]))
			source_fail(source, source->at, "nothing may follow the parameter's name");
	}
	uint8_t parameter = parameter_index(source, start, end - start);
	int option = 0;
	while (option < source->option_count && source->options[option] != parameter)
		option++;
	if (option == STATEMENT_OPTIONS)
		source_fail(source, source->at, "too many options");
	if (option == source->option_count)
		source->options[source->option_count++] = parameter;
	source->open_option = option;
	source->open_start = source->at;
}

static bool stands_first_in_line(const struct source *source)
{
	size_t at = source->at;
	while (at > 0 && isblank((unsigned char)source->bytes.bytes[at - 1]))
		at--;
	return at == 0 || source->bytes.bytes[at - 1] == '\n';
}

static void line_comment(struct source *source)
{
	const char *start = source->bytes.bytes + source->at;
	const char *newline = memchr(start, '\n', source->bytes.length - source->at);
	size_t end = newline ? (size_t)(newline - source->bytes.bytes) : source->bytes.length;
	char kind = peek(source, 2);
	if ((kind == '?' || kind == '.') && !stands_first_in_line(source))
		source_fail(source, source->at, "a block begins and ends on a line of its own");
	if (kind == '?') {
		open_block(source, end);
	} else if (kind == '.') {
		if (source->open_option < 0)
			source_fail(source, source->at, "`--.` without a block");
		source->open_option = -1;
	}
	source->at = end;
}

static void block_comment(struct source *source)
{
	size_t start = source->at;
	int depth = 0;
	do {
		if (source->at >= source->bytes.length)
			source_fail(source, start, "this comment does not end");
		if (peek(source, 0) == '/' && peek(source, 1) == '*') {
			depth++;
			source->at += 2;
		} else if (peek(source, 0) == '*' && peek(source, 1) == '/') {
			depth--;
			source->at += 2;
		} else {
			source->at++;
		}
	} while (depth > 0);
}

/* White space and comments. */
static void space(struct source *source)
{
	bool newline = false;
	for (;;) {
		char c = peek(source, 0);
		if (source->at < source->bytes.length && isspace((unsigned char)c)) {
			newline |= c == '\n';
			source->at++;
		} else if (c == '-' && peek(source, 1) == '-') {
			/* A block's edge ends the piece: what is before and what is after belong to different texts. */
			add_piece(source, (struct piece){.kind = PIECE_SPACE, .length = 2});
			line_comment(source);
			newline = true;
		} else if (c == '/' && peek(source, 1) == '*') {
			block_comment(source);
		} else {
			break;
		}
	}
	add_piece(source, (struct piece){.kind = PIECE_SPACE, .length = newline ? 2 : 1});
}

static void quoted(struct source *source, char quote, bool backslash)
{
	size_t start = source->at++;
	for (;;) {
		if (source->at >= source->bytes.length)
			source_fail(source, start,
				    quote == '"' ? "this quoted name does not end" : "this string does not end");
		char c = peek(source, 0);
		source->at++;
		if (backslash && c == '\\')
			source->at++;
		else if (c == quote && peek(source, 0) == quote)
			source->at++;
		else if (c == quote)
			break;
	}
	add_text(source, start);
}

static void dollar(struct source *source)
{
	size_t start = source->at, end = start + 1;
	if (isdigit((unsigned char)peek(source, 1)))
		source_fail(source, start, "write :name, not $1");
	end = name_end(source, end);
	if (end >= source->bytes.length || source->bytes.bytes[end] != '$')
		source_fail(source, start, "a dollar sign that begins no string");
	size_t tag = end + 1 - start;
	const char *rest = source->bytes.bytes + end + 1;
	const char *close = memmem(rest, source->bytes.length - end - 1, source->bytes.bytes + start, tag);
	if (!close)
		source_fail(source, start, "this string does not end");
	source->at = (size_t)(close - source->bytes.bytes) + tag;
	add_text(source, start);
}

static void colon(struct source *source)
{
	size_t start = source->at;
	if (peek(source, 1) == ':' || peek(source, 1) == '=') {
		source->at += 2;
		add_text(source, start);
	} else if (is_name_start(peek(source, 1))) {
		source->at = name_end(source, start + 1);
		uint8_t index = parameter_index(source, start + 1, source->at - start - 1);
		add_piece(source, (struct piece){.kind = PIECE_PARAMETER, .parameter = index});
	} else if (peek(source, 1) == '\'' || peek(source, 1) == '"') {
		source_fail(source, start, "a parameter is written :name, without quotes");
	} else {
		source->at++;
		add_text(source, start);
	}
}

static void word(struct source *source)
{
	size_t start = source->at;
	char c = peek(source, 0);
	if (source_is_name(c)) {
		/* A dollar sign may stand inside a name, so no string begins there. */
		while (source_is_name(peek(source, 0)) || peek(source, 0) == '$')
			source->at++;
		bool escapes = source->at == start + 1 && (c == 'e' || c == 'E');
		add_text(source, start);
		if (peek(source, 0) == '\'')
			quoted(source, '\'', escapes);
	} else {
		source->at++;
		add_text(source, start);
	}
}

static void read_pieces(struct source *source)
{
	size_t length = source->bytes.length;
	if (!length || !text_is_utf8(source->bytes.bytes, length))
		source_fail(source, 0, length ? "this is not UTF-8" : "this file is empty");
	if (peek(source, 0) != '-' || peek(source, 1) != '-')
		source_fail(source, 0, "begin with a comment: what it answers, and which index serves it");
	source->open_option = -1;
	size_t semicolon = 0;
	while (source->at < length) {
		char c = peek(source, 0), next = peek(source, 1);
		bool blank = isspace((unsigned char)c) || (c == '-' && next == '-') || (c == '/' && next == '*');
		if (semicolon && !blank)
			source_fail(source, source->at, "a file holds one statement");
		if (blank)
			space(source);
		else if (c == '\'' || c == '"')
			quoted(source, c, false);
		else if (c == '$')
			dollar(source);
		else if (c == ':')
			colon(source);
		else if (c == ';')
			semicolon = source->at++ + 1;
		else
			word(source);
	}
	if (source->open_option >= 0)
		source_fail(source, source->open_start, "this block does not end");
}

void source_read(struct source *source, const char *path)
{
	source->path = path;
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
	size_t length = dot ? (size_t)(dot - base) : 0;
	if (!dot || strcmp(dot, ".sql") || !length || length > SOURCE_NAME_BYTES ||
	    strspn(base, "abcdefghijklmnopqrstuvwxyz0123456789_") != length)
		source_fail(source, 0, "a statement file is named like commitment_list.sql");
	memcpy(source->name, base, length);
	text_init(&source->bytes, SOURCE_BYTES);
	FILE *file = fopen(path, "rb");
	if (!file)
		source_fail(source, 0, "this file cannot be opened");
	char part[4096];
	for (size_t got; (got = fread(part, 1, sizeof(part), file)) > 0;)
		text_add(&source->bytes, part, got);
	if (ferror(file) || !text_ok(&source->bytes))
		source_fail(source, 0, "this file cannot be read whole");
	fclose(file);
	read_pieces(source);
}

void source_release(struct source *source)
{
	for (uint8_t i = 0; i < source->parameter_count; i++)
		free(source->parameters[i]);
	free(source->pieces);
	text_release(&source->bytes);
}
