// Opening, migrating and closing the store; transactions.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/migrations_private.h"
#include "store/store_private.h"

#define BUSY_MS       30000
#define FIRST_BUSY_MS 5

/* Room for what statements ask for and give back with every row, so that it does not come from malloc. */
#define LOOKASIDE_SIZE  1024
#define LOOKASIDE_COUNT 256

/* Wait longer and longer, with some jitter so that a crowd does not move in step. */
static int
on_busy(void *arg, int count)
{
	unsigned us = FIRST_BUSY_MS * 1000U;

	(void)arg;
	if (count > 6)
		us *= 8;
	else if (count > 2)
		us *= 3;
	us += (unsigned)(clock_mono_ms() * 7919 + (int64_t)getpid() * 104729) % us;
	if ((int64_t)count * (int64_t)(FIRST_BUSY_MS * 8) > BUSY_MS)
		return 0;
	(void)usleep(us);
	return 1;
}

/* ---------------------------------------------------------------- opening */
static int
pragma_int(struct store *store, const char *sql, int64_t *ret, struct err *err)
{
	sqlite3_stmt *st = store_prepare(store, sql, err);
	int r;

	if (!st)
		return -1;
	r = store_step(store, st, err);
	if (r > 0)
		*ret = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return r < 0 ? -1 : 0;
}

static int64_t
schema_version(void)
{
	int64_t n = 0;

	while (store_migrations[n])
		n++;
	return n;
}

static int
check_identity(struct store *store, int64_t *ret_version, struct err *err)
{
	int64_t id = 0, tables = 0;

	if (pragma_int(store, "PRAGMA application_id", &id, err) < 0 ||
	    pragma_int(store, "PRAGMA user_version", ret_version, err) < 0 ||
	    pragma_int(store, "SELECT count(*) FROM sqlite_master", &tables, err) < 0)
		return -1;
	if (id != STORE_APPLICATION_ID && (id != 0 || tables != 0))
		return err_set(
		    err, ERR_STORE, "'%s' is a database, but not a store of bkm", store->path);
	if (*ret_version > schema_version())
		return err_set(err, ERR_STORE,
		    "store '%s' has schema version %lld, this bkm knows up to %lld: use a newer bkm",
		    store->path, (long long)*ret_version, (long long)schema_version());
	return 0;
}

int
store_make_uuid(char out[37], struct err *err)
{
	struct buf text = BUF_INIT;
	int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
	int r = -1;

	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open '/proc/sys/kernel/random/uuid'");
	if (fsio_read_fd(fd, "/proc/sys/kernel/random/uuid", 64, &text, err) == 0) {
		(void)snprintf(out, 37, "%.36s", text.data);
		r = 0;
	}
	(void)close(fd);
	buf_release(&text);
	return r;
}

static int
apply_migration(struct store *store, int64_t version, struct err *err)
{
	static const char sql_uuid[] = "INSERT INTO store_info (key, value) VALUES ('uuid', ?1)";
	char uuid[37], *mark;
	sqlite3_stmt *st;
	int r;

	if (store_exec(store, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	r = store_exec(store, store_migrations[version], err);
	if (r == 0 && version == 0 && (r = store_make_uuid(uuid, err)) == 0) {
		st = store_prepare(store, sql_uuid, err);
		r = st ? 0 : -1;
		if (st) {
			store_bind_text(st, 1, uuid);
			r = store_step(store, st, err) < 0 ? -1 : 0;
			(void)sqlite3_finalize(st);
		}
	}
	if (r == 0) {
		/* A pragma takes no parameter; both values are our own numbers. */
		mark = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %lld; COMMIT",
		    STORE_APPLICATION_ID, (long long)(version + 1));
		r = store_exec(store, mark, err);
		free(mark);
	}
	if (r < 0) {
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		return err_wrap(
		    err, "cannot migrate to schema version %lld", (long long)(version + 1));
	}
	return 0;
}

static int
migrate(struct store *store, struct err *err)
{
	int64_t version = 0;

	if (check_identity(store, &version, err) < 0)
		return -1;
	if (store->read_only && version < schema_version())
		return err_set(err, ERR_STORE,
		    "store '%s' has schema version %lld and is read-only; version %lld is needed",
		    store->path, (long long)version, (long long)schema_version());
	for (; version < schema_version(); version++) {
		if (apply_migration(store, version, err) < 0)
			return -1;
	}
	return 0;
}

static int
read_uuid(struct store *store, struct err *err)
{
	static const char sql[] = "SELECT value FROM store_info WHERE key = 'uuid'";
	sqlite3_stmt *st = store_prepare(store, sql, err);
	int r;

	if (!st)
		return -1;
	r = store_step(store, st, err);
	if (r > 0)
		(void)snprintf(store->uuid, sizeof(store->uuid), "%s", store_text(st, 0));
	else if (r == 0)
		r = err_set(err, ERR_STORE, "store '%s' has no identity", store->path);
	(void)sqlite3_finalize(st);
	return r < 0 ? -1 : 0;
}

static int
journal_mode(struct store *store, struct err *err)
{
	sqlite3_stmt *st = store_prepare(store, "PRAGMA journal_mode", err);
	bool wal;

	if (!st)
		return -1;
	wal = store_step(store, st, NULL) > 0 && store_text(st, 0) &&
	    strcmp(store_text(st, 0), "wal") == 0;
	(void)sqlite3_finalize(st);
	return wal ? 0 : store_exec(store, "PRAGMA journal_mode = WAL", err);
}

/*
 * Where nothing can be written and no log waits to be read, SQLite could not even make its shared
 * memory file: then the database is opened as one that cannot change, by URI. NULL if it is not so.
 */
static char *
immutable_uri(const struct store *store)
{
	char *wal = mem_printf("%s-wal", store->path), *dir = path_dir(store->path);
	bool yes = store->read_only && access(dir, W_OK) < 0 && access(wal, F_OK) < 0;
	struct buf uri = BUF_INIT;

	free(wal);
	free(dir);
	if (!yes)
		return NULL;
	buf_str(&uri, "file:");
	for (const char *p = store->path; *p; p++) {
		if (strchr("?#%", *p))
			buf_printf(&uri, "%%%02X", (unsigned char)*p);
		else
			buf_char(&uri, *p);
	}
	buf_str(&uri, "?immutable=1");
	return buf_take(&uri);
}

static int
connect_db(struct store *store, struct err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX;
	char *uri = immutable_uri(store);
	int r;

	/* Before the first connection, or refused: nobody asks for the statistics of each allocation. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	flags |=
	    store->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	r = sqlite3_open_v2(
	    uri ? uri : store->path, &store->db, flags | (uri ? SQLITE_OPEN_URI : 0), NULL);
	free(uri);
	if (r == SQLITE_CANTOPEN && store->read_only && access(store->path, F_OK) < 0)
		return err_set(
		    err, ERR_STORE, "store '%s' does not exist: bkm-scan makes it", store->path);
	if (r != SQLITE_OK)
		return err_set(err, ERR_STORE, "cannot open store '%s': %s", store->path,
		    !store->db ? "out of memory"
			: sqlite3_system_errno(store->db)
			? strerror(sqlite3_system_errno(store->db))
			: sqlite3_errmsg(store->db));
	(void)sqlite3_extended_result_codes(store->db, 1);
	(void)sqlite3_busy_handler(store->db, on_busy, NULL);
	(void)sqlite3_db_config(
	    store->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_SIZE, LOOKASIDE_COUNT);
	if (store->beside)
		(void)sqlite3_wal_autocheckpoint(store->db, 0);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	return store_exec(store,
	    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
	    "PRAGMA secure_delete = OFF;"
	    "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL",
	    err);
}

/* The file must exist with mode 0600 before SQLite makes it with another one. */
static int
create_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open store '%s'", path);
	(void)close(fd);
	return 0;
}

/* ERR_DENIED if only the right to write is missing, so that who reads only may go on. */
static void
cannot_write(const struct store *store, struct err *err)
{
	int sys = err->sys;
	bool denied = sys == EACCES || sys == EPERM || sys == EROFS;

	(void)err_set(err, denied ? ERR_DENIED : ERR_STORE, "cannot write store '%s': %s",
	    store->path, strerror(sys));
	err->sys = sys;
}

static int
set_up(struct store *store, struct err *err)
{
	char *lock_path = NULL;
	int lock = -1, r = -1;

	if (!store->read_only) {
		lock_path = mem_printf("%s-lock", store->path);
		lock = fsio_lock(lock_path, true, err);
		if (lock < 0 || create_file(store->path, err) < 0) {
			cannot_write(store, err);
			goto out;
		}
	}
	if (connect_db(store, err) < 0)
		goto out;
	if (!store->read_only && journal_mode(store, err) < 0)
		goto out;
	if (migrate(store, err) < 0 || read_uuid(store, err) < 0)
		goto out;
	r = 0;
out:
	if (lock >= 0)
		(void)close(lock);
	free(lock_path);
	return r;
}

int
store_open(struct store **ret_store, const char *path, enum store_mode mode, struct err *err)
{
	struct store *store = mem_alloc(sizeof(*store));
	struct err local = {0};

	store->path = mem_strdup(path);
	store->read_only = mode == STORE_READ_ONLY;
	store->beside = mode == STORE_BESIDE;
	store->run_lock_fd = -1;
	store->path_buf = BUF_INIT;
	store->row_buf = BUF_INIT;
	if (set_up(store, err ? err : &local) < 0) {
		store_close(store);
		return -1;
	}
	*ret_store = store;
	return 0;
}

void
store_close(struct store *store)
{
	if (!store)
		return;
	store_forget_statements(store);
	(void)sqlite3_close_v2(store->db);
	if (store->run_lock_fd >= 0)
		(void)close(store->run_lock_fd);
	buf_release(&store->path_buf);
	buf_release(&store->row_buf);
	store_backup_ahead(store, NULL, 0);
	free(store->path);
	free(store);
}

const char *
store_uuid(const struct store *store)
{
	return store->uuid;
}

/* ---------------------------------------------------------------- transactions */
int
store_begin(struct store *store, struct err *err)
{
	/* A row that was looked up keeps its read transaction: writing from behind what others have
	 * written since would be refused as busy at once. */
	store_read_end(store);
	return store_exec(store, "BEGIN IMMEDIATE", err);
}

int
store_begin_read(struct store *store, struct err *err)
{
	return store_exec(store, "BEGIN", err);
}

int
store_read_begin(struct store *store, struct err *err)
{
	if (store_in_transaction(store))
		return 0;
	if (store_exec(store, "BEGIN", err) < 0)
		return -1;
	store->reading = true;
	return 0;
}

void
store_read_end(struct store *store)
{
	store_backup_let_go(store);
	if (store->reading)
		store_rollback(store);
	store->reading = false;
	store->row.id = 0;
	store_ahead_end(store);
}

int
store_read_again(struct store *store, struct err *err)
{
	if (!store->reading)
		return 0;
	store_read_end(store);
	return store_read_begin(store, err) < 0 ? -1 : 1;
}

int
store_commit(struct store *store, struct err *err)
{
	if (!store_in_transaction(store))
		return 0;
	if (store_exec(store, "COMMIT", err) < 0) {
		store_rollback(store);
		return -1;
	}
	return 0;
}

void
store_rollback(struct store *store)
{
	if (store_in_transaction(store))
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

bool
store_in_transaction(const struct store *store)
{
	return sqlite3_get_autocommit(store->db) == 0;
}
