/*
 * bulk_answer.h: the reply of a bulk, as SQL keeps it, made into what is sent: secrets opened, and what was refused
 * told as problems (RFC 9457) of the same table as all others. The same stored reply gives the same bytes each time.
 */
#ifndef API_BULK_ANSWER_H
#define API_BULK_ANSWER_H

#include <stdbool.h>

#include "api/request/exchange.h"

/* Changes the reply. False: a problem is the reply now. */
bool bulk_answer(struct exchange *exchange) __attribute__((warn_unused_result));

#endif
