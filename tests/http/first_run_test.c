/*
 * What a newcomer does: the scripts below deploy/ from a copy of the tree, and the commands that they print, as
 * printed.
 *
 * Ports and folders are the test's own. The folder has a space and an apostrophe in its name and is closed to others.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/program.h"

#define SECONDS 60.0 /* that a step may take */
#define FILE_BYTES (4 * 1024 * 1024)

static char folder[64], *build;
static int api_port, receiver_port;
static pid_t running; /* deploy/run.sh, 0: none */

static char *file_text(const char *path)
{
	struct text text;
	char chunk[4096];
	size_t got;
	FILE *file = fopen(path, "re");

	text_init(&text, FILE_BYTES);
	while (file && (got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		text_add(&text, chunk, got);
	if (file)
		fclose(file);
	text_adds(&text, "");
	ck_assert(text_ok(&text));
	return text_take(&text);
}

/* A port that nobody has; the listening socket, when asked for, keeps it. */
static int free_port(int *listening)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	if (listening) {
		ck_assert_int_eq(listen(fd, 8), 0);
		*listening = fd;
	} else {
		close(fd);
	}
	return ntohs(name.sin_port);
}

/* A shell in folder/tree that runs `command`, whose output goes to folder/output, in a process group of its own. */
static pid_t shell_start(const char *tree, const char *output, const char *command)
{
	char *listen, *receiver, *in, *out;
	int file;
	pid_t pid;

	ck_assert(asprintf(&listen, "127.0.0.1:%d", api_port) > 0 && asprintf(&receiver, "%d", receiver_port) > 0);
	ck_assert(asprintf(&in, "%s/%s", folder, tree) > 0 && asprintf(&out, "%s/%s", folder, output) > 0);
	/* Emptied before the child starts: what the one before it printed must not be taken for its own. */
	file = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(file, 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int nothing = open("/dev/null", O_RDONLY);

		if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || setpgid(0, 0) != 0 || chdir(in) != 0 ||
		    dup2(nothing, 0) < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0 ||
		    setenv("KEPT_LISTEN", listen, 1) != 0 || setenv("KEPT_RECEIVER_PORT", receiver, 1) != 0 ||
		    setenv("BUILD", build, 1) != 0)
			_exit(126);
		closefrom(3);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(file);
	free(listen);
	free(receiver);
	free(in);
	free(out);
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *printed(const char *output)
{
	char *path, *text;

	ck_assert(asprintf(&path, "%s/%s", folder, output) > 0);
	text = file_text(path);
	free(path);
	return text;
}

/* Runs it to its end, which must be with that status; what it printed, to be freed by the caller. */
static char *shell(const char *tree, int status, const char *command)
{
	int got = status_of(shell_start(tree, "output", command));
	char *text = printed("output");

	ck_assert_msg(got == status, "%s ended with %d:\n%s", command, got, text);
	return text;
}

static void done(const char *tree, const char *command)
{
	free(shell(tree, 0, command));
}

static void make_tree(const char *tree)
{
	char *command;

	ck_assert(asprintf(&command, "mkdir %s && cp -R \"$DEPLOY\" %s/", tree, tree) > 0);
	done(".", command);
	free(command);
}

static void ending(void)
{
	if (folder[0]) {
		/* All that a failed test may have left running ends with its run.sh; the cluster by name. */
		if (running > 0) {
			kill(running, SIGTERM);
			(void)status_of(running);
		}
		done(".", "for tree in */deploy; do sh $tree/cluster.sh stop ${tree%deploy}var/postgresql; done");
		done("..", "rm -rf \"$FOLDER\"");
	}
	free(build);
	build = NULL;
	folder[0] = '\0';
	running = 0;
}

static void beginning(void)
{
	static const char pattern[] = "/tmp/kept's first run.XXXXXX";
	char *deploy = realpath("deploy", NULL);
	const char *at = getenv("KEPT_BUILD");

	build = realpath(at ? at : "build", NULL);
	ck_assert_msg(build && deploy, "tests run from the top of the checkout");
	memcpy(folder, pattern, sizeof(pattern));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(setenv("DEPLOY", deploy, 1), 0);
	ck_assert_int_eq(setenv("FOLDER", folder, 1), 0);
	free(deploy);
	api_port = free_port(NULL);
	do
		receiver_port = free_port(NULL);
	while (receiver_port == api_port);
}

/* Waits for the file in folder to hold `words`; its text, to be freed by the caller. */
static char *until_printed(const char *output, const char *words)
{
	double end = clock_seconds() + SECONDS;
	char *text = printed(output);

	while (!strstr(text, words)) {
		int status;

		ck_assert_msg(waitpid(running, &status, WNOHANG) == 0, "it ended:\n%s", text);
		ck_assert_msg(clock_seconds() < end, "no \"%s\" in time:\n%s", words, text);
		free(text);
		usleep(20000);
		text = printed(output);
	}
	return text;
}

/* Starts deploy/run.sh and waits for the last line of its banner. */
static char *run_start(const char *tree)
{
	running = shell_start(tree, "banner", "exec sh deploy/run.sh \"$BUILD\"");
	return until_printed("banner", "var/webhooks/*.json\n");
}

/* What a terminal does at Ctrl-C. */
static void run_interrupt(const char *tree)
{
	char *text;

	ck_assert_int_eq(kill(-running, SIGINT), 0);
	ck_assert_int_eq(status_of(running), 0);
	running = 0;
	text = printed("banner");
	ck_assert_msg(strstr(text, "\nStopping. The data stays in var/\n"), "%s", text);
	free(text);
	free(shell(tree, 1, "sh deploy/cluster.sh status var/postgresql"));
	free(shell(tree, 1, "test -e var/run.pids"));
}

/* True when a file that matches the pattern below the tree holds all of these words, ended by NULL; waits for it. */
static void until_file(const char *tree, const char *pattern, const char *const *words)
{
	double end = clock_seconds() + SECONDS;
	char *path;
	bool found = false;

	ck_assert(asprintf(&path, "%s/%s/%s", folder, tree, pattern) > 0);
	while (!found) {
		glob_t files;

		ck_assert_msg(clock_seconds() < end, "no file %s holds \"%s\"", path, words[0]);
		if (glob(path, 0, NULL, &files) == 0) {
			for (size_t i = 0; i < files.gl_pathc && !found; i++) {
				char *text = file_text(files.gl_pathv[i]);

				found = true;
				for (size_t word = 0; words[word]; word++)
					found = found && strstr(text, words[word]);
				free(text);
			}
			globfree(&files);
		}
		if (!found)
			usleep(20000);
	}
	free(path);
}

static const char *const spanish_mail[] = {"To: =?UTF-8?Q?Mar=C3=ADa_O=27Neill?= <maria@lakeview.example>\r\n",
					   "Content-Language: es\r\n", "Read together twenty minutes", NULL};
static const char *const verified_post[] = {"\"signature\": \"verified\"", "\"type\": \"reminder.due\"",
					    "Read together twenty minutes", NULL};

/* The command that the banner shows in that line, to be freed by the caller. */
static char *command_of(const char *banner, const char *label)
{
	const char *line = strstr(banner, label), *end;

	ck_assert_msg(line, "no \"%s\" in:\n%s", label, banner);
	line += strlen(label);
	end = strstr(line, "      (");
	if (!end || end > strchr(line, '\n'))
		end = strchr(line, '\n');
	return strndup(line, (size_t)(end - line));
}

#define LOOK "1  who promised what, by group    "
#define PROMISE "2  make a promise, remind now     "
#define SEE "3  see both reminders             "

static char *do_line(const char *tree, const char *banner, const char *label)
{
	char *command = command_of(banner, label), *text = shell(tree, 0, command);

	free(command);
	return text;
}

static void banner_is_as_promised(const char *tree, const char *banner)
{
	char *path, *key, *expected, *rest;
	const char *at = strstr(banner, "\nKept is running at "), *looked;

	ck_assert_msg(at, "%s", banner);
	ck_assert(asprintf(&expected, "\nKept is running at http://127.0.0.1:%d/    worker looked ", api_port) > 0);
	ck_assert_msg(text_starts(at, expected), "%s", banner);
	looked = at + strlen(expected);
	free(expected);
	ck_assert(asprintf(&path, "%s/%s/var/key", folder, tree) > 0);
	key = file_text(path);
	free(path);
	key[strcspn(key, "\n")] = '\0';
	ck_assert(asprintf(&rest,
			   " s ago    Ctrl-C stops, data stays in var/\n"
			   "Key (admin of \"Lakeview, demonstration\"): %s         also in var/key\n" LOOK
			   "curl -sH \"Authorization: Bearer $(cat var/key)\" http://127.0.0.1:%d/v1/summary\n" PROMISE
			   "sh deploy/try/promise.sh      (two plain curl calls; read it)\n" SEE
			   "head -40 var/mail/*.eml var/webhooks/*.json\n",
			   key, api_port) > 0);
	ck_assert_str_eq(looked + strspn(looked, "0123456789"), rest);
	free(rest);
	free(key);
}

static int times(const char *text, const char *words)
{
	int count = 0;

	for (; (text = strstr(text, words)); text += strlen(words))
		count++;
	return count;
}

/* The lines of that section, as they are pasted; only the address is the test's. Each answers, or its status ends all.
 */
static void first_steps_with_a_plan_work(const char *tree)
{
	static const char *const expected[] = {"\"status\": \"consultation\"", "\"status\" : \"sent\"",
					       "\"status\": \"adopted\"", "\nfamilies,Families,must,responded,1,",
					       "\"school_year\" : \"2027-28\""};
	/* Check shows messages of a few kilobytes at most: so only the end of what was printed. */
	char *text = shell(tree, 0,
			   "sed -n '/^## First steps with a plan/,/^## Who/s/^    //p' \"$DEPLOY\"/../README.md | "
			   "sed \"s/127.0.0.1:8420/$KEPT_LISTEN/\" >var/steps.sh\n"
			   "sh -eu var/steps.sh >var/steps.txt 2>&1 || { tail -c 1000 var/steps.txt && exit 1; }\n"
			   "tr -d '\\r' <var/steps.txt");

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_msg(strstr(text, expected[i]), "README's first steps with a plan do not answer %s",
			      expected[i]);
	free(text);
	done(tree, "curl -sSf http://$KEPT_LISTEN/plans/our-compact | grep -q 'Our compact'");
}

START_TEST(promise_is_reminded_kept_over_runs_and_restored_elsewhere)
{
	char *banner, *text, *before, *after;

	make_tree("kept");
	banner = run_start("kept");
	banner_is_as_promised("kept", banner);
	free(do_line("kept", banner, PROMISE));
	until_file("kept", "var/mail/*.eml", spanish_mail);
	until_file("kept", "var/webhooks/*.json", verified_post);
	text = do_line("kept", banner, SEE);
	ck_assert_ptr_nonnull(strstr(text, "Subject: "));
	ck_assert_ptr_nonnull(strstr(text, "\"signature\": \"verified\""));
	free(text);
	before = do_line("kept", banner, LOOK);
	ck_assert_int_eq(times(before, "\"group\""), 8);
	ck_assert_int_eq(times(before, "\"none\" : true"), 1);

	text = shell("kept", 1, "sh deploy/run.sh \"$BUILD\"");
	ck_assert_msg(text_starts(text, "Kept already runs here (process "), "%s", text);
	free(text);
	done("kept", "sh deploy/backup.sh save ../saved && test \"$(stat -c %a ../saved)\" = 600");
	free(shell("kept", 1, "sh deploy/backup.sh restore ../saved"));
	run_interrupt("kept");
	free(banner);

	/* A run that is killed leaves its cluster and, for a moment, programs: the next one takes over. */
	banner = run_start("kept");
	ck_assert_int_eq(kill(running, SIGKILL), 0);
	ck_assert_int_eq(status_of(running), 128 + SIGKILL);
	free(banner);
	banner = run_start("kept");
	after = do_line("kept", banner, LOOK);
	ck_assert_str_eq(before, after);
	run_interrupt("kept");
	free(after);
	free(banner);

	make_tree("elsewhere");
	free(shell("elsewhere", 1, "sh deploy/backup.sh restore ../output"));
	done("elsewhere", "sh deploy/backup.sh restore ../saved && cmp var/key ../kept/var/key");
	banner = run_start("elsewhere");
	banner_is_as_promised("elsewhere", banner);
	after = do_line("elsewhere", banner, LOOK);
	ck_assert_str_eq(before, after);
	free(do_line("elsewhere", banner, PROMISE));
	until_file("elsewhere", "var/webhooks/*.json", verified_post);
	first_steps_with_a_plan_work("elsewhere");
	run_interrupt("elsewhere");
	free(after);
	free(before);
	free(banner);
}
END_TEST

START_TEST(run_without_demonstration_makes_no_district)
{
	char *banner, *text;

	make_tree("kept");
	running = shell_start("kept", "banner", "DEMO=no exec sh deploy/run.sh \"$BUILD\"");
	banner = until_printed("banner", "/v1/summary\n");
	ck_assert_msg(strstr(banner, "There is no key in var/key."), "%s", banner);
	text = shell("kept", 0,
		     "sh deploy/cluster.sh admin var/postgresql psql -XAtc 'select count(*) from kept.district'");
	ck_assert_str_eq(text, "0\n");
	run_interrupt("kept");
	free(text);
	free(banner);
}
END_TEST

START_TEST(what_stands_in_the_way_is_named)
{
	char *text, *expected;
	int listening;

	make_tree("kept");
	api_port = free_port(&listening);
	text = shell("kept", 1, "sh deploy/run.sh \"$BUILD\"");
	ck_assert(asprintf(&expected, "Port %d is taken by another program.", api_port) > 0);
	ck_assert_msg(text_starts(text, expected), "%s", text);
	free(text);
	free(expected);
	close(listening);

	text = shell("kept", 2, "KEPT_LISTEN=unix:/tmp/kept exec sh deploy/run.sh \"$BUILD\"");
	ck_assert_msg(text_starts(text, "KEPT_LISTEN "), "%s", text);
	free(text);
	text = shell("kept", 1,
		     "mkdir -p var/postgresql/data && echo 9 >var/postgresql/data/PG_VERSION && sh deploy/run.sh "
		     "\"$BUILD\"");
	ck_assert_msg(strstr(text, "is of PostgreSQL 9; the server here is PostgreSQL "), "%s", text);
	ck_assert_msg(strstr(text, "make restore FILE=kept.backup"), "%s", text);
	free(text);
	text = shell("kept", 2, "sh deploy/backup.sh save ''");
	ck_assert_msg(text_starts(text, "Say where: "), "%s", text);
	free(text);
}
END_TEST

START_TEST(tour_tells_the_truth_or_ends_with_1)
{
	char *text;

	make_tree("kept");
	text = shell("kept", 0, "sh deploy/tour.sh \"$BUILD\"");
	ck_assert_msg(strstr(text, "One promise kept, one late, one group missing"), "%s", text);
	free(text);
	done("kept", "sed -i 's/Faltan 7 d/Faltan 8 d/' deploy/tour.sh");
	text = shell("kept", 1, "sh deploy/tour.sh \"$BUILD\"");
	ck_assert_msg(strstr(text, "UNTRUE: the mail says that seven days are left"), "%s", text);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("first run");
	TCase *cases = tcase_create("newcomer");
	SRunner *runner;
	int failed;

	/* In one process: what a failed test leaves running is ended here. Should this process die, all it started does
	 * too. */
	alarm(240);
	tcase_add_checked_fixture(cases, beginning, ending);
	tcase_add_test(cases, promise_is_reminded_kept_over_runs_and_restored_elsewhere);
	tcase_add_test(cases, run_without_demonstration_makes_no_district);
	tcase_add_test(cases, what_stands_in_the_way_is_named);
	tcase_add_test(cases, tour_tells_the_truth_or_ends_with_1);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
