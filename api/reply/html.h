/*
 * html.h: a page for people: without scripts, with its style inside, so that nothing else is loaded; with an ETag over
 * all of its bytes, and a policy that lets a browser use that one style and nothing else.
 */
#ifndef API_HTML_H
#define API_HTML_H

#include "api/reply/reply.h"
#include "kept/text.h"

struct exchange;

struct html {
	struct text out;
	const char *style;    /* a file of api/pages */
	const char *language; /* borrowed: BCP 47 */
};

/* Begins a page up to <body>; what stands in `language` decides the direction of its text. */
void html_begin(struct html *html, const char *style, const char *language, const char *title);
/* Ends the page, sets it as the reply, and releases it; 304 takes its place when the client has it. */
void html_send(struct exchange *exchange, struct html *html, enum reply_cache cache);
/* For a page that was made before: its tag with quotes, its policy, its language; the body is set. */
void html_finish(struct exchange *exchange, const char *style, const char *language, const char *etag,
		 enum reply_cache cache);
/* 304 in place of the reply when the client has this ETag, given with its quotes. */
void html_revalidate(struct exchange *exchange, const char *etag, enum reply_cache cache);

#endif
