/*
 * The JSON-lines contract: read a line strictly, ask for members, splice one in, pass it on.
 *
 * A record keeps the bytes it was read from. What nobody touched goes out as it came in; a member
 * that is set goes in before the last brace or in place of the one of that name. Unknown fields,
 * number spelling and key order survive by construction.
 *
 * Lines are written with the JSON writer of base (base/json.h):
 *
 *	record_begin(&j, &out, RECORD_BACKUP);          {"v":1,"kind":"backup"
 *	json_int(&j, "id", id);                         ,"id":7
 *	json_path(&j, "path", path);                    ,"path":"/b/x"
 *	record_end(&j);                                 }
 *
 * Only this module uses libjq.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "record/fields.h"
#include "record/filter.h"
#include "record/template.h"

#define RECORD_VERSION   1
#define RECORD_LINE_MAX  ((size_t)1 << 20) /* bytes of a line without its newline */
#define RECORD_DEPTH_MAX 64

struct record_member;
struct record_arena;

/* Zero it or RECORD_INIT, then record_parse as often as you like, then record_release. */
struct record {
	enum record_kind kind;
	struct buf line; /* the JSON object, without newline; read only from outside */
	bool touched;    /* record_set was called since record_parse */

	size_t close; /* private from here: where the last brace stands */
	struct record_member *members;
	size_t member_count;
	size_t member_cap;
	struct record_arena *arena;
	struct record_scan *scan;
};

#define RECORD_INIT ((struct record){.line = BUF_INIT_MAX(2 * RECORD_LINE_MAX)})

void record_init(struct record *rec);
void record_release(struct record *rec);

/* Take a copy of line as the new content; everything handed out before is invalid. Believed is:
 * one JSON object, UTF-8, no NUL, at most RECORD_LINE_MAX bytes and RECORD_DEPTH_MAX levels, no
 * key twice in an object, "v" absent or 1, integers of known fields within 2^53. A trailing CR is
 * allowed. Else -1, ERR_FORMAT (ERR_LIMIT, ERR_UNSUPPORTED for another "v") with a message
 * that fits behind "line 12: ": "not a JSON object", "duplicate key 'id'", … */
int record_parse(struct record *rec, const char *line, size_t len, struct err *err);

/* The same for a line that this process has just written: its names and numbers are not checked. */
int record_parse_own(struct record *rec, const char *line, size_t len, struct err *err);

/* Exchange two records, values and all: to queue one without copying. */
void record_swap(struct record *a, struct record *b);

/*
 * Members. name is a top-level member, or a path through objects: "verification.verdict".
 * What is absent, null or of another type gives NULL or false. Strings are decoded and live
 * until the next record_parse or record_release (record_set leaves them alone).
 */
bool record_has(const struct record *rec, const char *name);  /* and not null */
const char *record_str(struct record *rec, const char *name); /* NULL too if it holds \u0000 */
bool record_int(const struct record *rec, const char *name, int64_t *ret_v);
bool record_real(const struct record *rec, const char *name, double *ret_v);
bool record_bool(const struct record *rec, const char *name, bool *ret_v);
bool record_time(struct record *rec, const char *name, int64_t *ret_t);

/* The number of the word in list (the enums of fields.h), 0 if absent or not one of them. */
int record_word_of(struct record *rec, const char *name, enum record_list list);

/* The bytes of the record's path: path_b64 if it is there, else path. NULL if there is none, or
 * if it holds a NUL. */
const char *record_path(struct record *rec);

/* The same for any pair NAME, NAME_b64 ("newest.path"). */
const char *record_path_of(struct record *rec, const char *name);

/* The member's JSON text as it stands in the line, not NUL-terminated; NULL if absent. Valid
 * until the next record_set or record_parse. */
const char *record_raw(const struct record *rec, const char *name, size_t *ret_len);

/* The strings of an array, one after another: start with *pos = 0; NULL at the end. Elements that
 * are no strings are passed over. */
const char *record_next_str(struct record *rec, const char *name, size_t *pos);

/*
 * Set a top-level member to json (one JSON value, which the caller vouches for; the writer makes
 * nothing else). The kind follows if name is "kind". The line may grow to 2 * RECORD_LINE_MAX
 * in memory, but a line that would pass RECORD_LINE_MAX is refused: ERR_LIMIT, unchanged.
 */
int record_set(struct record *rec, const char *name, const char *json, size_t len, struct err *err);

/* Begin {"v":1,"kind":"…" in out (which is appended to) and close it. No newline. */
void record_begin(struct json *j, struct buf *out, enum record_kind kind);
void record_end(struct json *j);

#endif
