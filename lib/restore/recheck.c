// Walk what was extracted and compare it with what the archive said: names, sizes, every byte.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define BLOCK ((size_t)128 * 1024)

uint64_t
restore_content_sum(uint32_t crc, uint64_t size)
{
	/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014), so that sums do not cancel out. */
	uint64_t x = (uint64_t)crc << 32 ^ size ^ UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

int
restore_content_of(int fd, uint64_t size, uint32_t *ret_crc, uint64_t *ret_size)
{
	static uint8_t block[BLOCK];

	*ret_crc = 0;
	*ret_size = 0;
	while (*ret_size < size) {
		ssize_t n = read(fd, block, sizeof(block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		*ret_crc = codec_crc32(*ret_crc, block, (size_t)n);
		*ret_size += (uint64_t)n;
	}
	return 0;
}

/* The directories still to be visited on one level: their names, each with its NUL. */
struct level {
	struct buf names;
	size_t next;
};

struct recheck {
	uint64_t names, directories, links, bytes, sum;
	struct level *levels;
	size_t depth, cap;
};

static int
place_link(struct recheck *rc, int dirfd, const char *name)
{
	char target[4096];
	ssize_t n;
	int fd;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = fsio_read_full(fd, target, sizeof(target) - 1);
	(void)close(fd);
	if (n <= 0)
		return -1;
	target[n] = '\0';
	if (unlinkat(dirfd, name, 0) < 0 || symlinkat(target, dirfd, name) < 0)
		return -1;
	rc->links++;
	return 0;
}

/* Of a file with several names the content counts once: the first visit leaves a mark. */
static int
check_file(struct recheck *rc, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	uint64_t size;
	uint32_t crc;
	int r = -1;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		goto out;
	if ((st.st_mode & 07777) == RESTORE_LINK_MODE) {
		r = place_link(rc, dirfd, name);
		goto out;
	}
	rc->names++;
	r = 0;
	if (st.st_nlink > 1) {
		if (st.st_mode & S_ISVTX)
			goto out;
		(void)fchmod(fd, (st.st_mode & 0777) | S_ISVTX);
	}
	r = restore_content_of(fd, (uint64_t)st.st_size, &crc, &size);
	if (r == 0) {
		rc->bytes += size;
		rc->sum += restore_content_sum(crc, size);
	}
out:
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Files are checked at once, directories noted for later. */
static int
check_entry(struct recheck *rc, struct level *level, int dirfd, const struct dirent *de)
{
	unsigned char type = de->d_type;
	struct stat st;

	if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
		return 0;
	if (type == DT_UNKNOWN) {
		if (fstatat(dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
		type = (unsigned char)IFTODT(st.st_mode);
	}
	if (type == DT_REG)
		return check_file(rc, dirfd, de->d_name);
	if (type == DT_DIR) {
		rc->directories++;
		buf_add(&level->names, de->d_name, strlen(de->d_name) + 1);
	}
	/* A symbolic link was placed by this walk and is seen by it again. */
	return level->names.failed ? -1 : 0;
}

/* Takes over fd and gives back a descriptor of the same directory, or -1. */
static int
enter(struct recheck *rc, int fd)
{
	DIR *dir = fdopendir(fd);
	struct level *level;
	struct dirent *de;
	int r = 0;

	if (!dir) {
		(void)close(fd);
		return -1;
	}
	MEM_GROW(rc->levels, rc->depth, rc->cap);
	level = &rc->levels[rc->depth++];
	*level = (struct level){.names = BUF_INIT};
	while (r == 0 && (de = readdir(dir)))
		r = check_entry(rc, level, dirfd(dir), de);
	fd = r == 0 ? fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 3) : -1;
	(void)closedir(dir);
	return fd;
}

/* Down by name, up by "..": two descriptors for a tree of any depth. Nobody else is in there. */
static int
check_tree(struct recheck *rc, int fd)
{
	fd = enter(rc, fd);
	while (fd >= 0 && rc->depth > 0) {
		struct level *level = &rc->levels[rc->depth - 1];
		bool down = level->next < level->names.len;
		const char *name = down ? level->names.data + level->next : "..";
		int next = -1;

		if (down || rc->depth > 1)
			next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		(void)close(fd);
		if (down) {
			level->next += strlen(name) + 1;
			fd = next < 0 ? -1 : enter(rc, next);
			continue;
		}
		buf_release(&level->names);
		rc->depth--;
		fd = next;
	}
	return rc->depth == 0 ? 0 : -1;
}

int
restore_writer_check(struct restore_writer *w)
{
	struct recheck rc = {.names = 0};
	int fd = openat(w->rootfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -1 : check_tree(&rc, fd);

	buf_clear(&w->clean);
	if (r < 0)
		r = restore_writer_errno(w, "cannot read back what was restored");
	for (size_t i = 0; i < rc.depth; i++)
		buf_release(&rc.levels[i].names);
	free(rc.levels);
	if (r < 0 ||
	    (rc.names == w->files + w->hardlinks && rc.directories == w->directories &&
		rc.links == w->links && rc.bytes == w->bytes && rc.sum == w->sum))
		return r;
	return restore_writer_fail(w, RECORD_VERDICT_ERROR, "io_error",
	    "what was read back differs from what was written: "
	    "%llu of %llu files, %llu of %llu bytes",
	    (unsigned long long)rc.names, (unsigned long long)(w->files + w->hardlinks),
	    (unsigned long long)rc.bytes, (unsigned long long)w->bytes);
}
