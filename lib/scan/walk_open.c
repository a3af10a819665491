// A directory below the root, opened without following anything.
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scan/walk_private.h"

#define OPEN_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define PIECE_MAX  4000 /* of a path that is opened in one call */
#define OPEN_TRIES 8    /* openat2 says EAGAIN when something is renamed meanwhile */

static int
openat2_piece(struct scan_walk *walk, int dir, const char *piece, int flags)
{
	struct open_how how = {
	    .flags = (__u64)flags,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	if (!walk->options.cross_device)
		how.resolve |= (__u64)RESOLVE_NO_XDEV;
	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, dir, piece, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

/* Without openat2: one component at a time, each no link. */
static int
open_components(struct scan_walk *walk, int dir, char *piece, int flags)
{
	int fd = dup(dir), next;
	struct stat st;

	for (char *name = piece; fd >= 0 && name;) {
		char *slash = strchr(name, '/');

		if (slash)
			*slash = '\0';
		next = openat(fd, name, (slash ? O_PATH : 0) | flags);
		(void)close(fd);
		fd = next;
		if (slash)
			*slash++ = '/';
		name = slash;
		if (fd >= 0 && !walk->options.cross_device &&
		    (fstat(fd, &st) < 0 || st.st_dev != walk->root_device)) {
			(void)close(fd);
			fd = -1;
			errno = EXDEV;
		}
	}
	return fd;
}

static int
open_piece(struct scan_walk *walk, int dir, char *piece, int flags)
{
	int fd;

	if (!atomic_load(&walk->no_openat2)) {
		fd = openat2_piece(walk, dir, piece, flags);
		if (fd >= 0 || errno != ENOSYS)
			return fd;
		atomic_store(&walk->no_openat2, true);
	}
	return open_components(walk, dir, piece, flags);
}

/* O_NOATIME is for the owner of the directory and for root. */
static int
open_last(struct scan_walk *walk, int dir, char *piece)
{
	int fd = open_piece(walk, dir, piece, OPEN_FLAGS | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = open_piece(walk, dir, piece, OPEN_FLAGS);
	return fd;
}

int
scan_walk_open_dir(struct scan_walk *walk, const char *path, size_t len)
{
	int dir = walk->root_fd, fd = -1, saved;
	char piece[PIECE_MAX + 1];

	if (len == 0)
		return openat(walk->root_fd, ".", OPEN_FLAGS);
	for (;;) {
		size_t n = len;
		bool last = n <= PIECE_MAX;

		if (!last) {
			for (n = PIECE_MAX; n && path[n] != '/'; n--)
				;
		}
		memcpy(piece, path, n);
		piece[n] = '\0';
		fd = last ? open_last(walk, dir, piece)
			  : open_piece(walk, dir, piece, O_PATH | O_DIRECTORY | O_CLOEXEC);
		saved = errno;
		if (dir != walk->root_fd)
			(void)close(dir);
		errno = saved;
		if (last || fd < 0)
			return fd;
		dir = fd;
		path += n + 1;
		len -= n + 1;
	}
}
