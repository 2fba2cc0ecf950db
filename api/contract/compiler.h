/*
 * compiler.h: build/contract, which makes C tables of api/openapi/. A tool of the build: all state is one struct,
 * memory is kept until the process ends, and every fault is told before it exits with 1.
 *
 *   contract --hooks FILE --statements FOLDER [--style FILE] FILE.json… > contract.c
 *   contract --document --hooks FILE --statements FOLDER FILE.json… > openapi.json
 */
#ifndef API_CONTRACT_COMPILER_H
#define API_CONTRACT_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "api/schema/schema_read.h"

/* A file of sql/statements. */
struct statement_file {
	char *name;        /* without .sql */
	char **parameters; /* each once */
	size_t parameter_count;
};

enum hook_kind { HOOK_BEFORE_KIND, HOOK_AFTER_KIND, HOOK_PRODUCES_KIND };

struct hook {
	enum hook_kind kind;
	char *name;
	bool used;
};

struct parameter {
	const char *name;
	bool in_path; /* else in the query; headers are told in the document only */
	bool required;
	bool used;
	const struct schema *schema;
};

#define OPERATION_PARAMETERS 40

struct operation {
	const char *path;
	const char *method; /* lower case, as in the document */
	json_t *json;       /* borrowed from the document */
	const char *id;
	struct parameter parameters[OPERATION_PARAMETERS]; /* those of the path first, in order of the template */
	size_t parameter_count;
	const struct schema *body;
	const char *body_type;
	bool body_required;
	bool takes_if_match; /* If-Match-optional */
	unsigned roles;
	const char *enters; /* x-kept-public; NULL: a key is asked for, or nothing */
	const char *lane;   /* "LANE_FAST", … */
	const char *statement;
	size_t statement_index;
	const char *before, *after, *produces;
	bool languages;                /* the statement uses :languages */
	bool takes_items;              /* has x-kept-items */
	const struct schema *items[4]; /* of x-kept-items: create, change, shown, item */
	bool is_list;                  /* has page_token */
	const char *rows;              /* x-kept-rows: the member whose items are the rows of its CSV */
	char **columns;                /* of a list, or of rows, as CSV */
	size_t column_count;
};

/* A segment of a path; contract.h tells the order. */
struct node {
	const char *segment; /* borrowed, not ended by NUL; NULL: any */
	size_t length;
	size_t child, next;
	size_t first, operations;
	const char *path;
};

struct compiler {
	json_t *document;  /* all files as one */
	const char *style; /* of the page; "" none */
	struct schema_reader *reader;
	struct statement_file *statements;
	size_t statement_count;
	struct hook *hooks;
	size_t hook_count;
	struct operation *operations;
	size_t operation_count;
	struct node *nodes;
	size_t node_count;
	size_t faults;
};

/* Tells one fault on standard error and counts it. */
void fault(struct compiler *compiler, const char *place, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Memory that is never freed; ends the program when there is none. */
void *keep(void *old, size_t count, size_t size);
char *keep_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "pointer/name" with ~ and / escaped. */
char *keep_pointer(const char *pointer, const char *name);
/* The whole file; NULL: cannot be read, and told. */
char *read_file(struct compiler *compiler, const char *path, size_t *length);

/* statements.c */
void statements_read(struct compiler *compiler, const char *folder);
/* hooks.c */
void hooks_read(struct compiler *compiler, const char *path);
/* Marks the hook as used; tells a fault if it does not exist. */
void hook_use(struct compiler *compiler, const char *place, enum hook_kind kind, const char *name);
void hooks_check_used(struct compiler *compiler);
/* merge.c */
void document_add_file(struct compiler *compiler, const char *path);
/* places.c: every member of an OpenAPI object is known; schemas are left to the reader. */
void places_check(struct compiler *compiler, const char *file, const json_t *document);
/* Calls back with the pointer of each schema in the document. */
void places_schemas(const json_t *document, void (*found)(void *context, const char *pointer), void *context);
/* schemas.c */
void schemas_read(struct compiler *compiler);
/* What a request may hold is bounded: texts, lists, members. */
void schema_check_request(struct compiler *compiler, const struct schema *schema);
/* The JSON of "#/…", or NULL. */
json_t *resolve(const struct compiler *compiler, const char *ref);
/* operations.c */
void operations_read(struct compiler *compiler);
/* bulk.c: x-kept-items, which names the schemas of new things, of changes, and of things as they are shown; `item` is
 * the name of a schema that is made of the change's before schemas are read. */
void bulk_derive(struct compiler *compiler);
void bulk_read(struct compiler *compiler, struct operation *operation);
void bulk_emit(const struct compiler *compiler, FILE *out, const struct operation *operation);
/* columns.c */
void columns_read(struct compiler *compiler, struct operation *operation);
/* A list, or what has rows, may also be had as a sheet. */
void columns_tell(const struct operation *operation, json_t *responses);
/* sources.c: every parameter of a statement has a source, every parameter of an operation is used. */
void sources_check(struct compiler *compiler, struct operation *operation);
/* paths.c */
void paths_build(struct compiler *compiler);
/* document.c: the public document; what follows by rule is added, x-kept members go. */
json_t *document_public(struct compiler *compiler);
/* {"$ref": "#/components/SECTION/NAME"} */
json_t *reference(const char *section, const char *name);
/* document_answers.c: what is sent with every answer of the operation, or of a shared one, stands here once. */
void headers_add(const struct operation *operation, json_t *responses);
void headers_add_shared(json_t *responses);
/* What was made can be read, changed and removed: links by its id. */
void links_add(const struct compiler *compiler, const struct operation *operation, json_t *responses);
/* examples.c: each body has an example that meets its schema. One that is not written is put together from the examples
 * of its parts; a part without one is a fault. */
void examples_add(struct compiler *compiler, json_t *document);
/* Integers are told as int32 or int64, by their limits. */
void formats_add(json_t *json);
/* page.c: the document as an HTML page with that style inside; owned, NULL: no memory. */
char *page_make(const struct compiler *compiler, const json_t *document, const char *style);
/* emit_schemas.c, emit.c. What is emitted ends with one entry more than its count, so no table is empty. */
void emit_string(FILE *out, const char *bytes, size_t length);
void emit_schemas(const struct compiler *compiler, FILE *out);
void emit(struct compiler *compiler, FILE *out);
/* The public document, byte for byte as it is served. */
void emit_document_alone(struct compiler *compiler, FILE *out);

#endif
