/*
 * restore: bring a backup back, in a sandbox, and say what came back.
 *
 * A drill opens the backup once, read-only, and hands the descriptor to a child of lib/sandbox,
 * which finds out what it is (handlers bid on the first block behind the compression), restores it
 * into the scratch directory and counts. What comes back from the child is hostile text like the
 * backup itself: it is bounded and checked before it becomes a verdict.
 *
 * A verdict `fail` is about the backup. `error` means that the drill could not be run. `skip`
 * means that nobody here can bring it back, and is never a pass. A pass has evidence: something
 * was restored and counted.
 *
 * To add a format: one file with a struct restore_handler, one row in handlers.c.
 */
#ifndef RESTORE_RESTORE_H
#define RESTORE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "decrypt/decrypt.h"
#include "record/record.h"
#include "restore/baseline.h"
#include "sandbox/sandbox.h"

/* A handler of the configuration: a program with its arguments, never a shell. */
struct restore_program {
	const char *name;
	const char *const *match; /* fnmatch patterns on the base name, NULL-terminated */
	const char *const *argv;  /* NULL-terminated; "{path}" and "{scratch}" as full words */
};

/* New data directories of servers, made once for all drills of a run. */
struct restore_moulds;
struct restore_moulds *restore_moulds_new(void);
void restore_moulds_free(struct restore_moulds *moulds); /* NULL is fine */

/* Zero means "the default". Everything is borrowed. */
struct restore_options {
	uint64_t max_bytes;   /* restored; default 20 GiB */
	uint64_t max_entries; /* default 1,000,000 */
	uint64_t max_ratio;   /* restored : size of the backup, above 100 MiB; default 1000 */
	int64_t max_ms;       /* wall clock of one drill; default 1 h */
	const struct restore_program *programs;
	size_t program_count;
	struct sandbox_layers require; /* of the sandbox */
	struct restore_moulds *moulds; /* what drills of one run share; NULL: nothing */
	unsigned sandbox_off;          /* layers not to use: tests only */
	bool keep;               /* what is restored will be looked at: times are restored too */
	bool (*stop)(void *arg); /* asked a few times a second; may be NULL */
	void *stop_arg;
};

/* A query whose first value must be: "[OPERATOR] VALUE", the operator one of == != < <= > >= (none:
 * ==). Two numbers are compared as numbers, anything else as text. */
struct restore_expect {
	const char *sql, *value;
};

/* A file that must have come back with this content. */
struct restore_member {
	const char *name; /* below the restored tree */
	uint8_t sha256[32];
};

#define RESTORE_DEMANDS_MAX 64 /* of each list below */

/* What servers of drills left that were killed as they started, where there is no namespace for it: the
 * shared memory that PostgreSQL marks its data directory with. Only that of the user such servers run
 * as, that nobody is attached to, and whose maker is dead. How many were removed. */
size_t restore_reap_segments(void);

/* What is to be brought back, and what it must show. */
struct restore_subject {
	const char *path;
	int64_t time;                    /* of the backup; CLOCK_NONE: not known */
	bool follow;                     /* path may be a symbolic link: a person named it */
	const char *handler;             /* use this one; NULL: they bid */
	uint64_t min_entries;            /* 0: at least one */
	const char *const *must_contain; /* fnmatch patterns; NULL-terminated or NULL */
	const char *const *sql;          /* queries on a restored database, each must give a true
	                                  * first value; NULL-terminated or NULL */
	const struct restore_expect *expects;
	size_t expect_count;
	const struct restore_member *members;
	size_t member_count;
	const char *newest_row; /* a query for a time, or TABLE.COLUMN whose newest it is; NULL */
	int64_t newest_within;  /* seconds that time may lie before the backup's */
	const char *const *command; /* argv of a program that judges the scratch directory by its
	                                  * exit status; NULL-terminated or NULL */
	const char *compare;        /* directory that the restored tree is compared with; NULL */
	const char *compare_after;  /* go on behind this path; NULL: from the start */
	const char *const *compare_exclude; /* fnmatch patterns on paths; NULL-terminated or NULL */
	uint64_t compare_sample;            /* files */
	double compare_tolerance;           /* 0 to 1: share of them that may differ */
	bool learn;                         /* judge by baseline */
	const struct restore_baseline *baseline; /* what the series brought back before; or NULL */
	bool accept;    /* a person says that what it lacks is right: told, and no fail */
	int64_t rto_ms; /* 0: none */
	const struct decrypt_command *decrypt; /* NULL: what is encrypted stays so */
};

#define RESTORE_CHECKS_MAX 160
#define RESTORE_VALUE_MAX  80

struct restore_check {
	const char *check; /* a word of RECORD_LIST_CHECK */
	enum record_verdict verdict;
	const char *reason; /* a word, or NULL */
	bool has_expected;  /* else there is none */
	bool has_actual;
	uint64_t expected, actual;
	char expected_text[RESTORE_VALUE_MAX]; /* instead of the numbers; "": none */
	char actual_text[RESTORE_VALUE_MAX];
	char message[160];
};

/* A table of a restored database; the name as SCHEMA.TABLE where there are schemas, for people. */
struct restore_table {
	char *name;
	uint64_t rows;
};

#define RESTORE_DIFFERING_MAX 20

/* What a comparison with the live files found. Files that were changed after the backup was made are
 * newer and neither same nor differing. */
struct restore_compared {
	uint64_t same, differing, newer, unread;
	char *last;      /* where the next comparison goes on; owned; NULL: nothing was looked at */
	bool round_done; /* with this comparison every file has had its turn */
	bool late;       /* the time was over before the sample was complete */
	struct {
		const char *how;        /* content, missing, extra, kind */
		char *path;             /* below both trees; owned */
	} names[RESTORE_DIFFERING_MAX]; /* of what differs, the first ones */
	size_t name_count;
};

/* Strings are words of the record tables, or inside the struct; lists and paths are owned. */
struct restore_result {
	enum record_verdict verdict;
	const char *reason; /* a word, or NULL for a pass */
	char handler[40];   /* "" if nobody knew it */
	char server[64];    /* product and version of the one that it was loaded into, or "" */
	enum record_level level;
	uint64_t entries;                   /* names, or tables */
	uint64_t files, directories, links; /* of an archive */
	uint64_t tables, rows, statements;  /* of a dump or database */
	uint64_t bytes;                     /* that came out */
	unsigned warnings;                  /* enum restore_warning */
	struct restore_table *table_list;   /* by name; NULL: rows of each table are not known */
	size_t table_list_count;
	bool tables_left_out; /* there are more than the list can hold */
	int64_t ms;           /* all of it */
	int64_t fetch_ms;     /* reading the backup from where it lies */
	int64_t unpack_ms;    /* unpacking beside that */
	int64_t start_ms;     /* starting a server to load into */
	int64_t load_ms;      /* loading into a database */
	int64_t check_ms;     /* looking at what came out */
	int64_t compare_ms;   /* beside the live files: no part of a restore */
	struct restore_compared compared;
	struct restore_shrunk *shrunk; /* what falls behind the baseline; owned */
	size_t shrunk_count;
	uint64_t memory_max; /* of the child */
	struct sandbox_layers sandbox;
	struct restore_check checks[RESTORE_CHECKS_MAX];
	size_t check_count;
	char message[256]; /* for people; "" if there is nothing to say */
};

enum restore_warning {
	RESTORE_WARN_GARBAGE = 1 << 0,
	RESTORE_WARN_DUPLICATE = 1 << 1,
	RESTORE_WARN_ABSOLUTE = 1 << 2,
	RESTORE_WARN_SPECIAL = 1 << 3,
	RESTORE_WARN_FOREIGN_KEYS = 1 << 4,
	RESTORE_WARN_NO_END = 1 << 5,
	RESTORE_WARN_LINKS = 1 << 6,
	RESTORE_WARN_OTHER_FORMAT = 1 << 7, /* restorable, but not what the name promises */
	RESTORE_WARN_NOT_LOOKED_INTO = 1
	    << 8,                    /* a demand of the configuration that cannot be met here */
	RESTORE_WARN_ZEROS = 1 << 9, /* behind the end of a tar, more than fill its last record */
};

/*
 * One drill in a scratch directory that is empty. What it left there is the caller's to clear.
 * Never fails on its own: what goes wrong is a verdict `error`. 0; -1 only when stop() said so
 * (ERR_INTERRUPTED).
 */
int restore_drill(const struct restore_subject *subject, const struct restore_options *options,
    struct sandbox_scratch *scratch, struct restore_result *ret_result, struct err *err);

/* The demands on a snapshot that the tool of its repository brought a sample of back: the tree at treefd;
 * names, one a line, are of all that is in it. result is its pass so far, and not any more if one of them
 * is not met. What needs all of it (compare) or a database is not looked into. As restore_drill. */
int restore_judge_sample(const struct restore_subject *subject,
    const struct restore_options *options, struct sandbox_scratch *scratch, int treefd, int namesfd,
    struct restore_result *result, struct err *err);

void restore_result_release(struct restore_result *result);

/* The value of a backup's `restore` member, appended. */
void restore_result_json(const struct restore_result *result, int64_t at, struct buf *out);

/* The names of the built-in handlers, one after another: NULL at the end. */
const char *restore_handler_name(size_t i);

#endif
