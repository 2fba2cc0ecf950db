/*
 * flows.h: a queue in which turns go round: each item belongs to a flow (a credential), the flows stand in a row, and
 * each gives one item in its turn. A flow with many items does not hold up those with few.
 *
 * It owns no items and has no ceiling of its own; the caller counts. Finding a flow is linear in the flows that wait.
 */
#ifndef API_FLOWS_H
#define API_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

/* Embedded in what waits. */
struct flow_item {
	struct flow_item *next;
	uint64_t flow;
};

struct flow;

/* All zero is empty. */
struct flows {
	struct flow *first, *last;
};

/* Puts the item, whose `flow` is set, at the end of its flow, or at its front. False: no memory. */
bool flows_put(struct flows *flows, struct flow_item *item, bool front) __attribute__((warn_unused_result));
/* The item whose turn it is, or NULL. */
struct flow_item *flows_first(const struct flows *flows);
/* Takes it out; its flow goes to the end of the row. */
struct flow_item *flows_take(struct flows *flows);
/* Takes out an item that is in the queue. */
void flows_remove(struct flows *flows, struct flow_item *item);

#endif
