/* build/contract: what it refuses, and what it adds to a small contract. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

/* Parts of a small contract. */
#define TOLD "\"summary\":\"s\",\"description\":\"d.\",\"tags\":[\"t\"]"
#define GOOD "\"responses\":{\"200\":{\"description\":\"Good.\"}}"
#define ADMIN "\"x-kept-roles\":[\"admin\"]"
#define ID                                                                                                             \
	"{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"description\":\"d\",\"schema\":{\"type\":\"string\","    \
	"\"format\":\"uuid\"}}"
#define QUERY(name, schema) "{\"name\":\"" name "\",\"in\":\"query\",\"description\":\"d\",\"schema\":" schema "}"
#define SHORT "{\"type\":\"string\",\"maxLength\":9}"
#define PATHS(paths) "{\"paths\":{" paths "}}"
#define GET(path, members) "\"" path "\":{\"get\":{\"operationId\":\"a\"," TOLD "," GOOD "," ADMIN members "}}"
#define PUBLIC(path, method, members)                                                                                  \
	"\"" path "\":{\"" method "\":{\"operationId\":\"a\"," TOLD "," GOOD ",\"x-kept-public\":\"page\"" members "}" \
	"}"
#define POST(path, members) "\"" path "\":{\"post\":{\"operationId\":\"b\"," TOLD "," GOOD "," ADMIN members "}}"
#define BODY(schema) ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":" schema "}}}"
#define CLOSED "{\"type\":\"object\",\"additionalProperties\":false}"
#define USE(statement) ",\"x-kept-statement\":\"" statement "\""
#define SCHEMA(schema) "{\"components\":{\"schemas\":{\"S\":" schema "}}}"

#define MANY(content, items)                                                                                           \
	"{\"paths\":{" POST(                                                                                           \
		"/a",                                                                                                  \
		USE("write") ",\"requestBody\":{\"content\":{" content                                                 \
			     "}},\"x-kept-items\":" items) "},\"components\":{\"schemas\":{\"Id\":" SHORT              \
							   ",\"Version\":{\"type\":\"integer\"},\"S\":{\"type\":"      \
							   "\"object\",\"additionalProperties\":false,\"properties\":" \
							   "{\"a\":" SHORT "}}}}}"
#define ITEMS(change, item) "{\"create\":\"S\",\"change\":\"" change "\",\"shown\":\"S\",\"item\":\"" item "\"}"
#define JSON_BODY "\"application/json\":{\"schema\":" CLOSED "}"
#define SHEET_BODY ",\"text/csv\":{\"schema\":{\"type\":\"string\",\"maxLength\":9,\"examples\":[\"a\"]}}"

struct row {
	const char *document;
	const char *told; /* part of what is told; NULL: compiles */
};

static const struct row rows[] = {
	{PATHS(GET("/a", USE("plain"))), NULL},
	{PATHS(GET("/a/{id}", USE("by_id") ",\"parameters\":[" ID "]")), NULL},
	{PATHS(GET("/a", USE("filtered") ",\"parameters\":[" QUERY("group", SHORT) "]")), NULL},
	{PATHS(POST("/a", USE("write") BODY(CLOSED))), NULL},
	{"{", "line 1"},
	{"[]", "must be an object"},
	{"{\"paths\":{},\"paths\":{}}", "duplicate"},
	{"{\"pats\":{}}", "/pats is not known at this place"},
	{PATHS(GET("/a", USE("plain") ",\"x-kept-rolls\":[]")), "/paths/~1a/get/x-kept-rolls is not known"},
	{PATHS(GET("/a", USE("plain") ",\"callbacks\":{}")), "callbacks is not known"},
	{PATHS("\"/a\":{\"fetch\":{}}"), "fetch is not known"},
	{PATHS("\"/a\":{\"get\":{\"operationId\":\"a\"}}"), "/paths/~1a/get/responses is missing"},
	{PATHS(GET("/a", "")), "must have one of x-kept-statement and x-kept-produces"},
	{PATHS(GET("/a", USE("nothing"))), "there is no statement nothing"},
	{PATHS(GET("/a", USE("by_id"))), "the parameter :id of statement by_id has no source"},
	{PATHS(GET("/a", USE("filtered"))), ":group of statement filtered has no source"},
	{PATHS(GET("/a", USE("paged"))), ":after of statement paged has no source"},
	{PATHS(GET("/a", USE("write"))), ":body of statement write has no source"},
	{PATHS(GET("/a", USE("secret"))), ":secrets of statement secret has no source"},
	{PATHS(GET("/a", USE("plain") ",\"parameters\":[" QUERY("group", SHORT) "]")),
	 "does not use the parameter group"},
	{PATHS(GET("/a", USE("plain") ",\"parameters\":[" QUERY("page_token", SHORT) "]")),
	 "does not use the parameter page_token"},
	{PATHS(POST("/a", USE("plain") BODY(CLOSED))), "takes a body that statement plain does not use"},
	{PATHS(GET("/a/{id}", USE("plain"))), "the path names {id}"},
	{PATHS(GET("/a", USE("by_id") ",\"parameters\":[" ID "]")), "that the path does not name"},
	{PATHS(GET("/a", USE("filtered") ",\"parameters\":[" QUERY("group", SHORT) "," QUERY("group", SHORT) "]")),
	 "group is there twice"},
	{PATHS(GET("/a", USE("filtered") ",\"parameters\":[" QUERY("group", "{\"type\":\"string\"}") "]")),
	 "give it maxLength"},
	{PATHS(GET("/a", USE("filtered") ",\"parameters\":[{\"$ref\":\"#/components/parameters/none\"}]")),
	 "is no shared parameter"},
	{PATHS(GET("/a", USE("plain") ",\"x-kept-before\":\"nothing\"")), "names the hook nothing"},
	{PATHS(GET("/a", ",\"x-kept-produces\":\"nothing\"")), "names the hook nothing"},
	{PATHS(GET("/a", USE("plain") ",\"x-kept-lane\":\"write\"")), "write is no lane for this method"},
	{PATHS("\"/a\":{\"get\":{\"operationId\":\"a\"," TOLD "," GOOD USE("plain") ",\"x-kept-roles\":[\"boss\"]}}"),
	 "boss is no role"},
	{PATHS("\"/a\":{\"get\":{\"operationId\":\"a\"," TOLD "," GOOD USE("plain") "}}"),
	 "a statement needs x-kept-roles or x-kept-public"},
	{PATHS(PUBLIC("/a/{id}", "get", USE("by_id") ",\"parameters\":[" ID "]")), NULL},
	{PATHS(PUBLIC("/a", "get", USE("plain"))), "x-kept-public goes with a GET"},
	{PATHS(PUBLIC("/a/{id}", "post", USE("by_id") ",\"parameters\":[" ID "]")), "x-kept-public goes with a GET"},
	{PATHS(GET("/a/{id}", USE("by_id") ",\"parameters\":[" ID "],\"x-kept-public\":\"page\"")),
	 "a statement needs x-kept-roles or x-kept-public"},
	{PATHS(GET("/a", USE("plain")) "," GET("/b", USE("plain"))), "is the operationId of two operations"},
	{PATHS(GET("/a/{id}", USE("by_id") ",\"parameters\":[" ID "]") "," POST("/a/{code}", USE("plain"))),
	 "is the same path as /a/{id}"},
	{PATHS(GET("/a/", USE("plain"))), "is no path of segments"},
	{PATHS(GET("/a/b{id}", USE("by_id") ",\"parameters\":[" ID "]")), "a value must be a whole segment"},
	{PATHS(POST("/a", USE("write") BODY("{\"type\":\"object\"}"))), "give it additionalProperties"},
	{PATHS(POST("/a", USE("write") BODY(
				  "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{}}}"))),
	 "takes anything"},
	{PATHS(POST("/a", USE("write") BODY("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":"
					    "{\"type\":\"array\"}}}"))),
	 "give it maxItems"},
	{PATHS(POST("/a", USE("write") ",\"requestBody\":{\"content\":{\"text/csv\":{\"schema\":" CLOSED "}}}")),
	 "does not fit the method"},
	{MANY(JSON_BODY SHEET_BODY, ITEMS("S", "T")), NULL},
	{MANY(JSON_BODY, ITEMS("S", "T")), "takes items and must take text/csv too"},
	{MANY(JSON_BODY SHEET_BODY, ITEMS("R", "T")), "R must be a schema with properties"},
	{MANY(JSON_BODY SHEET_BODY, ITEMS("S", "S")), "there is a schema S already"},
	{MANY(JSON_BODY SHEET_BODY, "{\"create\":\"S\"}"), "x-kept-items/change is missing"},
	{SCHEMA("{\"type\":\"strin\"}"), "/components/schemas/S/type: is no type"},
	{SCHEMA("{\"nullable\":true}"), "/components/schemas/S/nullable: is no keyword"},
	{SCHEMA("{\"pattern\":\"(?<=a)\"}"), "is no pattern"},
	{SCHEMA("{\"format\":\"ipv4\"}"), "is no format"},
	{SCHEMA("{\"$ref\":\"#/components/schemas/T\"}"), "refers to nothing"},
	{SCHEMA("{\"$ref\":\"#/components/schemas/S\"}"), "refers to itself without end"},
	{SCHEMA("{\"type\":\"string\",\"examples\":[1]}"), "an example does not meet its own schema"},
	{SCHEMA("{\"type\":\"string\",\"default\":1}"), "the default does not meet its own schema"},
};

static char folder[64];

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
	char path[128];

	snprintf(folder, sizeof(folder), "/tmp/kept-contract-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sql", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	write_file("hooks.def", "/* none */\n");
	write_file("sql/by_id.sql", "-- :not_this\nselect ':nor_this', 1::int from t where id = :id::uuid");
	write_file("sql/filtered.sql", "select 1\n--? group\nwhere g = :group\n--.\n");
	write_file("sql/paged.sql", "select 1 where a > :after limit :page_size");
	write_file("sql/plain.sql", "select $$ :nothing $$, /* :here */ \"a:b\" from t where :request");
	write_file("sql/secret.sql", "select :secrets");
	write_file("sql/write.sql", "select f(:request::jsonb, :body::jsonb)");
}

static void teardown(void)
{
	static const char *const names[] = {"a.json",
					    "b.json",
					    "out",
					    "err",
					    "hooks.def",
					    "sql/by_id.sql",
					    "sql/filtered.sql",
					    "sql/paged.sql",
					    "sql/plain.sql",
					    "sql/secret.sql",
					    "sql/write.sql",
					    "sql",
					    ""};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		remove(path);
	}
}

static void open_as(int target, const char *path)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (file < 0 || dup2(file, target) < 0)
		_exit(99);
}

/* Runs build/contract on a.json, and b.json if there is one; the exit status. */
static int compile(bool two)
{
	const char *build = getenv("KEPT_BUILD");
	char program[512], hooks[128], statements[128], a[128], b[128], out[128], err[128];
	int status;
	pid_t child;

	snprintf(program, sizeof(program), "%s/contract", build ? build : "build");
	snprintf(hooks, sizeof(hooks), "%s/hooks.def", folder);
	snprintf(statements, sizeof(statements), "%s/sql", folder);
	snprintf(a, sizeof(a), "%s/a.json", folder);
	snprintf(b, sizeof(b), "%s/b.json", folder);
	snprintf(out, sizeof(out), "%s/out", folder);
	snprintf(err, sizeof(err), "%s/err", folder);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		open_as(STDOUT_FILENO, out);
		open_as(STDERR_FILENO, err);
		execl(program, program, "--hooks", hooks, "--statements", statements, a, two ? b : NULL, NULL);
		_exit(98);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const char *content(const char *name)
{
	static char text[200000];
	char path[128];
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

START_TEST(contract_is_judged)
{
	const struct row *row = &rows[_i];
	int status;

	write_file("a.json", row->document);
	status = compile(false);
	ck_assert_msg(status == (row->told ? 1 : 0), "%s: %d %s", row->document, status, content("err"));
	ck_assert_msg(strstr(content("err"), row->told ? row->told : "") != NULL, "%s: %s", row->document,
		      content("err"));
	if (row->told)
		ck_assert_str_eq(content("out"), "");
}
END_TEST

START_TEST(same_path_or_schema_in_two_files_is_refused)
{
	write_file("a.json", PATHS(GET("/a", USE("plain"))));
	write_file("b.json", PATHS(POST("/a", USE("plain"))));
	ck_assert_int_eq(compile(true), 1);
	ck_assert_ptr_nonnull(strstr(content("err"), "paths \"/a\" is in another file too"));
	write_file("a.json", SCHEMA("true"));
	write_file("b.json", SCHEMA("true"));
	ck_assert_int_eq(compile(true), 1);
	ck_assert_ptr_nonnull(strstr(content("err"), "schemas \"S\" is in another file too"));
}
END_TEST

START_TEST(hook_that_nobody_names_is_refused)
{
	write_file("hooks.def", "/* HOOK_BEFORE(comment) */\nHOOK_AFTER(lonely)\n");
	write_file("a.json", PATHS(GET("/a", USE("plain"))));
	ck_assert_int_eq(compile(false), 1);
	ck_assert_ptr_nonnull(strstr(content("err"), "no operation names the hook HOOK_AFTER(lonely)"));
	ck_assert_ptr_null(strstr(content("err"), "comment"));
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
	write_file("a.json", "{\"pats\":1,\"paths\":{\"/a\":{\"fetch\":1}},\"components\":{\"examples\":{}}}");
	ck_assert_int_eq(compile(false), 1);
	ck_assert_ptr_nonnull(strstr(content("err"), "/pats"));
	ck_assert_ptr_nonnull(strstr(content("err"), "fetch"));
	ck_assert_ptr_nonnull(strstr(content("err"), "/components/examples"));
	ck_assert_ptr_nonnull(strstr(content("err"), "3 faults"));
}
END_TEST

START_TEST(missing_use_is_told)
{
	char program[512];
	const char *build = getenv("KEPT_BUILD");
	int status;
	pid_t child;

	snprintf(program, sizeof(program), "%s/contract", build ? build : "build");
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		open_as(STDERR_FILENO, "/dev/null");
		execl(program, program, NULL);
		_exit(98);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contract compiler");
	TCase *tests = tcase_create("contract compiler");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, contract_is_judged, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, same_path_or_schema_in_two_files_is_refused);
	tcase_add_test(tests, hook_that_nobody_names_is_refused);
	tcase_add_test(tests, all_faults_are_told_at_once);
	tcase_add_test(tests, missing_use_is_told);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
