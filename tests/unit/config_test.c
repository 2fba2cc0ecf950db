/* config.h: defaults, every variable's good and bad values, files, and what a person is told. Each test has a folder of
 * its own. */
#include <check.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept/config.h"
#include "kept/config_again.h"
#include "kept/text.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))
#define SECRET "k1:0123456789abcdef0123456789abcdef"

static char folder[256];

static void write_file(const char *path, const char *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

/* A folder with a space, a quote and a backslash in its name: all of the defaults must bear it. */
static void begin(void)
{
	char file_name[64], *base, template[] = "/tmp/kept-config-XXXXXX";

	base = mkdtemp(template);
	ck_assert_ptr_nonnull(base);
	snprintf(folder, sizeof(folder), "%s/it's a \\ folder", base);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(chdir(folder), 0);
	for (size_t i = 0; config_variable(i); i++) {
		snprintf(file_name, sizeof(file_name), "%s_FILE", config_variable(i));
		unsetenv(config_variable(i));
		unsetenv(file_name);
	}
	setenv("KEPT_SECRET", SECRET, 1);
}

static void end(void)
{
	char base[256];

	unlink("var/secret");
	rmdir("var");
	unlink("value");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	snprintf(base, sizeof(base), "%.*s", (int)(strrchr(folder, '/') - folder), folder);
	ck_assert_int_eq(rmdir(base), 0);
}

static void load(struct config *config)
{
	char *error;

	ck_assert_msg(config_load(config, &error), "%s", error);
	ck_assert_ptr_null(error);
}

/* Fails to load; the line must be one line, and begin with `start`. */
static void load_fails(const char *start)
{
	struct config config;
	char *error;

	ck_assert_msg(!config_load(&config, &error), "loaded, but %s is wrong", start);
	ck_assert_ptr_nonnull(error);
	ck_assert_msg(text_starts(error, start), "%s does not begin with %s", error, start);
	ck_assert(text_is_line(error));
	ck_assert_ptr_null(config.secret);
	free(error);
}

START_TEST(defaults_are_those_of_readme)
{
	struct config config;
	char expected[600];

	load(&config);
	ck_assert_str_eq(config.listen, "127.0.0.1:8420");
	ck_assert_str_eq(config.public_url, "http://127.0.0.1:8420");
	ck_assert_str_eq(config.trusted_proxy, "");
	ck_assert_str_eq(config.mail_user, "");
	ck_assert_str_eq(config.mail_password, "");
	ck_assert_str_eq(config.mail_from_name, "Kept");
	ck_assert_str_eq(config.mail_from_address, "kept@localhost");
	ck_assert_int_eq(config.mail_tls, MAIL_TLS_REQUIRED);
	ck_assert_str_eq(config.secret, SECRET);
	ck_assert_str_eq(config.egress_allow, "");
	ck_assert_str_eq(config.worker_listen, "");
	ck_assert(config.check_every_seconds == 30);
	ck_assert_int_ge(config.loops, 1);
	ck_assert_int_eq(config.writers, 16);
	ck_assert(config.rate_key.count == 60000 && config.rate_key.seconds == 60);
	ck_assert(config.rate_district.count == 120000 && config.rate_district.seconds == 60);
	ck_assert(config.rate_address.count == 120000 && config.rate_address.seconds == 60);
	ck_assert(config.rate_failures.count == 300 && config.rate_failures.seconds == 60);
	snprintf(expected, sizeof(expected), "%s/var/mail", folder);
	ck_assert_str_eq(config.mail_folder, expected);
	ck_assert_ptr_nonnull(strstr(config.mail_url, "/it%27s%20a%20%5C%20folder/var/mail"));
	config_release(&config);
	config_release(&config);
}
END_TEST

START_TEST(default_database_is_below_the_folder_whatever_its_name)
{
	char expected[600], *problem = NULL;
	PQconninfoOption *options;
	struct config config;
	bool seen = false;

	load(&config);
	options = PQconninfoParse(config.database_url, &problem);
	ck_assert_ptr_nonnull(options);
	snprintf(expected, sizeof(expected), "%s/var/postgresql/run", folder);
	for (PQconninfoOption *option = options; option->keyword; option++) {
		if (strcmp(option->keyword, "host") == 0) {
			ck_assert_str_eq(option->val, expected);
			seen = true;
		}
		if (strcmp(option->keyword, "dbname") == 0 || strcmp(option->keyword, "user") == 0)
			ck_assert_str_eq(option->val, "kept");
	}
	ck_assert(seen);
	PQconninfoFree(options);
	config_release(&config);
}
END_TEST

START_TEST(folder_with_a_comma_needs_a_database_url)
{
	struct config config;

	ck_assert_int_eq(mkdir("a,b", 0700), 0);
	ck_assert_int_eq(chdir("a,b"), 0);
	load_fails("KEPT_DATABASE_URL ");
	setenv("KEPT_DATABASE_URL", "dbname=kept", 1);
	load(&config);
	config_release(&config);
	ck_assert_int_eq(chdir(".."), 0);
	ck_assert_int_eq(rmdir("a,b"), 0);
}
END_TEST

static const struct {
	const char *name, *value;
	bool valid;
} rows[] = {
	{"KEPT_DATABASE_URL", "postgresql://kept@db.example:5432,db2.example/kept?target_session_attrs=read-write",
	 true},
	{"KEPT_DATABASE_URL", "host=/run/postgresql dbname=kept", true},
	{"KEPT_DATABASE_URL", "kept", false},
	{"KEPT_DATABASE_URL", "hots=/run", false},
	{"KEPT_DATABASE_URL", "http://db.example/kept", false},
	{"KEPT_LISTEN", "0.0.0.0:80", true},
	{"KEPT_LISTEN", "[::1]:8420", true},
	{"KEPT_LISTEN", "localhost:0", true},
	{"KEPT_LISTEN", "unix:/run/kept/api.sock", true},
	{"KEPT_LISTEN", "unix:", false},
	{"KEPT_LISTEN",
	 "unix:/"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	 false},
	{"KEPT_LISTEN", "8420", false},
	{"KEPT_LISTEN", ":8420", false},
	{"KEPT_LISTEN", "127.0.0.1", false},
	{"KEPT_LISTEN", "127.0.0.1:", false},
	{"KEPT_LISTEN", "127.0.0.1:65536", false},
	{"KEPT_LISTEN", "127.0.0.1:+80", false},
	{"KEPT_LISTEN", "127.0.0.1:80x", false},
	{"KEPT_LISTEN", "::1:8420", false},
	{"KEPT_LISTEN", "[::1:8420", false},
	{"KEPT_LISTEN", "[127.0.0.1]:80", false},
	{"KEPT_PUBLIC_URL", "https://kept.example.org", true},
	{"KEPT_PUBLIC_URL", "https://kept.example.org:8443/kept", true},
	{"KEPT_PUBLIC_URL", "http://[::1]:8420/", true},
	{"KEPT_PUBLIC_URL", "kept.example.org", false},
	{"KEPT_PUBLIC_URL", "ftp://kept.example.org", false},
	{"KEPT_PUBLIC_URL", "https://", false},
	{"KEPT_PUBLIC_URL", "https://user@kept.example.org", false},
	{"KEPT_PUBLIC_URL", "https://kept.example.org:99999", false},
	{"KEPT_PUBLIC_URL", "https://kept.example.org/?a=b", false},
	{"KEPT_PUBLIC_URL", "https://kept.example.org/#a", false},
	{"KEPT_PUBLIC_URL", "https://kept.example.org/a b", false},
	{"KEPT_PUBLIC_URL", "https://kept.example.org/\"><script>", false},
	{"KEPT_TRUSTED_PROXY", "127.0.0.1", true},
	{"KEPT_TRUSTED_PROXY", "10.0.0.0/8, ::1, fd00::/8", true},
	{"KEPT_TRUSTED_PROXY", "unix", true},
	{"KEPT_TRUSTED_PROXY", "unix, 10.0.0.1", true},
	{"KEPT_TRUSTED_PROXY", "unix:", false},
	{"KEPT_TRUSTED_PROXY", "unix/8", false},
	{"KEPT_TRUSTED_PROXY", "10.0.0.0/33", false},
	{"KEPT_TRUSTED_PROXY", "10.0.0/8", false},
	{"KEPT_TRUSTED_PROXY", "::1/129", false},
	{"KEPT_TRUSTED_PROXY", "proxy.example", false},
	{"KEPT_TRUSTED_PROXY", "127.0.0.1,", false},
	{"KEPT_TRUSTED_PROXY", ",127.0.0.1", false},
	{"KEPT_TRUSTED_PROXY", "127.0.0.1,,::1", false},
	{"KEPT_TRUSTED_PROXY", "127.0.0.1/", false},
	{"KEPT_MAIL_URL", "smtp://mail.example.org:587", true},
	{"KEPT_MAIL_URL", "smtps://mail.example.org/", true},
	{"KEPT_MAIL_URL", "file:///var/lib/kept/mail", true},
	{"KEPT_MAIL_URL", "mail.example.org", false},
	{"KEPT_MAIL_URL", "smtp://", false},
	{"KEPT_MAIL_URL", "smtp://user:password@mail.example.org", false},
	{"KEPT_MAIL_URL", "smtp://mail.example.org:0", false},
	{"KEPT_MAIL_URL", "smtp://mail.example.org/path", false},
	{"KEPT_MAIL_URL", "http://mail.example.org", false},
	{"KEPT_MAIL_URL", "file://var/mail", false},
	{"KEPT_MAIL_URL", "file:///var/%0a", false},
	{"KEPT_MAIL_URL", "file:///var/%00", false},
	{"KEPT_MAIL_URL", "file:///var/%2", false},
	{"KEPT_MAIL_TLS", "required", true},
	{"KEPT_MAIL_TLS", "opportunistic", true},
	{"KEPT_MAIL_TLS", "off", true},
	{"KEPT_MAIL_TLS", "Off", false},
	{"KEPT_MAIL_TLS", "yes", false},
	{"KEPT_MAIL_FROM", "Kept at Lakeview <kept@lakeview.example>", true},
	{"KEPT_MAIL_FROM", "kept@lakeview.example", true},
	{"KEPT_MAIL_FROM", "<kept@lakeview.example>", true},
	{"KEPT_MAIL_FROM", "Lakeview, Inc. <kept@lakeview.example>", true},
	{"KEPT_MAIL_FROM", "Kept", false},
	{"KEPT_MAIL_FROM", "Kept <kept>", false},
	{"KEPT_MAIL_FROM", "Kept <>", false},
	{"KEPT_MAIL_FROM", "Kept <kept@lakeview.example", false},
	{"KEPT_MAIL_FROM", "Kept kept@lakeview.example>", false},
	{"KEPT_MAIL_FROM", "Kept <<kept@lakeview.example>>", false},
	{"KEPT_MAIL_FROM", "Kept <kept@lakeview.example> x", false},
	{"KEPT_MAIL_FROM", "\"Kept\" <kept@lakeview.example>", false},
	{"KEPT_MAIL_FROM", "Kept\\ <kept@lakeview.example>", false},
	{"KEPT_MAIL_FROM", "Kept\r\nBcc: a@b.example <kept@lakeview.example>", false},
	{"KEPT_MAIL_FROM", "Kept\x7F <kept@lakeview.example>", false},
	{"KEPT_MAIL_FROM", "Kept\xC2\x85 <kept@lakeview.example>", false},
	{"KEPT_MAIL_FROM", "Kept\xFF <kept@lakeview.example>", false},
	{"KEPT_MAIL_FROM", "Kept <kept@lakeview.example, other@lakeview.example>", false},
	{"KEPT_SECRET", SECRET ",k2:abcdefghijklmnopqrstuvwxyzabcdef", true},
	{"KEPT_SECRET", "0123456789abcdef0123456789abcdef", false},
	{"KEPT_SECRET", "k1:short", false},
	{"KEPT_SECRET", SECRET "," SECRET, false},
	{"KEPT_SECRET", SECRET "\nx", false},
	{"KEPT_EGRESS_ALLOW", "10.20.0.15/32:443, 127.0.0.0/8:*, [::1]/128:8080, [fd00::/8]:*", true},
	{"KEPT_EGRESS_ALLOW", "10.20.0.15:443", false},
	{"KEPT_EGRESS_ALLOW", "::1/128:8080", false},
	{"KEPT_EGRESS_ALLOW", "[::1]:8080", false},
	{"KEPT_EGRESS_ALLOW", "[::1/128:8080", false},
	{"KEPT_EGRESS_ALLOW", "[::1]x/128:8080", false},
	{"KEPT_EGRESS_ALLOW", "[10.0.0.0]/8:8080", false},
	{"KEPT_EGRESS_ALLOW", "[]/128:8080", false},
	{"KEPT_EGRESS_ALLOW", "10.20.0.15/32", false},
	{"KEPT_EGRESS_ALLOW", "10.20.0.15/32:0", false},
	{"KEPT_EGRESS_ALLOW", "10.20.0.15/32:65536", false},
	{"KEPT_EGRESS_ALLOW", "10.20.0.15/32:**", false},
	{"KEPT_EGRESS_ALLOW", "10.20.0.15/32:", false},
	{"KEPT_EGRESS_ALLOW", "*:443", false},
	{"KEPT_EGRESS_ALLOW", "10.20.0.15/32:443,", false},
	{"KEPT_TLS_CA", "/etc/ssl/certs/ca-certificates.crt", true},
	{"KEPT_TLS_CA", "/nowhere/authorities.pem", false},
	{"KEPT_TLS_CA", "/etc/passwd", false},
	{"KEPT_TLS_CA", "/etc", false},
	{"KEPT_CHECK_EVERY", "500ms", true},
	{"KEPT_CHECK_EVERY", "24h", true},
	{"KEPT_CHECK_EVERY", "25h", false},
	{"KEPT_CHECK_EVERY", "0s", false},
	{"KEPT_CHECK_EVERY", "30", false},
	{"KEPT_CHECK_EVERY", "-1s", false},
	{"KEPT_CHECK_EVERY", "1.5s", false},
	{"KEPT_CHECK_EVERY", "s", false},
	{"KEPT_CHECK_EVERY", "30 s", false},
	{"KEPT_CHECK_EVERY", "99999999999999999999s", false},
	{"KEPT_WORKER_LISTEN", "127.0.0.1:9420", true},
	{"KEPT_WORKER_LISTEN", "9420", false},
	{"KEPT_WORKER_LISTEN", "unix:/run/x", false},
	{"KEPT_LOOPS", "1", true},
	{"KEPT_LOOPS", "64", true},
	{"KEPT_LOOPS", "0", false},
	{"KEPT_LOOPS", "65", false},
	{"KEPT_LOOPS", "two", false},
	{"KEPT_LOOPS", "2x", false},
	{"KEPT_WRITERS", "8", true},
	{"KEPT_WRITERS", "-1", false},
	{"KEPT_WRITERS", " 8", false},
	{"KEPT_RATE_KEY", "600/60", true},
	{"KEPT_RATE_KEY", "off", true},
	{"KEPT_RATE_KEY", "9999999/86400", true},
	{"KEPT_RATE_KEY", "10000000/60", false},
	{"KEPT_RATE_KEY", "600/86401", false},
	{"KEPT_RATE_KEY", "600/0", false},
	{"KEPT_RATE_KEY", "0/60", false},
	{"KEPT_RATE_KEY", "600", false},
	{"KEPT_RATE_KEY", "600/", false},
	{"KEPT_RATE_KEY", "/60", false},
	{"KEPT_RATE_KEY", "600/60s", false},
	{"KEPT_RATE_KEY", "-1/60", false},
	{"KEPT_RATE_KEY", "none", false},
	{"KEPT_RATE_DISTRICT", "1/1", true},
	{"KEPT_RATE_DISTRICT", "1:1", false},
	{"KEPT_RATE_ADDRESS", "1/1", true},
	{"KEPT_RATE_ADDRESS", "1/1/1", false},
	{"KEPT_RATE_FAILURES", "5/3600", true},
	{"KEPT_RATE_FAILURES", "five", false},
	{"KEPT_LOG", "debug", true},
	{"KEPT_LOG", "loud", false},
};

START_TEST(value_is_taken_or_refused_with_a_line_that_names_its_variable)
{
	struct config config;
	char start[64];

	setenv(rows[_i].name, rows[_i].value, 1);
	if (rows[_i].valid) {
		load(&config);
		config_release(&config);
		return;
	}
	snprintf(start, sizeof(start), "%s ", rows[_i].name);
	load_fails(start);
}
END_TEST

START_TEST(every_variable_has_a_good_and_a_bad_row)
{
	for (size_t i = 0; config_variable(i); i++) {
		bool good = false, bad = false;

		/* Any text is a login. */
		if (text_starts(config_variable(i), "KEPT_MAIL_USER") ||
		    text_starts(config_variable(i), "KEPT_MAIL_PASSWORD"))
			continue;
		for (int row = 0; row < COUNT(rows); row++) {
			good |= strcmp(rows[row].name, config_variable(i)) == 0 && rows[row].valid;
			bad |= strcmp(rows[row].name, config_variable(i)) == 0 && !rows[row].valid;
		}
		ck_assert_msg(good && bad, "%s", config_variable(i));
	}
}
END_TEST

START_TEST(value_is_not_shown_in_the_error)
{
	static const char *const names[] = {"KEPT_SECRET", "KEPT_DATABASE_URL", "KEPT_MAIL_URL", "KEPT_MAIL_FROM"};
	struct config config;
	char *error;

	setenv(names[_i], "hidden", 1);
	ck_assert(!config_load(&config, &error));
	ck_assert_ptr_null(strstr(error, "hidden"));
	free(error);
}
END_TEST

START_TEST(values_arrive_in_their_fields)
{
	struct config config;

	setenv("KEPT_PUBLIC_URL", "https://kept.example.org/base//", 1);
	setenv("KEPT_TRUSTED_PROXY", "10.0.0.0/8, ::1", 1);
	setenv("KEPT_EGRESS_ALLOW", "127.0.0.0/8:*, [::1]/128:80", 1);
	setenv("KEPT_MAIL_URL", "file:///srv/the%20mail", 1);
	setenv("KEPT_MAIL_FROM", "Lakeview  <kept@lakeview.example>", 1);
	setenv("KEPT_CHECK_EVERY", "500ms", 1);
	setenv("KEPT_LOOPS", "3", 1);
	setenv("KEPT_WRITERS", "5", 1);
	setenv("KEPT_WORKER_LISTEN", "", 1);
	load(&config);
	ck_assert_str_eq(config.public_url, "https://kept.example.org/base");
	ck_assert_str_eq(config.trusted_proxy, "10.0.0.0/8,::1");
	ck_assert_str_eq(config.egress_allow, "127.0.0.0/8:*,[::1]/128:80");
	ck_assert_str_eq(config.mail_folder, "/srv/the mail");
	ck_assert_str_eq(config.mail_from_name, "Lakeview");
	ck_assert_str_eq(config.mail_from_address, "kept@lakeview.example");
	ck_assert(config.check_every_seconds == 0.5);
	ck_assert_int_eq(config.loops, 3);
	ck_assert_int_eq(config.writers, 5);
	ck_assert_str_eq(config.worker_listen, "");
	config_release(&config);
}
END_TEST

static const struct {
	const char *text;
	double seconds;
} duration_rows[] = {{"10ms", 0.01}, {"500ms", 0.5}, {"30s", 30}, {"5m", 300}, {"1h", 3600}};

START_TEST(duration_is_read_in_its_unit)
{
	struct config config;

	setenv("KEPT_CHECK_EVERY", duration_rows[_i].text, 1);
	load(&config);
	ck_assert_double_eq_tol(config.check_every_seconds, duration_rows[_i].seconds, 1e-9);
	config_release(&config);
}
END_TEST

static const struct {
	const char *url;
	enum mail_tls tls;
} tls_rows[] = {
	{"smtp://localhost:2525", MAIL_TLS_OFF},
	{"smtp://LOCALHOST", MAIL_TLS_OFF},
	{"smtp://127.0.0.9:25", MAIL_TLS_OFF},
	{"smtp://[::1]:25", MAIL_TLS_OFF},
	{"smtp://mail.example.org", MAIL_TLS_REQUIRED},
	{"smtp://127.0.0.1.example.org", MAIL_TLS_REQUIRED},
	{"smtp://localhost.example.org", MAIL_TLS_REQUIRED},
	{"smtp://10.0.0.1", MAIL_TLS_REQUIRED},
	{"smtps://localhost", MAIL_TLS_REQUIRED},
};

START_TEST(tls_is_required_but_to_this_machine)
{
	struct config config;

	setenv("KEPT_MAIL_URL", tls_rows[_i].url, 1);
	load(&config);
	ck_assert_int_eq(config.mail_tls, tls_rows[_i].tls);
	config_release(&config);
}
END_TEST

START_TEST(login_is_whole_and_goes_over_tls_only)
{
	struct config config;

	setenv("KEPT_MAIL_URL", "smtp://mail.example.org", 1);
	setenv("KEPT_MAIL_USER", "kept", 1);
	load_fails("KEPT_MAIL_PASSWORD ");
	setenv("KEPT_MAIL_PASSWORD", "pass word", 1);
	load(&config);
	ck_assert_str_eq(config.mail_password, "pass word");
	config_release(&config);
	setenv("KEPT_MAIL_TLS", "opportunistic", 1);
	load_fails("KEPT_MAIL_TLS ");
	setenv("KEPT_MAIL_TLS", "off", 1);
	load_fails("KEPT_MAIL_TLS ");
	setenv("KEPT_MAIL_URL", "smtps://mail.example.org", 1);
	load_fails("KEPT_MAIL_TLS ");
	setenv("KEPT_MAIL_URL", "smtp://127.0.0.1:25", 1);
	load(&config);
	config_release(&config);
	unsetenv("KEPT_MAIL_USER");
	load_fails("KEPT_MAIL_USER ");
}
END_TEST

START_TEST(value_may_come_from_a_file)
{
	struct config config;

	unsetenv("KEPT_SECRET");
	write_file("value", "k9:abcdefghijklmnopqrstuvwxyz012345\n", 36);
	setenv("KEPT_SECRET_FILE", "value", 1);
	load(&config);
	ck_assert_str_eq(config.secret, "k9:abcdefghijklmnopqrstuvwxyz012345");
	config_release(&config);
	setenv("KEPT_SECRET", "", 1);
	load(&config);
	config_release(&config);
	setenv("KEPT_SECRET", SECRET, 1);
	load_fails("KEPT_SECRET and KEPT_SECRET_FILE are both set");
}
END_TEST

static const struct {
	const char *bytes;
	size_t length;
	const char *start;
} file_rows[] = {
	{"", 0, "KEPT_SECRET_FILE"},
	{"\n", 1, "KEPT_SECRET_FILE"},
	{"k1:0123456789abcdef\0 0123456789abcdef", 36, "KEPT_SECRET_FILE"},
	{SECRET "\n\n", sizeof(SECRET) + 1, "KEPT_SECRET "},
	{SECRET "\n" SECRET "\n", 2 * sizeof(SECRET), "KEPT_SECRET "},
};

START_TEST(bad_file_is_refused)
{
	unsetenv("KEPT_SECRET");
	write_file("value", file_rows[_i].bytes, file_rows[_i].length);
	setenv("KEPT_SECRET_FILE", "value", 1);
	load_fails(file_rows[_i].start);
}
END_TEST

START_TEST(absent_folder_or_endless_file_is_refused)
{
	unsetenv("KEPT_SECRET");
	setenv("KEPT_SECRET_FILE", "absent", 1);
	load_fails("KEPT_SECRET_FILE");
	setenv("KEPT_SECRET_FILE", ".", 1);
	load_fails("KEPT_SECRET_FILE");
	setenv("KEPT_SECRET_FILE", "/dev/zero", 1);
	load_fails("KEPT_SECRET_FILE");
}
END_TEST

START_TEST(secret_is_required_and_found_below_var)
{
	struct config config;

	unsetenv("KEPT_SECRET");
	load_fails("KEPT_SECRET is not set");
	ck_assert_int_eq(mkdir("var", 0700), 0);
	write_file("var/secret", SECRET "\n", sizeof(SECRET));
	ck_assert_int_eq(chmod("var/secret", 0640), 0);
	load_fails("KEPT_SECRET (var/secret): others may read the file");
	ck_assert_int_eq(chmod("var/secret", 0600), 0);
	load(&config);
	ck_assert_str_eq(config.secret, SECRET);
	config_release(&config);
	setenv("KEPT_SECRET_FILE", "", 1);
	load(&config);
	config_release(&config);
	write_file("var/secret", "k1:short\n", 9);
	load_fails("KEPT_SECRET ");
	setenv("KEPT_SECRET", SECRET, 1);
	load(&config);
	config_release(&config);
}
END_TEST

START_TEST(changed_rate_needs_a_restart_of_the_api)
{
	struct config start, now;
	struct text names;

	load(&start);
	setenv("KEPT_RATE_DISTRICT", "120000/61", 1);
	setenv("KEPT_RATE_FAILURES", "off", 1);
	load(&now);
	text_init(&names, 200);
	config_restart_needed(&start, &now, CONFIG_WORKER, &names);
	ck_assert_uint_eq(names.length, 0);
	config_restart_needed(&start, &now, CONFIG_API, &names);
	ck_assert_str_eq(names.bytes, "KEPT_RATE_DISTRICT KEPT_RATE_FAILURES");
	text_release(&names);
	config_release(&start);
	config_release(&now);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, defaults_are_those_of_readme);
	tcase_add_test(tests, default_database_is_below_the_folder_whatever_its_name);
	tcase_add_test(tests, folder_with_a_comma_needs_a_database_url);
	tcase_add_loop_test(tests, value_is_taken_or_refused_with_a_line_that_names_its_variable, 0, COUNT(rows));
	tcase_add_test(tests, every_variable_has_a_good_and_a_bad_row);
	tcase_add_loop_test(tests, value_is_not_shown_in_the_error, 0, 4);
	tcase_add_test(tests, values_arrive_in_their_fields);
	tcase_add_test(tests, changed_rate_needs_a_restart_of_the_api);
	tcase_add_loop_test(tests, duration_is_read_in_its_unit, 0, COUNT(duration_rows));
	tcase_add_loop_test(tests, tls_is_required_but_to_this_machine, 0, COUNT(tls_rows));
	tcase_add_test(tests, login_is_whole_and_goes_over_tls_only);
	tcase_add_test(tests, value_may_come_from_a_file);
	tcase_add_loop_test(tests, bad_file_is_refused, 0, COUNT(file_rows));
	tcase_add_test(tests, absent_folder_or_endless_file_is_refused);
	tcase_add_test(tests, secret_is_required_and_found_below_var);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
