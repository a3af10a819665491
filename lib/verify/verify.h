/*
 * verify: is this backup still what it was, and is it whole?
 *
 * Four parts, each usable alone:
 *   the pool      worker processes in the sandbox that are handed open files, read each once, and
 *                 answer with digests and with what the content is (verify_pool_*)
 *   the content   which format the bytes are, and whether every check it has passes (inside the
 *                 workers; one file and one row in content.c per format)
 *   manifests     X.sha256, SHA256SUMS and their like beside a backup (verify_manifest_*)
 *   the judge     pure: what was known, what was found, and the verdict (verify_judge)
 *
 * Nothing here knows a store, a configuration or a terminal.
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "decrypt/decrypt.h"
#include "hash/hash.h"
#include "record/record.h"
#include "verify/ledger.h"
#include "verify/signals.h"

enum verify_method { /* bits */
	VERIFY_SIZE = 1,
	VERIFY_TIMESTAMP = 2,
	VERIFY_CHECKSUM = 4,
	VERIFY_CONTENT = 8,
};
#define VERIFY_METHODS     4
#define VERIFY_METHODS_ALL 15

const char *verify_method_name(enum verify_method method); /* "size" */

/* Why: reasons of fail, skip and error in one list; their words are in bkm-records(5). */
enum verify_reason {
	VERIFY_REASON_NONE,
	VERIFY_REASON_EMPTY,
	VERIFY_REASON_NO_STATEMENT,
	VERIFY_REASON_TRUNCATED,
	VERIFY_REASON_DAMAGED,
	VERIFY_REASON_FOREIGN,
	VERIFY_REASON_BOMB,
	VERIFY_REASON_INCOMPLETE,
	VERIFY_REASON_SIZE_MISMATCH,
	VERIFY_REASON_TIMESTAMP_MOVED,
	VERIFY_REASON_BITROT,
	VERIFY_REASON_CHECKSUM_MISMATCH,
	VERIFY_REASON_FORBIDDEN_CHANGE,
	VERIFY_REASON_TAMPERING,
	VERIFY_REASON_GROWING,
	VERIFY_REASON_ENCRYPTED,
	VERIFY_REASON_UNSUPPORTED,
	VERIFY_REASON_UNVERIFIABLE,
	VERIFY_REASON_SUPERSEDED,
	VERIFY_REASON_GONE,
	VERIFY_REASON_UNREADABLE,
	VERIFY_REASON_TIMEOUT,
	VERIFY_REASON_CRASHED,
	VERIFY_REASON_DECRYPT,
	/* of repositories */
	VERIFY_REASON_LOCKED,
	VERIFY_REASON_PASSWORD,
	VERIFY_REASON_NOT_FOUND,
	VERIFY_REASON_NOT_INSTALLED,
	VERIFY_REASON_HANDLER,
	VERIFY_REASON_SANDBOX,
	VERIFY_REASON_PERMISSION,
	VERIFY_REASON_IO,
	VERIFY_REASON_REASONS,
};

const char *verify_reason_word(enum verify_reason reason); /* NULL for NONE */

enum verify_warning {                   /* bits; words in bkm-records(5) */
	VERIFY_WARN_GARBAGE = 1 << 0,   /* trailing_garbage */
	VERIFY_WARN_ABSOLUTE = 1 << 1,  /* absolute_names */
	VERIFY_WARN_DOTDOT = 1 << 2,    /* parent_names */
	VERIFY_WARN_SPECIAL = 1 << 3,   /* special_files */
	VERIFY_WARN_PREFIX = 1 << 4,    /* leading_bytes */
	VERIFY_WARN_UNKNOWN = 1 << 5,   /* not_looked_into: no format that bkm knows */
	VERIFY_WARN_UNCHECKED = 1 << 6, /* no_checksum: nothing in the file covers its content */
	VERIFY_WARN_WAL = 1 << 7,       /* wal_mode: rows may be in a -wal file beside it */
	VERIFY_WARN_MANIFEST = 1 << 8,  /* manifest_ignored: its entry cannot be used */
	VERIFY_WARN_UNLISTED =
	    1 << 9,                   /* unlisted: files that the list of the whole does not have */
	VERIFY_WARN_NO_WAL = 1 << 10, /* wal_missing: it needs WAL that is not in it */
	VERIFY_WARN_ZEROS =
	    1 << 11, /* trailing_zeros: more than a tar needs to fill its last record */
};
#define VERIFY_WARNINGS 12

const char *verify_warning_word(enum verify_warning warning);

/* ---------------------------------------------------------------- content */

#define VERIFY_FORMAT_MAX 24
#define VERIFY_DETAIL_MAX 192
#define VERIFY_LAST_MAX   256
#define VERIFY_TAIL_MAX   8

/* The last bytes of what went by. */
struct verify_tail {
	char data[VERIFY_TAIL_MAX];
	size_t len;
};

/* What a worker found out about the bytes. Everything in it comes from a process that parsed
 * hostile bytes: text is cut and terminated, but otherwise as it came. */
struct verify_content {
	enum record_verdict verdict; /* NONE: was not looked at */
	enum verify_reason reason;
	enum record_level level;        /* of a pass: complete or intact */
	char codec[VERIFY_FORMAT_MAX];  /* "gzip", "" for none */
	char format[VERIFY_FORMAT_MAX]; /* "tar", "postgresql", "" if unknown */
	char detail[VERIFY_DETAIL_MAX]; /* one line for a person, "" if there is nothing to say */
	char last[VERIFY_LAST_MAX];     /* the last good entry or object */
	uint64_t offset;                /* of a fault, in the decoded stream */
	uint64_t entries;               /* entries, tables: what the format counts */
	uint64_t bytes;                 /* decoded */
	unsigned entropy;  /* of a sample of them, thousandths of a bit a byte; 0: not known */
	unsigned warnings; /* enum verify_warning */
	struct verify_tail tail; /* of what has no format: where its data ends */
};

struct verify_limits {
	uint64_t max_bytes;   /* decoded; 0 = none */
	uint64_t max_entries; /* 0 = 10,000,000 */
	uint64_t max_ratio;   /* 0 = none */
	uint64_t memory;      /* of one decompressor; 0 = 160 MiB */
	unsigned threads;     /* for formats that can use them (xz); 0 = 1; the pool sets it */
};

/* ---------------------------------------------------------------- the pool */

#define VERIFY_DIGESTS 2

/* What a file is to the backup that it belongs to. */
enum verify_role {
	VERIFY_ROLE_FILE, /* looked at for itself */
	VERIFY_ROLE_DATA, /* a part that is what it is: decoded to its end, nothing is recognised */
	VERIFY_ROLE_SET,  /* says what belongs to a backup in many files; aside is what is there */
	VERIFY_ROLE_MEMBERS, /* a tar whose members are those that aside, a backup_manifest, lists */
};

static inline bool
verify_role_has_aside(enum verify_role role)
{
	return role == VERIFY_ROLE_SET || role == VERIFY_ROLE_MEMBERS;
}

/* One file to read. */
struct verify_job {
	int fd; /* open for reading; the pool owns it from verify_pool_submit() on, whatever comes */
	bool content; /* look into it */
	bool stream;  /* fd is a pipe: no size, no time, read once and forward; goes alone */
	const char *algorithms[VERIFY_DIGESTS]; /* NULL: none */
	const char *name; /* base name, for what it promises; not trusted with anything else */
	void *token;      /* comes back with the answer */
	enum verify_role role;
	int aside;      /* of roles SET and MEMBERS: another descriptor, owned alike */
	int64_t max_ms; /* wall clock; 0 = by its size (a minute and 1 s per MiB) */
	/* What the caller saw when it opened the file. */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
};

enum verify_outcome {
	VERIFY_READ,    /* every byte was read */
	VERIFY_CHANGED, /* size or mtime moved while it was read: nothing is to be believed */
	VERIFY_FAILED,  /* an error: reason and detail say which */
};

struct verify_digest {
	size_t len; /* 0: not computed */
	uint8_t data[HASH_MAX];
};

struct verify_answer {
	enum verify_outcome outcome;
	enum verify_reason reason; /* of FAILED */
	char detail[VERIFY_DETAIL_MAX];
	uint64_t bytes; /* that were read */
	int64_t ms;
	struct verify_digest digests[VERIFY_DIGESTS];
	struct verify_content content;
};

struct verify_pool_options {
	unsigned jobs; /* workers; 0 = one per processor */
	struct verify_limits limits;
	bool no_sandbox; /* for sanitizer builds of tests only */
};

struct verify_pool;
struct verify_found;

/* Fork the workers. Call it early: they keep nothing of the caller but what they need. */
int verify_pool_open(
    struct verify_pool **ret_pool, const struct verify_pool_options *options, struct err *err);
void verify_pool_close(struct verify_pool *pool); /* kills what still works; NULL is fine */

unsigned verify_pool_jobs(const struct verify_pool *pool); /* workers at most */

/* How many jobs may be under way before submit() has to wait. */
size_t verify_pool_room(const struct verify_pool *pool);
size_t verify_pool_pending(const struct verify_pool *pool);

/* Hand a job over. -1 only if no worker can be had any more. Call it with room only. */
int verify_pool_submit(struct verify_pool *pool, const struct verify_job *job, struct err *err);

/* The answers, in the order of the jobs: 1 and the token of the oldest job; 0 if it is not ready
 * (only with wait_ms 0 or more; -1 waits for it) or nothing is pending; -1. A worker that dies or
 * does not answer in time costs its job an answer VERIFY_FAILED, and is replaced. */
int verify_pool_next(struct verify_pool *pool, int wait_ms, void **ret_token,
    struct verify_answer *ret_answer, struct err *err);

/* Open a file for a job as the rules want it: without touching its access time where that is
 * allowed, no symbolic link, no waiting, regular files only. seen: the caller has just seen that it is
 * one, of that size and time; if it is another one by now, the worker sees it. The descriptor, or -1. */
int verify_open(
    const char *path, const struct verify_found *seen, struct verify_job *ret_job, struct err *err);

/* What a worker does with one job, in this process: for tests and fuzzers. */
void verify_examine(const struct verify_job *job, const struct verify_limits *limits,
    struct verify_answer *ret_answer);

/* content is what a worker said about the plain bytes of an encrypted file; result is how their
 * decryptor ended, which comes first: a stream that ended badly is not whole, whatever came out, and a
 * wrong key says nothing about the backup. */
void verify_decrypted(struct verify_content *content, const struct decrypt_result *result);

/* Some formats only a program can judge: qcow2, by qemu-img check, in the sandbox, with the format
 * forced and nothing but the file at path open to it. Where it is not installed the answer says which
 * package has it. -1: the sandbox could not be had. */
bool verify_program_wanted(const struct verify_answer *answer);
int verify_program(const char *path, struct verify_answer *answer, struct err *err);

/* ---------------------------------------------------------------- directories */

/* One backup that is a directory: every regular file below it is a job, and the digest is taken
 * over the sorted entries:
 *	TYPE SP PATH NUL SIZE SP DIGEST LF     (files)
 *	TYPE SP PATH NUL TARGET LF             (symbolic links; other types without TARGET)
 * with paths relative to the directory, TYPE one of f d l p s c b. content: files are looked into,
 * and the first that fails fails the directory. ret_seen gets what a scan takes for its size and
 * times: the sum over its files, the newest mtime of files and directories. The pool must be idle. */
int verify_directory(struct verify_pool *pool, const char *path, const char *algorithm,
    bool content, struct verify_job *ret_seen, struct verify_answer *ret_answer, struct err *err);

/* ---------------------------------------------------------------- manifests */

struct verify_reference {
	bool found;
	char algorithm[HASH_NAME_MAX];
	uint8_t digest[HASH_MAX];
	size_t len;
	int64_t mtime;  /* of the manifest */
	char name[256]; /* base name of the manifest */
};

/* Finds the manifest beside backups; keeps an index of the one it saw last, 16 bytes an entry. */
struct verify_manifests;
struct verify_manifests *verify_manifests_new(void);
void verify_manifests_free(struct verify_manifests *m);

/* What a manifest in the directory of path says about it: PATH.sha256 (.sha512, .sha1, .md5, …),
 * then SHA256SUMS, SHA512SUMS, SHA1SUMS, MD5SUMS, checksums.txt …, in GNU form (with escaped
 * names), BSD form, or a lone digest. An entry that cannot be used is an error of ERR_FORMAT. One that
 * is not younger than settled is passed over: the content agreed with a manifest then (CLOCK_NONE: it
 * never did). */
int verify_manifest_find(struct verify_manifests *m, const char *path, int64_t settled,
    struct verify_reference *ret_reference, struct err *err);

/* One line of a manifest, without its newline: 1 and its parts, 0 if it is none. algorithm is ""
 * where the line does not say it. name is unescaped; "" for a lone digest. */
int verify_manifest_line(const char *line, size_t len, char algorithm[HASH_NAME_MAX],
    uint8_t digest[HASH_MAX], size_t *ret_digest_len, struct buf *name);

/* The algorithm that digests of so many bytes have unless somebody says otherwise; NULL if none. */
const char *verify_manifest_algorithm(size_t digest_len);

/* ---------------------------------------------------------------- the judge */

/* What was known before. */
struct verify_known {
	unsigned methods; /* enum verify_method */
	int64_t now;
	bool immutable;
	bool recorded; /* the backup is in a store: size and mtime below are what it says */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	int64_t first_seen; /* by the store; 0: not known */
	bool has_previous;  /* an earlier generation of the same path */
	int64_t previous_mtime;
	struct verify_reference manifest;
	const char *algorithm; /* of digests[0] */
	const char *baseline;  /* lower-case hex, NULL if there is none */
	bool can_record;       /* a first baseline will be kept */
};

/* What is now. */
struct verify_found {
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	const struct verify_answer *answer; /* NULL: the bytes were not read */
};

struct verify_check {
	enum verify_method method;
	enum record_verdict verdict;
	enum verify_reason reason;
	enum record_level level;
	const char *reference; /* "baseline", "manifest", "recorded"; NULL for none */
};

struct verify_verdict {
	enum record_verdict verdict;
	enum verify_reason reason;
	enum record_level level;
	struct verify_check checks[VERIFY_METHODS + 1]; /* checksum may stand twice */
	size_t check_count;
	unsigned warnings;
	bool new_baseline; /* digests[0] is to be recorded */
	unsigned signals;  /* enum verify_signal: evidence, see signals.h */
};

/* Are the bytes to be read for these methods? Without checksum and content only metadata is. */
bool verify_reads(unsigned methods);

void verify_judge(const struct verify_known *known, const struct verify_found *found,
    struct verify_verdict *ret_verdict);

/* Append the object that stands on the line as "verification". detail may be NULL. */
void verify_add_json(struct buf *out, const struct verify_known *known,
    const struct verify_found *found, const struct verify_verdict *verdict, const char *detail);

#endif
