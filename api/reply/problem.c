#include "api/reply/problem.h"

#include <string.h>

#include "kept/limits.h"
#include "sql/database.h"

/* The first of each status is the plain one. */
const struct problem problem_table[] = {
	{"bad-request", 400, "The request is malformed",
	 "The request line, a header, a parameter or the body could not be read.",
	 "Read the detail and the errors: they name what is wrong. Correct it before you send it again."},
	{"bad-page-token", 400, "The page token does not fit",
	 "A page token is good only for the list and the filters it came from, and cannot be made or changed by hand.",
	 "Begin the list again without page_token, and keep the filters the same from page to page."},
	{"unauthorized", 401, "A valid key is needed",
	 "The request had no key, or one that is unknown, has expired or was revoked.",
	 "Send the header Authorization: Bearer and a valid key. An admin of the district can make a new one."},
	{"forbidden", 403, "This key may not do that",
	 "The key is valid, but its role, its school or its group does not allow the request.",
	 "Ask an admin of the district to do it, or for a key that may."},
	{"not-found", 404, "There is nothing here",
	 "The path or the id is unknown, or what it names is not yours to see.",
	 "Check the path and the id. /docs lists all paths."},
	{"method-not-allowed", 405, "The method does not fit this path",
	 "There is something at this path, but not for this method.",
	 "Use one of the methods that the header Allow names."},
	{"not-acceptable", 406, "No form of this answer is acceptable",
	 "A list can be had as application/json or as text/csv, and the header Accept takes neither.",
	 "Name one of the two in Accept, or leave Accept out."},
	{"conflict", 409, "The request conflicts with the present state",
	 "What the request asks for cannot be done as things are now; the detail says why.",
	 "Read the resource again and decide anew."},
	{"in-flight", 409, "The same request is still being carried out",
	 "A request with this Idempotency-Key is at work and has not been answered yet.",
	 "Wait as long as Retry-After says and send the same request again: it gets the first one's answer."},
	{"move-not-allowed", 409, "This move is not allowed from the present status",
	 "A commitment moves from status to status by fixed ways, and this is none of them.",
	 "Read the commitment: its status decides which moves are open."},
	{"already-reminded", 409, "Everybody was asked today already",
	 "A person or organisation is reminded by hand at most once a day.", "Try again tomorrow."},
	{"precondition-failed", 412, "Somebody else changed it first",
	 "The version in If-Match is not the present one: there was another change since you read.",
	 "Read it again, then repeat the change on what you find."},
	{"too-large", 413, "The body is too large", "The body has too many bytes, too many members or too many levels.",
	 "Send less at once. The detail names the limit."},
	{"uri-too-long", 414, "The address is too long", "Path and parameters together are longer than is taken.",
	 "Use fewer or shorter parameters."},
	{"unsupported-media-type", 415, "The body's type is not taken here",
	 "The header Content-Type is missing or names a type that this operation does not read.",
	 "Send one of the types that the header Accept of the reply names."},
	{"expectation-failed", 417, "What the request expects is not met here",
	 "The header Expect asks for something other than 100-continue.",
	 "Send no header Expect, or Expect: 100-continue."},
	{"invalid", 422, "Some members are wrong",
	 "The body could be read, but says something that cannot be. Nothing was stored.",
	 "Correct each member that errors names by its JSON pointer, and of a sheet by its line, then send the request "
	 "again."},
	{"key-reused", 422, "This Idempotency-Key was used for another request",
	 "An Idempotency-Key stands for one request, and this is another one.",
	 "Use a new key for each new request, and the same key only to repeat the same request."},
	{"precondition-required", 428, "If-Match is needed",
	 "Without If-Match a change could undo what somebody else changed since you read.",
	 "Read first, and send the ETag of what you read in If-Match."},
	{"too-many-requests", 429, "Too many requests", "More requests came than are served in this time.",
	 "Wait as long as Retry-After says, then go on more slowly."},
	{"headers-too-large", 431, "The headers are too large", "The headers together are larger than is taken.",
	 "Send fewer or shorter headers."},
	{"internal", 500, "Something went wrong on our side",
	 "This is our fault, not the request's. It is logged under the request's id.",
	 "Try again. If it stays, tell the operator of this register the id in instance."},
	{"not-implemented", 501, "The method is unknown", "The request's method is none that Kept knows.",
	 "Use GET, HEAD, POST, PATCH, DELETE or OPTIONS."},
	{"unavailable", 503, "Kept cannot answer right now",
	 "The database is away, everything is busy, or the service is about to stop.",
	 "Wait as long as Retry-After says and try again."},
	{"timeout", 504, "It took too long", "The request was given up. A change may have happened all the same.",
	 "Send it again with the same Idempotency-Key: what was done is not done twice. Without a key, read first."},
	{"http-version", 505, "This version of HTTP is not spoken here",
	 "The request asks for another version of HTTP.", "Use HTTP/1.1."},
};
const size_t problem_count = sizeof(problem_table) / sizeof(problem_table[0]);

#define ERRORS_BYTES (64 * 1024)
#define DETAIL_BYTES 2000

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
	errors->more = false;
}

void problem_errors_release(struct problem_errors *errors)
{
	text_release(&errors->items);
	errors->count = 0;
	errors->more = false;
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
	if (errors->count >= KEPT_ERRORS) {
		errors->more = true;
		return;
	}
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
	if (reply->more_errors) {
		struct text all;
		text_init(&all, DETAIL_BYTES);
		text_addf(&all, "%s Only the first %d errors are listed.", detail, KEPT_ERRORS);
		text_add_json(out, all.bytes ? all.bytes : "", all.length);
		text_release(&all);
	} else {
		text_add_json(out, detail, strlen(detail));
	}
	text_addf(out, ",\"instance\":\"urn:uuid:%s\"", reply->request_id);
	if (reply->violated)
		text_addf(out, ",\"violated-policies\":[\"%s\"]", reply->violated);
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
