#include "worker/compose_letter.h"

#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"

#define LONG_AFTER_DAYS 7

/* Which words a mail uses, by what it is for. */
struct choice {
	enum word subject, lead, due, action, why, stop;
};

static struct choice choose_reminder(const struct compose_facts *facts)
{
	enum word due = facts->days < 0 ? WORD_PROMISE_WAS_DUE : WORD_PROMISE_DUE;
	struct choice choice = {.due = due, .why = WORD_WHY, .stop = WORD_STOP, .action = WORD_ACTION_BEFORE};
	if (facts->ask) {
		choice.subject = WORD_SUBJECT_ASK;
		choice.lead = WORD_LEAD_ASK;
		choice.action = WORD_ACTION_ASK;
	} else if (text_starts(facts->rung, "NOW")) {
		choice.subject = WORD_SUBJECT_NOW;
		choice.lead = WORD_LEAD_NOW;
		choice.action = facts->days < 0 ? WORD_ACTION_AFTER : WORD_ACTION_BEFORE;
	} else if (facts->days > 0) {
		choice.subject = WORD_SUBJECT_BEFORE;
		choice.lead = WORD_LEAD_BEFORE;
	} else if (facts->days == 0) {
		choice.subject = WORD_SUBJECT_TODAY;
		choice.lead = WORD_LEAD_TODAY;
	} else {
		choice.subject = WORD_SUBJECT_AFTER;
		choice.lead = facts->days > -LONG_AFTER_DAYS ? WORD_LEAD_AFTER : WORD_LEAD_LONG_AFTER;
		choice.action = WORD_ACTION_AFTER;
	}
	return choice;
}

static struct choice choose(const struct compose_facts *facts)
{
	switch (facts->kind) {
	case COMPOSE_INVITATION:
		return (struct choice){.why = WORD_WHY_INVITATION, .stop = WORD_STOP_NOTICE};
	case COMPOSE_KEPT:
		return (struct choice){WORD_SUBJECT_KEPT, WORD_LEAD_KEPT,       WORD_PROMISE_KEPT,
				       WORD_ACTION_KEPT,  WORD_WHY_BENEFICIARY, WORD_STOP_NOTICE};
	case COMPOSE_LATE:
		return (struct choice){WORD_SUBJECT_LATE, WORD_LEAD_LATE,       WORD_PROMISE_WAS_DUE,
				       WORD_ACTION_LATE,  WORD_WHY_BENEFICIARY, WORD_STOP_NOTICE};
	case COMPOSE_HANDOVER:
		return (struct choice){WORD_SUBJECT_HANDOVER,
				       WORD_LEAD_HANDOVER,
				       facts->days < 0 ? WORD_PROMISE_WAS_DUE : WORD_PROMISE_DUE,
				       WORD_ACTION_HANDOVER,
				       WORD_WHY_HANDOVER,
				       WORD_STOP_NOTICE};
	case COMPOSE_REMINDER:
		break;
	}
	return choose_reminder(facts);
}

/* False: ICU or memory failed. */
static bool say(const struct letter *letter, enum word word, const struct words_arguments *arguments, char **said)
{
	struct text text;
	text_init(&text, KEPT_MAIL_BYTES);
	if (!words_say(letter->language, word, arguments, &text))
		text_release(&text);
	*said = text.bytes == NULL ? NULL : text_take(&text);
	return *said != NULL;
}

/* Who promised is named by group and place; where an institution or a person is known, in their name. */
static bool say_by(struct letter *letter, const struct words_arguments *arguments)
{
	struct words_arguments by = *arguments;
	if (letter->facts->kind != COMPOSE_REMINDER && letter->facts->owner_is_group)
		by.role = "owner";
	return say(letter, WORD_PROMISE_BY, &by, &letter->promise_by);
}

static bool say_promise(struct letter *letter, const struct choice *choice, const struct words_arguments *arguments)
{
	if (*arguments->due != '\0' && !say(letter, choice->due, arguments, &letter->promise_due))
		return false;
	if (*letter->facts->when_where_how != '\0' && !say(letter, WORD_PLAN, arguments, &letter->plan))
		return false;
	return say(letter, choice->subject, arguments, &letter->subject) &&
	       say(letter, choice->lead, arguments, &letter->lead) && say_by(letter, arguments) &&
	       say(letter, choice->action, arguments, &letter->action) &&
	       say(letter, WORD_THANKS, arguments, &letter->thanks);
}

static bool say_all(struct letter *letter, const struct words_arguments *arguments)
{
	struct choice choice = choose(letter->facts);
	bool said;
	if (letter->facts->kind == COMPOSE_INVITATION) {
		letter->subject = strdup(letter->facts->subject);
		said = letter->subject != NULL;
	} else {
		said = say_promise(letter, &choice, arguments);
	}
	return said && say(letter, WORD_HELLO, arguments, &letter->hello) &&
	       say(letter, WORD_SENDER, arguments, &letter->footer[0]) &&
	       say(letter, choice.why, arguments, &letter->footer[1]) &&
	       say(letter, choice.stop, arguments, &letter->footer[2]);
}

/* The day that the words speak of: when it was kept, else when it is due; "" where there is none. */
static bool say_day(const struct letter *letter, struct words *words, enum words_date_style style, struct text *out)
{
	const struct compose_facts *facts = letter->facts;
	const char *day = facts->kind == COMPOSE_KEPT ? facts->completed_on : facts->due_on;
	text_adds(out, "");
	if (day == NULL || *day == '\0')
		return text_ok(out);
	return words_date(words, letter->language, facts->language, day, style, out);
}

bool letter_write(struct letter *letter, struct words *words, const struct compose_facts *facts)
{
	struct text due, day, sender;
	bool school = *facts->school != '\0';
	*letter = (struct letter){.facts = facts,
				  .language = words_language(words, facts->language),
				  .place = school ? facts->school : facts->district};
	text_init(&due, KEPT_MAIL_BYTES);
	text_init(&day, KEPT_MAIL_BYTES);
	text_init(&sender, KEPT_MAIL_BYTES);
	text_addf(&sender, "%s%s%s", facts->school, school ? ", " : "", facts->district);
	bool done = say_day(letter, words, WORDS_DATE_FULL, &due) && say_day(letter, words, WORDS_DATE_DAY, &day) &&
		    text_ok(&sender);
	if (done) {
		struct words_arguments arguments = {
			.name = *facts->to_name == '\0' ? facts->to_address : facts->to_name,
			.title = facts->title,
			.owner = facts->owner,
			.group = facts->group_name,
			.place = letter->place,
			.sender = sender.bytes,
			.due = due.bytes == NULL ? "" : due.bytes,
			.day = day.bytes == NULL ? "" : day.bytes,
			.reply = facts->reply_name,
			.answer = *facts->reply_address == '\0' ? "none" : "person",
			.role = facts->role,
			.days = facts->days < 0 ? -(double)facts->days : facts->days,
		};
		done = say_all(letter, &arguments);
	}
	text_release(&due);
	text_release(&day);
	text_release(&sender);
	return done;
}

void letter_release(struct letter *letter)
{
	free(letter->subject);
	free(letter->hello);
	free(letter->lead);
	free(letter->promise_by);
	free(letter->promise_due);
	free(letter->plan);
	free(letter->action);
	free(letter->thanks);
	for (size_t i = 0; i < LETTER_FOOTER; i++)
		free(letter->footer[i]);
	memset(letter, 0, sizeof(*letter));
}

const char *letter_language(const struct letter *letter)
{
	return letter->facts->kind == COMPOSE_INVITATION ? letter->facts->language
							 : words_language_tag(letter->language);
}
