/* api.c: see api.h. */
#include "tests/support/api.h"

#include <arpa/inet.h>
#include <check.h>
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept/text.h"

#define REPLY_BYTES (8 * 1024 * 1024)
#define PATIENCE_SECONDS 20

#define MORE 8 /* settings that a test may add */

static void start(struct api *api, struct program *program, const char *const *arguments, const char *loops,
		  const char *const *more, const char *log)
{
	char database[1024], loop_count[32];
	snprintf(database, sizeof(database), "KEPT_DATABASE_URL=%s", api->database_url);
	snprintf(loop_count, sizeof(loop_count), "KEPT_LOOPS=%s", loops);
	const char *environment[5 + MORE + 1] = {
		database,
		loop_count,
		"KEPT_LISTEN=127.0.0.1:0",
		"KEPT_SECRET=k1:01234567890123456789012345678901",
		"KEPT_LOG=debug",
	};
	for (int i = 0; more && more[i]; i++) {
		ck_assert_int_lt(i, MORE);
		environment[5 + i] = more[i];
	}
	const struct program_settings settings = {.name = "kept-api",
						  .arguments = arguments,
						  .environment = environment,
						  .folder = api->folder,
						  .log = log};
	program_start(program, &settings);
}

int api_command(struct api *api, const char *const *arguments, char **output)
{
	struct program program;
	char log[80];
	snprintf(log, sizeof(log), "%s/command", api->folder);
	unlink(log);
	start(api, &program, arguments, "1", NULL, "command");
	ck_assert(program_wait(&program, PATIENCE_SECONDS));
	if (output)
		*output = program_log(&program);
	int status = program.status;
	program_release(&program);
	return status;
}

/* The last line of what a command printed. */
static void keep_line(char out[64], char *printed)
{
	size_t length = strlen(printed);
	while (length > 0 && printed[length - 1] == '\n')
		printed[--length] = '\0';
	const char *line = strrchr(printed, '\n');
	snprintf(out, 64, "%s", line ? line + 1 : printed);
	free(printed);
}

static void make_key(struct api *api)
{
	const char *const district[] = {"district",         "add",      "Lakeview", "--time-zone",
					"America/New_York", "--locale", "en",       NULL};
	const char *const key[] = {"key", "add", "--district", api->district, "--role", "admin", NULL};
	char *printed;
	ck_assert_int_eq(api_command(api, district, &printed), 0);
	keep_line(api->district, printed);
	ck_assert_msg(text_is_uuid(api->district), "%s", api->district);
	ck_assert_int_eq(api_command(api, key, &printed), 0);
	keep_line(api->key, printed);
}

static void wait_ready(const struct api *api)
{
	double end = clock_seconds() + PATIENCE_SECONDS;
	for (;;) {
		struct api_reply reply = api_ask(api, "GET", "/readyz", NULL, NULL);
		int status = reply.status;
		api_reply_release(&reply);
		if (status == 200)
			return;
		ck_assert_msg(clock_seconds() < end, "not ready: %d", status);
		usleep(10000);
	}
}

void api_start(struct api *api, const char *database_url, const char *loops)
{
	api_start_with(api, database_url, loops, NULL);
}

void api_start_with(struct api *api, const char *database_url, const char *loops, const char *const *more)
{
	static const char *const serve[] = {"serve", NULL};
	memset(api, 0, sizeof(*api));
	snprintf(api->folder, sizeof(api->folder), "/tmp/kept-api-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(api->folder));
	api->database_url = strdup(database_url);
	ck_assert_ptr_nonnull(api->database_url);
	make_key(api);
	start(api, &api->program, serve, loops, more, "log");
	ck_assert(program_log_until(&api->program, "\"event\":\"listening\"", PATIENCE_SECONDS));
	char *log = program_log(&api->program);
	const char *address = strstr(log, "\"address\":\"127.0.0.1:");
	ck_assert_ptr_nonnull(address);
	api->port = (int)strtol(address + strlen("\"address\":\"127.0.0.1:"), NULL, 10);
	free(log);
	wait_ready(api);
}

void api_release(struct api *api)
{
	static const char *const files[] = {"log", "command"};
	char path[80];
	program_release(&api->program);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", api->folder, files[i]);
		unlink(path);
	}
	rmdir(api->folder);
	free(api->database_url);
}

int api_connect(const struct api *api)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api->port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect: %s", strerror(errno));
	return fd;
}

void api_write(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
		if (sent <= 0)
			return; /* the server may close early; what it said is read next */
		bytes += sent;
		length -= (size_t)sent;
	}
}

/* Reads more; 1 something came, 0 the end, -1 time is over. */
static int read_more(int fd, struct text *in, double end)
{
	char piece[65536];
	double left = end - clock_seconds();
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	if (left <= 0 || poll(&poll_fd, 1, (int)(left * 1000) + 1) <= 0)
		return -1;
	ssize_t count = recv(fd, piece, sizeof(piece), 0);
	if (count <= 0)
		return 0;
	text_add(in, piece, (size_t)count);
	return 1;
}

static long length_of(const char *head)
{
	const char *at = strcasestr(head, "\r\nContent-Length:");
	return at ? strtol(at + 17, NULL, 10) : 0;
}

struct api_reply api_read(int fd, bool head_only, double seconds)
{
	struct api_reply reply = {0};
	struct text in;
	double end = clock_seconds() + seconds;
	const char *stop = NULL;
	int more = 1;
	text_init(&in, REPLY_BYTES);
	while (more > 0) {
		stop = in.length > 0 ? strstr(in.bytes, "\r\n\r\n") : NULL;
		if (stop) {
			reply.head = strndup(in.bytes, (size_t)(stop - in.bytes) + 2);
			reply.status = (int)strtol(in.bytes + 9, NULL, 10);
			if (reply.status != 100)
				break;
			/* 100 Continue: the reply follows */
			size_t used = (size_t)(stop + 4 - in.bytes);
			memmove(in.bytes, in.bytes + used, in.length - used + 1);
			in.length -= used;
			free(reply.head);
			reply.head = NULL;
			continue;
		}
		more = read_more(fd, &in, end);
	}
	size_t begin = stop ? (size_t)(stop + 4 - in.bytes) : in.length;
	bool bodiless = head_only || reply.status == 204 || reply.status == 304;
	size_t wanted = stop && !bodiless ? (size_t)length_of(reply.head) : 0;
	while (stop && more > 0 && in.length - begin < wanted)
		more = read_more(fd, &in, end);
	reply.body = strndup(in.bytes ? in.bytes + begin : "", wanted);
	if (!reply.head)
		reply.head = strdup("");
	reply.closed = more == 0 || strcasestr(reply.head, "\r\nConnection: close") != NULL;
	reply.left_open = more < 0;
	ck_assert(text_ok(&in) && reply.body && reply.head);
	text_release(&in);
	return reply;
}

bool api_closes(int fd, double seconds)
{
	struct text in;
	double end = clock_seconds() + seconds;
	int more;
	text_init(&in, REPLY_BYTES);
	while ((more = read_more(fd, &in, end)) > 0)
		text_clear(&in);
	text_release(&in);
	return more == 0;
}

void api_reply_release(struct api_reply *reply)
{
	free(reply->head);
	free(reply->body);
	memset(reply, 0, sizeof(*reply));
}

char *api_request(const struct api *api, const char *method, const char *target, const char *headers, const char *body)
{
	struct text out;
	text_init(&out, REPLY_BYTES);
	text_addf(&out, "%s ", method);
	text_adds(&out, target);
	text_addf(&out, " HTTP/1.1\r\nHost: kept.example\r\nAuthorization: Bearer %s\r\n", api->key);
	if (headers)
		text_adds(&out, headers);
	if (body)
		text_addf(&out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
			  strcmp(method, "PATCH") == 0 ? "application/merge-patch+json" : "application/json",
			  strlen(body));
	text_adds(&out, "\r\n");
	if (body)
		text_adds(&out, body);
	char *request = text_take(&out);
	ck_assert_ptr_nonnull(request);
	return request;
}

struct api_reply api_ask(const struct api *api, const char *method, const char *target, const char *headers,
			 const char *body)
{
	char *request = api_request(api, method, target, headers, body);
	int fd = api_connect(api);
	api_write(fd, request, strlen(request));
	struct api_reply reply = api_read(fd, strcmp(method, "HEAD") == 0, PATIENCE_SECONDS);
	close(fd);
	free(request);
	return reply;
}

char *api_header(const struct api_reply *reply, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = reply->head; line && *line; line = strstr(line, "\r\n")) {
		line += strspn(line, "\r\n");
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		const char *value = line + length + 1 + strspn(line + length + 1, " ");
		return strndup(value, strcspn(value, "\r\n"));
	}
	return NULL;
}

char *api_member(const struct api_reply *reply, const char *path)
{
	json_t *root = json_loads(reply->body, 0, NULL);
	const json_t *at = root;
	char name[64];
	while (at && *path) {
		size_t length = strcspn(path, ".");
		ck_assert_uint_lt(length, sizeof(name));
		memcpy(name, path, length);
		name[length] = '\0';
		at = isdigit((unsigned char)name[0]) ? json_array_get(at, (size_t)strtol(name, NULL, 10))
						     : json_object_get(at, name);
		path += length + (path[length] == '.');
	}
	const char *value = json_string_value(at);
	char *copy = strdup(value ? value : "");
	json_decref(root);
	return copy;
}
