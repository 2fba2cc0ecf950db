#include "api/unit/list.h"

#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "api/reply/page_token.h"
#include "kept/limits.h"

char *list_token(struct exchange *exchange, const char *keyset)
{
	char *token = page_token_new(exchange->loop->live->seal, exchange->operation, exchange->values,
				     exchange->key_hash, keyset);
	if (!token)
		exchange_problem(exchange, "unavailable", NULL);
	return token;
}

void list_link(struct exchange *exchange, const char *token)
{
	struct text link;
	text_init(&link, 2 * KEPT_TARGET_BYTES);
	text_addf(&link, "<%s?", exchange->path);
	size_t before = link.length;
	request_query_write(exchange->operation, exchange->values, "page_token", &link);
	text_addf(&link, "%spage_token=%s>; rel=\"next\"", link.length > before ? "&" : "", token);
	if (text_ok(&link))
		reply_header(&exchange->reply, "Link", link.bytes);
	text_release(&link);
}

bool list_body(struct exchange *exchange, const char *type, struct spool *spool)
{
	if (spool->file >= 0)
		spool_add(spool, "", 0);
	if (spool->failed) {
		exchange_problem(exchange, "unavailable",
				 "There is no room for so long an answer just now. Ask for less with page_size.");
		return false;
	}
	if (spool->file < 0) {
		size_t length = spool->text.length;
		reply_take(&exchange->reply, 200, type, text_take(&spool->text), length);
	} else {
		reply_file(&exchange->reply, 200, type, spool->file, spool->written);
		spool->file = -1;
	}
	return true;
}

void list_reply(struct exchange *exchange, const char *items, const char *keyset)
{
	static const char head[] = "{\"items\":", middle[] = ",\"next\":\"";
	struct spool spool;
	char *token = keyset ? list_token(exchange, keyset) : NULL;
	if (keyset && !token)
		return;
	spool_init(&spool);
	spool_add(&spool, head, strlen(head));
	spool_add(&spool, items, strlen(items));
	/* A token is base64url and points. */
	spool_add(&spool, middle, strlen(middle) - !token);
	spool_add(&spool, token ? token : "null", strlen(token ? token : "null"));
	spool_add(&spool, token ? "\"}" : "}", token ? 2 : 1);
	if (list_body(exchange, "application/json", &spool) && token)
		list_link(exchange, token);
	spool_release(&spool);
	free(token);
}
