#include "tests/support/ask_body.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/contract.h"
#include "api/schema/schema.h"
#include "api/schema/schema_read.h"
#include "tests/support/ask.h"

static void judge_value(const struct answer *answer, const struct schema *schema, const char *name, const json_t *value)
{
	struct schema_errors errors;
	schema_errors_init(&errors);
	if (!schema_validate(schema, value, &errors))
		ck_abort_msg("%s: %d does not fit %s: %s %s: %.1000s", answer->asked, answer->status, name,
			     errors.count ? errors.items[0].pointer : "", errors.count ? errors.items[0].detail : "",
			     answer->body);
	schema_errors_release(&errors);
}

/* A schema that stands in the answer itself, and refers to no other. */
static void judge_inline(const struct answer *answer, json_t *told, const json_t *value)
{
	json_t *copy = json_deep_copy(told);
	struct schema_reader *reader = schema_reader_new(copy);
	const struct schema *schema = schema_read(reader, "");
	ck_assert_msg(schema != NULL, "%s: %s", answer->asked, schema_reader_fault(reader));
	judge_value(answer, schema, "the document", value);
	schema_reader_free(reader);
	json_decref(copy);
}

void told_body_judge(const struct answer *answer, const json_t *response)
{
	const json_t *content = json_object_get(response, "content");
	bool minimal = strcasestr(answer->head, "\r\nPreference-Applied: return=minimal") != NULL;
	if (!content || minimal) {
		ck_assert_msg(*answer->body == '\0', "%s: %d has a body", answer->asked, answer->status);
		return;
	}
	char *type = strdup(header(answer, "Content-Type"));
	type[strcspn(type, "; ")] = '\0';
	json_t *told = json_object_get(json_object_get(content, type), "schema");
	ck_assert_msg(told != NULL, "%s: the document tells nothing of %d as '%s'", answer->asked, answer->status,
		      type);
	bool json = strstr(type, "json") != NULL;
	json_t *value = json ? json_incref(answer->json) : json_string(answer->body);
	ck_assert_msg(value != NULL, "%s: no %s: %s", answer->asked, json ? "JSON" : "text", answer->body);
	const char *ref = json_string_value(json_object_get(told, "$ref"));
	const struct schema *schema = ref ? contract_schema_find(strrchr(ref, '/') + 1) : NULL;
	ck_assert_msg(!ref == !schema, "%s: no schema %s", answer->asked, ref);
	if (schema)
		judge_value(answer, schema, ref, value);
	else
		judge_inline(answer, told, value);
	json_decref(value);
	free(type);
}
