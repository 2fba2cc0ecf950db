/*
 * page_token.h: page tokens: the raw keyset of SQL, sealed, and bound to the list, the filters and the credential that
 * it came from.
 *
 * A token that was cut, changed, or is sent with other filters or another credential does not open.
 */
#ifndef API_PAGE_TOKEN_H
#define API_PAGE_TOKEN_H

#include <stdbool.h>

#include "api/contract.h"
#include "kept/seal.h"

/* `values` as request_query() gives them, `holder` says whose it is. Both return an owned string, or NULL: no memory;
 * or the token does not open.
 */
char *page_token_new(const struct seal *seal, const struct contract_operation *operation, char *const *values,
		     const char *holder, const char *keyset) __attribute__((warn_unused_result));
char *page_token_open(const struct seal *seal, const struct contract_operation *operation, char *const *values,
		      const char *holder, const char *token) __attribute__((warn_unused_result));

#endif
