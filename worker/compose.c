#include "worker/compose.h"

#include <string.h>
#include <strings.h>

#include <unicode/uloc.h>

#include "kept/limits.h"
#include "worker/compose_letter.h"
#include "worker/mail_body.h"
#include "worker/mail_header.h"

static void text_promise(const struct letter *letter, struct text *out)
{
	mail_body_wrap(out, "", letter->lead);
	text_adds(out, "\n");
	mail_body_wrap(out, "    ", letter->facts->title);
	mail_body_wrap(out, "    ", letter->promise_by);
	if (letter->promise_due != NULL)
		mail_body_wrap(out, "    ", letter->promise_due);
	if (letter->plan != NULL) {
		text_adds(out, "\n");
		mail_body_wrap(out, "", letter->plan);
		text_adds(out, "\n");
		mail_body_wrap(out, "    ", letter->facts->when_where_how);
	}
	text_adds(out, "\n");
	mail_body_wrap(out, "", letter->action);
	text_adds(out, "\n");
	mail_body_wrap(out, "", letter->thanks);
}

static void write_text(const struct letter *letter, struct text *out)
{
	mail_body_wrap(out, "", letter->hello);
	text_adds(out, "\n");
	if (letter->facts->kind == COMPOSE_INVITATION)
		mail_body_wrap(out, "", letter->facts->text);
	else
		text_promise(letter, out);
	text_adds(out, "\n-- \n");
	for (size_t i = 0; i < LETTER_FOOTER; i++)
		mail_body_wrap(out, "", letter->footer[i]);
}

/* Line ends become <br>; other control characters, which HTML forbids, blanks. */
static void add_html_lines(struct text *out, const char *value, size_t length)
{
	for (const char *at = value; at < value + length; at++) {
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

/* Our own words run as the document does. */
static void add_paragraph(struct text *out, const char *style, const char *value)
{
	text_addf(out, "<p style=\"margin:%s\">", style);
	add_html_lines(out, value, strlen(value));
	text_adds(out, "</p>\n");
}

/* What somebody wrote runs as its first letter does. */
static void add_quoted(struct text *out, const char *style, const char *value, size_t length)
{
	text_addf(out, "<p dir=\"auto\" style=\"margin:%s\">", style);
	add_html_lines(out, value, length);
	text_adds(out, "</p>\n");
}

/* Where a line with nothing but blanks begins, or the end. */
static const char *paragraph_end(const char *at)
{
	for (; *at != '\0'; at++) {
		if (*at != '\n')
			continue;
		const char *next = at + 1 + strspn(at + 1, " \t\r");
		if (*next == '\n' || *next == '\0')
			break;
	}
	return at;
}

static void html_invitation(const struct letter *letter, struct text *out)
{
	const char *tag = letter_language(letter);
	text_addf(out, "<div lang=\"%s\" dir=\"%s\">\n", tag, uloc_isRightToLeft(tag) ? "rtl" : "ltr");
	for (const char *at = letter->facts->text; *(at += strspn(at, " \t\r\n")) != '\0';) {
		const char *end = paragraph_end(at);
		add_quoted(out, "0 0 1em", at, (size_t)(end - at));
		at = end;
	}
	text_adds(out, "</div>\n");
}

static void html_promise(const struct letter *letter, struct text *out)
{
	const struct compose_facts *facts = letter->facts;
	add_paragraph(out, "0 0 1em", letter->lead);
	text_addf(out, "<div style=\"margin:0 0 1em;padding:.75em 1em;border-%s:.3em solid #2a6f6f\">\n",
		  words_right_to_left(letter->language) ? "right" : "left");
	add_quoted(out, "0;font-size:1.2em;font-weight:bold", facts->title, strlen(facts->title));
	add_paragraph(out, "0", letter->promise_by);
	if (letter->promise_due != NULL)
		add_paragraph(out, "0", letter->promise_due);
	text_adds(out, "</div>\n");
	if (letter->plan != NULL) {
		add_paragraph(out, "0 0 .25em", letter->plan);
		text_adds(out, "<blockquote dir=\"auto\" style=\"margin:0 1em 1em;font-style:italic\">");
		add_html_lines(out, facts->when_where_how, strlen(facts->when_where_how));
		text_adds(out, "</blockquote>\n");
	}
	add_paragraph(out, "0 0 1em;font-weight:bold", letter->action);
	add_paragraph(out, "0 0 1em", letter->thanks);
}

static void write_html(const struct letter *letter, struct text *out)
{
	text_addf(out, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		  words_language_tag(letter->language), words_right_to_left(letter->language) ? "rtl" : "ltr");
	text_adds(out, "<meta name=\"viewport\" content=\"width=device-width\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	text_add_html(out, letter->subject);
	text_adds(out, "</title>\n</head>\n<body style=\"margin:0;padding:1.5em;font:1em/1.5 sans-serif\">\n"
		       "<div style=\"max-width:36em;margin:0 auto\">\n");
	add_paragraph(out, "0 0 1em", letter->hello);
	(letter->facts->kind == COMPOSE_INVITATION ? html_invitation : html_promise)(letter, out);
	text_adds(out, "<div style=\"margin-top:2em;padding-top:.75em;border-top:1px solid #888;font-size:.9em\">\n");
	for (size_t i = 0; i < LETTER_FOOTER; i++)
		add_paragraph(out, "0 0 .25em", letter->footer[i]);
	text_adds(out, "</div>\n</div>\n</body>\n</html>\n");
}

static bool add_part(struct text *out, const struct letter *letter, const char *boundary, const char *type,
		     void write(const struct letter *, struct text *))
{
	struct text body;
	text_init(&body, KEPT_MAIL_BYTES);
	write(letter, &body);
	bool done = text_ok(&body);
	if (done) {
		text_addf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\n", boundary, type);
		text_addf(out, "Content-Language: %s\r\n", letter_language(letter));
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

static bool add_message(struct text *out, const struct letter *letter, const struct compose_sender *from,
			const char *message_id)
{
	const struct compose_facts *facts = letter->facts;
	char boundary[64] = "=_kept-";
	memcpy(boundary + strlen(boundary), message_id, strlen(message_id) + 1);
	if (!add_from(out, from, letter->place))
		return false;
	mail_header_mailbox(out, "To", facts->to_name, facts->to_address);
	if (*facts->reply_address != '\0')
		mail_header_mailbox(out, "Reply-To", facts->reply_name, facts->reply_address);
	mail_header_text(out, "Subject", letter->subject);
	text_addf(out, "Message-ID: <%s%s>\r\n", message_id, strrchr(from->address, '@'));
	text_addf(out, "Content-Language: %s\r\n", letter_language(letter));
	text_adds(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	text_addf(out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", boundary);
	if (!add_part(out, letter, boundary, "text/plain", write_text) ||
	    !add_part(out, letter, boundary, "text/html", write_html))
		return false;
	text_addf(out, "--%s--\r\n", boundary);
	return text_ok(out);
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

	struct letter letter;
	bool done = letter_write(&letter, words, &facts) && add_message(out, &letter, from, message_id);
	letter_release(&letter);
	*why = done ? NULL : "the mail could not be made here: no memory, or too long";
	return done ? COMPOSE_OK : COMPOSE_LOCAL;
}
