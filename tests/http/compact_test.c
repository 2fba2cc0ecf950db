/* A school's compact from template to adopted version 2, through API and worker; and who leaves in the meantime. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "compact");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.steward, "GET", target, NULL, NULL));
}

static void move(const char *plan, int version, const char *status)
{
	must_be(200,
		ask(&world.asking, world.steward, "POST", text_of("/v1/plans/%s/versions/%d/status", plan, version),
		    NULL, text_of("{\"status\":\"%s\"}", status)));
}

static const char *compact_made(void)
{
	struct answer frameworks = get("/v1/frameworks?page_size=50");
	int n = 0;
	while (strcmp(at(&frameworks, text_of("items/%d/code", n)), "compact") != 0)
		ck_assert_int_lt(++n, count_at(&frameworks, "items"));
	const char *plan = world_make(&world, world.steward, "/v1/plans",
				      text_of("{\"framework_id\":\"%s\",\"school_id\":\"%s\",\"school_year\":\"2026-"
					      "27\",\"title\":\"Lincoln's "
					      "compact\",\"starts_on\":\"2026-08-24\",\"ends_on\":\"2027-06-11\"}",
					      at(&frameworks, text_of("items/%d/id", n)), world.lakeview.school));
	answer_release(&frameworks);
	return plan;
}

/* A member of the item that answers a clause in a version. */
static const char *of_clause(const char *plan, int version, const char *clause, const char *member)
{
	struct answer items = get(text_of("/v1/plans/%s/items?version=%d&page_size=50", plan, version));
	int n = 0;
	while (strcmp(at(&items, text_of("items/%d/clause", n)), clause) != 0)
		ck_assert_int_lt(++n, count_at(&items, "items"));
	const char *value = text_of("%s", at(&items, text_of("items/%d/%s", n, member)));
	answer_release(&items);
	return value;
}

static const char *said(const char *plan, const char *item, const char *more)
{
	return world_make(&world, world.steward, text_of("/v1/plans/%s/responses", plan),
			  text_of("{\"item_id\":\"%s\",%s}", item, more));
}

static const char *by_maria(const char *more)
{
	return text_of("\"by\":{\"person_id\":\"%s\"},\"identified_by\":\"paper\",%s", world.lakeview.person, more);
}

#define LEARNING "1116d1.learning"
#define VOLUNTEERING "1116d1.volunteering"
#define AMENDED "Leer 20 minutos, en cualquier idioma: \\\"cada día\\\""
#define ALL_AGREE "\"by\":{\"count\":7},\"identified_by\":\"meeting\",\"stance\":\"agree\""

/* Everybody agrees to all, but for the two clauses of the families of which this is the story. */
static void others_agree(const char *plan)
{
	struct answer items = get(text_of("/v1/plans/%s/items?page_size=50", plan));
	for (int i = 0; i < count_at(&items, "items"); i++) {
		const char *clause = at(&items, text_of("items/%d/clause", i));
		if (strcmp(clause, LEARNING) != 0 && strcmp(clause, VOLUNTEERING) != 0)
			said(plan, at(&items, text_of("items/%d/id", i)), ALL_AGREE);
	}
	answer_release(&items);
}

/* Version 2 has the change that a parent asked for, and what another parent proposed. */
static void version_2_drafted(const char *plan, const char *addition)
{
	must_be(201, ask(&world.asking, world.steward, "POST", text_of("/v1/plans/%s/versions", plan), NULL, "{}"));
	must_be(200, ask(&world.asking, world.steward, "PATCH",
			 text_of("/v1/plans/%s/items/%s", plan, of_clause(plan, 2, LEARNING, "id")), "If-Match: *\r\n",
			 "{\"title\":\"" AMENDED "\",\"owed_to_group\":\"students\"}"));
	struct answer made =
		must(201, ask(&world.asking, world.steward, "POST", text_of("/v1/plans/%s/items", plan), NULL,
			      "{\"group\":\"leaders\",\"title\":\"A homework help line in Arabic\"}"));
	struct answer taken =
		must(200, ask(&world.asking, world.steward, "PATCH",
			      text_of("/v1/plans/%s/comments/%s", plan, addition), "If-Match: *\r\n",
			      text_of("{\"resolution\":\"taken\",\"taken_as\":\"%s\"}", at(&made, "line"))));
	ck_assert_str_eq(at(&taken, "resolution"), "taken");
	answer_release(&taken);
	answer_release(&made);
}

/* What the group agreed to asks for somebody; once that is known, the question reaches them; then it may begin. */
static void the_question_reaches_somebody(const char *commitment)
{
	const char *target = text_of("/v1/commitments/%s", commitment);
	struct answer asked = get(target);
	ck_assert_str_eq(at(&asked, "status"), "proposed");
	ck_assert_str_eq(at(&asked, "title"), "Leer 20 minutos, en cualquier idioma: \"cada día\"");
	ck_assert_str_eq(at(&asked, "owner/group"), "families");
	ck_assert_str_eq(at(&asked, "parties/0/group"), "students");
	ck_assert_int_eq(count_at(&asked, "asks"), 3);
	answer_release(&asked);
	struct answer early = must(422, ask(&world.asking, world.steward, "POST", text_of("%s/status", target), NULL,
					    "{\"status\":\"agreed\"}"));
	ck_assert_int_eq(count_at(&early, "errors"), 3);
	answer_release(&early);
	struct answer told = must(200, ask(&world.asking, world.steward, "PATCH", target, "If-Match: *\r\n",
					   text_of("{\"owner\":{\"person_id\":\"%s\"},\"due_on\":\"2027-02-15\","
						   "\"when_where_how\":\"Después de cenar\"}",
						   world.lakeview.person)));
	ck_assert_int_eq(count_at(&told, "asks"), 0);
	answer_release(&told);
	world_clock(&world, "2027-02-08 13:00:05+00");
	world_work(&world);
	ck_assert_int_eq(
		query_number(world.superuser,
			     text_of("select count(*) from kept.reminder r join kept.delivery d on d.district_id = "
				     "r.district_id and d.message_id = r.message_id where d.outcome = 'sent' and "
				     "r.rung = 'P-7D' and r.recipient_id = '%s' and r.commitment_id = '%s'",
				     world.lakeview.person, commitment)),
		1);
	must_be(200, ask(&world.asking, world.steward, "POST", text_of("%s/status", target), NULL,
			 "{\"status\":\"agreed\"}"));
}

START_TEST(a_compact_goes_from_template_to_adopted_version_2)
{
	const char *plan = compact_made();
	move(plan, 1, "consultation");
	others_agree(plan);
	const char *learning = of_clause(plan, 1, LEARNING, "id"), *hash = of_clause(plan, 1, LEARNING, "text_hash");
	const char *amendment = said(plan, learning, by_maria("\"stance\":\"amend\",\"amendment\":\"" AMENDED "\""));
	said(plan, of_clause(plan, 1, VOLUNTEERING, "id"), by_maria("\"stance\":\"decline\""));
	ck_assert_str_eq(of_clause(plan, 1, LEARNING, "standing"), "amended");
	const char *addition =
		world_make(&world, world.steward, text_of("/v1/plans/%s/comments", plan),
			   text_of("{\"kind\":\"addition\",\"group\":\"leaders\",\"from_group\":\"families\",\"text\":"
				   "\"A homework help "
				   "line in Arabic\",\"by\":{\"person_id\":\"%s\"},\"identified_by\":\"paper\"}",
				   world.lakeview.person));
	version_2_drafted(plan, addition);
	move(plan, 2, "consultation");
	/* The first text takes no more words; what was said to it stays with the hash of what it was. */
	must_be(409, ask(&world.asking, world.steward, "POST", text_of("/v1/plans/%s/responses", plan), NULL,
			 text_of("{\"item_id\":\"%s\",%s}", learning, ALL_AGREE)));
	struct answer first = get(text_of("/v1/plans/%s/responses/%s", plan, amendment));
	ck_assert_str_eq(at(&first, "text_hash"), hash);
	ck_assert_str_ne(of_clause(plan, 2, LEARNING, "text_hash"), hash);
	answer_release(&first);

	said(plan, of_clause(plan, 2, LEARNING, "id"), by_maria("\"stance\":\"agree\""));
	struct answer items = get(text_of("/v1/plans/%s/items?page_size=50&group=leaders", plan));
	for (int i = 0; i < count_at(&items, "items"); i++)
		if (strcmp(at(&items, text_of("items/%d/standing", i)), "open") == 0)
			said(plan, at(&items, text_of("items/%d/id", i)), ALL_AGREE);
	answer_release(&items);
	move(plan, 2, "adopted");

	/* All that was agreed is a commitment, by word on the same text in version 1 as well; the declined stays open.
	 */
	items = get(text_of("/v1/plans/%s/items?page_size=50", plan));
	ck_assert_int_eq(count_at(&items, "items"), 11);
	for (int i = 0; i < 11; i++) {
		bool declined = strcmp(at(&items, text_of("items/%d/clause", i)), VOLUNTEERING) == 0;
		ck_assert_str_eq(at(&items, text_of("items/%d/standing", i)), declined ? "declined" : "agreed");
		ck_assert_int_eq(strcmp(at(&items, text_of("items/%d/commitment_id", i)), "null") == 0, declined);
	}
	answer_release(&items);
	ck_assert_int_eq(query_number(world.superuser,
				      text_of("select count(*) from kept.commitment where plan_id = '%s'", plan)),
			 10);
	the_question_reaches_somebody(of_clause(plan, 2, LEARNING, "commitment_id"));
}
END_TEST

/* What is owed to María, and of which she says that it was not kept. */
static const char *not_kept_for_maria(void)
{
	struct answer made = must(
		201,
		ask(&world.asking, world.steward, "POST", "/v1/commitments", NULL,
		    text_of("{\"title\":\"Answer\",\"group\":\"leaders\",\"owner\":{\"group\":\"leaders\"},\"parties\":"
			    "[{\"role\":\"beneficiary\",\"person_id\":\"%s\"}]}",
			    world.lakeview.person)));
	const char *target = text_of("/v1/commitments/%s", at(&made, "id"));
	answer_release(&made);
	must_be(200, ask(&world.asking, world.steward, "POST", text_of("%s/status", target), NULL,
			 "{\"status\":\"completed\"}"));
	must_be(201, ask(&world.asking, world.steward, "POST", text_of("%s/confirmations", target), NULL,
			 text_of("{\"confirmed\":false,\"note\":\"Nobody answered María "
				 "O'Neill\",\"by\":{\"person_id\":\"%s\"}}",
				 world.lakeview.person)));
	return target;
}

START_TEST(what_was_said_stays_without_the_name_of_who_was_erased)
{
	const char *plan = compact_made(), *list = text_of("/v1/plans/%s/responses", plan);
	move(plan, 1, "consultation");
	const char *item = of_clause(plan, 1, LEARNING, "id"), *once = "Idempotency-Key: response\r\n";
	const char *body =
		text_of("{\"item_id\":\"%s\",%s}", item,
			by_maria("\"stance\":\"amend\",\"amendment\":\"I, María O'Neill, read on Sundays\""));
	struct answer made = must(201, ask(&world.asking, world.steward, "POST", list, once, body));
	struct answer again = must(201, ask(&world.asking, world.steward, "POST", list, once, body));
	ck_assert_str_eq(again.body, made.body);
	answer_release(&again);
	const char *held = world_key(&world, "steward", text_of(",\"person_id\":\"%s\"", world.lakeview.person));
	must_be(201,
		ask(&world.asking, held, "POST", text_of("/v1/plans/%s/comments", plan), "Idempotency-Key: comment\r\n",
		    text_of("{\"kind\":\"comment\",\"group\":\"leaders\",\"from_group\":\"families\",\"text\":\"Soy "
			    "María "
			    "O'Neill\",\"by\":{\"person_id\":\"%s\"},\"identified_by\":\"key\"}",
			    world.lakeview.person)));
	const char *owed = not_kept_for_maria();
	must_be(204, ask(&world.asking, world.lakeview.admin, "DELETE", text_of("/v1/people/%s", world.lakeview.person),
			 "If-Match: *\r\n", NULL));

	struct answer read = get(text_of("%s/%s", list, at(&made, "id")));
	ck_assert_str_eq(at(&read, "by/person_id"), world.lakeview.person);
	ck_assert_str_eq(at(&read, "by/name"), "null");
	ck_assert_str_eq(at(&read, "amendment"), "I, …, read on Sundays");
	ck_assert_str_eq(of_clause(plan, 1, LEARNING, "counts/amend"), "1");
	answer_release(&read);
	struct answer comments = get(text_of("/v1/plans/%s/comments", plan));
	ck_assert_str_eq(at(&comments, "items/0/text"), "Soy …");
	answer_release(&comments);
	struct answer confirmed = get(text_of("%s/confirmations", owed)), left = get(owed);
	ck_assert_str_eq(at(&confirmed, "items/0/note"), "Nobody answered …");
	ck_assert_str_eq(at(&left, "status_reason"), "Nobody answered …");
	answer_release(&confirmed);
	answer_release(&left);
	/* The stored replies went with the name, the key with the person. */
	ck_assert_int_eq(query_number(world.superuser,
				      "select count(*) from kept.idempotency where strpos(body, 'O''Neill') > 0"
				      " and strpos(operation, '/plans/') > 0"),
			 0);
	struct answer unknown = must(422, ask(&world.asking, world.steward, "POST", list, once, body));
	ck_assert(names(&unknown, "/by/person_id"));
	answer_release(&unknown);
	must_be(401, ask(&world.asking, held, "GET", list, NULL, NULL));
	answer_release(&made);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compact");
	TCase *all = tcase_create("compact");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, a_compact_goes_from_template_to_adopted_version_2);
	tcase_add_test(all, what_was_said_stays_without_the_name_of_who_was_erased);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
