/*
 * A jq program from a file that turns one JSON document into text: reports, alert payloads.
 *
 * Output is that of `jq -r --arg NAME VALUE … -f FILE`: every result followed by a newline, a
 * string as its own bytes, anything else as compact JSON. `include` and `import` look beside the
 * program and then in library. The programs are the administrator's or ours: they are trusted
 * not to loop; the document is not trusted for anything.
 */
#ifndef RECORD_TEMPLATE_H
#define RECORD_TEMPLATE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct record_template;

struct record_argument {
	const char *name;  /* "channel": $channel in the program; a row with NULL ends the list */
	const char *value; /* UTF-8; NULL is null */
};

/* library: a directory or NULL; args: may be NULL, copied. ERR_NOT_FOUND, ERR_CONFIG (the program
 * does not compile: the message has file and jq's first line). */
int record_template_open(struct record_template **ret_template, const char *path,
    const char *library, const struct record_argument *args, struct err *err);
void record_template_free(struct record_template *tmpl);

/* Append the output to out (its max bounds it: ERR_LIMIT). document: JSON, made by the writer or
 * believed by record_parse(). A program that fails is ERR_FORMAT with its message shortened;
 * out then holds what came before. */
int record_template_run(struct record_template *tmpl, const char *document, size_t len,
    struct buf *out, struct err *err);

#endif
