#include "api/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096
#define FIRST_PASSED 3 /* sd_listen_fds(3) */

static bool set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static int passed_socket(struct text *error)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	char *end;
	if (!pid || !count || strtol(pid, &end, 10) != getpid() || *end)
		return -1;
	long fds = strtol(count, &end, 10);
	int listening = 0;
	socklen_t size = sizeof(listening);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	if (fds != 1 || *end || getsockopt(FIRST_PASSED, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
	    !listening || !set_flags(FIRST_PASSED)) {
		text_adds(error, "LISTEN_FDS: exactly one listening stream socket is expected");
		return -1;
	}
	return FIRST_PASSED;
}

static int open_unix(const char *path, struct text *error)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	if (!*path || strlen(path) >= sizeof(name.sun_path)) {
		text_adds(error, "KEPT_LISTEN: the path of the socket is empty or too long");
		return -1;
	}
	memcpy(name.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		text_addf(error, "KEPT_LISTEN: %s", strerror(errno));
		return -1;
	}
	struct stat status;
	/* A socket that refuses is left over from a process that has ended. */
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
		int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (probe >= 0 && connect(probe, (const struct sockaddr *)&name, sizeof(name)) != 0 &&
		    errno == ECONNREFUSED)
			unlink(path);
		if (probe >= 0)
			close(probe);
	}
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) != 0 || listen(fd, BACKLOG) != 0) {
		text_addf(error, "KEPT_LISTEN: cannot listen on unix:%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int open_address(const struct addrinfo *address)
{
	int on = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int failed = errno;
	close(fd);
	errno = failed;
	return -1;
}

static int open_tcp(const char *address, struct text *error)
{
	char host[256];
	const char *colon = strrchr(address, ':'), *begin = address;
	size_t length = colon ? (size_t)(colon - address) : 0;
	if (length > 1 && address[0] == '[' && address[length - 1] == ']') {
		begin++;
		length -= 2;
	}
	if (!colon || !colon[1] || length >= sizeof(host) || strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
		text_addf(error, "KEPT_LISTEN: \"%s\" is not host:port, [v6]:port or unix:PATH", address);
		return -1;
	}
	memcpy(host, begin, length);
	host[length] = '\0';
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	int code = getaddrinfo(length > 0 ? host : NULL, colon + 1, &hints, &found);
	if (code != 0) {
		text_addf(error, "KEPT_LISTEN: %s: %s", address, gai_strerror(code));
		return -1;
	}
	int fd = -1;
	for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
		fd = open_address(at);
	if (fd < 0)
		text_addf(error, "KEPT_LISTEN: cannot listen on %s: %s", address, strerror(errno));
	freeaddrinfo(found);
	return fd;
}

int listen_open(const char *address, struct text *error)
{
	int fd = passed_socket(error);
	if (fd >= 0 || error->length > 0)
		return fd;
	if (text_starts(address, "unix:"))
		return open_unix(address + 5, error);
	return open_tcp(address, error);
}

void listen_name(int fd, struct text *out)
{
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_storage room;
	} name = {0};
	char host[NI_MAXHOST], port[NI_MAXSERV];
	socklen_t size = sizeof(name);
	if (getsockname(fd, &name.any, &size) != 0)
		return;
	if (name.any.sa_family == AF_UNIX) {
		text_addf(out, "unix:%.*s", (int)sizeof(name.local.sun_path), name.local.sun_path);
		return;
	}
	if (getnameinfo(&name.any, size, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		text_addf(out, name.any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

void listen_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(name.sun_path))
		return;
	size_t length = strlen(path);
	memcpy(name.sun_path, path, length);
	if (path[0] == '@')
		name.sun_path[0] = '\0'; /* abstract */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nobody there: the service goes on all the same. */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&name,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	close(fd);
}
