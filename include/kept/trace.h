/*
 * trace.h: which request, of whatever system, something belongs to: W3C Trace Context, level 2, which holds level 1.
 *
 * Kept takes part as the specification's section 4 asks of a service that is no tracing vendor: the trace's id and
 * flags are passed on, the span's id is its own at each hop, tracestate is passed on as it came or left out. What is
 * malformed begins a new trace and is never an error.
 */
#ifndef KEPT_TRACE_H
#define KEPT_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#define TRACE_ID_SIZE 33     /* 32 digits of hexadecimal, lower case */
#define TRACE_SPAN_SIZE 17   /* 16 */
#define TRACE_PARENT_SIZE 56 /* "00-" trace "-" span "-" flags */
#define TRACE_STATE_SIZE 513 /* what is passed on of tracestate (level 2, 3.3.1.5: at least 512 characters) */
#define TRACE_STATE_MEMBERS 32
#define TRACE_STATE_READ 4096 /* of tracestate that is looked at; a longer one is left out */

struct trace {
	char id[TRACE_ID_SIZE];
	char span[TRACE_SPAN_SIZE];   /* our own */
	char parent[TRACE_SPAN_SIZE]; /* the caller's; "" none */
	unsigned flags;               /* sampled 1, random 2; others are not passed on */
	char state[TRACE_STATE_SIZE]; /* "" none */
};

/* A new trace with random ids; what looks at it later may still sample it, so it says that it was not. */
void trace_new(struct trace *trace);
/*
 * Goes on with the trace that the header traceparent (3.2) names, as its child with a span of our own and without
 * tracestate. Blanks around the value do not matter. False: malformed; the trace is untouched.
 */
bool trace_continue(struct trace *trace, const char *traceparent) __attribute__((warn_unused_result));
/*
 * Takes the value of tracestate, several headers joined with commas (3.3). Malformed or of more than 32 members: left
 * out. Of members with the same key the first one counts. Of what is longer than 512 characters first members above 128
 * go, then the last ones.
 */
void trace_state(struct trace *trace, const char *tracestate);
/* The value of the header for whoever is called next: the trace with our span. */
void trace_parent(const struct trace *trace, char out[TRACE_PARENT_SIZE]);
/* Another span of our own. */
void trace_span(struct trace *trace);

/* The headers of one request. */
struct trace_headers {
	int parents; /* traceparent, how often */
	char parent[256];
	char state[TRACE_STATE_READ];
	size_t state_length;
	bool state_too_long;
};
/* Looks at one header; all zero before the first. Names are compared without case. */
void trace_header(struct trace_headers *headers, const char *name, size_t name_size, const char *value,
		  size_t value_size);
/* The trace of that request, new where there is none, more than one, or a malformed one. */
void trace_of(struct trace *trace, const struct trace_headers *headers);

#endif
