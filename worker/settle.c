/* settle.c: see settle.h. */
#include "worker/settle.h"

#include <string.h>

void settle_begin(struct text *out)
{
	text_adds(out, "[");
}

static void add_string(struct text *out, const char *name, const char *value)
{
	text_addf(out, ",\"%s\":", name);
	if (value)
		text_add_json(out, value, strlen(value));
	else
		text_adds(out, "null");
}

void settle_add(struct text *out, const char *message_id, const struct send_result *result)
{
	if (out->length > 1)
		text_adds(out, ",");
	text_adds(out, "{\"message_id\":");
	text_add_json(out, message_id, strlen(message_id));
	add_string(out, "outcome", outcome_word(result->outcome));
	add_string(out, "error", result->error == SEND_OK ? NULL : send_error_word(result->error));
	if (result->status)
		text_addf(out, ",\"status\":%d", result->status);
	else
		text_adds(out, ",\"status\":null");
	text_addf(out, ",\"retry_seconds\":%.3f,\"lane_pause_seconds\":%.3f,\"endpoint_gone\":%s,\"duration_ms\":%ld",
		  result->retry_seconds, result->lane_pause_seconds, result->endpoint_gone ? "true" : "false",
		  result->duration_ms);
	add_string(out, "answer", result->answer);
	text_adds(out, "}");
}

void settle_end(struct text *out)
{
	text_adds(out, "]");
}
