/*
 * ask_headers.h: judges the headers of a reply by the contract: what the document tells as required is there, each
 * value meets its schema, and nothing is sent that the document does not tell. Headers of the transport, and those that
 * the document tells once for all answers, are let through.
 */
#ifndef TESTS_SUPPORT_ASK_HEADERS_H
#define TESTS_SUPPORT_ASK_HEADERS_H

#include <jansson.h>

struct answer;
struct told_headers;

/* What the document tells under components/headers. */
struct told_headers *told_headers_new(const json_t *document);
void told_headers_free(struct told_headers *told);
/* `response` is what the document says of the answer's status; the test fails with what was wrong. */
void told_headers_judge(const struct told_headers *told, const struct answer *answer, const json_t *response);

#endif
