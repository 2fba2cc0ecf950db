#include "api/unit/flows.h"

#include <stdlib.h>

struct flow {
	uint64_t id;
	struct flow *next;
	struct flow_item *first, *last; /* never empty */
};

static void append(struct flows *flows, struct flow *flow)
{
	flow->next = NULL;
	if (flows->last)
		flows->last->next = flow;
	else
		flows->first = flow;
	flows->last = flow;
}

bool flows_put(struct flows *flows, struct flow_item *item, bool front)
{
	struct flow *flow = flows->first;
	while (flow && flow->id != item->flow)
		flow = flow->next;
	item->next = NULL;
	if (!flow) {
		flow = calloc(1, sizeof(*flow));
		if (!flow)
			return false;
		flow->id = item->flow;
		flow->first = flow->last = item;
		append(flows, flow);
	} else if (front) {
		item->next = flow->first;
		flow->first = item;
	} else {
		flow->last->next = item;
		flow->last = item;
	}
	return true;
}

struct flow_item *flows_first(const struct flows *flows)
{
	return flows->first ? flows->first->first : NULL;
}

struct flow_item *flows_take(struct flows *flows)
{
	struct flow *flow = flows->first;
	if (!flow)
		return NULL;
	struct flow_item *item = flow->first;
	flow->first = item->next;
	item->next = NULL;
	flows->first = flow->next;
	if (!flows->first)
		flows->last = NULL;
	if (flow->first)
		append(flows, flow);
	else
		free(flow);
	return item;
}

void flows_remove(struct flows *flows, struct flow_item *item)
{
	struct flow **at = &flows->first, *before = NULL;
	while (*at && (*at)->id != item->flow) {
		before = *at;
		at = &(*at)->next;
	}
	struct flow *flow = *at;
	struct flow_item *previous = NULL;
	for (struct flow_item *i = flow->first; i != item; i = i->next)
		previous = i;
	if (previous)
		previous->next = item->next;
	else
		flow->first = item->next;
	if (flow->last == item)
		flow->last = previous;
	item->next = NULL;
	if (flow->first)
		return;
	*at = flow->next;
	if (flows->last == flow)
		flows->last = before;
	free(flow);
}
