/*
 * settle.h: the results of a window as kept.settle() takes them.
 */
#ifndef WORKER_SETTLE_H
#define WORKER_SETTLE_H

#include <stddef.h>

#include "kept/text.h"
#include "worker/send.h"

/* Begins, adds to and ends a JSON array of results in `out`; check text_ok() at the end. */
void settle_begin(struct text *out);
void settle_add(struct text *out, const char *message_id, const struct send_result *result);
void settle_end(struct text *out);

#endif
