/*
 * plan_sheet.h: /s/{code}: a plan as a sheet of paper, for those who answer by hand: each group's responsibilities with
 * boxes and room to write, the three questions, and the short link itself.
 */
#ifndef API_PLAN_SHEET_H
#define API_PLAN_SHEET_H

#include <stdbool.h>

struct exchange;

/* Makes the sheet of the reply's JSON (kept.sheet); false: a problem is set. */
bool plan_sheet(struct exchange *exchange);

#endif
