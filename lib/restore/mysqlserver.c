// A throw-away MariaDB or MySQL server in the scratch directory: found, made, started, stopped.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore/mysql_private.h"

#define PLACE      "mysql"
#define DATA       PLACE "/data"
#define SCRIPT     PLACE "/system.sql"
#define LOG        PLACE "/log"
#define ARGS       64
#define WAIT_MS    10
#define SCRIPT_MAX ((size_t)1 << 20)
#define LOG_MAX    ((size_t)1 << 20)

/* ---------------------------------------------------------------- the program */

static const struct {
	const char *path;
	bool mariadb;
} programs[] = {
    {"/usr/sbin/mariadbd", true},
    {"/usr/local/sbin/mariadbd", true},
    {"/usr/libexec/mariadbd", true},
    {"/usr/bin/mariadbd", true},
    {"/usr/sbin/mysqld", false},
    {"/usr/local/sbin/mysqld", false},
    {"/usr/libexec/mysqld", false},
    {"/usr/bin/mysqld", false},
};

/* Debian's mysqld is MariaDB's by another name. */
static bool
is_mariadb(const char *path)
{
	char real[PATH_MAX];

	return realpath(path, real) && strcmp(path_base(real), "mariadbd") == 0;
}

char *
restore_mysqld_find(const char *product, const char **ret_package)
{
	const char *any = NULL;
	bool mysql = strcmp(product, "MySQL") == 0;

	*ret_package = mysql ? "mysql-server (or mariadb-server)" : "mariadb-server";
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (access(programs[i].path, X_OK) != 0)
			continue;
		if (is_mariadb(programs[i].path) != mysql)
			return mem_strdup(programs[i].path);
		any = any ? any : programs[i].path;
	}
	return mem_strdup(any);
}

/* ---------------------------------------------------------------- its arguments */

/* What keeps it in its place, and what makes it fast: nothing here outlives the drill. Options that
 * only some versions know are "loose": the others ignore them. */
static const char *const common_args[] = {
    "--no-defaults", /* must be the first */
    "--datadir=.",   /* it starts there */
    "--tmpdir=../tmp",
    "--socket=s",
    "--pid-file=../pid",
    "--secure-file-priv=/proc/self/task", /* where nobody can make a file */
    "--skip-networking",
    "--skip-log-bin",
    "--local-infile=0",
    "--plugin-dir=/nonexistent", /* nothing can be put there and loaded */
    "--loose-symbolic-links=0",
    "--loose-event-scheduler=OFF", /* events are restored, not run */
    "--loose-mysqlx=0",
    "--loose-performance-schema=0",
    "--loose-log-warnings=0",
    "--loose-wsrep-node-address=127.0.0.1",
    "--loose-wsrep-node-incoming-address=127.0.0.1",
    "--loose-debug-no-sync",
    "--loose-skip-sync-frm",
    "--loose-innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-use-native-aio=0",
    "--innodb-buffer-pool-size=128M",
    "--loose-innodb-buffer-pool-size-max=128M",
    "--loose-innodb-log-file-size=32M",
    "--loose-innodb-buffer-pool-dump-at-shutdown=0",
    "--loose-innodb-buffer-pool-load-at-startup=0",
    "--innodb-autoextend-increment=1",
    "--innodb-temp-data-file-path=ibtmp1:2M:autoextend",
    "--loose-aria-log-file-size=8M",
    "--loose-aria-pagecache-buffer-size=8M",
    "--key-buffer-size=8M",
    "--max-allowed-packet=1G",
    "--max-connections=10",
    "--net-read-timeout=86400",
    "--wait-timeout=86400",
};

struct args {
	char *argv[ARGS];
	size_t count;
};

static void
add(struct args *args, char *owned)
{
	if (args->count < ARGS - 1)
		args->argv[args->count++] = owned;
	else
		free(owned);
}

static void
args_init(struct args *args, const char *program)
{
	*args = (struct args){.count = 0};
	add(args, mem_strdup(program));
	for (size_t i = 0; i < ARRAY_LEN(common_args); i++)
		add(args, mem_strdup(common_args[i]));
	if (geteuid() == 0)
		add(args, mem_strdup("--user=root"));
}

static void
args_release(struct args *args)
{
	for (size_t i = 0; i < args->count; i++)
		free(args->argv[i]);
}

/* ---------------------------------------------------------------- its files */

static int
make_places(struct restore_child *child)
{
	static const char *const places[] = {PLACE, DATA, PLACE "/tmp"};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (mkdirat(child->rootfd, places[i], 0700) < 0) {
			restore_say_errno(child->answer, "cannot make a directory for the server");
			return -1;
		}
	}
	return 0;
}

/* What MariaDB's installer feeds to it, without help texts and test databases. */
static int
read_script(struct restore_child *child, struct buf *script)
{
	static const char *const shares[] = {
	    "/usr/share/mariadb", "/usr/share/mysql", "/usr/local/share/mysql"};
	static const char *const parts[] = {"mysql_system_tables.sql",
	    "mysql_performance_tables.sql", "mysql_system_tables_data.sql"};

	buf_str(script, "create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		int r = -1;

		for (size_t k = 0; r < 0 && k < ARRAY_LEN(shares); k++) {
			char *path = path_join(shares[k], parts[i]);

			r = fsio_read_file(path, SCRIPT_MAX, script, NULL);
			free(path);
		}
		if (r < 0) {
			restore_say(child->answer, RECORD_VERDICT_ERROR, "not_installed",
			    "the database server lacks its '%s'", parts[i]);
			return -1;
		}
	}
	return 0;
}

static int
write_script(struct restore_child *child)
{
	struct buf script = BUF_INIT_MAX(SCRIPT_MAX);
	int fd = -1;

	if (read_script(child, &script) < 0)
		goto out;
	fd = openat(child->rootfd, SCRIPT, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && fsio_write_all(fd, script.data, script.len, SCRIPT, NULL) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		goto out;
	restore_say_errno(child->answer, "cannot prepare the database server");
	if (fd >= 0)
		(void)close(fd);
	fd = -1;
out:
	buf_release(&script);
	return fd;
}

/* ---------------------------------------------------------------- its processes */

/* What it complained of before it gave up. */
static int
say_log(struct restore_child *child, const char *what)
{
	struct buf log = BUF_INIT_MAX(LOG_MAX), text = BUF_INIT_MAX(160);
	int fd = openat(child->rootfd, LOG, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	const char *at = NULL;

	if (fd >= 0 && fsio_read_fd(fd, LOG, LOG_MAX - 1, &log, NULL) == 0)
		at = strstr(log.data, "ERROR");
	if (at)
		str_add_visible(&text, at, strcspn(at, "\n") < 150 ? strcspn(at, "\n") : 150);
	restore_say(child->answer, RECORD_VERDICT_ERROR, "server", "%s%s%s", what, at ? ": " : "",
	    text.data);
	buf_release(&log);
	buf_release(&text);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static pid_t
spawn(struct restore_child *child, const struct args *args, int in)
{
	char *env[] = {(char[]){"MALLOC_ARENA_MAX=2"}, NULL};
	const struct restore_spawn s = {.program = args->argv[0],
	    .argv = args->argv,
	    .env = env,
	    .directory = DATA,
	    .log = LOG,
	    .has_in = in >= 0,
	    .in = in,
	    .sockets = true};

	return restore_spawn(child, &s);
}

/* The system tables: MariaDB is fed a script, MySQL has its own. */
static int
make_tables(struct restore_mysqld *server, struct restore_watch *watch, struct args *args)
{
	struct restore_child *child = watch->child;
	int in = server->mariadb ? write_script(child) : -1;
	size_t count = args->count;
	int status = 0;
	pid_t pid;

	if (server->mariadb && in < 0)
		return -1;
	add(args, mem_strdup(server->mariadb ? "--bootstrap" : "--initialize-insecure"));
	pid = spawn(child, args, in);
	if (in >= 0)
		(void)close(in);
	free(args->argv[count]);
	args->argv[count] = NULL;
	args->count = count;
	if (pid < 0 || restore_spawn_wait(watch, pid, &status) < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return say_log(child, "cannot set up a database server");
}

static int
wait_ready(struct restore_watch *watch, struct restore_wire *wire)
{
	while (restore_wire_open(wire, RESTORE_MYSQL_SOCKET) < 0) {
		if (wire->message[0]) {
			restore_say(watch->child->answer, RECORD_VERDICT_ERROR, "server",
			    "cannot log in to the database server: %s", wire->message);
			return -1;
		}
		if (restore_watch_pause(watch, WAIT_MS) < 0)
			return watch->server
			    ? -1
			    : say_log(watch->child, "the database server did not start");
	}
	return 0;
}

int
restore_mysqld_start(struct restore_mysqld *server, struct restore_watch *watch,
    const char *program, struct restore_wire *wire)
{
	struct restore_child *child = watch->child;
	struct args args;
	int r = -1;

	*server = (struct restore_mysqld){.mariadb = is_mariadb(program)};
	if (make_places(child) < 0)
		return -1;
	if (restore_enter_scratch(child) < 0)
		return -1;
	args_init(&args, program);
	if (make_tables(server, watch, &args) == 0) {
		watch->server = server->pid = spawn(child, &args, -1);
		if (server->pid > 0)
			r = wait_ready(watch, wire);
	}
	args_release(&args);
	return r;
}

void
restore_mysqld_stop(struct restore_mysqld *server, struct restore_watch *watch, bool gently)
{
	if (watch->server <= 0)
		return;
	(void)kill(watch->server, gently ? SIGTERM : SIGKILL);
	while (waitpid(watch->server, NULL, 0) < 0 && errno == EINTR)
		;
	watch->server = server->pid = 0;
}
