// SQLite for somebody else's data: open or load it with every defence that SQLite has.
#include <ctype.h>
#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <strings.h>

#include "sqldb/sqldb_load_private.h"

#define DEFAULT_BYTES  (UINT64_C(20) << 30)
#define DEFAULT_MEMORY (UINT64_C(512) << 20)
#define PROGRESS_STEPS 20000
#define CACHE_KIB      8192

const char *
sqldb_message(const struct sqldb *db)
{
	return db->message;
}

enum sqldb_fault
sqldb_say(struct sqldb *db, enum sqldb_fault fault, const char *what)
{
	(void)snprintf(db->message, sizeof(db->message), "%s", what);
	return fault;
}

/* Only names in the current directory: SQLite's own way to an absolute path would need leave to
 * walk through directories that are closed to this child. */
static int
full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	if (strchr(name, '/') || strlen(name) >= (size_t)size)
		return SQLITE_CANTOPEN;
	(void)snprintf(out, (size_t)size, "%s", name);
	return SQLITE_OK;
}

static int
register_vfs(void)
{
	static sqlite3_vfs vfs;
	const sqlite3_vfs *plain = sqlite3_vfs_find("unix-none");

	if (vfs.zName)
		return SQLITE_OK;
	if (!plain)
		return SQLITE_ERROR;
	vfs = *plain;
	vfs.pNext = NULL;
	vfs.zName = "bkm-here";
	vfs.xFullPathname = full_pathname;
	return sqlite3_vfs_register(&vfs, 0);
}

static bool
word_in(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; word && i < count; i++) {
		if (strcasecmp(word, list[i]) == 0)
			return true;
	}
	return false;
}

static int
deny(struct sqldb *db, const char *what)
{
	db->denied = true;
	(void)snprintf(db->message, sizeof(db->message), "%s", what);
	return SQLITE_DENY;
}

/* Of SQLite and of its shell: what loads code or touches files. */
static const char *const functions[] = {"load_extension", "writefile", "readfile", "edit",
    "fts3_tokenizer", "lsdir", "fsdir", "shell_exec", "zipfile"};

/* sqlite.org/c3ref/set_authorizer.html; called while a statement is prepared. */
static int
authorize(
    void *arg, int action, const char *a, const char *b, const char *schema, const char *trigger)
{
	static const char *const file_pragmas[] = {"temp_store_directory", "data_store_directory"};
	static const char *const pragmas[] = {"foreign_keys", "user_version", "application_id",
	    "encoding", "page_size", "auto_vacuum", "writable_schema", "integrity_check",
	    "foreign_key_check", "cache_size", "table_list", "max_page_count", "journal_mode",
	    "synchronous", "temp_store", "locking_mode", "mmap_size"};
	struct sqldb *db = arg;

	(void)schema;
	(void)trigger;
	switch (action) {
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
		return deny(db, "attaches another database");
	case SQLITE_FUNCTION:
		if (word_in(b, functions, ARRAY_LEN(functions)))
			return deny(db, "calls a function that loads code or touches files");
		return SQLITE_OK;
	case SQLITE_PRAGMA:
		if (word_in(a, file_pragmas, ARRAY_LEN(file_pragmas)))
			return deny(db, "a PRAGMA that writes files elsewhere");
		if (db->own)
			return SQLITE_OK;
		/* Settings of the database are part of it, settings of the connection are not. */
		if (!word_in(a, pragmas, 7) || (b && strcasecmp(a, "page_size") == 0))
			return SQLITE_IGNORE;
		return SQLITE_OK;
	default:
		return SQLITE_OK;
	}
}

static int
on_progress(void *arg)
{
	const struct sqldb *db = arg;

	return db->limits.deadline_ms && clock_mono_ms() > db->limits.deadline_ms;
}

enum sqldb_fault
sqldb_fault_of(struct sqldb *db, int rc)
{
	static const char unknown[] = "no such function: ";
	const char *text = sqlite3_errmsg(db->db);

	if (strncmp(text, unknown, sizeof(unknown) - 1) == 0 &&
	    word_in(text + sizeof(unknown) - 1, functions, ARRAY_LEN(functions)))
		(void)deny(db, "calls a function that loads code or touches files");
	if (!db->denied)
		(void)snprintf(db->message, sizeof(db->message), "%s", text);
	if (db->denied)
		return SQLDB_FAULT_UNSAFE;
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return SQLDB_FAULT_NONE;
	case SQLITE_AUTH:
		return SQLDB_FAULT_UNSAFE;
	case SQLITE_FULL:
		return sqlite3_system_errno(db->db) == ENOSPC ? SQLDB_FAULT_NO_SPACE
							      : SQLDB_FAULT_LIMIT;
	case SQLITE_NOMEM:
	case SQLITE_TOOBIG:
		return SQLDB_FAULT_LIMIT;
	case SQLITE_INTERRUPT:
		return SQLDB_FAULT_TIME;
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_SHORT_READ || rc == SQLITE_IOERR_CORRUPTFS)
			return SQLDB_FAULT_DAMAGED;
		return sqlite3_system_errno(db->db) == ENOSPC ? SQLDB_FAULT_NO_SPACE
		    : sqlite3_system_errno(db->db) == EFBIG   ? SQLDB_FAULT_LIMIT
							      : SQLDB_FAULT_IO;
	case SQLITE_CANTOPEN:
		return SQLDB_FAULT_IO;
	default:
		if (strstr(text, "no such collation") || strstr(text, "no such module") ||
		    strstr(text, "no such function") || strstr(text, "unknown tokenizer"))
			return SQLDB_FAULT_UNSUPPORTED;
		return SQLDB_FAULT_DAMAGED;
	}
}

static int
run_own(struct sqldb *db, const char *sql)
{
	int rc;

	db->own = true;
	rc = sqlite3_exec(db->db, sql, NULL, NULL, NULL);
	db->own = false;
	return rc;
}

/* sqlite.org/security.html, "Untrusted SQLite database files" and "Untrusted SQL inputs". */
static int
harden(struct sqldb *db)
{
	char sql[160];
	sqlite3 *s = db->db;

	(void)sqlite3_db_config(s, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(s, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(s, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	(void)sqlite3_db_config(s, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(s, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, NULL);
	(void)sqlite3_limit(s, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_limit(s, SQLITE_LIMIT_WORKER_THREADS, 0);
	(void)sqlite3_limit(s, SQLITE_LIMIT_VDBE_OP, 5000000);
	(void)sqlite3_limit(s, SQLITE_LIMIT_TRIGGER_DEPTH, 10);
	(void)sqlite3_set_authorizer(s, authorize, db);
	sqlite3_progress_handler(s, PROGRESS_STEPS, on_progress, db);
	(void)snprintf(sql, sizeof(sql),
	    "PRAGMA mmap_size=0; PRAGMA cache_size=-%d; PRAGMA temp_store=MEMORY; "
	    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF",
	    CACHE_KIB);
	return run_own(db, sql);
}

static int
open_db(struct sqldb **ret_db, const char *name, const char *uri, int flags,
    const struct sqldb_limits *limits, struct err *err)
{
	struct sqldb *db = mem_alloc(sizeof(*db));
	int rc;

	db->limits = *limits;
	if (!db->limits.max_bytes)
		db->limits.max_bytes = DEFAULT_BYTES;
	(void)sqlite3_hard_heap_limit64(
	    (sqlite3_int64)(limits->memory ? limits->memory : DEFAULT_MEMORY));
	rc = register_vfs();
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(uri, &db->db,
		    flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
			SQLITE_OPEN_EXRESCODE,
		    "bkm-here");
	if (rc == SQLITE_OK)
		rc = harden(db);
	/* What is wrong inside the file is found, and judged, by the checks. */
	if (rc == SQLITE_OK ||
	    (db->db && ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB))) {
		*ret_db = db;
		return 0;
	}
	(void)err_set(err, ERR_IO, "cannot open '%s': %s", name,
	    db->db ? sqlite3_errmsg(db->db) : sqlite3_errstr(rc));
	sqldb_close(db);
	return -1;
}

int
sqldb_create(
    struct sqldb **ret_db, const char *path, const struct sqldb_limits *limits, struct err *err)
{
	char sql[80];

	if (open_db(ret_db, path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, limits, err) <
	    0)
		return -1;
	(void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%llu",
	    (unsigned long long)((*ret_db)->limits.max_bytes / 4096 + 1));
	(void)run_own(*ret_db, sql);
	return 0;
}

int
sqldb_open(
    struct sqldb **ret_db, const char *path, const struct sqldb_limits *limits, struct err *err)
{
	char uri[300];

	if (strlen(path) > 200 || strpbrk(path, "?#%"))
		return err_set(err, ERR_FORMAT, "a name that no scratch file has");
	(void)snprintf(uri, sizeof(uri), "file:%s?immutable=1", path);
	return open_db(ret_db, path, uri, SQLITE_OPEN_READONLY, limits, err);
}

void
sqldb_close(struct sqldb *db)
{
	if (!db)
		return;
	(void)sqlite3_close_v2(db->db);
	free(db);
}

/* The first word, behind blanks and comments. */
static const char *
first_word(const char *sql, const char *end)
{
	while (sql < end) {
		if (isspace((unsigned char)*sql)) {
			sql++;
		} else if (end - sql > 1 && sql[0] == '-' && sql[1] == '-') {
			sql = memchr(sql, '\n', (size_t)(end - sql));
			if (!sql)
				return end;
		} else if (end - sql > 1 && sql[0] == '/' && sql[1] == '*') {
			sql = memmem(sql + 2, (size_t)(end - sql - 2), "*/", 2);
			if (!sql)
				return end;
			sql += 2;
		} else {
			break;
		}
	}
	return sql;
}

static bool
begins_with(const char *s, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - s) >= len && strncasecmp(s, word, len) == 0;
}

enum sqldb_fault
sqldb_execute(struct sqldb *db, const char *sql, size_t len)
{
	const char *end = sql + len, *word = first_word(sql, end);
	sqlite3_stmt *st = NULL;
	int rc;

	if (begins_with(word, end, "VACUUM")) {
		if (memmem(word, (size_t)(end - word), "into", 4) ||
		    memmem(word, (size_t)(end - word), "INTO", 4))
			return sqldb_say(db, SQLDB_FAULT_UNSAFE, "VACUUM INTO writes a file");
		return SQLDB_FAULT_NONE;
	}
	/* The shell writes virtual tables into the schema by hand; defensive mode forbids that. What
	 * is made of it is read back by a connection that is defensive again. */
	if (begins_with(word, end, "PRAGMA writable_schema"))
		(void)sqlite3_db_config(db->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	if (len > INT32_MAX)
		return sqldb_say(db, SQLDB_FAULT_LIMIT, "a statement is too long");
	rc = sqlite3_prepare_v2(db->db, sql, (int)len, &st, NULL);
	while (rc == SQLITE_OK && st && (rc = sqlite3_step(st)) == SQLITE_ROW)
		rc = SQLITE_OK;
	(void)sqlite3_finalize(st);
	return rc == SQLITE_OK || rc == SQLITE_DONE ? SQLDB_FAULT_NONE : sqldb_fault_of(db, rc);
}
