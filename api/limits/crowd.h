/*
 * crowd.h: how often each of a few ids is here at once. For limits.c alone; all threads may call.
 */
#ifndef API_CROWD_H
#define API_CROWD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kept/limits.h"

struct crowd {
	pthread_mutex_t lock;
	size_t count; /* ids that are here, without gaps */
	struct {
		uint64_t id;
		int times;
	} ids[KEPT_CONNECTIONS];
};

void crowd_init(struct crowd *crowd);
void crowd_release(struct crowd *crowd);

/* Once more. False: it is here `most` times, or too many others are; nothing was counted. */
bool crowd_enter(struct crowd *crowd, uint64_t id, int most) __attribute__((warn_unused_result));
/* Once less; it was counted. */
void crowd_leave(struct crowd *crowd, uint64_t id);
bool crowd_has(struct crowd *crowd, uint64_t id);

#endif
