/*
 * config.h: the settings of both programs, read once from the environment.
 *
 * Each variable may also be given as NAME_FILE, the path of a file whose content (less one final newline) is the value;
 * both at once is an error, and so is a file that is empty, binary or more than one line. An empty variable is as if
 * unset. The names and defaults are README's table; a test holds the two together.
 */
#ifndef KEPT_CONFIG_H
#define KEPT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

/* So many in so many seconds; count 0: off. */
struct config_rate {
	int count;   /* to 9,999,999 */
	int seconds; /* to 86,400 */
};

enum mail_tls { MAIL_TLS_OFF, MAIL_TLS_OPPORTUNISTIC, MAIL_TLS_REQUIRED };

struct config {
	char *database_url;  /* KEPT_DATABASE_URL */
	char *listen;        /* KEPT_LISTEN: host:port ([::1]:port; port 0: the system chooses) or unix:PATH */
	char *public_url;    /* KEPT_PUBLIC_URL, without a final slash */
	char *trusted_proxy; /* KEPT_TRUSTED_PROXY: addresses, CIDRs or the word unix, separated by commas, no spaces;
			      * "" none */
	char *mail_url;      /* KEPT_MAIL_URL: smtp://, smtps://, file:// */
	char *mail_folder; /* absolute; takes the mail of demonstration districts: KEPT_MAIL_URL's when that is file://,
			    * else var/mail below the working directory */
	char *mail_user;   /* KEPT_MAIL_USER, "" none */
	char *mail_password;     /* KEPT_MAIL_PASSWORD, "" none */
	char *mail_from_name;    /* of KEPT_MAIL_FROM, "Kept" if it has none; text_is_line(), no quotes or brackets */
	char *mail_from_address; /* text_is_email() holds */
	enum mail_tls mail_tls;  /* KEPT_MAIL_TLS; default required, off for a loopback relay */
	char *secret;            /* KEPT_SECRET: "id:key,id:key"; the first seals */
	char *egress_allow;      /* KEPT_EGRESS_ALLOW: "CIDR:port,…", port * is any, no spaces; "" none */
	char *tls_authorities;   /* KEPT_TLS_CA: path of a PEM file, trusted beside the system's; "" none */
	char *worker_listen;     /* KEPT_WORKER_LISTEN: host:port of the worker's metrics, "" none */
	double check_every_seconds;       /* KEPT_CHECK_EVERY: 30s, 5m, 500ms; 10ms to 24h */
	int loops;                        /* KEPT_LOOPS: threads of the API, 1..64 */
	int writers;                      /* KEPT_WRITERS: write connections of the API process, 1..64 */
	struct config_rate rate_key;      /* KEPT_RATE_KEY: requests of one key */
	struct config_rate rate_district; /* KEPT_RATE_DISTRICT: of all keys of one district */
	struct config_rate rate_address;  /* KEPT_RATE_ADDRESS: of one address */
	struct config_rate rate_failures; /* KEPT_RATE_FAILURES: wrong keys of one address, and of one prefix */
};

/*
 * Fills `config` from the environment. False: `*error` [out] is one line that names the variable and what to do and
 * shows no value, to be freed by the caller (NULL without memory), and the program exits with 2. Sets the log's level
 * too. The secret is required, at least 32 characters a key: but when KEPT_SECRET and KEPT_SECRET_FILE are both unset
 * and var/secret exists below the working directory, that file is read; it must be its owner's alone (0600). A
 * KEPT_SECRET_FILE that all may read is a warning in the log.
 */
bool config_load(struct config *config, char **error) __attribute__((warn_unused_result));
/* Frees what config_load() made; secrets are wiped first. */
void config_release(struct config *config);

/* Name of the variable number `index`, or NULL after the last: "KEPT_DATABASE_URL", … */
const char *config_variable(size_t index);

#endif
