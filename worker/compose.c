#include "worker/compose.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kept/limits.h"
#include "worker/compose_facts.h"
#include "worker/mail_body.h"
#include "worker/mail_header.h"

/* The sentences of one mail, in the order of reading; text and HTML are made of the same. Owned. */
struct letter {
	char *subject;
	char *hello;
	char *lead;
	char *promise_by;
	char *promise_due;
	char *plan; /* NULL when there is no plan to quote */
	char *action;
	char *thanks;
	char *footer[3];
};

struct composition {
	struct words *words;
	const struct words_language *language;
	const struct compose_facts *facts;
	struct words_arguments arguments;
	struct letter letter;
};

/* Which words this mail uses, by what it is for. */
struct choice {
	enum word subject, lead, action;
};

#define LONG_AFTER_DAYS 7

static struct choice choose(const struct compose_facts *facts)
{
	if (facts->ask)
		return (struct choice){WORD_SUBJECT_ASK, WORD_LEAD_ASK, WORD_ACTION_ASK};
	if (text_starts(facts->rung, "NOW"))
		return (struct choice){WORD_SUBJECT_NOW, WORD_LEAD_NOW,
				       facts->days < 0 ? WORD_ACTION_AFTER : WORD_ACTION_BEFORE};
	if (facts->days > 0)
		return (struct choice){WORD_SUBJECT_BEFORE, WORD_LEAD_BEFORE, WORD_ACTION_BEFORE};
	if (facts->days == 0)
		return (struct choice){WORD_SUBJECT_TODAY, WORD_LEAD_TODAY, WORD_ACTION_BEFORE};
	return (struct choice){WORD_SUBJECT_AFTER,
			       facts->days > -LONG_AFTER_DAYS ? WORD_LEAD_AFTER : WORD_LEAD_LONG_AFTER,
			       WORD_ACTION_AFTER};
}

/* NULL: ICU or memory failed. */
static char *say(const struct composition *composition, enum word word)
{
	struct text text;
	text_init(&text, KEPT_MAIL_BYTES);
	if (!words_say(composition->language, word, &composition->arguments, &text))
		text_release(&text);
	return text.bytes == NULL ? NULL : text_take(&text);
}

static bool write_letter(struct composition *composition)
{
	const struct compose_facts *facts = composition->facts;
	struct letter *letter = &composition->letter;
	struct choice choice = choose(facts);
	letter->subject = say(composition, choice.subject);
	letter->hello = say(composition, WORD_HELLO);
	letter->lead = say(composition, choice.lead);
	letter->promise_by = say(composition, WORD_PROMISE_BY);
	letter->promise_due = say(composition, facts->days < 0 ? WORD_PROMISE_WAS_DUE : WORD_PROMISE_DUE);
	bool has_plan = *facts->when_where_how != '\0';
	if (has_plan)
		letter->plan = say(composition, WORD_PLAN);
	letter->action = say(composition, choice.action);
	letter->thanks = say(composition, WORD_THANKS);
	letter->footer[0] = say(composition, WORD_SENDER);
	letter->footer[1] = say(composition, WORD_WHY);
	letter->footer[2] = say(composition, WORD_STOP);
	return letter->subject != NULL && letter->hello != NULL && letter->lead != NULL && letter->promise_by != NULL &&
	       letter->promise_due != NULL && letter->action != NULL && letter->thanks != NULL &&
	       letter->footer[0] != NULL && letter->footer[1] != NULL && letter->footer[2] != NULL &&
	       (!has_plan || letter->plan != NULL);
}

static void letter_release(struct letter *letter)
{
	free(letter->subject);
	free(letter->hello);
	free(letter->lead);
	free(letter->promise_by);
	free(letter->promise_due);
	free(letter->plan);
	free(letter->action);
	free(letter->thanks);
	for (size_t i = 0; i < 3; i++)
		free(letter->footer[i]);
	memset(letter, 0, sizeof(*letter));
}

static void write_text(const struct composition *composition, struct text *out)
{
	const struct letter *letter = &composition->letter;
	mail_body_wrap(out, "", letter->hello);
	text_adds(out, "\n");
	mail_body_wrap(out, "", letter->lead);
	text_adds(out, "\n");
	mail_body_wrap(out, "    ", composition->facts->title);
	mail_body_wrap(out, "    ", letter->promise_by);
	mail_body_wrap(out, "    ", letter->promise_due);
	if (letter->plan != NULL) {
		text_adds(out, "\n");
		mail_body_wrap(out, "", letter->plan);
		text_adds(out, "\n");
		mail_body_wrap(out, "    ", composition->facts->when_where_how);
	}
	text_adds(out, "\n");
	mail_body_wrap(out, "", letter->action);
	text_adds(out, "\n");
	mail_body_wrap(out, "", letter->thanks);
	text_adds(out, "\n-- \n");
	for (size_t i = 0; i < 3; i++)
		mail_body_wrap(out, "", letter->footer[i]);
}

/* Line ends become <br>; other control characters, which HTML forbids, blanks. */
static void add_html_lines(struct text *out, const char *value)
{
	for (const char *at = value; *at != '\0'; at++) {
		char one[2] = {*at, '\0'};
		if (at[0] == '\r' && at[1] == '\n')
			continue;
		if (*at == '\n' || *at == '\r')
			text_adds(out, "<br>\n");
		else if ((unsigned char)*at < ' ' || *at == 0x7f)
			text_adds(out, " ");
		else
			text_add_html(out, one);
	}
}

static void add_paragraph(struct text *out, const char *style, const char *value)
{
	text_addf(out, "<p dir=\"auto\" style=\"margin:%s\">", style);
	add_html_lines(out, value);
	text_adds(out, "</p>\n");
}

static void write_html(const struct composition *composition, struct text *out)
{
	const struct letter *letter = &composition->letter;
	const char *side = words_right_to_left(composition->language) ? "right" : "left";
	text_addf(out, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		  words_language_tag(composition->language),
		  words_right_to_left(composition->language) ? "rtl" : "ltr");
	text_adds(out, "<meta name=\"viewport\" content=\"width=device-width\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	text_add_html(out, letter->subject);
	text_adds(out, "</title>\n</head>\n<body style=\"margin:0;padding:1.5em;font:1em/1.5 sans-serif\">\n"
		       "<div style=\"max-width:36em;margin:0 auto\">\n");
	add_paragraph(out, "0 0 1em", letter->hello);
	add_paragraph(out, "0 0 1em", letter->lead);
	text_addf(out, "<div style=\"margin:0 0 1em;padding:.75em 1em;border-%s:.3em solid #2a6f6f\">\n", side);
	add_paragraph(out, "0;font-size:1.2em;font-weight:bold", composition->facts->title);
	add_paragraph(out, "0", letter->promise_by);
	add_paragraph(out, "0", letter->promise_due);
	text_adds(out, "</div>\n");
	if (letter->plan != NULL) {
		add_paragraph(out, "0 0 .25em", letter->plan);
		text_adds(out, "<blockquote dir=\"auto\" style=\"margin:0 1em 1em;font-style:italic\">");
		add_html_lines(out, composition->facts->when_where_how);
		text_adds(out, "</blockquote>\n");
	}
	add_paragraph(out, "0 0 1em;font-weight:bold", letter->action);
	add_paragraph(out, "0 0 1em", letter->thanks);
	text_adds(out, "<div style=\"margin-top:2em;padding-top:.75em;border-top:1px solid #888;font-size:.9em\">\n");
	for (size_t i = 0; i < 3; i++)
		add_paragraph(out, "0 0 .25em", letter->footer[i]);
	text_adds(out, "</div>\n</div>\n</body>\n</html>\n");
}

static bool add_part(struct text *out, const struct composition *composition, const char *boundary, const char *type,
		     void write(const struct composition *, struct text *))
{
	struct text body;
	text_init(&body, KEPT_MAIL_BYTES);
	write(composition, &body);
	bool done = text_ok(&body);
	if (done) {
		text_addf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\n", boundary, type);
		text_addf(out, "Content-Language: %s\r\n", words_language_tag(composition->language));
		text_adds(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
		mail_body_quoted(out, body.bytes, body.length);
		text_adds(out, "\r\n");
	}
	text_release(&body);
	return done;
}

/* The name of who sends comes first: it is what a reader sees in the list of mails. */
static bool add_from(struct text *out, const struct compose_sender *from, const char *place)
{
	struct text name;
	text_init(&name, KEPT_MAIL_BYTES);
	text_addf(&name, "%s (%s)", place, from->name);
	bool done = text_ok(&name);
	if (done)
		mail_header_mailbox(out, "From", name.bytes, from->address);
	text_release(&name);
	return done;
}

static bool add_message(struct text *out, const struct composition *composition, const struct compose_sender *from,
			const char *message_id)
{
	const struct compose_facts *facts = composition->facts;
	char boundary[64] = "=_kept-";
	memcpy(boundary + strlen(boundary), message_id, strlen(message_id) + 1);
	if (!add_from(out, from, composition->arguments.place))
		return false;
	mail_header_mailbox(out, "To", facts->to_name, facts->to_address);
	if (*facts->reply_address != '\0')
		mail_header_mailbox(out, "Reply-To", facts->reply_name, facts->reply_address);
	mail_header_text(out, "Subject", composition->letter.subject);
	text_addf(out, "Message-ID: <%s%s>\r\n", message_id, strrchr(from->address, '@'));
	text_addf(out, "Content-Language: %s\r\n", words_language_tag(composition->language));
	text_adds(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	text_addf(out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", boundary);
	if (!add_part(out, composition, boundary, "text/plain", write_text) ||
	    !add_part(out, composition, boundary, "text/html", write_html))
		return false;
	text_addf(out, "--%s--\r\n", boundary);
	return text_ok(out);
}

static bool prepare(struct composition *composition, struct text *due, struct text *day, struct text *sender)
{
	const struct compose_facts *facts = composition->facts;
	bool school = *facts->school != '\0';
	text_addf(sender, "%s%s%s", facts->school, school ? ", " : "", facts->district);
	if (!words_date(composition->words, composition->language, facts->language, facts->due_on, WORDS_DATE_FULL,
			due) ||
	    !words_date(composition->words, composition->language, facts->language, facts->due_on, WORDS_DATE_DAY,
			day) ||
	    !text_ok(sender))
		return false;
	composition->arguments = (struct words_arguments){
		.name = *facts->to_name == '\0' ? facts->to_address : facts->to_name,
		.title = facts->title,
		.owner = facts->owner,
		.group = facts->group_name,
		.place = school ? facts->school : facts->district,
		.sender = sender->bytes,
		.due = due->bytes,
		.day = day->bytes,
		.reply = facts->reply_name,
		.answer = *facts->reply_address == '\0' ? "none" : "person",
		.role = facts->role,
		.days = facts->days < 0 ? -(double)facts->days : facts->days,
	};
	return write_letter(composition);
}

enum compose_status compose_mail(struct words *words, const struct compose_sender *from, const char *message_id,
				 const char *destination, const json_t *json, struct text *out, const char **why)
{
	struct compose_facts facts;
	if (!compose_facts_read(&facts, json, why))
		return COMPOSE_FACTS;
	*why = "the facts name another address than the destination, or the message has no id";
	if (strcasecmp(facts.to_address, destination) != 0 || !text_is_uuid(message_id))
		return COMPOSE_FACTS;
	*why = "the date is not an instant in UTC";
	if (!mail_header_date(out, facts.date))
		return COMPOSE_FACTS;

	struct composition composition = {
		.words = words, .language = words_language(words, facts.language), .facts = &facts};
	struct text due, day, sender;
	text_init(&due, KEPT_MAIL_BYTES);
	text_init(&day, KEPT_MAIL_BYTES);
	text_init(&sender, KEPT_MAIL_BYTES);
	bool done = prepare(&composition, &due, &day, &sender) && add_message(out, &composition, from, message_id);
	letter_release(&composition.letter);
	text_release(&due);
	text_release(&day);
	text_release(&sender);
	*why = done ? NULL : "the mail could not be made here: no memory, or too long";
	return done ? COMPOSE_OK : COMPOSE_LOCAL;
}
