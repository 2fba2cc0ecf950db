#include "api/reply/html.h"

#include <unicode/uloc.h>

#include "api/request/exchange.h"
#include "kept/embed.h"
#include "kept/limits.h"
#include "kept/seal.h"

#define POLICY_BYTES 256

/* The one style that the page holds may be used, by its digest; nothing else is loaded or run. */
static void add_policy(struct exchange *exchange, const char *style)
{
	const struct embedded *css = embedded_find(&embedded_pages, style);
	uint8_t digest[32];
	struct text policy;

	hash_sha256(digest, css ? css->bytes : "", css ? css->length : 0);
	text_init(&policy, POLICY_BYTES);
	text_adds(&policy, "default-src 'none'; style-src 'sha256-");
	text_add_base64(&policy, digest, sizeof(digest));
	text_adds(&policy, "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	reply_header(&exchange->reply, "Content-Security-Policy", text_ok(&policy) ? policy.bytes : "");
	text_release(&policy);
}

void html_revalidate(struct exchange *exchange, const char *etag, enum reply_cache cache)
{
	struct reply *reply = &exchange->reply;
	const char *header = exchange_header(exchange, "If-None-Match");

	if (header && reply_etag_listed(header, etag)) {
		reply_clear(reply);
		reply_constant(reply, 304, NULL, "", 0);
	}
	reply_header(reply, "ETag", etag);
	reply->cache = cache;
}

void html_finish(struct exchange *exchange, const char *style, const char *language, const char *etag,
		 enum reply_cache cache)
{
	html_revalidate(exchange, etag, cache);
	if (exchange->reply.status == 200)
		reply_header(&exchange->reply, "Content-Language", language);
	add_policy(exchange, style);
}

void html_begin(struct html *html, const char *style, const char *language, const char *title)
{
	const struct embedded *css = embedded_find(&embedded_pages, style);
	struct text *out = &html->out;

	html->style = style;
	html->language = language;
	text_init(out, KEPT_HTML_BYTES);
	text_adds(out, "<!doctype html>\n<html lang=\"");
	text_add_html(out, language);
	text_addf(out, "\"%s>\n<head>\n<meta charset=\"utf-8\">\n", uloc_isRightToLeft(language) ? " dir=\"rtl\"" : "");
	text_adds(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	text_add_html(out, title);
	text_adds(out, "</title>\n<style>");
	text_add(out, css ? css->bytes : "", css ? css->length : 0);
	text_adds(out, "</style>\n</head>\n<body>\n");
}

void html_send(struct exchange *exchange, struct html *html, enum reply_cache cache)
{
	struct text *out = &html->out, etag;
	uint8_t digest[32];

	text_adds(out, "</body>\n</html>\n");
	hash_sha256(digest, out->bytes ? out->bytes : "", out->length);
	text_init(&etag, POLICY_BYTES);
	text_adds(&etag, "\"0-");
	text_add_hex(&etag, digest, 8);
	text_adds(&etag, "\"");
	size_t length = out->length;
	reply_clear(&exchange->reply);
	reply_take(&exchange->reply, 200, "text/html; charset=utf-8", text_take(out), length);
	html_finish(exchange, html->style, html->language, text_ok(&etag) ? etag.bytes : "", cache);
	text_release(&etag);
	text_release(out);
}
