#include "kept/embed.h"

#include <string.h>

const struct embedded *embedded_find(const struct embedded_table *table, const char *name)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, table->files[middle].name);

		if (order == 0)
			return &table->files[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
