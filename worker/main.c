/*
 * kept-worker: sends the reminders and events that are due, by mail and by webhook.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "kept/config.h"
#include "kept/embed.h"
#include "kept/log.h"
#include "worker/counts.h"
#include "worker/page.h"
#include "worker/transport.h"
#include "worker/words.h"
#include "worker/worker.h"

static const char usage[] =
	"usage: kept-worker [--once]\n"
	"\n"
	"Sends the reminders and events that are due, and goes on doing so until it is stopped.\n"
	"\n"
	"  --once     does all that is due, then ends\n"
	"  --version  says which version this is\n"
	"  --help     says this\n"
	"\n"
	"Settings are environment variables (KEPT_DATABASE_URL, KEPT_MAIL_URL, ...); see README.md.\n"
	"Exit status: 0 done, 2 bad use or configuration, 1 anything else.\n";

/* Says one line and frees it. */
static int bad_configuration(char *error)
{
	fprintf(stderr, "kept-worker: %s\n", error ? error : "out of memory");
	free(error);
	return 2;
}

/* Each webhook under way has a socket; the usual soft limit of 1,024 is below what full batches need. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int run(const struct config *config, bool once)
{
	struct worker_settings settings = {.config = config, .once = once};
	struct counts *counts = counts_new();
	struct page *page = NULL;
	struct words *words = NULL;
	char *error = NULL;
	int status = 2;

	if (!counts) {
		fputs("kept-worker: out of memory\n", stderr);
		status = 1;
		goto out;
	}
	words = words_new(&embedded_messages, &error);
	if (!words) {
		fprintf(stderr, "kept-worker: worker/messages: %s\n", error ? error : "out of memory");
		status = 1;
		goto out;
	}
	if (config->worker_listen[0] && !(page = page_new(counts, config->worker_listen))) {
		fputs("kept-worker: KEPT_WORKER_LISTEN: this address cannot be listened on.\n", stderr);
		goto out;
	}
	settings.words = words;
	settings.counts = counts;
	log_write(LOG_INFO_LEVEL, "started", "sversion", KEPT_VERSION, "segress_allow", config->egress_allow, "bonce",
		  once, NULL);
	status = worker_run(&settings);
	log_write(LOG_INFO_LEVEL, "stopped", "istatus", (long long)status, NULL);
out:
	free(error);
	page_free(page);
	counts_free(counts);
	words_free(words);
	return status;
}

int main(int argc, char **argv)
{
	struct config config;
	char *error = NULL;
	bool once = false;
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--once") == 0) {
			once = true;
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("kept-worker " KEPT_VERSION);
			return 0;
		} else if (strcmp(argv[i], "--help") == 0) {
			fputs(usage, stdout);
			return 0;
		} else {
			fprintf(stderr, "kept-worker: unknown argument: %s (see --help)\n", argv[i]);
			return 2;
		}
	}
	/* Secrets are in memory: no core file, no ptrace by the same account. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	/* Until the worker takes it as the sign to read its settings again, also from a terminal that goes away. */
	signal(SIGHUP, SIG_IGN);
	raise_file_limit();
	log_start("kept-worker");
	if (!config_load(&config, &error))
		return bad_configuration(error);
	if (!transport_prepare_process()) {
		fputs("kept-worker: libcurl does not start.\n", stderr);
		config_release(&config);
		return 1;
	}
	status = run(&config, once);
	config_release(&config);
	return status;
}
