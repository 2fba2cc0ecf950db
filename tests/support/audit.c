#include "tests/support/audit.h"

#include <check.h>
#include <stdlib.h>

int audit_verify(const struct api *api, char **printed, const char *const *more)
{
	const char *arguments[8] = {"audit", "verify"};
	for (int i = 0; more && more[i]; i++)
		arguments[2 + i] = more[i];
	return api_command((struct api *)api, arguments, printed);
}

void audit_must_verify(const struct world *world)
{
	char *printed;
	int code = audit_verify(&world->api, &printed, NULL);
	ck_assert_msg(code == 0, "%s", printed);
	free(printed);
}

void audit_change(const struct world *world, const char *name)
{
	must_be(200,
		ask(&world->asking, world->lakeview.admin, "PATCH", text_of("/v1/schools/%s", world->lakeview.school),
		    "If-Match: *\r\n", text_of("{\"name\":\"%s\"}", name)));
}
