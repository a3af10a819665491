/*
 * verify, signals of tampering: what a series always was, and what one of its backups is now. Pure.
 *
 * One signal says nothing: it stays on the record as evidence. Two that are independent of each other
 * fail the backup. A signal is measured against the series' own history, never against an absolute: at
 * least VERIFY_HISTORY_MIN earlier contents that were not tampered with themselves.
 *
 *	format_gone         always recognised, now it is nothing that is known, or is encrypted; not if
 *	                    its name or the configuration announces that
 *	incompressible      a sample of the decoded bytes (order-0 entropy) is noise, and far above what it
 *	                    always was; only like is compared with like: decoded with decoded, plain
 *	                    with plain
 *	rewritten           it replaced an older generation that had been settled for a day, in a series
 *	                    that does not do that usually
 *	extensions_changed  it stands where a backup of the same name but for the extension went in the
 *	                    same scan, and so do three or more of that series
 *	many_vanished       three or more of the series went at once, more than are left, and more than
 *	                    twice as many as ever before
 *
 * What is a known encrypted container says format_gone and incompressible with one breath: they count
 * as one. So do extensions_changed and many_vanished, if those that went are those that were renamed.
 */
#ifndef VERIFY_SIGNALS_H
#define VERIFY_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

#define VERIFY_HISTORY_MIN 5
#define VERIFY_HISTORY_MAX 30
#define VERIFY_NAME_KIND   24

enum verify_signal { /* bits, in the order of RECORD_LIST_SIGNAL */
	VERIFY_SIGNAL_FORMAT = 1 << 0,
	VERIFY_SIGNAL_ENTROPY = 1 << 1,
	VERIFY_SIGNAL_REWRITTEN = 1 << 2,
	VERIFY_SIGNAL_EXTENSIONS = 1 << 3,
	VERIFY_SIGNAL_VANISHED = 1 << 4,
};
#define VERIFY_SIGNALS 5

/* What the content of one backup looked like. */
struct verify_profile {
	char codec[VERIFY_NAME_KIND];  /* "" for none */
	char format[VERIFY_NAME_KIND]; /* "" if unknown, "encrypted" */
	unsigned entropy;              /* thousandths of a bit a byte; 0: not known */
	bool rewritten;                /* it had replaced a settled older generation */
};

/* The series, without the backup that is judged and without what was tampered with, newest first. */
struct verify_history {
	struct verify_profile profiles[VERIFY_HISTORY_MAX];
	size_t count;
	uint64_t left;            /* complete backups on disk */
	uint64_t vanished;        /* that went at once within the last two days */
	uint64_t vanished_before; /* the most that ever went at once before that */
	uint64_t renamed; /* of what vanished: came back in the same scan under another extension */
};

struct verify_suspect {
	struct verify_profile now;
	const char *name; /* base name */
	bool nothing;     /* there is no content: that is a verdict of its own */
	bool announced;   /* the configuration says how to decrypt it */
	bool renamed;     /* it came in the place of one that went, under another extension */
};

struct verify_suspicion {
	unsigned signals; /* enum verify_signal */
	bool tampering;   /* two or more that are independent */
	char text[192];   /* for a person, "" without a signal */
};

/* Is there anything to look up a history for? Most backups end here. */
bool verify_signals_possible(const struct verify_suspect *suspect);

void verify_signals_judge(const struct verify_suspect *suspect,
    const struct verify_history *history, struct verify_suspicion *ret_suspicion);

const char *verify_signal_word(enum verify_signal signal);

/* Digests of the contents of a series, newest first, each a text: has the newest stayed the same for
 * longer than it ever does? At least VERIFY_SAME_MIN contents in a row, more than twice the longest row
 * before, in a series that changed at least VERIFY_SAME_MIN times before. */
#define VERIFY_SAME_MIN 5
#define VERIFY_SAME_MAX 64
bool verify_same_content(const char *const *digests, size_t count);

#endif
