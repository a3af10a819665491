// A backup that is a directory: copied as it is, file by file.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define DEPTH_MAX 200
#define BLOCK     ((size_t)128 * 1024)

struct copying {
	struct restore_child *child;
	struct restore_writer writer;
	struct buf path; /* of the entry, below the backup */
	uint8_t *block;
	unsigned depth;
};

static int copy_directory(struct copying *c, int fd);

static int
cannot(struct copying *c, const char *what)
{
	struct buf name = BUF_INIT_MAX(100);
	int e = errno;

	str_add_visible(&name, c->path.data, c->path.len > 60 ? 60 : c->path.len);
	(void)restore_writer_fail(&c->writer, RECORD_VERDICT_ERROR,
	    e == EACCES ? "permission_denied" : "unreadable", "%s '%s': %s", what, name.data,
	    strerror(e));
	buf_release(&name);
	return -1;
}

static int
copy_data(struct copying *c, int fd)
{
	uint64_t offset = 0;

	for (;;) {
		ssize_t n = read(fd, c->block, BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot(c, "cannot read");
		if (n == 0)
			return restore_writer_end(&c->writer, offset);
		if (c->child->answer->bytes + (uint64_t)n > c->child->options->max_bytes)
			return restore_writer_fail(&c->writer, RECORD_VERDICT_FAIL, "bomb",
			    "more than %llu bytes",
			    (unsigned long long)c->child->options->max_bytes);
		if (restore_writer_data(&c->writer, c->block, (size_t)n, offset) < 0)
			return -1;
		offset += (uint64_t)n;
		c->child->answer->bytes += (uint64_t)n;
	}
}

static int
copy_file(struct copying *c, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int r = -1;

	if (fd < 0)
		return cannot(c, "cannot open");
	if (fstat(fd, &st) < 0)
		(void)cannot(c, "cannot stat");
	else if (S_ISREG(st.st_mode) &&
	    restore_writer_file(&c->writer, c->path.data, st.st_mode & 0777, st.st_mtime) == 0)
		r = copy_data(c, fd);
	(void)close(fd);
	return r;
}

static int
copy_link(struct copying *c, int dirfd, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);

	if (n < 0)
		return cannot(c, "cannot read the link");
	target[n] = '\0';
	return restore_writer_symlink(&c->writer, c->path.data, target);
}

static int
copy_entry(struct copying *c, int dirfd, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot(c, "cannot stat");
	c->child->answer->entries++;
	restore_saw_name(c->child, c->path.data);
	if (S_ISREG(st.st_mode))
		return copy_file(c, dirfd, name);
	if (S_ISLNK(st.st_mode))
		return copy_link(c, dirfd, name);
	if (!S_ISDIR(st.st_mode)) {
		c->child->answer->warnings |= RESTORE_WARN_SPECIAL;
		return 0;
	}
	if (c->depth >= DEPTH_MAX)
		return restore_writer_fail(&c->writer, RECORD_VERDICT_ERROR, "limit",
		    "more than %d directories deep", DEPTH_MAX);
	if (restore_writer_directory(&c->writer, c->path.data, st.st_mode & 0777) < 0)
		return -1;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? cannot(c, "cannot open") : copy_directory(c, fd);
}

/* Takes over fd. */
static int
copy_directory(struct copying *c, int fd)
{
	size_t len = c->path.len;
	DIR *dir = fdopendir(fd);
	struct dirent *de;
	int r = 0;

	if (!dir) {
		(void)close(fd);
		return cannot(c, "cannot read");
	}
	c->depth++;
	while (r == 0 && (de = readdir(dir))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (len)
			buf_char(&c->path, '/');
		buf_str(&c->path, de->d_name);
		r = copy_entry(c, dirfd(dir), de->d_name);
		c->path.len = len;
		c->path.data[len] = '\0';
	}
	c->depth--;
	(void)closedir(dir);
	return r;
}

static bool
has(const struct restore_child *child, const char *name)
{
	return faccessat(child->rootfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The first bytes of a file, as text; "" if there is none. */
static void
read_text(const struct restore_child *child, const char *name, char *ret, size_t size)
{
	int fd = openat(child->rootfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fsio_read_full(fd, ret, size - 1);

	ret[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/* The files of a running server, with a log of what happened meanwhile: that they were copied says
 * nothing of what a server would make of them. */
static void
judge_mariabackup(struct restore_child *child)
{
	char info[512];
	const char *tool;

	if (!has(child, "xtrabackup_checkpoints") && !has(child, "mariadb_backup_checkpoints"))
		return;
	read_text(child, "mariadb_backup_info", info, sizeof(info));
	if (!*info)
		read_text(child, "xtrabackup_info", info, sizeof(info));
	tool = strstr(info, "tool_name = ");
	restore_say(child->answer, RECORD_VERDICT_SKIP, "unsupported",
	    "a physical backup of MariaDB or MySQL: copied, but no server was started on it; that "
	    "takes %s first, and the server that it is of",
	    !tool                       ? "mariadb-backup --prepare or xtrabackup --prepare"
		: strstr(tool, "maria") ? "mariadb-backup --prepare (package mariadb-backup)"
					: "xtrabackup --prepare (package percona-xtrabackup)");
}

static void
judge_basebackup(struct restore_child *child)
{
	static const char *const tars[] = {
	    "base.tar", "base.tar.gz", "base.tar.lz4", "base.tar.zst"};
	bool tar = false;
	char version[16];

	for (size_t i = 0; i < ARRAY_LEN(tars); i++)
		tar = tar || has(child, tars[i]);
	read_text(child, "PG_VERSION", version, sizeof(version));
	version[strspn(version, "0123456789.")] = '\0';
	if (*version && has(child, "global"))
		restore_say(child->answer, RECORD_VERDICT_SKIP, "unsupported",
		    "a physical backup of PostgreSQL %s: copied, but no server was started on it; "
		    "that takes one of exactly this version (package postgresql-%s)",
		    version, version);
	else if (tar &&
	    (has(child, "backup_manifest") || has(child, "pg_wal.tar") ||
		has(child, "pg_wal.tar.gz")))
		restore_say(child->answer, RECORD_VERDICT_SKIP, "unsupported",
		    "a physical backup of PostgreSQL: copied, but no server was started on it; that "
		    "takes one of exactly its version");
}

static void
judge(struct copying *c, int64_t start)
{
	struct restore_answer *a = c->child->answer;
	int64_t copied = clock_mono_ms();

	a->files = c->writer.files;
	a->directories = c->writer.directories;
	a->links = c->writer.links;
	a->unpack_ms = copied - start;
	if (restore_writer_check(&c->writer) < 0) {
		restore_say(a, c->writer.verdict, c->writer.reason, "%s", c->writer.message);
		return;
	}
	a->check_ms = clock_mono_ms() - copied;
	a->level = RECORD_LEVEL_RESTORED;
	if (a->files + a->links == 0)
		restore_say(a, RECORD_VERDICT_FAIL, "empty", "no file in it");
	else
		restore_say(a, RECORD_VERDICT_PASS, NULL, "%s", "");
	if (a->verdict == RECORD_VERDICT_PASS)
		restore_offer_pgdir(c->child);
	if (a->verdict == RECORD_VERDICT_PASS)
		judge_mariabackup(c->child);
	if (a->verdict == RECORD_VERDICT_PASS)
		judge_basebackup(c->child);
}

void
restore_directory(struct restore_child *child)
{
	struct copying c = {.child = child, .path = BUF_INIT, .block = mem_pages(BLOCK)};
	int64_t start = clock_mono_ms();
	int fd = openat(child->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)snprintf(child->answer->handler, sizeof(child->answer->handler), "directory");
	restore_writer_init(&c.writer, child);
	(void)umask(0);
	if ((fd < 0 ? cannot(&c, "cannot open") : copy_directory(&c, fd)) < 0)
		restore_say(
		    child->answer, c.writer.verdict, c.writer.reason, "%s", c.writer.message);
	else
		judge(&c, start);
	restore_writer_release(&c.writer);
	buf_release(&c.path);
	free(c.block);
}
