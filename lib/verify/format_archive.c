// Archives as formats: the strict walk of lib/archive, and what its faults mean.
#include "verify/verify_private.h"

static bool
bid(const struct verify_stream *s, enum archive_kind kind)
{
	return archive_sniff(s->head, s->head_len) == kind;
}

static int
judge(struct verify_content *c, const struct archive_result *r)
{
	const char *kind = archive_kind_name(r->kind);
	switch (r->fault) {
	case ARCHIVE_FAULT_NONE:
		if (!r->entries)
			return verify_content_set(c, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY,
			    "%s: no entry in it", kind);
		return 0;
	case ARCHIVE_FAULT_TRUNCATED:
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, "%s: %s", kind, r->detail);
	case ARCHIVE_FAULT_DAMAGED:
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED, "%s: %s", kind, r->detail);
	case ARCHIVE_FAULT_BOMB:
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_BOMB, "%s: %s", kind, r->detail);
	case ARCHIVE_FAULT_ENCRYPTED:
		return verify_content_set(
		    c, RECORD_VERDICT_SKIP, VERIFY_REASON_ENCRYPTED, "%s: %s", kind, r->detail);
	case ARCHIVE_FAULT_UNSUPPORTED:
		return verify_content_set(
		    c, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED, "%s: %s", kind, r->detail);
	case ARCHIVE_FAULT_TIME:
		return verify_content_set(
		    c, RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT, "%s: %s", kind, r->detail);
	case ARCHIVE_FAULT_STOPPED:
	case ARCHIVE_FAULT_INPUT:
		break;
	}
	return 0;
}

static unsigned
warnings(unsigned archive)
{
	return (archive & ARCHIVE_WARN_GARBAGE ? (unsigned)VERIFY_WARN_GARBAGE : 0) |
	    (archive & ARCHIVE_WARN_ABSOLUTE ? (unsigned)VERIFY_WARN_ABSOLUTE : 0) |
	    (archive & ARCHIVE_WARN_DOTDOT ? (unsigned)VERIFY_WARN_DOTDOT : 0) |
	    (archive & ARCHIVE_WARN_SPECIAL ? (unsigned)VERIFY_WARN_SPECIAL : 0) |
	    (archive & ARCHIVE_WARN_PREFIX ? (unsigned)VERIFY_WARN_PREFIX : 0);
}

static int
check(struct verify_stream *s, enum archive_kind kind, struct err *err)
{
	struct archive_limits l = {
	    .max_bytes = s->limits->max_bytes,
	    .max_entries = s->limits->max_entries,
	    .max_ratio = s->limits->max_ratio,
	};
	struct archive_result r;
	if (archive_walk(s->codec, kind, &l, NULL, &r, err) < 0)
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
bid_tar(const struct verify_stream *s)
{
	/* tar of nothing is two blocks of zeros, which other files may be too: ask the name. */
	struct verify_promise p;
	verify_promise_of(s->name, &p);
	bool zeros =
	    s->head_len >= 1024 && !s->head[0] && !memcmp(s->head, s->head + 1, s->head_len - 1);
	return bid(s, ARCHIVE_KIND_TAR) || (zeros && p.archive == ARCHIVE_KIND_TAR);
}

static int
check_tar(struct verify_stream *s, struct err *err)
{
	return check(s, ARCHIVE_KIND_TAR, err);
}

static bool
bid_zip(const struct verify_stream *s)
{
	return bid(s, ARCHIVE_KIND_ZIP);
}

static int
check_zip(struct verify_stream *s, struct err *err)
{
	return check(s, ARCHIVE_KIND_ZIP, err);
}

static bool
bid_7zip(const struct verify_stream *s)
{
	return bid(s, ARCHIVE_KIND_7ZIP);
}

static int
check_7zip(struct verify_stream *s, struct err *err)
{
	return check(s, ARCHIVE_KIND_7ZIP, err);
}

static bool
bid_cpio(const struct verify_stream *s)
{
	return bid(s, ARCHIVE_KIND_CPIO);
}

static int
check_cpio(struct verify_stream *s, struct err *err)
{
	return check(s, ARCHIVE_KIND_CPIO, err);
}

const struct verify_format verify_format_tar = {"tar", bid_tar, check_tar};
const struct verify_format verify_format_zip = {"zip", bid_zip, check_zip};
const struct verify_format verify_format_7zip = {"7zip", bid_7zip, check_7zip};
const struct verify_format verify_format_cpio = {"cpio", bid_cpio, check_cpio};
