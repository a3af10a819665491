/*
 * sqldb: SQL that bkm did not write. Text dumps of PostgreSQL, MySQL/MariaDB and SQLite are read
 * to their end without executing anything; SQLite dumps and database files are really loaded, with
 * every defence that SQLite has. Only for enclosed children: see lib/sandbox.
 *
 * Its own use of sqlite3 is for such foreign files only; bkm's own store is lib/store's.
 */
#ifndef SQLDB_SQLDB_H
#define SQLDB_SQLDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/* ---------------------------------------------------------------- dumps as text */

enum sqldb_dialect {
	SQLDB_NONE,
	SQLDB_POSTGRES, /* pg_dump, pg_dumpall: plain */
	SQLDB_MYSQL,    /* mysqldump, mariadb-dump */
	SQLDB_SQLITE,   /* .dump of the sqlite3 shell */
};

/* What the first bytes of a text say (a few KiB are enough). */
enum sqldb_dialect sqldb_dump_sniff(const void *data, size_t len);

enum sqldb_fault {
	SQLDB_FAULT_NONE,
	SQLDB_FAULT_TRUNCATED, /* ends inside a statement, a string, a COPY block; or without the end
	                        * marker that its writer puts there */
	SQLDB_FAULT_DAMAGED,   /* bytes that no dump has, or the dumper's own note of an error */
	SQLDB_FAULT_UNSAFE,    /* would execute a command or touch files where it is restored */
	SQLDB_FAULT_EMPTY,     /* nothing is created or filled */
	SQLDB_FAULT_LIMIT,     /* a statement, or the whole, is larger than allowed */
	SQLDB_FAULT_TIME,
	SQLDB_FAULT_NO_SPACE, /* about the machine, not about the dump: so is IO */
	SQLDB_FAULT_IO,
	SQLDB_FAULT_UNSUPPORTED, /* needs an extension, a collation, a function that is not here */
	SQLDB_FAULT_STOPPED,     /* a callback said so */
};

struct sqldb_stats {
	uint64_t statements;
	uint64_t tables;  /* created */
	uint64_t rows;    /* of COPY blocks and of INSERT … VALUES */
	uint64_t objects; /* statements that create or fill something */
	bool has_end;     /* its writer puts an end marker */
	bool ended;       /* and there it is */
	uint64_t line;    /* where the reading stopped */
	char server[48];  /* version of the server that was dumped, as its writer noted it, or "" */
	char detail[160]; /* what is wrong; "" if nothing */
};

struct sqldb_dump_options {
	enum sqldb_dialect dialect;
	size_t max_statement; /* bytes of one statement for statement(); default 256 MiB */
	/* Each complete statement as text, without the comments in front of it, with its terminator
	 * (MySQL: without, it is the client's).
	 * -1 stops. May be NULL. */
	int (*statement)(void *arg, const char *sql, size_t len);
	/* PostgreSQL: whole or partial lines of rows behind the statement COPY … FROM stdin; NULL at
	 * their end. -1 stops. May be NULL. */
	int (*rows)(void *arg, const char *data, size_t len);
	/* PostgreSQL: a command of psql that dumps have, without its backslash: connect, restrict,
	 * unrestrict, encoding; any other is SQLDB_FAULT_UNSAFE. -1 stops. May be NULL. */
	int (*command)(void *arg, const char *line);
	/* The name of each table that is created: schema.name, without quotes. May be NULL. */
	void (*table)(void *arg, const char *name);
	void *arg;
};

struct sqldb_dump;

struct sqldb_dump *sqldb_dump_new(const struct sqldb_dump_options *options);
void sqldb_dump_free(struct sqldb_dump *dump);

/* The next bytes: 0, or -1 once there is a fault (then nothing more is read). */
int sqldb_dump_feed(struct sqldb_dump *dump, const void *data, size_t len);

/* The end of the text: the fault, if any. */
enum sqldb_fault sqldb_dump_finish(struct sqldb_dump *dump);
const struct sqldb_stats *sqldb_dump_stats(const struct sqldb_dump *dump);

/* ---------------------------------------------------------------- SQLite for real */

struct sqldb_limits {
	uint64_t max_bytes; /* of the database; default 20 GiB */
	uint64_t memory;    /* heap of SQLite; default 512 MiB (a single large row needs it) */
	int64_t deadline_ms;
};

struct sqldb_checks {
	uint64_t tables;       /* ordinary ones */
	uint64_t rows;         /* in all of them */
	uint64_t foreign_keys; /* rows that violate one */
	bool counted; /* rows were counted (false: a table cannot be read without an extension) */
	char integrity[160]; /* "ok", or the first problem */
	char detail[160];
};

struct sqldb;

/* Paths are names in the current directory: no other directory is looked at.
 * Create a database (which must not exist) to load a dump into. */
int sqldb_create(
    struct sqldb **ret_db, const char *path, const struct sqldb_limits *limits, struct err *err);

/* Execute one statement of a dump. What it may not do (ATTACH, VACUUM INTO, load_extension, …) is
 * SQLDB_FAULT_UNSAFE. */
enum sqldb_fault sqldb_execute(struct sqldb *db, const char *sql, size_t len);

/* Open the database file at path, read only. */
int sqldb_open(
    struct sqldb **ret_db, const char *path, const struct sqldb_limits *limits, struct err *err);
void sqldb_close(struct sqldb *db);

/* What the last fault was about. */
const char *sqldb_message(const struct sqldb *db);

/* integrity_check, foreign_key_check, and the rows of every table; table() gets the name of each
 * table, and its rows where they could be counted. */
enum sqldb_fault sqldb_check(struct sqldb *db, struct sqldb_checks *ret_checks,
    void (*table)(void *arg, const char *name, bool counted, uint64_t rows), void *arg);

/* The first value of the first row of sql as text, cut at size - 1 bytes; *ret_null: it is NULL, or
 * there is no row. A query that fails is a fault. */
enum sqldb_fault
sqldb_query(struct sqldb *db, const char *sql, char *out, size_t size, bool *ret_null);

/* The header of a database file (sqlite.org/fileformat.html): at least 100 bytes of data, and the
 * size of the file. NONE, TRUNCATED, DAMAGED; *ret_wal: it was in WAL mode. */
enum sqldb_fault
sqldb_header(const void *data, size_t len, uint64_t size, bool *ret_wal, char detail[160]);

#include "sqldb/toc.h"

#endif
