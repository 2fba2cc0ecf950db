#include "tests/support/world.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/program.h"
#include "tests/support/query.h"

#define WORK_SECONDS 60

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

const char *world_make(const struct world *world, const char *key, const char *path, const char *body)
{
	struct answer made = must(201, ask(&world->asking, key, "POST", path, NULL, body));
	const char *id = at(&made, "id");
	answer_release(&made);
	return id;
}

static void take(char *out, size_t size, const char *value)
{
	ck_assert_uint_lt((size_t)snprintf(out, size, "%s", value), size);
}

static void command_line(const struct world *world, char out[64], const char *const *arguments)
{
	char *printed;
	int status = api_command((struct api *)&world->api, arguments, &printed);
	ck_assert_msg(status == 0, "%s", printed);
	for (size_t length = strlen(printed); length > 0 && printed[length - 1] == '\n';)
		printed[--length] = '\0';
	const char *line = strrchr(printed, '\n');
	take(out, 64, line ? line + 1 : printed);
	free(printed);
}

static void fill(const struct world *world, struct world_place *place)
{
	take(place->school, sizeof(place->school),
	     world_make(world, place->admin, "/v1/schools", "{\"name\":\"Lincoln Elementary\"}"));
	take(place->person, sizeof(place->person),
	     world_make(world, place->admin, "/v1/people",
			text_of("{\"name\":\"María "
				"O'Neill\",\"groups\":[\"families\"],\"school_ids\":[\"%s\"],\"language\":\"es\","
				"\"contacts\":[{\"channel\":\"email\",\"address\":\"maria@lakeview.example\"}]}",
				place->school)));
	take(place->organisation, sizeof(place->organisation),
	     world_make(world, place->admin, "/v1/organisations",
			"{\"name\":\"Chamber of Commerce\",\"kind\":\"chamber\",\"group\":\"business_community\"}"));
}

void world_start(struct world *world, const char *database)
{
	world_start_with(world, database, "2", NULL);
}

void world_start_with(struct world *world, const char *database, const char *loops, const char *const *more)
{
	memset(world, 0, sizeof(*world));
	world->cluster = cluster_start(NULL);
	char *url = cluster_database(world->cluster, database, CLUSTER_TEST_CLOCK);
	world->superuser = cluster_superuser(world->cluster, database);
	world_clock(world, WORLD_NOW);
	api_start_with(&world->api, url, loops, more);
	free(url);
	asking_open(&world->asking, &world->api);

	take(world->lakeview.id, sizeof(world->lakeview.id), world->api.district);
	take(world->lakeview.admin, sizeof(world->lakeview.admin), world->api.key);
	const char *const add[] = {"district",      "add",      "Hillside", "--time-zone",
				   "Europe/Madrid", "--locale", "es",       NULL};
	command_line(world, world->hillside.id, add);
	const char *const key[] = {"key", "add", "--district", world->hillside.id, "--role", "admin", NULL};
	command_line(world, world->hillside.admin, key);
	fill(world, &world->lakeview);
	fill(world, &world->hillside);
	take(world->steward, sizeof(world->steward), world_key(world, "steward", ""));
	take(world->partner, sizeof(world->partner),
	     world_key(world, "partner", text_of(",\"organisation_id\":\"%s\"", world->lakeview.organisation)));
	take(world->reader, sizeof(world->reader), world_key(world, "reader", ""));
}

void world_stop(struct world *world)
{
	asking_release(&world->asking);
	api_release(&world->api);
	free(world->superuser);
	cluster_stop(world->cluster);
}

void world_clock(struct world *world, const char *now)
{
	cluster_clock(world->cluster, now);
}

const char *world_key(const struct world *world, const char *role, const char *more)
{
	struct answer made = must(201, ask(&world->asking, world->lakeview.admin, "POST", "/v1/keys", NULL,
					   text_of("{\"role\":\"%s\"%s}", role, more)));
	const char *key = at(&made, "key");
	answer_release(&made);
	return key;
}

const char *world_promise(const struct world *world, const char *more)
{
	return world_make(
		world, world->lakeview.admin, "/v1/commitments",
		text_of("{\"group\":\"families\",\"title\":\"Read together\",\"owner\":{\"person_id\":\"%s\"}%s}",
			world->lakeview.person, more));
}

char *world_digest(const struct world *world)
{
	return query_text(world->superuser,
			  "select string_agg(relname || (xpath('/row/d/text()', query_to_xml(format("
			  "'select count(*) || md5(coalesce(string_agg(t::text, e''\\n'' order by t::text), '''')) as "
			  "d from kept.%I t', relname),"
			  " false, true, '')))[1]::text, ' ' order by relname)"
			  " from pg_class where relnamespace = 'kept'::regnamespace and relkind = 'r'"
			  /* When a key was used is noted whatever was asked. */
			  " and relname <> 'key_use'");
}

void world_work(const struct world *world)
{
	static const char *const arguments[] = {"--once", NULL};
	char folder[] = "/tmp/kept-work-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(folder));
	const char *const environment[] = {text_of("KEPT_DATABASE_URL=%s", world->api.database_url),
					   text_of("KEPT_MAIL_URL=file://%s/mail", folder),
					   "KEPT_SECRET=k1:01234567890123456789012345678901",
					   "KEPT_EGRESS_ALLOW=127.0.0.1/32:*", NULL};
	struct program worker;
	program_start(&worker, &(struct program_settings){.name = "kept-worker",
							  .arguments = arguments,
							  .environment = environment,
							  .folder = folder,
							  .log = "log"});
	bool ended = program_wait(&worker, WORK_SECONDS);
	char *log = program_log(&worker);
	ck_assert_msg(ended && worker.status == 0, "%s", log);
	free(log);
	program_release(&worker);
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
