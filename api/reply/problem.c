#include "api/reply/problem.h"

#include <string.h>

#include "kept/limits.h"
#include "sql/database.h"

/* The first of each status is the plain one. */
const struct problem problem_table[] = {
	{"bad-request", 400, "The request is malformed",
	 "The request line, a header, a parameter or the body could not be read. The detail and the errors say which."},
	{"bad-page-token", 400, "The page token does not fit",
	 "A page token is good only for the list and the filters it came from. Begin again without page_token."},
	{"unauthorized", 401, "A valid key is needed",
	 "Send the header Authorization: Bearer and a key that is neither expired nor revoked."},
	{"forbidden", 403, "This key may not do that",
	 "The key's role, school or group does not allow the request. Ask an admin of the district."},
	{"not-found", 404, "There is nothing here",
	 "The path or the id is unknown, or what it names belongs to somebody else."},
	{"method-not-allowed", 405, "The method does not fit this path", "The header Allow names the methods that do."},
	{"conflict", 409, "The request conflicts with the present state", "Read the resource again and decide anew."},
	{"in-flight", 409, "The same request is still being carried out",
	 "A request with this Idempotency-Key is at work. Send it again a little later to receive its reply."},
	{"move-not-allowed", 409, "This move is not allowed from the present status",
	 "Read the commitment: its status decides which moves are open."},
	{"already-reminded", 409, "Everybody was asked today already",
	 "A person or organisation is reminded by hand at most once a day. Try again tomorrow."},
	{"precondition-failed", 412, "Somebody else changed it first",
	 "The version in If-Match is not the present one. Read it again, then repeat the change on what you find."},
	{"too-large", 413, "The body is too large", "Send less at once. The detail names the limit."},
	{"uri-too-long", 414, "The address is too long", "Use fewer or shorter parameters."},
	{"unsupported-media-type", 415, "The body's type is not taken here",
	 "The header Accept of the reply names the types that are."},
	{"expectation-failed", 417, "What the request expects is not met here",
	 "Send no header Expect, or Expect: 100-continue."},
	{"invalid", 422, "Some members are wrong",
	 "The errors name each wrong member by its JSON pointer. Nothing was stored."},
	{"key-reused", 422, "This Idempotency-Key was used for another request",
	 "Use a new key for each new request and the same key only to repeat the same request."},
	{"precondition-required", 428, "If-Match is needed",
	 "Send the ETag of what you read in If-Match, so that no change of somebody else is lost."},
	{"too-many-requests", 429, "Too many requests", "Wait as long as Retry-After says."},
	{"headers-too-large", 431, "The headers are too large", "Send fewer or shorter headers."},
	{"internal", 500, "Something went wrong on our side",
	 "It is logged under the request's id. Try again; if it stays, tell the operator this id."},
	{"not-implemented", 501, "The method is unknown", "Kept knows GET, HEAD, POST, PATCH, DELETE and OPTIONS."},
	{"unavailable", 503, "Kept cannot answer right now",
	 "The database is away or everything is busy. Wait as long as Retry-After says and try again."},
	{"timeout", 504, "It took too long",
	 "The request was given up. A change may have happened: repeat it with the same Idempotency-Key."},
	{"http-version", 505, "This version of HTTP is not spoken here", "Use HTTP/1.1."},
};
const size_t problem_count = sizeof(problem_table) / sizeof(problem_table[0]);

#define ERRORS_BYTES (64 * 1024)

const struct problem *problem_find(const char *code)
{
	for (size_t i = 0; i < problem_count; i++)
		if (strcmp(problem_table[i].code, code) == 0)
			return &problem_table[i];
	return NULL;
}

const struct problem *problem_of_status(int status)
{
	for (size_t i = 0; i < problem_count; i++)
		if (problem_table[i].status == status)
			return &problem_table[i];
	return problem_find("internal");
}

void problem_errors_init(struct problem_errors *errors)
{
	text_init(&errors->items, ERRORS_BYTES);
	errors->count = 0;
}

void problem_errors_release(struct problem_errors *errors)
{
	text_release(&errors->items);
	errors->count = 0;
}

/* A client may choose names of any length: of a long pointer the nearest parent is told, of a long name its beginning.
 */
static size_t shown_length(const char *kind, const char *where)
{
	size_t length = strlen(where);
	bool pointer = strcmp(kind, "pointer") == 0;
	if (length <= KEPT_ERROR_PLACE_BYTES)
		return length;
	length = KEPT_ERROR_PLACE_BYTES;
	while (length > 0 && (pointer ? where[length] != '/' : ((unsigned char)where[length] & 0xc0) == 0x80))
		length--;
	return length;
}

static void add_error(struct problem_errors *errors, const char *kind, const char *where, size_t line,
		      const char *detail)
{
	if (errors->count >= KEPT_ERRORS)
		return;
	size_t length = shown_length(kind, where);
	/* A name that is no text cannot stand in JSON; that there is one is enough to say. */
	bool readable = text_is_utf8(where, length);
	text_addf(&errors->items, "%s{\"%s\":", errors->count > 0 ? "," : "", kind);
	text_add_json(&errors->items, readable ? where : "?", readable ? length : 1);
	if (line > 0)
		text_addf(&errors->items, ",\"line\":%zu", line);
	text_adds(&errors->items, ",\"detail\":");
	text_add_json(&errors->items, detail, strlen(detail));
	text_adds(&errors->items, "}");
	errors->count++;
}

void problem_errors_pointer(struct problem_errors *errors, const char *where, const char *detail)
{
	add_error(errors, "pointer", where, 0, detail);
}

void problem_errors_line(struct problem_errors *errors, const char *where, size_t line, const char *detail)
{
	add_error(errors, "pointer", where, line, detail);
}

void problem_errors_parameter(struct problem_errors *errors, const char *where, const char *detail)
{
	add_error(errors, "parameter", where, 0, detail);
}

void problem_write(struct text *out, const struct problem_reply *reply)
{
	const struct problem *problem = reply->problem;
	const char *detail = reply->detail && *reply->detail ? reply->detail : problem->title;
	text_adds(out, "{\"type\":\"");
	text_adds(out, reply->public_url);
	text_adds(out, "/docs/problems/");
	text_adds(out, problem->code);
	text_adds(out, "\",\"title\":");
	text_add_json(out, problem->title, strlen(problem->title));
	text_addf(out, ",\"status\":%d,\"detail\":", problem->status);
	text_add_json(out, detail, strlen(detail));
	text_addf(out, ",\"instance\":\"urn:uuid:%s\"", reply->request_id);
	if (reply->errors && *reply->errors) {
		text_adds(out, ",\"errors\":");
		text_adds(out, reply->errors);
	}
	text_adds(out, "}");
}

const struct problem *problem_of_sqlstate(const char *sqlstate, const char *code, bool *by_design)
{
	struct database_error error = database_error_of(sqlstate);
	*by_design = sqlstate && text_starts(sqlstate, "KT") && error.status != 500;
	const struct problem *named = *by_design && code && *code ? problem_find(code) : NULL;
	return named && named->status == error.status ? named : problem_of_status(error.status);
}
