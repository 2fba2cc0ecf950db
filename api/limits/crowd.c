#include "api/limits/crowd.h"

void crowd_init(struct crowd *crowd)
{
	pthread_mutex_init(&crowd->lock, NULL);
	crowd->count = 0;
}

void crowd_release(struct crowd *crowd)
{
	pthread_mutex_destroy(&crowd->lock);
}

/* What it is asked for, a new connection or a new key, costs much more than this walk. */
static size_t place_of(const struct crowd *crowd, uint64_t id)
{
	size_t i = 0;
	while (i < crowd->count && crowd->ids[i].id != id)
		i++;
	return i;
}

bool crowd_enter(struct crowd *crowd, uint64_t id, int most)
{
	pthread_mutex_lock(&crowd->lock);
	size_t i = place_of(crowd, id);
	bool room = i < KEPT_CONNECTIONS;
	if (room && i == crowd->count) {
		crowd->ids[i].id = id;
		crowd->ids[i].times = 0;
		crowd->count++;
	}
	room = room && crowd->ids[i].times < most;
	if (room)
		crowd->ids[i].times++;
	pthread_mutex_unlock(&crowd->lock);
	return room;
}

void crowd_leave(struct crowd *crowd, uint64_t id)
{
	pthread_mutex_lock(&crowd->lock);
	size_t i = place_of(crowd, id);
	if (i < crowd->count && --crowd->ids[i].times == 0)
		crowd->ids[i] = crowd->ids[--crowd->count];
	pthread_mutex_unlock(&crowd->lock);
}

bool crowd_has(struct crowd *crowd, uint64_t id)
{
	pthread_mutex_lock(&crowd->lock);
	bool has = place_of(crowd, id) < crowd->count;
	pthread_mutex_unlock(&crowd->lock);
	return has;
}
