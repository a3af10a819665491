// One libcurl handle with everything switched off that a message with a secret must not do.
#include <stdlib.h>
#include <string.h>

#include "http_private.h"

#define DEFAULT_CONNECT_MS 10000
#define DEFAULT_TOTAL_MS   30000
#define URL_MAX_LEN        4096

int
http_new(struct http **ret_http, const struct http_options *options, struct err *err)
{
	struct http *http;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_UNSUPPORTED, "cannot start libcurl");
	http = mem_alloc(sizeof(*http));
	if (options)
		http->options = *options;
	http->curl = curl_easy_init();
	if (!http->curl) {
		free(http);
		curl_global_cleanup();
		return err_set(err, ERR_UNSUPPORTED, "cannot start libcurl");
	}
	*ret_http = http;
	return 0;
}

void
http_free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	curl_global_cleanup();
	free(http);
}

bool
http_private_is_clean(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

// Parse url strictly; NULL if libcurl does not take it or it has bytes no URL may have.
static CURLU *
parse(const char *url)
{
	CURLU *parsed = curl_url();

	if (!parsed)
		return NULL;
	if (strlen(url) > URL_MAX_LEN || !http_private_is_clean(url) || strchr(url, ' ') ||
	    curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK) {
		curl_url_cleanup(parsed);
		return NULL;
	}
	return parsed;
}

void
http_add_host(struct buf *out, const char *url)
{
	CURLU *parsed = parse(url);
	char *host = NULL, *port = NULL;

	if (!parsed || curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
		buf_char(out, '?');
	} else {
		str_add_visible(out, host, strlen(host));
		if (curl_url_get(parsed, CURLUPART_PORT, &port, 0) == CURLUE_OK)
			buf_printf(out, ":%s", port);
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
}

static int
check_scheme(const char *url, const char *first, const char *second, struct err *err)
{
	CURLU *parsed = parse(url);
	char *scheme = NULL;
	bool ok = false;

	if (parsed && strstr(url, "://") &&
	    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK)
		ok = strcmp(scheme, first) == 0 || strcmp(scheme, second) == 0;
	curl_free(scheme);
	curl_url_cleanup(parsed);
	if (!ok) /* the URL itself is a secret and stays out of the message */
		return err_set(
		    err, ERR_CONFIG, "not a URL of the form %s://… or %s://…", first, second);
	return 0;
}

int
http_check_url(const char *url, struct err *err)
{
	return check_scheme(url, "https", "http", err);
}

int
http_check_smtp_url(const char *url, struct err *err)
{
	return check_scheme(url, "smtp", "smtps", err);
}

static int
on_progress(void *data, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	const struct http *http = data;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return http->options.stop && *http->options.stop ? 1 : 0;
}

int
http_private_prepare(struct http *http, const char *url, const char *protocols, struct err *err)
{
	CURL *curl = http->curl;
	const struct http_options *o = &http->options;
	CURLcode rc = CURLE_OK;

	curl_easy_reset(curl);
	http->errbuf[0] = '\0';
#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (rc == CURLE_OK)                                                                \
			rc = curl_easy_setopt(curl, (option), (value));                            \
	} while (0)
	SET(CURLOPT_PROTOCOLS_STR, protocols);
	SET(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_URL, url);
	SET(CURLOPT_ERRORBUFFER, http->errbuf);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_ms ? o->connect_ms : DEFAULT_CONNECT_MS));
	SET(CURLOPT_TIMEOUT_MS, (long)(o->total_ms ? o->total_ms : DEFAULT_TOTAL_MS));
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, http);
	if (o->ca_file)
		SET(CURLOPT_CAINFO, o->ca_file);
	if (o->agent)
		SET(CURLOPT_USERAGENT, o->agent);
#undef SET
	if (rc != CURLE_OK)
		return err_set(err, ERR_UNSUPPORTED, "libcurl: %s", curl_easy_strerror(rc));
	return 0;
}

// Replace every occurrence of secret in text by "[…]". Short ones would hit innocent text.
static void
redact(struct buf *text, const char *secret)
{
	struct buf out = BUF_INIT;
	const char *p, *hit;
	size_t len = secret ? strlen(secret) : 0;

	if (len < 4 || !strstr(text->data, secret))
		return;
	for (p = text->data; (hit = strstr(p, secret)); p = hit + len) {
		buf_add(&out, p, (size_t)(hit - p));
		buf_str(&out, "[…]");
	}
	buf_str(&out, p);
	buf_release(text);
	*text = out;
}

// The parts of a URL that nobody but its server may see.
static void
redact_url(struct buf *text, const char *url)
{
	static const CURLUPart parts[] = {
	    CURLUPART_PATH, CURLUPART_QUERY, CURLUPART_USER, CURLUPART_PASSWORD};
	CURLU *parsed = parse(url);
	char *part, *segment, *save;
	size_t i;

	for (i = 0; parsed && i < ARRAY_LEN(parts); i++) {
		part = NULL;
		if (curl_url_get(parsed, parts[i], &part, 0) != CURLUE_OK)
			continue;
		redact(text, part);
		for (save = part; (segment = strsep(&save, "/&=?"));)
			if (strlen(segment) >= 8)
				redact(text, segment);
		curl_free(part);
	}
	curl_url_cleanup(parsed);
}

void
http_private_detail(
    struct http_result *result, const char *url, const char *const *secrets, const char *text)
{
	struct buf clean = BUF_INIT, visible = BUF_INIT;
	size_t len;

	str_add_utf8(&clean, text, strlen(text));
	redact_url(&clean, url);
	for (; secrets && *secrets; secrets++)
		redact(&clean, *secrets);
	while (clean.len && strchr("\r\n\t ", clean.data[clean.len - 1]))
		clean.data[--clean.len] = '\0';
	str_add_visible(&visible, clean.data, clean.len);
	len = visible.len;
	if (len >= sizeof(result->detail)) { /* cut between characters */
		len = sizeof(result->detail) - 4;
		while (len && ((unsigned char)visible.data[len] & 0xc0) == 0x80)
			len--;
		memcpy(result->detail, visible.data, len);
		memcpy(result->detail + len, "…", sizeof("…"));
	} else {
		memcpy(result->detail, visible.data, len + 1);
	}
	buf_release(&clean);
	buf_release(&visible);
}

const char *
http_private_reason(const struct http *http, CURLcode code)
{
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return "interrupted";
	if (code == CURLE_OPERATION_TIMEDOUT)
		return "no answer in time";
	if (code == CURLE_USE_SSL_FAILED)
		return "the server does not offer STARTTLS";
	if (code == CURLE_LOGIN_DENIED)
		return "the server refused the login";
	return http->errbuf[0] ? http->errbuf : curl_easy_strerror(code);
}
