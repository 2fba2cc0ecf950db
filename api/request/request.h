/*
 * request.h: reads what a request says beside its body: query, path values, headers; each decoded once, then checked.
 *
 * These functions know nothing of connections: they take text and fill text, so that tests and fuzzers can call them.
 */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "api/contract.h"
#include "api/reply/problem.h"
#include "kept/limits.h"
#include "kept/text.h"

#define REQUEST_PARAMETERS KEPT_PARAMETERS

/*
 * Reads the query into `values`, one a parameter of the operation, owned by the caller, NULL where absent. `query` is
 * changed; NULL is empty. `+` and `%20` are a space. Unknown, repeated and missing parameters, bad text and values that
 * their schema refuses are added to `errors`. False: there were errors, or no memory.
 */
bool request_query(const struct contract_operation *operation, char *query, char **values,
		   struct problem_errors *errors) __attribute__((warn_unused_result));

/* Copies the path values into `values`. False: one does not fit its schema, so that nothing can be there (404), or no
 * memory. */
bool request_path(const struct contract_match *match, char **values) __attribute__((warn_unused_result));

/* The index of the operation's parameter of that name and place, or -1. */
int request_parameter(const struct contract_operation *operation, enum contract_in in, const char *name);

/* The weight of a preference (RFC 9110, 12.4.2) in thousandths; -1: malformed. */
int request_weight(const char *text, size_t length);

/* Accept-Language (RFC 9110, 12.5.4) as a comma list of tags, best first; what is malformed is passed over. */
bool request_languages(const char *header, char out[KEPT_LANGUAGES_BYTES]);

/* Idempotency-Key: a quoted string or bare, 1 to 255 printable characters. False: malformed. */
bool request_idempotency_key(const char *header, char out[KEPT_IDEMPOTENCY_KEY_BYTES + 1])
	__attribute__((warn_unused_result));

enum request_match {
	MATCH_ANY,     /* `*` */
	MATCH_VERSION, /* *tags are versions that the client has seen */
	MATCH_NEVER,   /* a well-formed tag that Kept did not make: it matches nothing */
	MATCH_MALFORMED
};

#define REQUEST_TAGS 16

/* The versions that If-Match names. */
struct request_tags {
	long versions[REQUEST_TAGS];
	int count;
};

/* If-Match (RFC 9110, 13.1.1): `*`, or entity tags of the form "version-digest", of which one must fit. Tags of another
 * form and weak ones never do; more than REQUEST_TAGS count as malformed. */
enum request_match request_if_match(const char *header, struct request_tags *tags);

/* True if the header Content-Type names the media type, and no charset but UTF-8. */
bool request_type_is(const char *header, const char *type);

/* "Bearer" and the key: the key within `header`, or NULL if there is none of the right form. */
const char *request_bearer(const char *header);

/* Appends the parameters of the query but `without`, as a query that request_query() reads back; no '?' before. */
void request_query_write(const struct contract_operation *operation, char *const *values, const char *without,
			 struct text *out);

#endif
