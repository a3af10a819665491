// A new data directory is made once in a run, and copied for every drill that needs one.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define BLOCK     ((size_t)128 * 1024)
#define DEPTH_MAX 8
#define PATH_LEN  256

/*
 * The mould is a sealed memfd: nobody can change it any more, so what one drill does to its copy
 * never reaches the next. It holds, for each entry, this head, the path with its NUL, and the bytes.
 */
struct head {
	uint32_t mode; /* 0: the end */
	uint32_t path_len;
	uint64_t size;
};

struct restore_moulds {
	struct {
		char *program;
		int fd;
	} items[8];
	size_t count;
};

struct restore_moulds *
restore_moulds_new(void)
{
	return mem_alloc(sizeof(struct restore_moulds));
}

void
restore_moulds_free(struct restore_moulds *m)
{
	for (size_t i = 0; m && i < m->count; i++) {
		free(m->items[i].program);
		(void)close(m->items[i].fd);
	}
	free(m);
}

/* ---------------------------------------------------------------- in the children */

static int pack_directory(int out, int dirfd, char *path, unsigned depth);

static int
pack_head(int out, const struct stat *st, const char *path)
{
	const struct head head = {.mode = st->st_mode,
	    .path_len = (uint32_t)strlen(path) + 1,
	    .size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0};

	if (fsio_write_all(out, &head, sizeof(head), "mould", NULL) < 0)
		return -1;
	return fsio_write_all(out, path, head.path_len, "mould", NULL);
}

static int
pack_file(int out, int dirfd, const char *name, const struct stat *st, const char *path)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), r = -1;
	uint8_t *block = mem_alloc(BLOCK);
	uint64_t left = (uint64_t)st->st_size;
	ssize_t n;

	if (fd >= 0)
		r = pack_head(out, st, path);
	while (r == 0 && left) {
		n = fsio_read_full(fd, block, left < BLOCK ? (size_t)left : BLOCK);
		r = n <= 0 ? -1 : fsio_write_all(out, block, (size_t)n, "mould", NULL);
		left -= n > 0 ? (uint64_t)n : 0;
	}
	if (fd >= 0)
		(void)close(fd);
	free(block);
	return r;
}

static int
pack_entry(int out, int dirfd, const char *name, char *path, unsigned depth)
{
	struct stat st;
	int fd, r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return pack_file(out, dirfd, name, &st, path);
	if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX || pack_head(out, &st, path) < 0)
		return -1;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = pack_directory(out, fd, path, depth + 1);
	(void)close(fd);
	return r;
}

static int
pack_directory(int out, int dirfd, char *path, unsigned depth)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t len = strlen(path);
	struct dirent *de;
	int n, r = dir ? 0 : -1;

	while (r == 0 && (de = readdir(dir))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		n = snprintf(path + len, PATH_LEN - len, "/%s", de->d_name);
		r = n < 0 || (size_t)n >= PATH_LEN - len
		    ? -1
		    : pack_entry(out, dirfd, de->d_name, path, depth);
		path[len] = '\0';
	}
	if (dir)
		(void)closedir(dir);
	return r;
}

static int
pack(int out, int rootfd, const char *name)
{
	const struct head end = {.mode = 0};
	char path[PATH_LEN];

	(void)snprintf(path, sizeof(path), "%s", name);
	if (pack_entry(out, rootfd, name, path, 0) < 0)
		return -1;
	return fsio_write_all(out, &end, sizeof(end), "mould", NULL);
}

static int
cast_file(int mould, uint64_t *offset, const struct head *head, int rootfd, const char *path)
{
	int fd = openat(
	    rootfd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, head->mode & 0777);
	off_t at = (off_t)*offset;
	uint64_t left = head->size;
	ssize_t n = 1;

	while (fd >= 0 && left && n > 0) {
		n = sendfile(fd, mould, &at, left < BLOCK ? (size_t)left : BLOCK);
		left -= n > 0 ? (uint64_t)n : 0;
	}
	*offset += head->size - left;
	if (fd < 0 || left) {
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	return close(fd);
}

int
restore_mould_cast(const struct restore_child *child)
{
	uint64_t offset = 0;
	struct head head;
	char path[PATH_LEN];

	for (;;) {
		int r;

		if (pread(child->mould, &head, sizeof(head), (off_t)offset) != sizeof(head))
			return -1;
		if (head.mode == 0)
			return 0;
		offset += sizeof(head);
		if (head.path_len > sizeof(path) ||
		    pread(child->mould, path, head.path_len, (off_t)offset) !=
			(ssize_t)head.path_len)
			return -1;
		offset += head.path_len;
		r = S_ISDIR(head.mode)
		    ? mkdirat(child->rootfd, path, head.mode & 0777)
		    : cast_file(child->mould, &offset, &head, child->rootfd, path);
		if (r < 0)
			return -1;
	}
}

/* The child that makes a mould: it is given nothing of a backup. */
int
restore_mould_main(void *arg, int out)
{
	const struct restore_job *job = arg;
	struct restore_answer answer;
	struct restore_child child;

	restore_child_init(&child, job, &answer);
	if (job->handler->prepare(&child, job->program) == 0) {
		if (pack(job->mould, job->rootfd, job->handler->mould) < 0)
			restore_say_errno(&answer, "cannot copy a new data directory");
	}
	return fsio_write_all(out, &answer, sizeof(answer), "answer", NULL) < 0 ? 1 : 0;
}

/* ---------------------------------------------------------------- in bkm */

int
restore_mould_find(const struct restore_moulds *moulds, const char *program)
{
	for (size_t i = 0; moulds && i < moulds->count; i++) {
		if (strcmp(moulds->items[i].program, program) == 0)
			return moulds->items[i].fd;
	}
	return -1;
}

int
restore_mould_new(void)
{
	return memfd_create("bkm-mould", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int
restore_mould_keep(struct restore_moulds *moulds, const char *program, int fd)
{
	const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

	if (moulds->count == ARRAY_LEN(moulds->items) || fcntl(fd, F_ADD_SEALS, seals) < 0)
		return -1;
	moulds->items[moulds->count].program = mem_strdup(program);
	moulds->items[moulds->count++].fd = fd;
	return 0;
}
