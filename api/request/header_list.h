/*
 * header_list.h: the items of a header whose value is a list (RFC 9110, 5.6.1).
 */
#ifndef API_HEADER_LIST_H
#define API_HEADER_LIST_H

/* Behind an item that cannot be read: the next comma that stands in no quoted string, or the end. */
const char *header_list_skip(const char *item);

#endif
