#include <ctype.h>
#include <string.h>

#include "api/contract/compiler.h"

static const struct {
	const char *macro, *member;
} kinds[] = {
	[HOOK_BEFORE_KIND] = {"HOOK_BEFORE(", "x-kept-before"},
	[HOOK_AFTER_KIND] = {"HOOK_AFTER(", "x-kept-after"},
	[HOOK_PRODUCES_KIND] = {"HOOK_PRODUCES(", "x-kept-produces"},
};

/* Only lines that begin with one of the macros count, so the comment of the file does not. */
static void line_read(struct compiler *compiler, const char *line)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t begin = strlen(kinds[i].macro);
		size_t length;

		if (strncmp(line, kinds[i].macro, begin) != 0)
			continue;
		length = strcspn(line + begin, ")\n");
		compiler->hooks = keep(compiler->hooks, compiler->hook_count + 1, sizeof(*compiler->hooks));
		compiler->hooks[compiler->hook_count++] =
			(struct hook){(enum hook_kind)i, keep_format("%.*s", (int)length, line + begin), false};
	}
}

void hooks_read(struct compiler *compiler, const char *path)
{
	size_t length;
	char *text = read_file(compiler, path, &length);

	for (char *line = text; line && *line;) {
		line_read(compiler, line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

void hook_use(struct compiler *compiler, const char *place, enum hook_kind kind, const char *name)
{
	for (size_t i = 0; i < compiler->hook_count; i++) {
		if (compiler->hooks[i].kind != kind || strcmp(compiler->hooks[i].name, name) != 0)
			continue;
		compiler->hooks[i].used = true;
		return;
	}
	fault(compiler, place, "%s names the hook %s, which the hooks file does not have", kinds[kind].member, name);
}

void hooks_check_used(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->hook_count; i++)
		if (!compiler->hooks[i].used)
			fault(compiler, "hooks", "no operation names the hook %s%s)",
			      kinds[compiler->hooks[i].kind].macro, compiler->hooks[i].name);
}
