#include "tests/support/route.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <jansson.h>

#include "api/contract.h"
#include "api/schema/schema.h"
#include "kept/text.h"
#include "sql/statement.h"

PGconn *route_connect(const char *url)
{
	PGconn *connection = PQconnectdb(url);
	ck_assert_msg(PQstatus(connection) == CONNECTION_OK, "%s", PQerrorMessage(connection));
	PGresult *result = PQexec(connection, "set role kept_api");
	ck_assert_int_eq(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
	return connection;
}

static void command(PGconn *connection, const char *sql)
{
	PGresult *result = PQexec(connection, sql);
	ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", sql, PQerrorMessage(connection));
	PQclear(result);
}

static PGresult *run(PGconn *connection, const char *name, const char *const *values)
{
	const struct statement *statement = statement_find(name);
	ck_assert_msg(statement != NULL, "no statement %s", name);
	const char *ordered[STATEMENT_PARAMETERS];
	const struct statement_text *text = statement_choose(statement, values, ordered);
	return PQexecParams(connection, text->sql, text->parameter_count, NULL, ordered, NULL, NULL, 0);
}

static char *copy(const char *text)
{
	char *made = strdup(text ? text : "");
	ck_assert_ptr_nonnull(made);
	return made;
}

static void take_refusal(struct route_reply *reply, const PGresult *result)
{
	memcpy(reply->state, PQresultErrorField(result, PG_DIAG_SQLSTATE), 6);
	if (strncmp(reply->state, "KT", 2) == 0)
		reply->status = (int)strtol(reply->state + 2, NULL, 10);
	reply->body = copy(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	reply->errors = copy(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
	reply->code = copy(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
	reply->etag = copy("");
	reply->location = copy("");
	reply->next = copy("");
}

/* What the contract says of a statement's answer. */
static const struct promised {
	const char *statement, *schema;
	bool list; /* each item of the body is one */
} promises[] = {
	{"commitment_create", "Commitment", false},
	{"commitment_change", "Commitment", false},
	{"commitment_move", "Commitment", false},
	{"commitment_read", "Commitment", false},
	{"commitment_list", "Commitment", true},
	{"commitment_remind", "Reminded", false},
	{"reminder_list", "Reminder", true},
	{"summary_read", "Summary", false},
	{"policy_create", "ReminderPolicy", false},
	{"policy_change", "ReminderPolicy", false},
	{"policy_read", "ReminderPolicy", false},
	{"policy_list", "ReminderPolicy", true},
	{"endpoint_create", "WebhookEndpointMade", false},
	{"endpoint_change", "WebhookEndpoint", false},
	{"endpoint_read", "WebhookEndpoint", false},
	{"endpoint_list", "WebhookEndpoint", true},
	{"event_read", "Event", false},
	{"event_list", "Event", true},
	{"delivery_read", "DeliveryWithAttempts", false},
	{"delivery_list", "Delivery", true},
};

static void expect_valid(const struct schema *schema, const json_t *value, const char *name)
{
	struct schema_errors errors;
	schema_errors_init(&errors);
	if (!schema_validate(schema, value, &errors))
		ck_abort_msg("%s: %s %s", name, errors.items[0].pointer, errors.items[0].detail);
	schema_errors_release(&errors);
}

/* C opens what is sealed on its way out; here any secret of its form stands for it. */
static void open_secrets(json_t *body)
{
	const char *secret = json_string_value(json_object_get(body, "secret"));
	if (secret && text_starts(secret, "ks1."))
		json_object_set_new(body, "secret", json_string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="));
}

static void expect_promised(const char *statement, const struct route_reply *reply)
{
	for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
		if (strcmp(promises[i].statement, statement) != 0)
			continue;
		const struct schema *schema = contract_schema_find(promises[i].schema);
		ck_assert_msg(schema != NULL, "no schema %s", promises[i].schema);
		json_t *body = json_loads(reply->body, 0, NULL);
		ck_assert_msg(body != NULL, "no JSON: %s", reply->body);
		open_secrets(body);
		if (!promises[i].list)
			expect_valid(schema, body, statement);
		for (size_t item = 0; promises[i].list && item < json_array_size(body); item++)
			expect_valid(schema, json_array_get(body, item), statement);
		json_decref(body);
	}
}

static void take_answer(struct route_reply *reply, const PGresult *result)
{
	ck_assert_int_eq(PQntuples(result), 1);
	ck_assert_int_eq(PQnfields(result), 5);
	memcpy(reply->state, "00000", 6);
	reply->status = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
	reply->body = copy(PQgetvalue(result, 0, 1));
	reply->etag = copy(PQgetvalue(result, 0, 2));
	reply->location = copy(PQgetvalue(result, 0, 3));
	reply->next = copy(PQgetvalue(result, 0, 4));
	reply->errors = copy("");
	reply->code = copy("");
}

struct route_reply route_ask(PGconn *connection, const char *hash, const char *name, ...)
{
	const struct statement *statement = statement_find(name);
	ck_assert_msg(statement != NULL, "no statement %s", name);
	const char *values[STATEMENT_PARAMETERS] = {0};
	va_list arguments;
	va_start(arguments, name);
	for (const char *parameter; (parameter = va_arg(arguments, const char *));) {
		const char *value = va_arg(arguments, const char *);
		int place = 0;
		while (place < statement->parameter_count && strcmp(statement->parameters[place], parameter) != 0)
			place++;
		ck_assert_msg(place < statement->parameter_count, "%s has no parameter %s", name, parameter);
		values[place] = value;
	}
	va_end(arguments);

	struct route_reply reply = {0};
	command(connection, "begin");
	PGresult *result = run(connection, "enter", (const char *const[]){"key", hash, ""});
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		PQclear(result);
		result = run(connection, name, values);
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		take_answer(&reply, result);
		if (reply.status != 204)
			expect_promised(name, &reply);
		command(connection, "commit");
	} else {
		take_refusal(&reply, result);
		command(connection, "rollback");
	}
	PQclear(result);
	return reply;
}

void route_release(struct route_reply *reply)
{
	free(reply->body);
	free(reply->etag);
	free(reply->location);
	free(reply->next);
	free(reply->errors);
	free(reply->code);
	memset(reply, 0, sizeof(*reply));
}

static json_t *parse(const struct route_reply *reply)
{
	json_error_t error;
	json_t *body = json_loads(reply->body, JSON_DECODE_ANY, &error);
	ck_assert_msg(body != NULL, "no JSON: %s", reply->body);
	return body;
}

static const json_t *find(const json_t *at, const char *path)
{
	while (at && *path) {
		size_t length = strcspn(path, "/");
		char step[80];
		snprintf(step, sizeof(step), "%.*s", (int)length, path);
		at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(step, NULL, 10))
				       : json_object_get(at, step);
		path += length + (path[length] == '/');
	}
	return at;
}

const char *route_member(const struct route_reply *reply, const char *path)
{
	static char text[5000];
	json_t *body = parse(reply);
	const json_t *member = find(body, path);
	text[0] = '\0';
	if (json_is_string(member)) {
		snprintf(text, sizeof(text), "%s", json_string_value(member));
	} else if (member) {
		char *dump = json_dumps(member, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
		ck_assert_ptr_nonnull(dump);
		snprintf(text, sizeof(text), "%s", dump);
		free(dump);
	}
	json_decref(body);
	return text;
}

int route_count(const struct route_reply *reply, const char *path)
{
	json_t *body = parse(reply);
	const json_t *list = find(body, path);
	ck_assert_msg(json_is_array(list), "no array at '%s' of %s", path, reply->body);
	int count = (int)json_array_size(list);
	json_decref(body);
	return count;
}

void route_expect(struct route_reply reply, int status)
{
	ck_assert_msg(reply.status == status, "%d instead of %d: %s %s %s", reply.status, status, reply.state,
		      reply.body, reply.errors);
	route_release(&reply);
}

void route_expect_member(const struct route_reply *reply, const char *path, const char *value)
{
	const char *found = route_member(reply, path);
	ck_assert_msg(strcmp(found, value) == 0, "%s is %s, not %s: %s", path, found, value, reply->body);
}

void route_clock(PGconn *connection, const char *instant)
{
	char sql[100];
	snprintf(sql, sizeof(sql), "set kept.now = '%s'", instant);
	PGresult *result = PQexec(connection, sql);
	ck_assert_int_eq(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
}
