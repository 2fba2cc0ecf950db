/*
 * text.h: a growing byte buffer with a ceiling, and small pure functions on text.
 *
 * A buffer never holds more than its limit: an append that would pass it, or that finds no memory, sets `failed`,
 * changes nothing, and all later appends do nothing; so a caller appends freely and checks text_ok() once.
 * The bytes are always followed by a NUL that is not counted.
 */
#ifndef KEPT_TEXT_H
#define KEPT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes; /* owned; NULL while nothing was appended */
	size_t length;
	size_t room;
	size_t limit; /* most bytes that it may hold */
	bool failed;
};

/* Begins an empty buffer; allocates nothing. */
void text_init(struct text *text, size_t limit);
/* Frees the bytes and begins anew with the same limit. Accepts a released buffer. */
void text_release(struct text *text);
/* Forgets the content, keeps the memory. */
void text_clear(struct text *text);
/* Hands the bytes (never NULL) to the caller, who frees them; NULL if failed. The buffer is empty afterwards. */
char *text_take(struct text *text) __attribute__((warn_unused_result));

void text_add(struct text *text, const void *bytes, size_t length);
void text_adds(struct text *text, const char *string);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text *text, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static inline bool text_ok(const struct text *text)
{
	return !text->failed;
}

/* JSON string literal with its quotes (RFC 8259, section 7); bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *text, const char *string, size_t length);
/* Text content or attribute value of HTML: & < > " ' are escaped. */
void text_add_html(struct text *text, const char *string);
/* Lower-case hexadecimal. */
void text_add_hex(struct text *text, const uint8_t *bytes, size_t length);
/* base64 (RFC 4648, section 4) with padding, without line breaks. */
void text_add_base64(struct text *text, const uint8_t *bytes, size_t length);
/* base64url (RFC 4648, section 5) without padding. */
void text_add_base64url(struct text *text, const uint8_t *bytes, size_t length);

/* Decode strictly: any character outside the alphabet, bad padding or stray bits give false. *length: in room, out
 * used. */
bool text_from_base64(uint8_t *out, size_t *length, const char *string, size_t string_length)
	__attribute__((warn_unused_result));
bool text_from_base64url(uint8_t *out, size_t *length, const char *string, size_t string_length)
	__attribute__((warn_unused_result));
bool text_from_hex(uint8_t *out, size_t *length, const char *string, size_t string_length)
	__attribute__((warn_unused_result));

/* Reads one code point of UTF-8 (RFC 3629) into `code` [out] and returns its size, 1 to 4; 0: malformed or `length` is
 * 0. */
size_t text_next_code_point(const char *string, size_t length, uint32_t *code);
/* True if the bytes are well-formed UTF-8 (RFC 3629) without U+0000. */
bool text_is_utf8(const char *bytes, size_t length);
/* Number of code points of well-formed UTF-8. */
size_t text_code_points(const char *bytes, size_t length);
/* True for well-formed UTF-8 without control characters (C0, DEL, C1) and without line and paragraph separators. */
bool text_is_line(const char *string);
/* True for a lower- or upper-case UUID in its canonical form (RFC 9562, section 4). */
bool text_is_uuid(const char *string);
/* True for a real calendar date written YYYY-MM-DD, years 1900 to 9999. */
bool text_is_date(const char *string);
/* True for an e-mail address that Kept will write to: local@domain, no quotes, spaces, angle brackets, control
 * characters, invisible characters; at most 254 bytes; UTF-8 is allowed in the local part, the domain is a host name in
 * ASCII (RFC 5321, RFC 6531). */
bool text_is_email(const char *string);
bool text_starts(const char *string, const char *prefix);

#endif
