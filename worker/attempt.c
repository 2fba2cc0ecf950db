/* attempt.c: see attempt.h. */
#include "worker/attempt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kept/seal.h"
#include "kept/text.h"

void attempt_end_init(struct attempt_end *end, const struct send_job *job, long duration_ms)
{
	uint32_t random;

	random_bytes(&random, sizeof(random));
	*end = (struct attempt_end){
		.error = SEND_OK,
		.attempt = job->attempt,
		.retry_after_seconds = -1,
		.useful_seconds = job->useful_seconds,
		.random = random / 4294967296.0,
	};
	if (end->useful_seconds >= 0) {
		end->useful_seconds -= (double)duration_ms / 1000.0;
		/* Below zero would mean: of use for ever. */
		if (end->useful_seconds < 0)
			end->useful_seconds = 0;
	}
}

/* Length of the well-formed UTF-8 character that begins there, 0 if none does. */
static size_t character_length(const char *bytes, size_t left)
{
	for (size_t length = 1; length <= 4 && length <= left; length++)
		if (text_is_utf8(bytes, length))
			return length;
	return 0;
}

char *attempt_answer(const char *bytes, size_t length)
{
	char *answer;
	size_t used = 0;

	while (length > 0 && (unsigned char)bytes[length - 1] <= ' ')
		length--;
	while (length > 0 && (unsigned char)*bytes <= ' ') {
		bytes++;
		length--;
	}
	if (length == 0)
		return NULL;
	answer = malloc(length + 1);
	if (!answer)
		return NULL;
	for (size_t at = 0; at < length;) {
		unsigned char byte = (unsigned char)bytes[at];
		size_t step = character_length(bytes + at, length - at);

		if (byte == '\r' && at + 1 < length && bytes[at + 1] == '\n') {
			at++;
			continue;
		}
		if (step == 0 || byte == 0x7f || (byte < ' ' && byte != '\n' && byte != '\t')) {
			answer[used++] = '?';
			at++;
			continue;
		}
		memcpy(answer + used, bytes + at, step);
		used += step;
		at += step;
	}
	answer[used] = '\0';
	return answer;
}

void attempt_refuse(const struct send_job *job, enum send_error error, const char *why, send_done *done, void *context)
{
	struct attempt_end end;
	struct send_result result = {0};

	attempt_end_init(&end, job, 0);
	end.error = error;
	if (job->channel == CHANNEL_EMAIL)
		outcome_smtp(&result, &end, MAIL_PHASE_SESSION);
	else
		outcome_http(&result, &end);
	result.answer = why ? attempt_answer(why, strlen(why)) : NULL;
	done(context, &result);
	send_result_release(&result);
}

void attempt_unknown(long duration_ms, send_done *done, void *context)
{
	struct send_result result = {.outcome = OUTCOME_UNKNOWN, .error = SEND_OK, .duration_ms = duration_ms};

	done(context, &result);
	send_result_release(&result);
}
