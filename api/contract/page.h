/*
 * page.h: the page at /docs, made by build/contract of the public document. Everything that comes out of the document
 * is escaped; a word between backticks becomes code.
 */
#ifndef API_CONTRACT_PAGE_H
#define API_CONTRACT_PAGE_H

#include "api/contract/compiler.h"
#include "kept/text.h"

/* Deepest nesting that is followed, so that what refers to itself ends. */
#define PAGE_DEPTH 6

struct page {
	const struct compiler *compiler;
	const json_t *document; /* the public one */
	struct text out;
};

/* Appends text out of the document: escaped, with `words` as code. */
void page_prose(struct text *out, const char *prose);
const char *page_string(const json_t *object, const char *name);
/* What a $ref means, or the object itself. */
const json_t *page_resolve(const struct page *page, const json_t *object);

/* page_operation.c: one operation, with all that belongs to it. */
void page_operation(struct page *page, const struct operation *operation);
/* page_schema.c: "text, 1 to 200 characters", and a row for each member, also of what is nested. */
void page_schema_words(struct page *page, const json_t *schema);
void page_schema_members(struct page *page, const json_t *schema, const char *prefix, int depth);
/* The schema with what its $ref means; members beside the $ref win. To be released with json_decref(). */
json_t *page_schema_merged(const struct page *page, const json_t *schema);

#endif
