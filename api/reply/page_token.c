#include "api/reply/page_token.h"

#include <string.h>

#include "api/request/request.h"

#define CONTEXT_BYTES (16 * 1024)
#define TOKEN_BYTES (4 * 1024)

/* Operation, holder and filters, in the contract's order; the size of a page may change on the way. */
static void add_context(struct text *context, const struct contract_operation *operation, char *const *values,
			const char *holder)
{
	text_adds(context, operation->id);
	text_adds(context, "\n");
	text_adds(context, holder);
	for (int i = 0; i < operation->parameter_count && i < REQUEST_PARAMETERS; i++) {
		const char *name = operation->parameters[i].name;
		if (!values[i] || strcmp(name, "page_token") == 0 || strcmp(name, "page_size") == 0)
			continue;
		text_addf(context, "\n%s=", name);
		text_adds(context, values[i]);
	}
}

char *page_token_new(const struct seal *seal, const struct contract_operation *operation, char *const *values,
		     const char *holder, const char *keyset)
{
	struct text context, token;
	text_init(&context, CONTEXT_BYTES);
	text_init(&token, TOKEN_BYTES);
	add_context(&context, operation, values, holder);
	char *made = NULL;
	if (text_ok(&context) && seal_close(seal, SEAL_PURPOSE_PAGE, context.bytes, keyset, strlen(keyset), &token))
		made = text_take(&token);
	text_release(&context);
	text_release(&token);
	return made;
}

char *page_token_open(const struct seal *seal, const struct contract_operation *operation, char *const *values,
		      const char *holder, const char *token)
{
	struct text context, keyset;
	text_init(&context, CONTEXT_BYTES);
	text_init(&keyset, TOKEN_BYTES);
	add_context(&context, operation, values, holder);
	char *opened = NULL;
	if (text_ok(&context) && seal_open(seal, SEAL_PURPOSE_PAGE, context.bytes, token, &keyset))
		opened = text_take(&keyset);
	text_release(&context);
	text_release(&keyset);
	return opened;
}
