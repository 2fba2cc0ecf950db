#include "api/request/header_list.h"

#include <stdbool.h>

const char *header_list_skip(const char *item)
{
	const char *c = item;
	for (bool quoted = false; *c && (quoted || *c != ','); c++) {
		if (quoted && *c == '\\' && c[1])
			c++;
		else if (*c == '"')
			quoted = !quoted;
	}
	return c;
}
