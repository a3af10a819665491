// Follow the blocks of a container beside libarchive, and weigh what the two found.
#include "archive/watch_private.h"

#define PIECE_MAX (4U << 20) /* larger than any header that is one */

static const struct archive_watcher *
watcher_of(enum archive_kind kind)
{
	switch (kind) {
	case ARCHIVE_KIND_RAR:
		return &archive_watch_rar;
	case ARCHIVE_KIND_CAB:
		return &archive_watch_cab;
	case ARCHIVE_KIND_ISO9660:
		return &archive_watch_iso9660;
	case ARCHIVE_KIND_WARC:
		return &archive_watch_warc;
	case ARCHIVE_KIND_AR:
		return &archive_watch_ar;
	case ARCHIVE_KIND_NONE:
	case ARCHIVE_KIND_TAR:
	case ARCHIVE_KIND_ZIP:
	case ARCHIVE_KIND_7ZIP:
	case ARCHIVE_KIND_CPIO:
	case ARCHIVE_KIND_LHA:
	case ARCHIVE_KIND_XAR:
		break;
	}
	return NULL;
}

struct archive_watch *
archive_watch_new(enum archive_kind kind)
{
	const struct archive_watcher *watcher = watcher_of(kind);
	if (!watcher)
		return NULL;
	struct archive_watch *watch = mem_alloc(sizeof(*watch));
	watch->kind = watcher;
	watch->state = mem_alloc(watcher->state_size);
	archive_watch_go(watch, 0, watcher->first);
	return watch;
}

void
archive_watch_free(struct archive_watch *watch)
{
	if (!watch)
		return;
	free(watch->state);
	free(watch->data);
	free(watch);
}

void
archive_watch_need(struct archive_watch *watch, size_t need)
{
	if (need > PIECE_MAX) {
		archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, "a header without measure");
		return;
	}
	if (need > watch->cap) {
		watch->cap = need < 1024 ? 1024 : need * 2;
		watch->data = mem_resize(watch->data, watch->cap, 1);
	}
	watch->need = need;
}

void
archive_watch_go(struct archive_watch *watch, uint64_t skip, size_t need)
{
	watch->have = 0;
	watch->skip = skip;
	watch->crc = 0;
	archive_watch_need(watch, need);
}

void
archive_watch_fault(struct archive_watch *watch, enum archive_fault fault, const char *detail)
{
	if (watch->fault == ARCHIVE_FAULT_NONE) {
		watch->fault = fault;
		watch->fault_at = watch->pos;
		snprintf(watch->detail, sizeof(watch->detail), "%s", detail);
	}
	watch->done = true;
}

void
archive_watch_besides(struct archive_watch *watch, enum archive_fault fault, const char *detail)
{
	if (watch->besides != ARCHIVE_FAULT_NONE)
		return;
	watch->besides = fault;
	watch->besides_detail = detail;
}

static size_t
least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

void
archive_watch_add(struct archive_watch *watch, const uint8_t *data, size_t len)
{
	while (len && !watch->done) {
		size_t n = least(watch->skip, len);
		if (n) {
			watch->crc = codec_crc32(watch->crc, data, n);
			watch->skip -= n;
		} else {
			n = least(watch->need - watch->have, len);
			memcpy(watch->data + watch->have, data, n);
			watch->have += n;
		}
		watch->pos += n;
		data += n;
		len -= n;
		while (!watch->skip && watch->have == watch->need && !watch->done)
			watch->kind->piece(watch);
	}
	watch->pos += len;
}

static void
set(struct archive_walker *w, enum archive_fault fault, uint64_t at, const char *detail)
{
	w->result->fault = ARCHIVE_FAULT_NONE;
	archive_fault_set(w, fault, "%s", detail);
	w->result->offset = at;
}

/* A verdict that nobody's opinion on the blocks can change. */
static bool
is_settled(const struct archive_walker *w)
{
	switch (w->result->fault) {
	case ARCHIVE_FAULT_BOMB:
	case ARCHIVE_FAULT_TIME:
	case ARCHIVE_FAULT_STOPPED:
	case ARCHIVE_FAULT_INPUT:
		return true;
	case ARCHIVE_FAULT_NONE:
	case ARCHIVE_FAULT_TRUNCATED:
	case ARCHIVE_FAULT_DAMAGED:
	case ARCHIVE_FAULT_ENCRYPTED:
	case ARCHIVE_FAULT_UNSUPPORTED:
		break;
	}
	return codec_status(w->codec)->fault != CODEC_FAULT_NONE;
}

void
archive_watch_judge(struct archive_watch *watch, struct archive_stream *s)
{
	struct archive_walker *w = s->w;
	struct archive_result *r = w->result;
	char said[ARRAY_LEN(r->detail)];
	while (!is_settled(w) && archive_stream_next(s) > 0)
		continue;
	if (is_settled(w))
		return;
	if (!watch->done)
		watch->kind->end(watch);
	memcpy(said, r->detail, sizeof(said));
	if (watch->fault != ARCHIVE_FAULT_NONE) {
		set(w, watch->fault, watch->fault_at, watch->detail);
	} else if (watch->besides != ARCHIVE_FAULT_NONE) {
		set(w, watch->besides, r->offset, watch->besides_detail);
	} else if (watch->kind->proves &&
	    (r->fault == ARCHIVE_FAULT_DAMAGED || r->fault == ARCHIVE_FAULT_TRUNCATED)) {
		set(w, ARCHIVE_FAULT_UNSUPPORTED, r->offset, "");
		snprintf(r->detail, sizeof(r->detail),
		    "its blocks are whole, but libarchive does not unpack it: %.120s", said);
	} else if (r->fault == ARCHIVE_FAULT_NONE &&
	    (watch->counts ? watch->entries != r->entries : watch->entries && !r->entries)) {
		set(w, ARCHIVE_FAULT_UNSUPPORTED, r->offset,
		    "libarchive does not find every entry");
	}
	r->complete = r->fault == ARCHIVE_FAULT_NONE && watch->complete;
	r->checked = r->complete && watch->kind->proves && !watch->unchecked;
}
