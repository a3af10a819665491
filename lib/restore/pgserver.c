// A throw-away PostgreSQL server: given a data directory, started, waited for.
#include <fcntl.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore/pg_private.h"

#define START_MS INT64_C(120000)
#define LOG      "server.log"
#define INIT_LOG "initdb.log"

static int
not_started(struct restore_watch *watch, const char *what, const char *log)
{
	char line[160];

	restore_log_line(watch->child, log, NULL, line, sizeof(line));
	restore_say(watch->child->answer, RECORD_VERDICT_ERROR, "server", "%s: %s", what, line);
	return -1;
}

/* initdb starts the server through a shell, so it runs before any of the walls that the server gets;
 * it sees nothing of the backup. */
int
restore_pg_prepare(struct restore_child *child, const char *postgres)
{
	char *program =
	    mem_printf("%.*s/initdb", (int)(strrchr(postgres, '/') - postgres), postgres);
	char *const argv[] = {program, (char[]){"-D"},
	    (char[]){RESTORE_SCRATCH "/" RESTORE_PG_DATA}, (char[]){"--auth=trust"},
	    (char[]){"--username=" RESTORE_PG_USER}, (char[]){"--encoding=UTF8"},
	    (char[]){"--locale=C"}, (char[]){"--no-sync"}, NULL};
	const struct restore_spawn spawn = {
	    .program = program, .argv = argv, .log = INIT_LOG, .directory = "/", .loose = true};
	struct restore_watch watch = {.child = child};
	pid_t pid = restore_spawn(child, &spawn);
	int status = -1, r = pid < 0 ? -1 : restore_spawn_wait(&watch, pid, &status);

	free(program);
	if (r < 0)
		return -1;
	return status == 0 ? 0 : not_started(&watch, "initdb failed", INIT_LOG);
}

static int
make_data(struct restore_child *child, const char *postgres)
{
	if (child->mould <= 0)
		return restore_pg_prepare(child, postgres);
	if (restore_mould_cast(child) == 0)
		return 0;
	restore_say_errno(child->answer, "cannot copy a new data directory");
	return -1;
}

/* Nothing that is safe on a crash, nothing that goes out; the rest is as it was shipped. */
static pid_t
start(struct restore_child *child, const char *postgres)
{
	static const char *const settings[] = {"listen_addresses=", "unix_socket_directories=.",
	    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal",
	    "max_wal_senders=0", "autovacuum=off", "shared_buffers=64MB",
	    "maintenance_work_mem=128MB", "max_wal_size=256MB", "max_connections=10",
	    "max_locks_per_transaction=1024", "dynamic_shared_memory_type=mmap", "huge_pages=off",
	    "jit=off", "restart_after_crash=off", "timezone=UTC", "log_timezone=UTC",
	    "log_min_messages=fatal", "log_min_error_statement=panic", "logging_collector=off"};
	static char set[] = "-c", data[] = "-D", place[] = RESTORE_SCRATCH "/" RESTORE_PG_DATA;
	char *argv[2 * ARRAY_LEN(settings) + 4];
	char *program = mem_strdup(postgres);
	size_t n = 0;
	struct restore_spawn spawn = {
	    .program = postgres, .argv = argv, .log = LOG, .directory = "/", .sockets = true};
	pid_t pid;

	argv[n++] = program;
	argv[n++] = data;
	argv[n++] = place;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		argv[n++] = set;
		argv[n++] = (char *)(uintptr_t)settings[i];
	}
	argv[n] = NULL;
	pid = restore_spawn(child, &spawn);
	free(program);
	return pid;
}

/* The server marks its place with a small System V segment, which would outlive it if it is killed
 * where there is no IPC namespace. Removed now, it lives as long as somebody is attached. */
static void
forget_segment(struct restore_child *child)
{
	int fd = openat(
	    child->rootfd, RESTORE_PG_DATA "/postmaster.pid", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[1024], *line = text, *id;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	uint64_t v;

	text[n > 0 ? n : 0] = '\0';
	/* Its seventh line is "KEY ID". */
	for (int i = 1; line && i < 7; i++) {
		line = strchr(line, '\n');
		line += line ? 1 : 0;
	}
	if (line) {
		line[strcspn(line, "\n")] = '\0';
		while (*line == ' ')
			line++;
		id = line + strcspn(line, " ");
		id += strspn(id, " ");
		id[strcspn(id, " ")] = '\0';
		if (str_to_u64(id, 0, INT32_MAX, &v, NULL) == 0)
			(void)shmctl((int)v, IPC_RMID, NULL);
	}
	if (fd >= 0)
		(void)close(fd);
}

static int
await_server(struct restore_watch *watch)
{
	int64_t give_up = clock_mono_ms() + START_MS;
	struct restore_pg pg;
	enum restore_pg_end end = RESTORE_PG_REFUSED;

	restore_pg_init(&pg, watch);
	while (end == RESTORE_PG_REFUSED && clock_mono_ms() < give_up) {
		if (restore_watch_pause(watch, 10) < 0)
			end = RESTORE_PG_TROUBLE;
		else
			end = restore_pg_connect(&pg, RESTORE_PG_DATABASE);
	}
	restore_pg_close(&pg);
	if (end == RESTORE_PG_DONE)
		return 0;
	/* Ended, or not ready in all that time: its log knows why. Time and space were said already. */
	if (end == RESTORE_PG_REFUSED || strcmp(watch->child->answer->reason, "server") == 0)
		return not_started(watch, "the server did not start", LOG);
	return -1;
}

int
restore_pg_start(struct restore_watch *watch, const char *postgres)
{
	struct restore_child *child = watch->child;
	int64_t begin = clock_mono_ms();

	if (fchdir(child->rootfd) < 0) {
		restore_say_errno(child->answer, "cannot enter the scratch directory");
		return -1;
	}
	if (make_data(child, postgres) < 0)
		return -1;
	watch->server = start(child, postgres);
	if (watch->server < 0 || await_server(watch) < 0)
		return -1;
	forget_segment(child);
	watch->ignore = "pg_wal";
	restore_watch_begin(watch);
	child->answer->start_ms = clock_mono_ms() - begin;
	return 0;
}
