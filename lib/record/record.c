// One line of the stream: read strictly, kept as it came.
#include <stdlib.h>
#include <string.h>

#include "record/record_private.h"

void
record_init(struct record *rec)
{
	*rec = RECORD_INIT;
}

void
record_release(struct record *rec)
{
	buf_release(&rec->line);
	free(rec->members);
	record_arena_free(rec->arena);
	record_scan_free(rec->scan);
	record_init(rec);
}

void
record_swap(struct record *a, struct record *b)
{
	struct record_scan *a_scan = a->scan, *b_scan = b->scan;
	struct record c = *a;

	/* The scanner stays where it is: the one that reads every line stays in the cache. */
	*a = *b;
	*b = c;
	a->scan = a_scan;
	b->scan = b_scan;
}

char *
record_alloc(struct record *rec, size_t size)
{
	if (!rec->arena)
		rec->arena = record_arena_new();
	return record_arena_alloc(rec->arena, size);
}

static void
forget_values(struct record *rec)
{
	if (rec->arena)
		record_arena_reset(rec->arena);
}

static int
fail(struct record *rec, struct err *err, enum err_code code, const char *problem)
{
	rec->kind = RECORD_OTHER;
	rec->member_count = 0;
	buf_clear(&rec->line);
	return err_set(err, code, "%s", problem);
}

/* One member of the line. While each name is that of the line before, in the same place (usual),
 * none is read again or looked up: they are known, and known to differ. */
static int
scan_member(struct record *rec, struct record_member *m, bool *usual)
{
	struct record_scan *scan = rec->scan;
	struct record_value name;

	if (*usual && record_scan_usual_name(scan, rec->member_count, &name)) {
		if (record_scan_value(scan, 1, &m->value) < 0)
			return -1;
	} else {
		if (*usual)
			record_scan_unusual(scan, rec->members, rec->member_count);
		*usual = false;
		if (record_scan_member(scan, 0, 1, &name, &m->value) < 0)
			return -1;
		record_scan_remember(scan, rec->member_count, &name);
	}
	m->name = NULL;
	m->name_at = name.at + 1;
	m->name_len = name.len - 2;
	if (name.escaped) {
		char *decoded = record_alloc(rec, name.len);

		m->name_len = (uint32_t)record_scan_decode(rec->line.data, &name, decoded);
		m->name = decoded;
	}
	return 0;
}

/* The members of the one object that the line must be. */
static int
scan_line(struct record *rec)
{
	struct record_scan *scan = rec->scan;
	bool empty, usual = true;
	int r = 1;

	record_scan_blanks(scan);
	if (scan->i >= scan->len || scan->s[scan->i] != '{')
		return record_scan_fail(scan, "not a JSON object");
	if (record_scan_open(scan, '{', &empty) < 0)
		return -1;
	while (!empty && r > 0) {
		if (rec->member_count == rec->member_cap)
			MEM_GROW(rec->members, rec->member_count, rec->member_cap);
		if (scan_member(rec, &rec->members[rec->member_count], &usual) < 0)
			return -1;
		rec->member_count++;
		r = record_scan_more(scan, '{');
	}
	if (r < 0)
		return -1;
	rec->close = scan->i - 1;
	record_scan_blanks(scan);
	if (scan->i < scan->len)
		return record_scan_fail(
		    scan, "not a JSON object: something follows it at byte %zu", scan->i + 1);
	return 0;
}

void
record_find_kind(struct record *rec)
{
	const struct record_member *m = record_member_find(rec, "kind", 4);

	rec->kind = RECORD_OTHER;
	if (m && m->value.type == RECORD_JSON_STRING && !m->value.escaped)
		rec->kind = (enum record_kind)record_word_find_n(
		    RECORD_LIST_KIND, rec->line.data + m->value.at + 1, m->value.len - 2);
}

static int
check_version(struct record *rec, struct err *err)
{
	const struct record_member *m = record_member_find(rec, "v", 1);
	int64_t v = 0;

	if (!m || (record_int(rec, "v", &v) && v == RECORD_VERSION))
		return 0;
	(void)err_set(err, ERR_UNSUPPORTED, "record version %.*s, this bkm reads version %d",
	    (int)(m->value.len > 20 ? 20 : m->value.len), rec->line.data + m->value.at,
	    RECORD_VERSION);
	rec->kind = RECORD_OTHER;
	rec->member_count = 0;
	buf_clear(&rec->line);
	return -1;
}

/* What is no integer is looked up in the table: is it meant to be one? */
static int
check_integers(struct record *rec, struct err *err)
{
	for (size_t i = 0; rec->kind != RECORD_OTHER && i < rec->member_count; i++) {
		const struct record_member *m = &rec->members[i];
		const char *name = m->name ? m->name : rec->line.data + m->name_at;
		const char *text = rec->line.data + m->value.at;
		const struct record_field *field;
		char problem[120];
		int64_t v;

		if (m->value.type != RECORD_JSON_NUMBER || record_value_int(text, m->value.len, &v))
			continue;
		field = record_field_find(rec->kind, name, m->name_len);
		if (!field || field->type != RECORD_TYPE_INT)
			continue;
		(void)snprintf(
		    problem, sizeof(problem), "'%s' is not an integer within 2^53", field->name);
		return fail(rec, err, ERR_FORMAT, problem);
	}
	return 0;
}

static int
parse(struct record *rec, const char *line, size_t len, bool trusted, struct err *err)
{
	if (!rec->scan)
		rec->scan = record_scan_new();
	forget_values(rec);
	rec->kind = RECORD_OTHER;
	rec->member_count = 0;
	rec->touched = false;
	buf_clear(&rec->line);
	if (len > RECORD_LINE_MAX)
		return err_set(err, ERR_LIMIT, "longer than %zu bytes", RECORD_LINE_MAX);
	buf_add(&rec->line, line, len);
	record_scan_start(rec->scan, rec->line.data, len, trusted);
	if (scan_line(rec) < 0)
		return fail(rec, err, rec->scan->code, rec->scan->problem);
	if (!trusted && check_version(rec, err) < 0)
		return -1;
	record_find_kind(rec);
	return trusted ? 0 : check_integers(rec, err);
}

int
record_parse(struct record *rec, const char *line, size_t len, struct err *err)
{
	return parse(rec, line, len, false, err);
}

int
record_parse_own(struct record *rec, const char *line, size_t len, struct err *err)
{
	return parse(rec, line, len, true, err);
}

void
record_begin(struct json *j, struct buf *out, enum record_kind kind)
{
	static const char head[] = "{\"v\":1,\"kind\":\"";

	_Static_assert(RECORD_VERSION == 1, "head says another version");
	json_init(j, out);
	buf_add(out, head, sizeof(head) - 1);
	buf_str(out, record_kind_name(kind));
	buf_char(out, '"');
	j->comma = true;
}

void
record_end(struct json *j)
{
	json_object_end(j);
}
