#include "api/schema/schema_decimal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"

#define MARK '\xff'
#define DIGITS "0123456789"
/* Longest text of a number that is not given as int64 or double. */
#define DECIMAL_BYTES (1024 * 1024)

const char *schema_number_text(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && *text == MARK ? text + 1 : NULL;
}

bool schema_is_number(const json_t *value)
{
	return json_is_number(value) || schema_number_text(value);
}

/* `exponent` is that of the last digit. Cuts zeros off both ends. */
static void decimal_set(struct schema_decimal *decimal, const char *digits, size_t count, int64_t exponent)
{
	decimal->point = exponent + (int64_t)count;
	for (; count && *digits == '0'; digits++, count--)
		decimal->point--;
	while (count && digits[count - 1] == '0')
		count--;
	decimal->digits = digits;
	decimal->count = count;
	if (count == 0) {
		decimal->point = 0;
		decimal->negative = false;
	}
}

void schema_decimal_of_integer(struct schema_decimal *decimal, int64_t value)
{
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	int count = snprintf(decimal->own, sizeof(decimal->own), "%llu", (unsigned long long)size);

	decimal->negative = value < 0;
	decimal_set(decimal, decimal->own, (size_t)count, 0);
}

void schema_decimal_of_double(struct schema_decimal *decimal, double value)
{
	char text[32];
	size_t count = 0;
	const char *c;

	for (int precision = 0; precision <= 16; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, fabs(value));
		if (strtod(text, NULL) == fabs(value))
			break;
	}
	for (c = text; *c && *c != 'e'; c++)
		if (*c >= '0' && *c <= '9')
			decimal->own[count++] = *c;
	decimal->negative = value < 0;
	decimal_set(decimal, decimal->own, count, strtol(c + 1, NULL, 10) - (int64_t)count + 1);
}

void schema_decimal_of_text(struct schema_decimal *decimal, const char *text)
{
	const char *digits = text + (*text == '-');
	size_t count = strspn(digits, DIGITS);

	decimal->negative = *text == '-';
	decimal_set(decimal, digits, count, strtoll(digits + count + 1, NULL, 10));
}

void schema_decimal_of_json(struct schema_decimal *decimal, const json_t *value)
{
	const char *text = schema_number_text(value);

	if (text)
		schema_decimal_of_text(decimal, text);
	else if (json_is_integer(value))
		schema_decimal_of_integer(decimal, json_integer_value(value));
	else
		schema_decimal_of_double(decimal, json_real_value(value));
}

int schema_decimal_compare(const struct schema_decimal *a, const struct schema_decimal *b)
{
	int sign_a = a->count == 0 ? 0 : a->negative ? -1 : 1;
	int sign_b = b->count == 0 ? 0 : b->negative ? -1 : 1;
	size_t least = a->count < b->count ? a->count : b->count;
	int larger;

	if (sign_a != sign_b || sign_a == 0)
		return sign_a - sign_b;
	if (a->point != b->point)
		return a->point > b->point ? sign_a : -sign_a;
	larger = memcmp(a->digits, b->digits, least);
	if (larger == 0)
		larger = (a->count > b->count) - (a->count < b->count);
	return larger > 0 ? sign_a : larger < 0 ? -sign_a : 0;
}

bool schema_decimal_is_integer(const struct schema_decimal *decimal)
{
	return decimal->count == 0 || decimal->point >= (int64_t)decimal->count;
}

static uint64_t rest_of_product(uint64_t a, uint64_t b, uint64_t divisor)
{
	return (uint64_t)((unsigned __int128)a * b % divisor);
}

static uint64_t rest_of_digits(const char *digits, size_t count, uint64_t divisor)
{
	uint64_t rest = 0;

	for (size_t i = 0; i < count; i++)
		rest = (uint64_t)(((unsigned __int128)rest * 10 + (uint64_t)(digits[i] - '0')) % divisor);
	return rest;
}

bool schema_decimal_is_multiple(const struct schema_decimal *a, const struct schema_decimal *b)
{
	int64_t zeros = (a->point - (int64_t)a->count) - (b->point - (int64_t)b->count);
	uint64_t divisor = 0, rest, power;

	if (a->count == 0)
		return true;
	if (zeros < 0) /* the digits of a do not end in 0, so 10 does not divide them */
		return false;
	for (size_t i = 0; i < b->count; i++)
		divisor = divisor * 10 + (uint64_t)(b->digits[i] - '0');
	rest = rest_of_digits(a->digits, a->count, divisor);
	for (power = 10 % divisor; zeros && rest; zeros >>= 1) {
		if (zeros & 1)
			rest = rest_of_product(rest, power, divisor);
		power = rest_of_product(power, power, divisor);
	}
	return rest == 0;
}

/* What RFC 8259, section 6, calls number. */
struct number_parts {
	const char *whole, *fraction;
	size_t whole_count, fraction_count;
	int64_t exponent;
};

static bool parts_read(struct number_parts *parts, const char *text, size_t length)
{
	const char *at = text + (*text == '-');

	*parts = (struct number_parts){.whole = at, .whole_count = strspn(at, DIGITS)};
	at += parts->whole_count;
	if (parts->whole_count == 0 || (parts->whole_count > 1 && *parts->whole == '0'))
		return false;
	if (*at == '.') {
		parts->fraction = at + 1;
		parts->fraction_count = strspn(at + 1, DIGITS);
		at += 1 + parts->fraction_count;
		if (parts->fraction_count == 0)
			return false;
	}
	if (*at == 'e' || *at == 'E') {
		at += 1 + (at[1] == '+' || at[1] == '-');
		if (strspn(at, DIGITS) == 0)
			return false;
		errno = 0;
		parts->exponent = strtoll(at - (at[-1] == '-'), NULL, 10);
		if (errno || llabs(parts->exponent) > SCHEMA_DECIMAL_EXPONENT)
			return false;
		at += strspn(at, DIGITS);
	}
	return at == text + length;
}

/* What Jansson would make of the text, where that is the same number; else NULL. */
static json_t *held_by_jansson(const char *text, size_t length, const struct schema_decimal *exact)
{
	json_t *value = json_loadb(text, length, JSON_DECODE_ANY, NULL);
	struct schema_decimal held;

	if (!value)
		return NULL;
	schema_decimal_of_json(&held, value);
	if (schema_decimal_compare(&held, exact) == 0)
		return value;
	json_decref(value);
	return NULL;
}

json_t *schema_decimal_json(const char *text, size_t length)
{
	char *copy = strndup(text, length);
	struct number_parts parts;
	struct schema_decimal exact;
	struct text marked;
	json_t *value = NULL;

	text_init(&marked, DECIMAL_BYTES);
	if (copy && parts_read(&parts, copy, length)) {
		text_adds(&marked, *copy == '-' ? "\xff-" : "\xff");
		text_add(&marked, parts.whole, parts.whole_count);
		if (parts.fraction)
			text_add(&marked, parts.fraction, parts.fraction_count);
		text_addf(&marked, "e%lld", (long long)(parts.exponent - (int64_t)parts.fraction_count));
		if (text_ok(&marked)) {
			schema_decimal_of_text(&exact, marked.bytes + 1);
			value = held_by_jansson(copy, length, &exact);
			if (!value)
				value = json_stringn_nocheck(marked.bytes, marked.length);
		}
	}
	text_release(&marked);
	free(copy);
	return value;
}
