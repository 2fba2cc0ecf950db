#include "worker/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

static const char *plain_fault(const char *text)
{
	size_t length = strlen(text);
	if (length == 0 || length > URL_BYTES)
		return "the URL is empty or longer than 2000 characters";
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c <= ' ' || c >= 0x7f)
			return "the URL holds a space, a control character or a character outside ASCII";
		if (c == '#')
			return "the URL has a fragment";
		if (c == '\\')
			return "the URL holds a backslash";
	}
	/* libcurl takes one to three slashes; a URL that other parsers read otherwise is refused. */
	const char *host = strstr(text, "://");
	if (host == NULL || strpbrk(text, "/?") != host + 1 || host[3] == '/')
		return "the URL does not begin with https:// and a host";
	return NULL;
}

/* The text of one part or NULL, to be freed with curl_free(). */
static char *part(CURLU *handle, CURLUPart which, unsigned flags)
{
	char *value = NULL;
	if (curl_url_get(handle, which, &value, flags) != CURLUE_OK)
		return NULL;
	return value;
}

static bool has(CURLU *handle, CURLUPart which)
{
	char *value = part(handle, which, 0);
	bool there = value != NULL;
	curl_free(value);
	return there;
}

static const char *take_host(struct url *url, CURLU *handle)
{
	char *host = part(handle, CURLUPART_HOST, 0);
	const char *fault = NULL;
	size_t length = host == NULL ? 0 : strlen(host);
	if (length == 0 || length >= sizeof(url->host)) {
		fault = "the URL has no host, or one that is too long";
	} else {
		for (size_t i = 0; i <= length; i++)
			url->host[i] = (char)tolower((unsigned char)host[i]);
	}
	curl_free(host);
	return fault;
}

static const char *take_port(struct url *url, CURLU *handle)
{
	char *port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	unsigned long number = port == NULL ? 0 : strtoul(port, NULL, 10);
	curl_free(port);
	if (number == 0 || number > 65535)
		return "the URL's port is not a port";
	url->port = (uint16_t)number;
	return NULL;
}

static const char *take_scheme(struct url *url, CURLU *handle)
{
	char *scheme = part(handle, CURLUPART_SCHEME, 0);
	const char *fault = NULL;
	if (scheme != NULL && strcmp(scheme, "https") == 0)
		url->https = true;
	else if (scheme != NULL && strcmp(scheme, "http") == 0)
		url->https = false;
	else
		fault = "the URL's scheme is not https";
	curl_free(scheme);
	return fault;
}

static const char *parsed_fault(struct url *url, CURLU *handle, const char *text)
{
	if (curl_url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return "the URL is malformed or has a user name";
	if (has(handle, CURLUPART_USER) || has(handle, CURLUPART_PASSWORD) || has(handle, CURLUPART_OPTIONS))
		return "the URL has a user name";
	if (has(handle, CURLUPART_ZONEID))
		return "the URL names a network interface";
	const char *fault = take_scheme(url, handle);
	if (fault == NULL)
		fault = take_host(url, handle);
	if (fault == NULL)
		fault = take_port(url, handle);
	return fault;
}

bool url_check(struct url *url, const char *text, const char **why)
{
	memset(url, 0, sizeof(*url));
	*why = plain_fault(text);
	if (*why != NULL)
		return false;
	CURLU *handle = curl_url();
	if (handle == NULL) {
		*why = "no memory";
		return false;
	}
	*why = parsed_fault(url, handle, text);
	curl_url_cleanup(handle);
	return *why == NULL;
}
