/*
 * A small streaming JSON writer: every record, and every other JSON text, is made with it.
 *
 *	struct json j;
 *
 *	json_init(&j, &out);
 *	json_object(&j, NULL);
 *	json_str(&j, "state", "complete");
 *	json_int(&j, "size", 1048576);
 *	json_array(&j, "reasons");
 *	json_str(&j, NULL, "empty");
 *	json_array_end(&j);
 *	json_object_end(&j);
 *
 * key is the member's name inside an object and NULL inside an array or at the top; names are
 * written as they are (they are literals of ours, without quotes or backslashes). Commas come by
 * themselves. What is not known is left out: a NULL string, CLOCK_NONE, a number that JSON or
 * 2^53 cannot hold (inside an array it becomes null, so that positions stay). Text that is not
 * UTF-8 gets U+FFFD for each bad byte; what comes out is always valid JSON on one line.
 * Failure is the buffer's: look at out->failed once, at the end.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The largest integer that every JSON reader keeps exactly. */
#define JSON_INT_MAX ((int64_t)9007199254740991)

struct json {
	struct buf *out;
	bool comma; /* something stands before the next value on this level */
};

void json_init(struct json *j, struct buf *out);

void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);

void json_str(struct json *j, const char *key, const char *s);
void json_text(struct json *j, const char *key, const void *data, size_t len);
void json_int(struct json *j, const char *key, int64_t v);
void json_uint(struct json *j, const char *key, uint64_t v);
void json_bool(struct json *j, const char *key, bool v);
/* decimals (0 to 9) places, trailing zeros dropped: 0.8125, 1, 0.3. */
void json_real(struct json *j, const char *key, double v, int decimals);
void json_null(struct json *j, const char *key);
void json_time(struct json *j, const char *key, int64_t t); /* "2026-11-22T02:00:05Z" */
void json_hex(struct json *j, const char *key, const void *data, size_t len);

/* A path is bytes: "path":"…" and, only if the bytes are not UTF-8, "path_b64":"…" with all of
 * them. key is "path" in the records. */
void json_path(struct json *j, const char *key, const char *path);

/* Ready JSON, put in as it is: the caller vouches for it. */
void json_raw(struct json *j, const char *key, const char *text, size_t len);

#endif
