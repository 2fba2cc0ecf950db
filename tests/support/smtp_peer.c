/* smtp_peer.c: see smtp_peer.h. */
#include "tests/support/smtp_peer.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "kept/text.h"
#include "tests/support/program.h"
#include "tests/support/stream.h"

#define MAIL_BYTES (1024 * 1024)

static const struct {
	const char *command;
	const char *reply;
} ordinary[] = {
	{"CONNECT", "220 peer.example ESMTP\r\n"},
	{"EHLO", "250-peer.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"},
	{"HELO", "250 peer.example\r\n"},
	{"MAIL", "250 2.1.0 ok\r\n"},
	{"RCPT", "250 2.1.5 ok\r\n"},
	{"DATA", "354 go on\r\n"},
	{".", "250 2.0.0 queued\r\n"},
	{"RSET", "250 ok\r\n"},
	{"QUIT", "221 bye\r\n"},
	{"STARTTLS", "220 go on\r\n"},
	{"AUTH", "235 2.7.0 welcome\r\n"},
};
#define COMMANDS (sizeof(ordinary) / sizeof(ordinary[0]))

struct script {
	char *reply; /* NULL: the ordinary one */
	int delay_ms;
	int times;
};

struct connection {
	struct connection *next;
	struct smtp_peer *peer;
	pthread_t thread;
	int socket;
	struct stream stream;
	bool logged_in;
	bool over;
};

struct smtp_peer {
	int listener;
	int port;
	pthread_t thread;
	SSL_CTX *tls; /* NULL: none is offered */
	enum smtp_security security;
	char *login;          /* "user:password", NULL: none is asked for */
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	bool stopping;
	struct script scripts[COMMANDS];
	int counts[COMMANDS];
	int connection_count, open_count;
	struct connection *connections;
	struct smtp_mail *mails;
	int mail_count;
};

static size_t command_index(const char *command)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strncasecmp(command, ordinary[i].command, strlen(ordinary[i].command)) == 0)
			return i;
	return COMMANDS;
}

static const char *ordinary_reply(const struct connection *connection, size_t command)
{
	const struct smtp_peer *peer = connection->peer;
	bool secured = connection->stream.tls != NULL;

	if (strcmp(ordinary[command].command, "EHLO") == 0 && peer->tls && !secured)
		return "250-peer.example\r\n250-8BITMIME\r\n250 STARTTLS\r\n";
	if (strcmp(ordinary[command].command, "EHLO") == 0 && peer->login && secured)
		return "250-peer.example\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n";
	if (strcmp(ordinary[command].command, "MAIL") == 0 && peer->login && !connection->logged_in)
		return "530 5.7.0 log in first\r\n";
	if (strcmp(ordinary[command].command, "AUTH") == 0 && !connection->logged_in)
		return "535 5.7.8 no\r\n";
	return ordinary[command].reply;
}

/* AUTH PLAIN with the response in the line or in the next (RFC 4616). False: the end. */
static bool take_login(struct connection *connection, const char *line)
{
	char response[512], plain[384], wanted[256];
	const char *word = strncasecmp(line, "AUTH PLAIN ", 11) == 0 ? line + 11 : NULL;
	int length;

	if (!word) {
		if (!stream_write(&connection->stream, "334 \r\n") ||
		    !stream_line(&connection->stream, response, sizeof(response)))
			return false;
		word = response;
	}
	length = EVP_DecodeBlock((unsigned char *)plain, (const unsigned char *)word, (int)strcspn(word, "\r\n"));
	snprintf(wanted, sizeof(wanted), "%s", connection->peer->login ? connection->peer->login : "");
	/* Base64 pads with NUL here; the two NULs stand before the user's name and before the password. */
	for (int i = 1; i < length; i++)
		if (plain[i] == '\0' && i + 1 < length && plain[i + 1] != '\0')
			plain[i] = ':';
	connection->logged_in = length > 1 && plain[0] == '\0' && strcmp(plain + 1, wanted) == 0;
	return true;
}

/* Answers as the script says; false: the connection is to be closed. */
static bool answer(struct connection *connection, size_t command, bool *accepted)
{
	struct smtp_peer *peer = connection->peer;
	struct script *script = &peer->scripts[command];
	char reply[512];
	struct timespec until;
	bool stopping;

	pthread_mutex_lock(&peer->lock);
	peer->counts[command]++;
	snprintf(reply, sizeof(reply), "%s", ordinary_reply(connection, command));
	if (script->times != 0) {
		if (script->reply)
			snprintf(reply, sizeof(reply), "%s", script->reply);
		if (script->times > 0)
			script->times--;
		until = clock_deadline(script->delay_ms / 1000.0);
		if (script->delay_ms > 0)
			while (!peer->stopping && pthread_cond_timedwait(&peer->changed, &peer->lock, &until) == 0)
				;
	}
	stopping = peer->stopping;
	pthread_mutex_unlock(&peer->lock);
	*accepted = reply[0] == '2' || reply[0] == '3';
	return !stopping && reply[0] && stream_write(&connection->stream, reply);
}

static void keep(struct smtp_peer *peer, const char *from, const struct text *to, const struct text *bytes)
{
	struct smtp_mail mail = {.from = strdup(from), .to = strndup(to->bytes ? to->bytes : "", to->length)};
	struct smtp_mail *mails;

	mail.bytes = malloc(bytes->length + 1);
	if (mail.bytes && bytes->length)
		memcpy(mail.bytes, bytes->bytes, bytes->length);
	if (mail.bytes)
		mail.bytes[bytes->length] = '\0';
	mail.length = bytes->length;
	pthread_mutex_lock(&peer->lock);
	mails = realloc(peer->mails, ((size_t)peer->mail_count + 1) * sizeof(*mails));
	if (!mails || !mail.from || !mail.to || !mail.bytes)
		abort();
	peer->mails = mails;
	mails[peer->mail_count++] = mail;
	pthread_cond_broadcast(&peer->changed);
	pthread_mutex_unlock(&peer->lock);
}

/* What stands between < and >. */
static void address_of(char out[300], const char *line)
{
	const char *begin = strchr(line, '<'), *end = begin ? strchr(begin, '>') : NULL;

	snprintf(out, 300, "%.*s", end ? (int)(end - begin - 1) : 0, end ? begin + 1 : "");
}

static void converse(struct connection *connection)
{
	char line[4096], from[300] = "", address[300];
	struct text to, bytes;
	bool in_data = false, accepted, going = answer(connection, command_index("CONNECT"), &accepted);

	text_init(&to, 4096);
	text_init(&bytes, MAIL_BYTES);
	while (going && stream_line(&connection->stream, line, sizeof(line))) {
		size_t command;

		if (in_data && strcmp(line, ".\r\n") != 0) {
			text_adds(&bytes, line[0] == '.' ? line + 1 : line);
			continue;
		}
		command = in_data ? command_index(".") : command_index(line);
		if (command == COMMANDS) {
			going = stream_write(&connection->stream, "500 what\r\n");
			continue;
		}
		/* Kept before it is confirmed: a test that sees the confirmation must see the mail. */
		if (in_data) {
			pthread_mutex_lock(&connection->peer->lock);
			const struct script *script = &connection->peer->scripts[command];
			bool refused = script->times != 0 && script->reply && script->reply[0] != '2';
			pthread_mutex_unlock(&connection->peer->lock);
			if (!refused)
				keep(connection->peer, from, &to, &bytes);
		}
		if (!in_data && strncasecmp(line, "AUTH", 4) == 0 && !take_login(connection, line))
			break;
		going = answer(connection, command, &accepted);
		if (in_data) {
			in_data = false;
		} else if (strncasecmp(line, "MAIL", 4) == 0) {
			address_of(from, line);
			text_clear(&to);
		} else if (strncasecmp(line, "RCPT", 4) == 0 && accepted) {
			address_of(address, line);
			text_addf(&to, "%s%s", to.length ? " " : "", address);
		} else if (strncasecmp(line, "DATA", 4) == 0 && accepted) {
			in_data = true;
			text_clear(&bytes);
		} else if (strncasecmp(line, "STARTTLS", 8) == 0 && accepted) {
			going = stream_secure(&connection->stream, connection->peer->tls);
		} else if (strncasecmp(line, "QUIT", 4) == 0) {
			break;
		}
	}
	text_release(&to);
	text_release(&bytes);
}

static void *serve(void *context)
{
	struct connection *connection = context;
	const struct smtp_peer *peer = connection->peer;
	sigset_t pipe;

	/* OpenSSL writes without MSG_NOSIGNAL. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	stream_init(&connection->stream, connection->socket);
	if (!peer->tls || peer->security == SMTP_STARTTLS || stream_secure(&connection->stream, peer->tls))
		converse(connection);
	stream_release(&connection->stream);
	pthread_mutex_lock(&connection->peer->lock);
	close(connection->socket);
	connection->over = true;
	connection->peer->open_count--;
	pthread_cond_broadcast(&connection->peer->changed);
	pthread_mutex_unlock(&connection->peer->lock);
	return NULL;
}

static void *accept_all(void *context)
{
	struct smtp_peer *peer = context;
	int socket, one = 1;

	while ((socket = accept(peer->listener, NULL, NULL)) >= 0) {
		struct connection *connection = calloc(1, sizeof(*connection));

		if (!connection)
			abort();
		setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		connection->peer = peer;
		connection->socket = socket;
		pthread_mutex_lock(&peer->lock);
		peer->connection_count++;
		peer->open_count++;
		connection->next = peer->connections;
		peer->connections = connection;
		if (pthread_create(&connection->thread, NULL, serve, connection) != 0)
			abort();
		pthread_mutex_unlock(&peer->lock);
	}
	return NULL;
}

struct smtp_peer *smtp_peer_start_tls(const struct certificate *certificate, enum smtp_security security,
				      const char *login)
{
	struct smtp_peer *peer = calloc(1, sizeof(*peer));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	pthread_condattr_t attributes;

	if (!peer)
		return NULL;
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer->listener < 0 || bind(peer->listener, (struct sockaddr *)&address, length) != 0 ||
	    listen(peer->listener, 128) != 0 ||
	    getsockname(peer->listener, (struct sockaddr *)&address, &length) != 0) {
		close(peer->listener);
		free(peer);
		return NULL;
	}
	peer->port = ntohs(address.sin_port);
	peer->tls = certificate ? stream_context(certificate) : NULL;
	peer->security = security;
	peer->login = login ? strdup(login) : NULL;
	pthread_mutex_init(&peer->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&peer->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&peer->thread, NULL, accept_all, peer) != 0)
		abort();
	return peer;
}

struct smtp_peer *smtp_peer_start(void)
{
	return smtp_peer_start_tls(NULL, SMTP_STARTTLS, NULL);
}

void smtp_peer_stop(struct smtp_peer *peer)
{
	struct connection *connection;

	if (!peer)
		return;
	shutdown(peer->listener, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	close(peer->listener);
	pthread_mutex_lock(&peer->lock);
	peer->stopping = true;
	for (connection = peer->connections; connection; connection = connection->next)
		if (!connection->over)
			shutdown(connection->socket, SHUT_RDWR);
	pthread_cond_broadcast(&peer->changed);
	pthread_mutex_unlock(&peer->lock);
	while ((connection = peer->connections)) {
		peer->connections = connection->next;
		pthread_join(connection->thread, NULL);
		free(connection);
	}
	smtp_peer_reset(peer);
	SSL_CTX_free(peer->tls);
	free(peer->login);
	pthread_cond_destroy(&peer->changed);
	pthread_mutex_destroy(&peer->lock);
	free(peer);
}

int smtp_peer_port(const struct smtp_peer *peer)
{
	return peer->port;
}

void smtp_peer_script(struct smtp_peer *peer, const char *command, const char *reply, int delay_ms, int times)
{
	size_t index = command_index(command);

	if (index == COMMANDS)
		abort();
	pthread_mutex_lock(&peer->lock);
	free(peer->scripts[index].reply);
	peer->scripts[index] = (struct script){reply ? strdup(reply) : NULL, delay_ms, times};
	pthread_mutex_unlock(&peer->lock);
}

void smtp_mail_release(struct smtp_mail *mail)
{
	free(mail->from);
	free(mail->to);
	free(mail->bytes);
}

void smtp_peer_reset(struct smtp_peer *peer)
{
	pthread_mutex_lock(&peer->lock);
	for (size_t i = 0; i < COMMANDS; i++)
		free(peer->scripts[i].reply);
	memset(peer->scripts, 0, sizeof(peer->scripts));
	memset(peer->counts, 0, sizeof(peer->counts));
	peer->connection_count = 0;
	for (int i = 0; i < peer->mail_count; i++)
		smtp_mail_release(&peer->mails[i]);
	free(peer->mails);
	peer->mails = NULL;
	peer->mail_count = 0;
	pthread_mutex_unlock(&peer->lock);
}

static int read_locked(struct smtp_peer *peer, const int *value)
{
	int copy;

	pthread_mutex_lock(&peer->lock);
	copy = *value;
	pthread_mutex_unlock(&peer->lock);
	return copy;
}

int smtp_peer_connections(struct smtp_peer *peer)
{
	return read_locked(peer, &peer->connection_count);
}

int smtp_peer_open(struct smtp_peer *peer)
{
	return read_locked(peer, &peer->open_count);
}

int smtp_peer_commands(struct smtp_peer *peer, const char *command)
{
	size_t index = command_index(command);

	return index == COMMANDS ? 0 : read_locked(peer, &peer->counts[index]);
}

int smtp_peer_mails(struct smtp_peer *peer)
{
	return read_locked(peer, &peer->mail_count);
}

bool smtp_peer_wait(struct smtp_peer *peer, int mails, double seconds)
{
	struct timespec until = clock_deadline(seconds);
	int code = 0;
	bool reached;

	pthread_mutex_lock(&peer->lock);
	while (peer->mail_count < mails && code == 0)
		code = pthread_cond_timedwait(&peer->changed, &peer->lock, &until);
	reached = peer->mail_count >= mails;
	pthread_mutex_unlock(&peer->lock);
	return reached;
}

bool smtp_peer_mail(struct smtp_peer *peer, int index, struct smtp_mail *mail)
{
	bool found;

	pthread_mutex_lock(&peer->lock);
	found = index >= 0 && index < peer->mail_count;
	if (found) {
		const struct smtp_mail *kept = &peer->mails[index];

		mail->from = strdup(kept->from);
		mail->to = strdup(kept->to);
		mail->length = kept->length;
		mail->bytes = malloc(kept->length + 1);
		if (mail->bytes)
			memcpy(mail->bytes, kept->bytes, kept->length + 1);
		found = mail->from && mail->to && mail->bytes;
	}
	pthread_mutex_unlock(&peer->lock);
	return found;
}
