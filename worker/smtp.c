/* smtp.c: see smtp.h. */
#include "worker/smtp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "kept/steady.h"
#include "worker/attempt.h"
#include "worker/transport.h"

#define LEAVE_SECONDS 1.0 /* wait for the answer to QUIT */

struct smtp {
	const struct smtp_settings *settings;
	CURL *easy;
	struct letter *letter; /* in hand */
	size_t given;          /* bytes of it that libcurl has */
	bool all_given;
	bool timed_out;
	bool leaving; /* QUIT went out: what comes now is not about the letter */
	double since; /* when the part that is timed began: the mail, the wait after the dot, the leaving */
};

static void forget_answer(struct letter *letter)
{
	letter->status = 0;
	text_clear(&letter->answer);
}

static size_t give_bytes(char *out, size_t size, size_t count, void *context)
{
	struct smtp *smtp = context;
	const struct text *bytes = &smtp->letter->bytes;
	size_t room = size * count, left = bytes->length - smtp->given;

	if (left == 0) {
		if (!smtp->all_given) {
			smtp->all_given = true;
			smtp->since = steady_seconds();
			forget_answer(smtp->letter);
		}
		return 0;
	}
	if (left > room)
		left = room;
	memcpy(out, bytes->bytes + smtp->given, left);
	smtp->given += left;
	return left;
}

static void command_went_out(struct smtp *smtp, const char *line, size_t length)
{
	struct letter *letter = smtp->letter;

	if (length >= 4 && memcmp(line, "QUIT", 4) == 0) {
		smtp->leaving = true;
		smtp->since = steady_seconds();
		return;
	}
	forget_answer(letter);
	if (length >= 4 && memcmp(line, "RCPT", 4) == 0)
		letter->phase = MAIL_PHASE_RECIPIENT;
	else if (length >= 4 && memcmp(line, "DATA", 4) == 0)
		letter->phase = MAIL_PHASE_DATA;
}

static void answer_came_in(struct letter *letter, const char *line, size_t length)
{
	size_t room = letter->answer.limit - letter->answer.length;

	if (length < 3 || line[0] < '2' || line[0] > '5')
		return;
	letter->status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	text_add(&letter->answer, line, length < room ? length : room);
}

/* The only place where libcurl shows commands and answers both; the last status alone does not say what it answered. */
static int watch_dialogue(CURL *easy, curl_infotype type, char *bytes, size_t length, void *context)
{
	struct smtp *smtp = context;

	(void)easy;
	if (!smtp->letter || smtp->leaving)
		return 0;
	if (type == CURLINFO_HEADER_OUT)
		command_went_out(smtp, bytes, length);
	else if (type == CURLINFO_HEADER_IN)
		answer_came_in(smtp->letter, bytes, length);
	return 0;
}

/* libcurl calls this at least once a second. */
static int watch_time(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct smtp *smtp = context;
	double spent = steady_seconds() - smtp->since;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (!smtp->letter)
		return 0;
	if (smtp->leaving)
		return spent > LEAVE_SECONDS;
	if (atomic_load(smtp->settings->stop)) {
		smtp->letter->stopped = true;
		return 1;
	}
	smtp->timed_out = spent > (smtp->all_given ? smtp->settings->answer_seconds : smtp->settings->seconds);
	return smtp->timed_out;
}

static size_t drop_bytes(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes;
	(void)context;
	return size * count;
}

static bool set_options(struct smtp *smtp)
{
	const struct smtp_settings *settings = smtp->settings;
	CURL *easy = smtp->easy;
	long level = settings->tls == MAIL_TLS_REQUIRED        ? (long)CURLUSESSL_ALL
		     : settings->tls == MAIL_TLS_OPPORTUNISTIC ? (long)CURLUSESSL_TRY
							       : (long)CURLUSESSL_NONE;
	long longest =
		(long)(settings->answer_seconds > settings->seconds ? settings->answer_seconds : settings->seconds) + 1;
	bool checked = settings->tls != MAIL_TLS_OPPORTUNISTIC;

	curl_easy_setopt(easy, CURLOPT_URL, settings->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USE_SSL, level);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, checked ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, checked ? 2L : 0L);
	if (settings->user[0]) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, settings->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, settings->password);
	}
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_bytes);
	curl_easy_setopt(easy, CURLOPT_READDATA, smtp);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_bytes);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, watch_dialogue);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, smtp);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	/* watch_time() keeps both limits: libcurl has no wait of its own for the answer after the dot. */
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch_time);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, smtp);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(settings->seconds * 1000));
	curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, longest);
	return transport_trust(easy, settings->tls_authorities);
}

struct smtp *smtp_new(const struct smtp_settings *settings)
{
	struct smtp *smtp = calloc(1, sizeof(*smtp));

	if (!smtp)
		return NULL;
	smtp->settings = settings;
	smtp->easy = curl_easy_init();
	if (smtp->easy && set_options(smtp))
		return smtp;
	curl_easy_cleanup(smtp->easy);
	free(smtp);
	return NULL;
}

void smtp_free(struct smtp *smtp)
{
	curl_socket_t socket = CURL_SOCKET_BAD;

	if (!smtp)
		return;
	/* libcurl says QUIT and waits for the answer, up to two minutes; now it finds the end at once. */
	if (curl_easy_getinfo(smtp->easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK && socket != CURL_SOCKET_BAD)
		shutdown(socket, SHUT_RD);
	curl_easy_cleanup(smtp->easy);
	free(smtp);
}

static enum send_error error_of(const struct smtp *smtp, CURLcode code)
{
	if (smtp->timed_out)
		return SEND_TIMEOUT;
	switch (code) {
	case CURLE_OK:
		return SEND_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
		return SEND_NAME;
	case CURLE_COULDNT_CONNECT:
		return SEND_CONNECT;
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return SEND_TLS;
	case CURLE_LOGIN_DENIED:
		return SEND_AUTH;
	case CURLE_OPERATION_TIMEDOUT:
		return SEND_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		return SEND_LOCAL;
	default:
		return smtp->letter->status >= 400 ? SEND_OK : SEND_BROKEN;
	}
}

void smtp_send(struct smtp *smtp, struct letter *letter)
{
	struct curl_slist *recipients = curl_slist_append(NULL, letter->recipient);
	CURLcode code = CURLE_OUT_OF_MEMORY;
	double began = steady_seconds();

	smtp->letter = letter;
	smtp->given = 0;
	smtp->all_given = smtp->timed_out = smtp->leaving = false;
	smtp->since = began;
	letter->phase = MAIL_PHASE_SESSION;
	letter->stopped = false;
	forget_answer(letter);
	if (recipients && curl_easy_setopt(smtp->easy, CURLOPT_MAIL_FROM, smtp->settings->from) == CURLE_OK &&
	    curl_easy_setopt(smtp->easy, CURLOPT_MAIL_RCPT, recipients) == CURLE_OK)
		code = curl_easy_perform(smtp->easy);
	letter->error = error_of(smtp, code);
	/* Without an answer to the last thing that was said, an older status means nothing. */
	if (letter->error != SEND_OK && letter->status < 400)
		letter->status = 0;
	letter->duration_ms = (long)((steady_seconds() - began) * 1000);
	curl_easy_setopt(smtp->easy, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(recipients);
	smtp->letter = NULL;
}
