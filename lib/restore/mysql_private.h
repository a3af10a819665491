/*
 * MySQL and MariaDB brought back for real: a throw-away server in the scratch directory, and the
 * few packets of the client/server protocol that loading and counting need. All of it runs in the
 * enclosed child of a drill.
 *
 * There is no client program: what a dump says to one (system, source, tee, pager, \!) has nobody
 * who would do it, and the server is never told that it may ask for a local file.
 */
#ifndef RESTORE_MYSQL_PRIVATE_H
#define RESTORE_MYSQL_PRIVATE_H

#include "restore/server_private.h"

#define RESTORE_MYSQL_SOCKET "mysql/data/s" /* in the scratch directory */

/* ---------------------------------------------------------------- the protocol (mysqlwire.c) */

struct restore_value {
	const char *data; /* NULL: NULL */
	size_t len;
};

/* A session, as the superuser without a password. What the server says is hostile text: every
 * length is checked. */
struct restore_wire {
	int fd;
	uint8_t sequence;
	/* Asked a few times a second while the server is silent: -1 ends the session. May be NULL. */
	int (*idle)(void *arg);
	void *idle_arg;
	struct buf packet;
	char version[64]; /* of the server */
	unsigned error;   /* after 1: the server's number of it */
	unsigned warnings;
	char message[200]; /* after 1 and -1 */
};

/* 0; -1: nobody listens (yet), or it is no server (then message is set). */
int restore_wire_open(struct restore_wire *w, const char *socket_path);
void restore_wire_close(struct restore_wire *w);

/* One statement. row() is called with each row of each result, may be NULL, and ends the session
 * with -1. 0; 1: the server refuses it; -1: the session is over. */
int restore_wire_query(struct restore_wire *w, const char *sql, size_t len,
    int (*row)(void *arg, const struct restore_value *values, size_t count), void *arg);

/* Whatever was set in the session is forgotten, what was not committed undone: 0, -1. */
int restore_wire_reset(struct restore_wire *w);

/* ---------------------------------------------------------------- the server (mysqlserver.c) */

/* A server of this drill alone: its data below "mysql" in the scratch directory, one Unix socket
 * there and no network, no configuration, no plug-ins, no way to reach another server. */
struct restore_mysqld {
	pid_t pid;
	bool mariadb; /* else Oracle's, or one made from it */
};

/* The program for a dump of product "MariaDB" or "MySQL", or of either (""); NULL and the package
 * to install if there is none at all. free() it. */
char *restore_mysqld_find(const char *product, const char **ret_package);

/* Make the system tables, start, log in; the scratch directory becomes the current one.
 * 0; -1: the answer of the child says why. */
int restore_mysqld_start(struct restore_mysqld *server, struct restore_watch *watch,
    const char *program, struct restore_wire *wire);

/* It ends at once, or, gently, with everything in its files. */
void restore_mysqld_stop(struct restore_mysqld *server, struct restore_watch *watch, bool gently);

/* ---------------------------------------------------------------- the dump (mysqlload.c) */

struct restore_load {
	struct restore_wire *wire;
	struct restore_watch *watch;
	bool system; /* a schema of the server itself came, and was loaded under another name */
	uint64_t left_out; /* statements about replication */
	uint64_t altered;  /* tables that the server made otherwise: another engine, no option */
	uint64_t accounts; /* statements about users that the server refused */
	char **definers;   /* users that were made so that what is theirs can be used */
	size_t definer_count, definer_cap;
	int refused; /* what restore_wire_query said of the last one */
};

/* For sqldb_dump_options: each statement to the server, or what becomes of it. */
int restore_mysql_send(void *arg, const char *sql, size_t len);

void restore_mysql_load_release(struct restore_load *load);

/* All of the dump through send: 0, or -1 and the answer says why. */
int restore_mysql_load(struct restore_load *load, struct sqldb_dump *dump);

/* A statement that the server refused. */
struct restore_refusal {
	unsigned error; /* its number */
	uint64_t line;
	const char *dumped; /* version of the server that was dumped; "" if it is not known */
	const char *here;   /* and of the one that refuses */
	const char *message;
};

/* Pure: what that says of the dump. */
void restore_mysql_say_refusal(struct restore_answer *a, const struct restore_refusal *refusal);

/* "MariaDB", "MySQL", or "" for no version. */
const char *restore_mysql_product(const char *version);

/* ---------------------------------------------------------------- statements (mysqlfate.c) */

enum restore_fate {
	RESTORE_SEND,        /* to the server, as it is */
	RESTORE_MAKE_SCHEMA, /* one of the server itself: another is made and used in its place */
	RESTORE_USE_SCHEMA,
	RESTORE_LEAVE_OUT, /* it is about replication: there is no data in it */
};

/* Pure: what becomes of a statement; schema (empty) gets the name of the one in place. */
enum restore_fate restore_mysql_fate(const char *sql, size_t len, struct buf *schema);

/* A name in backquotes. */
void restore_mysql_add_name(struct buf *out, const char *name);

/* Pure: is it CREATE TABLE? */
bool restore_mysql_makes_table(const char *sql, size_t len);

/* Pure: is it about users, their privileges, passwords and roles? */
bool restore_mysql_is_account(const char *sql, size_t len);

/* Pure: does it create something in the name of a user? Then user (empty) gets `name`@`host`. */
bool restore_mysql_definer(const char *sql, size_t len, struct buf *user);

/* "mysql" for the name under which that schema was loaded; any other name as it is. */
const char *restore_mysql_schema(const char *name);

#endif
