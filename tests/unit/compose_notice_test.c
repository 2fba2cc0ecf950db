/* What the mails beside the ladder say, in each language and direction: worker/compose.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/letter.h"
#include "worker/compose.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FSI "\xE2\x81\xA8" /* what is between runs by its own direction */
#define PDI "\xE2\x81\xA9"

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

/* A notice about a promise of the school board, due two days ago, to María. */
static json_t *notice_facts(const char *notice, const char *language)
{
	json_t *json = letter_facts();
	bool handover = strcmp(notice, "handover") == 0;
	letter_set(json, "rung", NULL);
	letter_set(json, "kind", json_string("notice"));
	letter_set(json, "notice", json_string(notice));
	letter_set(json, "language", json_string(language));
	letter_set(json, "commitment.title", json_string("Lend laptops"));
	letter_set(json, "commitment.owner", json_string("Board"));
	letter_set(json, "commitment.role", json_string(handover ? "owner" : "beneficiary"));
	letter_set(json, "commitment.days", json_integer(-2));
	letter_set(json, "commitment.completed_on", json_string("2027-01-14"));
	if (!handover)
		letter_set(json, "commitment.when_where_how", json_null());
	return json;
}

static json_t *invitation_facts(const char *language, const char *subject, const char *text)
{
	json_t *json = notice_facts("invitation", language);
	letter_set(json, "commitment", NULL);
	letter_set(json, "invitation", json_pack("{s:s, s:s, s:s}", "id", "i1", "subject", subject, "text", text));
	return json;
}

static void assert_says(const char *text, const char *expected)
{
	ck_assert_msg(strstr(text, expected) != NULL, "\"%s\" is not in: %s", expected, text);
}

static void assert_header(const char *mail, const char *name, const char *expected)
{
	char *value = letter_header(mail, name);
	ck_assert_str_eq(value, expected);
	free(value);
}

static const struct {
	const char *notice, *language, *subject;
	const char *texts[5];
} kinds[] = {
	{"kept",
	 "en",
	 "Kept: Lend laptops",
	 {"On Thursday, January 14, the promise below, which was made to you, was kept.",
	  "Lend laptops In the name of Board (Familias, Lincoln Elementary) Kept on Thursday, January 14, 2027",
	  "If it helped, or if you see it differently, just reply to this message. Dana Cole reads your answer.",
	  "You get it because this promise was made to you.", "To pause or stop these messages, tell Dana Cole"}},
	{"late",
	 "en",
	 "Not yet: Lend laptops",
	 {"The promise below was made to you. Its date was Friday, January 15, and we have not heard yet that it is "
	  "done. It was raised with those responsible.",
	  "Lend laptops In the name of Board (Familias, Lincoln Elementary) The date was Friday, January 15, 2027",
	  "You need not do anything.", "You get it because this promise was made to you.",
	  "To pause or stop these messages"}},
	{"handover",
	 "en",
	 "Would you take this over? Lend laptops",
	 {"You were asked to take over the promise below. Nothing is settled until you agree. Can you take it on?",
	  "The date was Friday, January 15, 2027", "Los martes a las 7, en la sala.", "No is a fair answer too.",
	  "You get it because you were asked to take this promise over."}},
	{"kept",
	 "es",
	 "Cumplido: Lend laptops",
	 {"El jueves, 14 de enero se cumplió este compromiso, asumido con ustedes.",
	  "Cumplido el jueves, 14 de enero de 2027", "responda a este mensaje. Dana Cole leerá su respuesta.",
	  "Lo recibe porque este compromiso se asumió con ustedes.", "Para pausar estos mensajes"}},
	{"late",
	 "es-MX",
	 "Todavía no: Lend laptops",
	 {"Su fecha fue el viernes, 15 de enero, y todavía no sabemos que esté hecho. Ya se ha planteado a los "
	  "responsables.",
	  "La fecha era el viernes, 15 de enero de 2027", "No hace falta que haga nada.", "A nombre de Board",
	  "Para pausar estos mensajes"}},
	{"handover",
	 "es",
	 "¿Podría hacerse cargo? Lend laptops",
	 {"No hay nada acordado hasta que usted acepte.", "Lo que ya se hizo queda registrado.",
	  "También puede decir que no.", "Los martes a las 7", "Para pausar estos mensajes"}},
	{"kept",
	 "ar",
	 "تم الوفاء: " FSI "Lend laptops" PDI "",
	 {"تم يوم الخميس، ١٤ يناير الوفاء بالوعد أدناه الذي قُطع لكم.", "تم الوفاء به: الخميس، ١٤ يناير ٢٠٢٧",
	  "باسم " FSI "Board" PDI "", "تصلكم لأن هذا الوعد قُطع لكم.", "لإيقاف هذه الرسائل"}},
	{"late",
	 "ar",
	 "ليس بعد: " FSI "Lend laptops" PDI "",
	 {"كان موعده يوم الجمعة، ١٥ يناير، ولم يصلنا بعد أنه تم. وقد رُفع الأمر إلى المسؤولين عنه.",
	  "كان الموعد: الجمعة، ١٥ يناير ٢٠٢٧", "لا يلزمكم فعل شيء.", "ويصل ردكم إلى " FSI "Dana Cole" PDI ".",
	  "لإيقاف هذه الرسائل"}},
	{"handover",
	 "ar",
	 "هل يمكنكم تولي هذا الوعد؟ " FSI "Lend laptops" PDI "",
	 {"طُلب منكم أن تتولوا الوعد أدناه. لا شيء محسوم قبل موافقتكم.", "والاعتذار جواب مقبول أيضًا.",
	  "وما أُنجز حتى الآن يبقى مسجلًا.", "خطتكم: متى وأين وكيف", "لإيقاف هذه الرسائل"}},
};

START_TEST(each_notice_says_what_is_so_and_blames_nobody)
{
	json_t *json = notice_facts(kinds[_i].notice, kinds[_i].language);
	char *mail = letter_take(words, json);
	assert_header(mail, "Subject", kinds[_i].subject);
	char *text = letter_flat(mail);
	for (size_t i = 0; i < COUNT(kinds[_i].texts); i++)
		assert_says(text, kinds[_i].texts[i]);
	static const char *const blame[] = {"overdue", "failed", "broke", "fault", "incumpl", "culpa", "فشل", "أخل"};
	for (size_t i = 0; i < COUNT(blame); i++)
		ck_assert_msg(strstr(text, blame[i]) == NULL, "%s: %s", blame[i], text);
	free(text);
	free(mail);
}
END_TEST

START_TEST(without_an_institution_the_group_is_named_once)
{
	json_t *json = notice_facts("late", "en");
	letter_set(json, "commitment.owner", json_null());
	letter_set(json, "commitment.days", json_integer(-1));
	char *mail = letter_take(words, json);
	char *text = letter_flat(mail);
	assert_says(text, "Its date was yesterday, Friday, January 15, and");
	assert_says(text, "Lend laptops Familias, Lincoln Elementary The date was");
	ck_assert_ptr_null(strstr(text, "In the name of"));
	free(text);
	free(mail);
}
END_TEST

START_TEST(what_has_no_date_is_told_without_one)
{
	static const char *const notices[] = {"kept", "handover"};
	for (size_t i = 0; i < COUNT(notices); i++) {
		json_t *json = notice_facts(notices[i], "en");
		letter_set(json, "commitment.due_on", json_null());
		letter_set(json, "commitment.days", json_null());
		char *mail = letter_take(words, json);
		char *text = letter_flat(mail);
		ck_assert_ptr_null(strstr(text, "January 15"));
		ck_assert_ptr_null(strstr(text, "The date was"));
		free(text);
		free(mail);
	}
}
END_TEST

#define FIRST "تعالوا إلى الطاولة"
#define SECOND "هل توافقون على «{plan}»؟"

START_TEST(an_invitation_in_arabic_is_framed_in_arabic_from_right_to_left)
{
	char *mail = letter_take(
		words, invitation_facts("ar", FIRST, FIRST ".\n" SECOND "\r\n \t\r\nhttps://kept.example/s/ab\n\n\n"));
	assert_header(mail, "Subject", FIRST);
	assert_header(mail, "Content-Language", "ar");
	char *raw = letter_raw_header(mail, "Subject");
	ck_assert_msg(strncmp(raw, "=?UTF-8?", 8) == 0, "%s", raw);
	free(raw);
	char *text = letter_part(mail, "text/plain");
	assert_says(text,
		    "مرحبًا " FSI "" LETTER_MARIA "" PDI "،\n\n" FIRST ".\n" SECOND "\n\nhttps://kept.example/s/ab\n");
	assert_says(text, "\n-- \nهذه الرسالة من " FSI "Lincoln Elementary, Lakeview" PDI "");
	free(text);
	text = letter_flat(mail);
	assert_says(text, "تصلكم لأن لمجموعتكم مكانًا على هذه الطاولة. لإيقاف هذه الرسائل");
	free(text);
	char *html = letter_part(mail, "text/html");
	assert_says(html, "<html lang=\"ar\" dir=\"rtl\">");
	assert_says(html, "<div lang=\"ar\" dir=\"rtl\">\n<p dir=\"auto\" style=\"margin:0 0 1em\">" FIRST
			  ".<br>\n" SECOND "</p>\n"
			  "<p dir=\"auto\" style=\"margin:0 0 1em\">https://kept.example/s/ab</p>\n</div>");
	free(html);
	free(mail);
}
END_TEST

START_TEST(an_invitation_in_a_language_without_words_keeps_its_own_language)
{
	static const struct {
		const char *tag, *direction;
	} languages[] = {{"vi", "ltr"}, {"fa", "rtl"}, {"so", "ltr"}, {"ur-PK", "rtl"}};
	for (size_t i = 0; i < COUNT(languages); i++) {
		char *mail = letter_take(words, invitation_facts(languages[i].tag, "S", "<b>T</b> & \"t\"\n\nU\x01u"));
		assert_header(mail, "Content-Language", languages[i].tag);
		char *html = letter_part(mail, "text/html"), expected[64];
		assert_says(html, "<html lang=\"en\" dir=\"ltr\">");
		snprintf(expected, sizeof(expected), "<div lang=\"%s\" dir=\"%s\">\n", languages[i].tag,
			 languages[i].direction);
		assert_says(html, expected);
		assert_says(html, ">&lt;b&gt;T&lt;/b&gt; &amp; &quot;t&quot;</p>");
		assert_says(html, ">U u</p>");
		free(html);
		char *text = letter_flat(mail);
		assert_says(text, "You get it because your group belongs at this table.");
		ck_assert_ptr_null(strstr(text, "promise below"));
		free(text);
		free(mail);
	}
}
END_TEST

static const struct {
	const char *notice, *path, *value; /* NULL value: left out */
} broken[] = {
	{"late", "notice", "soon"},
	{"late", "notice", NULL},
	{"late", "kind", "event"},
	{"late", "commitment.due_on", NULL},
	{"late", "commitment.days", NULL},
	{"late", "commitment.role", "owner"},
	{"kept", "commitment.completed_on", NULL},
	{"kept", "commitment.completed_on", "soon"},
	{"kept", "commitment.due_on", "2027-02-30"},
	{"handover", "commitment.role", "beneficiary"},
	{"invitation", "invitation", NULL},
	{"invitation", "invitation.subject", NULL},
	{"invitation", "invitation.subject", ""},
	{"invitation", "invitation.subject", "a\r\nBcc: x@evil.example"},
	{"invitation", "invitation.text", NULL},
	{"invitation", "invitation.text", ""},
	{"invitation", "language", ""},
	{"invitation", "language", "en\" onload=\"x"},
	{"invitation", "language", "en\r\nX: y"},
	{"invitation", "language", "averyveryveryveryveryveryverylongtag"},
};

START_TEST(incomplete_notices_are_refused)
{
	bool invitation = strcmp(broken[_i].notice, "invitation") == 0;
	json_t *json = invitation ? invitation_facts("en", "S", "T") : notice_facts(broken[_i].notice, "en");
	struct text out;
	ck_assert_int_eq(letter_try(words, json, &out), COMPOSE_OK);
	text_release(&out);
	letter_set(json, broken[_i].path, broken[_i].value == NULL ? NULL : json_string(broken[_i].value));
	ck_assert_int_eq(letter_try(words, json, &out), COMPOSE_FACTS);
	text_release(&out);
	json_decref(json);
}
END_TEST

static const struct {
	int days;
	const char *subject, *lead;
} arabic[] = {
	{1, "غدًا", "موعده غدًا، الجمعة، ١٥ يناير."},
	{2, "بعد يومين", "موعده بعد يومين، يوم الجمعة، ١٥ يناير."},
	{3, "بعد ٣ أيام", "موعده بعد ٣ أيام، يوم"},
	{10, "بعد ١٠ أيام", "موعده بعد ١٠ أيام، يوم"},
	{11, "بعد ١١ يومًا", "موعده بعد ١١ يومًا، يوم"},
	{99, "بعد ٩٩ يومًا", "موعده بعد ٩٩ يومًا، يوم"},
	{100, "بعد ١٠٠ يوم", "موعده بعد ١٠٠ يوم، يوم"},
	{103, "بعد ١٠٣ أيام", "موعده بعد ١٠٣ أيام، يوم"},
	{-1, "كيف تسير الأمور؟ " FSI "Read together twenty minutes" PDI "",
	 "كان أمس، الجمعة، ١٥ يناير، موعد وعدكم أدناه."},
	{-7, "كيف تسير الأمور؟", "قبل أسبوع، يوم الجمعة، ١٥ يناير، كان موعد وعدكم أدناه."},
	{-8, "كيف تسير الأمور؟", "قبل ٨ أيام، يوم"},
	{-14, "كيف تسير الأمور؟", "قبل ١٤ يومًا، يوم"},
};

START_TEST(arabic_counts_days_by_its_plural_forms)
{
	json_t *json = letter_facts();
	letter_set(json, "language", json_string("ar"));
	letter_set(json, "commitment.days", json_integer(arabic[_i].days));
	char *mail = letter_take(words, json);
	char *subject = letter_header(mail, "Subject"), *text = letter_flat(mail);
	ck_assert_msg(strncmp(subject, arabic[_i].subject, strlen(arabic[_i].subject)) == 0, "%s", subject);
	assert_says(text, arabic[_i].lead);
	assert_says(text, "شكرًا لكم على ما تقدمونه لطلابنا.");
	char *html = letter_part(mail, "text/html");
	assert_says(html, "<html lang=\"ar\" dir=\"rtl\">");
	assert_says(html, "border-right:");
	/* Our words run as the document does, a title as its first letter does. */
	assert_says(html, "<p style=\"margin:0 0 1em\">مرحبًا");
	assert_says(html, "<p dir=\"auto\" style=\"margin:0;font-size:1.2em;font-weight:bold\">Read together");
	free(html);
	free(subject);
	free(text);
	free(mail);
}
END_TEST

START_TEST(who_coordinates_is_told_of_what_waits_as_somebody_who_can_help)
{
	static const struct {
		const char *language, *lead, *action, *why;
	} told[] = {
		{"en", "14 days ago, on Friday, January 15, was the date of the promise below.",
		 "Please ask Board what stands in the way", "You get it because you coordinate"},
		{"es", "fue la fecha de este compromiso.", "Pregunte por favor a Board qué lo impide",
		 "Lo recibe porque usted coordina"},
		{"ar", "كان موعد الوعد أدناه.", "نرجو أن تسألوا " FSI "Board" PDI "", "تصلكم لأنكم تتولون التنسيق"},
	};
	for (size_t i = 0; i < COUNT(told); i++) {
		json_t *json = letter_facts();
		letter_set(json, "language", json_string(told[i].language));
		letter_set(json, "commitment.role", json_string("escalation"));
		letter_set(json, "commitment.owner", json_string("Board"));
		letter_set(json, "commitment.days", json_integer(-14));
		char *mail = letter_take(words, json);
		char *text = letter_flat(mail);
		assert_says(text, told[i].lead);
		assert_says(text, told[i].action);
		assert_says(text, told[i].why);
		free(text);
		free(mail);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compose_notice");
	TCase *tests = tcase_create("compose_notice");
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, each_notice_says_what_is_so_and_blames_nobody, 0, (int)COUNT(kinds));
	tcase_add_test(tests, without_an_institution_the_group_is_named_once);
	tcase_add_test(tests, what_has_no_date_is_told_without_one);
	tcase_add_test(tests, an_invitation_in_arabic_is_framed_in_arabic_from_right_to_left);
	tcase_add_test(tests, an_invitation_in_a_language_without_words_keeps_its_own_language);
	tcase_add_loop_test(tests, incomplete_notices_are_refused, 0, (int)COUNT(broken));
	tcase_add_loop_test(tests, arabic_counts_days_by_its_plural_forms, 0, (int)COUNT(arabic));
	tcase_add_test(tests, who_coordinates_is_told_of_what_waits_as_somebody_who_can_help);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
