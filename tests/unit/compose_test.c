/* The bytes of a reminder's mail, parsed again as a mail reader would: worker/compose.h. */
#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kept/limits.h"
#include "worker/compose.h"
#include "worker/mail_body.h"
#include "worker/mail_header.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID "01890a5d-ac96-774b-bcce-b302099a8057"
#define MARIA                                                                                                          \
	"Mar\xC3\xAD"                                                                                                  \
	"a O'Neill"

static struct words *words;
static const struct compose_sender from = {"Kept", "kept@district.example"};

static void set_up(void)
{
	char *error;
	words = words_new(&embedded_messages, &error);
	ck_assert_msg(words != NULL, "%s", error);
}

static void tear_down(void)
{
	words_free(words);
}

static json_t *facts(void)
{
	json_t *json = json_pack(
		"{s:s, s:s, s:b, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s},"
		" s:{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}}",
		"kind", "reminder", "rung", "P-2D", "ask", 0, "language", "es", "time_zone", "America/New_York", "date",
		"2027-01-13T13:00:00Z", "to", "name", MARIA, "address", "maria@lakeview.example", "reply_to", "name",
		"Dana Cole", "address", "dana@lakeview.example", "sender", "district", "Lakeview", "school",
		"Lincoln Elementary", "commitment", "id", "c1", "title", "Read together twenty minutes", "group",
		"families", "group_name", "Familias", "due_on", "2027-01-15", "days", 2, "owner", MARIA, "role",
		"owner", "when_where_how", "Los martes a las 7,\r\nen la sala.", "link", "/v1/commitments/c1");
	ck_assert_ptr_nonnull(json);
	return json;
}

/* Sets a member of the facts, "commitment.title"; takes the value. */
static void set(json_t *json, const char *path, json_t *value)
{
	const char *dot = strchr(path, '.');
	json_t *object = json;
	if (dot != NULL) {
		char name[32];
		memcpy(name, path, (size_t)(dot - path));
		name[dot - path] = '\0';
		object = json_object_get(json, name);
		path = dot + 1;
	}
	ck_assert_int_eq(value == NULL ? json_object_del(object, path) : json_object_set_new(object, path, value), 0);
}

static enum compose_status try_compose(const json_t *json, struct text *out)
{
	const char *why = "";
	text_init(out, KEPT_MAIL_BYTES);
	enum compose_status status = compose_mail(words, &from, ID, "maria@lakeview.example", json, out, &why);
	ck_assert_msg((status == COMPOSE_OK) == (why == NULL), "%s", why);
	return status;
}

/* What every mail must be, whatever it says. */
static void assert_well_formed(const struct text *mail)
{
	size_t line = 0;
	for (size_t i = 0; i < mail->length; i++) {
		unsigned char c = (unsigned char)mail->bytes[i];
		ck_assert_msg(c < 0x7f && (c >= ' ' || c == '\r' || c == '\n'), "byte %d at %zu", c, i);
		ck_assert((c == '\n') == (i > 0 && mail->bytes[i - 1] == '\r'));
		line = c == '\n' ? 0 : line + 1;
		ck_assert_msg(line <= 200, "a line is too long");
	}
	ck_assert(mail->length > 2 && mail->bytes[mail->length - 1] == '\n');
}

static char *compose(const json_t *json)
{
	struct text out;
	ck_assert_int_eq(try_compose(json, &out), COMPOSE_OK);
	assert_well_formed(&out);
	return text_take(&out);
}

static char *compose_and_free(json_t *json)
{
	char *mail = compose(json);
	json_decref(json);
	return mail;
}

/* The raw value of a header, unfolded, of the first header block in `part`; to be freed; NULL when it is not there. */
static char *header(const char *part, const char *name)
{
	struct text value;
	text_init(&value, KEPT_MAIL_BYTES);
	bool inside = false;
	for (const char *line = part; strncmp(line, "\r\n", 2) != 0; line = strstr(line, "\r\n") + 2) {
		size_t length = strcspn(line, "\r");
		if (*line == ' ' || *line == '\t') {
			if (inside)
				text_add(&value, line, length);
			continue;
		}
		size_t colon = strcspn(line, ":");
		bool wanted = colon == strlen(name) && strncasecmp(line, name, colon) == 0;
		ck_assert_msg(!wanted || value.bytes == NULL, "%s twice", name);
		inside = wanted;
		if (inside)
			text_add(&value, line + colon + 2, length - colon - 2);
	}
	return value.bytes == NULL ? NULL : text_take(&value);
}

static int hex(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

static void decode_q(struct text *out, const char *at, size_t length, bool header_form)
{
	for (size_t i = 0; i < length; i++) {
		char c = at[i];
		if (c == '=') {
			ck_assert(i + 2 < length && isxdigit((unsigned char)at[i + 1]) &&
				  isxdigit((unsigned char)at[i + 2]));
			c = (char)(hex(at[i + 1]) * 16 + hex(at[i + 2]));
			i += 2;
		} else if (c == '_' && header_form) {
			c = ' ';
		}
		text_add(out, &c, 1);
	}
}

/* RFC 2047: decodes encoded words; blanks between two of them vanish. Each must hold whole characters. */
static char *decode_words(const char *value)
{
	struct text out;
	text_init(&out, KEPT_MAIL_BYTES);
	while (*value != '\0') {
		const char *end = strncmp(value, "=?UTF-8?", 8) == 0 ? strstr(value + 10, "?=") : NULL;
		if (end == NULL) {
			text_add(&out, value++, 1);
			continue;
		}
		ck_assert_int_le(end + 2 - value, 75);
		size_t length = (size_t)(end - value - 10), before = out.length;
		if (value[8] == 'Q') {
			decode_q(&out, value + 10, length, true);
		} else {
			uint8_t bytes[80];
			size_t room = sizeof(bytes);
			ck_assert(text_from_base64(bytes, &room, value + 10, length));
			text_add(&out, bytes, room);
		}
		ck_assert(text_is_utf8(out.bytes + before, out.length - before));
		value = end + 2;
		if (value[strspn(value, " ")] == '=' && strncmp(value + strspn(value, " "), "=?UTF-8?", 8) == 0)
			value += strspn(value, " ");
	}
	return text_take(&out);
}

static char *decoded_header(const char *part, const char *name)
{
	char *raw = header(part, name);
	ck_assert_msg(raw != NULL, "no %s", name);
	char *value = decode_words(raw);
	free(raw);
	return value;
}

static void assert_header(const char *mail, const char *name, const char *expected)
{
	char *value = decoded_header(mail, name);
	ck_assert_str_eq(value, expected);
	free(value);
}

/* The decoded body of the part of that type; line ends as LF; to be freed. */
static char *part_body(const char *mail, const char *type)
{
	char needle[64] = "Content-Type: ";
	memcpy(needle + strlen(needle), type, strlen(type) + 1);
	const char *part = strstr(mail, needle);
	ck_assert_msg(part != NULL, "no part %s", type);
	const char *body = strstr(part, "\r\n\r\n") + 4;
	const char *end = strstr(body, "\r\n--=_kept-" ID);
	ck_assert_ptr_nonnull(end);
	struct text out;
	text_init(&out, KEPT_MAIL_BYTES);
	while (body < end) {
		size_t length = strcspn(body, "\r");
		ck_assert_uint_le(length, 76);
		ck_assert_msg(length == 0 || body[length - 1] != ' ', "a blank ends a line");
		bool soft = length > 0 && body[length - 1] == '=';
		decode_q(&out, body, length - soft, false);
		if (!soft)
			text_adds(&out, "\n");
		body += length + 2;
	}
	ck_assert(text_is_utf8(out.bytes, out.length));
	return text_take(&out);
}

/* The body as one line, so that wrapped sentences can be found. */
static char *flat_text(const char *mail)
{
	char *body = part_body(mail, "text/plain");
	size_t used = 0;
	for (size_t i = 0; body[i] != '\0'; i++) {
		char c = body[i] == '\n' ? ' ' : body[i];
		if (c != ' ' || (used > 0 && body[used - 1] != ' '))
			body[used++] = c;
	}
	body[used] = '\0';
	return body;
}

static void assert_says(const char *text, const char *expected)
{
	ck_assert_msg(strstr(text, expected) != NULL, "\"%s\" is not in: %s", expected, text);
}

START_TEST(a_reminder_has_the_headers_of_a_mail)
{
	char *mail = compose_and_free(facts());
	assert_header(mail, "Date", "Wed, 13 Jan 2027 13:00:00 +0000");
	assert_header(mail, "From", "\"Lincoln Elementary (Kept)\" <kept@district.example>");
	assert_header(mail, "To", MARIA " <maria@lakeview.example>");
	assert_header(mail, "Reply-To", "Dana Cole <dana@lakeview.example>");
	assert_header(mail, "Subject",
		      "Dentro de 2 d\xC3\xAD"
		      "as: Read together twenty minutes");
	assert_header(mail, "Message-ID", "<" ID "@district.example>");
	assert_header(mail, "Auto-Submitted", "auto-generated");
	assert_header(mail, "Content-Language", "es");
	assert_header(mail, "MIME-Version", "1.0");
	assert_header(mail, "Content-Type", "multipart/alternative; boundary=\"=_kept-" ID "\"");
	ck_assert_ptr_null(header(mail, "Bcc"));
	free(mail);
}
END_TEST

START_TEST(the_text_says_what_when_who_and_how_to_stop)
{
	char *mail = compose_and_free(facts());
	char *text = flat_text(mail);
	assert_says(text, "Hola, " MARIA ":");
	assert_says(text, "Faltan 2 d\xC3\xAD"
			  "as: la fecha es el viernes, 15 de enero.");
	assert_says(text,
		    "Read together twenty minutes Familias, Lincoln Elementary Para el viernes, 15 de enero de 2027");
	assert_says(text, "Los martes a las 7, en la sala.");
	assert_says(text, "responda a este mensaje. Dana Cole");
	assert_says(text, "-- Lincoln Elementary, Lakeview le env\xC3\xAD"
			  "a este mensaje con Kept");
	assert_says(text, "Lo recibe porque este compromiso est\xC3\xA1 a su nombre.");
	assert_says(text, "Para pausar estos recordatorios o dejar de recibirlos");
	free(text);
	text = part_body(mail, "text/plain");
	assert_says(text, "\n    Los martes a las 7,\n    en la sala.\n");
	assert_says(text, "\n-- \n");
	free(text);
	free(mail);
}
END_TEST

START_TEST(the_html_says_the_same_and_nothing_is_markup)
{
	json_t *json = facts();
	set(json, "commitment.title", json_string("<script>alert(\"1\")</script> & 'more'"));
	set(json, "commitment.when_where_how",
	    json_string("a<b>\nc\x07"
			"d"));
	char *mail = compose_and_free(json);
	char *html = part_body(mail, "text/html");
	assert_says(html, "<html lang=\"es\" dir=\"ltr\">");
	assert_says(html, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;more&#39;");
	assert_says(html, "a&lt;b&gt;<br>\nc d");
	assert_says(html, "Faltan 2 d\xC3\xAD"
			  "as");
	assert_says(html, "Para pausar estos recordatorios");
	ck_assert_ptr_null(strstr(html, "<script"));
	ck_assert_ptr_null(strstr(html, "<img"));
	ck_assert_ptr_null(strstr(html, "http"));
	free(html);
	free(mail);
}
END_TEST

START_TEST(the_same_facts_give_the_same_bytes)
{
	char *first = compose_and_free(facts());
	tear_down();
	set_up();
	char *second = compose_and_free(facts());
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
}
END_TEST

static const struct {
	const char *language, *rung;
	int days;
	bool ask;
	const char *role;
	const char *subject, *text;
} kinds[] = {
	{"en", "P-7D", 7, false, "owner", "In 7 days: T",
	 "Thank you for your promise below. It is due in 7 days, on Friday, January 15."},
	{"en", "P-1D", 1, false, "owner", "Tomorrow: T", "It is due tomorrow, Friday, January 15."},
	{"en", "P-2D", 2, false, "helper", "In 2 days: T", "You help with the promise below."},
	{"en", "P-2D", 2, false, "accountable", "In 2 days: T", "You look after the promise below."},
	{"en", "P0D", 0, false, "owner", "Today: T", "Today is the day of your promise below."},
	{"en", "P+1D", -1, false, "owner", "How is it going? T",
	 "Yesterday, Friday, January 15, was the date of your promise below."},
	{"en", "P+1D", -1, false, "owner", "How is it going? T",
	 "If you would like a new date or some help, reply and say so"},
	{"en", "P+1D", -1, false, "accountable", "How is it going? T", "A friendly word to " MARIA " often helps"},
	{"en", "P+3D", -3, false, "owner", "How is it going? T",
	 "Friday, January 15, was the date of your promise below."},
	{"en", "P+7D", -7, false, "owner", "How is it going? T",
	 "A week ago, on Friday, January 15, was the date of your promise below. It still counts"},
	{"en", "P+9D", -9, false, "helper", "How is it going? T",
	 "9 days ago, on Friday, January 15, was the date of the promise below, which you help with."},
	{"en", "P-7D", 7, true, "owner", "Would you promise this by Friday, January 15? T",
	 "Nothing is settled until you agree. Can you take it on?"},
	{"en", "P-7D", 7, true, "helper", "Would you help by Friday, January 15? T", "you would help to keep it"},
	{"en", "P-7D", 7, true, "accountable", "Proposed for Friday, January 15: T", "you would look after it"},
	{"en", "NOW-2027-01-13", 2, false, "owner", "A reminder: T", "We were asked to send you this reminder."},
	{"en", "NOW-2027-01-13", 2, true, "owner", "Would you promise this by Friday, January 15? T",
	 "Can you take it on?"},
	{"es", "P-1D", 1, false, "owner",
	 "Ma\xC3\xB1"
	 "ana: T",
	 "Gracias por su compromiso. La fecha es ma\xC3\xB1"
	 "ana, viernes, 15 de enero."},
	{"es", "P0D", 0, false, "helper", "Hoy: T",
	 "Hoy es el d\xC3\xAD"
	 "a de este compromiso, con el que usted ayuda."},
	{"es", "P+1D", -1, false, "owner",
	 "\xC2\xBF"
	 "C\xC3\xB3mo va? T",
	 "Ayer, viernes, 15 de enero, fue la fecha de su compromiso."},
	{"es", "P+7D", -7, false, "owner",
	 "\xC2\xBF"
	 "C\xC3\xB3mo va? T",
	 "Hace una semana, el viernes, 15 de enero,"},
	{"es", "NOW-2027-01-16", -1, false, "owner", "Un recordatorio: T",
	 "Nos pidieron que le envi\xC3\xA1ramos este recordatorio."},
	{"es-MX", "P-7D", 7, true, "owner", "\xC2\xBFPuede comprometerse para el viernes, 15 de enero? T",
	 "No hay nada acordado hasta que usted acepte."},
	{"ar", "P-7D", 7, false, "owner", "In 7 days: T", "on Friday, January 15."},
};

START_TEST(each_kind_and_role_has_its_words)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		json_t *json = facts();
		set(json, "language", json_string(kinds[i].language));
		set(json, "rung", json_string(kinds[i].rung));
		set(json, "ask", json_boolean(kinds[i].ask));
		set(json, "commitment.days", json_integer(kinds[i].days));
		set(json, "commitment.role", json_string(kinds[i].role));
		set(json, "commitment.title", json_string("T"));
		char *mail = compose_and_free(json);
		assert_header(mail, "Subject", kinds[i].subject);
		assert_header(mail, "Content-Language", strncmp(kinds[i].language, "es", 2) == 0 ? "es" : "en");
		char *text = flat_text(mail);
		assert_says(text, kinds[i].text);
		ck_assert_ptr_null(strstr(text, "overdue"));
		ck_assert_ptr_null(strstr(text, "failed"));
		free(text);
		free(mail);
	}
}
END_TEST

START_TEST(without_a_person_to_answer_the_coordinator_is_named)
{
	json_t *json = facts();
	set(json, "language", json_string("en"));
	set(json, "reply_to", json_null());
	set(json, "sender.school", json_null());
	set(json, "commitment.when_where_how", json_null());
	char *mail = compose_and_free(json);
	ck_assert_ptr_null(header(mail, "Reply-To"));
	assert_header(mail, "From", "\"Lakeview (Kept)\" <kept@district.example>");
	char *text = flat_text(mail);
	assert_says(text, "please tell the coordinator at Lakeview.");
	assert_says(text, "To pause or stop these reminders, ask the coordinator at Lakeview.");
	assert_says(text, "Lakeview sends you this message with Kept");
	ck_assert_ptr_null(strstr(text, "reply"));
	ck_assert_ptr_null(strstr(text, "Your plan"));
	free(text);
	free(mail);
}
END_TEST

#define ARABIC "\xD9\x81\xD8\xA7\xD8\xB7\xD9\x85\xD8\xA9 \xD8\xA7\xD9\x84\xD8\xB2\xD9\x87\xD8\xB1\xD8\xA7\xD8\xA1"
#define EMOJI "\xF0\x9F\x93\x9A"

static const char *const names[] = {
	"Ana",
	"Ana Rivera",
	MARIA,
	"O'Neill",
	"Dr. Who",
	"Rivera, Ana",
	"Ana \"La Maestra\" Rivera",
	"back\\slash",
	"<ana@evil.example>",
	"=?UTF-8?Q?x?=",
	" Ana",
	"Ana ",
	"Ana  Rivera",
	"a@b",
	ARABIC,
	ARABIC " " ARABIC " " ARABIC " " ARABIC " " ARABIC " " ARABIC,
	EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI,
	"Ana " EMOJI,
	"Nguy\xE1\xBB\x85n V\xC4\x83n A",
	"averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongname",
	"Ana Maria Rivera de la Cruz y Fernandez of the very long family name that needs a fold somewhere, surely",
};

/* What a reader shows of a mailbox header: the display name without its quotes, checked to stand before the address. */
static char *display_of(const char *mail, const char *name, const char *address)
{
	char *raw = header(mail, name);
	char *angle = strrchr(raw, '<');
	ck_assert_ptr_nonnull(angle);
	ck_assert(strncmp(angle + 1, address, strlen(address)) == 0 && strcmp(angle + 1 + strlen(address), ">") == 0);
	while (angle > raw && angle[-1] == ' ')
		angle--;
	*angle = '\0';
	if (raw[0] == '"') {
		size_t used = 0;
		ck_assert(angle - raw >= 2 && angle[-1] == '"');
		angle[-1] = '\0';
		for (size_t i = 1; raw[i] != '\0'; i++) {
			ck_assert(raw[i] != '"');
			if (raw[i] == '\\')
				i++;
			raw[used++] = raw[i];
		}
		raw[used] = '\0';
		return raw;
	}
	ck_assert_ptr_null(strpbrk(raw[0] == '=' ? "" : raw, "()<>[]:;@\\,.\""));
	char *value = decode_words(raw);
	free(raw);
	return value;
}

START_TEST(names_of_every_kind_come_through)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		json_t *json = facts();
		set(json, "to.name", json_string(names[i]));
		set(json, "reply_to.name", json_string(names[i]));
		set(json, "commitment.title", json_string(names[i]));
		char *mail = compose_and_free(json);
		char *display = display_of(mail, "To", "maria@lakeview.example");
		ck_assert_str_eq(display, names[i]);
		free(display);
		display = display_of(mail, "Reply-To", "dana@lakeview.example");
		ck_assert_str_eq(display, names[i]);
		free(display);
		char *subject = decoded_header(mail, "Subject");
		ck_assert_str_eq(strchr(subject, ':') + 2, names[i]);
		free(subject);
		free(mail);
	}
}
END_TEST

START_TEST(a_long_title_is_folded_and_comes_through)
{
	struct text title;
	text_init(&title, 10000);
	for (int i = 0; i < 60; i++)
		text_addf(&title, "%sword%d", i == 0 ? "" : " ", i);
	for (int round = 0; round < 2; round++) {
		json_t *json = facts();
		set(json, "language", json_string("en"));
		set(json, "commitment.title", json_string(title.bytes));
		char *mail = compose_and_free(json);
		const char *line = strstr(mail, "\r\nSubject: ") + 2;
		do {
			ck_assert_uint_le(strcspn(line, "\r"), 76);
			line = strstr(line, "\r\n") + 2;
		} while (*line == ' ');
		char *subject = decoded_header(mail, "Subject");
		ck_assert_str_eq(subject + strlen("In 2 days: "), title.bytes);
		free(subject);
		free(mail);
		text_adds(&title, " \xC3\xB1 " EMOJI ARABIC);
	}
	text_release(&title);
}
END_TEST

static const char *const control_paths[] = {"to.name",          "to.address",       "reply_to.name",
					    "reply_to.address", "sender.district",  "sender.school",
					    "commitment.title", "commitment.owner", "commitment.group_name"};
static const char *const controls[] = {"a\r\nBcc: x@evil.example",
				       "a\nb",
				       "a\rb",
				       "a\tb",
				       "a\x01"
				       "b",
				       "a\x7f"
				       "b",
				       "a\xC2\x85"
				       "b",
				       "a\xE2\x80\xA8"
				       "b"};

START_TEST(no_control_character_reaches_a_header)
{
	for (size_t path = 0; path < COUNT(control_paths); path++)
		for (size_t i = 0; i < COUNT(controls); i++) {
			json_t *json = facts();
			set(json, control_paths[path], json_string(controls[i]));
			struct text out;
			ck_assert_msg(try_compose(json, &out) == COMPOSE_FACTS, "%s %zu", control_paths[path], i);
			text_release(&out);
			json_decref(json);
		}
	json_t *json = facts();
	set(json, "to.name", json_stringn("a\0b", 3));
	struct text out;
	ck_assert_int_eq(try_compose(json, &out), COMPOSE_FACTS);
	text_release(&out);
	json_decref(json);
}
END_TEST

static const struct {
	const char *path, *value; /* NULL value: left out */
} broken[] = {
	{"date", NULL},
	{"date", "now"},
	{"date", "2027-02-30T00:00:00Z"},
	{"date", "2027-01-13 13:00:00Z"},
	{"date", "2027-01-13T13:00:00"},
	{"date", "2027-01-13T13:00:00-05:00"},
	{"date", "2027-01-13T24:00:00Z"},
	{"date", "2027-01-13T13:00:00Z\r\nX: y"},
	{"to.address", NULL},
	{"to.address", "maria"},
	{"to.address", "other@lakeview.example"},
	{"to.address", "maria@lakeview.example>, <x@evil.example"},
	{"reply_to.address", NULL},
	{"reply_to.address", "a b@c"},
	{"sender.district", NULL},
	{"sender.district", ""},
	{"commitment.title", NULL},
	{"commitment.title", ""},
	{"commitment.due_on", NULL},
	{"commitment.due_on", "2027-02-30"},
	{"commitment.days", NULL},
	{"commitment.days", "2"},
	{"commitment.role", NULL},
	{"commitment.role", "beneficiary"},
	{"commitment", NULL},
	{"to", NULL},
	{"sender", NULL},
	{"to", "Maria"},
};

START_TEST(incomplete_facts_are_refused)
{
	struct text out;
	for (size_t i = 0; i < COUNT(broken); i++) {
		json_t *json = facts();
		set(json, broken[i].path, broken[i].value == NULL ? NULL : json_string(broken[i].value));
		ck_assert_msg(try_compose(json, &out) == COMPOSE_FACTS, "%s %s", broken[i].path, broken[i].value);
		text_release(&out);
		json_decref(json);
	}
	json_t *empty = json_object();
	ck_assert_int_eq(try_compose(empty, &out), COMPOSE_FACTS);
	text_release(&out);
	json_decref(empty);
	json_t *array = json_array();
	ck_assert_int_eq(try_compose(array, &out), COMPOSE_FACTS);
	text_release(&out);
	json_decref(array);
}
END_TEST

START_TEST(little_room_is_our_fault_and_not_the_facts)
{
	json_t *json = facts();
	const char *why;
	struct text out;
	ck_assert_int_eq(try_compose(json, &out), COMPOSE_OK);
	size_t length = out.length;
	text_release(&out);
	for (size_t room = 0; room < length; room += 97) {
		text_init(&out, room);
		ck_assert_int_eq(compose_mail(words, &from, ID, "maria@lakeview.example", json, &out, &why),
				 COMPOSE_LOCAL);
		text_release(&out);
	}
	json_decref(json);
}
END_TEST

static const struct {
	const char *body, *expected;
} quoted[] = {
	{"", ""},
	{"a\n", "a\r\n"},
	{"a", "a\r\n"},
	{"a \n", "a=20\r\n"},
	{"a\t\nb\n", "a=09\r\nb\r\n"},
	{"a=b\n", "a=3Db\r\n"},
	{".\n..a\n", "=2E\r\n=2E.a\r\n"},
	{"From me\nFro\n", "=46rom me\r\nFro\r\n"},
	{"\xC3\xB1\n", "=C3=B1\r\n"},
	{"\r\n", "=0D\r\n"},
};

START_TEST(quoted_printable_follows_its_rules)
{
	for (size_t i = 0; i < COUNT(quoted); i++) {
		struct text out;
		text_init(&out, 1000);
		mail_body_quoted(&out, quoted[i].body, strlen(quoted[i].body));
		ck_assert_str_eq(out.bytes == NULL ? "" : out.bytes, quoted[i].expected);
		text_release(&out);
	}
	for (size_t length = 70; length < 240; length++) {
		char body[240];
		memset(body, 'x', length);
		struct text out;
		text_init(&out, 1000);
		mail_body_quoted(&out, body, length);
		size_t letters = 0, line = 0;
		for (size_t i = 0; i < out.length; i++) {
			letters += out.bytes[i] == 'x';
			line = out.bytes[i] == '\n' ? 0 : line + 1;
			ck_assert(line <= 77); /* with the CR */
		}
		ck_assert_uint_eq(letters, length);
		text_release(&out);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compose");
	TCase *tests = tcase_create("compose");
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_reminder_has_the_headers_of_a_mail);
	tcase_add_test(tests, the_text_says_what_when_who_and_how_to_stop);
	tcase_add_test(tests, the_html_says_the_same_and_nothing_is_markup);
	tcase_add_test(tests, the_same_facts_give_the_same_bytes);
	tcase_add_test(tests, each_kind_and_role_has_its_words);
	tcase_add_test(tests, without_a_person_to_answer_the_coordinator_is_named);
	tcase_add_test(tests, names_of_every_kind_come_through);
	tcase_add_test(tests, a_long_title_is_folded_and_comes_through);
	tcase_add_test(tests, no_control_character_reaches_a_header);
	tcase_add_test(tests, incomplete_facts_are_refused);
	tcase_add_test(tests, little_room_is_our_fault_and_not_the_facts);
	tcase_add_test(tests, quoted_printable_follows_its_rules);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
