/*
 * accept.h: which form of a list the header Accept asks for (RFC 9110, 12.5.1): JSON or CSV.
 *
 * The range that names a type most closely decides its weight. The heavier type wins, among equals the one that is
 * named more closely, then JSON. Without the header, or when nothing in it can be read, it is JSON. A range that asks
 * for CSV in another character set than UTF-8, or without a header row, does not fit; other parameters are passed over.
 */
#ifndef API_ACCEPT_H
#define API_ACCEPT_H

enum accept_form { ACCEPT_JSON, ACCEPT_CSV, ACCEPT_NEITHER };

/* `header` is the value of all its lines, joined by commas; NULL: none. */
enum accept_form accept_form(const char *header);

#endif
