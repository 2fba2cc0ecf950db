/*
 * words_pattern.h: one message pattern, compiled. ICU's C interface knows only numbered arguments, so names are turned
 * into numbers here: the number argument first, then the texts in order of their first use.
 */
#ifndef WORKER_WORDS_PATTERN_H
#define WORKER_WORDS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kept/text.h"

/* The arguments by name; ARGUMENT_DAYS is the one number. */
enum argument {
	ARGUMENT_DAYS,
	ARGUMENT_NAME,
	ARGUMENT_TITLE,
	ARGUMENT_OWNER,
	ARGUMENT_GROUP,
	ARGUMENT_PLACE,
	ARGUMENT_SENDER,
	ARGUMENT_DUE,
	ARGUMENT_DAY,
	ARGUMENT_REPLY,
	ARGUMENT_ANSWER,
	ARGUMENT_ROLE,
	ARGUMENT_COUNT
};

#define ARGUMENT_BIT(argument) (1u << (argument))
#define PATTERN_BYTES 4096
#define PATTERN_DEPTH 16

struct words_pattern {
	void *format;                  /* UMessageFormat */
	uint8_t texts[ARGUMENT_COUNT]; /* the argument of each numbered text */
	int text_count;
	bool number; /* ARGUMENT_DAYS is used */
};

/*
 * Compiles `source`, which may use the arguments whose bits are in `declared`. False: *fault [out] is a constant
 * sentence. An ASCII apostrophe is refused, as ICU reads it as a quote: write a typographic one.
 */
bool words_pattern_open(struct words_pattern *pattern, const char *locale, const char *source, unsigned declared,
			const char **fault) __attribute__((warn_unused_result));
void words_pattern_close(struct words_pattern *pattern);
/* The arguments that it uses, as bits. */
unsigned words_pattern_uses(const struct words_pattern *pattern);
/* Appends the formatted text; `texts` is indexed by enum argument, NULL is "". */
bool words_pattern_format(const struct words_pattern *pattern, const char *const texts[ARGUMENT_COUNT], double days,
			  struct text *out) __attribute__((warn_unused_result));

#endif
