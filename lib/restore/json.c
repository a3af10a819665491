// A drill's result as the `restore` member of a backup's line.
#include "restore/restore_private.h"

static const struct {
	enum restore_warning bit;
	const char *word; /* of RECORD_LIST_WARNING */
} warnings[] = {
    {RESTORE_WARN_GARBAGE, "trailing_garbage"},
    {RESTORE_WARN_ZEROS, "trailing_zeros"},
    {RESTORE_WARN_DUPLICATE, "duplicate_names"},
    {RESTORE_WARN_ABSOLUTE, "absolute_names"},
    {RESTORE_WARN_SPECIAL, "special_files"},
    {RESTORE_WARN_LINKS, "links_skipped"},
    {RESTORE_WARN_FOREIGN_KEYS, "foreign_keys"},
    {RESTORE_WARN_NO_END, "no_end_marker"},
    {RESTORE_WARN_OTHER_FORMAT, "other_format"},
    {RESTORE_WARN_NOT_LOOKED_INTO, "not_looked_into"},
};

static void
add_check(struct json *j, const struct restore_check *c)
{
	json_object(j, NULL);
	json_str(j, "check", c->check);
	json_str(j, "verdict", record_word(RECORD_LIST_VERDICT, (int)c->verdict));
	json_str(j, "reason", c->reason);
	if (c->expected_text[0])
		json_str(j, "expected", c->expected_text);
	else if (c->has_expected)
		json_uint(j, "expected", c->expected);
	if (c->actual_text[0])
		json_str(j, "actual", c->actual_text);
	else if (c->has_actual)
		json_uint(j, "actual", c->actual);
	if (c->message[0])
		json_str(j, "message", c->message);
	json_object_end(j);
}

static void
add_counts(struct json *j, const struct restore_result *r)
{
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {{"files", r->files}, {"directories", r->directories}, {"links", r->links},
	    {"tables", r->tables}, {"rows", r->rows}, {"statements", r->statements}};

	json_uint(j, "entries", r->entries);
	json_uint(j, "bytes", r->bytes);
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		if (counts[i].n)
			json_uint(j, counts[i].name, counts[i].n);
	}
}

/* Phases, and what they come to in a second: only what was measured. */
static void
add_times(struct json *j, const struct restore_result *r)
{
	const struct {
		const char *name;
		int64_t ms;
	} phases[] = {{"fetch_ms", r->fetch_ms}, {"unpack_ms", r->unpack_ms},
	    {"start_ms", r->start_ms}, {"load_ms", r->load_ms}, {"check_ms", r->check_ms},
	    {"compare_ms", r->compare_ms}};
	int64_t out_ms = r->fetch_ms + r->unpack_ms + r->load_ms;

	json_int(j, "ms", r->ms);
	for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
		if (phases[i].ms)
			json_int(j, phases[i].name, phases[i].ms);
	}
	if (r->verdict != RECORD_VERDICT_PASS || out_ms <= 0)
		return;
	if (r->bytes)
		json_uint(j, "bytes_per_s", r->bytes * 1000 / (uint64_t)out_ms);
	if (r->rows && r->load_ms)
		json_uint(j, "rows_per_s", r->rows * 1000 / (uint64_t)r->load_ms);
}

static void
add_compared(struct json *j, const struct restore_compared *c)
{
	if (!c->last)
		return;
	json_object(j, "compared");
	json_uint(j, "same", c->same);
	json_uint(j, "differing", c->differing);
	json_uint(j, "changed_since", c->newer);
	if (c->unread)
		json_uint(j, "unread", c->unread);
	json_path(j, "last", c->last);
	json_bool(j, "round_done", c->round_done);
	if (c->name_count) {
		json_array(j, "files");
		for (size_t i = 0; i < c->name_count; i++) {
			json_object(j, NULL);
			json_str(j, "difference", c->names[i].how);
			json_path(j, "path", c->names[i].path);
			json_object_end(j);
		}
		json_array_end(j);
	}
	json_object_end(j);
}

#define TABLES_SHOWN 200 /* on a line; the store keeps all of them */

static void
add_tables(struct json *j, const struct restore_result *r)
{
	if (!r->table_list_count)
		return;
	json_array(j, "table_rows");
	for (size_t i = 0; i < r->table_list_count && i < TABLES_SHOWN; i++) {
		json_object(j, NULL);
		json_str(j, "table", r->table_list[i].name);
		json_uint(j, "rows", r->table_list[i].rows);
		json_object_end(j);
	}
	json_array_end(j);
}

void
restore_result_json(const struct restore_result *r, int64_t at, struct buf *out)
{
	struct buf layers = BUF_INIT;
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_str(&j, "verdict", record_word(RECORD_LIST_VERDICT, (int)r->verdict));
	json_str(&j, "reason", r->reason);
	if (r->handler[0])
		json_str(&j, "handler", r->handler);
	if (r->server[0])
		json_str(&j, "server", r->server);
	json_time(&j, "at", at);
	json_str(&j, "level", record_word(RECORD_LIST_LEVEL, (int)r->level));
	if (r->verdict == RECORD_VERDICT_PASS || r->verdict == RECORD_VERDICT_FAIL || r->entries)
		add_counts(&j, r);
	add_times(&j, r);
	add_tables(&j, r);
	add_compared(&j, &r->compared);
	if (r->check_count) {
		json_array(&j, "checks");
		for (size_t i = 0; i < r->check_count; i++)
			add_check(&j, &r->checks[i]);
		json_array_end(&j);
	}
	if (r->sandbox.bits) {
		sandbox_layers_json(&r->sandbox, &layers);
		json_raw(&j, "sandbox", layers.data, layers.len);
	}
	if (r->warnings) {
		json_array(&j, "warnings");
		for (size_t i = 0; i < ARRAY_LEN(warnings); i++) {
			if (r->warnings & (unsigned)warnings[i].bit)
				json_str(&j, NULL, warnings[i].word);
		}
		json_array_end(&j);
	}
	if (r->message[0])
		json_str(&j, "message", r->message);
	json_object_end(&j);
	buf_release(&layers);
}
