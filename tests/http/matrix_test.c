/*
 * The table "Who may what" (tests/support/rights.c) against the API: 3 districts, keys of each role and scope, each
 * operation of the contract, and things that are the district's own, inside and outside of the key's scope, another
 * district's, or nobody's. Changes are tried as dry runs, so that all cells meet the same register.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/rights.h"
#include "tests/support/walk.h"

#define TENANTS 3

static struct world world;
static struct tenant tenants[TENANTS];
static int fd = -1; /* one connection, kept */
static long cells;

static void add_district(struct tenant *tenant)
{
	const char *const district[] = {"district",        "add",      "Third", "--time-zone",
					"America/Chicago", "--locale", "en",    NULL};
	char *printed;
	ck_assert_int_eq(api_command(&world.api, district, &printed), 0);
	snprintf(tenant->id, sizeof(tenant->id), "%.36s", printed);
	free(printed);
	const char *const key[] = {"key", "add", "--district", tenant->id, "--role", "admin", NULL};
	ck_assert_int_eq(api_command(&world.api, key, &printed), 0);
	snprintf(tenant->admin, sizeof(tenant->admin), "%.*s", (int)strcspn(printed, "\n"), printed);
	free(printed);
}

static void start_all(void)
{
	world_start(&world, "matrix");
	const struct world_place *const places[] = {&world.lakeview, &world.hillside};
	for (int t = 0; t < TENANTS; t++) {
		struct tenant *tenant = &tenants[t];
		snprintf(tenant->mark, sizeof(tenant->mark), "Mark%d", t);
		if (t < 2) {
			snprintf(tenant->id, sizeof(tenant->id), "%s", places[t]->id);
			snprintf(tenant->admin, sizeof(tenant->admin), "%s", places[t]->admin);
		} else {
			add_district(tenant);
		}
		tenant_fill(tenant, &world);
	}
}

static void stop_all(void)
{
	world_stop(&world);
}

static const struct contract_operation *operation_of(const struct right *right)
{
	for (size_t i = 0; i < contract_operation_count; i++)
		if (strcmp(contract_operations[i].id, right->operation) == 0)
			return &contract_operations[i];
	ck_abort_msg("the contract has no operation %s", right->operation);
	return NULL;
}

static bool ends_with(const char *name, const char *end)
{
	return strlen(name) > strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0;
}

static bool is_bulk(const struct contract_operation *operation)
{
	return ends_with(operation->id, "_bulk");
}

/* Asks on the connection that is kept; opens it anew where the server closed it. */
static struct answer call(const struct contract_operation *operation, const char *key, const char *target,
			  const char *body)
{
	bool reads = strcmp(operation->method, "GET") == 0;
	const char *headers = text_of("%s%s", reads ? "" : "Prefer: tx=rollback\r\n",
				      operation->if_match_required ? "If-Match: *\r\n" : "");
	if (fd < 0)
		fd = api_connect(&world.api);
	struct answer answer = ask_on(&world.asking, fd, key, operation->method, target, headers, body);
	if (strcasecmp(header(&answer, "Connection"), "close") == 0) {
		close(fd);
		fd = -1;
	}
	cells++;
	return answer;
}

/* What came of it: 200 for every success; of a bulk its one item's. */
static int came_of(const struct contract_operation *operation, const struct answer *answer)
{
	int status = answer->status;
	if (is_bulk(operation) && status / 100 == 2)
		status = (int)strtol(at(answer, "items/0/status"), NULL, 10);
	return status / 100 == 2 ? 200 : status;
}

/* All that was answered, without the date, the request's id and what is left of a limit. */
static const char *masked(const struct answer *answer)
{
	static const char *const own[] = {"Date:", "X-Request-Id:", "RateLimit"};
	struct text out;
	text_init(&out, 1024 * 1024);
	for (const char *line = answer->head; *line;
	     line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
		bool left = false;
		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			left = left || strncasecmp(line, own[i], strlen(own[i])) == 0;
		if (!left)
			text_add(&out, line, strcspn(line, "\n"));
	}
	const char *id = header(answer, "X-Request-Id"), *rest = answer->body;
	for (const char *found; *id && (found = strstr(rest, id)); rest = found + strlen(id))
		text_add(&out, rest, (size_t)(found - rest));
	text_adds(&out, rest);
	char *made = text_take(&out);
	ck_assert_ptr_nonnull(made);
	const char *kept = text_of("%s", made);
	free(made);
	return kept;
}

static void expect_no_other_district(const struct answer *answer, const struct tenant *mine)
{
	for (int t = 0; t < TENANTS; t++)
		if (&tenants[t] != mine)
			ck_assert_msg(!strstr(answer->body, tenants[t].mark) && !strstr(answer->body, tenants[t].id),
				      "%s tells of %s: %s", answer->asked, tenants[t].mark, answer->body);
}

struct caller {
	const struct tenant *tenant, *other;
	unsigned role;
	enum scope scope;
	const char *key;
};

static const char *const role_names[] = {"admin", "steward", "partner", "reader"};
static const char *const scope_names[SCOPES] = {"whole", "school", "group", "organisation"};

static const char *name_of(const struct caller *caller)
{
	int place = 0;
	while (ROLE_ADMIN << place != caller->role)
		place++;
	return text_of("%s, %s %s", caller->tenant->mark, role_names[place], scope_names[caller->scope]);
}

/* Calls back for each key of each district. */
static void each_caller(void (*visit)(const struct caller *caller, const void *what), const void *what)
{
	for (int t = 0; t < TENANTS; t++)
		for (int role = 0; role < 4; role++)
			for (enum scope scope = WHOLE; scope < SCOPES; scope++) {
				const struct caller caller = {&tenants[t], &tenants[(t + 1) % TENANTS],
							      ROLE_ADMIN << role, scope, tenants[t].keys[role][scope]};
				if (*caller.key)
					visit(&caller, what);
			}
}

/* What an operation is asked for: the thing of the path, or the side of the body. */
struct thing {
	const char *id;
	const char *body;
};

static struct thing own_thing(const struct tenant *tenant, const struct right *right, enum side side, enum visibility v)
{
	enum side of_body = right->kind == NOTHING || right->kind == OPEN_PLAN ? side : INSIDE;
	return (struct thing){tenant->things[right->kind][side][v],
			      right->body ? tenant_body(tenant, of_body, right->body) : NULL};
}

/* Of which there is one of each visibility. */
static bool is_visible_by_kind(enum kind kind)
{
	return kind == COMMITMENT || kind == EVENT || kind == PLEDGE || kind == CONFIRMATION;
}

/* Own things, inside and outside of the scope. Where they are as if they were not there, they answer like nothing. */
static void visit_own(const struct caller *caller, const struct right *right, const char *of_absent)
{
	const struct contract_operation *operation = operation_of(right);
	int variants = is_visible_by_kind(right->kind) ? VISIBILITIES : 1;
	for (enum side side = INSIDE; side < SIDES; side++)
		for (int v = 0; v < variants; v++) {
			struct thing thing = own_thing(caller->tenant, right, side, (enum visibility)v);
			struct answer answer =
				call(operation, caller->key, walk_target(operation->path, thing.id), thing.body);
			int expected = right_status(right, caller->role, caller->scope, side, (enum visibility)v);
			ck_assert_msg(came_of(operation, &answer) == expected, "%s: %s %s, %d: %d, not %d: %s",
				      name_of(caller), right->operation, side == INSIDE ? "inside" : "outside", v,
				      answer.status, expected, answer.body);
			if (expected == 404)
				ck_assert_msg(strcmp(masked(&answer), of_absent) == 0, "%s: %s: hidden: %s, absent: %s",
					      name_of(caller), right->operation, masked(&answer), of_absent);
			expect_no_other_district(&answer, caller->tenant);
			answer_release(&answer);
		}
}

/* Of a commitment one that everybody may read. */
static enum visibility any_may_read(enum kind kind)
{
	return is_visible_by_kind(kind) ? PUBLIC : PRIVATE;
}

static void visit_right(const struct caller *caller, const void *what)
{
	const struct right *right = what;
	const struct contract_operation *operation = operation_of(right);
	if (right->kind == NOTHING || right->kind == GROUP_CODE) {
		visit_own(caller, right, "");
		return;
	}
	const char *body = own_thing(caller->tenant, right, INSIDE, PRIVATE).body;
	int expected = operation->roles & caller->role ? 404 : 403;
	struct answer absent = call(operation, caller->key, walk_target(operation->path, WORLD_ABSENT), body);
	const char *of_absent = masked(&absent);
	ck_assert_msg(absent.status == expected, "%s: %s absent: %d, not %d", name_of(caller), right->operation,
		      absent.status, expected);
	struct answer foreign = call(
		operation, caller->key,
		walk_target(operation->path, caller->other->things[right->kind][INSIDE][any_may_read(right->kind)]),
		body);
	ck_assert_msg(strcmp(masked(&foreign), of_absent) == 0, "%s: %s: foreign: %s, absent: %s", name_of(caller),
		      right->operation, masked(&foreign), of_absent);
	visit_own(caller, right, of_absent);
	answer_release(&absent);
	answer_release(&foreign);
}

START_TEST(no_cell_is_wrong)
{
	each_caller(visit_right, &rights[_i]);
}
END_TEST

START_TEST(every_operation_has_a_row_that_agrees_with_the_contract)
{
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		int rows = 0;
		for (size_t r = 0; r < right_count; r++) {
			const struct right *right = &rights[r];
			if (strcmp(right->operation, operation->id) != 0)
				continue;
			rows++;
			unsigned roles = ROLE_ADMIN | (right->steward != NEVER ? ROLE_STEWARD : 0) |
					 (right->partner != NEVER ? ROLE_PARTNER : 0) |
					 (right->reader != NEVER ? ROLE_READER : 0);
			ck_assert_msg(roles == operation->roles, "%s", operation->id);
			ck_assert_msg((right->kind == NOTHING) == !strchr(operation->path, '{'), "%s", operation->id);
			ck_assert_msg((right->body != NULL) == (operation->body != NULL), "%s", operation->id);
		}
		ck_assert_msg((rows > 0) == (operation->roles != 0), "%s has %d rows in tests/support/rights.c",
			      operation->id, rows);
	}
}
END_TEST

/* Bodies that name things by id: what every key with that role gets for another district's and for nobody's. */
static const struct reference {
	const char *operation;
	enum kind kind;
	const char *body;
} references[] = {
	{"commitment_create", NOTHING, "{\"group\":\"$G\",\"title\":\"x\",\"owner\":{\"person_id\":\"$P\"}}"},
	{"commitment_create", NOTHING, "{\"group\":\"$G\",\"title\":\"x\",\"owner\":{\"organisation_id\":\"$O\"}}"},
	{"commitment_create", NOTHING,
	 "{\"group\":\"$G\",\"title\":\"x\",\"owner\":{\"group\":\"$G\",\"school_id\":\"$S\"}}"},
	{"commitment_create", NOTHING,
	 "{\"group\":\"$G\",\"title\":\"x\",\"owner\":{\"group\":\"$G\"},\"school_id\":\"$S\"}"},
	{"commitment_create", NOTHING,
	 "{\"group\":\"$G\",\"title\":\"x\",\"owner\":{\"group\":\"$G\"},\"action_id\":\"$A\"}"},
	{"commitment_bulk", NOTHING,
	 "{\"items\":[{\"group\":\"$G\",\"title\":\"x\",\"owner\":{\"person_id\":\"$P\"}}]}"},
	{"commitment_change", COMMITMENT, "{\"owner\":{\"person_id\":\"$P\"}}"},
	{"commitment_change", COMMITMENT, "{\"parties\":[{\"role\":\"helper\",\"organisation_id\":\"$O\"}]}"},
	{"commitment_change", COMMITMENT, "{\"parties\":[{\"role\":\"beneficiary\",\"person_id\":\"$P\"}]}"},
	{"commitment_change", COMMITMENT, "{\"school_id\":\"$S\"}"},
	{"commitment_change", COMMITMENT, "{\"action_id\":\"$A\"}"},
	{"person_create", NOTHING, "{\"name\":\"x\",\"groups\":[\"$G\"],\"school_ids\":[\"$S\"]}"},
	{"person_change", PERSON, "{\"school_ids\":[\"$S\"]}"},
	{"person_bulk", NOTHING, "{\"items\":[{\"id\":\"$P\",\"language\":\"es\"}]}"},
	{"organisation_create", NOTHING, "{\"name\":\"x\",\"kind\":\"other\",\"group\":\"$G\",\"school_id\":\"$S\"}"},
	{"organisation_change", ORGANISATION, "{\"school_id\":\"$S\"}"},
	{"organisation_bulk", NOTHING, "{\"items\":[{\"id\":\"$O\",\"language\":\"es\"}]}"},
	{"school_create", NOTHING, "{\"name\":\"x\",\"coordinator_id\":\"$P\"}"},
	{"school_change", SCHOOL, "{\"coordinator_id\":\"$P\"}"},
	{"district_change", NOTHING, "{\"coordinator_id\":\"$P\"}"},
	{"plan_create", NOTHING,
	 "{\"framework_id\":\"$F\",\"school_year\":\"2026-27\",\"title\":\"x\",\"starts_on\":\"2026-08-24\","
	 "\"ends_on\":\"2027-06-11\"}"},
	{"plan_create", NOTHING,
	 "{\"framework_id\":\"$F\",\"school_id\":\"$S\",\"school_year\":\"2026-27\",\"title\":\"x\","
	 "\"starts_on\":\"2026-08-24\",\"ends_on\":\"2027-06-11\"}"},
	{"plan_item_create", DRAFT_PLAN, "{\"group\":\"$G\",\"action_id\":\"$A\"}"},
	{"policy_create", NOTHING, "{\"name\":\"x\",\"offsets\":[1],\"school_id\":\"$S\"}"},
	{"policy_change", POLICY, "{\"school_id\":\"$S\"}"},
	{"key_create", NOTHING, "{\"role\":\"steward\",\"school_id\":\"$S\"}"},
	{"key_create", NOTHING, "{\"role\":\"steward\",\"person_id\":\"$P\"}"},
	{"key_create", NOTHING, "{\"role\":\"partner\",\"organisation_id\":\"$O\"}"},
	{"key_change", KEY, "{\"person_id\":\"$P\"}"},
	{"response_create", OPEN_PLAN,
	 "{\"item_id\":\"$I\",\"stance\":\"agree\",\"by\":{\"count\":2},\"identified_by\":\"paper\"}"},
};

static void visit_reference(const struct caller *caller, const void *what)
{
	const struct reference *reference = what;
	const struct right row = {reference->operation, reference->kind, NULL, NEVER, NEVER, NEVER};
	const struct contract_operation *operation = operation_of(&row);
	if (!(operation->roles & caller->role))
		return;
	enum visibility seen = reference->kind == COMMITMENT ? PLAN : PRIVATE;
	const char *target = walk_target(operation->path, caller->tenant->things[reference->kind][INSIDE][seen]);
	struct answer foreign =
		call(operation, caller->key, target, tenant_body(caller->other, INSIDE, reference->body));
	struct answer absent = call(operation, caller->key, target, tenant_body_absent(reference->body));
	ck_assert_msg(strcmp(masked(&foreign), masked(&absent)) == 0, "%s: %s %s: foreign: %s, absent: %s",
		      name_of(caller), reference->operation, reference->body, foreign.body, absent.body);
	ck_assert_msg(came_of(operation, &absent) / 100 == 4, "%s: %s %s: %s", name_of(caller), reference->operation,
		      reference->body, absent.body);
	answer_release(&foreign);
	answer_release(&absent);
	if (caller->role != ROLE_ADMIN)
		return;
	/* The district's own is taken, or the body would be refused for something else. */
	struct answer own = call(operation, caller->key, target, tenant_body(caller->tenant, INSIDE, reference->body));
	ck_assert_msg(came_of(operation, &own) == 200, "%s %s: %s", reference->operation, reference->body, own.body);
	answer_release(&own);
}

START_TEST(foreign_and_absent_ids_in_a_body_are_the_same)
{
	each_caller(visit_reference, &references[_i]);
}
END_TEST

static void visit_filter(const struct caller *caller, const void *what)
{
	const struct contract_operation *operation = what;
	if (!(operation->roles & caller->role))
		return;
	for (int p = 0; p < operation->parameter_count; p++) {
		const struct contract_parameter *parameter = &operation->parameters[p];
		if (parameter->in != IN_QUERY || !ends_with(parameter->name, "_id"))
			continue;
		const char *form = text_of("%s?%s=", operation->path, parameter->name);
		struct answer absent = call(operation, caller->key, text_of("%s%s", form, WORLD_ABSENT), NULL);
		for (enum kind kind = COMMITMENT; kind < GROUP_CODE; kind++) {
			const char *id = caller->other->things[kind][INSIDE][any_may_read(kind)];
			const char *whole = strrchr(id, ' ');
			struct answer foreign =
				call(operation, caller->key, text_of("%s%s", form, whole ? whole + 1 : id), NULL);
			ck_assert_msg(strcmp(masked(&foreign), masked(&absent)) == 0, "%s: %s: %s, absent: %s",
				      name_of(caller), foreign.asked, foreign.body, absent.body);
			answer_release(&foreign);
		}
		answer_release(&absent);
	}
}

START_TEST(foreign_and_absent_ids_in_a_filter_are_the_same)
{
	for (size_t i = 0; i < contract_operation_count; i++)
		if (strcmp(contract_operations[i].method, "GET") == 0 && contract_operations[i].roles != 0)
			each_caller(visit_filter, &contract_operations[i]);
	ck_assert_int_gt(cells, 500);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matrix");
	TCase *all = tcase_create("matrix");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, every_operation_has_a_row_that_agrees_with_the_contract);
	tcase_add_loop_test(all, no_cell_is_wrong, 0, (int)right_count);
	tcase_add_loop_test(all, foreign_and_absent_ids_in_a_body_are_the_same, 0,
			    (int)(sizeof(references) / sizeof(references[0])));
	tcase_add_test(all, foreign_and_absent_ids_in_a_filter_are_the_same);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
