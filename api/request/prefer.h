/*
 * prefer.h: reads the header Prefer (RFC 7240): what the client would like, as far as Kept knows it.
 *
 * Known: return=minimal, return=representation; tx=rollback (carry the write out, answer, keep nothing) and tx=commit,
 * as PostgREST has them; handling=strict, which refuses what is not known, and handling=lenient. All else is passed
 * over. Of a preference that is given more than once, the first counts, whatever its value.
 */
#ifndef API_PREFER_H
#define API_PREFER_H

#include <stdbool.h>

enum prefer_return { RETURN_ANY, RETURN_MINIMAL, RETURN_REPRESENTATION };

struct prefer {
	enum prefer_return back;
	bool rollback; /* a dry run */
	bool strict;
	bool unknown; /* something was malformed, or is not known here */
};

/* `header` is the value of all its lines, joined by commas; NULL: none. */
void prefer_read(const char *header, struct prefer *prefer);

#endif
