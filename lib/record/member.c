// Ask a record for its members, and put one in without touching the rest.
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/record_private.h"

/* ---------------------------------------------------------------- finding */

struct record_member *
record_member_find(const struct record *rec, const char *name, size_t len)
{
	for (size_t i = 0; i < rec->member_count; i++) {
		struct record_member *m = &rec->members[i];
		const char *own = m->name ? m->name : rec->line.data + m->name_at;

		if (m->name_len == len && memcmp(own, name, len) == 0)
			return m;
	}
	return NULL;
}

/* A value somewhere in the line: text is the JSON that value's offsets count from. */
struct place {
	const char *text;
	struct record_value value;
};

/* Is the name at v of text that one? */
static bool
same_name(const char *text, const struct record_value *v, const char *name, size_t len)
{
	char stack[256];
	char *decoded = stack;
	bool same;
	size_t n;

	if (!v->escaped)
		return v->len - 2 == len && memcmp(text + v->at + 1, name, len) == 0;
	if (v->len > sizeof(stack))
		decoded = mem_alloc(v->len);
	n = record_scan_decode(text, v, decoded);
	same = n == len && memcmp(decoded, name, len) == 0;
	if (decoded != stack)
		free(decoded);
	return same;
}

/* The member called name inside the object at place; it was scanned before. */
static bool
find_inside(struct place *place, const char *name, size_t len)
{
	const char *text = place->text + place->value.at;
	struct record_scan scan = {0};
	struct record_value key, value;
	bool empty;

	if (place->value.type != RECORD_JSON_OBJECT)
		return false;
	record_scan_start(&scan, text, place->value.len, true);
	if (record_scan_open(&scan, '{', &empty) < 0 || empty)
		return false;
	do {
		if (record_scan_member(&scan, 0, 1, &key, &value) < 0)
			return false;
		if (same_name(text, &key, name, len)) {
			*place = (struct place){text, value};
			return true;
		}
	} while (record_scan_more(&scan, '{') > 0);
	return false;
}

static bool
find(const struct record *rec, const char *name, struct place *ret_place)
{
	size_t len = (size_t)(strchrnul(name, '.') - name);
	const struct record_member *m = record_member_find(rec, name, len);
	struct place place;

	if (!m)
		return false;
	place = (struct place){rec->line.data, m->value};
	while (name[len] == '.') {
		name += len + 1;
		len = (size_t)(strchrnul(name, '.') - name);
		if (!find_inside(&place, name, len))
			return false;
	}
	*ret_place = place;
	return true;
}

/* ---------------------------------------------------------------- values */

bool
record_has(const struct record *rec, const char *name)
{
	struct place p;

	return find(rec, name, &p) && p.value.type != RECORD_JSON_NULL;
}

const char *
record_raw(const struct record *rec, const char *name, size_t *ret_len)
{
	struct place p;

	if (!find(rec, name, &p))
		return NULL;
	*ret_len = p.value.len;
	return p.text + p.value.at;
}

static const char *
decode(struct record *rec, const struct place *p)
{
	char *s = record_alloc(rec, p->value.len);
	size_t n = record_scan_decode(p->text, &p->value, s);

	if (memchr(s, '\0', n))
		return NULL;
	s[n] = '\0';
	return s;
}

const char *
record_str(struct record *rec, const char *name)
{
	struct place p;

	if (!find(rec, name, &p) || p.value.type != RECORD_JSON_STRING)
		return NULL;
	return decode(rec, &p);
}

static bool
real_of(const char *text, size_t len, double *ret_v)
{
	char copy[64];
	double v;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	v = strtod(copy, NULL);
	if (!isfinite(v))
		return false;
	*ret_v = v;
	return true;
}

bool
record_value_int(const char *text, size_t len, int64_t *ret_v)
{
	size_t i = len > 0 && text[0] == '-' ? 1 : 0;
	int64_t v = 0;
	double real;

	if (len - i <= 16) {
		while (i < len && text[i] >= '0' && text[i] <= '9')
			v = v * 10 + (text[i++] - '0');
		if (i == len) {
			*ret_v = text[0] == '-' ? -v : v;
			return v <= JSON_INT_MAX;
		}
	}
	/* 5.0 and 1e3 are integers too, as other tools write them. */
	if (!memchr(text, '.', len) && !memchr(text, 'e', len) && !memchr(text, 'E', len))
		return false;
	if (!real_of(text, len, &real) || real != floor(real) || fabs(real) > (double)JSON_INT_MAX)
		return false;
	*ret_v = (int64_t)real;
	return true;
}

bool
record_int(const struct record *rec, const char *name, int64_t *ret_v)
{
	struct place p;

	return find(rec, name, &p) && p.value.type == RECORD_JSON_NUMBER &&
	    record_value_int(p.text + p.value.at, p.value.len, ret_v);
}

bool
record_real(const struct record *rec, const char *name, double *ret_v)
{
	struct place p;

	return find(rec, name, &p) && p.value.type == RECORD_JSON_NUMBER &&
	    real_of(p.text + p.value.at, p.value.len, ret_v);
}

bool
record_bool(const struct record *rec, const char *name, bool *ret_v)
{
	struct place p;

	if (!find(rec, name, &p) ||
	    (p.value.type != RECORD_JSON_TRUE && p.value.type != RECORD_JSON_FALSE))
		return false;
	*ret_v = p.value.type == RECORD_JSON_TRUE;
	return true;
}

bool
record_time(struct record *rec, const char *name, int64_t *ret_t)
{
	const char *s = record_str(rec, name);

	return s && clock_parse(s, ret_t, NULL) == 0;
}

int
record_word_of(struct record *rec, const char *name, enum record_list list)
{
	struct place p;

	if (!find(rec, name, &p) || p.value.type != RECORD_JSON_STRING)
		return 0;
	if (p.value.escaped)
		return record_word_find(list, decode(rec, &p));
	return record_word_find_n(list, p.text + p.value.at + 1, p.value.len - 2);
}

const char *
record_path_of(struct record *rec, const char *name)
{
	static const char end[] = "_b64";
	char b64[64]; /* the names are constants */
	size_t len = strlen(name);
	struct buf bytes = BUF_INIT;
	const char *text;
	char *path = NULL;

	assert(len + sizeof(end) <= sizeof(b64));
	memcpy(b64, name, len);
	memcpy(b64 + len, end, sizeof(end));
	text = record_str(rec, b64);
	if (!text)
		return record_str(rec, name);
	if (str_from_base64(text, strlen(text), &bytes) == 0 && bytes.len > 0 &&
	    !memchr(bytes.data, '\0', bytes.len)) {
		path = record_alloc(rec, bytes.len + 1);
		memcpy(path, bytes.data, bytes.len + 1);
	}
	buf_release(&bytes);
	return path;
}

const char *
record_path(struct record *rec)
{
	return record_path_of(rec, "path");
}

/* ---------------------------------------------------------------- arrays */

/* The element of the array at *pos, which moves behind it. */
static bool
next_element(const struct record *rec, const char *name, size_t *pos, struct place *ret_place)
{
	struct record_scan scan = {0};
	struct place p;
	bool empty;

	if (!find(rec, name, &p) || p.value.type != RECORD_JSON_ARRAY || *pos >= p.value.len)
		return false;
	p.text += p.value.at;
	record_scan_start(&scan, p.text, p.value.len, true);
	if (*pos == 0) {
		if (record_scan_open(&scan, '[', &empty) < 0 || empty)
			return false;
	} else {
		scan.i = *pos;
		if (record_scan_more(&scan, '[') <= 0)
			return false;
	}
	if (record_scan_value(&scan, 1, &p.value) < 0)
		return false;
	*pos = scan.i;
	*ret_place = p;
	return true;
}

const char *
record_next_str(struct record *rec, const char *name, size_t *pos)
{
	struct place p;

	while (next_element(rec, name, pos, &p)) {
		const char *s = p.value.type == RECORD_JSON_STRING ? decode(rec, &p) : NULL;

		if (s)
			return s;
	}
	return NULL;
}

/* ---------------------------------------------------------------- setting */

static enum record_json
type_of(char first)
{
	switch (first) {
	case '{':
		return RECORD_JSON_OBJECT;
	case '[':
		return RECORD_JSON_ARRAY;
	case '"':
		return RECORD_JSON_STRING;
	case 't':
		return RECORD_JSON_TRUE;
	case 'f':
		return RECORD_JSON_FALSE;
	case 'n':
		return RECORD_JSON_NULL;
	default:
		return RECORD_JSON_NUMBER;
	}
}

/* Replace the len bytes of the line at at by the new ones; everything behind moves. */
static void
replace(struct record *rec, size_t at, size_t len, const char *data, size_t data_len)
{
	struct buf *line = &rec->line;
	size_t tail = line->len - at - len;

	(void)buf_reserve(line, data_len);
	memmove(line->data + at + data_len, line->data + at + len, tail + 1);
	memcpy(line->data + at, data, data_len);
	line->len = at + data_len + tail;
	for (size_t i = 0; i < rec->member_count; i++) {
		struct record_member *m = &rec->members[i];

		if (m->name_at > at)
			m->name_at = (uint32_t)(m->name_at + data_len - len);
		if (m->value.at > at)
			m->value.at = (uint32_t)(m->value.at + data_len - len);
	}
	rec->close = rec->close + data_len - len;
}

static void
append(struct record *rec, const char *name, const char *json, size_t len)
{
	struct record_member m = {.name_len = (uint32_t)strlen(name)};
	struct buf text = BUF_INIT;
	size_t at = rec->close;

	buf_str(&text, rec->member_count ? ",\"" : "\"");
	m.name_at = (uint32_t)(at + text.len);
	buf_str(&text, name);
	buf_str(&text, "\":");
	m.value.at = (uint32_t)(at + text.len);
	buf_add(&text, json, len);
	replace(rec, at, 0, text.data, text.len);
	buf_release(&text);
	MEM_GROW(rec->members, rec->member_count, rec->member_cap);
	rec->members[rec->member_count++] = m;
}

int
record_set(struct record *rec, const char *name, const char *json, size_t len, struct err *err)
{
	struct record_member *m = record_member_find(rec, name, strlen(name));
	size_t old = m ? m->value.len : 0, extra = m ? len : len + strlen(name) + 4;

	if (rec->line.len - old + extra > RECORD_LINE_MAX)
		return err_set(err, ERR_LIMIT, "'%s' would make the record longer than %zu bytes",
		    name, RECORD_LINE_MAX);
	if (m) {
		replace(rec, m->value.at, old, json, len);
	} else {
		append(rec, name, json, len);
		m = &rec->members[rec->member_count - 1];
	}
	m->value.len = (uint32_t)len;
	m->value.type = type_of(json[0]);
	m->value.escaped = m->value.type == RECORD_JSON_STRING && memchr(json, '\\', len);
	rec->touched = true;
	if (strcmp(name, "kind") == 0)
		record_find_kind(rec);
	return 0;
}
