/* programs.c: see programs.h. */
#include "tests/bench/programs.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kept/text.h"
#include "tests/bench/bench.h"
#include "tests/bench/measure.h"

#define START_SECONDS 30.0
#define STOP_SECONDS 30.0
#define VARIABLES 16
#define LOOK_NANOSECONDS (5 * 1000 * 1000)
#define LOG_BYTES (64 * 1024) /* of its beginning, that process_says() reads */
#define SECRET "KEPT_SECRET=a:0123456789abcdef0123456789abcdef"

/* A port that nobody has at this moment. */
static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (made < 0 || bind(made, (struct sockaddr *)&address, length) != 0 ||
	    getsockname(made, (struct sockaddr *)&address, &length) != 0)
		bench_fail("no free port");
	close(made);
	return ntohs(address.sin_port);
}

/* In the child: nothing that takes a lock may be called. */
static __attribute__((noreturn)) void become(const char *path, const char *folder, int log, const char *argument,
					     char **variables)
{
	char *arguments[] = {(char *)path, (char *)argument, NULL};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || chdir(folder) != 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	execve(path, arguments, variables);
	_exit(127);
}

/* Frees the variables. */
static void start(struct bench *bench, struct process *process, const char *name, const char *argument,
		  char **variables)
{
	const char *build = getenv("KEPT_BUILD");
	char *relative = bench_text("%s/%s", build ? build : "build", name), *path = realpath(relative, NULL);
	int log;

	if (!path)
		bench_fail("%s is not built", relative);
	process->log = bench_text("%s/%s-%d.log", bench->folder, name, ++bench->programs);
	log = open(process->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	process->pid = log < 0 ? -1 : fork();
	if (process->pid < 0)
		bench_fail("%s does not start", name);
	if (process->pid == 0)
		become(path, bench->folder, log, argument, variables);
	close(log);
	for (int i = 0; variables[i]; i++)
		free(variables[i]);
	free(relative);
	free(path);
}

static void short_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = LOOK_NANOSECONDS}, NULL);
}

int bench_api(struct bench *bench, struct process *api, const char *url, int writers)
{
	int port = free_port();
	char *variables[VARIABLES] = {
		bench_text("KEPT_DATABASE_URL=%s", url),
		bench_text("KEPT_LISTEN=127.0.0.1:%d", port),
		bench_text("KEPT_WRITERS=%d", writers),
		/* One key asks as often as it can. */
		bench_text("KEPT_RATE_KEY=off"),
		bench_text("KEPT_RATE_DISTRICT=off"),
		bench_text("KEPT_RATE_ADDRESS=off"),
		bench_text("KEPT_RATE_FAILURES=off"),
		bench_text(SECRET),
	};

	start(bench, api, "kept-api", "serve", variables);
	process_says(api, "\"listening\"");
	return port;
}

void bench_worker(struct bench *bench, struct process *worker, const char *url, const char *mail_url, bool once)
{
	char *variables[VARIABLES] = {
		bench_text("KEPT_DATABASE_URL=%s", url),
		bench_text("KEPT_MAIL_URL=%s", mail_url),
		bench_text("KEPT_EGRESS_ALLOW=127.0.0.1/32:*"),
		bench_text(SECRET),
	};

	start(bench, worker, "kept-worker", once ? "--once" : NULL, variables);
}

void process_says(const struct process *process, const char *text)
{
	double end = measure_now() + START_SECONDS;
	char bytes[LOG_BYTES];

	for (;;) {
		FILE *file = fopen(process->log, "r");
		size_t length = file ? fread(bytes, 1, sizeof(bytes) - 1, file) : 0;

		if (file)
			fclose(file);
		bytes[length] = '\0';
		if (strstr(bytes, text))
			return;
		if (measure_now() > end || waitpid(process->pid, NULL, WNOHANG) != 0)
			bench_fail("a program does not start:\n%s", bytes);
		short_pause();
	}
}

/* Read while it runs: what wait4() says counts from before exec. */
static double peak_of(pid_t pid, double last)
{
	char *path = bench_text("/proc/%d/status", (int)pid), line[256];
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		if (text_starts(line, "VmHWM:"))
			last = strtod(line + 6, NULL) / 1024;
	if (file)
		fclose(file);
	free(path);
	return last;
}

void process_wait(struct process *process, double seconds, struct process_end *end)
{
	double until = measure_now() + seconds;
	struct rusage usage;
	int status = 0;
	pid_t pid;

	end->peak_mib = 0;
	while ((pid = wait4(process->pid, &status, WNOHANG, &usage)) == 0) {
		end->peak_mib = peak_of(process->pid, end->peak_mib);
		short_pause();
		if (measure_now() > until)
			bench_fail("a program does not end; see %s", process->log);
	}
	if (pid < 0)
		bench_fail("a program is gone; see %s", process->log);
	end->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	end->processor = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	free(process->log);
	process->log = NULL;
}

void process_stop(struct process *process)
{
	struct process_end end;

	kill(process->pid, SIGTERM);
	process_wait(process, STOP_SECONDS, &end);
	if (end.status != 0)
		bench_fail("a program ended with %d", end.status);
}
