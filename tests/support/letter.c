#include "tests/support/letter.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kept/limits.h"

const struct compose_sender letter_from = {"Kept", "kept@district.example"};

json_t *letter_facts(void)
{
	json_t *json = json_pack(
		"{s:s, s:s, s:b, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s},"
		" s:{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}}",
		"kind", "reminder", "rung", "P-2D", "ask", 0, "language", "es", "time_zone", "America/New_York", "date",
		"2027-01-13T13:00:00Z", "to", "name", LETTER_MARIA, "address", "maria@lakeview.example", "reply_to",
		"name", "Dana Cole", "address", "dana@lakeview.example", "sender", "district", "Lakeview", "school",
		"Lincoln Elementary", "commitment", "id", "c1", "title", "Read together twenty minutes", "group",
		"families", "group_name", "Familias", "due_on", "2027-01-15", "days", 2, "owner", LETTER_MARIA, "role",
		"owner", "when_where_how", "Los martes a las 7,\r\nen la sala.", "link", "/v1/commitments/c1");
	ck_assert_ptr_nonnull(json);
	return json;
}

void letter_set(json_t *json, const char *path, json_t *value)
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

enum compose_status letter_try(struct words *words, const json_t *json, struct text *out)
{
	const char *why = "";
	text_init(out, KEPT_MAIL_BYTES);
	enum compose_status status =
		compose_mail(words, &letter_from, LETTER_ID, "maria@lakeview.example", json, out, &why);
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

static char *letter_text(struct words *words, const json_t *json)
{
	struct text out;
	ck_assert_int_eq(letter_try(words, json, &out), COMPOSE_OK);
	assert_well_formed(&out);
	return text_take(&out);
}

char *letter_take(struct words *words, json_t *json)
{
	char *mail = letter_text(words, json);
	json_decref(json);
	return mail;
}

char *letter_raw_header(const char *part, const char *name)
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

char *letter_decode(const char *value)
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

char *letter_header(const char *part, const char *name)
{
	char *raw = letter_raw_header(part, name);
	ck_assert_msg(raw != NULL, "no %s", name);
	char *value = letter_decode(raw);
	free(raw);
	return value;
}

char *letter_part(const char *mail, const char *type)
{
	char needle[64] = "Content-Type: ";
	memcpy(needle + strlen(needle), type, strlen(type) + 1);
	const char *part = strstr(mail, needle);
	ck_assert_msg(part != NULL, "no part %s", type);
	const char *body = strstr(part, "\r\n\r\n") + 4;
	const char *end = strstr(body, "\r\n--=_kept-");
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

char *letter_flat(const char *mail)
{
	char *body = letter_part(mail, "text/plain");
	size_t used = 0;
	for (size_t i = 0; body[i] != '\0'; i++) {
		char c = body[i] == '\n' ? ' ' : body[i];
		if (c != ' ' || (used > 0 && body[used - 1] != ' '))
			body[used++] = c;
	}
	body[used] = '\0';
	return body;
}
