#include "tests/support/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSTALLED "/usr/lib/postgresql"

struct house {
	const char *folder;
	char data[256];
	char programs[256];           /* folder of initdb and postgres, "" for those on PATH */
	const struct passwd *account; /* NULL: oneself */
	pid_t server;
};

static void find_programs(struct house *house)
{
	DIR *versions = opendir(INSTALLED);
	long best = 0;
	for (struct dirent *entry; versions && (entry = readdir(versions));) {
		char path[sizeof(house->programs)], program[sizeof(path) + 8], *end;
		long version = strtol(entry->d_name, &end, 10);
		snprintf(path, sizeof(path), INSTALLED "/%ld/bin", version);
		snprintf(program, sizeof(program), "%s/initdb", path);
		if (*end || version <= best || access(program, X_OK))
			continue;
		best = version;
		memcpy(house->programs, path, sizeof(path));
	}
	if (versions)
		closedir(versions);
}

static void become(const struct house *house, int death_signal)
{
	const struct passwd *account = house->account;
	if (account &&
	    (initgroups(account->pw_name, account->pw_gid) || setgid(account->pw_gid) || setuid(account->pw_uid)))
		_exit(125);
	/* After setuid, which clears it. */
	prctl(PR_SET_PDEATHSIG, death_signal);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
}

/* `arguments[0]` is the program's name and becomes its path: both programs look for their neighbours by it. */
static pid_t spawn(const struct house *house, int death_signal, const char *arguments[])
{
	char program[sizeof(house->programs) + 16];
	snprintf(program, sizeof(program), "%s%s%s", house->programs, *house->programs ? "/" : "", arguments[0]);
	pid_t keeper = getpid();
	pid_t child = fork();
	if (child)
		return child;
	become(house, death_signal);
	if (getppid() != keeper)
		_exit(125);
	if (house->programs[0])
		clearenv();
	setenv("LC_ALL", "C.UTF-8", 1);
	arguments[0] = program;
	execvp(program, (char *const *)arguments);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static bool run_initdb(const struct house *house, const char *configuration)
{
	const char *arguments[] = {"initdb", "-D",   house->data,        "-U",        "postgres", "-A", "trust",
				   "-E",     "UTF8", "--locale=C.UTF-8", "--no-sync", NULL};
	pid_t child = spawn(house, SIGKILL, arguments);
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		return false;
	char path[sizeof(house->data) + 32];
	snprintf(path, sizeof(path), "%s/postgresql.conf", house->data);
	FILE *file = fopen(path, "a");
	if (!file)
		return false;
	fprintf(file, "%s\n", configuration);
	return fclose(file) == 0;
}

static void end_server(struct house *house, int signal_number)
{
	if (house->server <= 0)
		return;
	kill(house->server, signal_number);
	while (waitpid(house->server, NULL, 0) < 0 && errno == EINTR)
		;
	house->server = 0;
}

static bool carry_out(struct house *house, char command)
{
	const char *arguments[] = {"postgres", "-D", house->data, NULL};
	switch ((enum keeper_command)command) {
	case KEEPER_START:
		end_server(house, SIGQUIT);
		house->server = spawn(house, SIGQUIT, arguments);
		return house->server > 0;
	case KEEPER_CUT:
		end_server(house, SIGQUIT);
		return true;
	case KEEPER_SHUT:
		end_server(house, SIGINT);
		return true;
	}
	return false;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static bool settle_in(struct house *house)
{
	find_programs(house);
	snprintf(house->data, sizeof(house->data), "%s/data", house->folder);
	if (geteuid() == 0) {
		house->account = getpwnam("postgres");
		if (!house->account || chown(house->folder, house->account->pw_uid, house->account->pw_gid))
			return false;
	}
	if (chdir(house->folder))
		return false;
	int null = open("/dev/null", O_RDONLY), log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (null < 0 || log < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		return false;
	close(null);
	close(log);
	return true;
}

/* Only has to end a read(). */
static void parent_died(int number)
{
	(void)number;
}

/* The next command; NUL: the test program is gone. A fork of it may still hold the socket. */
static char next_command(pid_t parent)
{
	char command;
	ssize_t got;
	while ((got = read(3, &command, 1)) < 0 && errno == EINTR && getppid() == parent)
		;
	return got == 1 ? command : '\0';
}

static _Noreturn void keep(const char *folder, const char *configuration, int socket, pid_t parent)
{
	struct house house = {.folder = folder};
	/* A Ctrl-C at the terminal must not end the one who cleans up. */
	setsid();
	for (int number = 1; number < NSIG; number++)
		signal(number, number == SIGCHLD ? SIG_DFL : SIG_IGN);
	/* An inherited socket of another keeper would keep that one alive. */
	if (dup2(socket, 3) < 0)
		_exit(1);
	close_range(4, ~0U, 0);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = parent_died}, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	bool well = settle_in(&house) && run_initdb(&house, configuration);
	while (getppid() == parent && write(3, well ? "y" : "n", 1) == 1) {
		char command = next_command(parent);
		if (!command)
			break;
		well = carry_out(&house, command);
	}
	end_server(&house, SIGQUIT);
	if (chdir("/") == 0)
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	_exit(0);
}

static bool hear(const struct keeper *keeper)
{
	char answer = 0;
	ssize_t got;
	while ((got = read(keeper->socket, &answer, 1)) < 0 && errno == EINTR)
		;
	return got == 1 && answer == 'y';
}

bool keeper_open(struct keeper *keeper, const char *folder, const char *configuration)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	fflush(NULL);
	pid_t parent = getpid();
	keeper->pid = fork();
	if (keeper->pid == 0) {
		close(ends[0]);
		keep(folder, configuration, ends[1], parent);
	}
	close(ends[1]);
	keeper->socket = ends[0];
	return keeper->pid > 0 && hear(keeper);
}

bool keeper_tell(struct keeper *keeper, enum keeper_command command)
{
	char byte = (char)command;
	return send(keeper->socket, &byte, 1, MSG_NOSIGNAL) == 1 && hear(keeper);
}

void keeper_close(struct keeper *keeper)
{
	shutdown(keeper->socket, SHUT_RDWR);
	close(keeper->socket);
	while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
