#include "api/reply/preferred.h"

#include <stdio.h>

void preferred_apply(struct exchange *exchange)
{
	const struct prefer *prefer = &exchange->prefer;
	struct reply *reply = &exchange->reply;
	const char *back = NULL;
	char applied[64];
	if (prefer->back == RETURN_MINIMAL && !exchange->shows_secret && !exchange->operation->items) {
		reply_no_body(reply, reply->status == 200 ? 204 : reply->status);
		back = "return=minimal";
	} else if (prefer->back == RETURN_REPRESENTATION && reply->length > 0) {
		back = "return=representation";
	}
	snprintf(applied, sizeof(applied), "%s%s%s", back ? back : "", back && prefer->rollback ? ", " : "",
		 prefer->rollback ? "tx=rollback" : "");
	if (applied[0])
		reply_header(reply, "Preference-Applied", applied);
}
