/*
 * list.h: the reply of a list: a page as JSON, and the way to the next one.
 */
#ifndef API_LIST_H
#define API_LIST_H

#include <stdbool.h>

#include "api/reply/spool.h"
#include "api/request/exchange.h"

/* {"items":…,"next":…} and the header Link (RFC 8288). `items` is a JSON array; keyset NULL: nothing follows. */
void list_reply(struct exchange *exchange, const char *items, const char *keyset);

/* The token of the page behind that keyset, owned by the caller; NULL: a problem was set as the reply. */
char *list_token(struct exchange *exchange, const char *keyset) __attribute__((warn_unused_result));
/* Adds the header Link with that token. */
void list_link(struct exchange *exchange, const char *token);
/* Makes the spooled bytes the body of the reply, or sets a problem; takes what the spool holds. */
bool list_body(struct exchange *exchange, const char *type, struct spool *spool) __attribute__((warn_unused_result));

#endif
