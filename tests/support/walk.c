/* walk.c: see walk.h. */
#include "tests/support/walk.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/consult.h"
#include "tests/support/shown_plan.h"

/* A good body of each operation that takes one. $P, $S, $O, $I: person, school, organisation, item of a plan in
 * consultation; # is another each time. */
static const struct {
	const char *id, *body, *other; /* `other` is as good and not the same; NULL: there is none */
} bodies[] = {
	{"action_create", "{\"group\":\"families\",\"texts\":[{\"language\":\"en\",\"title\":\"Walk to school #\"}]}",
	 "{\"group\":\"families\",\"texts\":[{\"language\":\"es\",\"title\":\"Caminar\"}]}"},
	{"action_change", "{\"retired\":true}", "{\"retired\":false}"},
	{"commitment_create",
	 "{\"group\":\"families\",\"title\":\"Read "
	 "#\",\"owner\":{\"person_id\":\"$P\"},\"due_on\":\"2027-02-15\",\"kind\":\"collective\",\"parties\":[{"
	 "\"role\":\"beneficiary\",\"group\":\"students\"}]}",
	 "{\"group\":\"families\",\"title\":\"Write\",\"owner\":{\"person_id\":\"$P\"}}"},
	{"commitment_bulk",
	 "{\"items\":[{\"group\":\"families\",\"title\":\"Read #\",\"owner\":{\"person_id\":\"$P\"}}]}",
	 "{\"items\":[{\"group\":\"families\",\"title\":\"Write\",\"owner\":{\"person_id\":\"$P\"}}]}"},
	{"person_bulk",
	 "{\"items\":[{\"name\":\"Ann #\",\"groups\":[\"teachers\"]},{\"id\":\"$P\",\"language\":\"es\"}]}",
	 "{\"items\":[{\"name\":\"Bo\",\"groups\":[\"teachers\"]}]}"},
	{"organisation_bulk",
	 "{\"items\":[{\"name\":\"Class #\",\"kind\":\"class\",\"group\":\"students\",\"school_id\":\"$S\","
	 "\"contacts\":[{\"channel\":\"webhook\",\"address\":\"https://a.example/\"}]}]}",
	 "{\"items\":[{\"name\":\"Bo\",\"kind\":\"class\",\"group\":\"students\"}]}"},
	{"pledge_create", "{\"school_id\":\"$N\",\"pledged\":12,\"done\":3}", "{\"school_id\":\"$N\",\"pledged\":9}"},
	{"confirmation_create", "{\"confirmed\":true,\"note\":\"Thank you #\",\"by\":{\"group\":\"students\"}}",
	 "{\"confirmed\":true,\"by\":{\"group\":\"students\"}}"},
	{"pledge_change", "{\"done\":7}", "{\"done\":8}"},
	{"commitment_change", "{\"title\":\"Read more #\"}", "{\"title\":\"Read less\"}"},
	{"commitment_move", "{\"status\":\"in_progress\"}", "{\"status\":\"completed\"}"},
	{"commitment_remind", "{}", NULL},
	{"person_contact_create", "{\"channel\":\"webhook\",\"address\":\"https://a.example/#\"}",
	 "{\"channel\":\"email\",\"address\":\"a@a.example\"}"},
	{"handover_create", "{\"to\":{\"organisation_id\":\"$O\"}}", "{\"to\":{\"person_id\":\"$P\"}}"},
	{"organisation_contact_create", "{\"channel\":\"webhook\",\"address\":\"https://a.example/#\"}",
	 "{\"channel\":\"email\",\"address\":\"a@a.example\"}"},
	{"contact_change", "{\"paused\":true}", "{\"paused\":false}"},
	{"district_change", "{\"coordinator_id\":\"$P\"}", "{\"coordinator_id\":null}"},
	{"key_create", "{\"role\":\"reader\",\"name\":\"Key #\"}", "{\"role\":\"steward\"}"},
	{"key_rotate", "{\"overlap_hours\":1}", "{}"},
	{"key_change", "{\"name\":\"Key #\"}", "{\"name\":\"Other\"}"},
	{"organisation_create",
	 "{\"name\":\"Class #\",\"kind\":\"class\",\"group\":\"students\",\"school_id\":\"$S\","
	 "\"contacts\":[{\"channel\":\"webhook\",\"address\":\"https://a.example/\"}]}",
	 "{\"name\":\"Council\",\"kind\":\"council\",\"group\":\"policymakers\"}"},
	{"organisation_change", "{\"name\":\"Class #\"}", "{\"name\":\"Other\"}"},
	{"person_create",
	 "{\"name\":\"Ann "
	 "#\",\"groups\":[\"teachers\"],\"contacts\":[{\"channel\":\"email\",\"address\":\"a@a.example\"}]}",
	 "{\"name\":\"Bo\",\"groups\":[\"teachers\"]}"},
	{"person_change", "{\"name\":\"Ann #\"}", "{\"name\":\"Bo\"}"},
	{"policy_create", "{\"name\":\"Early #\",\"school_id\":\"$N\",\"offsets\":[-14,-1]}",
	 "{\"name\":\"Late\",\"school_id\":\"$N\",\"offsets\":[1]}"},
	{"policy_change", "{\"send_at\":\"09:15\"}", "{\"send_at\":\"09:30\"}"},
	{"invitation_create", "{\"groups\":[\"policymakers\"]}", "{\"groups\":[\"families\"]}"},
	{"invitation_change", "{\"subject\":\"Come #\"}", "{\"subject\":\"Other\"}"},
	{"invitation_send", "{}", NULL},
	{"meeting_create", "{\"title\":\"Kickoff #\",\"held_on\":\"2026-09-01\",\"school_id\":\"$S\"}",
	 "{\"title\":\"Other\",\"held_on\":\"2026-09-01\"}"},
	{"meeting_change", "{\"headcounts\":[{\"group\":\"families\",\"language\":\"ar\",\"count\":2}]}",
	 "{\"title\":\"Other\"}"},
	{"meeting_answer_create", "{\"question\":\"missing\",\"group\":\"families\",\"text\":\"Cooks #\"}",
	 "{\"question\":\"together\",\"group\":\"families\",\"text\":\"Read\"}"},
	{"meeting_answer_change", "{\"text\":\"Cooks #\"}", "{\"text\":\"Other\"}"},
	{"closed_day_create", "{\"name\":\"Break #\",\"first_on\":\"2026-12-21\",\"last_on\":\"2027-01-01\"}",
	 "{\"name\":\"Snow\",\"school_id\":\"$S\",\"first_on\":\"2027-01-12\"}"},
	{"closed_day_change", "{\"name\":\"Break #\"}", "{\"name\":\"Other\"}"},
	{"framework_create", "{\"name\":\"Compact #\",\"groups\":[{\"group\":\"families\",\"necessity\":\"must\"}]}",
	 "{\"name\":\"Other\",\"groups\":[{\"group\":\"families\",\"necessity\":\"should\"}]}"},
	{"framework_change", "{\"name\":\"Compact #\"}", "{\"retired\":true}"},
	{"plan_create",
	 "{\"framework_id\":\"$F\",\"school_id\":\"$S\",\"school_year\":\"2026-27\",\"title\":\"Compact "
	 "#\",\"starts_on\":\"2026-08-24\",\"ends_on\":\"2027-06-11\"}",
	 "{\"framework_id\":\"$F\",\"school_year\":\"2026-27\",\"title\":\"Other\",\"starts_on\":\"2026-08-24\","
	 "\"ends_on\":\"2027-06-11\"}"},
	{"plan_change", "{\"title\":\"Compact #\"}", "{\"review_on\":\"2027-05-14\"}"},
	{"plan_copy", "{\"school_year\":\"2037-38\",\"starts_on\":\"2037-08-24\",\"ends_on\":\"2038-06-11\"}",
	 "{\"school_year\":\"2037-38\",\"starts_on\":\"2037-08-24\",\"ends_on\":\"2038-06-11\",\"title\":\"Other\"}"},
	{"plan_item_create", "{\"group\":\"families\",\"title\":\"Read #\"}",
	 "{\"group\":\"families\",\"title\":\"Write\"}"},
	{"plan_item_change", "{\"title\":\"Read #\"}", "{\"due_on\":\"2027-02-01\"}"},
	{"plan_version_create", "{}", "{\"from\":1}"},
	{"plan_version_move", "{\"status\":\"adopted\"}", "{\"status\":\"archived\"}"},
	{"school_create", "{\"name\":\"School #\"}", "{\"name\":\"Other\"}"},
	{"school_change", "{\"time_zone\":\"America/Chicago\"}", "{\"time_zone\":null}"},
	{"response_create",
	 "{\"item_id\":\"$I\",\"stance\":\"amend\",\"amendment\":\"On Sundays #\",\"by\":{\"count\":7},"
	 "\"identified_by\":\"paper\"}",
	 "{\"item_id\":\"$I\",\"stance\":\"agree\",\"by\":{\"person_id\":\"$P\"},\"identified_by\":\"meeting\"}"},
	{"comment_create",
	 "{\"kind\":\"addition\",\"group\":\"families\",\"from_group\":\"families\",\"text\":\"A help line #\","
	 "\"item_id\":\"$I\",\"by\":{\"person_id\":\"$P\"},\"identified_by\":\"paper\"}",
	 "{\"kind\":\"comment\",\"group\":\"families\",\"from_group\":\"students\",\"text\":\"Too long\","
	 "\"item_id\":\"$I\",\"identified_by\":\"meeting\"}"},
	{"comment_change", "{\"resolution\":\"taken\"}", "{\"resolution\":\"open\"}"},
	{"endpoint_create", "{\"url\":\"https://a.example/#\",\"events\":[\"commitment.*\"]}",
	 "{\"url\":\"https://b.example/\",\"events\":[\"reminder.*\"]}"},
	{"endpoint_change", "{\"state\":\"paused\"}", "{\"state\":\"active\"}"},
};

/* What the {id} of a path stands for: the operation that makes one. */
static const struct {
	const char *path, *maker;
} makers[] = {
	{"/v1/actions/{id}", "action_create"},
	{"/v1/commitments/{id}/pledges/{pledge_id}", "pledge_create"},
	{"/v1/commitments/{id}/confirmations/{confirmation_id}", "confirmation_create"},
	{"/v1/commitments/{id}", "commitment_create"},
	{"/v1/people/{id}", "person_create"},
	{"/v1/organisations/{id}", "organisation_create"},
	{"/v1/contacts/{id}", "person_contact_create"},
	{"/v1/keys/{id}", "key_create"},
	{"/v1/reminder-policies/{id}", "policy_create"},
	{"/v1/meetings/{id}/answers/{answer_id}", "meeting_answer_create"},
	{"/v1/meetings/{id}", "meeting_create"},
	{"/v1/closed-days/{id}", "closed_day_create"},
	{"/v1/schools/{id}", "school_create"},
	{"/v1/webhook-endpoints/{id}", "endpoint_create"},
	{"/v1/plans/{id}/responses/{response_id}", "response_create"},
	{"/v1/plans/{id}/comments/{comment_id}", "comment_create"},
	{"/v1/frameworks/{id}", "framework_create"},
	{"/v1/plans/{id}/items/{item_id}", "plan_item_create"},
	{"/v1/plans/{id}", "plan_create"},
};

static const struct contract_operation *operation_of(const char *id)
{
	for (size_t i = 0; i < contract_operation_count; i++)
		if (strcmp(contract_operations[i].id, id) == 0)
			return &contract_operations[i];
	ck_abort_msg("the contract has no operation %s", id);
	return NULL;
}

/* The compact that comes with Kept, which has clauses. */
static const char *framework_of(const struct world *world, const struct world_place *place)
{
	struct answer listed =
		must(200, ask(&world->asking, place->admin, "GET", "/v1/frameworks?page_size=3", NULL, NULL));
	const char *id = at(&listed, "items/1/id");
	ck_assert_str_eq(at(&listed, "items/1/code"), "compact");
	answer_release(&listed);
	return id;
}

/* One plan of a place that is in consultation, for all that is said of it. */
static const struct consult *consulted(const struct world *world, const struct world_place *place)
{
	static struct consult plans[2];
	struct consult *plan = &plans[place == &world->hillside];
	if (!*plan->plan)
		consult_made(plan, world->superuser, place->id, place->school, "families", "2027-01-09 15:00:00+00");
	return plan;
}

static const char *filled(const struct world *world, const struct world_place *place, const char *form)
{
	static int number;
	struct text out;
	text_init(&out, 4096);
	for (; *form; form++) {
		if (*form == '#')
			text_addf(&out, "%d", ++number);
		else if (*form == '$' && form[1] == 'N')
			text_adds(&out, world_make(world, place->admin, "/v1/schools",
						   text_of("{\"name\":\"New %d\",\"members\":40}", ++number)));
		else if (*form == '$' && form[1] == 'F')
			text_adds(&out, framework_of(world, place));
		else if (*form == '$')
			text_adds(&out, form[1] == 'P'   ? place->person
					: form[1] == 'S' ? place->school
					: form[1] == 'I' ? consulted(world, place)->item
							 : place->organisation);
		else
			text_add(&out, form, 1);
		form += *form == '$';
	}
	char *made = text_take(&out);
	const char *kept = text_of("%s", made);
	free(made);
	return kept;
}

/* A good body, NULL where none is taken. */
const char *walk_body(const struct world *world, const struct world_place *place,
		      const struct contract_operation *operation, bool other)
{
	if (!operation->body)
		return NULL;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (strcmp(bodies[i].id, operation->id) == 0)
			return other && !bodies[i].other
				       ? NULL
				       : filled(world, place, other ? bodies[i].other : bodies[i].body);
	ck_abort_msg("no body is written here for %s", operation->id);
	return NULL;
}

const char *walk_target(const char *path, const char *id)
{
	const char *open = strchr(path, '{');
	if (!open)
		return text_of("%s", path);
	size_t one = strcspn(id, " ");
	/* The id of a thing is no number of a version. */
	if (text_starts(open, "{number}") && one > 9)
		return text_of("%.*s1%s", (int)(open - path), path, walk_target(strchr(path, '}') + 1, id));
	return text_of("%.*s%.*s%s", (int)(open - path), path, (int)one, id,
		       walk_target(strchr(path, '}') + 1, id[one] ? id + one + 1 : id));
}

/* What fills a path of that operation's things: the new one's id, after that of what it belongs to if the path has
 * both. */
static const char *made_by(const struct world *world, const struct world_place *place, const char *id, const char *path)
{
	const struct contract_operation *maker = operation_of(id);
	const char *whole = strchr(maker->path, '{') ? walk_subject(world, place, maker->path) : "";
	const char *made =
		world_make(world, place->admin, walk_target(maker->path, whole), walk_body(world, place, maker, false));
	return strchr(path, '{') == strrchr(path, '{') ? made : text_of("%s %s", whole, made);
}

/* The first item of a list about a new commitment of which somebody was reminded. */
static const char *first_of(const struct world *world, const struct world_place *place, const char *list)
{
	const char *commitment = made_by(world, place, "commitment_create", "");
	must_be(202, ask(&world->asking, place->admin, "POST", text_of("/v1/commitments/%s/remind", commitment), NULL,
			 "{}"));
	struct answer listed = must(200, ask(&world->asking, place->admin, "GET",
					     text_of("%s?commitment_id=%s", list, commitment), NULL, NULL));
	const char *id = at(&listed, "items/0/id");
	ck_assert_str_ne(id, "");
	answer_release(&listed);
	return id;
}

/* Somebody new who has promised something. */
static const char *promiser(const struct world *world, const struct world_place *place)
{
	const char *person = made_by(world, place, "person_create", "");
	world_make(world, place->admin, "/v1/commitments",
		   text_of("{\"group\":\"teachers\",\"title\":\"Read\",\"owner\":{\"person_id\":\"%s\"}}", person));
	return person;
}

/* A new plan whose version 1 was put to the groups. */
static const char *consulted_plan(const struct world *world, const struct world_place *place)
{
	const char *plan = made_by(world, place, "plan_create", "");
	must_be(200, ask(&world->asking, place->admin, "POST", text_of("/v1/plans/%s/versions/1/status", plan), NULL,
			 "{\"status\":\"consultation\"}"));
	return plan;
}

/* A draft that can be sent, after its plan. */
static const char *invitation(const struct world *world, const struct world_place *place)
{
	const char *plan = made_by(world, place, "plan_create", "");
	world_make(world, place->admin, "/v1/people",
		   "{\"name\":\"Pat\",\"groups\":[\"policymakers\"],\"contacts\":[{\"channel\":\"email\",\"address\":"
		   "\"p@a.example\"}]}");
	struct answer drafts =
		must(200, ask(&world->asking, place->admin, "POST", text_of("/v1/plans/%s/invitations", plan), NULL,
			      "{\"groups\":[\"policymakers\"]}"));
	const char *both = text_of("%s %s", plan, at(&drafts, "items/0/id"));
	answer_release(&drafts);
	return both;
}

/* A new thing for the path's value. */
const char *walk_subject(const struct world *world, const struct world_place *place, const char *path)
{
	if (strcmp(path, "/v1/people/{id}/handover") == 0)
		return promiser(world, place);
	if (strcmp(path, "/v1/plans/{id}/responses") == 0 || strcmp(path, "/v1/plans/{id}/comments") == 0)
		return consulted(world, place)->plan;
	if (text_starts(path, "/v1/plans/{id}/invitations/{invitation_id}"))
		return invitation(world, place);
	if (text_starts(path, "/v1/plans/{id}/versions/{number}"))
		return text_of("%s 1", consulted_plan(world, place));
	if (text_starts(path, "/v1/plans/{id}/versions"))
		return consulted_plan(world, place);
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (text_starts(path, makers[i].path))
			return made_by(world, place, makers[i].maker, path);
	if (text_starts(path, "/v1/events/{id}"))
		return first_of(world, place, "/v1/events");
	if (text_starts(path, "/v1/deliveries/{id}"))
		return first_of(world, place, "/v1/deliveries");
	if (strcmp(path, "/plans/{slug}") == 0 || strcmp(path, "/s/{code}") == 0) {
		const char *shown = shown_plan(world, place, NULL, "in_force", true), *space = strchr(shown, ' ');
		return path[1] == 's' ? text_of("%s", space + 1) : text_of("%.*s", (int)(space - shown), shown);
	}
	if (strcmp(path, "/v1/groups/{code}") == 0)
		return "families";
	if (strcmp(path, "/docs/problems/{code}") == 0)
		return "invalid";
	ck_assert_msg(strchr(path, '{') == NULL, "nothing makes the value of %s", path);
	return "";
}

/* A commitment goes from somebody new to an organisation. */
static void hand_over(const struct world *world, const struct world_place *place, const char *commitment)
{
	const char *person = made_by(world, place, "person_create", "");
	must_be(200, ask(&world->asking, place->admin, "PATCH", commitment, "If-Match: *\r\n",
			 text_of("{\"owner\":{\"person_id\":\"%s\"}}", person)));
	must_be(202, ask(&world->asking, place->admin, "POST", text_of("/v1/people/%s/handover", person), NULL,
			 text_of("{\"to\":{\"organisation_id\":\"%s\"}}", place->organisation)));
}

/* Somebody who reads another language is to be invited, too. */
static void invite(const struct world *world, const struct world_place *place, const char *target)
{
	static const char *const languages[] = {"de", "fi", "fr", "it", "nl", "pl", "pt", "sv"};
	static int number;
	world_make(world, place->admin, "/v1/people",
		   text_of("{\"name\":\"Pat\",\"groups\":[\"policymakers\"],\"language\":\"%s\",\"contacts\":[{"
			   "\"channel\":\"email\",\"address\":\"p@a.example\"}]}",
			   languages[number++ % 8]));
	must_be(200, ask(&world->asking, place->admin, "POST", target, NULL, "{\"groups\":[\"policymakers\"]}"));
}

void walk_more(const struct world *world, const struct world_place *place, const char *path, const char *target)
{
	static const char owned[] = "{\"group\":\"teachers\",\"title\":\"Read\",\"owner\":{\"%s\":\"%.*s\"}}";
	const char *id = strlen(target) > 11 ? target + strlen("/v1/people/") : "";
	if (strcmp(path, "/v1/people/{id}/handover") == 0) {
		world_make(world, place->admin, "/v1/commitments", text_of(owned, "person_id", 36, id));
	} else if (strcmp(path, "/v1/unreachable") == 0) {
		world_make(world, place->admin, "/v1/commitments", text_of(owned, "group", 8, "teachers"));
	} else if (strcmp(path, "/v1/commitments/{id}/handovers") == 0) {
		hand_over(world, place, text_of("%.*s", (int)strlen("/v1/commitments/") + 36, target));
	} else if (strcmp(path, "/v1/plans/{id}/invitations") == 0) {
		invite(world, place, target);
	} else if (strcmp(path, "/v1/deliveries") == 0) {
		walk_subject(world, place, "/v1/deliveries/{id}");
	} else {
		struct contract_match match;
		contract_match("POST", target, &match);
		if (!match.operation)
			return;
		struct answer made = must(201, ask(&world->asking, place->admin, "POST", target, NULL,
						   walk_body(world, place, match.operation, false)));
		/* One draft is open at a time. */
		if (strcmp(path, "/v1/plans/{id}/versions") == 0)
			must_be(200, ask(&world->asking, place->admin, "POST",
					 text_of("%s/%s/status", target, at(&made, "number")), NULL,
					 "{\"status\":\"consultation\"}"));
		answer_release(&made);
	}
}
