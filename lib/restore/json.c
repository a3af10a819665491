// A drill's result as the `restore` member of a backup's line.
#include "restore/restore_private.h"

static const struct {
	enum restore_warning bit;
	const char *word; /* of RECORD_LIST_WARNING */
} warnings[] = {
    {RESTORE_WARN_GARBAGE, "trailing_garbage"},
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
	if (c->has_expected)
		json_uint(j, "expected", c->expected);
	if (c->has_actual)
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
	json_time(&j, "at", at);
	json_str(&j, "level", record_word(RECORD_LIST_LEVEL, (int)r->level));
	if (r->verdict == RECORD_VERDICT_PASS || r->verdict == RECORD_VERDICT_FAIL || r->entries)
		add_counts(&j, r);
	json_int(&j, "ms", r->ms);
	if (r->unpack_ms)
		json_int(&j, "unpack_ms", r->unpack_ms);
	if (r->check_ms)
		json_int(&j, "check_ms", r->check_ms);
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
