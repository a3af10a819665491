// The records of a WARC file, which libarchive takes for whole wherever it ends.
//
// Layout: ISO 28500 (WARC 1.0 and 1.1): header lines, an empty one, Content-Length bytes, CR LF CR LF.
#include <strings.h>

#include "archive/watch_private.h"

#define LINE_MAX_LEN 65536

enum warc_phase { WARC_START, WARC_LINE, WARC_END };

struct warc {
	enum warc_phase phase;
	bool has_length, first;
	uint64_t length;
};

static void
damaged(struct archive_watch *watch, const char *detail)
{
	archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, detail);
}

static void
line(struct archive_watch *watch)
{
	struct warc *r = watch->state;
	const char *p = (const char *)watch->data;
	size_t len = watch->have - 1;
	if (len && p[len - 1] == '\r')
		len--;
	if (r->first && (len < 5 || memcmp(p, "WARC/", 5) != 0)) {
		damaged(watch, "a record does not begin like one");
		return;
	}
	static const char name[] = "Content-Length:";
	if (len > sizeof(name) && !strncasecmp(p, name, sizeof(name) - 1)) {
		char digits[24] = "";
		size_t at = sizeof(name) - 1;
		while (at < len && p[at] == ' ')
			at++;
		memcpy(digits, p + at, len - at < sizeof(digits) ? len - at : sizeof(digits) - 1);
		r->has_length = str_to_u64(digits, 0, INT64_MAX, &r->length, NULL) == 0;
	}
	r->first = false;
	if (len) {
		archive_watch_go(watch, 0, 1);
	} else if (!r->has_length) {
		damaged(watch, "a record does not say how long it is");
	} else {
		r->phase = WARC_END;
		archive_watch_go(watch, r->length, 4);
	}
}

static void
piece(struct archive_watch *watch)
{
	struct warc *r = watch->state;
	switch (r->phase) {
	case WARC_START:
		if (watch->data[0] == '\r' || watch->data[0] == '\n') { /* more than needed */
			archive_watch_go(watch, 0, 1);
			break;
		}
		*r = (struct warc){.phase = WARC_LINE, .first = true};
		__attribute__((fallthrough));
	case WARC_LINE:
		if (watch->data[watch->have - 1] == '\n')
			line(watch);
		else if (watch->need < LINE_MAX_LEN)
			archive_watch_need(watch, watch->need + 1);
		else
			damaged(watch, "a line without measure");
		break;
	case WARC_END:
		if (memcmp(watch->data, "\r\n\r\n", 4) != 0) {
			damaged(watch, "a record does not end where it should");
			break;
		}
		watch->entries++;
		r->phase = WARC_START;
		archive_watch_go(watch, 0, 1);
		break;
	}
}

static void
end(struct archive_watch *watch)
{
	const struct warc *r = watch->state;
	if (r->phase != WARC_START || !watch->entries)
		archive_watch_fault(watch, ARCHIVE_FAULT_TRUNCATED, "ends inside a record");
}

const struct archive_watcher archive_watch_warc = {
    .piece = piece,
    .end = end,
    .state_size = sizeof(struct warc),
    .first = 1,
    .proves = true,
};
