#include "api/reply/reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/text.h"

#define WORD(macro) #macro
#define NUMBER(macro) WORD(macro)

void reply_clear(struct reply *reply)
{
	free(reply->owned);
	PQclear(reply->result);
	if (reply->in_file)
		close(reply->file);
	for (int i = 0; i < reply->header_count; i++)
		free(reply->headers[i].value);
	memset(reply, 0, sizeof(*reply));
}

void reply_take(struct reply *reply, int status, const char *type, char *bytes, size_t length)
{
	reply->status = status;
	reply->type = type;
	reply->owned = bytes;
	reply->constant = bytes;
	reply->length = length;
	if (!bytes)
		reply->failed = true;
}

void reply_constant(struct reply *reply, int status, const char *type, const char *bytes, size_t length)
{
	reply->status = status;
	reply->type = type;
	reply->constant = bytes;
	reply->length = length;
}

void reply_file(struct reply *reply, int status, const char *type, int file, size_t length)
{
	reply_constant(reply, status, type, "", length);
	reply->in_file = true;
	reply->file = file;
}

void reply_result(struct reply *reply, int status, const char *type, PGresult *result, const char *bytes, size_t length)
{
	reply_constant(reply, status, type, bytes, length);
	reply->result = result;
}

void reply_body(struct reply *reply, char *bytes, size_t length)
{
	free(reply->owned);
	PQclear(reply->result);
	reply->result = NULL;
	reply->owned = bytes;
	reply->constant = bytes;
	reply->length = length;
}

void reply_no_body(struct reply *reply, int status)
{
	reply_body(reply, NULL, 0);
	reply_constant(reply, status, NULL, "", 0);
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
	char *copy = NULL;
	if (reply->header_count < REPLY_HEADERS && *value && text_is_line(value))
		copy = strdup(value);
	if (!copy) {
		reply->failed = true;
		return;
	}
	reply->headers[reply->header_count].name = name;
	reply->headers[reply->header_count++].value = copy;
}

const char *reply_header_value(const struct reply *reply, const char *name)
{
	for (int i = 0; i < reply->header_count; i++)
		if (strcasecmp(reply->headers[i].name, name) == 0)
			return reply->headers[i].value;
	return NULL;
}

static void clear_result(void *result)
{
	PQclear(result);
}

static struct MHD_Response *hand_over(struct reply *reply)
{
	struct MHD_Response *response;
	void *bytes = (void *)(uintptr_t)reply->constant; /* libmicrohttpd does not write to it */
	if (reply->in_file)
		response = MHD_create_response_from_fd(reply->length, reply->file);
	else if (reply->result)
		response = MHD_create_response_from_buffer_with_free_callback_cls(reply->length, bytes, clear_result,
										  reply->result);
	else if (reply->owned)
		response = MHD_create_response_from_buffer(reply->length, reply->owned, MHD_RESPMEM_MUST_FREE);
	else
		response = MHD_create_response_from_buffer(reply->length, reply->length > 0 ? bytes : NULL,
							   MHD_RESPMEM_PERSISTENT);
	if (response) {
		reply->owned = NULL;
		reply->result = NULL;
		reply->in_file = false;
	}
	return response;
}

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value) == MHD_YES;
}

struct MHD_Response *reply_response(struct reply *reply, const char *request_id, bool close)
{
	if (reply->failed)
		return NULL;
	struct MHD_Response *response = hand_over(reply);
	if (!response)
		return NULL;
	bool ok = add(response, "X-Request-Id", request_id) && add(response, "X-Content-Type-Options", "nosniff") &&
		  add(response, "Referrer-Policy", "no-referrer");
	/* Only the home page brings a policy of its own. */
	if (!reply_header_value(reply, "Content-Security-Policy"))
		ok = ok && add(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	if (reply->type && (reply->length > 0 || reply->status == 200))
		ok = ok && add(response, "Content-Type", reply->type);
	if (reply->cache == REPLY_PRIVATE)
		ok = ok && add(response, "Cache-Control", "no-store") &&
		     add(response, "Vary", "Authorization, Accept-Language") &&
		     (!reply->vary || add(response, "Vary", reply->vary));
	else if (reply->cache == REPLY_SHARED)
		ok = ok && add(response, "Cache-Control", "public, max-age=" NUMBER(KEPT_HTML_SECONDS)) &&
		     add(response, "Vary", "Accept-Language");
	else
		ok = ok && add(response, "Cache-Control", "no-cache");
	if (close)
		ok = ok && add(response, "Connection", "close");
	for (int i = 0; i < reply->header_count; i++)
		ok = ok && add(response, reply->headers[i].name, reply->headers[i].value);
	if (!ok) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

bool reply_etag_listed(const char *if_none_match, const char *etag)
{
	size_t length = strlen(etag);
	const char *c = if_none_match;
	while (*c) {
		c += strspn(c, " \t,");
		if (*c == '*')
			return true;
		/* Weak comparison: W/ in front means nothing here. */
		if (c[0] == 'W' && c[1] == '/')
			c += 2;
		const char *end = *c == '"' ? strchr(c + 1, '"') : NULL;
		if (end && (size_t)(end + 1 - c) == length && strncmp(c, etag, length) == 0)
			return true;
		c = end ? end + 1 : c + strcspn(c, ",");
	}
	return false;
}
