// Remove a tree that somebody hostile made: any depth, any size, any modes, a few descriptors.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/sandbox_private.h"

/* Deeper directories are moved up beside the top one, so that depth costs neither descriptors
 * nor stack. */
#define LEVELS_MAX 24

struct removal {
	int topfd; /* the tree's own top directory */
	dev_t dev;
	uint64_t moved; /* names ".parked-N" used up in it */
	struct err *err;
};

static int remove_dir(struct removal *rm, int dirfd, const char *name, unsigned level);

/* Open a directory and make it ours to change. Never follows a link; root needs no chmod, and for
 * anybody else it works on his own directories only. */
static int
open_dir(struct removal *rm, int dirfd, const char *name)
{
	char proc[64];
	struct stat st;
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES) {
		int path = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (path < 0)
			return err_sys(rm->err, ERR_IO, "cannot open '%s'", name);
		(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path);
		(void)chmod(proc, 0700);
		fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(path);
	}
	if (fd < 0)
		return err_sys(rm->err, ERR_IO, "cannot open '%s'", name);
	if (fstat(fd, &st) < 0 || (rm->dev && st.st_dev != rm->dev)) {
		(void)close(fd);
		return err_set(rm->err, ERR_IO, "'%s' is on another file system", name);
	}
	rm->dev = st.st_dev;
	if ((st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700);
	return fd;
}

/* Move a directory up beside the others at the top, where the reading of that one finds it again. */
static int
park(struct removal *rm, int dirfd, const char *name)
{
	char parked[64];
	bool opened = false;

	for (;;) {
		int fd;

		(void)snprintf(
		    parked, sizeof(parked), ".parked-%llu", (unsigned long long)rm->moved++);
		if (renameat(dirfd, name, rm->topfd, parked) == 0)
			return 0;
		/* Somebody hostile may have used that name. */
		if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
			continue;
		/* A directory that is closed to its owner cannot be moved: open it first. */
		if (errno != EACCES || opened)
			return err_sys(rm->err, ERR_IO, "cannot remove '%s'", name);
		fd = open_dir(rm, dirfd, name);
		if (fd < 0)
			return -1;
		(void)close(fd);
		opened = true;
	}
}

static int
remove_entry(struct removal *rm, int dirfd, const char *name, unsigned level)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(rm->err, ERR_IO, "cannot remove '%s'", name);
	if (level < LEVELS_MAX)
		return remove_dir(rm, dirfd, name, level + 1);
	return park(rm, dirfd, name);
}

/* Some file systems hide entries from a reader when others are removed: read until none is left. */
static int
empty_dir(struct removal *rm, DIR *dir, unsigned level)
{
	size_t seen;

	do {
		struct dirent *de;

		seen = 0;
		while ((de = readdir(dir))) {
			if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
				continue;
			seen++;
			if (remove_entry(rm, dirfd(dir), de->d_name, level) < 0)
				return -1;
		}
		rewinddir(dir);
	} while (seen > 0);
	return 0;
}

static int
remove_dir(struct removal *rm, int dirfd, const char *name, unsigned level)
{
	int fd = open_dir(rm, dirfd, name);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r;

	if (fd < 0)
		return -1;
	if (!dir) {
		(void)close(fd);
		return err_sys(rm->err, ERR_IO, "cannot read '%s'", name);
	}
	if (level == 1)
		rm->topfd = fd;
	r = empty_dir(rm, dir, level);
	(void)closedir(dir);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = err_sys(rm->err, ERR_IO, "cannot remove '%s'", name);
	return r;
}

int
sandbox_remove_tree(int dirfd, const char *name, struct err *err)
{
	struct removal rm = {.topfd = -1, .err = err};

	return remove_entry(&rm, dirfd, name, 0);
}
