#include "api/request/wire.h"

#include <string.h>

#define CRLF 2

void wire_begin(struct wire *wire, size_t size, const char *method, const char *target, size_t target_length,
		const char *version)
{
	wire->limit = method + size;
	wire->plain = method + strlen(method) + 1 == target && target + target_length + 1 == version;
	wire->end = version + strlen(version);
}

void wire_header(struct wire *wire, const char *name, size_t name_size, const char *value, size_t value_size)
{
	const char *after_colon = name + name_size + 1;
	wire->plain = wire->plain && name == wire->end + CRLF && value >= after_colon && value < wire->limit;
	for (const char *c = after_colon; wire->plain && c < value; c++)
		wire->plain = *c == ' ' || *c == '\t';
	wire->end = value + value_size;
}

bool wire_end(const struct wire *wire)
{
	return wire->plain && wire->end + 2 * CRLF == wire->limit;
}
