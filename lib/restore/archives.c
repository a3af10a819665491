// The archive handlers: whatever lib/archive walks, in any compression, really extracted.
#include <string.h>
#include <sys/stat.h>

#include "restore/restore_private.h"

struct extraction {
	struct restore_child *child;
	struct restore_writer writer;
	bool skipped_special;
};

/* The walker hands out raw bytes; a NUL inside a name would make another name of it. */
static bool
has_nul(const char *bytes, size_t len)
{
	return bytes && memchr(bytes, '\0', len) != NULL;
}

static int
stop(struct err *err)
{
	return err_set(err, ERR_FORMAT, "extraction stopped");
}

static int
on_entry(void *arg, const struct archive_item *item, struct err *err)
{
	struct extraction *x = arg;
	struct restore_writer *w = &x->writer;
	int r = 0;

	if (has_nul(item->name, item->name_len) || has_nul(item->target, item->target_len)) {
		(void)restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "unsafe", "a name with a NUL byte in it");
		return stop(err);
	}
	restore_saw_name(x->child, item->name);
	switch (item->type) {
	case ARCHIVE_TYPE_FILE:
		if (restore_writer_file(w, item->name, item->mode, item->mtime) < 0)
			return stop(err);
		return 1;
	case ARCHIVE_TYPE_DIRECTORY:
		r = restore_writer_directory(w, item->name, item->mode);
		break;
	case ARCHIVE_TYPE_SYMLINK:
		r = restore_writer_symlink(w, item->name, item->target ? item->target : "");
		break;
	case ARCHIVE_TYPE_HARDLINK:
		r = restore_writer_hardlink(w, item->name, item->target ? item->target : "");
		break;
	case ARCHIVE_TYPE_FIFO:
	case ARCHIVE_TYPE_CHAR:
	case ARCHIVE_TYPE_BLOCK:
	case ARCHIVE_TYPE_SOCKET:
	case ARCHIVE_TYPE_OTHER:
		x->skipped_special = true;
		break;
	}
	return r < 0 ? stop(err) : 0;
}

static int
on_data(void *arg, const void *data, size_t len, uint64_t offset, struct err *err)
{
	struct extraction *x = arg;

	return restore_writer_data(&x->writer, data, len, offset) < 0 ? stop(err) : 0;
}

static int
on_end(void *arg, const struct archive_item *item, uint64_t size, struct err *err)
{
	struct extraction *x = arg;

	if (item->type != ARCHIVE_TYPE_FILE)
		return 0;
	return restore_writer_end(&x->writer, size) < 0 ? stop(err) : 0;
}

static void
say_fault(struct restore_child *child, const struct restore_writer *w,
    const struct archive_result *result, const struct err *err)
{
	struct restore_answer *a = child->answer;
	const char *detail = result->detail;

	switch (result->fault) {
	case ARCHIVE_FAULT_NONE:
		return;
	case ARCHIVE_FAULT_TRUNCATED:
	case ARCHIVE_FAULT_DAMAGED:
	case ARCHIVE_FAULT_BOMB:
		restore_say(a, RECORD_VERDICT_FAIL, archive_fault_name(result->fault),
		    "%s%sat byte %llu, after %llu good entries", detail, *detail ? ", " : "",
		    (unsigned long long)result->offset, (unsigned long long)result->entries);
		return;
	case ARCHIVE_FAULT_ENCRYPTED:
	case ARCHIVE_FAULT_UNSUPPORTED:
		restore_say(
		    a, RECORD_VERDICT_SKIP, archive_fault_name(result->fault), "%s", detail);
		return;
	case ARCHIVE_FAULT_TIME:
		restore_say(a, RECORD_VERDICT_ERROR, "timeout", "the time limit was reached");
		return;
	case ARCHIVE_FAULT_STOPPED:
		restore_say(a, w->verdict, w->reason, "%s", w->message);
		return;
	case ARCHIVE_FAULT_INPUT:
		restore_say(a, RECORD_VERDICT_ERROR, "unreadable", "%s", err->msg);
		return;
	}
}

static void
add_warnings(const struct extraction *x, const struct archive_result *result)
{
	uint32_t *warnings = &x->child->answer->warnings;

	if (result->warnings & ARCHIVE_WARN_GARBAGE)
		*warnings |= RESTORE_WARN_GARBAGE;
	if (result->warnings & ARCHIVE_WARN_ZEROS)
		*warnings |= RESTORE_WARN_ZEROS;
	if (result->warnings & ARCHIVE_WARN_ABSOLUTE)
		*warnings |= RESTORE_WARN_ABSOLUTE;
	if (x->skipped_special || (result->warnings & ARCHIVE_WARN_SPECIAL))
		*warnings |= RESTORE_WARN_SPECIAL;
	if (x->writer.duplicates)
		*warnings |= RESTORE_WARN_DUPLICATE;
	if (x->writer.links_skipped)
		*warnings |= RESTORE_WARN_LINKS;
}

/* After a walk without a fault: is what it said there, and is it anything at all? */
static void
judge(struct extraction *x, int64_t start)
{
	struct restore_answer *a = x->child->answer;
	struct restore_writer *w = &x->writer;
	int64_t unpacked = clock_mono_ms();

	a->unpack_ms = unpacked - start;
	if (restore_writer_check(w) < 0) {
		restore_say(a, w->verdict, w->reason, "%s", w->message);
		return;
	}
	a->check_ms = clock_mono_ms() - unpacked;
	a->level = RECORD_LEVEL_RESTORED;
	if (a->files + a->links == 0)
		restore_say(a, RECORD_VERDICT_FAIL, "empty", "no file in it");
	else
		restore_say(a, RECORD_VERDICT_PASS, NULL, "%s", "");
}

static void
extract(struct restore_child *child, enum archive_kind kind)
{
	struct extraction x = {.child = child};
	const struct restore_options *o = child->options;
	const struct archive_visitor visitor = {
	    .entry = on_entry, .data = on_data, .end = on_end, .arg = &x};
	const struct archive_limits limits = {.max_bytes = o->max_bytes,
	    .max_entries = o->max_entries,
	    .max_ratio = o->max_ratio,
	    .ratio_floor = RESTORE_RATIO_FLOOR,
	    .deadline_ms = child->deadline_ms};
	struct restore_answer *a = child->answer;
	struct archive_result result = {.kind = kind};
	struct err err = {.code = ERR_NONE};
	int64_t start = clock_mono_ms();

	restore_writer_init(&x.writer, child);
	(void)umask(0);
	(void)archive_walk(child->codec, kind, &limits, &visitor, &result, &err);
	add_warnings(&x, &result);
	a->entries = result.entries;
	a->files = x.writer.files + x.writer.hardlinks;
	a->directories = x.writer.directories;
	a->links = x.writer.links;
	a->bytes = result.bytes;
	if (result.fault == ARCHIVE_FAULT_NONE)
		judge(&x, start);
	else
		say_fault(child, &x.writer, &result, &err);
	restore_writer_release(&x.writer);
}

static int
bid_archive(const struct restore_probe *probe, enum archive_kind kind)
{
	return archive_sniff(probe->data, probe->len) == kind ? 80 : 0;
}

#define ARCHIVE_HANDLER(word, KIND)                                                                \
	static int bid_##word(const struct restore_probe *probe)                                   \
	{                                                                                          \
		return bid_archive(probe, KIND);                                                   \
	}                                                                                          \
	static void drill_##word(struct restore_child *child)                                      \
	{                                                                                          \
		extract(child, KIND);                                                              \
	}                                                                                          \
	const struct restore_handler restore_##word = {                                            \
	    .name = #word, .tree = true, .bid = bid_##word, .drill = drill_##word}

ARCHIVE_HANDLER(tar, ARCHIVE_KIND_TAR);
ARCHIVE_HANDLER(zip, ARCHIVE_KIND_ZIP);
ARCHIVE_HANDLER(cpio, ARCHIVE_KIND_CPIO);
ARCHIVE_HANDLER(iso9660, ARCHIVE_KIND_ISO9660);
ARCHIVE_HANDLER(rar, ARCHIVE_KIND_RAR);
ARCHIVE_HANDLER(cab, ARCHIVE_KIND_CAB);
ARCHIVE_HANDLER(lha, ARCHIVE_KIND_LHA);
ARCHIVE_HANDLER(xar, ARCHIVE_KIND_XAR);
ARCHIVE_HANDLER(ar, ARCHIVE_KIND_AR);
ARCHIVE_HANDLER(warc, ARCHIVE_KIND_WARC);

static int
bid_7zip(const struct restore_probe *probe)
{
	return bid_archive(probe, ARCHIVE_KIND_7ZIP);
}

static void
drill_7zip(struct restore_child *child)
{
	extract(child, ARCHIVE_KIND_7ZIP);
}

const struct restore_handler restore_7zip = {
    .name = "7z", .tree = true, .bid = bid_7zip, .drill = drill_7zip};
