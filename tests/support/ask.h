/*
 * ask.h: asks a running kept-api, and judges every reply by the contract it was built from.
 *
 * A reply fails the test when the document does not tell its status, when its media type is another, when its body does
 * not fit the schema, or when its headers are not those that the document tells (ask_headers.h). What was asked and
 * answered is counted in memory that forked tests share, so that a last test can say what was never seen.
 */
#ifndef TESTS_SUPPORT_ASK_H
#define TESTS_SUPPORT_ASK_H

#include <stdatomic.h>
#include <stdbool.h>

#include <jansson.h>

#include "api/contract.h"
#include "tests/support/api.h"

#define ASK_STATUSES 600

struct asking {
	const struct api *api;
	json_t *document;                    /* the contract's */
	struct told_headers *headers;        /* what it tells of headers */
	unsigned char (*seen)[ASK_STATUSES]; /* a row an operation: which statuses it answered */
	atomic_uint *answered;               /* how often, by the first digit of the status */
};

struct answer {
	int status;
	char *asked; /* method and target */
	char *head;
	char *body;
	json_t *json; /* the body; NULL: it is no JSON */
};

/* Before tests are forked. `api` is borrowed. */
void asking_open(struct asking *asking, const struct api *api);
/* Also says how many answers there were. */
void asking_release(struct asking *asking);

/* Asks with that key (NULL: none) on a connection of its own. `headers` are whole lines with CRLF, or NULL. A body has
 * the media type that the method takes unless the headers say another. Where an Idempotency-Key is needed there is a
 * new one unless the headers have one. To be released. */
struct answer ask(const struct asking *asking, const char *key, const char *method, const char *target,
		  const char *headers, const char *body);
/* The same on a connection that is open and stays open. */
struct answer ask_on(const struct asking *asking, int fd, const char *key, const char *method, const char *target,
		     const char *headers, const char *body);
/* The two halves of ask_on(), for many requests at once. */
void ask_send(int fd, const char *key, const char *method, const char *target, const char *headers, const char *body);
struct answer ask_read(const struct asking *asking, int fd, const char *method, const char *target);
/* What the document says of the operation. */
const json_t *ask_document(const struct asking *asking, const struct contract_operation *operation);
/* The answer, if it has that status; else the test fails. */
struct answer must(int status, struct answer answer);
/* The same, and releases it. */
void must_be(int status, struct answer answer);
void answer_release(struct answer *answer);

/* The member at a path like "owner/name" or "items/0/id": text as it is, all else as JSON, "" when it is not there. */
const char *at(const struct answer *answer, const char *path);
/* How many items the array at that path has. */
int count_at(const struct answer *answer, const char *path);
/* True if the problem names that place: a JSON pointer, or the name of a parameter. */
bool names(const struct answer *answer, const char *place);
/* A header's value, "" when it is not there. */
const char *header(const struct answer *answer, const char *name);
/* A header line "If-Match: …" with the ETag of the answer. */
const char *if_match(const struct answer *answer);
/* Text put together. What these five return is good until the 4,096th call after it. */
const char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
