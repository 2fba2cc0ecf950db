#include "worker/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kept/limits.h"

#define MINUTES 60.0
#define HOURS 3600.0
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const double webhook_pauses[] = {5,          5 * MINUTES, 30 * MINUTES, 2 * HOURS, 5 * HOURS,
					10 * HOURS, 14 * HOURS,  20 * HOURS,   24 * HOURS};
static const double mail_pauses[] = {1 * MINUTES, 5 * MINUTES, 30 * MINUTES, 1 * HOURS,  2 * HOURS,
				     4 * HOURS,   6 * HOURS,   8 * HOURS,    12 * HOURS, 12 * HOURS,
				     12 * HOURS,  12 * HOURS,  12 * HOURS,   12 * HOURS};

double next_try(enum channel channel, int attempt, double random)
{
	const double *pauses = channel == CHANNEL_WEBHOOK ? webhook_pauses : mail_pauses;
	size_t count = channel == CHANNEL_WEBHOOK ? COUNT(webhook_pauses) : COUNT(mail_pauses);
	if (attempt < 1)
		attempt = 1;
	if ((size_t)attempt > count)
		return -1;
	return pauses[attempt - 1] * (0.8 + 0.4 * random);
}

static void end_with(struct send_result *result, enum outcome outcome, enum send_error error)
{
	result->outcome = outcome;
	result->error = error;
}

/* The next try is never before the lane is open again. */
static void try_again(struct send_result *result, const struct attempt_end *end, enum channel channel,
		      enum send_error error, double lane_pause)
{
	double pause = next_try(channel, end->attempt, end->random);
	result->lane_pause_seconds = lane_pause;
	if (pause < 0) {
		end_with(result, OUTCOME_FAILED, error);
		return;
	}
	if (pause < lane_pause)
		pause = lane_pause;
	if (end->useful_seconds >= 0 && pause > end->useful_seconds) {
		end_with(result, OUTCOME_EXPIRED, error);
		return;
	}
	end_with(result, OUTCOME_RETRY, error);
	result->retry_seconds = pause;
}

static void begin(struct send_result *result, const struct attempt_end *end)
{
	result->status = end->status;
	result->retry_seconds = 0;
	result->lane_pause_seconds = 0;
	result->endpoint_gone = false;
}

static double http_lane_pause(const struct attempt_end *end)
{
	double asked = end->retry_after_seconds;
	if (asked > KEPT_RETRY_AFTER_SECONDS)
		asked = KEPT_RETRY_AFTER_SECONDS;
	switch (end->status) {
	case 429:
		return asked >= 0 ? asked : KEPT_THROTTLE_SECONDS;
	case 503:
		return asked >= 0 ? asked : 0;
	case 502:
	case 504:
		return KEPT_THROTTLE_SECONDS;
	default:
		return 0;
	}
}

void outcome_http(struct send_result *result, const struct attempt_end *end)
{
	begin(result, end);
	if (end->error == SEND_COMPOSE) {
		end_with(result, OUTCOME_FAILED, SEND_COMPOSE);
	} else if (end->error != SEND_OK && end->error != SEND_STATUS && end->error != SEND_REDIRECT) {
		try_again(result, end, CHANNEL_WEBHOOK, end->error, 0);
	} else if (end->status >= 200 && end->status <= 299) {
		end_with(result, OUTCOME_SENT, SEND_OK);
	} else if (end->status == 410) {
		end_with(result, OUTCOME_FAILED, SEND_STATUS);
		result->endpoint_gone = true;
	} else if (end->status >= 300 && end->status <= 399) {
		try_again(result, end, CHANNEL_WEBHOOK, SEND_REDIRECT, 0);
	} else if (end->status >= 400 && end->status <= 599) {
		try_again(result, end, CHANNEL_WEBHOOK, SEND_STATUS, http_lane_pause(end));
	} else {
		try_again(result, end, CHANNEL_WEBHOOK, SEND_BROKEN, 0);
	}
}

/* True for errors that have nothing to do with this one message: the rest of the lane would fail alike. */
static bool relay_is_away(enum send_error error, enum mail_phase phase)
{
	return error == SEND_NAME || error == SEND_CONNECT || error == SEND_TLS || error == SEND_AUTH ||
	       (error == SEND_TIMEOUT && phase == MAIL_PHASE_SESSION);
}

static void smtp_answered(struct send_result *result, const struct attempt_end *end, enum mail_phase phase,
			  enum send_error error)
{
	bool permanent = end->status >= 500 && end->status <= 599;
	if (permanent && phase != MAIL_PHASE_SESSION)
		end_with(result, OUTCOME_FAILED, error);
	else
		try_again(result, end, CHANNEL_EMAIL, error,
			  phase == MAIL_PHASE_SESSION || end->status == 421 ? KEPT_THROTTLE_SECONDS : 0);
}

void outcome_smtp(struct send_result *result, const struct attempt_end *end, enum mail_phase phase)
{
	begin(result, end);
	bool negative = end->status >= 400 && end->status <= 599;
	if (end->error == SEND_COMPOSE) {
		end_with(result, OUTCOME_FAILED, SEND_COMPOSE);
	} else if (end->error == SEND_OK && (end->status == 0 || (end->status >= 200 && end->status <= 299))) {
		end_with(result, OUTCOME_SENT, SEND_OK);
	} else if (negative && (end->error == SEND_OK || end->error == SEND_STATUS)) {
		smtp_answered(result, end, phase, SEND_STATUS);
	} else if (end->error == SEND_OK || end->error == SEND_STATUS || end->error == SEND_REDIRECT) {
		try_again(result, end, CHANNEL_EMAIL, SEND_BROKEN, 0);
	} else {
		try_again(result, end, CHANNEL_EMAIL, end->error,
			  relay_is_away(end->error, phase) ? KEPT_THROTTLE_SECONDS : 0);
	}
}

static bool month_number(const char *name, int *month)
{
	static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	for (int i = 0; i < 12; i++)
		if (strcmp(name, names[i]) == 0) {
			*month = i;
			return true;
		}
	return false;
}

/* RFC 850 has two digits: a year that seems more than 50 years ahead is the last one that ended so (RFC 9110, 5.6.7).
 */
static int full_year(int two_digits, int64_t now)
{
	time_t seconds = (time_t)now;
	struct tm parts;
	if (gmtime_r(&seconds, &parts) == NULL)
		return 1970;
	int this_year = parts.tm_year + 1900;
	int year = this_year - this_year % 100 + two_digits;
	return year > this_year + 50 ? year - 100 : year;
}

static bool ends_at(const char *value, int used)
{
	return used > 0 && value[used] == '\0';
}

/* True if `value` is one of the three forms; *when in Unix seconds. */
static bool http_date(const char *value, int64_t now, int64_t *when)
{
	struct tm parts;
	char month[4] = "";
	int used = 0;
	memset(&parts, 0, sizeof(parts));
	if (sscanf(value, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &parts.tm_mday, month, &parts.tm_year,
		   &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) == 6 &&
	    ends_at(value, used)) {
		;
	} else if (sscanf(value, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &parts.tm_mday, month,
			  &parts.tm_year, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) == 6 &&
		   ends_at(value, used)) {
		parts.tm_year = full_year(parts.tm_year, now);
	} else if (sscanf(value, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &parts.tm_mday, &parts.tm_hour,
			  &parts.tm_min, &parts.tm_sec, &parts.tm_year, &used) == 6 &&
		   ends_at(value, used)) {
		;
	} else {
		return false;
	}
	if (!month_number(month, &parts.tm_mon) || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour < 0 ||
	    parts.tm_hour > 23 || parts.tm_min < 0 || parts.tm_min > 59 || parts.tm_sec < 0 || parts.tm_sec > 60 ||
	    parts.tm_year < 1900)
		return false;
	parts.tm_year -= 1900;
	*when = (int64_t)timegm(&parts);
	return true;
}

double retry_after_parse(const char *value, int64_t now)
{
	if (value == NULL)
		return -1;
	char trimmed[64];
	size_t start = strspn(value, " \t");
	size_t length = strlen(value + start);
	while (length > 0 && strchr(" \t\r\n", value[start + length - 1]) != NULL)
		length--;
	if (length == 0 || length >= sizeof(trimmed))
		return -1;
	memcpy(trimmed, value + start, length);
	trimmed[length] = '\0';

	double seconds = 0;
	int64_t when;
	if (strspn(trimmed, "0123456789") == length) {
		for (size_t i = 0; i < length && seconds <= KEPT_RETRY_AFTER_SECONDS; i++)
			seconds = seconds * 10 + (trimmed[i] - '0');
	} else if (http_date(trimmed, now, &when)) {
		seconds = (double)(when - now);
	} else {
		return -1;
	}
	if (seconds < 0)
		seconds = 0;
	return seconds > KEPT_RETRY_AFTER_SECONDS ? KEPT_RETRY_AFTER_SECONDS : seconds;
}
