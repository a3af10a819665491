/*
 * PostgreSQL for real: a throw-away server, and a client of its own for it.
 *
 * The client speaks the frontend/backend protocol, version 3 (postgresql.org/docs, "Message
 * Formats"), over the Unix socket. It knows no command of psql, so there is none that a dump could
 * use; it sees an error as SQLSTATE, so that what is the fault of the place is not blamed on the
 * backup; and it never waits without looking at time and space.
 */
#ifndef RESTORE_PG_PRIVATE_H
#define RESTORE_PG_PRIVATE_H

#include "restore/server_private.h"

#define RESTORE_PG_DATA     "pg" /* the data directory, in the scratch directory */
#define RESTORE_PG_USER     "bkm_scratch_su"
#define RESTORE_PG_DATABASE "postgres" /* what a dump of one database is loaded into */

struct restore_pg_error {
	char state[6];     /* SQLSTATE; "" if there is none */
	char message[400]; /* as the server wrote it: not for a terminal */
	char detail[200];
};

struct restore_pg {
	struct restore_watch *watch;
	int fd;
	char *in; /* what was received: from pos to len */
	size_t pos, len;
	char transaction; /* 'I' none, 'T' in one, 'E' in a failed one */
	struct restore_pg_error error;
};

enum restore_pg_end {
	RESTORE_PG_DONE,
	RESTORE_PG_REFUSED, /* the server said an error: pg->error */
	RESTORE_PG_ROWS,    /* it waits for rows: COPY … FROM stdin */
	RESTORE_PG_TROUBLE, /* the answer says why: no more can be done */
};

/* Called for each row: values[i] NULL is NULL; they are cut at 64 KiB together. */
typedef void restore_pg_row(void *arg, char *const *values, size_t count);

void restore_pg_init(struct restore_pg *pg, struct restore_watch *watch);
void restore_pg_close(struct restore_pg *pg);
enum restore_pg_end restore_pg_connect(struct restore_pg *pg, const char *database);
/* sql has no NUL in it. row may be NULL. */
enum restore_pg_end restore_pg_query(
    struct restore_pg *pg, const char *sql, size_t len, restore_pg_row *row, void *arg);
/* More rows; REFUSED: the server wants no more, restore_pg_rows_end() fetches the error. */
enum restore_pg_end restore_pg_rows(struct restore_pg *pg, const char *data, size_t len);
enum restore_pg_end restore_pg_rows_end(struct restore_pg *pg);

/* An identifier or a string constant in an SQL text. */
void restore_pg_name(struct buf *sql, const char *name);
void restore_pg_text(struct buf *sql, const char *text);

/* A server in the scratch directory, with bin as its programs: 0 and it takes connections; -1 and
 * the answer says why. */
int restore_pg_start(struct restore_watch *watch, const char *postgres);

/* handler->prepare: a data directory RESTORE_PG_DATA in the scratch directory. */
int restore_pg_prepare(struct restore_child *child, const char *postgres);

/* Pure: "15.18 (Debian …)" is 15; 0: no version. */
unsigned restore_pg_major(const char *version);

/* Pure: the major version that wrote the backup if it is installed, else the newest; 0: none is. */
unsigned restore_pg_choose(const unsigned *majors, size_t count, unsigned wrote);

/* The majors that have a server below versions, where Debian has a directory for each: how many. Its
 * /usr/bin/pg_* are wrappers that need more than the sandbox gives. */
size_t restore_pg_installed(const char *versions, unsigned *majors, size_t max);

/* handler->find: the server to load into; of an archive, if there is a pg_restore, too. */
char *restore_pg_find_server(const char *wrote, const char **ret_package);
char *restore_pg_find_archiver(const char *wrote, const char **ret_package);

/* A program beside the newest server: an older pg_restore does not read what a newer pg_dump wrote. */
char *restore_pg_newest(const char *name);

/* Loads what sqldb_dump reads of a script. */
struct restore_pg_load {
	struct restore_child *child;
	struct restore_watch *watch;
	struct restore_pg pg;
	struct sqldb_dump *dump; /* feed this */
	char *database;          /* that is connected */
	char extension[64];      /* that the statement creates, or "" */
	bool cluster;            /* the script connects to databases of its own */
	bool conflicts;          /* rows may be left out: ON CONFLICT */
	bool in_rows;
	bool failed; /* the answer says why */
};

/* Start the server; let feed() fill load->dump, to its end (0, or -1 and the answer says why not);
 * check what is there then. */
void restore_pg_bring_back(struct restore_child *child, const char *postgres,
    int (*feed)(struct restore_child *child, struct restore_pg_load *load));

/* After its end: 0 and all of it was loaded, or -1 and the answer says why not. */
int restore_pg_load_finish(struct restore_pg_load *load);

/* One statement: 0 done, or rows are to follow (load->in_rows); -1 and the answer says why not (pgrun.c). */
int restore_pg_run(struct restore_pg_load *load, const char *sql, size_t len);
/* Wherever it was: here it is a directory of the data directory. */
int restore_pg_make_tablespace(struct restore_pg_load *load, const char *name);

/* Pure (pgwords.c): behind `words` (in capitals, one blank between them) at s, or NULL; the identifier
 * at s, without quotes, in lower case if it had none; the database of a \connect as pg_dump and
 * pg_dumpall write it: NAME, "NAME", or -reuse-previous=on "dbname='NAME'". */
const char *restore_pg_past(const char *s, const char *words);
void restore_pg_take_name(const char *s, char *ret, size_t size);
bool restore_pg_connect_target(const char *arg, char *ret, size_t size);

/* What the error in load->pg says about the backup (sql: the statement, or NULL): the answer is
 * set. */
void restore_pg_judge(struct restore_pg_load *load, const char *sql);

/* Connect to a database; what the server refuses is judged: 0, -1. */
int restore_pg_enter(struct restore_pg_load *load, const char *database);

/* What is in the databases now: counted, asked, and judged against what the script had. The answer
 * is a pass of level restored, or why not. */
void restore_pg_check(struct restore_pg_load *load);

/* Of each process: the longest row, 1 GiB, stands there a few times while it is loaded. */
#define RESTORE_PG_MEMORY (UINT64_C(4) << 30)

/* What the handlers have in common. */
#define RESTORE_PG_HANDLER                                                                         \
	.prepare = restore_pg_prepare, .mould = RESTORE_PG_DATA, .server = true,                   \
	.memory = RESTORE_PG_MEMORY

#endif
