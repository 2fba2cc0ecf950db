/* What a reminder's mail says to whom: worker/compose.h. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/letter.h"
#include "worker/compose.h"

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

static void assert_header(const char *mail, const char *name, const char *expected)
{
	char *value = letter_header(mail, name);
	ck_assert_str_eq(value, expected);
	free(value);
}

static void assert_says(const char *text, const char *expected)
{
	ck_assert_msg(strstr(text, expected) != NULL, "\"%s\" is not in: %s", expected, text);
}

START_TEST(a_reminder_has_the_headers_of_a_mail)
{
	char *mail = letter_take(words, letter_facts());
	assert_header(mail, "Date", "Wed, 13 Jan 2027 13:00:00 +0000");
	assert_header(mail, "From", "\"Lincoln Elementary (Kept)\" <kept@district.example>");
	assert_header(mail, "To", LETTER_MARIA " <maria@lakeview.example>");
	assert_header(mail, "Reply-To", "Dana Cole <dana@lakeview.example>");
	assert_header(mail, "Subject",
		      "Dentro de 2 d\xC3\xAD"
		      "as: Read together twenty minutes");
	assert_header(mail, "Message-ID", "<" LETTER_ID "@district.example>");
	assert_header(mail, "Auto-Submitted", "auto-generated");
	assert_header(mail, "Content-Language", "es");
	assert_header(mail, "MIME-Version", "1.0");
	assert_header(mail, "Content-Type", "multipart/alternative; boundary=\"=_kept-" LETTER_ID "\"");
	ck_assert_ptr_null(letter_raw_header(mail, "Bcc"));
	free(mail);
}
END_TEST

START_TEST(the_text_says_what_when_who_and_how_to_stop)
{
	char *mail = letter_take(words, letter_facts());
	char *text = letter_flat(mail);
	assert_says(text, "Hola, " LETTER_MARIA ":");
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
	text = letter_part(mail, "text/plain");
	assert_says(text, "\n    Los martes a las 7,\n    en la sala.\n");
	assert_says(text, "\n-- \n");
	free(text);
	free(mail);
}
END_TEST

START_TEST(the_html_says_the_same_and_nothing_is_markup)
{
	json_t *json = letter_facts();
	letter_set(json, "commitment.title", json_string("<script>alert(\"1\")</script> & 'more'"));
	letter_set(json, "commitment.when_where_how",
		   json_string("a<b>\nc\x07"
			       "d"));
	char *mail = letter_take(words, json);
	char *html = letter_part(mail, "text/html");
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
	char *first = letter_take(words, letter_facts());
	tear_down();
	set_up();
	char *second = letter_take(words, letter_facts());
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
	{"en", "P+1D", -1, false, "accountable", "How is it going? T",
	 "A friendly word to " LETTER_MARIA " often helps"},
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
	{"vi", "P-7D", 7, false, "owner", "In 7 days: T", "on Friday, January 15."},
};

START_TEST(each_kind_and_role_has_its_words)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		json_t *json = letter_facts();
		letter_set(json, "language", json_string(kinds[i].language));
		letter_set(json, "rung", json_string(kinds[i].rung));
		letter_set(json, "ask", json_boolean(kinds[i].ask));
		letter_set(json, "commitment.days", json_integer(kinds[i].days));
		letter_set(json, "commitment.role", json_string(kinds[i].role));
		letter_set(json, "commitment.title", json_string("T"));
		char *mail = letter_take(words, json);
		assert_header(mail, "Subject", kinds[i].subject);
		assert_header(mail, "Content-Language", strncmp(kinds[i].language, "es", 2) == 0 ? "es" : "en");
		char *text = letter_flat(mail);
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
	json_t *json = letter_facts();
	letter_set(json, "language", json_string("en"));
	letter_set(json, "reply_to", json_null());
	letter_set(json, "sender.school", json_null());
	letter_set(json, "commitment.when_where_how", json_null());
	char *mail = letter_take(words, json);
	ck_assert_ptr_null(letter_raw_header(mail, "Reply-To"));
	assert_header(mail, "From", "\"Lakeview (Kept)\" <kept@district.example>");
	char *text = letter_flat(mail);
	assert_says(text, "please tell the coordinator at Lakeview.");
	assert_says(text, "To pause or stop these reminders, ask the coordinator at Lakeview.");
	assert_says(text, "Lakeview sends you this message with Kept");
	ck_assert_ptr_null(strstr(text, "reply"));
	ck_assert_ptr_null(strstr(text, "Your plan"));
	free(text);
	free(mail);
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
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
