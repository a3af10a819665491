// Archives of pg_dump (custom, tar, directory): pg_restore makes the script, which is then loaded.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore/pg_private.h"

#define TAR_BLOCK 512
#define TOC       "toc.dat"
#define LOG       "pg_restore.log"
#define WAIT_MS   100

static bool
has_magic(const struct restore_probe *probe, size_t at)
{
	return probe->len >= at + 5 && memcmp(probe->data + at, "PGDMP", 5) == 0;
}

static int
bid_pgcustom(const struct restore_probe *probe)
{
	return has_magic(probe, 0) ? 90 : 0;
}

/* Its first member is the table of contents. */
static int
bid_pgtar(const struct restore_probe *probe)
{
	return has_magic(probe, TAR_BLOCK) && memcmp(probe->data, TOC, sizeof(TOC)) == 0 ? 95 : 0;
}

static int
bid_never(const struct restore_probe *probe)
{
	(void)probe;
	return 0;
}

struct head {
	const uint8_t *data;
	size_t left;
};

static int
read_head(void *arg, void *data, size_t len)
{
	struct head *h = arg;

	if (len > h->left)
		return -1;
	if (data)
		memcpy(data, h->data, len);
	h->data += len;
	h->left -= len;
	return 0;
}

/* The version of the server stands near the beginning; the rest may lie behind what is here. */
static void
note_server(struct restore_answer *a, const uint8_t *data, size_t len)
{
	struct head head = {data, len};
	const struct sqldb_toc_input in = {read_head, &head};
	struct sqldb_toc toc;

	(void)sqldb_toc_read(&toc, &in);
	(void)snprintf(a->wrote, sizeof(a->wrote), "%s", toc.server);
	sqldb_toc_release(&toc);
}

/* pg_restore waits without end for what a cut tar does not have: its blocks of zeros come first. */
static bool
tar_has_end(int fd)
{
	char block[TAR_BLOCK];
	off_t at = 0;

	while (pread(fd, block, sizeof(block), at) == (ssize_t)sizeof(block)) {
		char digits[13];
		char *end;
		long long size;

		if (block[0] == '\0')
			return true;
		memcpy(digits, block + 124, 12);
		digits[12] = '\0';
		size = strtoll(digits, &end, 8);
		if (end == digits || size < 0 || at > INT64_MAX / 2 || size > INT64_MAX / 4)
			return false;
		at += TAR_BLOCK + (off_t)((size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK);
	}
	return false;
}

static bool
is_cut_tar(const struct restore_child *child)
{
	bool packed = child->probe.codec != CODEC_NONE, cut;
	int fd = child->fd;

	if (packed)
		fd = openat(child->rootfd, RESTORE_PAYLOAD, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cut = fd < 0 || !tar_has_end(fd);
	if (packed && fd >= 0)
		(void)close(fd);
	return cut;
}

/* pg_restore reads its standard input: the backup itself, or what was unpacked of it. */
static void
drill_archive(struct restore_child *child)
{
	struct restore_answer *a = child->answer;
	bool tar = bid_pgtar(&child->probe) > 0;
	size_t at = tar ? TAR_BLOCK : 0;
	int64_t start = clock_mono_ms();

	note_server(a, child->probe.data + at, child->probe.len - at);
	if (child->probe.codec != CODEC_NONE && restore_payload(child, RESTORE_PAYLOAD) < 0)
		return;
	a->unpack_ms = clock_mono_ms() - start;
	if (tar && is_cut_tar(child)) {
		restore_say(a, RECORD_VERDICT_FAIL, "truncated", "a tar without its end");
		return;
	}
	a->verdict = RECORD_VERDICT_NONE;
	(void)snprintf(a->next, sizeof(a->next), "%s", a->handler);
}

static bool
is_archive(struct restore_child *child)
{
	int fd = openat(child->rootfd, TOC, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint8_t head[512];
	ssize_t n = fd < 0 ? -1 : fsio_read_full(fd, head, sizeof(head));
	bool is = n >= 5 && memcmp(head, "PGDMP", 5) == 0;

	if (is)
		note_server(child->answer, head, (size_t)n);
	if (fd >= 0)
		(void)close(fd);
	return is;
}

/* The copy belongs to who made it, and is read by who loads it. */
static void
let_read(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		int file = de->d_type == DT_REG
		    ? openat(dirfd, de->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
		    : -1;

		if (file >= 0) {
			(void)fchmod(file, 0444);
			(void)close(file);
		}
	}
	if (dir)
		(void)closedir(dir);
	else if (fd >= 0)
		(void)close(fd);
}

void
restore_offer_pgdir(struct restore_child *child)
{
	struct restore_answer *a = child->answer;

	if (!is_archive(child))
		return;
	let_read(child->rootfd);
	a->verdict = RECORD_VERDICT_NONE;
	(void)snprintf(a->next, sizeof(a->next), "%s", restore_pgdir.name);
}

/* ---------------------------------------------------------------- in the second child */

static pid_t
start_pg_restore(struct restore_child *child, bool directory, int out)
{
	char *program = restore_pg_newest("pg_restore");
	char to[] = "-f", out_name[] = "-", in_name[] = RESTORE_SCRATCH;
	char *const argv[] = {program, to, out_name, directory ? in_name : NULL, NULL};
	const struct restore_spawn spawn = {.program = program,
	    .argv = argv,
	    .log = LOG,
	    .directory = "/",
	    .has_in = !directory,
	    .in = child->fd,
	    .has_out = true,
	    .out = out,
	    .reads = true};
	pid_t pid = restore_spawn(child, &spawn);

	free(program);
	return pid;
}

/* The script into the server: 0 at its end, -1 and the answer says why not. */
static int
load_script(struct restore_child *child, struct restore_pg_load *load, int fd)
{
	uint8_t *block = mem_alloc(RESTORE_PEEK);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n = 1;
	int r = 0;

	while (r == 0 && n > 0) {
		if (poll(&p, 1, WAIT_MS) <= 0) {
			r = restore_watch_look(load->watch);
			continue;
		}
		n = read(fd, block, RESTORE_PEEK);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			child->answer->bytes += (uint64_t)n;
		if (n > 0 && sqldb_dump_feed(load->dump, block, (size_t)n) < 0)
			n = 0;
	}
	free(block);
	return r;
}

/* pg_restore says in words only what is wrong. */
static void
say_complaint(struct restore_child *child, int status)
{
	struct restore_answer *a = child->answer;
	char text[160];
	const char *line = text;

	restore_log_line(child, LOG, "error: ", text, sizeof(text));
	if (!*line)
		restore_log_line(child, LOG, NULL, text, sizeof(text));
	if (strstr(line, "error: "))
		line = strstr(line, "error: ") + 7;
	if (strstr(line, "unsupported version"))
		restore_say(a, RECORD_VERDICT_ERROR, "not_installed",
		    "%.100s: install a newer postgresql", line);
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

/* What it could not read decides, if the loading did not stop it. */
static int
end_script(struct restore_child *child, struct restore_pg_load *load, pid_t pid)
{
	const struct sqldb_stats *stats = sqldb_dump_stats(load->dump);
	int status = 0;

	if (load->failed || stats->detail[0]) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
		return restore_pg_load_finish(load);
	}
	if (restore_spawn_wait(load->watch, pid, &status) < 0)
		return -1;
	if (status == 0)
		return restore_pg_load_finish(load);
	say_complaint(child, status);
	return -1;
}

static int
load_archive(struct restore_child *child, struct restore_pg_load *load, bool directory)
{
	int ends[2], r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		restore_say_errno(child->answer, "cannot make a pipe");
		return -1;
	}
	pid = start_pg_restore(child, directory, ends[1]);
	(void)close(ends[1]);
	r = pid < 0 ? -1 : load_script(child, load, ends[0]);
	(void)close(ends[0]);
	if (r == 0)
		return end_script(child, load, pid);
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return -1;
}

static int
feed_file(struct restore_child *child, struct restore_pg_load *load)
{
	return load_archive(child, load, false);
}

static int
feed_directory(struct restore_child *child, struct restore_pg_load *load)
{
	return load_archive(child, load, true);
}

static void
program_file(struct restore_child *child, const char *postgres)
{
	restore_pg_bring_back(child, postgres, feed_file);
}

static void
program_directory(struct restore_child *child, const char *postgres)
{
	restore_pg_bring_back(child, postgres, feed_directory);
}

const struct restore_handler restore_pgcustom = {RESTORE_PG_HANDLER,
    .find = restore_pg_find_archiver, .name = "pgcustom", .bid = bid_pgcustom,
    .drill = drill_archive, .program = program_file};
const struct restore_handler restore_pgtar = {RESTORE_PG_HANDLER, .find = restore_pg_find_archiver,
    .name = "pgtar", .bid = bid_pgtar, .drill = drill_archive, .program = program_file};
/* A backup that is a directory, copied into the scratch directory. */
const struct restore_handler restore_pgdir = {RESTORE_PG_HANDLER, .find = restore_pg_find_archiver,
    .name = "pgdir", .bid = bid_never, .program = program_directory};
