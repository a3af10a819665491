// libjq with its sharp edges covered: nothing here aborts, and complaints are one short line.
#include <jq.h>
#include <jv.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "record/jq_private.h"

#define COMPLAINT_MAX 160 /* bytes of jq's own words in a message */

struct record_jq {
	jq_state *state;
	char *subject;
	struct buf complaint; /* what jq said while it compiled */
};

/* jq hands its complaint over as any kind of value. */
static void
collect(void *ctx, jv msg)
{
	struct record_jq *jq = ctx;

	if (jv_get_kind(msg) == JV_KIND_STRING) {
		buf_add(&jq->complaint, jv_string_value(msg),
		    (size_t)jv_string_length_bytes(jv_copy(msg)));
		buf_char(&jq->complaint, '\n');
	}
	jv_free(msg);
}

/* The first line without jq's own "jq: error: ", cut at a whole character. */
static const char *
first_line(struct buf *text)
{
	static const char *const prefixes[] = {"jq: error: ", "jq: error ", "jq: "};
	const char *s = text->data;
	size_t len, i = 0, n;

	for (size_t p = 0; p < ARRAY_LEN(prefixes); p++) {
		if (str_has_prefix(s, prefixes[p])) {
			s += strlen(prefixes[p]);
			break;
		}
	}
	len = strcspn(s, "\n");
	while (i < len && i < COMPLAINT_MAX) {
		n = str_utf8_len(s + i, len - i);
		i += n ? n : 1;
	}
	while (i > 0 && (s[i - 1] == ' ' || s[i - 1] == ':'))
		i--;
	text->data[(size_t)(s - text->data) + i] = '\0';
	return *s ? s : "no reason given";
}

static jv
arguments(const struct record_argument *args)
{
	jv named = jv_object();

	for (; args && args->name; args++)
		named = jv_object_set(
		    named, jv_string(args->name), args->value ? jv_string(args->value) : jv_null());
	return named;
}

static void
set_library(jq_state *state, const char *const *library)
{
	jv paths = jv_array();

	for (; library && *library; library++)
		paths = jv_array_append(paths, jv_string(*library));
	jq_set_attr(state, jv_string("JQ_LIBRARY_PATH"), paths);
}

int
record_jq_new(struct record_jq **ret_jq, const char *program, const char *subject,
    const char *const *library, const struct record_argument *args, enum err_code code,
    struct err *err)
{
	struct record_jq *jq = mem_alloc(sizeof(*jq));

	jq->complaint = BUF_INIT_MAX((size_t)64 << 10);
	jq->subject = mem_strdup(subject);
	jq->state = jq_init();
	if (!jq->state) {
		record_jq_free(jq);
		return err_set(err, ERR_UNSUPPORTED, "cannot start libjq");
	}
	jq_set_error_cb(jq->state, collect, jq);
	set_library(jq->state, library);
	if (!jq_compile_args(jq->state, program, arguments(args))) {
		(void)err_set(err, code, "%s: %s", subject, first_line(&jq->complaint));
		record_jq_free(jq);
		return -1;
	}
	*ret_jq = jq;
	return 0;
}

void
record_jq_free(struct record_jq *jq)
{
	if (!jq)
		return;
	if (jq->state)
		jq_teardown(&jq->state);
	buf_release(&jq->complaint);
	free(jq->subject);
	free(jq);
}

int
record_jq_start(struct record_jq *jq, const char *json, size_t len, struct err *err)
{
	jv value;

	if (len > INT_MAX)
		return err_set(err, ERR_LIMIT, "%s: the document is too large for jq", jq->subject);
	value = jv_parse_sized(json, (int)len);
	if (!jv_is_valid(value)) {
		jv_free(value);
		return err_set(err, ERR_FORMAT, "%s: jq cannot read the record", jq->subject);
	}
	buf_clear(&jq->complaint);
	jq_start(jq->state, value, 0);
	return 0;
}

static void
add_result(struct buf *out, jv value)
{
	jv text = jv_get_kind(value) == JV_KIND_STRING ? jv_copy(value)
						       : jv_dump_string(jv_copy(value), 0);

	buf_add(out, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	buf_char(out, '\n');
	jv_free(text);
}

/* A result that is no value: the end, or an error whose message may be of any kind. */
static int
finish(struct record_jq *jq, jv invalid, struct err *err)
{
	jv msg;

	if (!jv_invalid_has_msg(jv_copy(invalid))) {
		jv_free(invalid);
		return 0;
	}
	msg = jv_invalid_get_msg(invalid);
	if (jv_get_kind(msg) != JV_KIND_STRING)
		msg = jv_dump_string(msg, 0);
	buf_clear(&jq->complaint);
	buf_add(&jq->complaint, jv_string_value(msg), (size_t)jv_string_length_bytes(jv_copy(msg)));
	jv_free(msg);
	return err_set(err, ERR_FORMAT, "%s: %s", jq->subject, first_line(&jq->complaint));
}

int
record_jq_next(struct record_jq *jq, struct buf *out, bool *ret_true, struct err *err)
{
	jv value = jq_next(jq->state);
	jv_kind kind;

	if (!jv_is_valid(value))
		return finish(jq, value, err);
	kind = jv_get_kind(value);
	if (ret_true)
		*ret_true = kind != JV_KIND_NULL && kind != JV_KIND_FALSE;
	if (out)
		add_result(out, value);
	jv_free(value);
	if (out && out->failed)
		return err_set(
		    err, ERR_LIMIT, "%s: more than %zu bytes of output", jq->subject, out->max);
	return 1;
}
