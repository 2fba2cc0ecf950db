/*
 * sheet.h: a list as CSV (RFC 4180), by Accept: text/csv.
 *
 * Without page_size it is the whole list, from page_token on: at most KEPT_SHEET_ROWS rows and about
 * KEPT_SHEET_BYTES, read by pages inside, each a unit of its own on the slow lane, so that nothing is held between
 * them; where more follows, the header Link says how to go on. With page_size it is that page. Nothing is sent before
 * all is there, so that a failure is a problem and no half sheet. At most KEPT_SHEETS are made at once.
 */
#ifndef API_SHEET_H
#define API_SHEET_H

#include "api/request/exchange.h"

struct sheet;

/* Makes CSV of the rows of an answer that is no list: the items of the member that the contract names. */
void sheet_rows(struct exchange *exchange, const char *body);
/* Submits the first unit, or sets a problem as the reply. */
void sheet_begin(struct exchange *exchange);
/* Accepts NULL. */
void sheet_free(struct sheet *sheet);

#endif
