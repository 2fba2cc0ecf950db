#include "api/csv/csv_read.h"

#include <string.h>

static const char separators[] = {',', ';', '\t'};

static int refuse(struct csv_fault *fault, size_t line, const char *detail)
{
	*fault = (struct csv_fault){line, detail};
	return -1;
}

static size_t lines_in(const char *bytes, size_t length)
{
	size_t lines = 0;
	for (const char *at = bytes; (at = memchr(at, '\n', length - (size_t)(at - bytes))); at++)
		lines++;
	return lines;
}

/* The line of the first byte that is no UTF-8, or that is U+0000. */
static size_t line_of_fault(const char *bytes, size_t length)
{
	size_t at = 0, size;
	uint32_t code;
	while (at < length && (size = text_next_code_point(bytes + at, length - at, &code)) > 0 && code != 0)
		at += size;
	return 1 + lines_in(bytes, at);
}

/* Blank lines before the first row do not count. */
static char find_separator(const char *bytes, size_t length)
{
	size_t counts[sizeof(separators)] = {0}, best = 0;
	bool quoted = false, any = false;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n' && !quoted && any)
			break;
		quoted ^= bytes[i] == '"';
		any |= bytes[i] != '\n' && bytes[i] != '\r';
		for (size_t s = 0; s < sizeof(separators) && !quoted; s++)
			counts[s] += bytes[i] == separators[s];
	}
	for (size_t s = 1; s < sizeof(separators); s++)
		if (counts[s] > counts[best])
			best = s;
	return separators[best];
}

bool csv_begin(struct csv_reader *reader, const char *bytes, size_t length, struct csv_fault *fault)
{
	static const char mark[] = "\xef\xbb\xbf";
	memset(reader, 0, sizeof(*reader));
	/* A row is as long as its bytes and a NUL a cell at most. */
	text_init(&reader->cells, 2 * length + 2);
	if (!text_is_utf8(bytes, length)) {
		(void)refuse(
			fault, line_of_fault(bytes, length),
			"There is a byte that is not UTF-8, or the character U+0000. Save the sheet as CSV UTF-8.");
		return false;
	}
	if (length >= 3 && memcmp(bytes, mark, 3) == 0)
		reader->at = 3;
	reader->bytes = bytes;
	reader->length = length;
	reader->line = 1;
	reader->separator = find_separator(bytes + reader->at, length - reader->at);
	return true;
}

void csv_end(struct csv_reader *reader)
{
	text_release(&reader->cells);
}

static bool line_ends(const struct csv_reader *reader)
{
	const char *at = reader->bytes + reader->at;
	size_t left = reader->length - reader->at;
	return left == 0 || at[0] == '\n' || (left > 1 && at[0] == '\r' && at[1] == '\n');
}

/* The reader is at the quote that opens the cell. */
static int take_quoted(struct csv_reader *reader, struct csv_fault *fault)
{
	size_t began = reader->line;
	do {
		const char *from = reader->bytes + reader->at + 1;
		size_t left = reader->length - reader->at - 1;
		const char *quote = memchr(from, '"', left);
		if (!quote)
			return refuse(fault, began, "The quote that begins a cell here is never closed.");
		size_t length = (size_t)(quote - from);
		text_add(&reader->cells, from, length);
		reader->line += lines_in(from, length);
		reader->at += length + 2;
		/* A doubled quote is one quote, and the cell goes on behind it. */
		if (reader->at < reader->length && reader->bytes[reader->at] == '"')
			text_adds(&reader->cells, "\"");
		else
			break;
	} while (true);
	if (line_ends(reader) || reader->bytes[reader->at] == reader->separator)
		return 1;
	return refuse(fault, reader->line,
		      "There is something behind the closing quote of a cell. A quote inside a cell is written twice.");
}

static int take_plain(struct csv_reader *reader, struct csv_fault *fault)
{
	const char *from = reader->bytes + reader->at;
	size_t length = 0, left = reader->length - reader->at;
	while (length < left && from[length] != reader->separator && !strchr("\r\n\"", from[length]))
		length++;
	text_add(&reader->cells, from, length);
	reader->at += length;
	if (line_ends(reader) || reader->bytes[reader->at] == reader->separator)
		return 1;
	return refuse(fault, reader->line,
		      from[length] == '"'
			      ? "A quote stands inside a cell. Put the whole cell in quotes and write the quote twice."
			      : "A carriage return stands alone. Lines end with CRLF or LF.");
}

/* "'=1+1" was written for "=1+1", and "''=1+1" for "'=1+1". */
static void drop_apostrophe(struct text *cells, size_t start)
{
	char *cell = cells->bytes + start;
	size_t length = cells->length - start, apostrophes = 0;
	while (apostrophes < length && cell[apostrophes] == '\'')
		apostrophes++;
	if (apostrophes == 0 || apostrophes == length || !strchr("=+-@\t\r", cell[apostrophes]))
		return;
	memmove(cell, cell + 1, cells->length - start);
	cells->length--;
}

static int take_cell(struct csv_reader *reader, struct csv_fault *fault)
{
	size_t start = reader->cells.length, line = reader->line;
	bool quoted = reader->at < reader->length && reader->bytes[reader->at] == '"';
	/* The buffer has bytes, even when the cell is empty. */
	text_add(&reader->cells, "", 1);
	if (!text_ok(&reader->cells))
		return refuse(fault, 0, "There is no memory for this request just now. Try again soon.");
	reader->cells.length = start;
	int taken = quoted ? take_quoted(reader, fault) : take_plain(reader, fault);
	if (taken < 0)
		return taken;
	if (reader->cells.length - start > KEPT_CSV_CELL_BYTES)
		return refuse(fault, line, "A cell is too long. Perhaps a closing quote is missing.");
	drop_apostrophe(&reader->cells, start);
	text_add(&reader->cells, "", 1);
	return text_ok(&reader->cells)
		       ? 1
		       : refuse(fault, 0, "There is no memory for this request just now. Try again soon.");
}

static int take_row(struct csv_reader *reader, size_t starts[KEPT_CSV_COLUMNS], struct csv_row *row,
		    struct csv_fault *fault)
{
	row->line = reader->line;
	row->count = 0;
	text_clear(&reader->cells);
	for (;;) {
		size_t start = reader->cells.length;
		if (take_cell(reader, fault) < 0)
			return -1;
		if (row->count < KEPT_CSV_COLUMNS)
			starts[row->count] = start;
		row->count++;
		if (line_ends(reader))
			break;
		reader->at++; /* the separator */
	}
	if (reader->at < reader->length) {
		reader->at += reader->bytes[reader->at] == '\r' ? 2 : 1;
		reader->line++;
	}
	return 1;
}

int csv_next(struct csv_reader *reader, struct csv_row *row, struct csv_fault *fault)
{
	size_t starts[KEPT_CSV_COLUMNS];
	while (reader->at < reader->length) {
		if (take_row(reader, starts, row, fault) < 0)
			return -1;
		/* Cells that are all empty are nothing but their NULs. */
		if (reader->cells.length == row->count)
			continue;
		for (size_t i = 0; i < row->count && i < KEPT_CSV_COLUMNS; i++)
			row->cells[i] = reader->cells.bytes + starts[i];
		return 1;
	}
	return 0;
}
