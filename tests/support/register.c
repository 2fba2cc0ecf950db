#include "tests/support/register.h"

#include <stdlib.h>

#include "tests/support/query.h"

/* Groups are there without a catalogue too. */
static const char groups[] =
	"insert into kept.stakeholder_group (code, position) values"
	" ('teachers', 1), ('teacher_unions', 2), ('education_support_professionals', 3), ('leaders', 4), ('students', "
	"5),"
	" ('families', 6), ('policymakers', 7), ('business_community', 8) on conflict do nothing;"
	"insert into kept.stakeholder_group_text (code, language, name)"
	" select code, 'en', initcap(replace(code, '_', ' ')) from kept.stakeholder_group on conflict do nothing;";

static const char districts[] =
	"insert into kept.district (id, name, time_zone, locale) values"
	" ('" LAKEVIEW "', 'Lakeview', 'America/New_York', 'en'), ('" HILLSIDE "', 'Hillside', 'Europe/Madrid', 'es');"
	"insert into kept.reminder_policy (district_id, name, offsets) select id, 'Default', '{-7,-2,1,7}' from "
	"kept.district;"
	"insert into kept.school (district_id, id, name, time_zone) values"
	" ('" LAKEVIEW "', '" SCHOOL_EAST "', 'East', null),"
	" ('" LAKEVIEW "', '" SCHOOL_WEST "', 'West', 'America/Los_Angeles'),"
	" ('" HILLSIDE "', '" HILLSIDE_SCHOOL "', 'Centro', null);"
	"select kept.catalogue_actions_missing();";

static const char people[] =
	"insert into kept.person (district_id, id, name, language, erased_at) values"
	" ('" LAKEVIEW "', '" PERSON_MARIA "', 'María O''Neill', 'es', null),"
	" ('" LAKEVIEW "', '" PERSON_BEN "', 'Ben Abara', null, null),"
	" ('" LAKEVIEW "', '" PERSON_ERASED "', null, null, kept.now()),"
	" ('" HILLSIDE "', '" HILLSIDE_PERSON "', 'Ana Ruiz', null, null);"
	"insert into kept.person_group (district_id, person_id, group_code) values"
	" ('" LAKEVIEW "', '" PERSON_MARIA "', 'families'), ('" LAKEVIEW "', '" PERSON_BEN "', 'teachers'),"
	" ('" HILLSIDE "', '" HILLSIDE_PERSON "', 'families');"
	"insert into kept.person_school (district_id, person_id, school_id) values"
	" ('" LAKEVIEW "', '" PERSON_MARIA "', '" SCHOOL_EAST "'),"
	" ('" HILLSIDE "', '" HILLSIDE_PERSON "', '" HILLSIDE_SCHOOL "');"
	"insert into kept.organisation (district_id, id, name, kind, group_code) values"
	" ('" LAKEVIEW "', '" ORGANISATION_CHAMBER "', 'Lakeview Chamber', 'chamber', 'business_community'),"
	" ('" LAKEVIEW "', '" ORGANISATION_CHAPTER "', 'Local 12', 'chapter', 'teacher_unions'),"
	" ('" HILLSIDE "', '" HILLSIDE_ORGANISATION "', 'Cámara', 'chamber', 'business_community');"
	"insert into kept.contact (district_id, person_id, organisation_id, channel, address, secret) values"
	" ('" LAKEVIEW "', '" PERSON_MARIA "', null, 'email', 'maria@lakeview.example', null),"
	" ('" LAKEVIEW "', null, '" ORGANISATION_CHAMBER "', 'webhook', 'https://chamber.example/hook', 'ks1.sealed'),"
	" ('" HILLSIDE "', '" HILLSIDE_PERSON "', null, 'email', 'ana@hillside.example', null);";

static const char keys[] =
	"insert into kept.key (district_id, name, prefix, hash, role, school_id, group_code, organisation_id) values"
	" ('" LAKEVIEW "', 'admin', 'kept_aa', '" KEY_ADMIN "', 'admin', null, null, null),"
	" ('" LAKEVIEW "', 'steward', 'kept_bb', '" KEY_STEWARD "', 'steward', null, null, null),"
	" ('" LAKEVIEW "', 'partner', 'kept_cc', '" KEY_PARTNER "', 'partner', null, null, '" ORGANISATION_CHAMBER "'),"
	" ('" LAKEVIEW "', 'reader', 'kept_dd', '" KEY_READER "', 'reader', null, null, null),"
	" ('" LAKEVIEW "', 'east', 'kept_11', '" KEY_STEWARD_EAST "', 'steward', '" SCHOOL_EAST "', null, null),"
	" ('" LAKEVIEW "', 'families', 'kept_22', '" KEY_STEWARD_FAMILIES "', 'steward', null, 'families', null),"
	" ('" HILLSIDE "', 'admin', 'kept_ee', '" KEY_HILLSIDE "', 'admin', null, null, null);";

void register_fill(const char *superuser)
{
	query_run(superuser,
		  "do $$ begin execute format('alter database %I set kept.now = %L', current_database(), '" REGISTER_NOW
		  "'); end $$");
	query_run(superuser, groups);
	query_run(superuser, districts);
	query_run(superuser, people);
	query_run(superuser, keys);
}

void register_clear(const char *superuser)
{
	query_run(superuser, "delete from kept.delivery; delete from kept.attempt; delete from kept.message; delete "
			     "from kept.waiting; delete from kept.lane;"
			     "delete from kept.reminder; delete from kept.commitment; delete from kept.event_pending; "
			     "delete from kept.event;"
			     "delete from kept.idempotency; delete from kept.endpoint; delete from kept.replan;"
			     "delete from kept.reminder_policy where name <> 'Default'");
}
