/* stage.c: see stage.h. */
#include "tests/support/stage.h"

#include <check.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/query.h"

static char *seal_secret(void)
{
	struct seal *seal = seal_new(STAGE_RING);
	struct text sealed;

	text_init(&sealed, 1024);
	ck_assert(seal &&
		  seal_close(seal, SEAL_PURPOSE_ENDPOINT, "secret", STAGE_SECRET, strlen(STAGE_SECRET), &sealed));
	seal_free(seal);
	return text_take(&sealed);
}

static void copy_id(char id[STAGE_ID_SIZE], const char *from)
{
	ck_assert_msg(text_is_uuid(from), "no id: %s", from);
	memcpy(id, from, STAGE_ID_SIZE);
}

/* Asks for one id. */
static void ask_id(struct stage *stage, char id[STAGE_ID_SIZE], const char *sql)
{
	char *text = stage_text(stage, "%s", sql);

	copy_id(id, text);
	free(text);
}

struct cluster *stage_cluster(void)
{
	struct cluster *cluster = cluster_start(NULL);

	free(cluster_database(cluster, "first", CLUSTER_TEST_CLOCK));
	return cluster;
}

void stage_open(struct stage *stage, struct cluster *cluster, const char *name, const char *now)
{
	memset(stage, 0, sizeof(*stage));
	stage->cluster = cluster;
	stage->url = cluster_database(cluster, name, CLUSTER_TEST_CLOCK);
	stage->superuser = cluster_superuser(cluster, name);
	cluster_clock(cluster, now);
	memcpy(stage->folder, "/tmp/kept-stage-XXXXXX", sizeof("/tmp/kept-stage-XXXXXX"));
	ck_assert_ptr_nonnull(mkdtemp(stage->folder));
	stage->mail = smtp_peer_start();
	stage->hooks = http_peer_start();
	stage->sealed_secret = seal_secret();
	ck_assert(stage->mail && stage->hooks && stage->sealed_secret);
	ck_assert(asprintf(&stage->mail_url, "smtp://127.0.0.1:%d", smtp_peer_port(stage->mail)) > 0);
	ask_id(stage, stage->district, "select kept.district_add('Lakeview', 'America/New_York', 'en')");
	stage_change(stage,
		     "insert into kept.key (district_id, name, prefix, hash, role) values ('%s', 'test', 'kept_aa', "
		     "'%s', 'admin')",
		     stage->district, STAGE_KEY);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void stage_close(struct stage *stage)
{
	smtp_peer_stop(stage->mail);
	http_peer_stop(stage->hooks);
	cluster_clock(stage->cluster, "");
	(void)nftw(stage->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(stage->url);
	free(stage->superuser);
	free(stage->mail_url);
	free(stage->sealed_secret);
}

void stage_clock(struct stage *stage, const char *now)
{
	cluster_clock(stage->cluster, now);
}

static char *variable(const char *name, const char *value)
{
	char *made;

	ck_assert(asprintf(&made, "%s=%s", name, value) > 0);
	return made;
}

void stage_worker(struct stage *stage, struct program *worker, bool once)
{
	static const char *const arguments[] = {"--once", NULL};
	char *environment[] = {
		variable("KEPT_DATABASE_URL", stage->url),
		variable("KEPT_MAIL_URL", stage->mail_url),
		stage->files ? variable("KEPT_MAIL_FROM_FILE", "mail_from")
			     : variable("KEPT_MAIL_FROM", "Kept <kept@lakeview.example>"),
		stage->files ? variable("KEPT_SECRET_FILE", "secret") : variable("KEPT_SECRET", STAGE_RING),
		stage->files ? variable("KEPT_LOG_FILE", "log_level") : variable("KEPT_LOG", "info"),
		variable("KEPT_EGRESS_ALLOW", "127.0.0.1/32:*"),
		variable("KEPT_CHECK_EVERY", "100ms"),
		variable("KEPT_PUBLIC_URL", "https://kept.lakeview.example"),
		NULL,
		NULL,
	};
	char log[32], page[32];

	snprintf(page, sizeof(page), "127.0.0.1:%d", stage->page);
	if (stage->page)
		environment[sizeof(environment) / sizeof(environment[0]) - 2] = variable("KEPT_WORKER_LISTEN", page);
	snprintf(log, sizeof(log), "worker-%d.log", ++stage->programs);
	program_start(worker, &(struct program_settings){
				      .name = "kept-worker",
				      .arguments = once ? arguments : NULL,
				      .environment = (const char *const *)environment,
				      .folder = stage->folder,
				      .log = log,
			      });
	for (size_t i = 0; environment[i]; i++)
		free(environment[i]);
}

static void must_end_well(struct program *worker)
{
	bool ended = program_wait(worker, STAGE_SECONDS);
	char *log = program_log(worker);
	size_t length = strlen(log);

	ck_assert_msg(ended && worker->status == 0, "the worker %s %d: …%s",
		      ended ? "ended with" : "goes on after seconds:", ended ? worker->status : (int)STAGE_SECONDS,
		      log + (length > 2000 ? length - 2000 : 0));
	free(log);
	program_release(worker);
}

void stage_once(struct stage *stage)
{
	struct program worker;

	stage_worker(stage, &worker, true);
	must_end_well(&worker);
}

void stage_stop(struct program *worker)
{
	program_signal(worker, SIGTERM);
	must_end_well(worker);
}

static char *formatted(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static char *formatted(const char *format, va_list arguments)
{
	char *made;

	ck_assert(vasprintf(&made, format, arguments) >= 0);
	return made;
}

void stage_change(struct stage *stage, const char *format, ...)
{
	va_list arguments;
	char *sql;

	va_start(arguments, format);
	sql = formatted(format, arguments);
	va_end(arguments);
	query_run(stage->superuser, sql);
	free(sql);
}

long long stage_number(struct stage *stage, const char *format, ...)
{
	va_list arguments;
	char *sql;
	long long number;

	va_start(arguments, format);
	sql = formatted(format, arguments);
	va_end(arguments);
	number = query_number(stage->superuser, sql);
	free(sql);
	return number;
}

char *stage_text(struct stage *stage, const char *format, ...)
{
	va_list arguments;
	char *sql, *text;

	va_start(arguments, format);
	sql = formatted(format, arguments);
	va_end(arguments);
	text = query_text(stage->superuser, sql);
	free(sql);
	return text;
}

bool stage_until(struct stage *stage, const char *format, ...)
{
	va_list arguments;
	char *sql;
	bool yes;

	va_start(arguments, format);
	sql = formatted(format, arguments);
	va_end(arguments);
	yes = query_until(stage->superuser, sql, STAGE_SECONDS);
	free(sql);
	return yes;
}

void stage_fast_lanes(struct stage *stage)
{
	stage_change(stage,
		     "alter table kept.lane alter column rate set default 100000, alter column slots set default 8");
}

void stage_expire(struct stage *stage)
{
	stage_change(stage,
		     "update kept.batch set lease_until = kept.now() - interval '1 second' where lease_id is not null");
}

void stage_hold(struct stage *stage, const char *event, const char *table)
{
	query_hold(stage->superuser, "select pg_advisory_lock(7)");
	stage_change(
		stage,
		"create function public.stop() returns trigger language plpgsql as $$ begin"
		" perform pg_advisory_xact_lock(7); return case when tg_op = 'DELETE' then old else new end; end $$;"
		"create trigger stop before %s on kept.%s for each row execute function public.stop()",
		event, table);
}

bool stage_worker_held(struct stage *stage)
{
	return stage_until(
		stage,
		"select exists (select from pg_stat_activity where wait_event_type = 'Lock' and " STAGE_WORKER_SESSIONS
		")");
}

void stage_let_go(struct stage *stage)
{
	stage_change(
		stage,
		"select pg_terminate_backend(a.pid, 5000) from pg_stat_activity a join pg_locks l on l.pid = a.pid"
		" where l.locktype = 'advisory' and l.objid = 7 and l.granted and a.application_name <> 'kept-worker'"
		" and a.datname = current_database()");
}
