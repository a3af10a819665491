/* What the files of http share: the one libcurl handle and what every transfer sets. */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include <curl/curl.h>

#include "http/http.h"

struct http {
	struct http_options options;
	CURL *curl;
	char errbuf[CURL_ERROR_SIZE];
};

/* Reset the handle and set what no transfer may do without: protocols ("http,https"), time limits,
 * no redirects, no netrc, no signals, the stop flag. */
int
http_private_prepare(struct http *http, const char *url, const char *protocols, struct err *err);

/* Put text on one visible line into detail, with every secret (path and query of the URL, and
 * those given, NULL-terminated) replaced. */
void http_private_detail(
    struct http_result *result, const char *url, const char *const *secrets, const char *text);

/* What an attempt without a usable answer means, for people. */
const char *http_private_reason(const struct http *http, CURLcode code);

/* True if s has no byte below 0x20 and no DEL. */
bool http_private_is_clean(const char *s);

#endif
