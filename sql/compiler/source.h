/*
 * source.h: a statement file, read into pieces. Part of the build tool `statements`: what is wrong ends the program.
 *
 * Lexical rules: PostgreSQL documentation, section 4.1.
 */
#ifndef SQL_COMPILER_SOURCE_H
#define SQL_COMPILER_SOURCE_H

#include <stdbool.h>

#include "kept/text.h"
#include "sql/statement.h"

#define SOURCE_BYTES (1024 * 1024)
#define SOURCE_NAME_BYTES 58 /* with ".255" a name that PostgreSQL does not cut */

enum piece_kind { PIECE_SPACE, PIECE_TEXT, PIECE_PARAMETER };

struct piece {
	enum piece_kind kind;
	int option;   /* index of the block's option, -1: always there */
	size_t start; /* PIECE_TEXT: bytes of the file; PIECE_SPACE: a line break when length is 2 */
	size_t length;
	uint8_t parameter;
};

/* One file, cut into what the texts are made of. */
struct source {
	const char *path;
	char name[SOURCE_NAME_BYTES + 1];
	struct text bytes;
	size_t at;
	struct piece *pieces;
	size_t piece_count, piece_room;
	char *parameters[STATEMENT_PARAMETERS];
	uint8_t parameter_count;
	uint8_t options[STATEMENT_OPTIONS]; /* parameter of each */
	int option_count;
	int open_option;   /* block that we are in, -1: none */
	size_t open_start; /* where it began */
};

/* Fills a zeroed `source`; `path` is borrowed. Ends the program with "file:line: what" if the file is wrong. */
void source_read(struct source *source, const char *path);
void source_release(struct source *source);
/* True for a byte that may stand in a name. */
bool source_is_name(char c);
/* Ends the program with 1 and one line; `at` is the place in the bytes. */
_Noreturn void source_fail(const struct source *source, size_t at, const char *message);

#endif
