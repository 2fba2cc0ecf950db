#include "worker/send.h"

#include <stdlib.h>
#include <string.h>

const char *outcome_word(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_SENT:
		return "sent";
	case OUTCOME_RETRY:
		return "retry";
	case OUTCOME_FAILED:
		return "failed";
	case OUTCOME_EXPIRED:
		return "expired";
	case OUTCOME_UNKNOWN:
		return "unknown";
	case OUTCOME_DROPPED:
		return "dropped";
	case OUTCOME_SUPERSEDED:
		return "superseded";
	}
	return "unknown";
}

const char *send_error_word(enum send_error error)
{
	switch (error) {
	case SEND_OK:
		return "ok";
	case SEND_NAME:
		return "name";
	case SEND_CONNECT:
		return "connect";
	case SEND_TLS:
		return "tls";
	case SEND_BLOCKED:
		return "blocked_address";
	case SEND_TIMEOUT:
		return "timeout";
	case SEND_STATUS:
		return "status";
	case SEND_REDIRECT:
		return "redirect";
	case SEND_BROKEN:
		return "broken";
	case SEND_AUTH:
		return "auth";
	case SEND_COMPOSE:
		return "compose";
	case SEND_LOCAL:
		return "local";
	}
	return "local";
}

void send_job_release(struct send_job *job)
{
	free(job->batch_id);
	free(job->lease_id);
	free(job->message_id);
	free(job->destination);
	free(job->secret);
	free(job->secret_context);
	free(job->body);
	json_decref(job->content);
	memset(job, 0, sizeof(*job));
}

void send_result_release(struct send_result *result)
{
	free(result->answer);
	memset(result, 0, sizeof(*result));
}
