/*
 * Inside of record: the strict scanner and the memory of decoded values.
 */
#ifndef RECORD_RECORD_PRIVATE_H
#define RECORD_RECORD_PRIVATE_H

#include "record/record.h"

/* ---------------------------------------------------------------- arena.c */
/* Memory that is freed all at once. A reset keeps the first chunk. */
struct record_arena;
struct record_arena *record_arena_new(void);
void record_arena_free(struct record_arena *arena);
void record_arena_reset(struct record_arena *arena);
char *record_arena_alloc(struct record_arena *arena, size_t size);

/* ---------------------------------------------------------------- scan.c */
enum record_json {
	RECORD_JSON_NULL,
	RECORD_JSON_FALSE,
	RECORD_JSON_TRUE,
	RECORD_JSON_NUMBER,
	RECORD_JSON_STRING,
	RECORD_JSON_ARRAY,
	RECORD_JSON_OBJECT,
};

/* Where a value stands in its text. */
struct record_value {
	enum record_json type;
	bool escaped;     /* a string with a backslash */
	uint32_t at, len; /* of a string: with its quotes */
};

struct record_member {
	const char *name; /* decoded; NULL: name_at, name_len in the line */
	uint32_t name_at, name_len;
	struct record_value value;
};

/* ---------------------------------------------------------------- record.c, member.c */
struct record_member *record_member_find(const struct record *rec, const char *name, size_t len);
void record_find_kind(struct record *rec);
char *record_alloc(struct record *rec, size_t size); /* in the arena of its values */
bool record_value_int(const char *text, size_t len, int64_t *ret_v);

/* The scanner of one thread: text, position, what is wrong, the names seen in open objects. */
struct record_key {
	uint32_t stamp;  /* of the text; another: the slot is free */
	uint32_t object; /* number of the object in the text */
	uint64_t hash;
	const char *name;
	size_t len;
};

#define RECORD_USUAL_NAMES 32
#define RECORD_USUAL_BYTES 512

struct record_scan {
	const unsigned char *s;
	size_t len, i;
	bool trusted; /* the text was scanned before: names are not compared, depths not counted */
	enum err_code code;
	char problem[160];

	uint64_t seed;
	struct record_key *keys;
	size_t key_cap, key_count; /* a power of two */
	uint32_t stamp, object;
	struct record_arena *names; /* decoded names */

	/* The names of the line before, each as it stood there: "name": */
	char usual[RECORD_USUAL_BYTES];
	size_t usual_end[RECORD_USUAL_NAMES];
	size_t usual_count;
};

struct record_scan *record_scan_new(void);
void record_scan_free(struct record_scan *scan);

/* Begin a text. trusted: it was checked before. */
void record_scan_start(struct record_scan *scan, const char *text, size_t len, bool trusted);

static inline void
record_scan_blanks(struct record_scan *scan)
{
	while (scan->i < scan->len) {
		unsigned char c = scan->s[scan->i];

		if (c > ' ' || (c != ' ' && c != '\t' && c != '\r' && c != '\n'))
			break;
		scan->i++;
	}
}

/* One value of any type from scan->i on: 0 or -1 with code and problem. depth: levels around it. */
int record_scan_value(struct record_scan *scan, unsigned depth, struct record_value *ret_value);

/* The pieces of a walk through one container, scan->i at its bracket:
 *	open (empty: done), then member or value, then more (1: another one, 0: closed). */
int record_scan_open(struct record_scan *scan, unsigned char open, bool *ret_empty);
int record_scan_member(struct record_scan *scan, uint32_t object, unsigned depth,
    struct record_value *ret_name, struct record_value *ret_value);
int record_scan_more(struct record_scan *scan, unsigned char open);

/* Say what is wrong; returns -1. Only the first is kept. */
int record_scan_fail(struct record_scan *scan, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Remember the name of a member of object, or fail: duplicate. */
int record_scan_name(struct record_scan *scan, uint32_t object, const struct record_value *value);

/* The names of lines, which mostly are those of the line before. usual_name: the n-th one comes
 * next; then it and its colon are read. unusual: it did not; the names of the n members before it
 * are remembered as record_scan_name does. remember: that is the n-th name from now on. */
bool record_scan_usual_name(struct record_scan *scan, size_t n, struct record_value *ret_name);
void record_scan_unusual(struct record_scan *scan, const struct record_member *members, size_t n);
void record_scan_remember(struct record_scan *scan, size_t n, const struct record_value *name);

/* Decode the string value at v of text (with quotes) to out, which has room for v->len bytes;
 * returns its length. */
size_t record_scan_decode(const char *text, const struct record_value *v, char *out);

#endif
