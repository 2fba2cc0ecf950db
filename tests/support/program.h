/*
 * program.h: one of Kept's programs as a child of the test, with an environment of its own and its log in a file.
 *
 * The kernel kills it when the test ends in any way. All functions fail the test when something cannot be done.
 */
#ifndef TESTS_SUPPORT_PROGRAM_H
#define TESTS_SUPPORT_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct program {
	pid_t pid;
	char *log; /* path of what it writes on standard output and error */
	bool ended;
	int status; /* once ended: exit status, or 128 and the signal */
};

struct program_settings {
	const char *name;             /* kept-worker; looked for in KEPT_BUILD, else in build; or an absolute path */
	const char *const *arguments; /* without the name, ended by NULL; NULL: none */
	const char *const
		*environment; /* NAME=value, ended by NULL; of the test's own only what sanitizers read is added */
	const char *folder;   /* working directory */
	const char *log;      /* file in that folder, written on at its end */
	int listen_fd;        /* a listening socket that it is handed as by systemd (sd_listen_fds(3)); 0: none */
};

void program_start(struct program *program, const struct program_settings *settings);
/* SIGKILL if it still runs; frees. */
void program_release(struct program *program);

void program_signal(struct program *program, int signal);
/* Kills it at once and waits for its end. */
void program_kill(struct program *program);
/* True when it has ended; false after `seconds`. */
bool program_wait(struct program *program, double seconds);
/* The log, to be freed by the caller. */
char *program_log(const struct program *program);
/* True when the log holds `text`; false after `seconds`. */
bool program_log_until(const struct program *program, const char *text, double seconds);

/* Seconds of a clock that never jumps. */
double clock_seconds(void);
/* The instant of that clock so many seconds from now: a deadline for a condition variable that goes by it. */
struct timespec clock_deadline(double seconds);

#endif
