#include "kept/config_check.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/text.h"

#define SOCKET_PATH_BYTES 107
#define HOST_BYTES 253
#define NAME_BYTES 128

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Reads `length` digits, at most seven. -1: not so. */
static long whole_number(const char *digits, size_t length)
{
	long number = 0;

	if (length < 1 || length > 7 || strspn(digits, DIGITS) < length)
		return -1;
	for (size_t i = 0; i < length; i++)
		number = number * 10 + (digits[i] - '0');
	return number;
}

bool config_number(const char *value, int least, int most, int *number)
{
	long found = whole_number(value, strlen(value));

	if (found < least || found > most)
		return false;
	*number = (int)found;
	return true;
}

bool config_seconds(const char *value, double *seconds)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
	size_t digits = strspn(value, DIGITS);
	long count = whole_number(value, digits);

	for (size_t i = 0; count >= 0 && i < sizeof(units) / sizeof(*units); i++) {
		double found = (double)count * units[i].seconds;

		if (strcmp(value + digits, units[i].name) != 0)
			continue;
		if (found < 0.01 || found > 24 * 3600)
			return false;
		*seconds = found;
		return true;
	}
	return false;
}

bool config_rate(const char *value, struct config_rate *rate)
{
	size_t count = strcspn(value, "/");
	long found = whole_number(value, count);
	int seconds;

	*rate = (struct config_rate){0};
	if (strcmp(value, "off") == 0)
		return true;
	if (found < 1 || value[count] != '/' || !config_number(value + count + 1, 1, 24 * 3600, &seconds))
		return false;
	*rate = (struct config_rate){.count = (int)found, .seconds = seconds};
	return true;
}

/* Copies `length` bytes into `out` of `size`; false if they do not fit. */
static bool copy(char *out, size_t size, const char *bytes, size_t length)
{
	if (length >= size)
		return false;
	memcpy(out, bytes, length);
	out[length] = '\0';
	return true;
}

/* Length of the host at the start of `value`, brackets included; 0: none. */
static size_t host_length(const char *value)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	size_t length;

	if (*value != '[') {
		length = strspn(value, LETTERS DIGITS ".-_");
		return length <= HOST_BYTES ? length : 0;
	}
	length = strcspn(value, "]");
	if (!value[length] || !copy(address, sizeof(address), value + 1, length - 1) ||
	    inet_pton(AF_INET6, address, &in6) != 1)
		return 0;
	return length + 1;
}

/* Length of host and optional ":port" at the start of `value`; 0: none. */
static size_t authority_length(const char *value)
{
	size_t host = host_length(value), digits;
	long port;

	if (!host || value[host] != ':')
		return host;
	digits = strspn(value + host + 1, DIGITS);
	port = whole_number(value + host + 1, digits);
	return port >= 1 && port <= 65535 ? host + 1 + digits : 0;
}

bool config_is_host_port(const char *value)
{
	size_t host = host_length(value);
	int port;

	return host && value[host] == ':' && config_number(value + host + 1, 0, 65535, &port);
}

bool config_is_listen(const char *value)
{
	static const char prefix[] = "unix:";

	if (text_starts(value, prefix)) {
		size_t length = strlen(value) - strlen(prefix);

		return length >= 1 && length <= SOCKET_PATH_BYTES;
	}
	return config_is_host_port(value);
}

/* What follows the scheme, or NULL if it is another scheme. */
static const char *after_scheme(const char *url, const char *scheme)
{
	return text_starts(url, scheme) ? url + strlen(scheme) : NULL;
}

bool config_is_web_url(const char *value)
{
	const char *rest = after_scheme(value, "http://");
	size_t authority;

	if (!rest)
		rest = after_scheme(value, "https://");
	authority = rest ? authority_length(rest) : 0;
	if (!authority)
		return false;
	rest += authority;
	return !*rest || (*rest == '/' && rest[strspn(rest, LETTERS DIGITS "-._~!$&'()*+,;=:@%/")] == '\0');
}

/* "address[/prefix]" of `length` characters. */
static bool is_network(const char *value, size_t length, bool prefix_required)
{
	char text[INET6_ADDRSTRLEN + 4], *slash;
	uint8_t address[16];
	int bits, prefix;

	if (!copy(text, sizeof(text), value, length))
		return false;
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	bits = strchr(text, ':') ? 128 : 32;
	if (inet_pton(bits == 128 ? AF_INET6 : AF_INET, text, address) != 1)
		return false;
	return slash ? config_number(slash + 1, 0, bits, &prefix) : !prefix_required;
}

/* "CIDR:port" of `length` characters; the brackets of IPv6 may stand around the address or around the whole CIDR. */
static bool is_target(const char *value, size_t length)
{
	const char *close = *value == '[' ? memchr(value, ']', length) : NULL, *rest = close ? close + 1 : value,
		   *colon;
	char network[INET6_ADDRSTRLEN + 4];
	size_t bracketed = close ? (size_t)(close - value) - 1 : 0, plain, port_length;
	long port;

	colon = memchr(rest, ':', length - (size_t)(rest - value));
	if (!colon || (*value == '[' && !close))
		return false;
	plain = (size_t)(colon - rest);
	if (bracketed + plain >= sizeof(network) || (close && plain && *rest != '/'))
		return false;
	memcpy(network, value + 1, bracketed);
	memcpy(network + bracketed, rest, plain);
	network[bracketed + plain] = '\0';
	if (!is_network(network, bracketed + plain, true) || (close && !strchr(network, ':')))
		return false;
	port_length = length - (size_t)(colon - value) - 1;
	if (port_length == 1 && colon[1] == '*')
		return true;
	port = whole_number(colon + 1, port_length);
	return port >= 1 && port <= 65535;
}

bool config_is_proxies(const char *value)
{
	for (size_t length; *value; value += length + (value[length] == ',')) {
		length = strcspn(value, ",");
		bool is_unix = length == 4 && strncmp(value, "unix", 4) == 0;

		if ((!is_unix && !is_network(value, length, false)) || (value[length] && !value[length + 1]))
			return false;
	}
	return true;
}

bool config_is_targets(const char *value)
{
	for (size_t length; *value; value += length + (value[length] == ',')) {
		length = strcspn(value, ",");
		if (!is_target(value, length) || (value[length] && !value[length + 1]))
			return false;
	}
	return true;
}

/* What follows smtp:// or smtps://, or NULL. */
static const char *after_smtp(const char *url)
{
	const char *rest = after_scheme(url, "smtp://");

	return rest ? rest : after_scheme(url, "smtps://");
}

bool config_is_mail_url(const char *value)
{
	const char *rest = after_smtp(value);
	char *path;

	if (rest) {
		size_t authority = authority_length(rest);

		return authority && (!rest[authority] || strcmp(rest + authority, "/") == 0);
	}
	path = config_url_path(value);
	free(path);
	return path != NULL;
}

bool config_mail_is_loopback(const char *mail_url)
{
	const char *rest = after_smtp(mail_url);
	char host[HOST_BYTES + 3];
	struct in_addr in;

	if (!rest || !copy(host, sizeof(host), rest, host_length(rest)))
		return false;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, &in) == 1 && ntohl(in.s_addr) >> 24 == 127);
}

bool config_mail_from(const char *value, char **name, char **address)
{
	const char *open = strchr(value, '<'), *last = value + strlen(value);
	size_t name_length = open ? (size_t)(open - value) : 0;
	char *found_name, *found_address;

	if (open && (last[-1] != '>' || last - open < 3))
		return false;
	while (name_length && value[name_length - 1] == ' ')
		name_length--;
	found_name = name_length ? strndup(value, name_length) : strdup("Kept");
	found_address = open ? strndup(open + 1, (size_t)(last - open - 2)) : strdup(value);
	if (!found_name || !found_address || name_length > NAME_BYTES || strpbrk(found_name, "<>\"\\") ||
	    !text_is_line(found_name) || !text_is_email(found_address)) {
		free(found_name);
		free(found_address);
		return false;
	}
	*name = found_name;
	*address = found_address;
	return true;
}

char *config_url_path(const char *url)
{
	const char *rest = after_scheme(url, "file://");
	struct text path;
	uint8_t byte;
	char *taken;

	if (!rest || *rest != '/')
		return NULL;
	text_init(&path, KEPT_SETTING_BYTES);
	for (; *rest; rest++) {
		size_t room = 1;

		if (*rest != '%') {
			text_add(&path, rest, 1);
			continue;
		}
		if (!rest[1] || !rest[2] || !text_from_hex(&byte, &room, rest + 1, 2) || byte < 0x20 || byte == 0x7F) {
			text_release(&path);
			return NULL;
		}
		text_add(&path, &byte, 1);
		rest += 2;
	}
	taken = text_take(&path);
	if (taken && !text_is_line(taken)) {
		free(taken);
		return NULL;
	}
	return taken;
}

char *config_path_url(const char *path)
{
	struct text url;

	text_init(&url, KEPT_SETTING_BYTES);
	text_adds(&url, "file://");
	for (; *path; path++) {
		if (strchr(LETTERS DIGITS "-._~/", *path))
			text_add(&url, path, 1);
		else
			text_addf(&url, "%%%02X", (unsigned)(uint8_t)*path);
	}
	return text_take(&url);
}
