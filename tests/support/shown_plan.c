#include "tests/support/shown_plan.h"

#include <check.h>
#include <stdlib.h>

#include "kept/text.h"
#include "tests/support/query.h"

#define MOVE(status, goals)                                                                                            \
	"update kept.plan_version set status = '" status "', text_hash = repeat('a', 64)"                              \
	" where district_id = '$D' and plan_id = md5('plan $G')::uuid and '$V' in " goals ";"

/* $D district, $S school, $P person, $G slug, $V status, $U published */
static const char plan[] =
	"insert into kept.plan (district_id, id, framework_id, school_id, school_year, title, starts_on, ends_on, "
	"review_on,"
	" slug, published, sheet_code, created_by)"
	" select '$D', md5('plan $G')::uuid, f.id, '$S', '2026-27', 'Plan $H', '2026-08-20', '2027-06-15', "
	"'2027-05-03', '$G', $U,"
	" 'sheet' || translate(md5('sheet $G')::char(12), '01', 'xy'), 'test'"
	" from kept.framework f where f.district_id = '$D' and f.catalogue_code = 'guide';"
	"insert into kept.plan_version (district_id, plan_id, number, created_by)"
	" values ('$D', md5('plan $G')::uuid, 1, 'test');"
	/* As the catalogue has it, one a group; the families' is the district's own, and hostile. */
	"insert into kept.plan_item (district_id, plan_id, version_number, line, group_code, action_id, title, "
	"description, due_on,"
	" owed_to_group, text_hash)"
	" select '$D', md5('plan $G')::uuid, 1, gen_random_uuid(), a.group_code, a.id,"
	" case a.group_code when 'families' then 'Read $H' else t.title end,"
	" case a.group_code when 'families' then 'Words $H' else t.description end,"
	" '2027-01-04', 'students', repeat('0', 64)"
	" from kept.action a join kept.catalogue_action_text t on t.code = a.catalogue_code and t.language = 'en'"
	" where a.district_id = '$D' and a.position = 1;"
	/* Promises of the school: a person has a part in each, and is to be seen nowhere. */
	"with made as ("
	" insert into kept.commitment (district_id, group_code, school_id, title, when_where_how, due_on, "
	"first_due_on, status,"
	" visibility, completed_on, plan_id, created_by)"
	" select '$D', g, '$S', t, 'At María''s', d::date, f::date, s, v, c::date, md5('plan $G')::uuid, 'test' from "
	"(values"
	" ('leaders', 'Translate the handbook', '2027-01-04', '2027-01-04', 'in_progress', 'public', null),"
	" ('leaders', 'Open the library', '2027-01-04', '2027-01-04', 'completed', 'plan', '2027-01-03'),"
	" ('leaders', 'Mend the bus line', '2027-01-05', '2027-01-02', 'verified', 'public', '2027-01-04'),"
	" ('leaders', 'Drop the fee', '2027-01-04', '2027-01-04', 'withdrawn', 'public', null),"
	" ('leaders', 'Only for the group', '2027-01-04', '2027-01-04', 'in_progress', 'group', null),"
	" ('teachers', 'Only for its parties', '2027-01-04', '2027-01-04', 'in_progress', 'private', null),"
	" ('families', 'Read every evening', '2027-01-04', '2027-01-04', 'in_progress', 'public', null),"
	" ('policymakers', 'Nobody took it on', '2027-03-04', '2027-03-04', 'proposed', 'public', null),"
	" ('students', 'Ask for help', '2027-03-04', '2027-03-04', 'agreed', 'public', null)"
	" ) as given (g, t, d, f, s, v, c) returning id)"
	" insert into kept.party (district_id, commitment_id, role, person_id) select '$D', id, 'owner', '$P' from "
	"made;" MOVE("consultation", "('consultation', 'adopted', 'in_force')")
		MOVE("adopted", "('adopted', 'in_force')") MOVE("in_force", "('in_force')");

static void add_value(struct text *out, char name, const struct world_place *place, const char *slug,
		      const char *status, bool published)
{
	switch (name) {
	case 'D':
		text_adds(out, place->id);
		break;
	case 'S':
		text_adds(out, place->school);
		break;
	case 'P':
		text_adds(out, place->person);
		break;
	case 'G':
		text_adds(out, slug);
		break;
	case 'V':
		text_adds(out, status);
		break;
	case 'U':
		text_adds(out, published ? "true" : "false");
		break;
	default:
		for (const char *c = SHOWN_HOSTILE; *c; c++)
			text_addf(out, *c == '\'' ? "''" : "%c", *c);
	}
}

const char *shown_plan(const struct world *world, const struct world_place *place, const char *slug, const char *status,
		       bool published)
{
	/* Tests are forked: a counter would begin anew. */
	char *drawn = query_text(world->superuser, "select 'plan-' || left(md5(random()::text), 16)");
	const char *name = slug ? slug : text_of("%s", drawn);
	struct text sql;

	free(drawn);
	text_init(&sql, 16384);
	for (const char *c = plan; *c; c++)
		if (*c == '$' && c[1] >= 'A' && c[1] <= 'Z')
			add_value(&sql, *++c, place, name, status, published);
		else
			text_add(&sql, c, 1);
	ck_assert(text_ok(&sql));
	query_run(world->superuser, sql.bytes);
	text_release(&sql);
	char *made = query_text(world->superuser,
				text_of("select slug || ' ' || sheet_code from kept.plan where slug = '%s'", name));
	const char *kept = text_of("%s", made);
	free(made);
	return kept;
}
