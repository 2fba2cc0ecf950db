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

#include <jansson.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/route.h"

#define RING "a:0123456789abcdef0123456789abcdef"
#define SQL_BYTES (16 * 1024 * 1024)

static char *seal_secret(void)
{
	struct seal *seal = seal_new(RING);
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
		variable("KEPT_MAIL_FROM", "Kept <kept@lakeview.example>"),
		variable("KEPT_SECRET", RING),
		variable("KEPT_EGRESS_ALLOW", "127.0.0.1/32:*"),
		variable("KEPT_CHECK_EVERY", "100ms"),
		variable("KEPT_PUBLIC_URL", "https://kept.lakeview.example"),
		NULL,
	};
	char log[32];

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

/* One id out of a route's answer. */
static void take_id(char id[STAGE_ID_SIZE], const char *body)
{
	json_t *json = json_loads(body, 0, NULL);
	const char *text = json_string_value(json_object_get(json, "id"));

	ck_assert_msg(text != NULL, "no id in %s", body);
	copy_id(id, text);
	json_decref(json);
}

static struct route_reply ask_route(struct stage *stage, int status, const char *statement, const char *id,
				    const char *body)
{
	PGconn *connection = route_connect(stage->url);
	struct route_reply reply;

	if (id && body)
		reply = route_ask(connection, STAGE_KEY, statement, "request", "{}", "id", id, "body", body, NULL);
	else if (id)
		reply = route_ask(connection, STAGE_KEY, statement, "request", "{}", "id", id, NULL);
	else
		reply = route_ask(connection, STAGE_KEY, statement, "request", "{}", "body", body, NULL);
	PQfinish(connection);
	ck_assert_msg(reply.status == status, "%s answers %d: %s %s", statement, reply.status, reply.body,
		      reply.errors);
	return reply;
}

void stage_route(struct stage *stage, int status, const char *statement, const char *id, const char *body)
{
	struct route_reply reply = ask_route(stage, status, statement, id, body);

	route_release(&reply);
}

void stage_person(struct stage *stage, char id[STAGE_ID_SIZE], const char *name, const char *language,
		  const char *address)
{
	json_t *body = json_pack("{s:s, s:s, s:[s]}", "name", name, "language", language, "groups", "families");
	struct route_reply reply;
	char *text;

	if (address)
		json_object_set_new(body, "contacts",
				    json_pack("[{s:s, s:s}]", "channel", "email", "address", address));
	text = json_dumps(body, JSON_COMPACT);
	ck_assert_ptr_nonnull(text);
	reply = ask_route(stage, 201, "person_create", NULL, text);
	take_id(id, reply.body);
	route_release(&reply);
	free(text);
	json_decref(body);
}

void stage_webhook(struct stage *stage, const char *person, const char *url)
{
	stage_change(stage,
		     "insert into kept.contact (district_id, person_id, channel, address, secret) values ('%s', '%s', "
		     "'webhook', '%s', '%s')",
		     stage->district, person, url, stage->sealed_secret);
}

void stage_endpoint(struct stage *stage, char id[STAGE_ID_SIZE], const char *url, const char *events)
{
	char *text = stage_text(stage,
				"insert into kept.endpoint (district_id, url, events, secret) values ('%s', '%s', "
				"'%s', '%s') returning id",
				stage->district, url, events, stage->sealed_secret);

	copy_id(id, text);
	free(text);
}

void stage_promise(struct stage *stage, char id[STAGE_ID_SIZE], const char *owner, const char *title,
		   const char *due_on, const char *more)
{
	struct route_reply reply;
	char *body;

	ck_assert(asprintf(&body,
			   "{\"group\":\"families\",\"title\":\"%s\",\"owner\":{\"person_id\":\"%s\"},\"due_on\":\"%"
			   "s\"%s}",
			   title, owner, due_on, more) > 0);
	reply = ask_route(stage, 201, "commitment_create", NULL, body);
	take_id(id, reply.body);
	route_release(&reply);
	free(body);
}

void stage_crowd(struct stage *stage, const struct stage_crowd *crowd)
{
	bool webhook = strcmp(crowd->channel, "webhook") == 0;

	/* Triggers and keys are not what is tested, and they are most of the time. */
	stage_change(
		stage,
		"set session_replication_role = replica;"
		"create temporary table reader as select n, kept.uuid7() as id from generate_series(0, %d) n;"
		"create temporary table promise as select n, kept.uuid7() as id from generate_series(0, %d) n;"
		"insert into kept.person (district_id, id, name) select '%s', id, 'Reader ' || n from reader;"
		"insert into kept.contact (district_id, person_id, channel, address, secret)"
		" select '%s', id, '%s', format('%s', n) || case when %d > 0 then '@' || n %% %d || '.example' else '' "
		"end, nullif('%s', '') from reader;"
		"insert into kept.commitment (district_id, id, group_code, title, due_on, first_due_on, created_by)"
		" select '%s', id, 'families', 'Promise ' || n, '%s', '%s', 'test' from promise;"
		"insert into kept.party (district_id, commitment_id, role, person_id)"
		" select '%s', p.id, 'owner', r.id from promise p join reader r on r.n = p.n %% %d;"
		"analyze kept.person, kept.contact, kept.commitment, kept.party;"
		"select kept.reckon_many(array_agg('%s'::uuid), array_agg(id)) from promise group by n / 500; analyze "
		"kept.reminder_clock",
		crowd->people - 1, crowd->promises - 1, stage->district, stage->district, crowd->channel,
		crowd->address, crowd->domains, crowd->domains > 0 ? crowd->domains : 1,
		webhook ? stage->sealed_secret : "", stage->district, crowd->due_on, crowd->due_on, stage->district,
		crowd->people, stage->district);
}

struct receiving {
	struct text sql;
	int rows;
};

static void add_row(struct receiving *receiving, const char *id, const char *channel, const char *recipient,
		    const void *bytes, size_t length)
{
	uint8_t hash[32];

	hash_sha256(hash, bytes, length);
	text_addf(&receiving->sql, "%s('%s', '%s', '%s', '", receiving->rows++ ? "," : " values ", id, channel,
		  recipient);
	text_add_hex(&receiving->sql, hash, sizeof(hash));
	text_adds(&receiving->sql, "')");
}

static void receive_mails(struct receiving *receiving, struct smtp_peer *peer)
{
	static const char field[] = "\r\nMessage-ID: <";
	struct smtp_mail mail;

	for (int i = 0; smtp_peer_mail(peer, i, &mail); i++) {
		const char *at = strstr(mail.bytes, field);
		char id[STAGE_ID_SIZE];

		ck_assert_ptr_nonnull(at);
		snprintf(id, sizeof(id), "%s", at + strlen(field));
		ck_assert(text_is_uuid(id));
		add_row(receiving, id, "email", mail.to, mail.bytes, mail.length);
		smtp_mail_release(&mail);
	}
}

static void receive_posts(struct receiving *receiving, struct http_peer *peer)
{
	struct http_request request;
	char id[64];

	for (int i = 0; http_peer_request(peer, i, &request); i++) {
		ck_assert(http_request_header(&request, "webhook-id", id, sizeof(id)) && text_starts(id, "msg_"));
		add_row(receiving, id + strlen("msg_"), "webhook", request.path, request.body, request.length);
		http_request_release(&request);
	}
}

void stage_receive(struct stage *stage, struct http_peer *const *more)
{
	struct receiving receiving = {.rows = 0};

	stage_change(stage,
		     "drop table if exists public.received;"
		     "create table public.received (message_id uuid, channel text, recipient text, digest text)");
	text_init(&receiving.sql, SQL_BYTES);
	text_adds(&receiving.sql, "insert into public.received");
	receive_mails(&receiving, stage->mail);
	receive_posts(&receiving, stage->hooks);
	for (; more && *more; more++)
		receive_posts(&receiving, *more);
	ck_assert(text_ok(&receiving.sql));
	if (receiving.rows > 0)
		query_run(stage->superuser, receiving.sql.bytes);
	text_release(&receiving.sql);
}

void stage_complete(struct stage *stage, long long reminders, struct http_peer *const *more)
{
	stage_receive(stage, more);
	ck_assert_int_eq(stage_number(stage, "select count(*) from kept.batch"), 0);
	ck_assert_int_eq(stage_number(stage, "select count(*) from kept.waiting"), 0);
	ck_assert_int_eq(stage_number(stage, "select count(*) from kept.reminder where channel in ('email', 'webhook') "
					     "and message_id is not null"),
			 reminders);
	ck_assert_int_eq(
		stage_number(stage,
			     "select count(*) from kept.reminder r join kept.delivery d using (district_id, message_id)"
			     " where r.channel in ('email', 'webhook') and d.outcome = 'sent'"),
		reminders);
	ck_assert_int_eq(stage_number(stage, "select count(*) from kept.delivery where outcome <> 'sent'"), 0);
	/* Each was got, by the one for whom it is. */
	ck_assert_int_eq(stage_number(stage,
				      "select count(distinct r.message_id) from kept.reminder r"
				      " join kept.contact k on k.district_id = r.district_id and k.id = r.contact_id"
				      " join public.received g on g.message_id = r.message_id and g.channel = r.channel"
				      " and k.address like '%%' || g.recipient"),
			 reminders);
	ck_assert_int_eq(stage_number(stage, "select count(*) from public.received g where not exists"
					     " (select from kept.delivery d where d.message_id = g.message_id)"),
			 0);
	/* One attempt that succeeded, and a repeat only where nobody knew. */
	ck_assert_int_eq(stage_number(stage,
				      "select count(*) from (select message_id from kept.attempt where outcome = 'sent'"
				      " group by message_id having count(*) > 1) twice"),
			 0);
	ck_assert_int_eq(stage_number(stage,
				      "select count(*) from (select message_id, count(*) as times, count(distinct "
				      "(recipient, digest)) as kinds"
				      " from public.received group by message_id) g where kinds > 1 or times > 1 +"
				      " (select count(*) from kept.attempt a where a.message_id = g.message_id and "
				      "a.outcome = 'unknown')"),
			 0);
	/* Attempts are numbered without gap and without repetition. */
	ck_assert_int_eq(stage_number(stage,
				      "select count(*) from (select message_id from kept.attempt group by message_id"
				      " having count(*) <> max(number) or count(distinct number) <> count(*)) odd"),
			 0);
}

void stage_no_repeats(struct stage *stage)
{
	ck_assert_int_eq(stage_number(stage, "select count(*) - count(distinct message_id) from public.received"), 0);
}
