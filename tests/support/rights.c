/* rights.c: see rights.h. */
#include "tests/support/rights.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"

#define PROMISE                                                                                                        \
	"{\"group\":\"$G\",\"school_id\":\"$S\",\"title\":\"A promise\",\"due_on\":\"2027-02-15\","                    \
	"\"owner\":{\"person_id\":\"$P\"}"
#define SOMEBODY "{\"name\":\"Ann\",\"groups\":[\"$G\"],\"school_ids\":[\"$S\"]}"
#define SOME_CLASS "{\"name\":\"A class\",\"kind\":\"class\",\"group\":\"$G\",\"school_id\":\"$S\"}"
#define SOME_PLAN                                                                                                      \
	"{\"framework_id\":\"$F\",\"school_id\":\"$S\",\"school_year\":\"2026-27\",\"title\":\"$M\","                  \
	"\"starts_on\":\"2026-08-24\",\"ends_on\":\"2027-06-11\"}"
#define SAID                                                                                                           \
	"{\"item_id\":\"$I\",\"stance\":\"agree\",\"by\":{\"organisation_id\":\"$O\"},\"identified_by\":\"meeting\"}"
#define REMARK                                                                                                         \
	"{\"kind\":\"comment\",\"group\":\"$G\",\"from_group\":\"$G\",\"text\":\"$M\",\"item_id\":\"$I\","             \
	"\"by\":{\"organisation_id\":\"$O\"},\"identified_by\":\"meeting\"}"
#define ITEMS(item) "{\"items\":[" item "]}"

/* DESIGN 7, "Who may what". Admin: all. Steward: people, organisations, commitments, policies within its school or
 * group. Partner: what is plan or public and its own organisation's. Reader: what is plan or public. */
const struct right rights[] = {
	{"action_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"action_create", NOTHING, "{\"group\":\"$G\",\"texts\":[{\"language\":\"en\",\"title\":\"Walk\"}]}",
	 IN_GROUP_SEEN, NEVER, NEVER},
	{"action_read", ACTION, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"action_change", ACTION, "{\"retired\":true}", IN_GROUP_SEEN, NEVER, NEVER},
	{"action_remove", ACTION, NULL, IN_GROUP_SEEN, NEVER, NEVER},

	{"commitment_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"commitment_create", NOTHING, PROMISE "}", IN_SCOPE_SEEN, NEVER, NEVER},
	{"commitment_bulk", NOTHING, ITEMS(PROMISE "}"), IN_SCOPE_SEEN, NEVER, NEVER},
	{"commitment_read", COMMITMENT, NULL, READABLE, READABLE, READABLE},
	{"commitment_change", COMMITMENT, "{\"title\":\"Changed\"}", READABLE_IN_SCOPE, NEVER, NEVER},
	{"commitment_remove", COMMITMENT, NULL, NEVER, NEVER, NEVER},
	{"commitment_move", COMMITMENT, "{\"status\":\"in_progress\"}", READABLE_IN_SCOPE, READABLE_OWN, NEVER},
	{"commitment_remind", COMMITMENT, "{}", READABLE_IN_SCOPE, NEVER, NEVER},
	{"pledge_list", COMMITMENT, NULL, READABLE_IN_SCOPE, READABLE, NEVER},
	{"pledge_create", COMMITMENT, "{\"organisation_id\":\"$O\",\"pledged\":7}", READABLE_IN_SCOPE, READABLE_AS_OWN,
	 NEVER},
	{"pledge_read", PLEDGE, NULL, READABLE_IN_SCOPE, READABLE_ONLY_OWN, NEVER},
	{"pledge_change", PLEDGE, "{\"done\":3}", READABLE_IN_SCOPE, READABLE_ONLY_OWN, NEVER},
	{"pledge_remove", PLEDGE, NULL, READABLE_IN_SCOPE, READABLE_ONLY_OWN, NEVER},
	{"confirmation_list", COMMITMENT, NULL, READABLE, READABLE, NEVER},
	{"confirmation_create", COMMITMENT, "{\"confirmed\":true,\"by\":{\"group\":\"policymakers\"}}",
	 READABLE_NO_GROUP, READABLE_REFUSED, NEVER},
	{"confirmation_read", CONFIRMATION, NULL, READABLE, OWN, NEVER},
	{"reminder_list", COMMITMENT, NULL, READABLE, READABLE, NEVER},
	{"unreachable_list", NOTHING, NULL, ALWAYS, NEVER, NEVER},
	{"commitment_handover_list", COMMITMENT, NULL, READABLE, NEVER, NEVER},
	{"event_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"event_read", EVENT, NULL, READABLE, READABLE, READABLE},
	{"summary", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},

	{"person_list", NOTHING, NULL, ALWAYS, NEVER, NEVER},
	{"person_create", NOTHING, SOMEBODY, IN_SCOPE_SEEN, NEVER, NEVER},
	{"person_bulk", NOTHING, ITEMS(SOMEBODY), IN_SCOPE_SEEN, NEVER, NEVER},
	{"person_read", PERSON, NULL, IN_SCOPE, NEVER, NEVER},
	{"person_change", PERSON, "{\"name\":\"Ann\"}", IN_SCOPE, NEVER, NEVER},
	{"person_remove", PERSON, NULL, NEVER, NEVER, NEVER},
	{"person_contact_create", PERSON, "{\"channel\":\"email\",\"address\":\"a@a.example\"}", IN_SCOPE, NEVER,
	 NEVER},

	{"handover_list", PERSON, NULL, IN_SCOPE, NEVER, NEVER},
	{"handover_create", PERSON, "{\"to\":{\"organisation_id\":\"$O\"}}", IN_SCOPE, NEVER, NEVER},

	{"organisation_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"organisation_create", NOTHING, SOME_CLASS, IN_SCOPE_SEEN, NEVER, NEVER},
	{"organisation_bulk", NOTHING, ITEMS(SOME_CLASS), IN_SCOPE_SEEN, NEVER, NEVER},
	{"organisation_read", ORGANISATION, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"organisation_change", ORGANISATION, "{\"name\":\"Other\"}", IN_SCOPE_SEEN, OWN_SEEN, NEVER},
	{"organisation_remove", FREE_ORGANISATION, NULL, IN_SCOPE_SEEN, NEVER, NEVER},
	{"organisation_contact_create", ORGANISATION, "{\"channel\":\"email\",\"address\":\"a@a.example\"}",
	 IN_SCOPE_SEEN, OWN_SEEN, NEVER},

	{"contact_read", PERSON_CONTACT, NULL, IN_SCOPE, OWN, NEVER},
	{"contact_read", ORGANISATION_CONTACT, NULL, ALWAYS, OWN, NEVER},
	{"contact_change", PERSON_CONTACT, "{\"paused\":true}", IN_SCOPE, OWN, NEVER},
	{"contact_change", ORGANISATION_CONTACT, "{\"paused\":true}", IN_SCOPE_SEEN, OWN, NEVER},
	{"contact_remove", PERSON_CONTACT, NULL, IN_SCOPE, OWN, NEVER},
	{"contact_remove", ORGANISATION_CONTACT, NULL, IN_SCOPE_SEEN, OWN, NEVER},

	{"school_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"school_create", NOTHING, "{\"name\":\"A school\"}", NEVER, NEVER, NEVER},
	{"school_read", SCHOOL, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"school_change", SCHOOL, "{\"name\":\"Other\"}", IN_SCHOOL_SEEN, NEVER, NEVER},
	{"school_remove", FREE_SCHOOL, NULL, NEVER, NEVER, NEVER},

	{"closed_day_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"closed_day_create", NOTHING, "{\"name\":\"Break\",\"school_id\":\"$S\",\"first_on\":\"2026-12-21\"}",
	 IN_SCHOOL_SEEN, NEVER, NEVER},
	{"closed_day_read", CLOSED_DAY, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"closed_day_change", CLOSED_DAY, "{\"name\":\"Other\"}", IN_SCHOOL_SEEN, NEVER, NEVER},
	{"closed_day_remove", CLOSED_DAY, NULL, IN_SCHOOL_SEEN, NEVER, NEVER},

	{"framework_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"framework_create", NOTHING,
	 "{\"name\":\"Ours\",\"groups\":[{\"group\":\"families\",\"necessity\":\"must\"}]}", NEVER, NEVER, NEVER},
	{"framework_read", FRAMEWORK, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"framework_change", FRAMEWORK, "{\"name\":\"Other\"}", NEVER, NEVER, NEVER},
	{"framework_remove", FREE_FRAMEWORK, NULL, NEVER, NEVER, NEVER},

	{"plan_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"plan_create", NOTHING, SOME_PLAN, IN_SCHOOL_SEEN, NEVER, NEVER},
	{"plan_read", DRAFT_PLAN, NULL, SEEN_AT_SCHOOL, HIDDEN, HIDDEN},
	{"plan_read", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL},
	{"plan_report", DRAFT_PLAN, NULL, SEEN_AT_SCHOOL, HIDDEN, HIDDEN},
	{"plan_report", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL},
	{"plan_change", DRAFT_PLAN, "{\"title\":\"Other\"}", AT_SCHOOL, NEVER, NEVER},
	{"plan_remove", DRAFT_PLAN, NULL, AT_SCHOOL, NEVER, NEVER},
	{"plan_compare", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL},
	{"plan_copy", DRAFT_PLAN,
	 "{\"school_year\":\"2037-38\",\"starts_on\":\"2037-08-24\",\"ends_on\":\"2038-06-11\"}", AT_SCHOOL, NEVER,
	 NEVER},
	{"plan_item_list", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL},
	{"plan_item_create", DRAFT_PLAN, "{\"group\":\"families\",\"title\":\"Read\"}", AT_SCHOOL, NEVER, NEVER},
	{"plan_item_read", DRAFT_ITEM, NULL, SEEN_AT_SCHOOL, HIDDEN, HIDDEN},
	{"plan_item_read", OPEN_ITEM, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL},
	{"plan_item_change", DRAFT_ITEM, "{\"title\":\"Other\"}", AT_SCHOOL, NEVER, NEVER},
	{"plan_item_remove", DRAFT_ITEM, NULL, AT_SCHOOL, NEVER, NEVER},
	{"plan_version_list", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL},
	{"plan_version_create", OPEN_PLAN, "{}", AT_SCHOOL, NEVER, NEVER},
	{"plan_version_read", OPEN_VERSION, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL},
	{"plan_version_move", OPEN_VERSION, "{\"status\":\"archived\"}", AT_SCHOOL, NEVER, NEVER},

	{"coverage_read", DRAFT_PLAN, NULL, SEEN_AT_SCHOOL, HIDDEN, HIDDEN},
	{"coverage_read", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL},
	{"invitation_list", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, NEVER, NEVER},
	{"invitation_create", OPEN_PLAN, "{}", AT_SCHOOL, NEVER, NEVER},
	{"invitation_read", INVITATION, NULL, SEEN_AT_SCHOOL, NEVER, NEVER},
	{"invitation_change", INVITATION, "{\"subject\":\"Come\"}", AT_SCHOOL, NEVER, NEVER},
	{"invitation_remove", INVITATION, NULL, AT_SCHOOL, NEVER, NEVER},
	{"invitation_send", INVITATION, "{}", AT_SCHOOL, NEVER, NEVER},
	{"meeting_list", NOTHING, NULL, ALWAYS, NEVER, NEVER},
	{"meeting_create", NOTHING, "{\"title\":\"Kickoff\",\"school_id\":\"$S\",\"held_on\":\"2026-09-01\"}",
	 IN_SCHOOL_SEEN, NEVER, NEVER},
	{"meeting_read", MEETING, NULL, SEEN_AT_SCHOOL, NEVER, NEVER},
	{"meeting_change", MEETING, "{\"title\":\"Other\"}", AT_SCHOOL, NEVER, NEVER},
	{"meeting_remove", MEETING, NULL, AT_SCHOOL, NEVER, NEVER},
	{"meeting_answer_list", MEETING, NULL, SEEN_AT_SCHOOL, NEVER, NEVER},
	{"meeting_answer_create", MEETING, "{\"question\":\"agree\",\"group\":\"$G\",\"text\":\"Yes\"}", SEEN_AT_SCHOOL,
	 NEVER, NEVER},
	{"meeting_answer_read", MEETING_ANSWER, NULL, SEEN_AT_SCHOOL, NEVER, NEVER},
	{"meeting_answer_change", MEETING_ANSWER, "{\"text\":\"No\"}", AT_SCHOOL_GROUP, NEVER, NEVER},
	{"meeting_answer_remove", MEETING_ANSWER, NULL, AT_SCHOOL_GROUP, NEVER, NEVER},

	{"response_list", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, NEVER},
	{"response_create", OPEN_PLAN, SAID, AT_SCHOOL_GROUP, AT_SCHOOL_OWN, NEVER},
	{"response_read", RESPONSE, NULL, SEEN_AT_SCHOOL, OWN_SAID, NEVER},
	{"comment_list", OPEN_PLAN, NULL, SEEN_AT_SCHOOL, SEEN_AT_SCHOOL, NEVER},
	{"comment_create", OPEN_PLAN, REMARK, AT_SCHOOL_GROUP, AT_SCHOOL_OWN, NEVER},
	{"comment_read", COMMENT, NULL, SEEN_AT_SCHOOL, OWN_SAID, NEVER},
	{"comment_change", COMMENT, "{\"resolution\":\"taken\"}", AT_SCHOOL_GROUP, NEVER, NEVER},

	{"policy_list", NOTHING, NULL, ALWAYS, NEVER, NEVER},
	{"policy_create", NOTHING, "{\"name\":\"Early\",\"school_id\":\"$S\",\"offsets\":[-14]}", IN_SCHOOL_SEEN, NEVER,
	 NEVER},
	{"policy_read", POLICY, NULL, ALWAYS, NEVER, NEVER},
	{"policy_change", POLICY, "{\"send_at\":\"09:15\"}", IN_SCOPE_SEEN, NEVER, NEVER},
	{"policy_remove", POLICY, NULL, IN_SCOPE_SEEN, NEVER, NEVER},

	{"key_list", NOTHING, NULL, NEVER, NEVER, NEVER},
	{"key_create", NOTHING, "{\"role\":\"reader\",\"school_id\":\"$S\"}", NEVER, NEVER, NEVER},
	{"key_read", KEY, NULL, NEVER, NEVER, NEVER},
	{"key_change", KEY, "{\"name\":\"Other\"}", NEVER, NEVER, NEVER},
	{"key_revoke", KEY, NULL, NEVER, NEVER, NEVER},
	{"key_rotate", KEY, "{}", NEVER, NEVER, NEVER},
	{"endpoint_list", NOTHING, NULL, NEVER, NEVER, NEVER},
	{"endpoint_create", NOTHING, "{\"url\":\"https://a.example/\",\"events\":[\"commitment.*\"]}", NEVER, NEVER,
	 NEVER},
	{"endpoint_read", ENDPOINT, NULL, NEVER, NEVER, NEVER},
	{"endpoint_change", ENDPOINT, "{\"state\":\"paused\"}", NEVER, NEVER, NEVER},
	{"endpoint_remove", ENDPOINT, NULL, NEVER, NEVER, NEVER},
	{"delivery_list", NOTHING, NULL, NEVER, NEVER, NEVER},
	{"delivery_read", DELIVERY, NULL, NEVER, NEVER, NEVER},
	{"district_read", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"district_change", NOTHING, "{\"coordinator_id\":\"$P\"}", NEVER, NEVER, NEVER},
	{"group_list", NOTHING, NULL, ALWAYS, ALWAYS, ALWAYS},
	{"group_read", GROUP_CODE, NULL, ALWAYS, ALWAYS, ALWAYS},
};
const size_t right_count = sizeof(rights) / sizeof(rights[0]);

static bool readable(unsigned role, enum scope scope, enum side side, enum visibility visibility)
{
	if (scope == OF_ORGANISATION && side == INSIDE)
		return true;
	if (scope == OF_SCHOOL && side == OUTSIDE)
		return false;
	if (visibility == PLAN || visibility == PUBLIC)
		return true;
	return visibility == OF_ITS_GROUP &&
	       ((scope == OF_GROUP && side == INSIDE) || (role == ROLE_STEWARD && scope != OF_GROUP));
}

int right_status(const struct right *right, unsigned role, enum scope scope, enum side side, enum visibility visibility)
{
	bool inside = side == INSIDE, in_scope = scope == WHOLE || inside;
	bool own = scope == OF_ORGANISATION && inside, read = readable(role, scope, side, visibility);
	enum rule rule = role == ROLE_STEWARD ? right->steward : role == ROLE_PARTNER ? right->partner : right->reader;
	if (role == ROLE_ADMIN)
		return 200;
	switch (rule) {
	case NEVER:
		return 403;
	case ALWAYS:
		return 200;
	case IN_SCOPE:
		return in_scope ? 200 : 404;
	case IN_SCOPE_SEEN:
		return in_scope ? 200 : 403;
	case IN_SCHOOL_SEEN:
		return in_scope && scope != OF_GROUP ? 200 : 403;
	case IN_GROUP_SEEN:
		return in_scope && scope != OF_SCHOOL ? 200 : 403;
	case OWN:
		return own && right->kind == ORGANISATION_CONTACT ? 200 : 404;
	case OWN_SEEN:
		return own ? 200 : 403;
	case AT_SCHOOL_OWN:
		return own ? 200 : scope == OF_SCHOOL && !inside ? 404 : 403;
	case OWN_SAID:
		return own ? 200 : 404;
	case READABLE:
		return read ? 200 : 404;
	case READABLE_IN_SCOPE:
		return !read ? 404 : in_scope ? 200 : 403;
	case READABLE_REFUSED:
		return read ? 403 : 404;
	case READABLE_NO_GROUP:
		return !read ? 404 : scope == OF_GROUP ? 403 : 200;
	case READABLE_AS_OWN:
		return !read ? 404 : scope == OF_ORGANISATION ? 200 : 403;
	case READABLE_ONLY_OWN:
		return read && own ? 200 : 404;
	case SEEN_AT_SCHOOL:
		return scope == OF_SCHOOL && !inside ? 404 : 200;
	case AT_SCHOOL:
		return scope == OF_SCHOOL && !inside ? 404 : scope == OF_GROUP ? 403 : 200;
	case AT_SCHOOL_GROUP:
		return in_scope ? 200 : scope == OF_SCHOOL ? 404 : 403;
	case HIDDEN:
		return 404;
	case READABLE_OWN:
		return !read ? 404 : own ? 200 : 403;
	}
	return 0;
}

static const char *const group_codes[SIDES] = {"families", "teachers"};
static const char *const visibility_names[VISIBILITIES] = {"private", "group", "plan", "public"};

/* Values of $S $G $P $O $A $F $I and, for names, $M. */
static const char *filled(const char *form, const char *const values[8])
{
	static const char letters[] = "SGPOAFIM";
	struct text out;
	text_init(&out, 8192);
	for (; *form; form++) {
		const char *letter = *form == '$' && form[1] ? strchr(letters, form[1]) : NULL;
		if (letter)
			text_adds(&out, values[letter - letters]);
		else
			text_add(&out, form, 1);
		form += letter != NULL;
	}
	char *made = text_take(&out);
	ck_assert_ptr_nonnull(made);
	const char *kept = text_of("%s", made);
	free(made);
	return kept;
}

const char *tenant_body(const struct tenant *tenant, enum side side, const char *form)
{
	const char *item = strchr(tenant->things[OPEN_ITEM][side][0], ' ');
	return filled(form, (const char *const[]){
				    tenant->things[SCHOOL][side][0], group_codes[side], tenant->things[PERSON][side][0],
				    tenant->things[ORGANISATION][side][0], tenant->things[ACTION][side][0],
				    tenant->things[FRAMEWORK][side][0], item ? item + 1 : "", tenant->mark});
}

const char *tenant_body_absent(const char *form)
{
	return filled(form, (const char *const[]){WORLD_ABSENT, group_codes[INSIDE], WORLD_ABSENT, WORLD_ABSENT,
						  WORLD_ABSENT, WORLD_ABSENT, WORLD_ABSENT, ""});
}

static void keep(char *out, size_t size, const char *value)
{
	ck_assert_uint_lt((size_t)snprintf(out, size, "%s", value), size);
}

/* Adds a thing of that side; what was answered, to be released. */
static struct answer add(struct tenant *tenant, const struct world *world, enum kind kind, enum side side,
			 const char *path, const char *form)
{
	struct answer made =
		must(201, ask(&world->asking, tenant->admin, "POST", path, NULL, tenant_body(tenant, side, form)));
	keep(tenant->things[kind][side][0], sizeof(tenant->things[kind][side][0]), at(&made, "id"));
	return made;
}

static void add_plain(struct tenant *tenant, const struct world *world, enum kind kind, enum side side,
		      const char *path, const char *form)
{
	struct answer made = add(tenant, world, kind, side, path, form);
	answer_release(&made);
}

static void add_reached(struct tenant *tenant, const struct world *world, enum kind kind, enum kind contact,
			enum side side, const char *path, const char *form)
{
	struct answer made = add(tenant, world, kind, side, path, form);
	keep(tenant->things[contact][side][0], sizeof(tenant->things[contact][side][0]), at(&made, "contacts/0/id"));
	answer_release(&made);
}

/* The id of the first thing in a list. */
static const char *first(const struct tenant *tenant, const struct world *world, const char *list,
			 const char *commitment)
{
	struct answer listed = must(200, ask(&world->asking, tenant->admin, "GET",
					     text_of("%s?commitment_id=%s", list, commitment), NULL, NULL));
	const char *id = at(&listed, "items/0/id");
	ck_assert_str_ne(id, "");
	answer_release(&listed);
	return id;
}

static const char *add_commitment(const struct tenant *tenant, const struct world *world, enum side side,
				  enum visibility visibility)
{
	return world_make(
		world, tenant->admin, "/v1/commitments",
		tenant_body(
			tenant, side,
			text_of("{\"group\":\"$G\",\"school_id\":\"$S\",\"title\":\"$M\",\"visibility\":\"%s\","
				"\"kind\":\"collective\",\"owner\":{\"person_id\":\"$P\"},\"due_on\":\"2027-02-15\","
				"\"parties\":[{\"role\":\"helper\",\"organisation_id\":\"$O\"},{\"role\":"
				"\"beneficiary\",\"group\":\"policymakers\"}]}",
				visibility_names[visibility])));
}

static void add_commitments(struct tenant *tenant, const struct world *world, enum side side)
{
	for (enum visibility v = PRIVATE; v < VISIBILITIES; v++) {
		const char *id = add_commitment(tenant, world, side, v);
		keep(tenant->things[COMMITMENT][side][v], 40, id);
		keep(tenant->things[EVENT][side][v], 40, first(tenant, world, "/v1/events", id));
		id = add_commitment(tenant, world, side, v);
		const char *pledge =
			world_make(world, tenant->admin, text_of("/v1/commitments/%s/pledges", id),
				   tenant_body(tenant, side, "{\"organisation_id\":\"$O\",\"pledged\":12}"));
		keep(tenant->things[PLEDGE][side][v], 80, text_of("%s %s", id, pledge));
		const char *confirmation =
			world_make(world, tenant->admin, text_of("/v1/commitments/%s/confirmations", id),
				   "{\"confirmed\":true,\"by\":{\"group\":\"policymakers\"}}");
		keep(tenant->things[CONFIRMATION][side][v], 80, text_of("%s %s", id, confirmation));
	}
}

/* A plan with an item, in consultation if it is open. */
static void add_plan(struct tenant *tenant, const struct world *world, enum side side, enum kind plan, enum kind item)
{
	add_plain(tenant, world, plan, side, "/v1/plans", SOME_PLAN);
	const char *id = tenant->things[plan][side][0];
	keep(tenant->things[item][side][0], 80,
	     text_of("%s %s", id,
		     world_make(world, tenant->admin, text_of("/v1/plans/%s/items", id),
				tenant_body(tenant, side, "{\"group\":\"$G\",\"title\":\"$M\"}"))));
	if (plan != OPEN_PLAN)
		return;
	must_be(200, ask(&world->asking, tenant->admin, "POST", text_of("/v1/plans/%s/versions/1/status", id), NULL,
			 "{\"status\":\"consultation\"}"));
	keep(tenant->things[OPEN_VERSION][side][0], 80, text_of("%s 1", id));
	static const struct {
		enum kind kind;
		const char *list, *body;
	} said[] = {{RESPONSE, "responses", SAID}, {COMMENT, "comments", REMARK}};
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const char *made = world_make(world, tenant->admin, text_of("/v1/plans/%s/%s", id, said[i].list),
					      tenant_body(tenant, side, said[i].body));
		keep(tenant->things[said[i].kind][side][0], 80, text_of("%s %s", id, made));
	}
}

static void add_meeting(struct tenant *tenant, const struct world *world, enum side side)
{
	add_plain(tenant, world, MEETING, side, "/v1/meetings",
		  "{\"title\":\"$M\",\"school_id\":\"$S\",\"held_on\":\"2026-09-01\"}");
	const char *meeting = text_of("%s", tenant->things[MEETING][side][0]);
	add_plain(tenant, world, MEETING_ANSWER, side, text_of("/v1/meetings/%s/answers", meeting),
		  "{\"question\":\"agree\",\"group\":\"$G\",\"text\":\"$M\"}");
	keep(tenant->things[MEETING_ANSWER][side][0], 80,
	     text_of("%s %s", meeting, tenant->things[MEETING_ANSWER][side][0]));
}

static void add_invitation(struct tenant *tenant, const struct world *world, enum side side)
{
	const char *plan = tenant->things[OPEN_PLAN][side][0];
	struct answer drafts =
		must(200, ask(&world->asking, tenant->admin, "POST", text_of("/v1/plans/%s/invitations", plan), NULL,
			      tenant_body(tenant, side, "{\"groups\":[\"$G\"]}")));
	keep(tenant->things[INVITATION][side][0], 80, text_of("%s %s", plan, at(&drafts, "items/0/id")));
	answer_release(&drafts);
}

static void add_things(struct tenant *tenant, const struct world *world, enum side side)
{
	add_plain(tenant, world, SCHOOL, side, "/v1/schools", "{\"name\":\"$M\"}");
	add_plain(tenant, world, FREE_SCHOOL, side, "/v1/schools", "{\"name\":\"$M\"}");
	add_reached(tenant, world, PERSON, PERSON_CONTACT, side, "/v1/people",
		    "{\"name\":\"$M\",\"groups\":[\"$G\"],\"school_ids\":[\"$S\"],\"contacts\":[{\"channel\":\"email\","
		    "\"address\":\"$M@a.example\"}]}");
	add_reached(tenant, world, ORGANISATION, ORGANISATION_CONTACT, side, "/v1/organisations",
		    "{\"name\":\"$M\",\"kind\":\"chapter\",\"members\":40,\"group\":\"$G\",\"school_id\":\"$S\","
		    "\"contacts\":[{"
		    "\"channel\":"
		    "\"email\",\"address\":\"$M@b.example\"}]}");
	add_plain(tenant, world, FREE_ORGANISATION, side, "/v1/organisations",
		  "{\"name\":\"$M\",\"kind\":\"other\",\"group\":\"$G\",\"school_id\":\"$S\"}");
	add_plain(tenant, world, ACTION, side, "/v1/actions",
		  "{\"group\":\"$G\",\"texts\":[{\"language\":\"en\",\"title\":\"$M\"}]}");
	add_plain(tenant, world, POLICY, side, "/v1/reminder-policies",
		  "{\"name\":\"$M\",\"school_id\":\"$S\",\"group\":\"$G\",\"offsets\":[-1]}");
	add_plain(tenant, world, CLOSED_DAY, side, "/v1/closed-days",
		  "{\"name\":\"$M\",\"school_id\":\"$S\",\"first_on\":\"2026-12-21\"}");
	add_plain(tenant, world, KEY, side, "/v1/keys", "{\"name\":\"$M\",\"role\":\"steward\",\"school_id\":\"$S\"}");
	add_plain(tenant, world, ENDPOINT, side, "/v1/webhook-endpoints",
		  "{\"url\":\"https://a.example/$M\",\"events\":[\"commitment.*\"]}");
	add_plain(tenant, world, FRAMEWORK, side, "/v1/frameworks",
		  "{\"name\":\"$M\",\"groups\":[{\"group\":\"$G\",\"necessity\":\"must\"}]}");
	add_plain(tenant, world, FREE_FRAMEWORK, side, "/v1/frameworks",
		  "{\"name\":\"$M\",\"groups\":[{\"group\":\"$G\",\"necessity\":\"must\"}]}");
	add_plan(tenant, world, side, DRAFT_PLAN, DRAFT_ITEM);
	add_plan(tenant, world, side, OPEN_PLAN, OPEN_ITEM);
	add_meeting(tenant, world, side);
	add_invitation(tenant, world, side);
	add_commitments(tenant, world, side);
	const char *told = world_make(world, tenant->admin, "/v1/commitments",
				      tenant_body(tenant, side,
						  "{\"group\":\"$G\",\"title\":\"$M\",\"owner\":{\"person_id\":\"$P\"},"
						  "\"due_on\":\"2027-02-15\"}"));
	must_be(202,
		ask(&world->asking, tenant->admin, "POST", text_of("/v1/commitments/%s/remind", told), NULL, "{}"));
	keep(tenant->things[DELIVERY][side][0], 40, first(tenant, world, "/v1/deliveries", told));
	keep(tenant->things[GROUP_CODE][side][0], 40, group_codes[side]);
}

static void add_keys(struct tenant *tenant, const struct world *world)
{
	static const char *const roles[] = {"admin", "steward", "partner", "reader"};
	static const char *const scopes[SCOPES] = {"", ",\"school_id\":\"$S\"", ",\"group\":\"$G\"",
						   ",\"organisation_id\":\"$O\""};
	keep(tenant->keys[0][WHOLE], sizeof(tenant->keys[0][WHOLE]), tenant->admin);
	for (int role = 1; role < 4; role++)
		for (enum scope scope = WHOLE; scope < SCOPES; scope++) {
			if (scope == OF_ORGANISATION && ROLE_ADMIN << role != ROLE_PARTNER)
				continue;
			struct answer made =
				must(201, ask(&world->asking, tenant->admin, "POST", "/v1/keys", NULL,
					      tenant_body(tenant, INSIDE,
							  text_of("{\"role\":\"%s\"%s}", roles[role], scopes[scope]))));
			keep(tenant->keys[role][scope], sizeof(tenant->keys[role][scope]), at(&made, "key"));
			answer_release(&made);
		}
}

void tenant_fill(struct tenant *tenant, const struct world *world)
{
	for (enum side side = INSIDE; side < SIDES; side++)
		add_things(tenant, world, side);
	add_keys(tenant, world);
}
