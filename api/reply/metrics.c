#include "api/reply/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "kept/exposition.h"

static const double bounds[METRICS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
/* What Kept answers; the first place is for requests without a reply, the last for what is not in the table. */
static const int statuses[] = {0,   200, 201, 202, 204, 207, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411,
			       412, 413, 414, 415, 417, 422, 423, 428, 429, 431, 500, 501, 503, 504, 505, -1};
#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))
_Static_assert(STATUSES <= METRICS_STATUSES, "METRICS_STATUSES has room for the table");
static const char *const lane_names[METRICS_LANES] = {"fast", "write", "slow"};
static const char *const outcome_names[METRICS_OUTCOMES] = {"done", "error", "lost", "refused"};

struct metrics *metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		return NULL;
	metrics->routes = calloc(contract_operation_count + 1, sizeof(*metrics->routes));
	if (!metrics->routes) {
		free(metrics);
		return NULL;
	}
	metrics->started = exposition_clock();
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	free(metrics->routes);
	free(metrics);
}

static void more(atomic_ullong *counter, unsigned long long by)
{
	atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static unsigned long long read_counter(atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static size_t status_place(int status)
{
	size_t place = 0;
	while (place < STATUSES - 1 && statuses[place] != status)
		place++;
	return place;
}

void metrics_request(struct metrics *metrics, const struct metrics_request *request)
{
	const struct contract_operation *operation = request->operation;
	size_t index = operation ? (size_t)(operation - contract_operations) : contract_operation_count;
	struct metrics_route *route = &metrics->routes[index];
	double seconds = request->seconds > 0 ? request->seconds : 0;
	more(&route->statuses[status_place(request->status)], 1);
	more(&route->microseconds, (unsigned long long)(seconds * 1e6));
	more(&route->bytes_in, request->bytes_in);
	more(&route->bytes_out, request->bytes_out);
	for (int i = 0; i < METRICS_BUCKETS; i++)
		if (seconds <= bounds[i]) {
			more(&route->buckets[i], 1);
			break;
		}
}

void metrics_unit_sent(struct metrics *metrics, enum contract_lane lane, double seconds)
{
	more(&metrics->wait_microseconds[lane], seconds > 0 ? (unsigned long long)(seconds * 1e6) : 0);
}

void metrics_unit(struct metrics *metrics, enum contract_lane lane, enum unit_outcome outcome)
{
	more(&metrics->units[lane][outcome], 1);
}

void metrics_limited(struct metrics *metrics, enum limit limit)
{
	more(&metrics->limited[limit], 1);
}

/* Labels of a route; what matched none has one of its own. */
static const char *route_labels(size_t i, char out[256])
{
	bool known = i < contract_operation_count;
	snprintf(out, 256, "method=\"%s\",route=\"%s\"", known ? contract_operations[i].method : "other",
		 known ? contract_operations[i].path : "none");
	return out;
}

static unsigned long long route_count(struct metrics_route *route)
{
	unsigned long long sum = 0;
	for (size_t i = 0; i < STATUSES; i++)
		sum += read_counter(&route->statuses[i]);
	return sum;
}

static void write_status(struct text *out, const char *labels, int status, unsigned long long count)
{
	text_addf(out, "kept_requests_total{%s,status=\"", labels);
	if (status > 0)
		text_addf(out, "%d", status);
	else
		text_adds(out, status == 0 ? "none" : "other");
	text_addf(out, "\"} %llu\n", count);
}

static void write_requests(struct metrics *metrics, struct text *out)
{
	char labels[256];
	exposition_head(out, "kept_requests_total", "counter",
			"Requests by method, route template and status; none: the client left before the reply.");
	for (size_t i = 0; i <= contract_operation_count; i++)
		for (size_t s = 0; s < STATUSES; s++) {
			unsigned long long count = read_counter(&metrics->routes[i].statuses[s]);
			if (count > 0)
				write_status(out, route_labels(i, labels), statuses[s], count);
		}
}

static void write_durations(struct metrics *metrics, struct text *out)
{
	char labels[256];
	exposition_head(out, "kept_request_seconds", "histogram",
			"From the request line to the end of the reply, by method and route template.");
	for (size_t i = 0; i <= contract_operation_count; i++) {
		struct metrics_route *route = &metrics->routes[i];
		unsigned long long count = route_count(route), sum = 0;
		if (count == 0)
			continue;
		route_labels(i, labels);
		for (int b = 0; b < METRICS_BUCKETS; b++) {
			sum += read_counter(&route->buckets[b]);
			text_addf(out, "kept_request_seconds_bucket{%s,le=\"%g\"} %llu\n", labels, bounds[b], sum);
		}
		/* Threads count on meanwhile: the last bucket must not be less than those before it. */
		count = count < sum ? sum : count;
		text_addf(out, "kept_request_seconds_bucket{%s,le=\"+Inf\"} %llu\n", labels, count);
		text_addf(out, "kept_request_seconds_sum{%s} %.6f\n", labels,
			  (double)read_counter(&route->microseconds) / 1e6);
		text_addf(out, "kept_request_seconds_count{%s} %llu\n", labels, count);
	}
}

static void write_bytes(struct metrics *metrics, struct text *out)
{
	char labels[256];
	exposition_head(out, "kept_request_body_bytes_total", "counter",
			"Bytes of bodies that came, by method and route template.");
	for (size_t i = 0; i <= contract_operation_count; i++)
		if (route_count(&metrics->routes[i]) > 0)
			text_addf(out, "kept_request_body_bytes_total{%s} %llu\n", route_labels(i, labels),
				  read_counter(&metrics->routes[i].bytes_in));
	exposition_head(out, "kept_reply_body_bytes_total", "counter",
			"Bytes of bodies that were sent, by method and route template.");
	for (size_t i = 0; i <= contract_operation_count; i++)
		if (route_count(&metrics->routes[i]) > 0)
			text_addf(out, "kept_reply_body_bytes_total{%s} %llu\n", route_labels(i, labels),
				  read_counter(&metrics->routes[i].bytes_out));
}

static void write_lanes(struct text *out, const char *name, const char *help, atomic_int *values)
{
	exposition_head(out, name, "gauge", help);
	for (int lane = 0; lane < METRICS_LANES; lane++)
		text_addf(out, "%s{lane=\"%s\"} %d\n", name, lane_names[lane], atomic_load(&values[lane]));
}

static void write_one(struct text *out, const char *name, const char *help, atomic_int *value)
{
	exposition_head(out, name, "gauge", help);
	text_addf(out, "%s %d\n", name, atomic_load(value));
}

static void write_units(struct metrics *metrics, struct text *out)
{
	exposition_head(out, "kept_units_total", "counter", "Units of work at PostgreSQL by lane and outcome.");
	for (int lane = 0; lane < METRICS_LANES; lane++)
		for (int outcome = 0; outcome < METRICS_OUTCOMES; outcome++)
			text_addf(out, "kept_units_total{lane=\"%s\",outcome=\"%s\"} %llu\n", lane_names[lane],
				  outcome_names[outcome], read_counter(&metrics->units[lane][outcome]));
	exposition_head(out, "kept_units_not_taken_total", "counter",
			"Units not taken, so answered with 503: the queue was full, or no connection.");
	text_addf(out, "kept_units_not_taken_total{why=\"full\"} %llu\n", read_counter(&metrics->units_full));
	text_addf(out, "kept_units_not_taken_total{why=\"away\"} %llu\n", read_counter(&metrics->units_away));
	exposition_head(out, "kept_units_orphaned_total", "counter",
			"Units that ran on after their request had ended.");
	text_addf(out, "kept_units_orphaned_total %llu\n", read_counter(&metrics->units_orphaned));
	exposition_head(out, "kept_unit_wait_seconds_total", "counter",
			"Time that units waited for a connection to PostgreSQL, together, by lane.");
	for (int lane = 0; lane < METRICS_LANES; lane++)
		text_addf(out, "kept_unit_wait_seconds_total{lane=\"%s\"} %.6f\n", lane_names[lane],
			  (double)read_counter(&metrics->wait_microseconds[lane]) / 1e6);
	write_lanes(out, "kept_units_waiting", "Units that wait for a connection to PostgreSQL, by lane.",
		    metrics->units_waiting);
	write_one(out, "kept_units_waiting_max", "Most units that may wait, all lanes and threads together.",
		  &metrics->units_most);
	write_lanes(out, "kept_units_in_flight", "Units sent to PostgreSQL and not answered, by lane.",
		    metrics->units_in_flight);
	write_lanes(out, "kept_database_connections", "Connections to PostgreSQL that are up, by lane.",
		    metrics->pipes);
	write_lanes(out, "kept_database_connections_wanted", "Connections to PostgreSQL that should be up, by lane.",
		    metrics->pipes_wanted);
	write_one(out, "kept_client_connections", "Connections of clients that are open.", &metrics->connections);
	write_one(out, "kept_client_connections_max", "Most connections of clients that may be open.",
		  &metrics->connections_most);
}

static void write_limits(struct metrics *metrics, struct text *out)
{
	exposition_head(out, "kept_limited_total", "counter",
			"Requests that a limit refused, and connections that were closed for it, by limit.");
	for (int i = 0; i < LIMITS; i++)
		text_addf(out, "kept_limited_total{limit=\"%s\"} %llu\n", limit_metric((enum limit)i),
			  read_counter(&metrics->limited[i]));
}

void metrics_write(struct metrics *metrics, struct text *out)
{
	write_requests(metrics, out);
	write_durations(metrics, out);
	write_bytes(metrics, out);
	write_units(metrics, out);
	write_limits(metrics, out);
	exposition_process(out, "kept-api", metrics->started);
}
