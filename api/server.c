#include "api/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "api/contract.h"
#include "api/listen.h"
#include "api/live.h"
#include "api/loop.h"
#include "api/service.h"
#include "kept/config_again.h"
#include "kept/limits.h"
#include "kept/log.h"

#define LOOPS 64
#define EXIT_CONFIGURATION 2

struct server {
	const struct config *config;
	struct service service;
	struct live *live;
	int listen_fd;
	struct loop *loops[LOOPS];
	pthread_t threads[LOOPS];
	int loop_count;   /* made */
	int thread_count; /* running */
};

static void *run_loop(void *loop)
{
	loop_run(loop);
	return NULL;
}

/* The i-th of `parts` nearly equal parts of `all`, at least 1. */
static int share(int all, int parts, int i)
{
	int part = all / parts + (i < all % parts ? 1 : 0);
	return part > 0 ? part : 1;
}

static bool start_loops(struct server *server)
{
	int loops = server->config->loops;
	for (int i = 0; i < loops && i < LOOPS; i++) {
		const struct loop_settings settings = {
			.service = &server->service,
			.live = server->live,
			.listen_fd = fcntl(server->listen_fd, F_DUPFD_CLOEXEC, 3),
			.connections = share(KEPT_CONNECTIONS, loops, i),
			.writers = share(server->config->writers, loops, i),
			.slow = share(KEPT_SLOW_CONNECTIONS, loops, i),
		};
		if (settings.listen_fd < 0)
			return false;
		server->loops[i] = loop_new(&settings);
		if (!server->loops[i])
			return false;
		server->loop_count = i + 1;
	}
	for (int i = 0; i < server->loop_count; i++) {
		if (pthread_create(&server->threads[i], NULL, run_loop, server->loops[i]) != 0)
			return false;
		server->thread_count = i + 1;
	}
	return true;
}

static void end_loops(struct server *server)
{
	for (int i = 0; i < server->thread_count; i++)
		loop_stop(server->loops[i]);
	for (int i = 0; i < server->thread_count; i++)
		pthread_join(server->threads[i], NULL);
	for (int i = 0; i < server->loop_count; i++)
		loop_free(server->loops[i]);
}

/* A connection of a client and one to PostgreSQL each need a descriptor. */
static void raise_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= 2 * KEPT_CONNECTIONS)
		return;
	limit.rlim_cur = limit.rlim_max < 2 * KEPT_CONNECTIONS ? limit.rlim_max : 2 * KEPT_CONNECTIONS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* SIGHUP: settings are read again. All loops use the new ones before the old are freed. */
static void reload(struct server *server)
{
	sem_t taken;
	listen_notify("RELOADING=1");
	struct live *live = live_again();
	if (live && sem_init(&taken, 0, 0) != 0) {
		config_kept("no semaphore");
		live_free(live);
		live = NULL;
	}
	if (live) {
		for (int i = 0; i < server->loop_count; i++)
			loop_renew(server->loops[i], live, &taken);
		for (int i = 0; i < server->loop_count; i++)
			while (sem_wait(&taken) != 0)
				;
		sem_destroy(&taken);
		live_free(server->live);
		server->live = live;
		config_taken_over(server->config, live->config, CONFIG_API);
	}
	listen_notify("READY=1");
}

static void wait_for_stop(struct server *server, const sigset_t *signals)
{
	int number;
	while (sigwait(signals, &number) == 0 && number == SIGHUP)
		reload(server);
	log_write(LOG_INFO_LEVEL, "stopping", NULL);
	listen_notify("STOPPING=1");
	atomic_store(&server->service.hurried, number == SIGINT);
	atomic_store(&server->service.stopping, true);
	const struct timespec pause = {
		(time_t)KEPT_STOP_PAUSE_SECONDS,
		(long)((KEPT_STOP_PAUSE_SECONDS - (double)(time_t)KEPT_STOP_PAUSE_SECONDS) * 1e9),
	};
	sigtimedwait(signals, NULL, &pause);
}

static int serve(struct server *server)
{
	sigset_t signals;
	struct text name;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP); /* also of a terminal that goes away: it does not end the service */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a failed write, and no end of the service */
	/* Threads inherit the mask: only this one takes signals. */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	bool started = start_loops(server);
	if (started) {
		text_init(&name, 1024);
		listen_name(server->listen_fd, &name);
		log_write(LOG_INFO_LEVEL, "listening", "saddress", text_ok(&name) && name.length > 0 ? name.bytes : "",
			  "sversion", KEPT_VERSION, "iloops", (long long)server->loop_count, NULL);
		text_release(&name);
		listen_notify("READY=1");
		wait_for_stop(server, &signals);
	}
	/* The last copy of the socket is closed by the last loop. */
	close(server->listen_fd);
	end_loops(server);
	log_write(LOG_INFO_LEVEL, "stopped", NULL);
	return started ? 0 : 1;
}

int server_run(const struct config *config)
{
	struct text error;
	struct server *server = calloc(1, sizeof(*server));
	struct live *live = live_new(config);
	struct metrics *metrics = metrics_new();
	struct limits *limits = limits_new(config);
	int code = 1;
	text_init(&error, 1024);
	raise_files();
	/* libpq asks for the host's name inside a call: a silent name server must not hold a loop for ten seconds. */
	setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
	if (!server || !live || !metrics || !limits || !contract_start()) {
		fputs("kept-api: no memory, or KEPT_SECRET is malformed\n", stderr);
		goto out;
	}
	server->config = config;
	server->live = live;
	if (!service_init(&server->service, config, metrics, limits)) {
		fputs("kept-api: this build lacks a statement\n", stderr);
		goto out;
	}
	server->listen_fd = listen_open(config->listen, &error);
	if (server->listen_fd < 0) {
		fprintf(stderr, "kept-api: %s\n", error.length > 0 ? error.bytes : "cannot listen");
		code = EXIT_CONFIGURATION;
		goto out;
	}
	code = serve(server);
	live = server->live; /* it may be another by now */
out:
	text_release(&error);
	limits_free(limits);
	metrics_free(metrics);
	live_free(live);
	free(server);
	return code;
}
