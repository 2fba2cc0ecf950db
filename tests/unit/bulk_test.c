/* What a bulk's body becomes for the statement: JSON items and sheets, good and wrong ones. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "api/bulk/bulk.h"
#include "kept/limits.h"

#define ID "0191b2a4-5c3e-7f00-8a1b-2c3d4e5f6071"
#define NONE "00000000-0000-7000-8000-000000000000"

static struct seal *seal;

static void set_up(void)
{
	seal = seal_new("a:0123456789abcdef0123456789abcdef");
	ck_assert_ptr_nonnull(seal);
}

static void tear_down(void)
{
	seal_free(seal);
}

static const struct contract_operation *operation_of(const char *id)
{
	for (size_t i = 0; i < contract_operation_count; i++)
		if (strcmp(contract_operations[i].id, id) == 0)
			return &contract_operations[i];
	ck_abort_msg("no operation %s", id);
	return NULL;
}

/* The parameter, or "STATUS ERRORS". To be freed. */
static char *read_bulk(const char *operation, bool sheet, const char *bytes, size_t length)
{
	const struct bulk_source source = {operation_of(operation), seal, bytes, length, sheet};
	struct problem_errors errors;
	struct body_fault fault;
	problem_errors_init(&errors);
	char *made = bulk_read(&source, &errors, &fault);
	if (!made) {
		struct text told;
		text_init(&told, 1 << 20);
		text_addf(&told, "%d ", fault.status);
		text_adds(&told, errors.items.bytes ? errors.items.bytes : fault.detail);
		ck_assert_str_ne(fault.detail, "");
		made = text_take(&told);
	}
	problem_errors_release(&errors);
	ck_assert_ptr_nonnull(made);
	return made;
}

static const struct {
	const char *operation;
	const char *body; /* JSON when it begins with a brace */
	const char *made;
} rows[] = {
	/* JSON */
	{"person_bulk", "{\"items\":[{\"name\":\"A\",\"groups\":[\"families\"]}]}",
	 "[{\"body\":{\"name\":\"A\",\"groups\":[\"families\"]}}]"},
	{"person_bulk", "{\"items\":[{\"id\":\"" ID "\",\"version\":3.0,\"name\":\"B\"}]}",
	 "[{\"body\":{\"name\":\"B\"},\"id\":\"" ID "\",\"if_match\":3}]"},
	{"person_bulk", "{\"items\":[{\"id\":\"" ID "\"},{\"name\":\"\",\"groups\":[\"families\"]},1,null]}",
	 "[{\"errors\":[{\"pointer\":\"\",\"detail\":\"must not be empty\"}]},"
	 "{\"errors\":[{\"pointer\":\"/name\",\"detail\":\"must not be empty\"}]},"
	 "{\"errors\":[{\"pointer\":\"\",\"detail\":\"must be an object\"}]},"
	 "{\"errors\":[{\"pointer\":\"\",\"detail\":\"must be an object\"}]}]"},
	{"person_bulk", "{\"items\":[{\"id\":\"x\",\"version\":0,\"name\":\"B\"}]}",
	 "[{\"errors\":[{\"pointer\":\"/id\",\"detail\":\"must be an id like 0191b2a4-5c3e-7f00-8a1b-2c3d4e5f6071\"},"
	 "{\"pointer\":\"/version\",\"detail\":\"must be at least 1\"}]}]"},
	{"person_bulk", "{\"items\":[{\"version\":1,\"name\":\"B\",\"groups\":[\"families\"]}]}",
	 "[{\"errors\":[{\"pointer\":\"/version\",\"detail\":\"is not known here; remove it\"}]}]"},
	{"person_bulk", "{\"items\":[{\"owner_email\":\"a@b.example\",\"name\":\"B\",\"groups\":[\"families\"]}]}",
	 "[{\"errors\":[{\"pointer\":\"/owner_email\",\"detail\":\"is not known here; remove it\"}]}]"},
	{"person_bulk", "{\"items\":[]}", "422 {\"pointer\":\"/items\",\"detail\":\"must not be empty\"}"},
	{"person_bulk", "{\"items\":{},\"more\":1}",
	 "422 {\"pointer\":\"/more\",\"detail\":\"is not known here; remove it\"},"
	 "{\"pointer\":\"/items\",\"detail\":\"must be a list\"}"},
	{"person_bulk", "{}", "422 {\"pointer\":\"/items\",\"detail\":\"is missing\"}"},
	{"person_bulk", "{", "400 The JSON text ends too early (line 1, column 1)."},
	/* Sheets of people */
	{"person_bulk", "name,groups,language,email\nMaría O'Neill,families;teachers,,maria@a.example\n",
	 "[{\"body\":{\"name\":\"María O'Neill\",\"groups\":[\"families\",\"teachers\"],\"contacts\":[{\"channel\":"
	 "\"email\",\"address\":\"maria@a.example\"}]},\"line\":2}]"},
	{"person_bulk", " name ;groups\n123;\" families ; ; leaders\"\n",
	 "[{\"body\":{\"name\":\"123\",\"groups\":[\"families\",\"leaders\"]},\"line\":2}]"},
	{"person_bulk", "name,groups,schools\nA,families,East;West\n",
	 "[{\"body\":{\"name\":\"A\",\"groups\":[\"families\"],\"school_ids\":[\"" NONE
	 "\"]},\"find\":{\"schools\":[\"East\",\"West\"]},\"line\":2}]"},
	{"person_bulk",
	 "id,version,name,groups,school_ids,created_at,contacts\n" ID ",4,A,families,,2027-01-10T15:00:00Z,[]\n",
	 "[{\"body\":{\"name\":\"A\",\"groups\":[\"families\"]},\"id\":\"" ID
	 "\",\"if_match\":4,\"stays\":{\"contacts\":[]},\"line\":2}]"},
	{"person_bulk", "id,language,school_ids\n" ID ",null,null\n" ID ",,\n",
	 "[{\"body\":{\"language\":null,\"school_ids\":[]},\"id\":\"" ID "\",\"line\":2},"
	 "{\"body\":{},\"id\":\"" ID "\",\"line\":3}]"},
	{"person_bulk", "id,name,groups,created_at,version\n,A,families,2027-01-10T15:00:00Z,1\n",
	 "[{\"errors\":[{\"pointer\":\"/created_at\",\"detail\":\"cannot be set for a new one; leave the cell empty\"},"
	 "{\"pointer\":\"/version\",\"detail\":\"cannot be set for a new one; leave the cell empty\"}],\"line\":2}]"},
	{"person_bulk", "name,groups\nA,families,x\nB\nC,families\n",
	 "[{\"errors\":[{\"pointer\":\"\",\"detail\":\"has 3 cells, and the first row has 2\"}],\"line\":2},"
	 "{\"errors\":[{\"pointer\":\"\",\"detail\":\"has 1 cell, and the first row has 2\"}],\"line\":3},"
	 "{\"body\":{\"name\":\"C\",\"groups\":[\"families\"]},\"line\":4}]"},
	{"person_bulk", "name,groups,\nA,families,\nB,families,x\n",
	 "[{\"body\":{\"name\":\"A\",\"groups\":[\"families\"]},\"line\":2},"
	 "{\"errors\":[{\"pointer\":\"\",\"detail\":\"has a cell in a column without a name\"}],\"line\":3}]"},
	{"person_bulk", "name,groups,email,contacts\nA,families,a@a.example,[]\n",
	 "[{\"errors\":[{\"pointer\":\"/email\",\"detail\":\"says what another column says too; fill in one of "
	 "them\"}],"
	 "\"line\":2}]"},
	{"person_bulk", "name,groups,email\nA,families,no address\n",
	 "[{\"errors\":[{\"pointer\":\"/contacts/0/address\",\"detail\":\"must be an e-mail address like "
	 "maria@lakeview.example\"}],\"line\":2}]"},
	{"person_bulk", "name,surname,name,groups\nA,B,C,families\n",
	 "422 {\"pointer\":\"/items\",\"line\":1,\"detail\":\"the column \\\"surname\\\" is not known here; remove it, "
	 "or give it a name from /docs\"},{\"pointer\":\"/items\",\"line\":1,\"detail\":\"the column \\\"name\\\" is "
	 "there "
	 "twice\"}"},
	{"person_bulk", "name,groups\n\"A,families\n",
	 "400 {\"pointer\":\"\",\"line\":2,\"detail\":\"The quote that begins a cell here is never closed.\"}"},
	{"person_bulk", "\n\n", "400 The sheet is empty. Its first row names the columns."},
	{"person_bulk", "name,groups\n", "422 {\"pointer\":\"/items\",\"detail\":\"must not be empty\"}"},
	/* Sheets of commitments */
	{"commitment_bulk", "Title,group,Due on\nRead,families,2027-01-15\n",
	 "422 {\"pointer\":\"/items\",\"line\":1,\"detail\":\"the column \\\"Title\\\" is not known here; write it "
	 "\\\"title\\\"\"},{\"pointer\":\"/items\",\"line\":1,\"detail\":\"the column \\\"Due on\\\" is not known "
	 "here; "
	 "write it \\\"due_on\\\"\"}"},
	{"commitment_bulk", "title,group,owner.group,due_on,visibility\n Read , families,families ,2027-01-15 , plan\n",
	 "[{\"body\":{\"title\":\" Read \",\"group\":\"families\",\"owner\":{\"group\":\"families\"},\"due_on\":"
	 "\"2027-01-15\",\"visibility\":\"plan\"},\"line\":2}]"},
	{"commitment_bulk", "title,group,owner.person_id,due_on\nRead,families," ID ",2027-01-15\n",
	 "[{\"body\":{\"title\":\"Read\",\"group\":\"families\",\"owner\":{\"person_id\":\"" ID
	 "\"},\"due_on\":\"2027-01-15\"},\"line\":2}]"},
	{"commitment_bulk", "title,group,owner_email,school\nRead,families, María@A.example ,Lincoln\n",
	 "[{\"body\":{\"title\":\"Read\",\"group\":\"families\",\"owner\":{\"person_id\":\"" NONE
	 "\"},\"school_id\":\"" NONE "\"},\"find\":{\"owner_email\":\"María@A.example\",\"school\":\"Lincoln\"},"
	 "\"line\":2}]"},
	{"commitment_bulk", "title,group,owner_organisation,owner_email\nRead,families,Chamber,\n",
	 "[{\"body\":{\"title\":\"Read\",\"group\":\"families\",\"owner\":{\"organisation_id\":\"" NONE
	 "\"}},\"find\":{\"owner_organisation\":\"Chamber\"},\"line\":2}]"},
	{"commitment_bulk", "owner_email,owner.person_id,title,group\na@a.example," ID ",Read,families\n",
	 "[{\"errors\":[{\"pointer\":\"/owner_email\",\"detail\":\"says what another column says too; fill in one of "
	 "them\"}],\"line\":2}]"},
	{"commitment_bulk", "title,group,owner.group,due_on\nRead,families,families,15.1.2027\n",
	 "[{\"errors\":[{\"pointer\":\"/due_on\",\"detail\":\"must be a date like 2027-01-15\"}],\"line\":2}]"},
	{"commitment_bulk",
	 "id,title,group,status,due_state,owner.name,owner.person_id,due_on,parties\n" ID
	 ",Read,families,agreed,set,María," ID
	 ",2027-02-01,\"[{\"\"role\"\":\"\"helper\"\",\"\"name\"\":\"\"F\"\",\"\"group\"\":\"\"families\"\","
	 "\"\"school_id\"\":null}]\"\n",
	 "[{\"body\":{\"title\":\"Read\",\"owner\":{\"person_id\":\"" ID
	 "\"},\"due_on\":\"2027-02-01\",\"parties\":[{\"role\":\"helper\",\"group\":\"families\"}]},\"id\":\"" ID
	 "\",\"stays\":{\"group\":\"families\",\"status\":\"agreed\"},\"line\":2}]"},
	{"commitment_bulk", "id,owner,owner.person_id\n" ID ",nobody," ID "\n",
	 "[{\"errors\":[{\"pointer\":\"/owner/person_id\",\"detail\":\"does not go with another column of the same "
	 "member\"},{\"pointer\":\"/owner\",\"detail\":\"must be an "
	 "object\"},{\"pointer\":\"/owner\",\"detail\":\"must have exactly one of: person_id, "
	 "organisation_id, group\"}],\"line\":2}]"},
	{"commitment_bulk", "id,school\n" ID ",null\n",
	 "[{\"body\":{\"school_id\":null},\"id\":\"" ID "\",\"line\":2}]"},
};

START_TEST(body_becomes_what_the_statement_takes)
{
	const char *body = rows[_i].body;
	char *made = read_bulk(rows[_i].operation, body[0] != '{', body, strlen(body));
	ck_assert_str_eq(made, rows[_i].made);
	free(made);
}
END_TEST

START_TEST(each_new_webhook_contact_gets_a_secret_of_its_own)
{
	static const char body[] = "{\"items\":[{\"name\":\"A\",\"groups\":[\"families\"],\"contacts\":["
				   "{\"channel\":\"webhook\",\"address\":\"https://a.example/\"},"
				   "{\"channel\":\"email\",\"address\":\"a@a.example\"},"
				   "{\"channel\":\"webhook\",\"address\":\"https://b.example/"
				   "\"}]},{\"name\":\"B\",\"groups\":[\"families\"]}]}";
	char *made = read_bulk("person_bulk", false, body, strlen(body));
	json_t *items = json_loads(made, 0, NULL);
	const json_t *secrets = json_object_get(json_array_get(items, 0), "secrets");
	ck_assert_uint_eq(json_array_size(secrets), 2);
	ck_assert(text_starts(json_string_value(json_object_get(json_array_get(secrets, 0), "secret")), "ks1."));
	ck_assert(!json_equal(json_array_get(secrets, 0), json_array_get(secrets, 1)));
	ck_assert_ptr_null(json_object_get(json_array_get(items, 1), "secrets"));
	json_decref(items);
	free(made);
}
END_TEST

static void repeat(struct text *out, const char *first, const char *one, int times, const char *last)
{
	text_init(out, 4 << 20);
	text_adds(out, first);
	for (int i = 0; i < times; i++)
		text_adds(out, one);
	text_adds(out, last);
	ck_assert(text_ok(out));
}

static void expect_start(const char *operation, bool sheet, struct text *body, const char *start)
{
	char *made = read_bulk(operation, sheet, body->bytes, body->length);
	ck_assert_msg(text_starts(made, start), "%.200s", made);
	free(made);
	text_release(body);
}

START_TEST(a_thousand_items_are_taken_and_one_more_is_not)
{
	static const char many[] = "422 {\"pointer\":\"/items\",\"detail\":\"must have at most 1000 items\"}";
	struct text body;
	repeat(&body, "name,groups\n", "A,families\n", 1000, "");
	expect_start("person_bulk", true, &body, "[{\"body\"");
	repeat(&body, "name,groups\n", "A,families\n", 1001, "");
	expect_start("person_bulk", true, &body, many);
	repeat(&body, "{\"items\":[", "{\"name\":\"A\",\"groups\":[\"families\"]},", 999,
	       "{\"name\":\"A\",\"groups\":[\"families\"]}]}");
	expect_start("person_bulk", false, &body, "[{\"body\"");
	repeat(&body, "{\"items\":[", "{\"name\":\"A\",\"groups\":[\"families\"]},", 1000,
	       "{\"name\":\"A\",\"groups\":[\"families\"]}]}");
	expect_start("person_bulk", false, &body, many);
}
END_TEST

START_TEST(members_columns_and_errors_have_ceilings)
{
	struct text body;
	repeat(&body, "{\"items\":[[", "1,", KEPT_BULK_MEMBERS, "1]]}");
	expect_start("person_bulk", false, &body, "413 ");
	repeat(&body, "name", ",x", KEPT_CSV_COLUMNS, "\n");
	expect_start("person_bulk", true, &body, "422 {\"pointer\":\"/items\",\"line\":1,\"detail\":\"has too many");
	/* Of one item, eight. */
	repeat(&body, "{\"items\":[{", "\"\":1,", 1,
	       "\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1}]}");
	char *made = read_bulk("person_bulk", false, body.bytes, body.length);
	int errors = 0;
	for (const char *at = made; (at = strstr(at, "\"pointer\"")); at++)
		errors++;
	ck_assert_int_eq(errors, KEPT_BULK_ITEM_ERRORS);
	free(made);
	text_release(&body);
	/* Pair by pair this list would take minutes. */
	text_init(&body, 1 << 20);
	text_adds(&body, "{\"items\":[{\"name\":\"A\",\"groups\":[\"0\"");
	for (int i = 1; i < 45000; i++)
		text_addf(&body, ",\"%d\"", i);
	text_adds(&body, "]}]}");
	expect_start("person_bulk", false, &body,
		     "[{\"errors\":[{\"pointer\":\"/groups\",\"detail\":\"must have at most 8");
}
END_TEST

/* Good sheets with bytes changed: an array, or a refusal, never more. */
START_TEST(no_changed_sheet_makes_it_crash)
{
	unsigned state = 3;
	for (int round = 0; round < 20000; round++) {
		size_t at = (size_t)round % (sizeof(rows) / sizeof(rows[0]));
		char *bytes = strdup(rows[at].body);
		size_t length = strlen(bytes);
		for (int changes = round % 4; changes > 0; changes--) {
			state = state * 1664525u + 1013904223u;
			bytes[(state >> 8) % length] =
				state % 3 ? ",;\"\n'.{["[(state >> 16) % 8] : (char)(state >> 20);
		}
		char *made = read_bulk(rows[at].operation, rows[at].body[0] != '{', bytes, length);
		if (*made == '[') {
			json_t *items = json_loads(made, 0, NULL);
			ck_assert_msg(json_array_size(items) > 0, "%s", made);
			json_decref(items);
		}
		free(made);
		free(bytes);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bulk");
	TCase *all = tcase_create("bulk");
	tcase_set_timeout(all, 60);
	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_loop_test(all, body_becomes_what_the_statement_takes, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(all, each_new_webhook_contact_gets_a_secret_of_its_own);
	tcase_add_test(all, a_thousand_items_are_taken_and_one_more_is_not);
	tcase_add_test(all, members_columns_and_errors_have_ceilings);
	tcase_add_test(all, no_changed_sheet_makes_it_crash);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
