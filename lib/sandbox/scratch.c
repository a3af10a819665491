// Scratch directories with an owner: made, locked, emptied, removed, reaped.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sandbox/sandbox_private.h"

#define SCRATCH_BASE   "/var/tmp"
#define SCRATCH_PREFIX "bkm-drill-"
#define SCRATCH_ROOT   "root"
#define SCRATCH_KEPT   "kept"
#define SCRATCH_DIGITS 16
#define ATTEMPTS       16

struct sandbox_scratch {
	int basefd, dirfd, rootfd;
	char *name; /* below base */
	char *path; /* of root, absolute */
};

static int
open_base(const char *base, struct err *err)
{
	int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, ERR_IO, "cannot open scratch directory '%s'", base) : fd;
}

static char *
random_name(void)
{
	uint8_t bytes[SCRATCH_DIGITS / 2];
	struct buf name = BUF_INIT;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return NULL;
	buf_str(&name, SCRATCH_PREFIX);
	str_add_hex(&name, bytes, sizeof(bytes));
	return buf_take(&name);
}

static int
open_locked(int basefd, const char *name)
{
	int fd = openat(basefd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int
make_root(struct sandbox_scratch *s)
{
	if (mkdirat(s->dirfd, SCRATCH_ROOT, 0700) < 0)
		return -1;
	s->rootfd = openat(s->dirfd, SCRATCH_ROOT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return s->rootfd < 0 ? -1 : 0;
}

/* Root's child is nobody, and a server that it starts names its files from the root of the file system
 * on: "root", which is nobody's and closed to all others, is all that is to be reached. */
static int
let_through(int fd)
{
	return geteuid() == 0 ? fchmod(fd, 0711) : 0;
}

/* A reaper may come between the making and the locking: then the name is gone, and the next one
 * is tried. */
static int
make_dir(struct sandbox_scratch *s)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		struct stat a, b;

		free(s->name);
		s->name = random_name();
		if (!s->name || (mkdirat(s->basefd, s->name, 0700) < 0 && errno != EEXIST))
			return -1;
		s->dirfd = open_locked(s->basefd, s->name);
		if (s->dirfd < 0)
			continue;
		if (fstat(s->dirfd, &a) == 0 && a.st_uid == geteuid() &&
		    fstatat(s->basefd, s->name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
		    a.st_ino == b.st_ino && a.st_dev == b.st_dev && make_root(s) == 0 &&
		    let_through(s->dirfd) == 0)
			return 0;
		(void)close(s->dirfd);
		s->dirfd = -1;
		if (errno == ENOSPC || errno == EDQUOT)
			return -1;
	}
	return -1;
}

static int
reap(int basefd, bool kept_too, size_t *ret_removed, size_t *ret_in_use, struct err *err);

int
sandbox_scratch_open(const char *base, struct sandbox_scratch **ret_scratch, struct err *err)
{
	struct sandbox_scratch *s = mem_alloc(sizeof(*s));
	char *absolute = realpath(base ? base : SCRATCH_BASE, NULL);
	size_t removed, in_use;

	s->basefd = s->dirfd = s->rootfd = -1;
	if (!absolute) {
		(void)err_sys(
		    err, ERR_IO, "cannot open scratch directory '%s'", base ? base : SCRATCH_BASE);
		goto fail;
	}
	s->basefd = open_base(absolute, err);
	if (s->basefd < 0)
		goto fail;
	(void)reap(s->basefd, false, &removed, &in_use, NULL);
	if (make_dir(s) < 0) {
		(void)err_sys(err, ERR_IO, "cannot make a scratch directory in '%s'", absolute);
		goto fail;
	}
	s->path = mem_printf("%s/%s/%s", absolute, s->name, SCRATCH_ROOT);
	free(absolute);
	*ret_scratch = s;
	return 0;
fail:
	free(absolute);
	(void)sandbox_scratch_close(s, true, NULL);
	return -1;
}

int
sandbox_scratch_beside(
    const struct sandbox_scratch *scratch, struct sandbox_scratch **ret_scratch, struct err *err)
{
	char *base = mem_strdup(scratch->path);
	int r;

	/* <base>/NAME/root */
	for (int i = 0; i < 2; i++)
		*strrchr(base, '/') = '\0';
	r = sandbox_scratch_open(*base ? base : "/", ret_scratch, err);
	free(base);
	return r;
}

int
sandbox_scratch_fd(const struct sandbox_scratch *scratch)
{
	return scratch->rootfd;
}

const char *
sandbox_scratch_path(const struct sandbox_scratch *scratch)
{
	return scratch->path;
}

int
sandbox_scratch_lock(const struct sandbox_scratch *scratch)
{
	return scratch->dirfd;
}

int
sandbox_scratch_clear(struct sandbox_scratch *s, struct err *err)
{
	(void)close(s->rootfd);
	s->rootfd = -1;
	if (sandbox_remove_tree(s->dirfd, SCRATCH_ROOT, err) < 0)
		return err_wrap(err, "cannot empty '%s'", s->path);
	if (make_root(s) < 0)
		return err_sys(err, ERR_IO, "cannot make '%s'", s->path);
	return 0;
}

int
sandbox_scratch_space(const struct sandbox_scratch *scratch, uint64_t *ret_bytes,
    uint64_t *ret_inodes, struct err *err)
{
	struct statvfs vfs;

	if (fstatvfs(scratch->rootfd, &vfs) < 0)
		return err_sys(err, ERR_IO, "cannot ask for the free space of '%s'", scratch->path);
	*ret_bytes = (uint64_t)vfs.f_bavail * (uint64_t)vfs.f_frsize;
	*ret_inodes = vfs.f_files ? (uint64_t)vfs.f_favail : UINT64_MAX;
	return 0;
}

int
sandbox_scratch_close(struct sandbox_scratch *s, bool keep, struct err *err)
{
	int r = 0;

	if (!s)
		return 0;
	if (s->dirfd >= 0 && !keep)
		r = sandbox_remove_tree(s->basefd, s->name, err);
	else if (s->rootfd >= 0)
		(void)mkdirat(s->dirfd, SCRATCH_KEPT, 0700);
	if (s->rootfd >= 0)
		(void)close(s->rootfd);
	if (s->dirfd >= 0)
		(void)close(s->dirfd);
	if (s->basefd >= 0)
		(void)close(s->basefd);
	free(s->name);
	free(s->path);
	free(s);
	return r;
}

static bool
is_scratch_name(const char *name)
{
	const size_t prefix = sizeof(SCRATCH_PREFIX) - 1;

	return strncmp(name, SCRATCH_PREFIX, prefix) == 0 &&
	    strspn(name + prefix, "0123456789abcdef") == SCRATCH_DIGITS &&
	    name[prefix + SCRATCH_DIGITS] == '\0';
}

/* 1 removed, 0 not ours or in use (then *in_use counts it), -1 error. */
static int
reap_one(int basefd, const char *name, bool kept_too, size_t *in_use, struct err *err)
{
	struct stat st;
	int fd, r;

	if (fstatat(basefd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid())
		return 0;
	fd = open_locked(basefd, name);
	if (fd < 0) {
		if (errno == EWOULDBLOCK)
			(*in_use)++;
		return errno == EWOULDBLOCK || errno == ENOENT
		    ? 0
		    : err_sys(err, ERR_IO, "cannot open '%s'", name);
	}
	r = 0;
	if (kept_too || faccessat(fd, SCRATCH_KEPT, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		r = sandbox_remove_tree(basefd, name, err) < 0 ? -1 : 1;
	(void)close(fd);
	return r;
}

static int
reap(int basefd, bool kept_too, size_t *ret_removed, size_t *ret_in_use, struct err *err)
{
	int fd = openat(basefd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;
	int r = 0;

	*ret_removed = *ret_in_use = 0;
	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return err_sys(err, ERR_IO, "cannot read the scratch directory");
	}
	while ((de = readdir(dir))) {
		int one = is_scratch_name(de->d_name)
		    ? reap_one(fd, de->d_name, kept_too, ret_in_use, err)
		    : 0;

		if (one > 0)
			(*ret_removed)++;
		if (one < 0)
			r = -1;
	}
	(void)closedir(dir);
	return r;
}

int
sandbox_scratch_reap(const char *base, size_t *ret_removed, size_t *ret_in_use, struct err *err)
{
	int fd = open_base(base ? base : SCRATCH_BASE, err), r;

	*ret_removed = *ret_in_use = 0;
	if (fd < 0)
		return -1;
	r = reap(fd, true, ret_removed, ret_in_use, err);
	(void)close(fd);
	return r;
}
