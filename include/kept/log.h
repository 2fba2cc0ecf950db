/*
 * log.h: one JSON object a line on standard error, in UTC.
 *
 *   {"time":"2027-01-15T13:00:00.123Z","level":"info","program":"kept-api","event":"request","status":200,…}
 *
 * No secret, token, key or address in clear is ever passed in; callers pass ids. Thread-safe: a line is one write.
 * A failed write is ignored: a full disk must not stop the service; the program ignores SIGPIPE. Text that is not UTF-8
 * is written with U+FFFD. A pair that would make the line longer than KEPT_LOG_BYTES is left out with all that follow,
 * and "cut":true says so.
 */
#ifndef KEPT_LOG_H
#define KEPT_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARNING_LEVEL, LOG_ERROR_LEVEL };

/* Names the program in each line; once, before threads start. `program` is borrowed for ever. */
void log_start(const char *program);
/* The least level that is written; default info. KEPT_LOG=debug|info|warning|error sets it in config_load(). */
void log_level_set(enum log_level level);

/*
 * Writes one line. `event` is a constant word; then come pairs "name", value until a NULL name. The name's first
 * character says the type of the value: 's' const char * (NULL gives null), 'i' long long, 'n' double, 'b' int (bool),
 * 'j' const char * already JSON; it is not part of the name. Example:
 *   log_write(LOG_INFO_LEVEL, "listening", "saddress", address, "iport", (long long)port, NULL);
 */
void log_write(enum log_level level, const char *event, ...) __attribute__((sentinel));

#endif
