/*
 * contract.h: the API as constant tables, compiled from api/openapi/ by build/contract. The contract IS the route
 * table.
 *
 * Each operation names the SQL statement that answers it (x-kept-statement) or a C handler (x-kept-produces), the lane
 * (x-kept-lane), the roles (x-kept-roles) or as what everybody is let in (x-kept-public) and, where C is needed, hooks
 * (x-kept-before, x-kept-after); what is no list and has rows all the same names their member (x-kept-rows). The
 * compiler fails on an unknown keyword, an unsupported pattern, a statement parameter without a source, a hook that
 * does not exist.
 *
 * Sources of a statement's parameters, by name:
 *   a path or query parameter of the operation         its value, checked against its schema
 *   request       jsonb of the request itself: {"operation":"POST /v1/people","path":"…","key":…,"fingerprint":"hex",
 *                 "if_match":[3]}; members that do not apply are absent; key is the Idempotency-Key;
 *                 traceparent and tracestate as they go on (kept/trace.h)
 *   body          the validated body, minified
 *   after         the opened page token, NULL on the first page
 *   page_size     clamped to 1..KEPT_PAGE_ITEMS, KEPT_PAGE_ITEMS_DEFAULT when absent
 *   languages     Accept-Language as a comma list of tags, best first, "" when absent
 *   secrets       jsonb array of what the before hook made (sealed secrets, key hashes), NULL without hook
 */
#ifndef API_CONTRACT_H
#define API_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "sql/statement.h"

struct exchange; /* api/request/exchange.h: one request and its reply */
struct schema;   /* api/schema/schema.h: a compiled JSON Schema */

enum contract_lane { LANE_FAST, LANE_WRITE, LANE_SLOW };

enum contract_in { IN_PATH, IN_QUERY };

/* Of an operation: those in the path first, in the order of the template, then those of the query. The headers that the
 * document tells (Idempotency-Key, If-Match, If-None-Match, Accept-Language) go by rule and are not in the table. */
struct contract_parameter {
	const char *name;
	enum contract_in in;
	bool required;
	const struct schema *schema; /* of one value; arrays are not used in parameters */
};

/* A schema of the contract by its name under components, so that tests can judge replies. */
struct contract_schema {
	const char *name;
	const struct schema *schema;
};

#define ROLE_ADMIN 1u
#define ROLE_STEWARD 2u
#define ROLE_PARTNER 4u
#define ROLE_READER 8u

/* Of an operation that creates and changes many things (x-kept-items). */
struct contract_items {
	const struct schema *create; /* of an item without id */
	const struct schema *change; /* of one with id, apart from id and version */
	const struct schema *shown;  /* of a thing as it is read: members that are only here cannot be written */
};

struct contract_operation {
	const char *id;     /* operationId, unique */
	const char *method; /* upper case */
	const char *path;   /* template with {names} */
	const struct contract_parameter *parameters;
	uint8_t parameter_count;
	const struct schema *body; /* NULL: no body is taken */
	bool body_required;
	const char *body_type;              /* application/json or application/merge-patch+json */
	const char *sheet_type;             /* text/csv where it is taken too, or NULL */
	const struct contract_items *items; /* NULL: the body is one thing. Else Idempotency-Key is required */
	bool if_match_required;             /* 428 without If-Match */
	unsigned roles;                     /* ROLE_ bits; 0: no credential is asked for */
	const char *enters;                 /* everybody is let in as this kind by the first value; NULL: by a key */
	enum contract_lane lane;
	const char *const *columns; /* of a list or of rows, as CSV (api/csv/csv_write.h); NULL: there is none */
	uint16_t column_count;
	const char *rows; /* the member of the answer whose items are the rows; NULL: it is a list, or has no CSV */
	const struct statement *statement; /* NULL: `produces` answers */
	/* Runs before the unit; may set exchange parameters; false: it has set a problem. */
	bool (*before)(struct exchange *exchange);
	/* Runs on the reply's body before it is sent; false: it has set a problem. */
	bool (*after)(struct exchange *exchange);
	/* Answers without a statement: sets the reply. */
	void (*produces)(struct exchange *exchange);
};

extern const struct contract_operation contract_operations[];
extern const size_t contract_operation_count;

/* All component schemas, sorted by name. */
extern const struct contract_schema contract_schemas[];
extern const size_t contract_schema_count;
/* The component schema of that name, or NULL. */
const struct schema *contract_schema_find(const char *name);

/* Compiles the patterns of all schemas, once, before threads start. Without it all works, but slower. */
bool contract_start(void) __attribute__((warn_unused_result));

/* The whole document, minified OpenAPI 3.1 without the x-kept members. */
extern const char contract_document[];
extern const size_t contract_document_length;
extern const char contract_document_tag[]; /* its ETag, with quotes */

/* The page for people at /docs, made of the same document, and its ETag with quotes. */
extern const char contract_page[];
extern const size_t contract_page_length;
extern const char contract_page_tag[];

/*
 * The paths as a trie, node 0 is the root "/". A node is one segment; `segment` NULL takes any segment that is not
 * empty. Children of a node follow each other by `next`, those with a fixed segment first; 0 ends the list.
 */
struct contract_node {
	const char *segment;
	uint16_t child;
	uint16_t next;
	uint16_t first;     /* operations of this path: contract_operations[first .. first + count) */
	uint8_t operations; /* 0: nothing answers here */
	const char *allow;  /* "GET, HEAD, POST"; NULL where nothing answers */
};

extern const struct contract_node contract_nodes[];

#define CONTRACT_PATH_VALUES 4

struct contract_match {
	const struct contract_operation *operation; /* NULL: see `status` */
	int status;                                 /* 0 found, 404, 405 */
	const char *allow;                          /* for 405 and OPTIONS: "GET, HEAD, POST"; NULL for 404 */
	struct {
		const char *bytes;
		size_t length;
	} values[CONTRACT_PATH_VALUES]; /* path values in order of the template, inside `path`, as sent */
	int value_count;                /* value i is the i-th IN_PATH parameter of the operation */
};

/* Finds the operation. HEAD matches GET. `path` has no query and is not decoded: path values of Kept are UUIDs and
 * codes. A fixed segment wins over a value; an empty segment (double or final slash) is never found. */
void contract_match(const char *method, const char *path, struct contract_match *match);

/* The hooks of api/hooks.def, defined in api/reply/hooks.c. */
#define HOOK_BEFORE(name) bool hook_before_##name(struct exchange *exchange);
#define HOOK_AFTER(name) bool hook_after_##name(struct exchange *exchange);
#define HOOK_PRODUCES(name) void hook_produces_##name(struct exchange *exchange);
#include "api/hooks.def"
#undef HOOK_BEFORE
#undef HOOK_AFTER
#undef HOOK_PRODUCES

#endif
