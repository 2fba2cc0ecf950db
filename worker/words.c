#include "worker/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>
#include <unicode/uloc.h>

#include "worker/words_date.h"
#include "worker/words_pattern.h"

#define LANGUAGE_SIZE 16

#define BIT(name) ARGUMENT_BIT(ARGUMENT_##name)
#define PARTIES (BIT(ROLE) | BIT(OWNER) | BIT(GROUP) | BIT(PLACE))
#define ANSWERS (BIT(ROLE) | BIT(ANSWER) | BIT(REPLY) | BIT(PLACE))

static const struct {
	const char *key;
	unsigned arguments;
} declared[WORD_COUNT] = {
	[WORD_SUBJECT_BEFORE] = {"subject_before", BIT(TITLE) | BIT(DAYS) | BIT(DAY)},
	[WORD_SUBJECT_TODAY] = {"subject_today", BIT(TITLE)},
	[WORD_SUBJECT_AFTER] = {"subject_after", BIT(TITLE) | BIT(DAYS) | BIT(DAY)},
	[WORD_SUBJECT_ASK] = {"subject_ask", BIT(TITLE) | BIT(DAY) | BIT(ROLE)},
	[WORD_SUBJECT_NOW] = {"subject_now", BIT(TITLE)},
	[WORD_SUBJECT_KEPT] = {"subject_kept", BIT(TITLE)},
	[WORD_SUBJECT_LATE] = {"subject_late", BIT(TITLE)},
	[WORD_SUBJECT_HANDOVER] = {"subject_handover", BIT(TITLE) | BIT(ROLE)},
	[WORD_HELLO] = {"hello", BIT(NAME)},
	[WORD_LEAD_BEFORE] = {"lead_before", PARTIES | BIT(DAYS) | BIT(DAY)},
	[WORD_LEAD_TODAY] = {"lead_today", PARTIES},
	[WORD_LEAD_AFTER] = {"lead_after", PARTIES | BIT(DAYS) | BIT(DAY)},
	[WORD_LEAD_LONG_AFTER] = {"lead_long_after", PARTIES | BIT(DAYS) | BIT(DAY)},
	[WORD_LEAD_ASK] = {"lead_ask", PARTIES | BIT(DAY)},
	[WORD_LEAD_NOW] = {"lead_now", PARTIES},
	[WORD_LEAD_KEPT] = {"lead_kept", BIT(DAY) | BIT(DUE)},
	[WORD_LEAD_LATE] = {"lead_late", PARTIES | BIT(DAYS) | BIT(DAY)},
	[WORD_LEAD_HANDOVER] = {"lead_handover", PARTIES},
	[WORD_PROMISE_BY] = {"promise_by", PARTIES},
	[WORD_PROMISE_DUE] = {"promise_due", BIT(DUE)},
	[WORD_PROMISE_WAS_DUE] = {"promise_was_due", BIT(DUE)},
	[WORD_PROMISE_KEPT] = {"promise_kept", BIT(DUE)},
	[WORD_PLAN] = {"plan", PARTIES},
	[WORD_ACTION_BEFORE] = {"action_before", ANSWERS | BIT(OWNER)},
	[WORD_ACTION_AFTER] = {"action_after", ANSWERS | BIT(OWNER)},
	[WORD_ACTION_ASK] = {"action_ask", ANSWERS | BIT(OWNER)},
	[WORD_ACTION_KEPT] = {"action_kept", ANSWERS},
	[WORD_ACTION_LATE] = {"action_late", ANSWERS},
	[WORD_ACTION_HANDOVER] = {"action_handover", ANSWERS},
	[WORD_THANKS] = {"thanks", BIT(PLACE)},
	[WORD_SENDER] = {"sender", BIT(SENDER) | BIT(PLACE)},
	[WORD_WHY] = {"why", BIT(ROLE)},
	[WORD_WHY_BENEFICIARY] = {"why_beneficiary", BIT(ROLE)},
	[WORD_WHY_HANDOVER] = {"why_handover", BIT(ROLE)},
	[WORD_WHY_INVITATION] = {"why_invitation", BIT(PLACE)},
	[WORD_STOP] = {"stop", ANSWERS},
	[WORD_STOP_NOTICE] = {"stop_notice", ANSWERS},
};

struct words_language {
	char tag[LANGUAGE_SIZE];
	bool right_to_left;
	struct words_pattern patterns[WORD_COUNT];
};

struct words {
	struct words_language *languages;
	size_t count;
	const struct words_language *english;
	struct words_dates *dates;
};

static bool say_fault(char **error, const char *file, const char *key, const char *fault)
{
	if (asprintf(error, "worker/messages/%s: %s%s%s", file, key, *key == '\0' ? "" : " ", fault) < 0)
		*error = NULL;
	return false;
}

static int find_key(const char *key)
{
	for (int i = 0; i < WORD_COUNT; i++)
		if (strcmp(declared[i].key, key) == 0)
			return i;
	return -1;
}

/* A pattern may compile and yet fail when it is used; better at start than at the first reminder. */
static bool can_be_said(const struct words_language *language, enum word word)
{
	static const char *const roles[] = {"owner", "helper", "accountable", "escalation", "beneficiary"};
	static const double days[] = {0, 1, 2, 7, 11, 100}; /* of each plural form of any language */
	bool said = true;
	for (size_t i = 0; i < 5 * 6 * 2 && said; i++) {
		struct words_arguments arguments = {.name = "n",
						    .role = roles[i % 5],
						    .days = days[i / 5 % 6],
						    .answer = i / 30 == 0 ? "person" : "none"};
		struct text out;
		text_init(&out, PATTERN_BYTES);
		said = words_say(language, word, &arguments, &out) && out.length > 0;
		text_release(&out);
	}
	return said;
}

static bool load_patterns(struct words_language *language, const char *file, json_t *object, char **error)
{
	const char *key;
	json_t *value;
	json_object_foreach (object, key, value) {
		int word = find_key(key);
		const char *fault;
		if (word < 0)
			return say_fault(error, file, key, "is no key of the messages");
		if (!json_is_string(value))
			return say_fault(error, file, key, "is not a text");
		if (!words_pattern_open(&language->patterns[word], language->tag, json_string_value(value),
					declared[word].arguments, &fault))
			return say_fault(error, file, key, fault);
		if (!can_be_said(language, (enum word)word))
			return say_fault(error, file, key, "cannot be formatted");
	}
	for (int i = 0; i < WORD_COUNT; i++)
		if (language->patterns[i].format == NULL)
			return say_fault(error, file, declared[i].key, "is missing");
	return true;
}

static bool load_language(struct words_language *language, const struct embedded *file, char **error)
{
	size_t length = strcspn(file->name, ".");
	if (length == 0 || length >= LANGUAGE_SIZE || strcmp(file->name + length, ".json") != 0)
		return say_fault(error, file->name, "", "is not named LANGUAGE.json");
	memcpy(language->tag, file->name, length);
	language->tag[length] = '\0';
	language->right_to_left = uloc_isRightToLeft(language->tag);
	json_error_t where;
	json_t *object = json_loadb(file->bytes, file->length, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(object)) {
		json_decref(object);
		return say_fault(error, file->name, "", "is not a JSON object");
	}
	bool loaded = load_patterns(language, file->name, object, error);
	json_decref(object);
	return loaded;
}

static const struct words_language *find_language(const struct words *words, const char *tag, size_t length)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *known = words->languages[i].tag;
		if (strlen(known) == length && strncasecmp(known, tag, length) == 0)
			return &words->languages[i];
	}
	return NULL;
}

static bool load_all(struct words *words, const struct embedded_table *files, char **error)
{
	words->dates = words_dates_new();
	words->languages = calloc(files->count + 1, sizeof(*words->languages));
	if (words->dates == NULL || words->languages == NULL)
		return false;
	for (size_t i = 0; i < files->count; i++) {
		words->count++;
		if (!load_language(&words->languages[i], &files->files[i], error))
			return false;
	}
	words->english = find_language(words, "en", 2);
	return words->english != NULL || say_fault(error, "en.json", "", "is missing");
}

struct words *words_new(const struct embedded_table *files, char **error)
{
	*error = NULL;
	struct words *words = calloc(1, sizeof(*words));
	if (words != NULL && load_all(words, files, error))
		return words;
	words_free(words);
	return NULL;
}

void words_free(struct words *words)
{
	if (words == NULL)
		return;
	for (size_t i = 0; i < words->count; i++)
		for (int word = 0; word < WORD_COUNT; word++)
			words_pattern_close(&words->languages[i].patterns[word]);
	free(words->languages);
	words_dates_free(words->dates);
	free(words);
}

const struct words_language *words_language(const struct words *words, const char *tag)
{
	const struct words_language *language = find_language(words, tag, strcspn(tag, "-_"));
	return language == NULL ? words->english : language;
}

const char *words_language_tag(const struct words_language *language)
{
	return language->tag;
}

bool words_right_to_left(const struct words_language *language)
{
	return language->right_to_left;
}

bool words_say(const struct words_language *language, enum word word, const struct words_arguments *arguments,
	       struct text *out)
{
	const char *const texts[ARGUMENT_COUNT] = {
		[ARGUMENT_NAME] = arguments->name,   [ARGUMENT_TITLE] = arguments->title,
		[ARGUMENT_OWNER] = arguments->owner, [ARGUMENT_GROUP] = arguments->group,
		[ARGUMENT_PLACE] = arguments->place, [ARGUMENT_SENDER] = arguments->sender,
		[ARGUMENT_DUE] = arguments->due,     [ARGUMENT_DAY] = arguments->day,
		[ARGUMENT_REPLY] = arguments->reply, [ARGUMENT_ANSWER] = arguments->answer,
		[ARGUMENT_ROLE] = arguments->role,
	};
	return words_pattern_format(&language->patterns[word], texts, arguments->days, out);
}

bool words_date(struct words *words, const struct words_language *language, const char *tag, const char *date,
		enum words_date_style style, struct text *out)
{
	size_t length = strlen(language->tag);
	bool same = strncasecmp(tag, language->tag, length) == 0 && (tag[length] == '\0' || tag[length] == '-');
	return words_dates_format(words->dates, same ? tag : language->tag, date, style == WORDS_DATE_FULL, out);
}
