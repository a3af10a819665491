// Runs of stages: a row each, and a lock that the kernel drops when the process ends.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store_private.h"

#define RUN_COLUMNS                                                                                \
	"id, uuid, command, host, pid, started, ended, ms, ended_by, exit, findings, errors"

static const char sql_start[] =
    "INSERT INTO run (uuid, command, host, pid, started) VALUES (?1, ?2, ?3, ?4, ?5)";
static const char sql_end[] =
    "UPDATE run SET ended = ?2, ms = ?3, ended_by = ?4, exit = ?5, findings = ?6, errors = ?7,"
    " counts = ?8 WHERE id = ?1 AND ended IS NULL";
static const char sql_by_uuid[] = "SELECT " RUN_COLUMNS " FROM run WHERE uuid = ?1";
static const char sql_latest[] =
    "SELECT " RUN_COLUMNS " FROM run WHERE id IN"
    " (SELECT max(id) FROM run WHERE host = ?1 GROUP BY command) ORDER BY started DESC, id DESC";

/* All runs lock one byte each, at the offset of their id, of one file beside the store. */
static int
lock_file(struct store *store, struct err *err)
{
	char *path;

	if (store->run_lock_fd >= 0)
		return 0;
	path = mem_printf("%s-runs", store->path);
	store->run_lock_fd = open(
	    path, (store->read_only ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->run_lock_fd < 0)
		(void)err_sys(err, ERR_STORE, "cannot open '%s'", path);
	free(path);
	return store->run_lock_fd < 0 ? -1 : 0;
}

static int
lock_byte(struct store *store, int command, short type, int64_t id)
{
	struct flock lock = {
	    .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)id, .l_len = 1};
	int r;

	do
		r = fcntl(store->run_lock_fd, command, &lock);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -1 : lock.l_type == F_UNLCK ? 0 : 1;
}

int
store_lock_byte(struct store *store, int64_t offset, bool take, struct err *err)
{
	if (lock_file(store, err) < 0)
		return -1;
	if (lock_byte(store, F_OFD_SETLK, take ? F_WRLCK : F_UNLCK, offset) >= 0)
		return 1;
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return err_sys(err, ERR_STORE, "cannot lock '%s-runs'", store->path);
}

int
store_run_start(struct store *store, struct store_run *run, struct err *err)
{
	sqlite3_stmt *st;

	if (store_make_uuid(run->uuid, err) < 0 || lock_file(store, err) < 0)
		return -1;
	/* Inserted and locked inside one write transaction: nobody sees the row before its lock. */
	if (store_begin(store, err) < 0)
		return -1;
	st = store_stmt(store, sql_start, err);
	if (!st)
		goto fail;
	store_bind_text(st, 1, run->uuid);
	store_bind_text(st, 2, run->command);
	store_bind_text(st, 3, run->host);
	store_bind_int(st, 4, run->pid);
	store_bind_int(st, 5, run->started);
	if (store_run_stmt(store, st, err) < 0)
		goto fail;
	run->id = store_last_id(store);
	if (lock_byte(store, F_OFD_SETLK, F_WRLCK, run->id) < 0) {
		(void)err_sys(err, ERR_STORE, "cannot lock '%s-runs'", store->path);
		goto fail;
	}
	return store_commit(store, err);
fail:
	store_rollback(store);
	return -1;
}

int
store_run_end(struct store *store, const struct store_run *run, const char *counts, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_end, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, run->id);
	store_bind_int(st, 2, run->ended);
	store_bind_int(st, 3, run->ms);
	store_bind_text(st, 4, run->ended_by);
	store_bind_int(st, 5, run->exit_status);
	store_bind_int(st, 6, (int64_t)run->findings);
	store_bind_int(st, 7, (int64_t)run->errors);
	store_bind_text(st, 8, counts);
	return store_run_stmt(store, st, err);
}

static void
read_run(sqlite3_stmt *st, struct store_run *run)
{
	const char *by = store_text(st, 8);

	*run = (struct store_run){
	    .id = sqlite3_column_int64(st, 0),
	    .pid = sqlite3_column_int64(st, 4),
	    .started = sqlite3_column_int64(st, 5),
	    .ended = store_time(st, 6),
	    .ms = sqlite3_column_int64(st, 7),
	    .exit_status = sqlite3_column_int(st, 9),
	    .findings = (uint64_t)sqlite3_column_int64(st, 10),
	    .errors = (uint64_t)sqlite3_column_int64(st, 11),
	};
	(void)snprintf(run->uuid, sizeof(run->uuid), "%s", store_text(st, 1));
	(void)snprintf(run->command, sizeof(run->command), "%s", store_text(st, 2));
	(void)snprintf(run->host, sizeof(run->host), "%s", store_text(st, 3));
	(void)snprintf(run->ended_by, sizeof(run->ended_by), "%s", by ? by : "");
}

/* F_OFD_GETLK does not see a lock of the same open file: that one is ours, and we are alive. */
static enum store_run_fate
fate_of(struct store *store, const struct store_run *run)
{
	if (run->ended != CLOCK_NONE)
		return STORE_RUN_ENDED;
	if (run->pid == getpid())
		return STORE_RUN_ALIVE;
	if (lock_file(store, NULL) < 0)
		return STORE_RUN_DEAD;
	return lock_byte(store, F_OFD_GETLK, F_WRLCK, run->id) > 0 ? STORE_RUN_ALIVE
								   : STORE_RUN_DEAD;
}

int
store_run_fate(struct store *store, const char *uuid, enum store_run_fate *ret_fate,
    struct store_run *ret_run, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_by_uuid, err);
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, uuid);
	r = store_step(store, st, err);
	if (r > 0) {
		read_run(st, ret_run);
		*ret_fate = fate_of(store, ret_run);
	} else if (r == 0) {
		*ret_fate = STORE_RUN_UNKNOWN;
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_run_latest(
    struct store *store, const char *host, store_run_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_latest, err);
	int r = 0, stop = 0;

	if (!st)
		return -1;
	store_bind_text(st, 1, host);
	while (!stop && (r = store_step(store, st, err)) > 0) {
		struct store_run run;

		read_run(st, &run);
		stop = fn(arg, &run, fate_of(store, &run));
	}
	store_reset(st);
	return stop ? stop : r;
}
