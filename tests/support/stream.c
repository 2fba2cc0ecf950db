/* stream.c: see stream.h. */
#include "tests/support/stream.h"

#include <check.h>
#include <string.h>

#include <openssl/pem.h>
#include <sys/socket.h>

void stream_init(struct stream *stream, int socket)
{
	memset(stream, 0, sizeof(*stream));
	stream->socket = socket;
}

void stream_release(struct stream *stream)
{
	SSL_free(stream->tls);
	stream->tls = NULL;
}

bool stream_secure(struct stream *stream, SSL_CTX *context)
{
	stream->from = stream->to = 0;
	stream->tls = SSL_new(context);
	return stream->tls && SSL_set_fd(stream->tls, stream->socket) == 1 && SSL_accept(stream->tls) == 1;
}

static bool read_more(struct stream *stream)
{
	ssize_t got = stream->tls ? SSL_read(stream->tls, stream->bytes, sizeof(stream->bytes))
				  : recv(stream->socket, stream->bytes, sizeof(stream->bytes), 0);

	stream->from = 0;
	stream->to = got > 0 ? (size_t)got : 0;
	return got > 0;
}

bool stream_line(struct stream *stream, char *out, size_t size)
{
	size_t used = 0;

	while (used < size - 1) {
		if (stream->from == stream->to && !read_more(stream))
			return false;
		out[used++] = stream->bytes[stream->from++];
		if (out[used - 1] == '\n')
			break;
	}
	out[used] = '\0';
	return true;
}

bool stream_write(struct stream *stream, const char *text)
{
	size_t length = strlen(text);

	if (stream->tls)
		return SSL_write(stream->tls, text, (int)length) == (int)length;
	return send(stream->socket, text, length, MSG_NOSIGNAL) == (ssize_t)length;
}

SSL_CTX *stream_context(const struct certificate *certificate)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	BIO *chain = BIO_new_mem_buf(certificate->chain, -1), *key = BIO_new_mem_buf(certificate->key, -1);
	X509 *own = PEM_read_bio_X509(chain, NULL, NULL, NULL);
	EVP_PKEY *own_key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

	ck_assert(context && own && own_key);
	ck_assert_int_eq(SSL_CTX_use_certificate(context, own), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(context, own_key), 1);
	X509_free(own);
	EVP_PKEY_free(own_key);
	BIO_free(chain);
	BIO_free(key);
	return context;
}
