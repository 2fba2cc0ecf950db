/* front.c: see front.h. */
#include "tests/support/front.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kept/text.h"

#define CONFIGURATION "deploy/nginx/kept.conf"
#define NGINX "/usr/sbin/nginx"

/* A port that was free just now. */
static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* One line of the file, with the ports of this test. */
static void write_line(FILE *out, const char *line, int listen, int other, int upstream)
{
	const char *word = line + strspn(line, "\t ");
	if (strncmp(word, "ssl_", 4) == 0)
		return;
	if (strncmp(word, "listen 443 ", 11) == 0)
		fprintf(out, "listen 127.0.0.1:%d;\n", listen);
	else if (strncmp(word, "listen ", 7) == 0)
		fprintf(out, "listen 127.0.0.1:%d;\n", other);
	else if (strncmp(word, "server 127.0.0.1:8420;", 22) == 0)
		fprintf(out, "server 127.0.0.1:%d;\n", upstream);
	else
		fputs(line, out);
}

static void write_configuration(const struct front *front, const char *path, int upstream)
{
	static const char *const folders[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
	char line[512];
	FILE *in = fopen(CONFIGURATION, "r"), *out = fopen(path, "w");
	ck_assert_msg(in && out, CONFIGURATION);
	fprintf(out,
		"daemon off;\nmaster_process off;\npid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log "
		"off;\n",
		front->folder);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		fprintf(out, "%s_temp_path %s/%s;\n", folders[i], front->folder, folders[i]);
	int other = free_port();
	while (fgets(line, sizeof(line), in))
		write_line(out, line, front->face.port, other, upstream);
	fputs("}\n", out);
	fclose(in);
	ck_assert_int_eq(fclose(out), 0);
}

static void wait_listening(struct front *front)
{
	double end = clock_seconds() + 20;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)front->face.port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (;;) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int code = connect(fd, (struct sockaddr *)&address, sizeof(address));
		close(fd);
		if (code == 0)
			return;
		if (clock_seconds() > end || program_wait(&front->program, 0.02)) {
			char *log = program_log(&front->program);
			ck_abort_msg("nginx does not listen: %s", log);
		}
	}
}

void front_start(struct front *front, const struct api *api)
{
	char path[100];
	memset(front, 0, sizeof(*front));
	snprintf(front->folder, sizeof(front->folder), "/tmp/kept-front-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(front->folder));
	front->face.port = free_port();
	memcpy(front->face.key, api->key, sizeof(front->face.key));
	snprintf(path, sizeof(path), "%s/nginx.conf", front->folder);
	write_configuration(front, path, api->port);
	const char *const arguments[] = {"-p", front->folder, "-c", path, NULL};
	const char *const environment[] = {NULL};
	const struct program_settings settings = {.name = NGINX,
						  .arguments = arguments,
						  .environment = environment,
						  .folder = front->folder,
						  .log = "log"};
	program_start(&front->program, &settings);
	wait_listening(front);
}

void front_release(struct front *front)
{
	static const char *const files[] = {"log", "nginx.conf", "pid"};
	static const char *const folders[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi", ""};
	char path[100];
	program_release(&front->program);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", front->folder, files[i]);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", front->folder, folders[i]);
		rmdir(path);
	}
}
