/*
 * http: the network side of alerts. One message is handed to one server, once, within a time
 * limit; whether and when to try again is the caller's business.
 *
 * Nothing is followed and nothing is guessed: no redirects, no .netrc, only the protocol the URL
 * names out of a short list. A proxy is used if the environment names one (https_proxy, http_proxy,
 * no_proxy, as for curl). No message, result or error of this module
 * holds more of a URL than its host, and none holds a password: what a server echoes is cleaned.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/* What became of one attempt. */
enum http_fate {
	HTTP_SENT,    /* the server took it */
	HTTP_RETRY,   /* not now: no connection, time-out, TLS, login, 408, 429, 5xx, SMTP 4yz */
	HTTP_REFUSED, /* not ever in this form: any other answer, SMTP 5yz */
};

struct http_result {
	enum http_fate fate;
	bool answered;         /* the server said something about this very message */
	int status;            /* HTTP status or SMTP reply code; 0 without an answer */
	int64_t retry_after_s; /* what the server asked for (Retry-After); 0 = nothing */
	size_t refused;        /* recipients that the server refused while it took the mail */
	char detail[256]; /* one line for people: "429 Too Many Requests", "connection refused" */
};

/* Zero means the default everywhere. */
struct http_options {
	int64_t connect_ms;                /* 10 000 */
	int64_t total_ms;                  /* 30 000, from the first byte to the answer */
	const char *ca_file;               /* PEM; NULL = the system's certificates */
	const char *agent;                 /* "bkm/0.1.0"; NULL = none */
	const volatile sig_atomic_t *stop; /* not 0: give up soon (HTTP_RETRY, "interrupted") */
};

struct http;

/* The options are copied but for stop and the strings, which must outlive it. */
int http_new(struct http **ret_http, const struct http_options *options, struct err *err);
void http_free(struct http *http);

/* The host of a URL for messages, never user, path or query: "hooks.slack.com", "mail:2525".
 * Appended; "?" for what is no URL. */
void http_add_host(struct buf *out, const char *url);

/* ERR_CONFIG unless url is one of the two shapes: HTTP(S), or SMTP(S). */
int http_check_url(const char *url, struct err *err);
int http_check_smtp_url(const char *url, struct err *err);

/* ---------------------------------------------------------------- HTTP */

struct http_request {
	const char *url;            /* http or https */
	const char *const *headers; /* "Name: value", NULL-terminated; NULL = none */
	const char *body;           /* NULL = GET */
	size_t body_len;
};

/* -1 only if the request is malformed (ERR_CONFIG); whatever the network does is a result. */
int http_send(struct http *http, const struct http_request *request, struct http_result *ret_result,
    struct err *err);

/* ---------------------------------------------------------------- mail */

enum http_tls {
	HTTP_TLS_REQUIRED, /* smtp:// must offer STARTTLS; smtps:// is TLS from the start */
	HTTP_TLS_NONE,     /* plain text, said so by the user */
};

struct http_smtp {
	const char *url; /* smtp://host[:587] or smtps://host[:465] */
	enum http_tls tls;
	const char *user;     /* NULL: no login */
	const char *password; /* with user */
};

/* Borrowed strings. from and to: "a@example.org" or "Name <a@example.org>". */
struct http_mail {
	const char *from;
	const char *const *to;
	size_t to_count;
	const char *subject; /* UTF-8; control bytes are made visible, never sent */
	const char *text;    /* UTF-8, "\n" */
	const char *html;    /* UTF-8; NULL = text only */
	const char *id;      /* Message-ID without brackets: "x@host", the same for every attempt */
	int64_t date;
};

/* ERR_CONFIG unless text is one address in one of the two forms above: ASCII, no control bytes, no
 * comma, semicolon or blank in the address part. */
int http_mail_check_address(const char *text, struct err *err);

/* The address part of a checked address, appended. */
void http_mail_add_address(struct buf *out, const char *text);

/* The whole message (RFC 5322, 2045, 2047; CRLF), appended to out: the same bytes for the same
 * mail. ERR_CONFIG for an address or id that could break a header. */
int http_mail_format(const struct http_mail *mail, struct buf *out, struct err *err);

/* Hand a formatted message to the server for every recipient of mail. A recipient that the server
 * refuses does not keep it from the others; if all are refused, HTTP_REFUSED (or RETRY on 4yz). */
int http_mail_send(struct http *http, const struct http_smtp *server, const struct http_mail *mail,
    const char *message, size_t len, struct http_result *ret_result, struct err *err);

#endif
