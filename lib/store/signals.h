/*
 * store, what signals of tampering are judged by: what the contents of a series looked like, what
 * went from it, what stands in the place of what.
 *
 * Included through store/store.h.
 */
#ifndef STORE_SIGNALS_H
#define STORE_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "store/verify.h"

/* The profiles of the contents of a series, gone ones too, newest first: of those that did not fail
 * and were not tampered with, but for one. */
int store_profiles(struct store *store, int64_t series_id, int64_t except_id,
    struct store_profile *profiles, size_t max, size_t *ret_count, struct err *err);

/* Did it replace, at its path, a generation settled for a day that was not the newest of its series? */
int store_rewritten(struct store *store, int64_t backup_id, bool *ret_rewritten, struct err *err);

struct store_gone {
	int64_t
	    series_id;   /* its own, or, if it stands in the place of one that went in the scan that
			      first saw it, with another extension, the series of that */
	uint64_t left;   /* complete backups of that series on disk */
	uint64_t lately; /* the most that went at once within two days, overwritten ones aside */
	uint64_t before; /* the most that ever did before that */
	uint64_t renamed; /* that went in that scan, and as many came in the series of the backup */
};
/* name is the base name of the backup. */
int store_gone(struct store *store, int64_t backup_id, int64_t series_id, const char *name,
    int64_t now, struct store_gone *ret_gone, struct err *err);

/* The recorded digests of a series, newest first, but for one backup. */
int store_digests(struct store *store, int64_t series_id, int64_t except_id, const char *algorithm,
    char (*digests)[STORE_DIGEST_HEX], size_t max, size_t *ret_count, struct err *err);

/* One more reason of a backup, if it has not got it yet. Inside the caller's transaction. */
int store_add_reason(struct store *store, int64_t backup_id, const char *word, struct err *err);

#endif
