/*
 * page.h: the worker's figures over HTTP, at /metrics on KEPT_WORKER_LISTEN: a thread of its own with a loop of its
 * own, so that it answers also while the worker's loop is busy.
 *
 * GET and HEAD only. At most KEPT_PAGE_CONNECTIONS at once, each closed after its reply and in any case
 * KEPT_PAGE_SECONDS after it was accepted.
 */
#ifndef WORKER_PAGE_H
#define WORKER_PAGE_H

#include "worker/counts.h"

struct page;

/* Listens at `host:port` and answers until page_free(). `counts` is borrowed. NULL: the address cannot be listened on,
 * or no memory. */
struct page *page_new(struct counts *counts, const char *listen_at) __attribute__((warn_unused_result));
/* Accepts NULL. */
void page_free(struct page *page);

#endif
