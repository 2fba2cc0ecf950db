/* A sheet: whatever comes in, rows come out in order with their lines, or a fault that says where. */
#include "api/csv/csv_read.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_reader reader;
	struct csv_fault fault = {0};
	struct csv_row row;
	char *sheet = fuzz_text(data, size);
	size_t last = 0;
	int more;
	if (!csv_begin(&reader, sheet, size, &fault)) {
		PROMISED(fault.detail && !text_is_utf8(sheet, size));
		free(sheet);
		return 0;
	}
	while ((more = csv_next(&reader, &row, &fault)) == 1) {
		PROMISED(row.line > last && row.count > 0);
		last = row.line;
		for (size_t i = 0; i < row.count && i < KEPT_CSV_COLUMNS; i++)
			PROMISED(text_is_utf8(row.cells[i], strlen(row.cells[i])));
	}
	PROMISED(more == 0 || fault.detail);
	csv_end(&reader);
	free(sheet);
	return 0;
}
