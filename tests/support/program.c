/* program.c: see program.h. */
#include "tests/support/program.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kept/text.h"

#define LOG_BYTES (64 * 1024 * 1024)
#define ARGUMENTS 8
#define VARIABLES 32

double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct timespec clock_deadline(double seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	seconds += (double)until.tv_sec + (double)until.tv_nsec / 1e9;
	until.tv_sec = (time_t)seconds;
	until.tv_nsec = (long)((seconds - (double)until.tv_sec) * 1e9);
	return until;
}

static char *path_of(const char *name)
{
	const char *build = getenv("KEPT_BUILD");
	char *relative, *path;

	if (*name == '/')
		ck_assert(asprintf(&relative, "%s", name) > 0);
	else
		ck_assert(asprintf(&relative, "%s/%s", build ? build : "build", name) > 0);
	path = realpath(relative, NULL);
	ck_assert_msg(path != NULL, "%s is not there", relative);
	free(relative);
	return path;
}

#define LISTEN_PID "LISTEN_PID=0000000000" /* leading zeros are still a number */

/* In the child: nothing that takes a lock may be called. */
static void write_pid(char *variable)
{
	size_t end = strlen(variable);

	for (pid_t pid = getpid(); pid > 0; pid /= 10)
		variable[--end] = (char)('0' + pid % 10);
}

static __attribute__((noreturn)) void become(const char *path, const struct program_settings *settings, int log,
					     char **arguments, char **variables)
{
	int nothing = open("/dev/null", O_RDONLY);
	unsigned first = 3;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || chdir(settings->folder) != 0 || dup2(nothing, 0) < 0 ||
	    dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	if (settings->listen_fd > 0) {
		write_pid(variables[0]);
		/* dup2() to itself would leave the socket to be closed at exec. */
		if (settings->listen_fd == 3 ? fcntl(3, F_SETFD, 0) != 0 : dup2(settings->listen_fd, 3) < 0)
			_exit(126);
		first = 4;
	}
	if (syscall(SYS_close_range, first, ~0U, 0U) != 0)
		_exit(126);
	execve(path, arguments, variables);
	_exit(127);
}

void program_start(struct program *program, const struct program_settings *settings)
{
	static const char *const passed_on[] = {"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS="};
	char *path = path_of(settings->name), *arguments[ARGUMENTS + 2] = {path}, *variables[VARIABLES + 1] = {NULL};
	char listen_pid[] = LISTEN_PID;
	size_t count = 0;
	int log;

	for (size_t i = 0; settings->arguments && settings->arguments[i]; i++) {
		ck_assert_uint_lt(i, ARGUMENTS);
		arguments[i + 1] = (char *)settings->arguments[i];
	}
	if (settings->listen_fd > 0) {
		variables[count++] = listen_pid;
		variables[count++] = (char *)"LISTEN_FDS=1";
	}
	for (size_t i = 0; settings->environment[i]; i++) {
		ck_assert_uint_lt(count, VARIABLES);
		variables[count++] = (char *)settings->environment[i];
	}
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		for (char **own = environ; *own; own++)
			if (text_starts(*own, passed_on[i]) && count < VARIABLES)
				variables[count++] = *own;
	memset(program, 0, sizeof(*program));
	ck_assert(asprintf(&program->log, "%s/%s", settings->folder, settings->log) > 0);
	log = open(program->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_ge(log, 0);
	program->pid = fork();
	/* First of all: what Check does takes a lock, which another thread may have held at the fork. */
	if (program->pid == 0)
		become(path, settings, log, arguments, variables);
	ck_assert_int_ge(program->pid, 0);
	close(log);
	free(path);
}

static void take_status(struct program *program, int flags)
{
	int status;
	pid_t pid = waitpid(program->pid, &status, flags);

	ck_assert(pid >= 0 || errno == EINTR);
	if (pid != program->pid)
		return;
	program->ended = true;
	program->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool program_wait(struct program *program, double seconds)
{
	double end = clock_seconds() + seconds;
	int handle;

	if (program->ended)
		return true;
	handle = (int)syscall(SYS_pidfd_open, program->pid, 0);
	ck_assert_int_ge(handle, 0);
	do {
		struct pollfd ending = {.fd = handle, .events = POLLIN};
		double left = end - clock_seconds();

		(void)poll(&ending, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
		take_status(program, WNOHANG);
	} while (!program->ended && clock_seconds() < end);
	close(handle);
	return program->ended;
}

void program_signal(struct program *program, int signal)
{
	if (!program->ended)
		ck_assert_int_eq(kill(program->pid, signal), 0);
}

void program_kill(struct program *program)
{
	program_signal(program, SIGKILL);
	while (!program->ended)
		take_status(program, 0);
}

void program_release(struct program *program)
{
	if (!program->log)
		return;
	program_kill(program);
	free(program->log);
	program->log = NULL;
}

char *program_log(const struct program *program)
{
	FILE *file = fopen(program->log, "r");
	char part[4096];
	struct text all;
	size_t length;

	ck_assert_ptr_nonnull(file);
	text_init(&all, LOG_BYTES);
	text_adds(&all, "");
	while ((length = fread(part, 1, sizeof(part), file)) > 0)
		text_add(&all, part, length);
	fclose(file);
	ck_assert(text_ok(&all));
	return text_take(&all);
}

bool program_log_until(const struct program *program, const char *text, double seconds)
{
	double end = clock_seconds() + seconds;

	for (;;) {
		char *log = program_log(program);
		bool found = strstr(log, text) != NULL;

		free(log);
		if (found || clock_seconds() > end)
			return found;
		nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
	}
}
