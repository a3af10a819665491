// What the bytes are, and whether every check they have passes: codec, format, name, level.
#include <stdarg.h>

#include "verify/verify_private.h"

/* The order is the order of the bids. */
static const struct verify_format *const formats[] = {
    &verify_format_basebackup,
    &verify_format_pgtar,
    &verify_format_tar,
    &verify_format_zip,
    &verify_format_7zip,
    &verify_format_cpio,
    &verify_format_rar,
    &verify_format_cab,
    &verify_format_xar,
    &verify_format_ar,
    &verify_format_warc,
    &verify_format_sqlite,
    &verify_format_pgcustom,
    &verify_format_redis,
    &verify_format_mongodump,
    &verify_format_qcow2,
    &verify_format_encrypted,
    &verify_format_postgresql,
    &verify_format_mysql,
    &verify_format_sqlite_dump,
    &verify_format_redis_aof,
    &verify_format_ldif,
    &verify_format_lha,
    &verify_format_iso9660,
    &verify_format_sql,
    NULL,
};

int
verify_content_set(struct verify_content *c, enum record_verdict verdict, enum verify_reason reason,
    const char *fmt, ...)
{
	if (c->verdict != RECORD_VERDICT_PASS)
		return 0;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
	va_end(ap);
	c->verdict = verdict;
	c->reason = reason;
	c->level = RECORD_LEVEL_NONE;
	return 0;
}

/* A fault of the decompressor as a verdict. */
static int
add_codec_fault(struct verify_content *c, const struct codec_status *s)
{
	const char *name = codec_name(s->type);
	const char *detail = *s->detail ? s->detail : codec_fault_name(s->fault);
	/* What the format said is only a consequence. */
	c->verdict = RECORD_VERDICT_PASS;
	switch (s->fault) {
	case CODEC_FAULT_NONE:
		break;
	case CODEC_FAULT_TRUNCATED:
		c->offset = s->out;
		return verify_content_set(c, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "%s: %s, at byte %llu", name, detail, (unsigned long long)s->in);
	case CODEC_FAULT_DAMAGED:
		c->offset = s->out;
		return verify_content_set(c, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "%s: %s, at byte %llu", name, detail, (unsigned long long)s->in);
	case CODEC_FAULT_BOMB:
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_BOMB, "%s: %s", name, detail);
	case CODEC_FAULT_MEMORY:
		return verify_content_set(c, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED,
		    "%s: needs more memory than allowed (%s)", name, detail);
	case CODEC_FAULT_TIME:
		return verify_content_set(c, RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT,
		    "%s: takes longer than allowed", name);
	case CODEC_FAULT_INPUT:
		return -1;
	}
	return 0;
}

static const struct beginning {
	const char *name, *bytes;
	size_t len;
} beginnings[] = {
    {"gzip", "\x1f\x8b\x08", 3},
    {"bzip2", "BZh", 3},
    {"xz",
	"\xfd"
	"7zXZ",
	6},
    {"zstd", "\x28\xb5\x2f\xfd", 4},
    {"lz4", "\x04\x22\x4d\x18", 4},
    {"lzip", "LZIP", 4},
    {"compress", "\x1f\x9d\x90", 3},
    {"zip", "PK\x03\x04", 4},
    {"7zip", "7z\xbc\xaf\x27\x1c", 6},
    {"cpio", "070701", 6},
    {"cpio", "070702", 6},
    {"cpio", "070707", 6},
    {"rar", "Rar!\x1a\7\1", 8},
    {"cab", "MSCF\0\0\0", 8},
    {"xar", "xar!", 4},
    {"ar", "!<arch>\n", 8},
    {"warc", "WARC/1.", 7},
    {"pg_custom", "PGDMP", 5},
    {"sqlite", "SQLite format 3", 16},
    {"redis", "REDIS0011", 9},
    {"ldif", "# extended LDIF", 15},
    {"redis_aof", "*2\r\n$6\r\nSELECT", 14},
    {"mongodump", "\x6d\xe2\x99\x81", 4},
    {"qcow2", "QFI\xfb", 4},
    {"postgresql", "--\n-- PostgreSQL database dump\n", 31},
    {"postgresql", "--\n-- PostgreSQL database cluster dump\n", 39},
    {"mysql", "-- MySQL dump ", 14},
    {"mysql", "-- MariaDB dump ", 16},
    {"mysql", "/*M!999999\\- enable the sandbox mode */", 39},
    {"sqlite_dump", "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;", 43},
};

const char *
verify_begins_like(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
		if (len < beginnings[i].len && !memcmp(data, beginnings[i].bytes, len))
			return beginnings[i].name;
	return NULL;
}

/* No format of ours: every byte is decoded, and that is all that can be said. */
static int
check_opaque(struct verify_stream *s, struct err *err)
{
	bool zero = true;
	const char *like = verify_begins_like(s->head, s->head_len);
	const uint8_t *data;
	ssize_t n;
	while ((n = codec_read(s->codec, &data, err)) > 0) {
		zero = zero && data[0] == 0 && !memcmp(data, data + 1, (size_t)n - 1);
		verify_tail_add(&s->out->tail, data, (size_t)n);
	}
	if (n < 0)
		return 0; /* the codec's fault says it */
	if (s->data)
		zero = false;
	else if (like)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends inside the first bytes of %s", like);
	const struct codec_status *status = codec_status(s->codec);
	if (zero && status->out)
		return verify_content_set(
		    s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED, "nothing but zero bytes");
	if (status->type == CODEC_NONE || status->type == CODEC_COMPRESS)
		return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "no format that can be looked into");
	s->out->warnings |= VERIFY_WARN_UNKNOWN;
	return 0;
}

/* A name that promises a container, and content that is something else. */
static int
check_name(struct verify_stream *s, const struct verify_format *format)
{
	struct archive_promise p;
	enum codec_type codec = codec_status(s->codec)->type;
	archive_promise_of(s->name, &p);
	if (format == &verify_format_encrypted || p.encrypted)
		return 0;
	if (p.codec != CODEC_NONE && p.codec != codec)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_FOREIGN,
		    "its name promises %s, its content is %s", codec_name(p.codec),
		    codec != CODEC_NONE ? codec_name(codec)
			: format        ? format->name
					: "something else");
	/* SQL is judged by its format. */
	if (!p.format || !strcmp(p.format, "sql") ||
	    (format && (p.kind == ARCHIVE_KIND_NONE || format->archive == p.kind)))
		return 0;
	return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_FOREIGN,
	    "its name promises %s, its content is %s", p.format,
	    format ? format->name : "something else");
}

/* A stream without a byte, or a tar of zeros only: a backup of nothing. */
static bool
is_empty(const struct verify_stream *s)
{
	return s->head_len == 0 && !codec_status(s->codec)->fault;
}

/* An archive with its directory at its end, inside a compression. */
static int
check_nested(struct verify_stream *s, const struct verify_format *format, struct err *err)
{
	struct verify_stream inner = *s;
	struct codec_nest *nest = NULL;
	struct codec_limits l = {.memory = s->limits->memory, .deadline_ms = s->deadline_ms};
	struct err own = {0};
	if (codec_nest_open(&nest, s->codec, &l, &own) < 0) {
		if (codec_status(s->codec)->fault) /* which says what is wrong */
			return 0;
		return verify_content_set(
		    s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED, "%s", own.msg);
	}
	struct codec_input input = codec_nest_input(nest);
	int r = codec_open_as(&inner.codec, CODEC_NONE, &input, &l, err);
	if (r == 0)
		r = format->check(&inner, &own);
	if (r < 0 && own.code == ERR_LIMIT)
		r = verify_content_set(
		    s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED, "%s", own.msg);
	else if (r < 0 && err)
		*err = own;
	codec_close(inner.codec);
	codec_nest_close(nest);
	return r;
}

static int
check_stream(struct verify_stream *s, struct err *err)
{
	struct verify_content *c = s->out;
	const struct verify_format *format = NULL;
	if (is_empty(s))
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "there is nothing in it");
	for (size_t i = 0; formats[i] && !format && !s->data; i++) {
		s->format = formats[i];
		if (s->format->bid(s))
			format = s->format;
	}
	if (format)
		snprintf(c->format, sizeof(c->format), "%s", format->name);
	check_name(s, format);
	/* A head that was cut says nothing; the fault of the codec does. */
	if (codec_status(s->codec)->fault)
		c->verdict = RECORD_VERDICT_PASS;
	struct verify_content named = *c;
	int r = !format ? check_opaque(s, err)
	    : format->anywhere &&
		(codec_status(s->codec)->type != CODEC_NONE || !codec_input(s->codec)->pread)
	    ? check_nested(s, format, err)
	    : format->check(s, err);
	if (named.verdict == RECORD_VERDICT_FAIL && c->verdict != RECORD_VERDICT_ERROR)
		*c = named;
	return r;
}

/* The levels: intact if checksums cover all of it, complete if its end was seen. */
static void
conclude(struct verify_content *c, const struct codec_status *s)
{
	if (s->type != CODEC_NONE)
		snprintf(c->codec, sizeof(c->codec), "%s", codec_name(s->type));
	c->bytes = s->out;
	if (s->garbage)
		c->warnings |= VERIFY_WARN_GARBAGE;
	if (c->verdict != RECORD_VERDICT_PASS)
		return;
	if (s->type != CODEC_NONE && s->checked)
		c->level = RECORD_LEVEL_INTACT;
	if (c->level != RECORD_LEVEL_INTACT)
		c->warnings |= VERIFY_WARN_UNCHECKED;
}

int
verify_content_check(const struct codec_input *input, const struct verify_job *job,
    const struct verify_limits *limits, int64_t deadline_ms, struct verify_content *ret_content,
    struct err *err)
{
	static const struct verify_limits none;
	struct codec *codec = NULL;
	if (!limits)
		limits = &none;
	struct codec_limits cl = {
	    .memory = limits->memory,
	    .max_bytes = limits->max_bytes,
	    .max_ratio = limits->max_ratio,
	    .deadline_ms = deadline_ms,
	    .threads = limits->threads,
	};
	*ret_content =
	    (struct verify_content){.verdict = RECORD_VERDICT_PASS, .level = RECORD_LEVEL_COMPLETE};
	struct verify_stream s = {.name = job->name ? job->name : "",
	    .data = job->role == VERIFY_ROLE_DATA,
	    .manifest = job->role == VERIFY_ROLE_MEMBERS ? job->aside : -1,
	    .limits = limits,
	    .deadline_ms = deadline_ms,
	    .out = ret_content};
	if (codec_open(&codec, input, &cl, err) < 0)
		return -1;
	s.codec = codec;
	struct verify_sample sample = {0};
	codec_watch(codec, verify_sample_add, &sample);
	int r = -1;
	ssize_t n = codec_peek(codec, &s.head, CODEC_PEEK_MAX, err);
	if (n < 0)
		goto out;
	s.head_len = (size_t)n;
	r = check_stream(&s, err);
	if (r < 0)
		goto out;
	/* Whatever the format stopped at: the compression is read to its end. */
	if (ret_content->reason != VERIFY_REASON_BOMB)
		(void)codec_drain(codec, NULL);
	const struct codec_status *status = codec_status(codec);
	if (status->fault != CODEC_FAULT_NONE && status->fault != CODEC_FAULT_INPUT &&
	    ret_content->reason != VERIFY_REASON_BOMB)
		add_codec_fault(ret_content, status);
	if (status->fault == CODEC_FAULT_INPUT)
		r = err_set(err, ERR_IO, "cannot read");
	if (ret_content->verdict == RECORD_VERDICT_FAIL &&
	    (ret_content->reason == VERIFY_REASON_TRUNCATED ||
		ret_content->reason == VERIFY_REASON_FOREIGN) &&
	    archive_name_is_part(s.name)) {
		ret_content->verdict = RECORD_VERDICT_PASS;
		(void)verify_content_set(ret_content, RECORD_VERDICT_SKIP,
		    VERIFY_REASON_UNSUPPORTED,
		    "a part of what was split, by its name: only the whole can be looked into");
	}
	conclude(ret_content, status);
	ret_content->entropy = verify_sample_entropy(&sample);
out:
	codec_close(codec);
	return r;
}
