// The walk that all formats share: limits, warnings, the visitor, and draining to the end.
#include <stdarg.h>

#include "archive/archive_private.h"

#define MAX_ENTRIES 10000000
#define RATIO_FLOOR (100 * 1024 * 1024)
#define CLOCK_EVERY (1024 * 1024)
#define ENTRY_COST  4096 /* an entry counts like so many bytes for the clock */

int
archive_fault_set(struct archive_walker *w, enum archive_fault fault, const char *fmt, ...)
{
	if (w->result->fault != ARCHIVE_FAULT_NONE)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(w->result->detail, sizeof(w->result->detail), fmt, ap);
	va_end(ap);
	w->result->fault = fault;
	w->result->offset = w->read;
	return -1;
}

static enum archive_fault
from_codec(enum codec_fault fault)
{
	switch (fault) {
	case CODEC_FAULT_NONE:
		return ARCHIVE_FAULT_NONE;
	case CODEC_FAULT_TRUNCATED:
		return ARCHIVE_FAULT_TRUNCATED;
	case CODEC_FAULT_DAMAGED:
		return ARCHIVE_FAULT_DAMAGED;
	case CODEC_FAULT_BOMB:
		return ARCHIVE_FAULT_BOMB;
	case CODEC_FAULT_MEMORY:
		return ARCHIVE_FAULT_UNSUPPORTED;
	case CODEC_FAULT_TIME:
		return ARCHIVE_FAULT_TIME;
	case CODEC_FAULT_INPUT:
		return ARCHIVE_FAULT_INPUT;
	}
	return ARCHIVE_FAULT_DAMAGED;
}

/* -1 if the codec has a fault, which is now ours. */
static int
take_codec_fault(struct archive_walker *w)
{
	const struct codec_status *s = codec_status(w->codec);
	if (s->fault == CODEC_FAULT_NONE)
		return 0;
	return archive_fault_set(w, from_codec(s->fault), "%s: %s", codec_name(s->type),
	    *s->detail ? s->detail : codec_fault_name(s->fault));
}

ssize_t
archive_take(struct archive_walker *w, const uint8_t **ret_data)
{
	ssize_t n = codec_read(w->codec, ret_data, w->err);
	if (n < 0) {
		(void)take_codec_fault(w);
		return -1;
	}
	w->read += (uint64_t)n;
	w->stream_ended = n == 0;
	return n;
}

static int
check_clock(struct archive_walker *w, uint64_t cost)
{
	if (!w->limits.deadline_ms)
		return 0;
	if (w->clock_at > cost) {
		w->clock_at -= cost;
		return 0;
	}
	w->clock_at = CLOCK_EVERY;
	if (clock_mono_ms() > w->limits.deadline_ms)
		return archive_fault_set(w, ARCHIVE_FAULT_TIME, "takes longer than allowed");
	return 0;
}

static int
check_size(struct archive_walker *w, uint64_t extra)
{
	const struct archive_limits *l = &w->limits;
	uint64_t total = w->result->bytes + extra;
	if (total < extra || (l->max_bytes && total > l->max_bytes))
		return archive_fault_set(w, ARCHIVE_FAULT_BOMB, "more content than allowed");
	uint64_t in = codec_status(w->codec)->in;
	if (l->max_ratio && total > l->ratio_floor && total / l->max_ratio > in)
		return archive_fault_set(w, ARCHIVE_FAULT_BOMB, "a higher ratio than allowed");
	return 0;
}

static void
note_name(struct archive_result *r, const struct archive_item *item)
{
	const char *unsafe = archive_item_unsafe(item->name, item->name_len);
	if (unsafe && !strcmp(unsafe, "absolute"))
		r->warnings |= ARCHIVE_WARN_ABSOLUTE;
	if (unsafe && !strcmp(unsafe, "dotdot"))
		r->warnings |= ARCHIVE_WARN_DOTDOT;
	switch (item->type) {
	case ARCHIVE_TYPE_FIFO:
	case ARCHIVE_TYPE_CHAR:
	case ARCHIVE_TYPE_BLOCK:
	case ARCHIVE_TYPE_SOCKET:
	case ARCHIVE_TYPE_OTHER:
		r->warnings |= ARCHIVE_WARN_SPECIAL;
		break;
	case ARCHIVE_TYPE_FILE:
	case ARCHIVE_TYPE_DIRECTORY:
	case ARCHIVE_TYPE_SYMLINK:
	case ARCHIVE_TYPE_HARDLINK:
		break;
	}
}

int
archive_begin_item(struct archive_walker *w, const struct archive_item *item, bool *ret_wanted)
{
	*ret_wanted = false;
	if (w->result->entries >= w->limits.max_entries)
		return archive_fault_set(w, ARCHIVE_FAULT_BOMB, "more entries than allowed");
	if (check_clock(w, ENTRY_COST) < 0)
		return -1;
	/* A declared size past the limit need not be read to be refused. */
	if (item->size_known && w->limits.max_bytes && check_size(w, item->size) < 0)
		return -1;
	note_name(w->result, item);
	if (!w->visitor || !w->visitor->entry)
		return 0;
	int r = w->visitor->entry(w->visitor->arg, item, w->err);
	if (r < 0)
		return archive_fault_set(w, ARCHIVE_FAULT_STOPPED, "stopped");
	*ret_wanted = r > 0 && w->visitor->data;
	return 0;
}

int
archive_item_data(struct archive_walker *w, const struct archive_item *item, bool wanted,
    const void *data, size_t len, uint64_t offset, uint64_t *end)
{
	if (offset < *end || offset + len < offset)
		return archive_fault_set(w, ARCHIVE_FAULT_DAMAGED, "content that overlaps itself");
	if (item->size_known && offset + len > item->size)
		return archive_fault_set(w, ARCHIVE_FAULT_DAMAGED, "more content than declared");
	uint64_t grown = offset + len - *end;
	*end = offset + len;
	w->result->bytes += grown;
	if (check_size(w, 0) < 0 || check_clock(w, len) < 0)
		return -1;
	if (wanted && len && w->visitor->data(w->visitor->arg, data, len, offset, w->err) < 0)
		return archive_fault_set(w, ARCHIVE_FAULT_STOPPED, "stopped");
	return 0;
}

int
archive_end_item(struct archive_walker *w, const struct archive_item *item, uint64_t size)
{
	struct archive_result *r = w->result;
	if (w->visitor && w->visitor->end &&
	    w->visitor->end(w->visitor->arg, item, size, w->err) < 0)
		return archive_fault_set(w, ARCHIVE_FAULT_STOPPED, "stopped");
	r->entries++;
	if (item->type == ARCHIVE_TYPE_FILE)
		r->files++;
	size_t n = item->name_len < sizeof(r->last) ? item->name_len : sizeof(r->last) - 1;
	memcpy(r->last, item->name, n);
	r->last[n] = '\0';
	return 0;
}

static void
walk_kind(struct archive_walker *w)
{
	enum archive_kind kind = w->result->kind;
	bool summed = false;
	switch (kind) {
	case ARCHIVE_KIND_NONE:
		if (codec_status(w->codec)->fault)
			archive_fault_set(w, from_codec(codec_status(w->codec)->fault), "%s",
			    codec_status(w->codec)->detail);
		archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "no archive");
		break;
	case ARCHIVE_KIND_ZIP:
		archive_walk_zip(w);
		break;
	case ARCHIVE_KIND_7ZIP:
		if (archive_check_7zip(w) == 0)
			archive_walk_library(w, kind);
		break;
	case ARCHIVE_KIND_XAR:
		if (archive_check_xar(w, &summed) == 0)
			archive_walk_library(w, kind);
		w->result->checked = w->result->complete && summed;
		break;
	case ARCHIVE_KIND_TAR:
	case ARCHIVE_KIND_CPIO:
	case ARCHIVE_KIND_ISO9660:
	case ARCHIVE_KIND_RAR:
	case ARCHIVE_KIND_CAB:
	case ARCHIVE_KIND_LHA:
	case ARCHIVE_KIND_AR:
	case ARCHIVE_KIND_WARC:
		archive_walk_library(w, kind);
		break;
	}
}

/* These have a directory, at their end or before it, that says where everything is. */
static bool
is_read_anywhere(enum archive_kind kind)
{
	return kind == ARCHIVE_KIND_ZIP || kind == ARCHIVE_KIND_7ZIP || kind == ARCHIVE_KIND_XAR;
}

/* Such a one inside a compression, or out of a pipe. */
static void
walk_nested(struct archive_walker *w)
{
	struct codec *outer = w->codec;
	struct codec_nest *nest = NULL;
	struct codec_limits l = {.deadline_ms = w->limits.deadline_ms};
	struct err own = {0};
	if (codec_nest_open(&nest, outer, &l, &own) < 0) {
		if (take_codec_fault(w) == 0)
			archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "%.150s", own.msg);
		return;
	}
	struct codec_input input = codec_nest_input(nest);
	if (codec_open_as(&w->codec, CODEC_NONE, &input, &l, w->err) < 0)
		archive_fault_set(w, ARCHIVE_FAULT_INPUT, "input");
	else
		walk_kind(w);
	if (w->result->fault == ARCHIVE_FAULT_INPUT && w->err->code == ERR_LIMIT) {
		w->result->fault = ARCHIVE_FAULT_NONE;
		archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "%.150s", w->err->msg);
	}
	if (w->codec != outer)
		codec_close(w->codec);
	w->codec = outer;
	codec_nest_close(nest);
}

int
archive_walk(struct codec *codec, enum archive_kind kind, const struct archive_limits *limits,
    const struct archive_visitor *visitor, struct archive_result *ret_result, struct err *err)
{
	struct err own = {0};
	struct archive_walker w = {
	    .codec = codec, .visitor = visitor, .result = ret_result, .err = err ? err : &own};
	*ret_result = (struct archive_result){.kind = kind};
	if (limits)
		w.limits = *limits;
	if (!w.limits.max_entries)
		w.limits.max_entries = MAX_ENTRIES;
	if (!w.limits.ratio_floor)
		w.limits.ratio_floor = RATIO_FLOOR;
	if (is_read_anywhere(kind) &&
	    (codec_status(codec)->type != CODEC_NONE || !codec_input(codec)->pread))
		walk_nested(&w);
	else
		walk_kind(&w);
	if (codec_status(codec)->garbage)
		ret_result->warnings |= ARCHIVE_WARN_GARBAGE;
	return ret_result->fault == ARCHIVE_FAULT_STOPPED ||
		ret_result->fault == ARCHIVE_FAULT_INPUT
	    ? -1
	    : 0;
}

const char *
archive_item_unsafe(const char *name, size_t len)
{
	if (len == 0)
		return "empty";
	if (memchr(name, '\0', len))
		return "nul";
	if (name[0] == '/')
		return "absolute";
	for (const char *p = name, *end = name + len; p < end;) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		const char *stop = slash ? slash : end;
		if (stop - p == 2 && p[0] == '.' && p[1] == '.')
			return "dotdot";
		p = stop + 1;
	}
	return NULL;
}

const char *
archive_kind_name(enum archive_kind kind)
{
	static const char *const names[] = {
	    [ARCHIVE_KIND_NONE] = "none",
	    [ARCHIVE_KIND_TAR] = "tar",
	    [ARCHIVE_KIND_ZIP] = "zip",
	    [ARCHIVE_KIND_7ZIP] = "7zip",
	    [ARCHIVE_KIND_CPIO] = "cpio",
	    [ARCHIVE_KIND_ISO9660] = "iso9660",
	    [ARCHIVE_KIND_RAR] = "rar",
	    [ARCHIVE_KIND_CAB] = "cab",
	    [ARCHIVE_KIND_LHA] = "lha",
	    [ARCHIVE_KIND_XAR] = "xar",
	    [ARCHIVE_KIND_AR] = "ar",
	    [ARCHIVE_KIND_WARC] = "warc",
	};
	return (size_t)kind < ARRAY_LEN(names) ? names[kind] : "none";
}

const char *
archive_fault_name(enum archive_fault fault)
{
	static const char *const names[] = {
	    [ARCHIVE_FAULT_NONE] = "none",
	    [ARCHIVE_FAULT_TRUNCATED] = "truncated",
	    [ARCHIVE_FAULT_DAMAGED] = "damaged",
	    [ARCHIVE_FAULT_BOMB] = "bomb",
	    [ARCHIVE_FAULT_ENCRYPTED] = "encrypted",
	    [ARCHIVE_FAULT_UNSUPPORTED] = "unsupported",
	    [ARCHIVE_FAULT_TIME] = "time",
	    [ARCHIVE_FAULT_STOPPED] = "stopped",
	    [ARCHIVE_FAULT_INPUT] = "input",
	};
	return (size_t)fault < ARRAY_LEN(names) ? names[fault] : "none";
}
