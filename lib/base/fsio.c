// File input and output: bounded reads, atomic writes, tree removal, lock files.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#define READ_STEP ((size_t)64 * 1024)

int
fsio_read_fd(int fd, const char *name, size_t max, struct buf *out, struct err *err)
{
	size_t got = 0;

	for (;;) {
		char *room = buf_reserve(out, READ_STEP);
		ssize_t n;

		if (!room)
			return err_set(err, ERR_LIMIT, "'%s' is too large", name);
		n = read(fd, room, READ_STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, ERR_IO, "cannot read '%s'", name);
		if (n == 0)
			break;
		got += (size_t)n;
		if (got > max)
			return err_set(err, ERR_LIMIT, "'%s' is larger than %zu bytes", name, max);
		out->len += (size_t)n;
	}
	if (out->cap)
		out->data[out->len] = '\0';
	return 0;
}

int
fsio_read_file(const char *path, size_t max, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r = -1;

	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0)
		(void)err_sys(err, ERR_IO, "cannot stat '%s'", path);
	else if (!S_ISREG(st.st_mode))
		(void)err_set(err, ERR_IO, "'%s' is not a regular file", path);
	else
		r = fsio_read_fd(fd, path, max, out, err);
	(void)close(fd);
	return r;
}

int
fsio_write_all(int fd, const void *data, size_t len, const char *name, struct err *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(
			    err, errno == EPIPE ? ERR_PIPE : ERR_IO, "cannot write '%s'", name);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t
fsio_read_full(int fd, void *data, size_t len)
{
	char *p = data;
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, p + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int
sync_dir(const char *path, struct err *err)
{
	char *dir = path_dir(path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	/* Some file systems cannot sync a directory (EINVAL): the rename is then as safe as it gets. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		r = err_sys(err, ERR_IO, "cannot sync '%s'", dir);
	if (fd >= 0)
		(void)close(fd);
	free(dir);
	return r;
}

/* A new file in the directory of path, without a name: whoever is killed leaves nothing. -1: not here. */
static int
open_unnamed(const char *path)
{
	char *dir = path_dir(path);
	int fd = -1;

	if (access("/proc/self/fd", X_OK) == 0) /* name_beside goes through it */
		fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	free(dir);
	return fd;
}

/* Put a name beside path to *fd, or, if that is -1, to a new file. Returns it, allocated, or NULL. */
static char *
name_beside(const char *path, int *fd)
{
	for (int i = 0; i < 100; i++) {
		char *temp = mem_printf("%s.%d-%d", path, (int)getpid(), i);
		char self[sizeof("/proc/self/fd/") + 11];
		int r;

		(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", *fd);
		if (*fd >= 0)
			r = linkat(AT_FDCWD, self, AT_FDCWD, temp, AT_SYMLINK_FOLLOW);
		else
			r = *fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (r >= 0)
			return temp;
		free(temp);
		if (errno != EEXIST)
			break;
	}
	return NULL;
}

int
fsio_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	int fd = open_unnamed(path);
	char *temp = fd < 0 ? name_beside(path, &fd) : NULL;
	int r = -1;

	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot create '%s'", path);
	if (fsio_write_all(fd, data, len, path, err) < 0)
		goto out;
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0 || (!temp && !(temp = name_beside(path, &fd)))) {
		(void)err_sys(err, ERR_IO, "cannot write '%s'", path);
		goto out;
	}
	if (rename(temp, path) < 0) {
		(void)err_sys(err, ERR_IO, "cannot rename '%s' to '%s'", temp, path);
		goto out;
	}
	free(temp);
	temp = NULL;
	r = sync_dir(path, err);
out:
	(void)close(fd);
	if (temp)
		(void)unlink(temp);
	free(temp);
	return r;
}

int
fsio_mkdirs(const char *path, mode_t mode, struct err *err)
{
	char *p = mem_strdup(path);
	int r = 0;

	for (char *s = p + 1; r == 0 && *p; s++) {
		char c = *s;

		if (c && c != '/')
			continue;
		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			r = err_sys(err, ERR_IO, "cannot create directory '%s'", p);
		*s = c;
		if (!c)
			break;
	}
	free(p);
	return r;
}

int
fsio_lock(const char *path, bool wait, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open '%s'", path);
	do
		r = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		(void)err_sys(
		    err, errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO, "cannot lock '%s'", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}
