/*
 * Text: numbers parsed whole or refused, durations and sizes as people write them, UTF-8 checked,
 * hostile bytes made visible.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* The whole of s is a decimal number from min to max, or -1 and err. No sign for u64, no blanks. */
int str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret_v, struct err *err);
int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret_v, struct err *err);

/* "0", "90s", "5m", "1h30m", "2d", "1w": seconds. A bare number is refused but for 0. */
int str_to_duration(const char *s, int64_t *ret_seconds, struct err *err);

/* "1500", "10K", "50G", "1.5T", "10MiB", "10MB": bytes. K, KiB = 1024; KB = 1000, and so on. */
int str_to_size(const char *s, uint64_t *ret_bytes, struct err *err);

/* "1.5 GiB", "913 B"; "2 h 3 min", "4 d". Appended to out. */
void str_add_size(struct buf *out, uint64_t bytes);
void str_add_duration(struct buf *out, int64_t seconds);

/* True if data is UTF-8 as RFC 3629 has it: no overlong form, no surrogate, at most U+10FFFF.
 * NUL bytes are UTF-8. */
bool str_is_utf8(const void *data, size_t len);

/* Length of the valid UTF-8 sequence at data (1 to 4), or 0 if the bytes there are none. */
size_t str_utf8_len(const void *data, size_t avail);

/* Append data as UTF-8, each bad byte replaced by U+FFFD. */
void str_add_utf8(struct buf *out, const void *data, size_t len);

/* Append data for a person's eyes: C0, C1, DEL and bidirectional controls and bad bytes become
 * \xNN or \u{NNNN}. */
void str_add_visible(struct buf *out, const void *data, size_t len);

/* Standard base64 (RFC 4648, padded). decode: -1 if text is not that. */
void str_add_base64(struct buf *out, const void *data, size_t len);
int str_from_base64(const char *text, size_t len, struct buf *out);

void str_add_hex(struct buf *out, const void *data, size_t len); /* lower case */
int str_from_hex(const char *text, size_t len, struct buf *out); /* either case; -1 if not hex */
int str_hex_value(char c);                                       /* of one digit; -1 */

bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);

/* What fits of s, always terminated: snprintf() with "%s" without its price. */
void str_copy(char *out, size_t size, const char *s);

/* The entry of names (NULL-terminated) nearest to word, or NULL if none is near enough for
 * "did you mean". */
const char *str_nearest(const char *word, const char *const *names);

#endif
