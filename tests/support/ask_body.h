/*
 * ask_body.h: judges the body of a reply by the contract: its media type is one that the document tells for the status,
 * and it meets the schema of that type, text as well as JSON.
 */
#ifndef TESTS_SUPPORT_ASK_BODY_H
#define TESTS_SUPPORT_ASK_BODY_H

#include <jansson.h>

struct answer;

/* `response` is what the document says of the answer's status; the test fails with what was wrong. */
void told_body_judge(const struct answer *answer, const json_t *response);

#endif
