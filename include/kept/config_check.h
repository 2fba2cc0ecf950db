/*
 * config_check.h: the syntax of settings, as pure functions. config.c uses them; nothing here reads the environment.
 *
 * Every value that comes in is UTF-8 without control characters (text_is_line()).
 */
#ifndef KEPT_CONFIG_CHECK_H
#define KEPT_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "kept/config.h"

/* "host:port" with host a name, an IPv4 address or an IPv6 address in brackets; port 0 (the system chooses) to 65535.
 */
bool config_is_host_port(const char *value);
/* config_is_host_port() or "unix:PATH", PATH of at most 107 bytes (sockaddr_un). */
bool config_is_listen(const char *value);
/* http:// or https://, host, optional port and path; no user name, query or fragment. */
bool config_is_web_url(const char *value);
/* A list, separated by commas, of IPv4 or IPv6 addresses with an optional "/prefix" and of the word "unix"; "" is the
 * empty list. api/limits/client_address.h reads the same. */
bool config_is_proxies(const char *value);
/* A list, separated by commas, of CIDR:port; the "/prefix" is required, IPv6 stands in brackets ("[fd00::]/8:443"),
 * port is 1 to 65535 or *; "" is the empty list. worker/address.h reads the same. */
bool config_is_targets(const char *value);
/* smtp://host[:port], smtps://host[:port] or file:// with an absolute path (percent-encoded where needed). */
bool config_is_mail_url(const char *value);
/* True for smtp:// or smtps:// to localhost, 127.0.0.0/8 or ::1, which needs no network. */
bool config_mail_is_loopback(const char *mail_url);
/* "Name <address>", "<address>" or "address". Name: at most 128 bytes, none of < > " \. Neither is changed on false;
 * otherwise both [out] are owned by the caller, and a missing name is "Kept". False also without memory. */
bool config_mail_from(const char *value, char **name, char **address) __attribute__((warn_unused_result));
/* A whole number and ms, s, m or h, from 10ms to 24h: "500ms", "30s". */
bool config_seconds(const char *value, double *seconds) __attribute__((warn_unused_result));
/* COUNT/SECONDS: 1 to 9999999 in 1 to 86400; or "off", which is count 0. */
bool config_rate(const char *value, struct config_rate *rate) __attribute__((warn_unused_result));
/* Decimal digits alone, from `least` (not negative) to `most`. */
bool config_number(const char *value, int least, int most, int *number) __attribute__((warn_unused_result));

/* The decoded path of a file:// URL, owned by the caller. NULL: not such a URL, a path that is not absolute, a broken
 * percent code, a control character, or no memory. */
char *config_url_path(const char *url) __attribute__((warn_unused_result));
/* "file://" and the percent-encoded absolute path; owned. NULL: no memory. */
char *config_path_url(const char *path) __attribute__((warn_unused_result));

#endif
