/* The bytes of a reminder's mail, whatever its facts hold; facts that make none: worker/compose.h. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/letter.h"
#include "worker/compose.h"
#include "worker/mail_body.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct words *words;

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

#define ARABIC "\xD9\x81\xD8\xA7\xD8\xB7\xD9\x85\xD8\xA9 \xD8\xA7\xD9\x84\xD8\xB2\xD9\x87\xD8\xB1\xD8\xA7\xD8\xA1"
#define EMOJI "\xF0\x9F\x93\x9A"

static const char *const names[] = {
	"Ana",
	"Ana Rivera",
	LETTER_MARIA,
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
	char *raw = letter_raw_header(mail, name);
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
	char *value = letter_decode(raw);
	free(raw);
	return value;
}

START_TEST(names_of_every_kind_come_through)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		json_t *json = letter_facts();
		letter_set(json, "to.name", json_string(names[i]));
		letter_set(json, "reply_to.name", json_string(names[i]));
		letter_set(json, "commitment.title", json_string(names[i]));
		char *mail = letter_take(words, json);
		char *display = display_of(mail, "To", "maria@lakeview.example");
		ck_assert_str_eq(display, names[i]);
		free(display);
		display = display_of(mail, "Reply-To", "dana@lakeview.example");
		ck_assert_str_eq(display, names[i]);
		free(display);
		char *subject = letter_header(mail, "Subject");
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
		json_t *json = letter_facts();
		letter_set(json, "language", json_string("en"));
		letter_set(json, "commitment.title", json_string(title.bytes));
		char *mail = letter_take(words, json);
		const char *line = strstr(mail, "\r\nSubject: ") + 2;
		do {
			ck_assert_uint_le(strcspn(line, "\r"), 76);
			line = strstr(line, "\r\n") + 2;
		} while (*line == ' ');
		char *subject = letter_header(mail, "Subject");
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
			json_t *json = letter_facts();
			letter_set(json, control_paths[path], json_string(controls[i]));
			struct text out;
			ck_assert_msg(letter_try(words, json, &out) == COMPOSE_FACTS, "%s %zu", control_paths[path], i);
			text_release(&out);
			json_decref(json);
		}
	json_t *json = letter_facts();
	letter_set(json, "to.name", json_stringn("a\0b", 3));
	struct text out;
	ck_assert_int_eq(letter_try(words, json, &out), COMPOSE_FACTS);
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
		json_t *json = letter_facts();
		letter_set(json, broken[i].path, broken[i].value == NULL ? NULL : json_string(broken[i].value));
		ck_assert_msg(letter_try(words, json, &out) == COMPOSE_FACTS, "%s %s", broken[i].path, broken[i].value);
		text_release(&out);
		json_decref(json);
	}
	json_t *empty = json_object();
	ck_assert_int_eq(letter_try(words, empty, &out), COMPOSE_FACTS);
	text_release(&out);
	json_decref(empty);
	json_t *array = json_array();
	ck_assert_int_eq(letter_try(words, array, &out), COMPOSE_FACTS);
	text_release(&out);
	json_decref(array);
}
END_TEST

START_TEST(little_room_is_our_fault_and_not_the_facts)
{
	json_t *json = letter_facts();
	const char *why;
	struct text out;
	ck_assert_int_eq(letter_try(words, json, &out), COMPOSE_OK);
	size_t length = out.length;
	text_release(&out);
	for (size_t room = 0; room < length; room += 97) {
		text_init(&out, room);
		ck_assert_int_eq(
			compose_mail(words, &letter_from, LETTER_ID, "maria@lakeview.example", json, &out, &why),
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
	Suite *suite = suite_create("compose_bytes");
	TCase *tests = tcase_create("compose_bytes");
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, set_up, tear_down);
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
