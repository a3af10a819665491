// PostgreSQL's custom format: pg_restore reads all of it, its script is counted as a dump.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define VERSIONS "/usr/lib/postgresql"
#define PACKAGE  "postgresql-client"

static int
bid_pgcustom(const struct restore_probe *probe)
{
	return probe->len >= 5 && memcmp(probe->data, "PGDMP", 5) == 0 ? 90 : 0;
}

static void
drill_pgcustom(struct restore_child *child)
{
	struct restore_answer *a = child->answer;
	int64_t start = clock_mono_ms();

	if (child->probe.codec != CODEC_NONE && restore_payload(child, RESTORE_PAYLOAD) < 0)
		return;
	a->unpack_ms = clock_mono_ms() - start;
	a->verdict = RECORD_VERDICT_NONE;
	(void)snprintf(a->next, sizeof(a->next), "%s", restore_pgcustom.name);
}

/* The newest that is installed: an older one cannot read what a newer one wrote. Debian's
 * /usr/bin/pg_restore is a wrapper that needs more than the sandbox gives. */
static char *
find_pg_restore(const char **ret_package)
{
	DIR *dir = opendir(VERSIONS);
	struct dirent *de;
	uint64_t best = 0, version;
	char *path = NULL;

	*ret_package = PACKAGE;
	while (dir && (de = readdir(dir))) {
		char *candidate;

		if (str_to_u64(de->d_name, 9, 999, &version, NULL) < 0 || version <= best)
			continue;
		candidate = mem_printf("%s/%s/bin/pg_restore", VERSIONS, de->d_name);
		if (access(candidate, X_OK) == 0) {
			free(path);
			path = candidate;
			best = version;
		} else {
			free(candidate);
		}
	}
	if (dir)
		(void)closedir(dir);
	return path;
}

/* pg_restore's complaints go to a file of the scratch directory, its script to a pipe. */
static pid_t
start_program(struct restore_child *child, const char *program, int *ret_out, int *ret_errors)
{
	char *argv[] = {(char[]){"pg_restore"}, (char[]){"-f"}, (char[]){"-"}, NULL};
	char *envp[] = {(char[]){"LC_ALL=C"}, (char[]){"PATH=/usr/bin:/bin"}, NULL};
	int ends[2];
	pid_t pid;

	*ret_errors =
	    openat(child->rootfd, ".bkm-errors", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*ret_errors < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		if (dup2(child->fd, 0) < 0 || dup2(ends[1], 1) < 0 || dup2(*ret_errors, 2) < 0)
			_exit(126);
		(void)execve(program, argv, envp);
		_exit(127);
	}
	(void)close(ends[1]);
	*ret_out = ends[0];
	return pid;
}

static void
on_table(void *arg, const char *name)
{
	restore_saw_name(arg, name);
}

static enum sqldb_fault
count_script(struct restore_child *child, int fd, struct sqldb_stats *ret_stats)
{
	const struct sqldb_dump_options options = {
	    .dialect = SQLDB_POSTGRES, .table = on_table, .arg = child};
	struct sqldb_dump *dump = sqldb_dump_new(&options);
	uint8_t *block = mem_alloc(RESTORE_PEEK);
	enum sqldb_fault fault;
	ssize_t n;

	while ((n = read(fd, block, RESTORE_PEEK)) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			(void)sqldb_dump_feed(dump, block, (size_t)n);
		child->answer->bytes += n > 0 ? (uint64_t)n : 0;
	}
	fault = sqldb_dump_finish(dump);
	*ret_stats = *sqldb_dump_stats(dump);
	free(block);
	sqldb_dump_free(dump);
	return fault;
}

/* pg_restore says in words only what is wrong. */
static void
say_complaint(struct restore_child *child, int errors, int status)
{
	struct restore_answer *a = child->answer;
	char text[512];
	ssize_t n = pread(errors, text, sizeof(text) - 1, 0);
	char *line = text;

	text[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "pg_restore: ", 12) == 0)
		line += 12;
	if (strncmp(line, "error: ", 7) == 0)
		line += 7;
	if (strstr(line, "unsupported version"))
		restore_say(a, RECORD_VERDICT_SKIP, "unsupported",
		    "%.120s: install a newer " PACKAGE, line);
	else if (strstr(line, "end of file") || strstr(line, "too short"))
		restore_say(a, RECORD_VERDICT_FAIL, "truncated", "%.160s", line);
	else if (WIFEXITED(status) && WEXITSTATUS(status) >= 126)
		restore_say(a, RECORD_VERDICT_ERROR, "handler", "cannot execute pg_restore");
	else if (WIFSIGNALED(status))
		restore_say(a, RECORD_VERDICT_ERROR, "crashed", "pg_restore ended by signal %d",
		    WTERMSIG(status));
	else
		restore_say(a, RECORD_VERDICT_FAIL, "damaged", "%.160s", line);
}

static void
program_pgcustom(struct restore_child *child, const char *program)
{
	struct sqldb_stats stats;
	enum sqldb_fault fault;
	int out = -1, errors = -1, status = 0;
	int64_t start = clock_mono_ms();
	pid_t pid = start_program(child, program, &out, &errors);

	if (pid < 0) {
		restore_say_errno(child->answer, "cannot start pg_restore");
		return;
	}
	fault = count_script(child, out, &stats);
	(void)close(out);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	child->answer->check_ms = clock_mono_ms() - start;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		restore_say_dump(child->answer, fault, &stats);
	else
		say_complaint(child, errors, status);
	(void)close(errors);
}

const struct restore_handler restore_pgcustom = {.name = "pgcustom",
    .bid = bid_pgcustom,
    .drill = drill_pgcustom,
    .find = find_pg_restore,
    .program = program_pgcustom};
