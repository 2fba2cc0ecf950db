/*
 * programs.h: API and worker as children of the benchmark, their logs in files.
 *
 * The kernel kills them when the benchmark ends in any way. Each function ends the program when something cannot be
 * done.
 */
#ifndef TESTS_BENCH_PROGRAMS_H
#define TESTS_BENCH_PROGRAMS_H

#include <stdbool.h>
#include <sys/types.h>

struct bench;

struct process {
	pid_t pid;
	char *log; /* path */
};

struct process_end {
	int status;       /* exit status, or 128 and the signal */
	double processor; /* seconds of processor time */
	double peak_mib;  /* highest resident size */
};

/* Starts the API on a free port of 127.0.0.1 with so many write connections, and waits until it listens; the port. */
int bench_api(struct bench *bench, struct process *api, const char *url, int writers);
/* Starts a worker with mail to that URL; `once`: it ends when nothing is due any more. */
void bench_worker(struct bench *bench, struct process *worker, const char *url, const char *mail_url, bool once);
/* Waits until the log holds the text. */
void process_says(const struct process *process, const char *text);
/* Waits for its end; frees. */
void process_wait(struct process *process, double seconds, struct process_end *end);
/* Ends it by SIGTERM; frees. */
void process_stop(struct process *process);

#endif
