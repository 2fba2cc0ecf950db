#include "api/reply/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const double bounds[METRICS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};
static const char *const lane_names[METRICS_LANES] = {"fast", "write", "slow"};
static const char *const outcome_names[METRICS_OUTCOMES] = {"done", "error", "lost", "refused"};

static double unix_time(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

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
	metrics->started = unix_time();
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

void metrics_request(struct metrics *metrics, const struct contract_operation *operation, int status, double seconds)
{
	size_t index = operation ? (size_t)(operation - contract_operations) : contract_operation_count;
	struct metrics_route *route = &metrics->routes[index];
	int class = status / 100;
	more(&route->classes[class >= 1 && class <= 5 ? class : 0], 1);
	more(&route->microseconds, seconds > 0 ? (unsigned long long)(seconds * 1e6) : 0);
	for (int i = 0; i < METRICS_BUCKETS; i++)
		if (seconds <= bounds[i]) {
			more(&route->buckets[i], 1);
			break;
		}
}

void metrics_unit(struct metrics *metrics, enum contract_lane lane, enum unit_outcome outcome)
{
	more(&metrics->units[lane][outcome], 1);
}

static void head(struct text *out, const char *name, const char *type, const char *help)
{
	text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static const char *route_method(size_t i)
{
	return i < contract_operation_count ? contract_operations[i].method : "";
}

static const char *route_path(size_t i)
{
	return i < contract_operation_count ? contract_operations[i].path : "";
}

static unsigned long long route_count(struct metrics_route *route)
{
	unsigned long long sum = 0;
	for (int class = 0; class <= 5; class ++)
		sum += read_counter(&route->classes[class]);
	return sum;
}

static void write_requests(struct metrics *metrics, struct text *out)
{
	static const char *const classes[6] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
	head(out, "kept_requests_total", "counter",
	     "Requests by method, route template (empty: no route) and class of status (none: the client left).");
	for (size_t i = 0; i <= contract_operation_count; i++)
		for (int class = 0; class <= 5; class ++) {
			unsigned long long count = read_counter(&metrics->routes[i].classes[class]);
			if (count > 0)
				text_addf(out, "kept_requests_total{method=\"%s\",route=\"%s\",status=\"%s\"} %llu\n",
					  route_method(i), route_path(i), classes[class], count);
		}
	head(out, "kept_request_seconds", "histogram", "From the request line to the end of the reply, by route.");
	for (size_t i = 0; i <= contract_operation_count; i++) {
		struct metrics_route *route = &metrics->routes[i];
		unsigned long long count = route_count(route), sum = 0;
		if (count == 0)
			continue;
		char labels[256];
		snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\"", route_method(i), route_path(i));
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

static void write_units(struct metrics *metrics, struct text *out)
{
	head(out, "kept_units_total", "counter", "Units of work at PostgreSQL by lane and outcome.");
	for (int lane = 0; lane < METRICS_LANES; lane++)
		for (int outcome = 0; outcome < METRICS_OUTCOMES; outcome++)
			text_addf(out, "kept_units_total{lane=\"%s\",outcome=\"%s\"} %llu\n", lane_names[lane],
				  outcome_names[outcome], read_counter(&metrics->units[lane][outcome]));
	head(out, "kept_units_not_taken_total", "counter", "Units not taken: the queue was full, or no connection.");
	text_addf(out, "kept_units_not_taken_total{why=\"full\"} %llu\n", read_counter(&metrics->units_full));
	text_addf(out, "kept_units_not_taken_total{why=\"away\"} %llu\n", read_counter(&metrics->units_away));
	head(out, "kept_units_orphaned_total", "counter", "Units that ran on after their request had ended.");
	text_addf(out, "kept_units_orphaned_total %llu\n", read_counter(&metrics->units_orphaned));
	head(out, "kept_units_waiting", "gauge", "Units that wait for a connection to PostgreSQL.");
	text_addf(out, "kept_units_waiting %d\n", atomic_load(&metrics->units_waiting));
	head(out, "kept_units_in_flight", "gauge", "Units sent to PostgreSQL and not answered.");
	text_addf(out, "kept_units_in_flight %d\n", atomic_load(&metrics->units_in_flight));
	head(out, "kept_database_connections", "gauge", "Connections to PostgreSQL that are up, by lane.");
	for (int lane = 0; lane < METRICS_LANES; lane++)
		text_addf(out, "kept_database_connections{lane=\"%s\"} %d\n", lane_names[lane],
			  atomic_load(&metrics->pipes[lane]));
	head(out, "kept_client_connections", "gauge", "Connections of clients that are open.");
	text_addf(out, "kept_client_connections %d\n", atomic_load(&metrics->connections));
}

static int open_files(void)
{
	int count = 0;
	DIR *folder = opendir("/proc/self/fd");
	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 3; /* ".", ".." and the folder's own */
}

static unsigned long resident_bytes(void)
{
	unsigned long size, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (unsigned long)sysconf(_SC_PAGESIZE);
}

static double seconds_of(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void write_process(const struct metrics *metrics, struct text *out)
{
	struct rusage usage;
	struct rlimit files;
	head(out, "kept_build_info", "gauge", "Always 1; the version is a label.");
	text_addf(out, "kept_build_info{program=\"kept-api\",version=\"%s\"} 1\n", KEPT_VERSION);
	head(out, "process_start_time_seconds", "gauge", "Start of the process, in seconds since 1970.");
	text_addf(out, "process_start_time_seconds %.3f\n", metrics->started);
	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		head(out, "process_cpu_seconds_total", "counter", "Processor time used.");
		text_addf(out, "process_cpu_seconds_total %.6f\n",
			  seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
	}
	head(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
	text_addf(out, "process_resident_memory_bytes %lu\n", resident_bytes());
	head(out, "process_open_fds", "gauge", "Open file descriptors.");
	text_addf(out, "process_open_fds %d\n", open_files());
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		head(out, "process_max_fds", "gauge", "Most open file descriptors.");
		text_addf(out, "process_max_fds %llu\n", (unsigned long long)files.rlim_cur);
	}
}

void metrics_write(struct metrics *metrics, struct text *out)
{
	write_requests(metrics, out);
	write_units(metrics, out);
	write_process(metrics, out);
}
