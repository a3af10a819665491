// Archives as formats: the strict walk of lib/archive, and what its faults mean.
#include "verify/verify_private.h"

bool
verify_archive_is(const struct verify_stream *s, enum archive_kind kind)
{
	return archive_sniff(s->head, s->head_len) == kind;
}

/* What of a fault is the backup's, what cannot be said, and what is ours. */
static const struct {
	enum record_verdict verdict;
	enum verify_reason reason;
} faults[] = {
    [ARCHIVE_FAULT_TRUNCATED] = {RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED},
    [ARCHIVE_FAULT_DAMAGED] = {RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED},
    [ARCHIVE_FAULT_BOMB] = {RECORD_VERDICT_FAIL, VERIFY_REASON_BOMB},
    [ARCHIVE_FAULT_ENCRYPTED] = {RECORD_VERDICT_SKIP, VERIFY_REASON_ENCRYPTED},
    [ARCHIVE_FAULT_UNSUPPORTED] = {RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED},
    [ARCHIVE_FAULT_TIME] = {RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT},
};

static void
judge(struct verify_content *c, const struct archive_result *r)
{
	const char *kind = archive_kind_name(r->kind);
	if (r->fault == ARCHIVE_FAULT_NONE && !r->entries)
		verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "%s: no entry in it", kind);
	else if (r->fault == ARCHIVE_FAULT_NONE && !r->complete)
		verify_content_set(c, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "%s: nothing in it says where it ends", kind);
	else if ((size_t)r->fault < ARRAY_LEN(faults) && faults[r->fault].verdict)
		verify_content_set(c, faults[r->fault].verdict, faults[r->fault].reason, "%s: %s",
		    kind, r->detail);
}

static unsigned
warnings(unsigned archive)
{
	return (archive & ARCHIVE_WARN_GARBAGE ? (unsigned)VERIFY_WARN_GARBAGE : 0) |
	    (archive & ARCHIVE_WARN_ABSOLUTE ? (unsigned)VERIFY_WARN_ABSOLUTE : 0) |
	    (archive & ARCHIVE_WARN_DOTDOT ? (unsigned)VERIFY_WARN_DOTDOT : 0) |
	    (archive & ARCHIVE_WARN_SPECIAL ? (unsigned)VERIFY_WARN_SPECIAL : 0) |
	    (archive & ARCHIVE_WARN_PREFIX ? (unsigned)VERIFY_WARN_PREFIX : 0) |
	    (archive & ARCHIVE_WARN_ZEROS ? (unsigned)VERIFY_WARN_ZEROS : 0);
}

int
verify_archive_check(struct verify_stream *s, enum archive_kind kind,
    const struct archive_visitor *visitor, struct err *err)
{
	struct archive_limits l = {
	    .max_bytes = s->limits->max_bytes,
	    .max_entries = s->limits->max_entries,
	    .max_ratio = s->limits->max_ratio,
	    .deadline_ms = s->deadline_ms,
	};
	struct archive_result r;
	if (archive_walk(s->codec, kind, &l, visitor, &r, err) < 0 &&
	    r.fault != ARCHIVE_FAULT_STOPPED)
		return -1;
	judge(s->out, &r);
	s->out->entries = r.entries;
	s->out->offset = r.fault ? r.offset : 0;
	s->out->warnings |= warnings(r.warnings);
	if (r.fault == ARCHIVE_FAULT_NONE && r.checked)
		s->out->level = RECORD_LEVEL_INTACT;
	memcpy(s->out->last, r.last, sizeof(s->out->last));
	return 0;
}

static bool
bid(const struct verify_stream *s)
{
	/* tar of nothing is two blocks of zeros, which other files may be too: ask the name. */
	struct archive_promise p;
	archive_promise_of(s->name, &p);
	bool zeros =
	    s->head_len >= 1024 && !s->head[0] && !memcmp(s->head, s->head + 1, s->head_len - 1);
	return verify_archive_is(s, s->format->archive) ||
	    (zeros && p.kind == ARCHIVE_KIND_TAR && s->format->archive == p.kind);
}

static int
check(struct verify_stream *s, struct err *err)
{
	return verify_archive_check(s, s->format->archive, NULL, err);
}

#define ARCHIVE_FORMAT(word, KIND)                                                                 \
	const struct verify_format verify_format_##word = {#word, KIND, .bid = bid, .check = check}

ARCHIVE_FORMAT(tar, ARCHIVE_KIND_TAR);
ARCHIVE_FORMAT(zip, ARCHIVE_KIND_ZIP);
ARCHIVE_FORMAT(7zip, ARCHIVE_KIND_7ZIP);
ARCHIVE_FORMAT(cpio, ARCHIVE_KIND_CPIO);
ARCHIVE_FORMAT(iso9660, ARCHIVE_KIND_ISO9660);
ARCHIVE_FORMAT(rar, ARCHIVE_KIND_RAR);
ARCHIVE_FORMAT(cab, ARCHIVE_KIND_CAB);
ARCHIVE_FORMAT(lha, ARCHIVE_KIND_LHA);
ARCHIVE_FORMAT(xar, ARCHIVE_KIND_XAR);
ARCHIVE_FORMAT(ar, ARCHIVE_KIND_AR);
ARCHIVE_FORMAT(warc, ARCHIVE_KIND_WARC);
