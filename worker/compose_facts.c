#include "worker/compose_facts.h"

#include <string.h>

#include "kept/text.h"

/* The text of a member, `absent` where it is missing or null; NULL where it is no text or cut by U+0000. */
static const char *text_of(const json_t *object, const char *name, const char *absent)
{
	const json_t *value = json_object_get(object, name);
	if (value == NULL || json_is_null(value))
		return absent;
	const char *text = json_string_value(value);
	if (text == NULL || strlen(text) != json_string_length(value))
		return NULL;
	return text;
}

static bool is_person(const char *name, const char *address)
{
	return name != NULL && address != NULL && text_is_line(name) && text_is_line(address) && text_is_email(address);
}

static bool read_people(struct compose_facts *facts, const json_t *json, const char **why)
{
	const json_t *to = json_object_get(json, "to");
	const json_t *reply = json_object_get(json, "reply_to");
	facts->to_name = text_of(to, "name", "");
	facts->to_address = text_of(to, "address", NULL);
	facts->reply_name = "";
	facts->reply_address = "";
	if (!is_person(facts->to_name, facts->to_address)) {
		*why = "the reader's name or address is missing, malformed or holds a control character";
		return false;
	}
	if (!json_is_object(reply))
		return true;
	facts->reply_name = text_of(reply, "name", "");
	facts->reply_address = text_of(reply, "address", NULL);
	if (!is_person(facts->reply_name, facts->reply_address)) {
		*why = "the name or address for replies is missing, malformed or holds a control character";
		return false;
	}
	if (*facts->reply_name == '\0')
		facts->reply_name = facts->reply_address;
	return true;
}

static bool read_sender(struct compose_facts *facts, const json_t *json, const char **why)
{
	const json_t *sender = json_object_get(json, "sender");
	facts->district = text_of(sender, "district", NULL);
	facts->school = text_of(sender, "school", "");
	if (facts->district != NULL && facts->school != NULL && *facts->district != '\0' &&
	    text_is_line(facts->district) && text_is_line(facts->school))
		return true;
	*why = "the sender's name is missing or holds a control character";
	return false;
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; word != NULL && i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* To whom it is owed, or who has a part in it. */
static bool is_role(const char *role, enum compose_kind kind)
{
	static const char *const parts[] = {"owner", "helper", "accountable", "escalation"}, *const owed[] = {
												     "beneficiary"};
	return kind == COMPOSE_KEPT || kind == COMPOSE_LATE ? is_one_of(role, owed, 1) : is_one_of(role, parts, 4);
}

/* A reminder and what is late always have a due date, and what was kept the day on which it was. */
static bool read_dates(struct compose_facts *facts, const json_t *commitment)
{
	const json_t *days = json_object_get(commitment, "days");
	bool kept = facts->kind == COMPOSE_KEPT;
	facts->due_on = text_of(commitment, "due_on", "");
	facts->completed_on = kept ? text_of(commitment, "completed_on", NULL) : "";
	if (facts->due_on == NULL || facts->completed_on == NULL || (kept && !text_is_date(facts->completed_on)))
		return false;
	if (*facts->due_on == '\0')
		return kept || facts->kind == COMPOSE_HANDOVER;
	json_int_t number = json_integer_value(days);
	if (!json_is_integer(days) || !text_is_date(facts->due_on) || number < -100000 || number > 100000)
		return false;
	facts->days = (int)number;
	return true;
}

static bool read_commitment(struct compose_facts *facts, const json_t *json, const char **why)
{
	const json_t *commitment = json_object_get(json, "commitment");
	facts->title = text_of(commitment, "title", NULL);
	facts->group_name = text_of(commitment, "group_name", text_of(commitment, "group", NULL));
	facts->owner = text_of(commitment, "owner", "");
	facts->role = text_of(commitment, "role", NULL);
	facts->when_where_how = text_of(commitment, "when_where_how", "");
	*why = "the commitment's facts are incomplete or malformed";
	if (facts->title == NULL || *facts->title == '\0' || facts->group_name == NULL || facts->owner == NULL ||
	    facts->when_where_how == NULL || !is_role(facts->role, facts->kind) || !read_dates(facts, commitment))
		return false;
	facts->owner_is_group = *facts->owner == '\0' || strcmp(facts->owner, facts->group_name) == 0;
	if (facts->owner_is_group)
		facts->owner = facts->group_name;
	*why = "the title, the group or the owner's name holds a control character";
	return text_is_line(facts->title) && text_is_line(facts->group_name) && text_is_line(facts->owner);
}

/* A tag goes into headers and attributes: letters, digits and hyphens. */
static bool is_tag(const char *tag)
{
	size_t length = strlen(tag);
	return length > 0 && length <= 35 &&
	       strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == length;
}

static bool read_invitation(struct compose_facts *facts, const json_t *json, const char **why)
{
	const json_t *invitation = json_object_get(json, "invitation");
	facts->subject = text_of(invitation, "subject", NULL);
	facts->text = text_of(invitation, "text", NULL);
	*why = "the invitation has no subject, no text or no language, or its subject holds a control character";
	return facts->subject != NULL && facts->text != NULL && *facts->subject != '\0' && *facts->text != '\0' &&
	       text_is_line(facts->subject) && is_tag(facts->language);
}

static bool read_kind(struct compose_facts *facts, const json_t *json)
{
	static const char *const notices[] = {
		[COMPOSE_INVITATION] = "invitation",
		[COMPOSE_KEPT] = "kept",
		[COMPOSE_LATE] = "late",
		[COMPOSE_HANDOVER] = "handover",
	};
	const char *kind = text_of(json, "kind", "reminder"), *notice = text_of(json, "notice", "");
	facts->kind = COMPOSE_REMINDER;
	if (kind == NULL || notice == NULL || strcmp(kind, "notice") != 0)
		return kind != NULL && strcmp(kind, "reminder") == 0;
	for (int i = COMPOSE_INVITATION; i <= COMPOSE_HANDOVER; i++)
		if (strcmp(notice, notices[i]) == 0)
			facts->kind = (enum compose_kind)i;
	return facts->kind != COMPOSE_REMINDER;
}

bool compose_facts_read(struct compose_facts *facts, const json_t *json, const char **why)
{
	memset(facts, 0, sizeof(*facts));
	facts->rung = text_of(json, "rung", "");
	facts->language = text_of(json, "language", "en");
	facts->date = text_of(json, "date", NULL);
	facts->ask = json_is_true(json_object_get(json, "ask"));
	*why = "the facts are incomplete";
	if (!read_kind(facts, json) || facts->rung == NULL || facts->language == NULL || facts->date == NULL)
		return false;
	if (!read_people(facts, json, why) || !read_sender(facts, json, why))
		return false;
	if (!(facts->kind == COMPOSE_INVITATION ? read_invitation : read_commitment)(facts, json, why))
		return false;
	*why = NULL;
	return true;
}
