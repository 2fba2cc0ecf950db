/* Every text of every statement is understood by a fresh database, under the role that asks it. */
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <libpq-fe.h>

#include "sql/database.h"
#include "sql/statement.h"
#include "tests/support/cluster.h"

static PGconn *open_as(const char *string, const char *role)
{
	struct database_url url;
	char *error;
	struct database_session session = {.role = role, .application_name = "prepare_test"};
	if (!database_url(&url, string, &session, &error))
		ck_abort_msg("%s", error);
	PGconn *connection = PQconnectdbParams((const char *const *)url.keywords, (const char *const *)url.values, 0);
	database_url_release(&url);
	if (PQstatus(connection) != CONNECTION_OK)
		ck_abort_msg("%s", PQerrorMessage(connection));
	return connection;
}

/* Plans it too (with NULL for all), because rights are checked only then. NULL: well; else the message. */
static char *prepare(PGconn *connection, const struct statement_text *text)
{
	PGresult *result = PQexec(connection, "begin");
	PQclear(result);
	result = PQprepare(connection, text->prepared, text->sql, 0, NULL);
	if (PQresultStatus(result) == PGRES_COMMAND_OK) {
		char explain[512] = "explain execute ";
		size_t at = strlen(explain);
		at += (size_t)snprintf(explain + at, sizeof(explain) - at, "\"%s\"", text->prepared);
		for (int i = 0; i < text->parameter_count; i++)
			at += (size_t)snprintf(explain + at, sizeof(explain) - at, "%snull", i ? "," : "(");
		snprintf(explain + at, sizeof(explain) - at, "%s", text->parameter_count ? ")" : "");
		PQclear(result);
		result = PQexec(connection, explain);
	}
	char *message = NULL;
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		message = strdup(PQerrorMessage(connection));
	PQclear(result);
	PQclear(PQexec(connection, "rollback"));
	return message;
}

START_TEST(every_text_prepares_for_the_api_or_for_the_worker)
{
	struct cluster *cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "fresh", CLUSTER_MIGRATED);
	PGconn *api = open_as(url, "kept_api"), *worker = open_as(url, "kept_worker");
	int wrong = 0;
	for (size_t i = 0; i < statement_count; i++) {
		for (unsigned mask = 0; mask < 1U << statement_table[i].option_count; mask++) {
			const struct statement_text *text = &statement_table[i].texts[mask];
			char *api_says = prepare(api, text), *worker_says = api_says ? prepare(worker, text) : NULL;
			if (api_says && worker_says) {
				fprintf(stderr, "%s\n  api: %s  worker: %s", text->prepared, api_says, worker_says);
				wrong++;
			}
			free(api_says);
			free(worker_says);
		}
	}
	PQfinish(api);
	PQfinish(worker);
	free(url);
	cluster_stop(cluster);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prepare");
	TCase *test = tcase_create("prepare");
	tcase_set_timeout(test, 120);
	tcase_add_test(test, every_text_prepares_for_the_api_or_for_the_worker);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
