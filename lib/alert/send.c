// One attempt to hand a payload to its channel.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "alert/alert_private.h"
#include "hash/hash.h"
#include "http/http.h"

#define AGENT           "bkm/" BKM_VERSION
#define SECRET_PREFIX   "whsec_"
#define PING_TIMEOUT_MS 10000

static void
take_result(struct alert_result *result, const struct http_result *from)
{
	*result = (struct alert_result){
	    .fate = from->fate == HTTP_SENT ? ALERT_SENT
		: from->fate == HTTP_RETRY  ? ALERT_RETRY
					    : ALERT_REFUSED,
	    .answered = from->answered,
	    .hold = from->status == 429,
	    .retry_after_s = from->retry_after_s,
	    .partly = from->refused > 0,
	};
	(void)snprintf(result->detail, sizeof(result->detail), "%s", from->detail);
}

static void
fail_result(struct alert_result *result, const struct err *err)
{
	*result = (struct alert_result){.fate = ALERT_RETRY, .answered = true};
	(void)snprintf(result->detail, sizeof(result->detail), "%.250s", err->msg);
}

/* webhook-signature of Standard Webhooks: v1,base64(HMAC-SHA256(key, "id.timestamp.body")).
 * A key "whsec_…" is base64; any other is taken as its bytes. */
static int
sign(const char *secret, const char *id, int64_t now, const struct buf *body, struct buf *out,
    struct err *err)
{
	struct buf key = BUF_INIT, text = BUF_INIT;
	uint8_t mac[HASH_MAX];
	size_t len = 0;
	int rc = -1;

	if (str_has_prefix(secret, SECRET_PREFIX)) {
		secret += strlen(SECRET_PREFIX);
		if (str_from_base64(secret, strlen(secret), &key) < 0) {
			err_set(err, ERR_CONFIG, "the secret behind 'whsec_' is not base64");
			goto out;
		}
	} else {
		buf_str(&key, secret);
	}
	buf_printf(&text, "msg_%s.%lld.", id, (long long)now);
	buf_add(&text, body->data, body->len);
	if (hash_hmac("sha256", key.data, key.len, text.data, text.len, mac, &len, err) < 0)
		goto out;
	buf_str(out, "webhook-signature: v1,");
	str_add_base64(out, mac, len);
	rc = 0;
out:
	explicit_bzero(mac, sizeof(mac));
	if (key.len)
		explicit_bzero(key.data, key.len);
	buf_release(&key);
	buf_release(&text);
	return rc;
}

int
alert_webhook_headers(const struct alert_channel *channel, const struct alert_message *message,
    const struct alert_payload *payload, int64_t now, struct buf *out, struct err *err)
{
	buf_str(out, "Content-Type: application/json\n");
	if (channel->type != ALERT_WEBHOOK)
		return 0;
	buf_printf(out, "webhook-id: msg_%s\n", message->id);
	buf_printf(out, "webhook-timestamp: %lld\n", (long long)now);
	if (!channel->secret)
		return 0;
	if (sign(channel->secret, message->id, now, &payload->body, out, err) < 0)
		return -1;
	buf_char(out, '\n');
	return 0;
}

static int
send_post(struct http *http, const struct alert_channel *channel,
    const struct alert_message *message, const struct alert_payload *payload, int64_t now,
    struct http_result *result, struct err *err)
{
	const char *headers[8] = {NULL};
	struct http_request request = {
	    .url = channel->url,
	    .headers = headers,
	    .body = payload->body.data,
	    .body_len = payload->body.len,
	};
	struct buf text = BUF_INIT;
	char *line, *rest;
	size_t n = 0;
	int r = -1;

	if (alert_webhook_headers(channel, message, payload, now, &text, err) < 0)
		goto out;
	rest = text.data;
	while (n + 1 < ARRAY_LEN(headers) && (line = strsep(&rest, "\n")) && *line)
		headers[n++] = line;
	r = http_send(http, &request, result, err);
out:
	buf_release(&text);
	return r;
}

static int
send_mail(struct http *http, const struct alert_channel *channel,
    const struct alert_payload *payload, struct http_result *result, struct err *err)
{
	struct http_smtp server = {
	    .url = channel->url,
	    .tls = channel->plain ? HTTP_TLS_NONE : HTTP_TLS_REQUIRED,
	    .user = channel->user,
	    .password = channel->password,
	};
	struct http_mail mail = {
	    .from = channel->from,
	    .to = channel->to,
	    .to_count = channel->to_count,
	};

	return http_mail_send(
	    http, &server, &mail, payload->body.data, payload->body.len, result, err);
}

/* "CRITICAL …" is LOG_CRIT, and so on: the programs put the severity first. */
static int
priority_of(const char *line)
{
	if (str_has_prefix(line, "CRITICAL"))
		return LOG_CRIT;
	if (str_has_prefix(line, "WARNING"))
		return LOG_WARNING;
	return LOG_NOTICE;
}

static int
append_file(const char *path, const struct buf *text, struct err *err)
{
	int fd =
	    open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	struct stat st;
	int r = -1;

	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		err_set(err, ERR_IO, "not a regular file: '%s'", path);
	else if (fsio_write_all(fd, text->data, text->len, path, err) == 0 && fdatasync(fd) < 0)
		err_sys(err, ERR_IO, "cannot write '%s'", path);
	else
		r = err && err->code != ERR_NONE ? -1 : 0;
	(void)close(fd);
	return r;
}

static void
send_log(const struct alert_channel *channel, const struct alert_message *message,
    const struct alert_payload *payload, struct alert_result *result)
{
	char when[CLOCK_TEXT_LEN];
	struct buf text = BUF_INIT, copy = BUF_INIT;
	struct err err = {0};
	char *line, *rest;

	(void)clock_format(message->at, when);
	buf_add(&copy, payload->body.data, payload->body.len);
	*result = (struct alert_result){.fate = ALERT_SENT, .answered = true};
	if (channel->syslog)
		openlog("bkm", LOG_PID, LOG_DAEMON);
	rest = copy.data;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		buf_printf(&text, "%s %s bkm-alert: %s\n", when, message->host, line);
		if (channel->syslog)
			syslog(priority_of(line), "%s", line);
	}
	if (channel->syslog)
		closelog();
	if (channel->file && append_file(channel->file, &text, &err) < 0)
		fail_result(result, &err);
	buf_release(&copy);
	buf_release(&text);
}

int
alert_send(const struct alert_channel *channel, const struct alert_message *message,
    const struct alert_payload *payload, const volatile sig_atomic_t *stop, int64_t now,
    struct alert_result *ret_result, struct err *err)
{
	struct http_options options = {.ca_file = channel->ca_file, .agent = AGENT, .stop = stop};
	struct http_result result = {0};
	struct http *http = NULL;
	int r;

	if (channel->type == ALERT_LOG) {
		send_log(channel, message, payload, ret_result);
		return 0;
	}
	if (http_new(&http, &options, err) < 0)
		return -1;
	if (channel->type == ALERT_EMAIL)
		r = send_mail(http, channel, payload, &result, err);
	else
		r = send_post(http, channel, message, payload, now, &result, err);
	http_free(http);
	if (r == 0)
		take_result(ret_result, &result);
	return r;
}

int
alert_ping(const char *url, const volatile sig_atomic_t *stop, struct alert_result *ret_result,
    struct err *err)
{
	struct http_options options = {
	    .connect_ms = PING_TIMEOUT_MS,
	    .total_ms = PING_TIMEOUT_MS,
	    .agent = AGENT,
	    .stop = stop,
	};
	struct http_request request = {.url = url};
	struct http_result result = {0};
	struct http *http = NULL;
	int r;

	if (http_new(&http, &options, err) < 0)
		return -1;
	r = http_send(http, &request, &result, err);
	http_free(http);
	if (r == 0)
		take_result(ret_result, &result);
	return r;
}
