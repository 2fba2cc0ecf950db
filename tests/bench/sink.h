/*
 * sink.h: where the worker's reminders go: an HTTP receiver that answers 204, or a mail server that takes all, on a
 * port of 127.0.0.1.
 *
 * One thread with epoll, so that it costs little beside what is measured. It keeps nothing but the id of each message
 * (webhook-id or Message-ID) and when the first byte of the last one came.
 */
#ifndef TESTS_BENCH_SINK_H
#define TESTS_BENCH_SINK_H

#include <stdbool.h>
#include <stddef.h>

enum sink_kind { SINK_HTTP, SINK_SMTP };

struct sink;

struct sink_counts {
	size_t got;        /* messages that came whole */
	size_t distinct;   /* ids among them */
	double first_byte; /* of the last message; measure_now() */
};

struct sink *sink_start(enum sink_kind kind);
/* Accepts NULL. */
void sink_stop(struct sink *sink);
int sink_port(const struct sink *sink);
struct sink_counts sink_counts(struct sink *sink);
/* True when so many messages came; false after `seconds`. */
bool sink_wait(struct sink *sink, size_t messages, double seconds);

#endif
