/*
 * statement.h: all that Kept asks PostgreSQL, compiled from sql/statements/ by build/statements.
 *
 * A statement file is SQL in which `:name` (never inside a string, comment or cast `::`) is a parameter. It begins with
 * comment lines that say what it answers and which index serves it. A block
 *
 *     --? group
 *     and commitment.group_code = :group
 *     --.
 *
 * is there only when the parameter `group` is given; each set of given parameters is one fixed text, made at build
 * (at most 8 blocks). Parameters are numbered anew in each text. All parameters and results travel as text.
 */
#ifndef SQL_STATEMENT_H
#define SQL_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#define STATEMENT_PARAMETERS 24
#define STATEMENT_OPTIONS 8

struct statement_text {
	const char *prepared; /* its name as a prepared statement, unique over all statements: "commitment_list.5" */
	const char *sql;      /* with $1, $2, … */
	uint8_t parameter_count;
	uint8_t parameters[STATEMENT_PARAMETERS]; /* $n is statement.parameters[parameters[n - 1]] */
};

struct statement {
	const char *name;              /* file name without .sql */
	const char *const *parameters; /* all names, each once, in order of first use */
	uint8_t parameter_count;
	uint8_t option_count;
	uint8_t options[STATEMENT_OPTIONS]; /* option i is there when parameter options[i] is not NULL */
	const struct statement_text *texts; /* 1 << option_count of them, by bit mask of options that are there */
};

extern const struct statement statement_table[];
extern const size_t statement_count;

/* The statement of that name, or NULL. */
const struct statement *statement_find(const char *name);
/* The text for these values, given in the order of statement->parameters; fills `ordered` [out] with the values of $1….
 */
const struct statement_text *statement_choose(const struct statement *statement, const char *const *values,
					      const char **ordered);

#endif
