// Taking stored verdicts and lists of reasons apart.
#include "report/report_private.h"

static bool
parse(struct report *r, const char *json)
{
	return json && record_parse(&r->scratch, json, strlen(json), NULL) == 0;
}

void
report_verdict_read(struct report *r, const char *json, struct report_verdict *ret_verdict)
{
	const char *reason;

	*ret_verdict = (struct report_verdict){.at = CLOCK_NONE};
	if (!parse(r, json))
		return;
	ret_verdict->verdict = record_word_of(&r->scratch, "verdict", RECORD_LIST_VERDICT);
	reason = record_str(&r->scratch, "reason");
	if (reason)
		(void)snprintf(ret_verdict->reason, sizeof(ret_verdict->reason), "%.*s",
		    (int)sizeof(ret_verdict->reason) - 1, reason);
	if (!record_time(&r->scratch, "at", &ret_verdict->at))
		ret_verdict->at = CLOCK_NONE;
}

void
report_verdict_json(struct report *r, struct json *j, const char *key, const char *json)
{
	static const char *const shown[] = {"verdict", "reason", "level", "at", "handler",
	    "entries", "bytes", "ms", "warnings", "message"};

	if (!parse(r, json))
		return;
	json_object(j, key);
	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		size_t len;
		const char *raw = record_raw(&r->scratch, shown[i], &len);

		if (raw && len <= 4096)
			json_raw(j, shown[i], raw, len);
	}
	json_object_end(j);
}

void
report_first_word(struct report *r, const char *json_array, char *out, size_t size)
{
	struct buf wrapped = BUF_INIT;
	const char *word = NULL;
	size_t pos = 0;

	out[0] = '\0';
	if (json_array) {
		buf_printf(&wrapped, "{\"a\":%s}", json_array);
		if (parse(r, wrapped.data))
			word = record_next_str(&r->scratch, "a", &pos);
		if (word)
			(void)snprintf(out, size, "%.*s", (int)size - 1, word);
	}
	buf_release(&wrapped);
}

void
report_array_json(struct json *j, const char *key, const char *json_array)
{
	if (json_array && json_array[0] == '[')
		json_raw(j, key, json_array, strlen(json_array));
}
