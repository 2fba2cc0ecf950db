/*
 * home.h: the first page: what Kept is, how it fares, and the plans that everybody may read, with the groups that are
 * missing from each table.
 */
#ifndef API_HOME_H
#define API_HOME_H

struct exchange;

/* It comes also while the database is away, and says so. */
void home_page(struct exchange *exchange);

#endif
