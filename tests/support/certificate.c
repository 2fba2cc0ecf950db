/* certificate.c: see certificate.h. */
#include "tests/support/certificate.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY (24L * 3600)

static void add_extension(X509 *certificate, X509 *issuer, int name, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, name, value);
	ck_assert_ptr_nonnull(extension);
	ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* Valid from `from` seconds from now for a day; `issuer` NULL: signed by itself. */
static X509 *make(EVP_PKEY *key, const char *name, long serial, long from, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *made = X509_new();

	ck_assert_ptr_nonnull(made);
	X509_set_version(made, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
	X509_gmtime_adj(X509_getm_notBefore(made), from);
	X509_gmtime_adj(X509_getm_notAfter(made), from + DAY);
	X509_set_pubkey(made, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
	X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer : made));
	add_extension(made, issuer ? issuer : made, NID_basic_constraints,
		      issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
	if (issuer)
		add_extension(made, issuer, NID_subject_alt_name, name);
	ck_assert_int_gt(X509_sign(made, issuer_key, EVP_sha256()), 0);
	return made;
}

static char *text_of_bio(BIO *bio)
{
	char *bytes, *copy;
	long length = BIO_get_mem_data(bio, &bytes);

	copy = strndup(bytes, (size_t)length);
	BIO_free(bio);
	ck_assert_ptr_nonnull(copy);
	return copy;
}

void certificate_make(struct certificate *certificate, enum certificate_kind kind)
{
	EVP_PKEY *authority_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	char path[] = "/tmp/kept-authority-XXXXXX";
	const char *name = kind == CERTIFICATE_OTHER_NAME ? "DNS:other.example" : "IP:127.0.0.1,DNS:localhost";
	X509 *authority, *made;
	BIO *out = BIO_new(BIO_s_mem());
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	ck_assert(authority_key && key && out && file);
	authority = make(authority_key, "An authority for tests", 1, -2 * DAY + DAY, NULL, authority_key);
	X509_gmtime_adj(X509_getm_notAfter(authority), DAY);
	ck_assert_int_gt(X509_sign(authority, authority_key, EVP_sha256()), 0);
	made = make(key, name, 2, kind == CERTIFICATE_EXPIRED ? -DAY - 60 : -60, authority, authority_key);
	ck_assert_int_eq(PEM_write_X509(file, authority), 1);
	ck_assert_int_eq(fclose(file), 0);
	certificate->authority = strdup(path);
	ck_assert_int_eq(PEM_write_bio_X509(out, made), 1);
	certificate->chain = text_of_bio(out);
	out = BIO_new(BIO_s_mem());
	ck_assert_int_eq(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	certificate->key = text_of_bio(out);
	X509_free(authority);
	X509_free(made);
	EVP_PKEY_free(authority_key);
	EVP_PKEY_free(key);
}

void certificate_release(struct certificate *certificate)
{
	if (certificate->authority)
		unlink(certificate->authority);
	free(certificate->authority);
	free(certificate->chain);
	free(certificate->key);
	*certificate = (struct certificate){0};
}
