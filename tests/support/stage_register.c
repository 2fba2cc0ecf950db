/* stage_register.c: people, promises, contacts and endpoints on a stage; see stage.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "kept/text.h"
#include "tests/support/route.h"
#include "tests/support/stage.h"

static void copy_id(char id[STAGE_ID_SIZE], const char *from)
{
	ck_assert_msg(text_is_uuid(from), "no id: %s", from);
	memcpy(id, from, STAGE_ID_SIZE);
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

void stage_notify(struct stage *stage)
{
	stage_change(stage,
		     "select count(told.*) from kept.party p cross join lateral kept.notice_send_many(p.district_id, "
		     "'handover', p.commitment_id, '', array[p.person_id], null) told where p.role = 'owner'");
}
