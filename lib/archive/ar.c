// The members of an ar archive, one behind the other; a Debian package is one, and says more.
//
// Layout: ar(5), deb(5).
#include "archive/watch_private.h"

#define MAGIC  8
#define HEADER 60

struct ar {
	bool begun;
	bool is_deb, has_data; /* it has its data.tar, the last of its three members */
	unsigned pad;          /* a byte that the last member may lack */
};

static void
piece(struct archive_watch *watch)
{
	struct ar *a = watch->state;
	const char *p = (const char *)watch->data;
	char digits[11] = "";
	uint64_t size;
	if (watch->need == MAGIC) {
		archive_watch_go(watch, 0, HEADER);
		return;
	}
	memcpy(digits, p + 48, 10);
	digits[strcspn(digits, " ")] = '\0';
	if (p[58] != '`' || p[59] != '\n' || str_to_u64(digits, 0, INT64_MAX, &size, NULL) < 0) {
		archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, "a header is damaged");
		return;
	}
	a->is_deb = a->is_deb || (!a->begun && !memcmp(p, "debian-binary", 13));
	a->has_data = a->has_data || !memcmp(p, "data.tar", 8);
	a->begun = true;
	a->pad = size & 1;
	archive_watch_go(watch, size + a->pad, HEADER);
}

static void
end(struct archive_watch *watch)
{
	const struct ar *a = watch->state;
	if (watch->have || watch->skip > a->pad)
		archive_watch_fault(watch, ARCHIVE_FAULT_TRUNCATED, "ends inside a member");
	else if (a->is_deb && !a->has_data)
		archive_watch_fault(
		    watch, ARCHIVE_FAULT_TRUNCATED, "ends before data.tar, its last member");
	watch->complete = a->is_deb;
	watch->unchecked = true;
}

const struct archive_watcher archive_watch_ar = {
    .piece = piece,
    .end = end,
    .state_size = sizeof(struct ar),
    .first = MAGIC,
    .proves = true,
};
