/*
 * store, the part of verification: what stands for each content and method, baselines, the ledger.
 *
 * Included through store/store.h.
 */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "record/record.h"

struct store;

enum store_verify_method { /* in the order of bkm-verify's bits */
	STORE_VERIFY_SIZE,
	STORE_VERIFY_TIMESTAMP,
	STORE_VERIFY_CHECKSUM,
	STORE_VERIFY_CONTENT,
	STORE_VERIFY_METHODS,
};

struct store_verify_stand {
	enum record_verdict verdict; /* NONE: never looked at */
	int64_t at;                  /* CLOCK_NONE */
};

#define STORE_DIGEST_HEX 129

struct store_verify_state {
	struct store_verify_stand methods[STORE_VERIFY_METHODS];
	int64_t error_at;                /* CLOCK_NONE, or the last try came to nothing */
	char baseline[STORE_DIGEST_HEX]; /* lower-case hex, "" if there is none */
	int64_t baseline_at;
	bool accepted;      /* the baseline was set by a person */
	bool from_manifest; /* the content it was taken from agreed with a manifest */
	bool has_previous;  /* the path had another generation when this one was first seen */
	int64_t previous_mtime;
};

/* What is known about a backup; algorithm (canonical) is that of the baseline asked for. */
int store_verify_state(struct store *store, int64_t backup_id, const char *algorithm,
    struct store_verify_state *ret_state, struct err *err);

struct store_verification {
	int64_t backup_id, location_id;
	int64_t at;
	enum record_verdict verdict;
	const char *reason; /* word or NULL */
	enum record_level level;
	uint64_t bytes;
	int64_t ms;
	const char *record; /* JSON */
	bool stands;        /* becomes the standing verdict (never an error) */
	enum record_verdict methods[STORE_VERIFY_METHODS]; /* NONE: not looked at */
	const char *algorithm;                             /* of a new baseline; NULL: none */
	const char *digest;                                /* hex */
	const char *source;                                /* "read", "accepted", "manifest" */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
};

/* Inside the caller's transaction. */
int store_verify_put(struct store *store, const struct store_verification *v, struct err *err);

/* A person takes the vanishing of a backup as right. Inside the caller's transaction. */
int store_verify_accept_gone(struct store *store, int64_t backup_id, int64_t now, struct err *err);

/* ---------------------------------------------------------------- the ledger */

enum store_ledger_class {    /* in the order in which they are due */
	STORE_LEDGER_NEW,    /* content that some method has never looked at */
	STORE_LEDGER_FAILED, /* the last verdict was a fail, or the last try an error */
	STORE_LEDGER_OLD,    /* the rest, oldest first */
};

struct store_ledger_query {
	const char *host;
	bool methods[STORE_VERIFY_METHODS]; /* that are asked for */
	int64_t now;
	int64_t interval; /* seconds a verdict is good for */
};

struct store_ledger_entry {
	enum store_ledger_class class;
	int64_t at; /* of the oldest verdict, CLOCK_NONE for new ones */
	int64_t backup_id;
	int64_t location_id;
	uint64_t size;
};

/* Everything that is due, in its order: fn is called with each until it returns non-zero. */
typedef int store_ledger_fn(void *arg, const struct store_ledger_entry *entry);
int store_ledger(struct store *store, const struct store_ledger_query *query, store_ledger_fn *fn,
    void *arg, struct err *err);

struct store_coverage {
	uint64_t backups, bytes;                   /* complete, on disk */
	uint64_t verified_backups, verified_bytes; /* every method looked at within the interval */
	int64_t oldest; /* the oldest verdict among them all; CLOCK_NONE: none */
	uint64_t never_backups, never_bytes; /* some method never looked at */
	uint64_t read_bytes; /* by verifications of this location since now - interval */
	int64_t first_read;  /* when the first of them was; CLOCK_NONE */
};

int store_coverage(struct store *store, const struct store_ledger_query *query, int64_t location_id,
    struct store_coverage *ret_coverage, struct err *err);

#endif
