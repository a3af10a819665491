// Any bytes as a line: whatever is believed can be asked, set, read again, and means the same to jq.
#include <assert.h>

#include "record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask_everything(struct record *rec)
{
	int64_t n;
	size_t pos = 0, len;
	double d;
	bool b;

	for (size_t i = 0; i < record_field_count; i++) {
		const char *name = record_fields[i].name;

		(void)record_has(rec, name);
		(void)record_str(rec, name);
		(void)record_int(rec, name, &n);
		(void)record_real(rec, name, &d);
		(void)record_bool(rec, name, &b);
		(void)record_time(rec, name, &n);
		(void)record_raw(rec, name, &len);
	}
	(void)record_path(rec);
	while (record_next_str(rec, "verification.checks", &pos))
		;
}

/* A record that was set must still be one that is believed. */
static void
set_and_read_again(struct record *rec, const uint8_t *data, size_t size)
{
	static const char *const names[] = {"verification", "kind", "id", "new"};
	struct record again = RECORD_INIT;

	for (size_t i = 0; i < 4 && i < size; i++) {
		const char *name = names[data[i] & 3];

		if (data[i] & 4)
			(void)record_set(rec, name, "{\"verdict\":\"pass\"}", 18, NULL);
		else
			(void)record_set(rec, name, "12", 2, NULL);
	}
	if (record_parse(&again, rec->line.data, rec->line.len, NULL) < 0)
		abort();
	assert(again.kind == rec->kind);
	assert(again.member_count == rec->member_count);
	record_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record_filter *filter;
	struct record rec = RECORD_INIT;
	struct err err = {0};

	if (!filter && record_filter_new(&filter, ".id == 7 and (.path | test(\"x\"))", NULL) < 0)
		abort();
	if (record_parse(&rec, (const char *)data, size, &err) == 0) {
		assert(rec.line.len == size);
		ask_everything(&rec);
		/* jq must be able to read whatever we believe. */
		if (record_filter_run(filter, &rec, &err) < 0)
			assert(!strstr(err.msg, "cannot read the record"));
		set_and_read_again(&rec, data, size);
	} else {
		assert(err.msg[0]);
	}
	record_release(&rec);
	return 0;
}
