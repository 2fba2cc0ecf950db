#include "api/limits/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"

#define SETS (KEPT_RATE_BUCKETS / RATE_WAYS)
#define LOCKS 64
#define SECOND INT64_C(1000000000)

struct bucket {
	uint64_t id; /* 0: the place was never used */
	int64_t full_at;
};

struct rate_table {
	int64_t interval; /* between two tokens */
	int64_t window;   /* from empty to full */
	pthread_mutex_t locks[LOCKS];
	struct bucket buckets[SETS][RATE_WAYS];
};

static uint64_t turn(uint64_t value, int by)
{
	return value << by | value >> (64 - by);
}

static void sip_rounds(uint64_t v[4], int rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1], v[1] = turn(v[1], 13) ^ v[0], v[0] = turn(v[0], 32);
		v[2] += v[3], v[3] = turn(v[3], 16) ^ v[2];
		v[0] += v[3], v[3] = turn(v[3], 21) ^ v[0];
		v[2] += v[1], v[1] = turn(v[1], 17) ^ v[2], v[2] = turn(v[2], 32);
	}
}

static uint64_t little_endian(const uint8_t *bytes, size_t length)
{
	uint64_t word = 0;
	for (size_t i = 0; i < length; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

uint64_t rate_hash(const uint64_t seed[2], const void *data, size_t length)
{
	uint64_t v[4] = {seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
			 seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573)};
	const uint8_t *bytes = data;
	size_t at = 0;
	for (bool last = false; !last; at += 8) {
		last = length - at < 8;
		uint64_t word = little_endian(bytes + at, last ? length - at : 8);
		word |= last ? (uint64_t)length << 56 : 0;
		v[3] ^= word;
		sip_rounds(v, 2);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct rate_table *rate_table_new(const struct config_rate *limit)
{
	struct rate_table *table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	table->interval = limit->seconds * SECOND / limit->count;
	table->window = table->interval * limit->count;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&table->locks[i], NULL);
	return table;
}

void rate_table_free(struct rate_table *table)
{
	if (!table)
		return;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&table->locks[i]);
	free(table);
}

/* The lock of the id's set, taken. */
static pthread_mutex_t *lock_set(struct rate_table *table, uint64_t id)
{
	pthread_mutex_t *lock = &table->locks[id % SETS % LOCKS];
	pthread_mutex_lock(lock);
	return lock;
}

/* The id's bucket, or NULL. */
static struct bucket *find(struct rate_table *table, uint64_t id)
{
	struct bucket *set = table->buckets[id % SETS];
	for (int i = 0; i < RATE_WAYS; i++)
		if (set[i].id == id && set[i].full_at > 0)
			return &set[i];
	return NULL;
}

/* The id's bucket, made if it is not there. */
static struct bucket *find_or_make(struct rate_table *table, uint64_t id)
{
	struct bucket *found = find(table, id), *set = table->buckets[id % SETS];
	if (found)
		return found;
	found = &set[0];
	for (int i = 1; i < RATE_WAYS; i++)
		if (set[i].full_at < found->full_at)
			found = &set[i];
	/* One that is full by now owes nothing, so taking its place over is a fresh beginning. */
	found->id = id;
	return found;
}

static int64_t owed(const struct bucket *bucket, int64_t now)
{
	return bucket && bucket->full_at > now ? bucket->full_at - now : 0;
}

static void tell(const struct rate_table *table, int64_t owes, struct rate_state *state)
{
	int64_t left = (table->window - owes) / table->interval;
	int64_t wait = left > 0 ? owes : owes - table->window + table->interval;
	state->left = left > 0 ? (long)left : 0;
	state->seconds = (long)((wait + SECOND - 1) / SECOND);
	if (state->left == 0 && state->seconds < 1)
		state->seconds = 1;
}

bool rate_take(struct rate_table *table, uint64_t id, int64_t now, struct rate_state *state)
{
	pthread_mutex_t *lock = lock_set(table, id);
	struct bucket *bucket = find_or_make(table, id);
	int64_t owes = owed(bucket, now);
	bool taken = owes <= table->window - table->interval;
	if (taken) {
		owes += table->interval;
		bucket->full_at = now + owes;
	}
	tell(table, owes, state);
	pthread_mutex_unlock(lock);
	return taken;
}

void rate_charge(struct rate_table *table, uint64_t id, int64_t now, struct rate_state *state)
{
	pthread_mutex_t *lock = lock_set(table, id);
	struct bucket *bucket = find_or_make(table, id);
	int64_t owes = owed(bucket, now) + table->interval;
	owes = owes > 2 * table->window ? 2 * table->window : owes;
	bucket->full_at = now + owes;
	tell(table, owes, state);
	pthread_mutex_unlock(lock);
}

void rate_give_back(struct rate_table *table, uint64_t id, int64_t now, struct rate_state *state)
{
	pthread_mutex_t *lock = lock_set(table, id);
	struct bucket *bucket = find(table, id);
	if (owed(bucket, now) > 0)
		bucket->full_at -= table->interval;
	tell(table, owed(bucket, now), state);
	pthread_mutex_unlock(lock);
}

bool rate_has(struct rate_table *table, uint64_t id, int64_t now, struct rate_state *state)
{
	pthread_mutex_t *lock = lock_set(table, id);
	int64_t owes = owed(find(table, id), now);
	tell(table, owes, state);
	pthread_mutex_unlock(lock);
	return owes <= table->window - table->interval;
}

bool rate_owes(struct rate_table *table, uint64_t id, int64_t now)
{
	pthread_mutex_t *lock = lock_set(table, id);
	bool owes = owed(find(table, id), now) > 0;
	pthread_mutex_unlock(lock);
	return owes;
}
