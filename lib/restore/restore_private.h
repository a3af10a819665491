/*
 * What the handlers share: the child's view of a drill.
 */
#ifndef RESTORE_RESTORE_PRIVATE_H
#define RESTORE_RESTORE_PRIVATE_H

#include "archive/archive.h"
#include "codec/codec.h"
#include "restore/restore.h"
#include "sqldb/sqldb.h"

#define RESTORE_PEEK        CODEC_PEEK_MAX
#define RESTORE_RATIO_FLOOR (UINT64_C(100) << 20)
#define RESTORE_MESSAGE_MAX 160

/* What a restored database said to one question. */
enum restore_told_kind {
	RESTORE_TOLD_NOTHING, /* it was not asked */
	RESTORE_TOLD_VALUE,   /* text is the first value of the first row */
	RESTORE_TOLD_NULL,    /* the first value is NULL, or there is no row */
	RESTORE_TOLD_REFUSED, /* the question is wrong for this database: text says why */
	RESTORE_TOLD_TROUBLE, /* it could not be asked (time, server gone): text says why */
};

struct restore_told {
	int32_t kind; /* enum restore_told_kind */
	char text[RESTORE_VALUE_MAX];
};

enum restore_command {
	RESTORE_COMMAND_NOT_RUN, /* there is no server: it runs later, in a child of its own */
	RESTORE_COMMAND_RAN,
	RESTORE_COMMAND_MISSING, /* it cannot be run */
};

/* What a child answers: plain bytes over the pipe, checked before any of it is believed. Behind the
 * struct follow its tables: rows as a uint64_t, the name with its NUL. */
struct restore_answer {
	uint32_t magic;
	int32_t verdict; /* enum record_verdict; NONE: go on with the handler `next` */
	char reason[32]; /* a word */
	char handler[40];
	char next[40];  /* the payload lies in the scratch directory for this handler */
	char wrote[48]; /* version of the server that was dumped, as the dump says; "": not known */
	char server[48]; /* product and version of the one that it was loaded into */
	int32_t level;
	uint32_t warnings;
	uint64_t entries, files, directories, links, tables, rows, statements, bytes;
	int64_t fetch_ms, unpack_ms, start_ms, load_ms, check_ms;
	uint64_t contains; /* bit n: must_contain[n] was matched */
	struct restore_told sql[RESTORE_DEMANDS_MAX], expects[RESTORE_DEMANDS_MAX];
	struct restore_told newest_row;
	int32_t command;        /* enum restore_command: restore.command beside a server */
	int32_t command_status; /* its exit status */
	char command_text[RESTORE_VALUE_MAX]; /* the first line that it wrote */
	uint32_t has_tables;                  /* the rows of each table are told */
	uint32_t tables_left_out;             /* not of all of them */
	char integrity[RESTORE_MESSAGE_MAX];  /* "": not checked; "ok"; else what is wrong */
	char message[256];
};

/* The bytes of an answer as a verdict: 0, or -1 if they are none (then the verdict is an error). */
int restore_answer_take(
    const struct buf *answer, struct restore_result *result, struct restore_answer *ret);

#define RESTORE_ANSWER_MAGIC 0x424b5231u

/* Where decompressed bytes wait for a handler that needs a file of its own. */
#define RESTORE_PAYLOAD ".bkm-payload"

struct restore_probe {
	const uint8_t *data; /* the first decoded bytes */
	size_t len;
	enum codec_type codec; /* what they were compressed with */
	const char *name;      /* base name of the backup */
};

/* In the child. */
struct restore_child {
	const struct restore_subject *subject;
	const struct restore_options *options;
	const char *name; /* base name of the backup */
	int fd;           /* of the backup */
	uint64_t size;    /* of the backup */
	int rootfd;       /* of the scratch directory */
	int mould;        /* above 0: for restore_mould_cast() */
	int64_t deadline_ms;
	uint64_t space; /* what the scratch directory may be filled with */
	struct codec *codec;
	struct restore_probe probe;
	struct restore_answer *answer;
	struct buf tables; /* behind the answer: restore_add_table() */
};

struct restore_handler {
	const char *name;
	bool tree; /* what it restores is files, not a database */
	/* How sure it is that this is its format: 0 no, the highest bid wins. */
	int (*bid)(const struct restore_probe *probe);
	/* In the enclosed child: fill child->answer. Never returns an error of its own. */
	void (*drill)(struct restore_child *child);
	/* For a second child, with a program: drill() said `next`. In bkm: the path of the program
	 * that fits best what wrote the backup (answer->wrote), or NULL and what to install; free() it. */
	char *(*find)(const char *wrote, const char **ret_package);
	/* In the second child: fill child->answer. child->fd is what the program is to read. */
	void (*program)(struct restore_child *child, const char *program);
	/* The program is a server (server_private.h): it gets Unix sockets and more memory, and if
	 * it is not installed the reason is `no_server`. */
	bool server;
	/* What program() needs first and what is the same for every backup, as a directory `mould` in
	 * the scratch directory: made by prepare() once in a run, in a child that sees no backup. With
	 * it program() finds child->mould. May be NULL. 0, or -1 and the answer says why not. */
	int (*prepare)(struct restore_child *child, const char *program);
	const char *mould;
	uint64_t
	    memory; /* bytes of address space of each process of the second child; 0: as usual */
	/* program() reads the backup itself: child->codec is open. */
	bool decoded;
};

extern const struct restore_handler *const restore_handlers[];
extern const size_t restore_handler_count;

/* handlers, one file each */
extern const struct restore_handler restore_tar, restore_zip, restore_7zip, restore_cpio;
extern const struct restore_handler restore_iso9660, restore_rar, restore_cab, restore_lha,
    restore_xar;
extern const struct restore_handler restore_ar, restore_warc;
extern const struct restore_handler restore_pgsql, restore_mysql;
extern const struct restore_handler restore_sqlite_dump, restore_sqlite;
extern const struct restore_handler restore_pgcustom, restore_pgtar, restore_pgdir;

/* verdicts, in the child */
void restore_say(struct restore_answer *a, enum record_verdict verdict, const char *reason,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void restore_say_errno(struct restore_answer *a, const char *what); /* an error by errno */
void restore_say_codec(struct restore_answer *a, const struct codec_status *status);

/* A text dump that was read to its end, or all of it fed to a reader (sqltext.c). */
void
restore_say_dump(struct restore_answer *a, enum sqldb_fault fault, const struct sqldb_stats *stats);
int restore_feed_dump(struct restore_child *child, struct sqldb_dump *dump);

/* Read a text dump to its end without executing anything: the answer says what it is worth. */
void restore_read_dump(struct restore_child *child, enum sqldb_dialect dialect);

/* All decoded bytes into a file of the scratch directory: 0, or -1 and the answer says why. */
int restore_payload(struct restore_child *child, const char *name);

/* must_contain: remember that a restored name exists. */
void restore_saw_name(struct restore_child *child, const char *name);

/* Tell the rows of one table of the restored database; each once, any order. */
void restore_add_table(struct restore_child *child, const char *name, uint64_t rows);

/* Ask a restored database all that the configuration demands (sql, expect, newest_row) and note in
 * answer what it says (ask.c). fn runs one query: it fills *ret and knows nothing of the demands.
 * dialect: how names are quoted. */
typedef void restore_ask_fn(void *arg, const char *sql, struct restore_told *ret);
void restore_ask(const struct restore_subject *subject, enum sqldb_dialect dialect,
    restore_ask_fn *fn, void *arg, struct restore_answer *answer);

/* What such a value means (expect.c): is it true (not "", 0, f or false); is it what an expectation
 * says ("[OPERATOR] VALUE"); what time it is: as SQL prints it (UTC where it says no zone), or a number
 * since 1970 in seconds, milli-, micro- or nanoseconds. -1: it is no time. */
bool restore_value_true(const char *text);
bool restore_value_is(const char *actual, const char *expected);
int restore_value_time(const char *text, int64_t *ret_t);

const struct restore_handler *restore_handler_find(const char *name);

void restore_options_fill(struct restore_options *options); /* with the defaults */

/* What the children of a drill are given. */
struct restore_job {
	const struct restore_subject *subject;
	const struct restore_options *options;
	int fd, rootfd, lockfd;
	int mould;  /* above 0: a copy of it is to be made, or, in the child that makes it, it */
	int livefd; /* the directory to compare with, for restore_examine */
	bool directory; /* fd is a directory: a backup of `unit: directory` */
	bool plain;     /* fd is what was decrypted: it has no path */
	uint64_t size, space;
	int64_t deadline_ms;
	const struct restore_handler *handler; /* of the second child */
	const char *program;                   /* its program */
	char **argv;                           /* of a program of the configuration */
};

/* Two of the children: they answer with a struct restore_answer. Each is the fn of a sandbox_run and
 * gets a struct restore_job. */
int restore_child_main(void *arg, int out);
int restore_second_main(void *arg, int out);

/* What the child of restore_examine answers; behind it the paths that differ, each after a byte of
 * enum restore_difference and with its NUL. */
enum restore_member_state {
	RESTORE_MEMBER_UNREAD,
	RESTORE_MEMBER_MISSING,
	RESTORE_MEMBER_READ,
};

enum restore_difference {
	RESTORE_DIFFERS_CONTENT = 1,
	RESTORE_DIFFERS_MISSING, /* from the backup */
	RESTORE_DIFFERS_EXTRA,   /* in the backup, and not among the live files */
	RESTORE_DIFFERS_KIND,    /* a file here, a link there */
};

struct restore_examined {
	uint32_t magic;
	struct {
		int32_t state; /* enum restore_member_state */
		uint8_t sha256[32];
	} members[RESTORE_DEMANDS_MAX];
	uint64_t same, differing, newer, unread;
	uint32_t round_done, late;
	char last[4096];
};

/* sha256 and compare, in a child that reads the restored and the live tree (examine.c, compare.c). */
void restore_examine(
    const struct restore_job *original, struct restore_result *result, bool *ret_stopped);
void restore_compare(
    const struct restore_job *job, struct restore_examined *ret_result, struct buf *names);

/* A demand is not met, or could not be looked into: the check says so, and the verdict with it. */
void restore_demand_fail(struct restore_result *result, struct restore_check *check,
    const char *reason, const char *what, const char *subject);
void restore_demand_skip(struct restore_result *result, const char *check);
void restore_demand_error(struct restore_result *result, struct restore_check *check,
    const char *what, const char *subject);

/* The demands of the configuration, after a pass (assertions.c). */
void restore_check_time(const struct restore_subject *subject, struct restore_result *result);
void restore_check_demands(const struct restore_job *job, const struct restore_answer *a,
    struct restore_result *result, bool *ret_stopped);

void restore_child_init(
    struct restore_child *child, const struct restore_job *job, struct restore_answer *answer);

/* What prepare() made, kept for the run (mould.c): find gives a descriptor or -1; keep takes it over
 * and seals it, or gives -1; cast makes a copy in the scratch directory: 0, or -1 and errno. */
int restore_mould_find(const struct restore_moulds *moulds, const char *program);
int restore_mould_new(void);
int restore_mould_keep(struct restore_moulds *moulds, const char *program, int fd);
int restore_mould_cast(const struct restore_child *child);
int restore_mould_main(void *arg, int out); /* fn of a sandbox_run, with a struct restore_job */

/* A backup that is a directory: copied (directory.c). */
void restore_directory(struct restore_child *child);
/* What it copied may be what pg_dump -Fd writes: then there is more to do (pgcustom.c). */
void restore_offer_pgdir(struct restore_child *child);

/* Decrypt job->fd into the scratch directory: job is then about the plain bytes, and its fd another
 * one, to be closed. -1: the verdict is in result (decrypt.c). */
int restore_decrypt(struct restore_job *job, struct sandbox_scratch *scratch,
    struct restore_result *result, bool *ret_stopped);

/* A program of the configuration (program.c). */
const struct restore_program *restore_program_for(
    const struct restore_options *options, const struct restore_subject *subject, const char *name);
void restore_program_run(struct restore_job *job, const struct restore_program *program,
    const char *scratch_path, struct restore_result *result, bool *ret_stopped);

/* The profile of a child: paths[] is filled and must stay with it. */
#define RESTORE_PATHS_MAX 16
struct restore_walls {
	struct sandbox_profile profile;
	struct sandbox_path paths[RESTORE_PATHS_MAX];
	int keep[3];
};
void restore_walls_init(struct restore_walls *walls, const struct restore_job *job);
void restore_walls_reader(struct restore_walls *walls, const struct restore_job *job);
void restore_walls_command(struct restore_walls *walls, const char *program);
void restore_walls_programs(struct restore_walls *walls, const char *program, const char *path);
void restore_walls_server(struct restore_walls *walls); /* beside that: a server and its client */

/* Run fn enclosed; a failure becomes a verdict in result and gives -1. */
int restore_run_child(const struct restore_walls *walls, struct restore_job *job,
    int (*fn)(void *, int), struct buf *answer, struct restore_result *result, bool *ret_stopped);

void restore_result_say(struct restore_result *result, enum record_verdict verdict,
    const char *reason, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
struct restore_check *
restore_result_check(struct restore_result *result, const char *check, enum record_verdict verdict);

/* The input of a codec from a descriptor. */
struct restore_input {
	int fd;
	uint8_t *block;
	uint64_t offset;
	int64_t waited_ns; /* for bytes of the backup */
};
void restore_input_init(struct restore_input *in, int fd, uint64_t size, struct codec_input *ret);
void restore_input_release(struct restore_input *in);

/* -------- the writer: creates what an archive says, and nothing else (writer.c, recheck.c) */
struct restore_writer {
	int rootfd;
	uint64_t max_bytes;
	uint64_t max_objects; /* files, directories and links that are created */
	uint64_t space;       /* bytes that may be written before the place is full */
	bool keep_times;
	/* what should be there at the end */
	uint64_t files, directories, links, hardlinks;
	uint64_t bytes; /* of all regular files, each once however many names it has */
	uint64_t sum;   /* of their content: the sum of a digest of each */
	bool duplicates, links_skipped;
	/* the file being written */
	int fd;
	uint64_t position, total;
	uint32_t crc;
	int64_t mtime;
	/* the cleaned name of the entry, and the directory of the last one */
	struct buf clean, parent;
	int parentfd;
	/* after -1 */
	enum record_verdict verdict;
	const char *reason;
	char message[RESTORE_MESSAGE_MAX];
};

void restore_writer_init(struct restore_writer *w, const struct restore_child *child);
void restore_writer_release(struct restore_writer *w);
/* Names are bytes as the archive has them: leading "/" is dropped, ".." refused. */
int restore_writer_directory(struct restore_writer *w, const char *name, unsigned mode);
int restore_writer_file(struct restore_writer *w, const char *name, unsigned mode, int64_t mtime);
int restore_writer_data(struct restore_writer *w, const void *data, size_t len, uint64_t offset);
int restore_writer_end(struct restore_writer *w, uint64_t size);
int restore_writer_symlink(struct restore_writer *w, const char *name, const char *target);
int restore_writer_hardlink(struct restore_writer *w, const char *name, const char *target);

/* -1 with verdict, reason and a message. */
int restore_writer_fail(struct restore_writer *w, enum record_verdict verdict, const char *reason,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int restore_writer_errno(struct restore_writer *w, const char *what);

/* Walk what came out: put the symbolic links in their places, read everything, compare with what
 * the writer made. */
int restore_writer_check(struct restore_writer *w);

/* What a file with this checksum and size adds to the sum. */
uint64_t restore_content_sum(uint32_t crc, uint64_t size);

/* Checksum and size of what can be read from fd up to size bytes: 0, -1 and errno. */
int restore_content_of(int fd, uint64_t size, uint32_t *ret_crc, uint64_t *ret_size);

/* A symbolic link waits as a file of this mode that holds its target: no entry can be written
 * through it, and no table of them is kept. */
#define RESTORE_LINK_MODE 01400u

#endif
