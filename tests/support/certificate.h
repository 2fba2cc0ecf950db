/*
 * certificate.h: an authority of its own and certificates for 127.0.0.1, for peers that speak TLS in tests.
 */
#ifndef TESTS_SUPPORT_CERTIFICATE_H
#define TESTS_SUPPORT_CERTIFICATE_H

struct certificate {
	char *authority; /* path of the authority's PEM file in a folder of its own */
	char *chain;     /* PEM text of the peer's certificate */
	char *key;       /* PEM text of its key */
};

enum certificate_kind {
	CERTIFICATE_GOOD,      /* for 127.0.0.1 and localhost, valid for a day */
	CERTIFICATE_EXPIRED,   /* its day was yesterday */
	CERTIFICATE_OTHER_NAME /* for other.example */
};

/* Makes an authority and a certificate by it. Fails the test when it cannot. */
void certificate_make(struct certificate *certificate, enum certificate_kind kind);
/* Frees all and removes the file. */
void certificate_release(struct certificate *certificate);

#endif
