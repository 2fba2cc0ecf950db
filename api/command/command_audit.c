/* audit verify: walks the chains of audit entries, and hashes all anew by itself (api/docs/audit.md). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "api/command/command.h"
#include "kept/seal.h"
#include "kept/text.h"
#include "sql/database.h"

#define BLOCK_BYTES ((size_t)256 * 1024 * 1024) /* text of a block: 1,000 entries */
#define HASH_SIZE 65
#define ENTRY_FIELDS 8
#define PROGRESS_BLOCKS 500

struct walk {
	PGconn *connection;
	const char *district, *kept_from;
	const char *head; /* "NUMBER:HASH" that an operator noted; NULL: none */
	bool head_seen;
	unsigned long long blocks, entries, retired, pending;
	char last[HASH_SIZE]; /* hash of the block before */
};

/* NULL: what is wrong was said. */
static PGresult *ask(struct walk *walk, const char *sql, const char *const *values, int count)
{
	PGresult *result = PQexecParams(walk->connection, sql, count, NULL, values, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	fprintf(stderr, "kept-api: audit verify: %s", PQerrorMessage(walk->connection));
	PQclear(result);
	return NULL;
}

static void add_field(struct text *out, const char *value, size_t length)
{
	text_addf(out, "%zu:", length);
	text_add(out, value, length);
}

/* False: no memory. */
static bool hash_text(const struct text *text, char hash[HASH_SIZE])
{
	uint8_t bytes[32];
	struct text hex;
	if (!text_ok(text))
		return false;
	hash_sha256(bytes, text->bytes, text->length);
	text_init(&hex, HASH_SIZE);
	text_add_hex(&hex, bytes, sizeof(bytes));
	bool ok = text_ok(&hex) && hex.length == HASH_SIZE - 1;
	if (ok)
		memcpy(hash, hex.bytes, HASH_SIZE);
	text_release(&hex);
	return ok;
}

static bool does_not_fit(const struct walk *walk, const char *number, const char *what)
{
	printf("%s  block %s does not fit: %s\n", walk->district, number, what);
	return false;
}

/* Hashes the entries; *gone [out] counts those that are not there. False: no memory, or an entry is missing that should
 * not be. */
static bool hash_entries(struct walk *walk, const char *number, const PGresult *rows, char hash[HASH_SIZE], int *gone)
{
	struct text text;
	bool ok = true;
	int count = PQntuples(rows);
	*gone = 0;
	text_init(&text, BLOCK_BYTES);
	for (int row = 0; row < count; row++) {
		if (PQgetisnull(rows, row, 0)) {
			++*gone;
			continue;
		}
		for (int field = 0; field < ENTRY_FIELDS; field++)
			if (PQgetisnull(rows, row, field))
				text_adds(&text, "-");
			else
				add_field(&text, PQgetvalue(rows, row, field), (size_t)PQgetlength(rows, row, field));
		text_adds(&text, "\n");
	}
	/* All of a block are of one month, and go with its partition. */
	bool retired = *gone == count && walk->kept_from[0] &&
		       strcmp(PQgetvalue(rows, count - 1, ENTRY_FIELDS), walk->kept_from) < 0;
	if (*gone > 0 && !retired)
		ok = does_not_fit(walk, number, "an entry of it was removed.");
	else if (*gone == 0 && !hash_text(&text, hash))
		ok = does_not_fit(walk, number, "no memory for its entries.");
	text_release(&text);
	return ok;
}

static bool check_entries(struct walk *walk, const PGresult *block, int row)
{
	static const char sql[] =
		"select a.id, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), a.transaction, "
		"a.actor, a.table_name, a.row_id, a.change, a.members, e.id "
		"from kept.audit_block b cross join unnest(b.entries) with ordinality as e (id, n) "
		"left join lateral (select * from kept.audit x where x.district_id = b.district_id and x.id = e.id "
		"limit 1) a on true where b.district_id = $1::uuid and b.number = $2::bigint order by e.n";
	const char *number = PQgetvalue(block, row, 0);
	const char *const values[] = {walk->district, number};
	char hash[HASH_SIZE] = "";
	int gone;
	PGresult *entries = ask(walk, sql, values, 2);
	if (!entries)
		return false;
	int count = PQntuples(entries);
	bool ok = hash_entries(walk, number, entries, hash, &gone);
	PQclear(entries);
	if (!ok)
		return false;
	walk->entries += (unsigned long long)(count - gone);
	walk->retired += (unsigned long long)gone;
	return gone > 0 || strcmp(hash, PQgetvalue(block, row, 2)) == 0 ||
	       does_not_fit(walk, number, "an entry of it was changed, or its list of entries.");
}

/* The columns: number, previous, entries_hash, hash, made_at, count. */
static bool check_block(struct walk *walk, const PGresult *block, int row)
{
	char expected[24], hash[HASH_SIZE], told[HASH_SIZE + 24];
	const char *number = PQgetvalue(block, row, 0), *previous = PQgetvalue(block, row, 1);
	static const int order[] = {0, 1, 5, 2, 4}; /* of the columns, in the text */
	struct text text;
	snprintf(expected, sizeof(expected), "%llu", walk->blocks + 1);
	if (strcmp(number, expected) != 0)
		return does_not_fit(walk, expected, "it was removed.");
	if (strcmp(previous, walk->last) != 0)
		return does_not_fit(walk, number, "it does not go on where the block before it ends.");
	if (!check_entries(walk, block, row))
		return false;
	text_init(&text, 4096);
	add_field(&text, walk->district, strlen(walk->district));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		add_field(&text, PQgetvalue(block, row, order[i]), strlen(PQgetvalue(block, row, order[i])));
	text_adds(&text, "\n");
	bool ok = hash_text(&text, hash) && strcmp(hash, PQgetvalue(block, row, 3)) == 0;
	text_release(&text);
	if (!ok)
		return does_not_fit(walk, number, "it was changed itself.");
	memcpy(walk->last, hash, HASH_SIZE);
	walk->blocks++;
	snprintf(told, sizeof(told), "%s:%s", number, hash);
	walk->head_seen = walk->head_seen || (walk->head && strcmp(told, walk->head) == 0);
	return true;
}

static bool walk_blocks(struct walk *walk)
{
	static const char sql[] = "select number, previous, entries_hash, hash, to_char(made_at at time zone 'UTC', "
				  "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), cardinality(entries) from kept.audit_block "
				  "where district_id = $1::uuid and number > $2::bigint order by number limit 500";
	bool progress = isatty(STDERR_FILENO);
	for (int found = 1; found > 0;) {
		char after[24];
		snprintf(after, sizeof(after), "%llu", walk->blocks);
		const char *const values[] = {walk->district, after};
		PGresult *blocks = ask(walk, sql, values, 2);
		if (!blocks)
			return false;
		found = PQntuples(blocks);
		for (int row = 0; row < found; row++)
			if (!check_block(walk, blocks, row)) {
				PQclear(blocks);
				return false;
			}
		PQclear(blocks);
		if (progress && found == PROGRESS_BLOCKS)
			fprintf(stderr, "%s  %llu blocks\r", walk->district, walk->blocks);
	}
	return true;
}

/* The entry that the column names, if any, is wrong. */
static bool no_stray(const struct walk *walk, const PGresult *found, int column, const char *what)
{
	if (PQgetisnull(found, 0, column))
		return true;
	printf("%s  entry %s %s\n", walk->district, PQgetvalue(found, 0, column), what);
	return false;
}

/* Entries that are in no block and do not wait for one, or are in two, or waited and are gone; those that wait are
 * counted. */
static bool check_strays(struct walk *walk)
{
	static const char sql[] =
		"select count(p.audit_id), min(a.id::text) filter (where e.id is null and p.audit_id is null), "
		"min(a.id::text) filter (where e.many > 1), (select min(g.audit_id::text) from kept.audit_pending g "
		"where g.district_id = $1::uuid and not exists (select from kept.audit x where x.district_id = "
		"g.district_id and x.id = g.audit_id)) from kept.audit a "
		"left join (select u.id, count(*) as many from kept.audit_block b, unnest(b.entries) as u (id) "
		"where b.district_id = $1::uuid group by u.id) e on e.id = a.id "
		"left join kept.audit_pending p on p.district_id = $1::uuid and p.audit_id = a.id "
		"where a.district_id = $1::uuid";
	const char *const values[] = {walk->district};
	PGresult *found = ask(walk, sql, values, 1);
	if (!found)
		return false;
	walk->pending = strtoull(PQgetvalue(found, 0, 0), NULL, 10);
	bool ok = no_stray(walk, found, 1, "is in no block: it was added by hand, or its block was removed.");
	ok = no_stray(walk, found, 2, "is in two blocks.") && ok;
	ok = no_stray(walk, found, 3, "was removed before it was in a block.") && ok;
	PQclear(found);
	return ok;
}

static bool verify_district(struct walk *walk)
{
	walk->blocks = walk->entries = walk->retired = walk->pending = 0;
	memset(walk->last, '0', HASH_SIZE - 1);
	walk->last[HASH_SIZE - 1] = '\0';
	if (!walk_blocks(walk) || !check_strays(walk))
		return false;
	if (walk->head && !walk->head_seen) {
		printf("%s  the head %s is not in the chain: its end was removed, or the chain was made anew.\n",
		       walk->district, walk->head);
		return false;
	}
	printf("%s  %llu blocks, %llu entries", walk->district, walk->blocks, walk->entries);
	if (walk->retired > 0)
		printf(", %llu gone with their month", walk->retired);
	if (walk->pending > 0)
		printf(", %llu not in a block yet", walk->pending);
	printf(", head %llu:%s\n", walk->blocks, walk->last);
	return true;
}

/* 1 if one does not fit, which was said. All are looked at. */
static int verify(struct walk *walk, const char *only)
{
	const char *const values[] = {only};
	PGresult *begun = ask(walk, "begin transaction isolation level repeatable read, read only", NULL, 0);
	PGresult *from = begun ? ask(walk, "select kept.audit_kept_from()", NULL, 0) : NULL;
	PGresult *districts =
		from ? ask(walk, "select id from kept.district where $1::uuid is null or id = $1::uuid order by id",
			   values, 1)
		     : NULL;
	int code = districts ? COMMAND_DONE : COMMAND_FAILED;
	walk->kept_from = from ? PQgetvalue(from, 0, 0) : "";
	if (districts && only && PQntuples(districts) == 0) {
		fprintf(stderr, "kept-api: there is no district %s\n", only);
		code = COMMAND_MISUSED;
	}
	for (int i = 0; districts && i < PQntuples(districts); i++) {
		walk->district = PQgetvalue(districts, i, 0);
		if (!verify_district(walk))
			code = COMMAND_FAILED;
	}
	PQclear(districts);
	PQclear(from);
	PQclear(begun);
	return code;
}

static bool head_is_good(const char *head)
{
	size_t digits = strspn(head, "0123456789");
	return digits > 0 && head[digits] == ':' && strlen(head + digits + 1) == HASH_SIZE - 1 &&
	       strspn(head + digits + 1, "0123456789abcdef") == HASH_SIZE - 1;
}

int command_audit_verify(const struct config *config, int argc, char **argv)
{
	const char *district = NULL;
	struct walk walk = {0};
	const struct command_option taken[] = {{"--district", &district, NULL}, {"--head", &walk.head, NULL}};
	const struct database_session session = {.application_name = "kept-api audit"};
	struct database_url url;
	char *error = NULL;
	if (!command_options(argc, argv, taken, 2, NULL))
		return COMMAND_MISUSED;
	if ((district && !text_is_uuid(district)) || (walk.head && (!district || !head_is_good(walk.head)))) {
		fputs("kept-api: --district takes an id; --head takes NUMBER:HASH, and a --district (see --help)\n",
		      stderr);
		return COMMAND_MISUSED;
	}
	if (!database_url(&url, config->database_url, &session, &error)) {
		fprintf(stderr, "kept-api: KEPT_DATABASE_URL: %s\n", error ? error : "no memory");
		free(error);
		return COMMAND_MISUSED;
	}
	walk.connection = PQconnectdbParams((const char *const *)url.keywords, (const char *const *)url.values, 0);
	database_url_release(&url);
	int code = COMMAND_FAILED;
	if (PQstatus(walk.connection) == CONNECTION_OK)
		code = verify(&walk, district);
	else
		fprintf(stderr, "kept-api: the database is away: %s", PQerrorMessage(walk.connection));
	PQfinish(walk.connection);
	return code;
}
