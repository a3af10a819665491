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
	unsigned tampering; /* signals that have failed it before, and nobody accepted it since */
};

/* What is known about a backup; algorithm (canonical) is that of the baseline asked for. */
int store_verify_state(struct store *store, int64_t backup_id, const char *algorithm,
    struct store_verify_state *ret_state, struct err *err);

#define STORE_KIND_MAX 24

/* What a content looked like; see verify/signals.h. */
struct store_profile {
	char codec[STORE_KIND_MAX], format[STORE_KIND_MAX]; /* "" for none */
	unsigned entropy;                                   /* 0: not known */
	bool rewritten;
};

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
	bool has_profile; /* the content was looked into: profile and tampering hold */
	struct store_profile profile;
	unsigned tampering; /* its signals, if they were enough to fail it */
	bool same_content;  /* a reason more of the backup */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
};

/* In their order, inside the caller's transaction. */
int store_verify_put(
    struct store *store, const struct store_verification *list, size_t count, struct err *err);

/* A person takes the vanishing of a backup as right. Inside the caller's transaction. */
int store_verify_accept_gone(struct store *store, int64_t backup_id, int64_t now, struct err *err);

/* ---------------------------------------------------------------- the ledger */

struct store_ledger_query {
	int64_t location_id;
	bool methods[STORE_VERIFY_METHODS]; /* that are asked for */
	int64_t since; /* only backups of this time or later; CLOCK_NONE: all */
};

/* A complete backup on disk, and how the methods asked for stand. */
struct store_ledger_entry {
	int64_t backup_id, location_id, series_id;
	const char *series; /* valid during the call */
	uint64_t size;
	int64_t time, first_seen;
	int64_t oldest; /* the oldest verdict; CLOCK_NONE: some method never looked at it */
	int64_t tried;  /* the last verdict or error; CLOCK_NONE */
	bool failed;    /* one of the last verdicts is a fail, or the last try was an error */
};

/* All of a location by series: fn is called with each until it returns non-zero. */
typedef int store_ledger_fn(void *arg, const struct store_ledger_entry *entry);
int store_ledger(struct store *store, const struct store_ledger_query *query, store_ledger_fn *fn,
    void *arg, struct err *err);

/* When the last scan of a location ended that could list it, CLOCK_NONE: never. */
int
store_ledger_scanned(struct store *store, int64_t location_id, int64_t *ret_at, struct err *err);

/* What verification read since then: bytes, the time that took (each file one millisecond at least,
 * summed over the workers), and when the first and the last of it was. location_id 0: of all. */
struct store_ledger_read {
	uint64_t bytes, ms;
	int64_t first, last; /* CLOCK_NONE: nothing was */
};
int store_ledger_read(struct store *store, int64_t location_id, int64_t since,
    struct store_ledger_read *ret_read, struct err *err);

/* Bytes of the backups of a location, gone ones too, whose time is at or after since. */
int store_ledger_new(
    struct store *store, int64_t location_id, int64_t since, uint64_t *ret_bytes, struct err *err);

/* ---------------------------------------------------------------- repositories (repository.c) */

/* When each of the parts (at most 256) of a repository was last read; CLOCK_NONE: never. */
int store_repository_parts(
    struct store *store, int64_t location_id, unsigned parts, int64_t *ret_at, struct err *err);

/* Part (from 1) was read, and all was well. Inside a transaction. */
int store_repository_put(struct store *store, int64_t location_id, unsigned parts, unsigned part,
    int64_t at, struct err *err);

#endif
