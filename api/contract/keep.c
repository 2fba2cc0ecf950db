#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "api/contract/compiler.h"
#include "kept/text.h"

#define FILE_BYTES (16 * 1024 * 1024)

void fault(struct compiler *compiler, const char *place, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "contract: %s: ", place);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	compiler->faults++;
}

/* All that is kept hangs on one list, so that a leak checker sees it in use. */
struct block {
	struct block *before, *behind;
	max_align_t bytes[];
};

static struct block first;

void *keep(void *old, size_t count, size_t size)
{
	struct block *block = old ? (struct block *)((char *)old - offsetof(struct block, bytes)) : NULL;

	if (count > (SIZE_MAX / 2) / size)
		count = SIZE_MAX / 4; /* fails below */
	block = realloc(block, sizeof(*block) + count * size);
	if (!block) {
		fprintf(stderr, "contract: no memory\n");
		exit(1);
	}
	if (!old) {
		memset(block, 0, sizeof(*block) + count * size);
		block->before = &first;
		block->behind = first.behind;
	}
	block->before->behind = block;
	if (block->behind)
		block->behind->before = block;
	return block->bytes;
}

static char *keep_text(struct text *text)
{
	char *bytes = keep(NULL, text->length + 1, 1);

	if (!text_ok(text)) {
		fprintf(stderr, "contract: no memory\n");
		exit(1);
	}
	if (text->length)
		memcpy(bytes, text->bytes, text->length);
	text_release(text);
	return bytes;
}

char *keep_format(const char *format, ...)
{
	struct text text;
	va_list arguments;

	text_init(&text, FILE_BYTES);
	va_start(arguments, format);
	text_addv(&text, format, arguments);
	va_end(arguments);
	return keep_text(&text);
}

char *keep_pointer(const char *pointer, const char *name)
{
	struct text text;

	text_init(&text, FILE_BYTES);
	text_adds(&text, pointer);
	text_adds(&text, "/");
	for (const char *c = name; *c; c++)
		text_add(&text, *c == '~' ? "~0" : *c == '/' ? "~1" : c, *c == '~' || *c == '/' ? 2 : 1);
	return keep_text(&text);
}

char *read_file(struct compiler *compiler, const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	char buffer[8192];
	struct text text;
	size_t count;

	if (!file) {
		fault(compiler, path, "cannot be read");
		return NULL;
	}
	text_init(&text, FILE_BYTES);
	while ((count = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text_add(&text, buffer, count);
	fclose(file);
	*length = text.length;
	return keep_text(&text);
}
