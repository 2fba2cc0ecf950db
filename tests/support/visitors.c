/* visitors.c: see visitors.h. */
#include "tests/support/visitors.h"

#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum manner { KEEPS_ALIVE, COMES_ANEW, TAKES_ITS_TIME };

static int try_connect(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One request on the connection; closes it when the server says so. */
static void ask_once(struct visitor *visitor, int *fd, bool write)
{
	struct visitors *all = visitor->all;
	const char *request = write ? all->write : all->read;
	if (*fd < 0)
		*fd = try_connect(all->face.port);
	atomic_fetch_add(&all->sent, 1);
	if (*fd < 0) {
		atomic_fetch_add(&all->lost, 1);
		return;
	}
	api_write(*fd, request, strlen(request));
	struct api_reply reply = api_read(*fd, false, 15);
	bool whole = reply.status > 0 && !reply.left_open;
	atomic_fetch_add(whole ? &all->whole : &all->lost, 1);
	if (whole && reply.status != 200 && reply.status != 201)
		atomic_fetch_add(&all->wrong, 1);
	if (!whole || reply.closed || visitor->manner == COMES_ANEW) {
		close(*fd);
		*fd = -1;
	}
	api_reply_release(&reply);
}

static void *visit(void *context)
{
	struct visitor *visitor = context;
	int fd = -1;
	for (int i = 0; !atomic_load(&visitor->all->enough); i++) {
		ask_once(visitor, &fd, i % 5 == 4);
		/* Without any pause the cores would be the bottleneck, and not what is tested. */
		usleep(visitor->manner == TAKES_ITS_TIME ? 700 * 1000 : 2000);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

void visitors_come(struct visitors *visitors, const struct api *api)
{
	static const enum manner manners[VISITORS] = {KEEPS_ALIVE, KEEPS_ALIVE, KEEPS_ALIVE,    COMES_ANEW,
						      COMES_ANEW,  COMES_ANEW,  TAKES_ITS_TIME, TAKES_ITS_TIME};
	memset(visitors, 0, sizeof(*visitors));
	visitors->face.port = api->port;
	visitors->read = api_request(api, "GET", "/v1/groups", NULL, NULL);
	visitors->write = api_request(api, "POST", "/v1/people", NULL, "{\"name\":\"Ana\",\"groups\":[\"families\"]}");
	for (int i = 0; i < VISITORS; i++) {
		visitors->each[i].all = visitors;
		visitors->each[i].manner = (int)manners[i];
		ck_assert_int_eq(pthread_create(&visitors->each[i].thread, NULL, visit, &visitors->each[i]), 0);
	}
}

void visitors_leave(struct visitors *visitors)
{
	atomic_store(&visitors->enough, true);
	for (int i = 0; i < VISITORS; i++)
		pthread_join(visitors->each[i].thread, NULL);
	free(visitors->read);
	free(visitors->write);
}

void visitors_must_have_lost_nothing(const struct visitors *visitors, int least)
{
	int sent = visitors->sent, whole = visitors->whole, lost = visitors->lost, wrong = visitors->wrong;
	printf("%d requests sent, %d whole replies, %d lost, %d wrong\n", sent, whole, lost, wrong);
	fflush(stdout);
	ck_assert_int_eq(lost, 0);
	ck_assert_int_eq(wrong, 0);
	ck_assert_int_eq(sent, whole);
	ck_assert_int_ge(sent, least);
}
