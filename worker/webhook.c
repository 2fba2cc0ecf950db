/* webhook.c: see webhook.h. */
#include "worker/webhook.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "kept/limits.h"
#include "kept/steady.h"
#include "kept/text.h"
#include "worker/url.h"
#include "worker/webhook_headers.h"

/* One POST under way, in the list of its webhook. */
struct post {
	struct post *next, **link;
	struct webhook *webhook;
	struct transfer transfer;
	struct curl_slist *headers;
	const struct send_job *job;
	send_done *done;
	void *context;
	struct text answer;
	size_t header_bytes;
	double retry_after; /* seconds, negative none */
	double began;
	bool https;
	bool blocked;       /* an address was denied */
	bool headers_ended; /* of the final answer */
};

struct webhook {
	struct webhook_settings settings;
	struct address_policy *public_only; /* without the allow list */
	struct post *posts;
};

static void post_free(struct post *post)
{
	if (post->link) {
		*post->link = post->next;
		if (post->next)
			post->next->link = post->link;
	}
	curl_easy_cleanup(post->transfer.easy);
	curl_slist_free_all(post->headers);
	text_release(&post->answer);
	free(post);
}

/* Judges the very address that is about to be connected to. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct post *post = context;

	if (purpose != CURLSOCKTYPE_IPCXN || post->blocked ||
	    !address_permitted(post->webhook->settings.policy, &address->addr, address->addrlen, post->https)) {
		/* One denied address of a name denies them all: a mixed answer is how rebinding begins. */
		post->blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	struct post *post = context;
	size_t length = size * count;
	const char *name = "retry-after:";
	long status = 0;
	char value[64];

	post->header_bytes += length;
	if (post->header_bytes > KEPT_WEBHOOK_HEADER_BYTES)
		return 0;
	curl_easy_getinfo(post->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	if (length <= 2 && status >= 200) {
		post->headers_ended = true;
	} else if (length > strlen(name) && strncasecmp(line, name, strlen(name)) == 0) {
		size_t from = strlen(name), to = length;

		while (from < to && (line[from] == ' ' || line[from] == '\t'))
			from++;
		while (to > from && (unsigned char)line[to - 1] <= ' ')
			to--;
		if (to - from < sizeof(value)) {
			memcpy(value, line + from, to - from);
			value[to - from] = '\0';
			post->retry_after = retry_after_parse(value, (int64_t)time(NULL));
		}
	}
	return length;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct post *post = context;
	size_t length = size * count, room = KEPT_WEBHOOK_ANSWER_BYTES - post->answer.length;

	text_add(&post->answer, bytes, length < room ? length : room);
	/* Less than was offered ends the transfer: the status is known, and the rest is nobody's concern. */
	return length <= room ? length : 0;
}

static enum send_error error_of(const struct post *post, CURLcode code)
{
	if (post->headers_ended)
		return SEND_OK;
	if (post->blocked)
		return SEND_BLOCKED;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return SEND_NAME;
	case CURLE_COULDNT_CONNECT:
		return SEND_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return SEND_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return SEND_TIMEOUT;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_LOGIN_DENIED:
		return SEND_BLOCKED;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		return SEND_LOCAL;
	default:
		return SEND_BROKEN;
	}
}

/* True if the connection went to an address that only the allow list opened; a used-again connection tells it too. */
static bool peer_is_private(const struct post *post, const struct address_policy *public_only)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const char *ip = NULL;
	long port = 0;

	curl_easy_getinfo(post->transfer.easy, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(post->transfer.easy, CURLINFO_PRIMARY_PORT, &port);
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	if (ip && inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
		return !address_permitted(public_only, (struct sockaddr *)&v4, sizeof(v4), post->https);
	if (ip && inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1)
		return !address_permitted(public_only, (struct sockaddr *)&v6, sizeof(v6), post->https);
	return true;
}

static void ended(void *context, CURL *easy, CURLcode code)
{
	struct post *post = context;
	struct send_result result = {0};
	struct attempt_end end;
	long status = 0, duration = (long)((steady_seconds() - post->began) * 1000);

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	attempt_end_init(&end, post->job, duration);
	end.error = error_of(post, code);
	end.status = post->headers_ended ? (int)status : 0;
	end.retry_after_seconds = post->retry_after;
	outcome_http(&result, &end);
	result.duration_ms = duration;
	if (post->headers_ended && !peer_is_private(post, post->webhook->public_only))
		result.answer = attempt_answer(post->answer.bytes, post->answer.length);
	post->done(post->context, &result);
	send_result_release(&result);
	post_free(post);
}

static bool set_options(struct post *post)
{
	const struct webhook_settings *settings = &post->webhook->settings;
	CURL *easy = post->transfer.easy;

	curl_easy_setopt(easy, CURLOPT_URL, post->job->destination);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(settings->seconds * 1000));
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(settings->connect_seconds * 1000));
	/* A kept connection was judged when it was opened; it does not outlive a change of the name's address for long.
	 */
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, 300L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "Kept/" KEPT_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->job->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(post->job->body));
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
	return transport_trust(easy, settings->tls_authorities);
}

static void refuse(struct post *post, enum send_error error, const char *why)
{
	attempt_refuse(post->job, error, why, post->done, post->context);
	post_free(post);
}

void webhook_send(struct webhook *webhook, const struct send_job *job, send_done *done, void *context)
{
	struct post *post = calloc(1, sizeof(*post));
	struct url url;
	const char *why = NULL;

	if (!post) {
		attempt_refuse(job, SEND_LOCAL, NULL, done, context);
		return;
	}
	post->webhook = webhook;
	post->job = job;
	post->done = done;
	post->context = context;
	post->began = steady_seconds();
	post->retry_after = -1;
	post->transfer.done = ended;
	post->transfer.context = post;
	text_init(&post->answer, KEPT_WEBHOOK_ANSWER_BYTES);
	if (!job->body || strlen(job->body) > KEPT_WEBHOOK_BODY_BYTES) {
		refuse(post, SEND_COMPOSE, "the payload is missing or too long");
		return;
	}
	if (!url_check(&url, job->destination ? job->destination : "", &why)) {
		refuse(post, SEND_BLOCKED, why);
		return;
	}
	post->https = url.https;
	post->transfer.easy = curl_easy_init();
	if (!post->transfer.easy) {
		refuse(post, SEND_LOCAL, NULL);
		return;
	}
	post->headers = webhook_headers(webhook->settings.seal, job, (int64_t)time(NULL));
	if (!post->headers) {
		refuse(post, SEND_COMPOSE, "the signing secret does not open");
		return;
	}
	if (!set_options(post) || !transport_add(webhook->settings.transport, &post->transfer)) {
		refuse(post, SEND_LOCAL, NULL);
		return;
	}
	post->next = webhook->posts;
	post->link = &webhook->posts;
	if (post->next)
		post->next->link = &post->next;
	webhook->posts = post;
}

struct webhook *webhook_new(const struct webhook_settings *settings)
{
	struct webhook *webhook = calloc(1, sizeof(*webhook));
	char *error = NULL;

	if (!webhook)
		return NULL;
	webhook->settings = *settings;
	webhook->public_only = address_policy_new("", &error);
	free(error);
	if (!webhook->public_only) {
		free(webhook);
		return NULL;
	}
	return webhook;
}

void webhook_free(struct webhook *webhook)
{
	if (!webhook)
		return;
	while (webhook->posts) {
		transport_remove(webhook->settings.transport, &webhook->posts->transfer);
		post_free(webhook->posts);
	}
	address_policy_free(webhook->public_only);
	free(webhook);
}

bool webhook_busy(const struct webhook *webhook)
{
	return webhook->posts != NULL;
}

void webhook_stop(struct webhook *webhook)
{
	while (webhook->posts) {
		struct post *post = webhook->posts;

		transport_remove(webhook->settings.transport, &post->transfer);
		attempt_unknown((long)((steady_seconds() - post->began) * 1000), post->done, post->context);
		post_free(post);
	}
}
