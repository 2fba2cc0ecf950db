#include "tests/support/cluster.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "sql/migrate.h"
#include "tests/support/keeper.h"

#define START_SECONDS 60
#define LOG_BYTES 1000
#define TEMPLATE_PLAIN "template_plain"
#define TEMPLATE_CLOCK "template_clock"

struct cluster {
	struct keeper keeper;
	pid_t maker; /* a fork of the test program must not end the cluster */
	char folder[64];
	bool templates[CLUSTER_TEST_CLOCK + 1];
	struct cluster *next;
};

/* Needed at exit, where nothing can be passed. */
static struct cluster *running;

/* The end of the server's log often says why. */
static void show_log(const struct cluster *cluster)
{
	char path[sizeof(cluster->folder) + 8], line[512];
	snprintf(path, sizeof(path), "%s/log", cluster->folder);
	FILE *log = fopen(path, "r");
	if (!log)
		return;
	if (fseek(log, -LOG_BYTES, SEEK_END) == 0 && !fgets(line, sizeof(line), log))
		line[0] = '\0';
	while (fgets(line, sizeof(line), log))
		fprintf(stderr, "  %s", line);
	fclose(log);
}

static __attribute__((noreturn, format(printf, 2, 3))) void fail(const struct cluster *cluster, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "cluster: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	show_log(cluster);
	exit(1);
}

static char *connection_string(const struct cluster *cluster, const char *user, const char *database)
{
	char *made;
	if (asprintf(&made, "host=%s port=5432 user=%s dbname=%s", cluster->folder, user, database) < 0)
		fail(cluster, "no memory");
	return made;
}

char *cluster_superuser(const struct cluster *cluster, const char *database)
{
	return connection_string(cluster, "postgres", database);
}

const char *cluster_folder(const struct cluster *cluster)
{
	return cluster->folder;
}

static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

/* Runs the statement as superuser, outside a transaction. */
static __attribute__((format(printf, 2, 3))) void command(const struct cluster *cluster, const char *format, ...)
{
	char sql[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sql, sizeof(sql), format, arguments);
	va_end(arguments);
	char *url = cluster_superuser(cluster, "postgres");
	PGconn *connection = PQconnectdb(url);
	free(url);
	PQsetNoticeReceiver(connection, ignore_notice, NULL);
	PGresult *result = PQexec(connection, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(cluster, "%s: %s", sql, PQerrorMessage(connection));
	PQclear(result);
	PQfinish(connection);
}

static bool answers_yes(const char *url, const char *sql)
{
	PGconn *connection = PQconnectdb(url);
	PGresult *result = PQexec(connection, sql);
	bool yes = PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 't';
	PQclear(result);
	PQfinish(connection);
	return yes;
}

static void wait_until_ready(const struct cluster *cluster)
{
	char *url = cluster_superuser(cluster, "postgres");
	time_t deadline = time(NULL) + START_SECONDS;
	while (PQping(url) != PQPING_OK) {
		if (time(NULL) > deadline)
			fail(cluster, "the server does not answer");
		nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
	}
	free(url);
}

static void stop_all(void)
{
	while (running)
		cluster_stop(running);
}

struct cluster *cluster_start(const struct cluster_settings *settings)
{
	static const struct cluster_settings defaults;
	static bool registered;
	if (!settings)
		settings = &defaults;
	struct cluster *cluster = calloc(1, sizeof(*cluster));
	if (!cluster)
		abort();
	snprintf(cluster->folder, sizeof(cluster->folder), "/tmp/kept-cluster-XXXXXX");
	if (!mkdtemp(cluster->folder))
		fail(cluster, "no folder under /tmp");
	char *configuration;
	if (asprintf(&configuration,
		     "listen_addresses = ''\nunix_socket_directories = '%s'\nport = 5432\nmax_connections = 200\n"
		     "shared_buffers = 64MB\nfsync = %s\nfull_page_writes = %s\ntimezone = "
		     "'UTC'\nlog_min_error_statement = panic\n"
		     "include_if_exists = '%s/clock.conf'\n%s\n",
		     cluster->folder, settings->fsync ? "on" : "off", settings->fsync ? "on" : "off", cluster->folder,
		     settings->configuration ? settings->configuration : "") < 0)
		fail(cluster, "no memory");
	cluster->maker = getpid();
	if (!registered)
		registered = atexit(stop_all) == 0;
	if (!keeper_open(&cluster->keeper, cluster->folder, configuration))
		fail(cluster, "initdb failed (is PostgreSQL installed, and as root is there an account postgres?)");
	free(configuration);
	cluster->next = running;
	running = cluster;
	cluster_resume(cluster);
	command(cluster, "create role kept login createrole");
	return cluster;
}

void cluster_stop(struct cluster *cluster)
{
	if (!cluster)
		return;
	for (struct cluster **link = &running; *link; link = &(*link)->next) {
		if (*link == cluster) {
			*link = cluster->next;
			break;
		}
	}
	if (cluster->maker == getpid())
		keeper_close(&cluster->keeper);
	free(cluster);
}

void cluster_cut(struct cluster *cluster)
{
	if (!keeper_tell(&cluster->keeper, KEEPER_CUT))
		fail(cluster, "the keeper is gone");
}

void cluster_shut(struct cluster *cluster)
{
	if (!keeper_tell(&cluster->keeper, KEEPER_SHUT))
		fail(cluster, "the keeper is gone");
}

void cluster_resume(struct cluster *cluster)
{
	if (!keeper_tell(&cluster->keeper, KEEPER_START))
		fail(cluster, "the server does not start");
	wait_until_ready(cluster);
}

static const char *template_of(struct cluster *cluster, enum cluster_content content)
{
	if (content == CLUSTER_EMPTY)
		return "template0";
	const char *name = content == CLUSTER_TEST_CLOCK ? TEMPLATE_CLOCK : TEMPLATE_PLAIN;
	if (cluster->templates[content])
		return name;
	command(cluster, "create database %s owner kept template template0", name);
	char *url = connection_string(cluster, "kept", name), *error = NULL;
	struct migrate_options options = {.test_clock = content == CLUSTER_TEST_CLOCK};
	if (!migrate_database(url, &options, &error))
		fail(cluster, "migrate: %s", error ? error : "no memory");
	free(url);
	cluster->templates[content] = true;
	return name;
}

char *cluster_database(struct cluster *cluster, const char *name, enum cluster_content content)
{
	const char *template = template_of(cluster, content);
	command(cluster, "drop database if exists \"%s\" with (force)", name);
	command(cluster, "create database \"%s\" owner kept template %s", name, template);
	return connection_string(cluster, "kept", name);
}

void cluster_clock(struct cluster *cluster, const char *now)
{
	char path[sizeof(cluster->folder) + 16];
	snprintf(path, sizeof(path), "%s/clock.conf", cluster->folder);
	FILE *file = fopen(path, "w");
	if (!file)
		fail(cluster, "%s cannot be written", path);
	fprintf(file, "kept.now = '%s'\n", now);
	if (fchmod(fileno(file), 0644) || fclose(file))
		fail(cluster, "%s cannot be written", path);
	command(cluster, "do $$ begin perform pg_reload_conf(); end $$");
	/* The server tells its sessions before it lets in one that sees the new value. */
	char *url = cluster_superuser(cluster, "postgres"), *sql;
	if (asprintf(&sql, "select current_setting('kept.now', true) = '%s'", now) < 0)
		fail(cluster, "no memory");
	time_t deadline = time(NULL) + START_SECONDS;
	while (!answers_yes(url, sql)) {
		if (time(NULL) > deadline)
			fail(cluster, "the server does not take the clock");
		nanosleep(&(struct timespec){.tv_nsec = 5 * 1000 * 1000}, NULL);
	}
	free(sql);
	free(url);
}
