/* counts.c: see counts.h. */
#include "worker/counts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/exposition.h"
#include "kept/steady.h"
#include "sql/cell.h"

#define OUTCOMES (OUTCOME_SUPERSEDED + 1)

static const char *const channels[] = {"email", "webhook", "event"};
static const char *const stages[COUNTS_STAGES] = {"plan", "queue", "paused", "sending", "events"};
static const char *const whys[COUNTS_WHYS] = {"retry", "asked", "held", "replay"};
/* Why an attempt did not succeed (send.h), and why the database ends a message without one: kept.window_open(),
 * kept.plan_commitments(). The first is none, the last any other. */
static const char *const reasons[] = {
	"none",
	"name",
	"connect",
	"tls",
	"blocked_address",
	"timeout",
	"status",
	"redirect",
	"broken",
	"auth",
	"compose",
	"local",
	"commitment_removed",
	"completed",
	"no_longer_due",
	"moved",
	"party_removed",
	"contact_removed",
	"contact_gone",
	"contact_paused",
	"contact_changed",
	"stale",
	"endpoint_removed",
	"endpoint_disabled",
	"passed_before_start",
	"overtaken",
	"no_contact",
	"paused",
	"other",
};

#define CHANNELS (sizeof(channels) / sizeof(channels[0]))
#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

struct counts {
	pthread_mutex_t lock; /* of all below */
	unsigned long outcomes[CHANNELS][OUTCOMES][REASONS];
	unsigned long looks, connects, blocks;
	double looked_at; /* steady seconds; 0 never */
	double oldest;    /* steady seconds; 0 none is held */
	int held;
	bool connected;
	bool watched;
	double watched_at; /* steady seconds */
	struct counts_watch watch;
	double started; /* Unix time */
};

struct counts *counts_new(void)
{
	struct counts *counts = calloc(1, sizeof(struct counts));

	if (!counts)
		return NULL;
	if (pthread_mutex_init(&counts->lock, NULL) != 0) {
		free(counts);
		return NULL;
	}
	counts->started = exposition_clock();
	return counts;
}

void counts_free(struct counts *counts)
{
	if (!counts)
		return;
	pthread_mutex_destroy(&counts->lock);
	free(counts);
}

/* The place of a word; the last place for any other. */
static size_t place(const char *const *words, size_t count, const char *word)
{
	size_t i = 0;

	while (i < count - 1 && (!word || strcmp(words[i], word) != 0))
		i++;
	return i;
}

static int outcome_place(const char *word)
{
	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		if (word && strcmp(outcome_word((enum outcome)outcome), word) == 0)
			return outcome;
	return OUTCOME_DROPPED;
}

void counts_attempt(struct counts *counts, enum channel channel, enum outcome outcome, enum send_error error)
{
	size_t reason = error == SEND_OK ? 0 : place(reasons, REASONS, send_error_word(error));

	pthread_mutex_lock(&counts->lock);
	counts->outcomes[channel == CHANNEL_WEBHOOK][outcome][reason]++;
	pthread_mutex_unlock(&counts->lock);
}

void counts_outcomes(struct counts *counts, const PGresult *rows)
{
	pthread_mutex_lock(&counts->lock);
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *many = cell_text(rows, row, "many");
		size_t channel = place(channels, CHANNELS, cell_text(rows, row, "channel"));
		size_t reason = place(reasons, REASONS, cell_text(rows, row, "reason"));

		counts->outcomes[channel][outcome_place(cell_text(rows, row, "outcome"))][reason] +=
			many ? strtoul(many, NULL, 10) : 0;
	}
	pthread_mutex_unlock(&counts->lock);
}

void counts_looked(struct counts *counts)
{
	pthread_mutex_lock(&counts->lock);
	counts->looks++;
	counts->looked_at = steady_seconds();
	pthread_mutex_unlock(&counts->lock);
}

void counts_held(struct counts *counts, int batches, double oldest)
{
	pthread_mutex_lock(&counts->lock);
	counts->held = batches;
	counts->oldest = batches > 0 ? oldest : 0;
	pthread_mutex_unlock(&counts->lock);
}

void counts_connected(struct counts *counts, bool connected)
{
	pthread_mutex_lock(&counts->lock);
	if (connected && !counts->connected)
		counts->connects++;
	counts->connected = connected;
	pthread_mutex_unlock(&counts->lock);
}

void counts_chained(struct counts *counts, unsigned long blocks)
{
	pthread_mutex_lock(&counts->lock);
	counts->blocks += blocks;
	pthread_mutex_unlock(&counts->lock);
}

static double cell_number(const PGresult *row, const char *before, const char *after)
{
	char column[40];
	const char *text;

	snprintf(column, sizeof(column), "%s%s", before, after);
	text = cell_text(row, 0, column);
	return text ? strtod(text, NULL) : 0;
}

void counts_watched(struct counts *counts, const PGresult *row)
{
	struct counts_watch watch = {0};

	if (PQntuples(row) != 1)
		return;
	for (int i = 0; i < COUNTS_STAGES; i++) {
		watch.age[i] = cell_number(row, stages[i], "_age");
		watch.due[i] = (long long)cell_number(row, stages[i], "_due");
	}
	for (int i = 0; i < COUNTS_WHYS; i++)
		watch.waiting[i] = (long long)cell_number(row, "waiting_", whys[i]);
	watch.leases_over = (long long)cell_number(row, "leases_over", "");
	watch.audit_age = cell_number(row, "audit_age", "");
	watch.clock_skew = exposition_clock() - cell_number(row, "clock", "");
	pthread_mutex_lock(&counts->lock);
	counts->watch = watch;
	counts->watched = true;
	counts->watched_at = steady_seconds();
	pthread_mutex_unlock(&counts->lock);
}

static void write_outcomes(const struct counts *counts, struct text *out)
{
	exposition_head(out, "kept_worker_outcomes_total", "counter",
			"What came of messages: attempts, and what was dropped without one, by channel and reason.");
	for (size_t channel = 0; channel < CHANNELS; channel++)
		for (int outcome = 0; outcome < OUTCOMES; outcome++)
			for (size_t reason = 0; reason < REASONS; reason++) {
				unsigned long count = counts->outcomes[channel][outcome][reason];
				/* A rate needs its zero. */
				bool always = outcome == OUTCOME_SENT && reason == 0 && channel <= CHANNEL_WEBHOOK;

				if (count > 0 || always)
					text_addf(out,
						  "kept_worker_outcomes_total{channel=\"%s\",outcome=\"%s\",reason="
						  "\"%s\"} %lu\n",
						  channels[channel], outcome_word((enum outcome)outcome),
						  reasons[reason], count);
			}
}

static void write_due(const struct counts *counts, struct text *out)
{
	const struct counts_watch *watch = &counts->watch;

	exposition_head(out, "kept_worker_oldest_due_age_seconds", "gauge",
			"How long the oldest that is due has been due, by where it is; 0: nothing is. As of the last "
			"watch.");
	for (int i = 0; counts->watched && i < COUNTS_STAGES; i++)
		text_addf(out, "kept_worker_oldest_due_age_seconds{stage=\"%s\"} %.3f\n", stages[i], watch->age[i]);
	exposition_head(out, "kept_worker_due", "gauge",
			"What is due and not settled, by where it is, counted up to about 10,000.");
	for (int i = 0; counts->watched && i < COUNTS_STAGES; i++)
		text_addf(out, "kept_worker_due{stage=\"%s\"} %lld\n", stages[i], watch->due[i]);
	exposition_head(out, "kept_worker_waiting", "gauge",
			"Messages that wait, due or not, by what for, counted up to 10,000.");
	for (int i = 0; counts->watched && i < COUNTS_WHYS; i++)
		text_addf(out, "kept_worker_waiting{why=\"%s\"} %lld\n", whys[i], watch->waiting[i]);
	exposition_head(out, "kept_worker_leases_over", "gauge",
			"Batches of any worker whose lease ran out and that nobody has taken over yet.");
	if (counts->watched)
		text_addf(out, "kept_worker_leases_over %lld\n", watch->leases_over);
	exposition_head(out, "kept_worker_audit_unchained_age_seconds", "gauge",
			"How long the oldest audit entry has been in no block; 0: all are in one.");
	if (counts->watched)
		text_addf(out, "kept_worker_audit_unchained_age_seconds %.3f\n", watch->audit_age);
	exposition_head(out, "kept_worker_clock_skew_seconds", "gauge",
			"This machine's clock minus the database's, to within the time of one answer.");
	if (counts->watched)
		text_addf(out, "kept_worker_clock_skew_seconds %.3f\n", watch->clock_skew);
	exposition_head(out, "kept_worker_watch_age_seconds", "gauge",
			"Time since the database last told the figures above.");
	if (counts->watched)
		text_addf(out, "kept_worker_watch_age_seconds %.3f\n", steady_seconds() - counts->watched_at);
}

static void write_self(const struct counts *counts, struct text *out)
{
	double now = steady_seconds();

	exposition_head(out, "kept_worker_batches_held", "gauge", "Batches that this worker sends now.");
	text_addf(out, "kept_worker_batches_held %d\n", counts->held);
	exposition_head(out, "kept_worker_lease_age_seconds", "gauge",
			"How long this worker has had the batch that it has had for longest; 0: it has none.");
	text_addf(out, "kept_worker_lease_age_seconds %.3f\n", counts->oldest > 0 ? now - counts->oldest : 0);
	exposition_head(out, "kept_worker_audit_blocks_total", "counter", "Blocks of the audit that this worker made.");
	text_addf(out, "kept_worker_audit_blocks_total %lu\n", counts->blocks);
	exposition_head(out, "kept_worker_looks_total", "counter", "Completed looks at what is due.");
	text_addf(out, "kept_worker_looks_total %lu\n", counts->looks);
	exposition_head(out, "kept_worker_last_look_age_seconds", "gauge", "Time since the last completed look.");
	if (counts->looked_at > 0)
		text_addf(out, "kept_worker_last_look_age_seconds %.3f\n", now - counts->looked_at);
	exposition_head(out, "kept_worker_database_connected", "gauge", "1 while PostgreSQL is there.");
	text_addf(out, "kept_worker_database_connected %d\n", counts->connected ? 1 : 0);
	exposition_head(out, "kept_worker_database_connects_total", "counter",
			"Connections made to PostgreSQL; each after the first follows a loss.");
	text_addf(out, "kept_worker_database_connects_total %lu\n", counts->connects);
}

void counts_write(struct counts *counts, struct text *out)
{
	pthread_mutex_lock(&counts->lock);
	write_outcomes(counts, out);
	write_due(counts, out);
	write_self(counts, out);
	pthread_mutex_unlock(&counts->lock);
	exposition_process(out, "kept-worker", counts->started);
}
