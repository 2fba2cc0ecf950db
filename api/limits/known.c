#include "api/limits/known.h"

#include <pthread.h>
#include <stdlib.h>

#include "kept/limits.h"

#define WAYS 8
#define SETS (KEPT_KNOWN_KEYS / WAYS)
#define LOCKS 16
#define LIFE (KEPT_KNOWN_SECONDS * INT64_C(1000000000))

struct place {
	uint64_t key, district;
	int64_t until; /* 0: free */
};

struct known {
	pthread_mutex_t locks[LOCKS];
	struct place places[SETS][WAYS];
};

struct known *known_new(void)
{
	struct known *known = calloc(1, sizeof(*known));
	for (int i = 0; known && i < LOCKS; i++)
		pthread_mutex_init(&known->locks[i], NULL);
	return known;
}

void known_free(struct known *known)
{
	for (int i = 0; known && i < LOCKS; i++)
		pthread_mutex_destroy(&known->locks[i]);
	free(known);
}

static pthread_mutex_t *lock_set(struct known *known, uint64_t key)
{
	pthread_mutex_t *lock = &known->locks[key % SETS % LOCKS];
	pthread_mutex_lock(lock);
	return lock;
}

static struct place *find(struct known *known, uint64_t key)
{
	struct place *set = known->places[key % SETS];
	for (int i = 0; i < WAYS; i++)
		if (set[i].key == key && set[i].until > 0)
			return &set[i];
	return NULL;
}

bool known_find(struct known *known, uint64_t key, int64_t now, uint64_t *district)
{
	pthread_mutex_t *lock = lock_set(known, key);
	const struct place *place = find(known, key);
	bool good = place && place->until > now;
	*district = good ? place->district : 0;
	pthread_mutex_unlock(lock);
	return good;
}

void known_learn(struct known *known, uint64_t key, uint64_t district, int64_t now)
{
	pthread_mutex_t *lock = lock_set(known, key);
	struct place *place = find(known, key), *set = known->places[key % SETS];
	if (!place) {
		place = &set[0];
		for (int i = 1; i < WAYS; i++)
			if (set[i].until < place->until)
				place = &set[i];
		*place = (struct place){.key = key};
	}
	if (district != 0)
		place->district = district;
	place->until = now + LIFE;
	pthread_mutex_unlock(lock);
}

void known_forget(struct known *known, uint64_t key)
{
	pthread_mutex_t *lock = lock_set(known, key);
	struct place *place = find(known, key);
	if (place)
		*place = (struct place){0};
	pthread_mutex_unlock(lock);
}
