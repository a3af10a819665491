// The table of fields and words is whole, and agrees with the enums.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/record.h"

static void
words_and_enums_agree(void **state)
{
	static const struct {
		enum record_list list;
		int last;
		const char *first_word, *last_word;
	} rows[] = {
	    {RECORD_LIST_KIND, RECORD_RUN, "backup", "run"},
	    {RECORD_LIST_STATE, RECORD_STATE_EXPIRED, "growing", "expired"},
	    {RECORD_LIST_STATUS, RECORD_STATUS_FAILED, "ok", "failed"},
	    {RECORD_LIST_SERIES_STATUS, RECORD_SERIES_UNKNOWN, "fresh", "unknown"},
	    {RECORD_LIST_LOCATION_STATUS, RECORD_LOCATION_UNREACHABLE, "ok", "unreachable"},
	    {RECORD_LIST_VERDICT, RECORD_VERDICT_SKIP, "pass", "skip"},
	    {RECORD_LIST_LEVEL, RECORD_LEVEL_RESTORED, "metadata", "restored"},
	    {RECORD_LIST_GRADE, RECORD_GRADE_UNKNOWN, "critical", "unknown"},
	    {RECORD_LIST_ALERT, RECORD_ALERT_MONITOR_FAILURE, "backup_failure", "monitor_failure"},
	    {RECORD_LIST_SEVERITY, RECORD_SEVERITY_CRITICAL, "warning", "critical"},
	    {RECORD_LIST_ALERT_STATE, RECORD_ALERT_STATE_RESOLVED, "open", "resolved"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(record_word(rows[i].list, 1), rows[i].first_word);
		assert_string_equal(record_word(rows[i].list, rows[i].last), rows[i].last_word);
		assert_null(record_word(rows[i].list, rows[i].last + 1));
	}
}

static void
every_list_has_distinct_words(void **state)
{
	(void)state;
	for (int list = 1; list < RECORD_LISTS; list++) {
		const char *word;

		assert_non_null(record_word((enum record_list)list, 1));
		assert_non_null(record_list_name((enum record_list)list));
		assert_null(record_word((enum record_list)list, 0));
		assert_int_equal(record_word_find((enum record_list)list, NULL), 0);
		assert_int_equal(record_word_find((enum record_list)list, "no such word"), 0);
		for (int i = 1; (word = record_word((enum record_list)list, i)); i++) {
			if (record_word_find((enum record_list)list, word) != i)
				fail_msg("'%s' twice in '%s'", word,
				    record_list_name((enum record_list)list));
			assert_int_equal(
			    strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-"), strlen(word));
		}
	}
}

static void
kinds(void **state)
{
	(void)state;
	for (int k = RECORD_BACKUP; k < RECORD_KINDS; k++) {
		const char *name = record_kind_name((enum record_kind)k);

		assert_int_equal(record_word_find(RECORD_LIST_KIND, name), k);
	}
	assert_string_equal(record_kind_name(RECORD_OTHER), "other");
	assert_int_equal(record_word_find(RECORD_LIST_KIND, "backups"), RECORD_OTHER);
	assert_int_equal(record_word_find_n(RECORD_LIST_KIND, "backup", 0), RECORD_OTHER);
}

static void
every_field_has_one_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < record_field_count; i++) {
		const struct record_field *f = &record_fields[i];
		bool worded = f->type == RECORD_TYPE_WORD || f->type == RECORD_TYPE_WORDS;

		assert_true(f->help && *f->help);
		assert_int_equal(worded, f->list != RECORD_LIST_NONE);
		for (size_t k = 0; k < i; k++) {
			if (record_fields[k].kind == f->kind &&
			    strcmp(record_fields[k].name, f->name) == 0)
				fail_msg("'%s' has two rows", f->name);
		}
	}
	assert_ptr_equal(record_field_find(RECORD_BACKUP, "size,", 4)->name,
	    record_field_find(RECORD_BACKUP, "size", 4)->name);
	assert_null(record_field_find(RECORD_BACKUP, "siz", 3));
	assert_null(record_field_find(RECORD_RUN, "size", 4));
	assert_non_null(record_field_find(RECORD_RUN, "kind", 4));
}

/* With BKM_DUMP set, the table as JSON lines: what tests/docs/records.sh makes schema and manual
 * from. */
static void
dump(void)
{
	static const char *const types[] = {"string", "integer", "number", "boolean", "time",
	    "path", "base64", "word", "words", "object", "objects", "any"};
	struct buf out = BUF_INIT;
	const char *word;
	struct json j;

	for (size_t i = 0; i < record_field_count; i++) {
		const struct record_field *f = &record_fields[i];

		json_init(&j, &out);
		json_object(&j, NULL);
		json_str(&j, "kind", f->kind == RECORD_OTHER ? "every" : record_kind_name(f->kind));
		json_str(&j, "name", f->name);
		json_str(&j, "type", types[f->type]);
		if (f->list != RECORD_LIST_NONE)
			json_str(&j, "list", record_list_name(f->list));
		json_str(&j, "help", f->help);
		json_object_end(&j);
		buf_char(&out, '\n');
	}
	for (int list = 1; list < RECORD_LISTS; list++) {
		json_init(&j, &out);
		json_object(&j, NULL);
		json_str(&j, "words", record_list_name((enum record_list)list));
		json_array(&j, "list");
		for (int i = 1; (word = record_word((enum record_list)list, i)); i++)
			json_str(&j, NULL, word);
		json_array_end(&j);
		json_object_end(&j);
		buf_char(&out, '\n');
	}
	(void)fsio_write_all(1, out.data, out.len, "standard output", NULL);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_and_enums_agree),
	    cmocka_unit_test(every_list_has_distinct_words),
	    cmocka_unit_test(kinds),
	    cmocka_unit_test(every_field_has_one_row),
	};

	if (getenv("BKM_DUMP")) {
		dump();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
