#include <stdlib.h>
#include <string.h>

#include "api/contract/compiler.h"

static int usage(void)
{
	fprintf(stderr, "usage: contract [--document] --hooks FILE --statements FOLDER [--style FILE] FILE.json...\n");
	return 2;
}

static void compile(struct compiler *compiler)
{
	bulk_derive(compiler);
	if (compiler->faults)
		return;
	schemas_read(compiler);
	if (compiler->faults)
		return;
	operations_read(compiler);
	hooks_check_used(compiler);
	paths_build(compiler);
}

int main(int argc, char **argv)
{
	struct compiler compiler = {.style = ""};
	bool alone = argc > 1 && strcmp(argv[1], "--document") == 0, styled;
	size_t length;

	argc -= alone;
	argv += alone;
	if (argc < 6 || strcmp(argv[1], "--hooks") != 0 || strcmp(argv[3], "--statements") != 0)
		return usage();
	styled = argc > 6 && strcmp(argv[5], "--style") == 0;
	compiler.document = json_object();
	hooks_read(&compiler, argv[2]);
	statements_read(&compiler, argv[4]);
	if (styled)
		compiler.style = read_file(&compiler, argv[6], &length);
	for (int i = styled ? 7 : 5; i < argc; i++)
		document_add_file(&compiler, argv[i]);
	compiler.reader = schema_reader_new(compiler.document);
	if (!compiler.reader)
		return 1;
	if (!compiler.faults)
		compile(&compiler);
	if (!compiler.faults)
		(alone ? emit_document_alone : emit)(&compiler, stdout);
	schema_reader_free(compiler.reader);
	json_decref(compiler.document);
	if (compiler.faults)
		fprintf(stderr, "contract: %zu fault%s\n", compiler.faults, compiler.faults == 1 ? "" : "s");
	return compiler.faults || fflush(stdout) != 0 ? 1 : 0;
}
