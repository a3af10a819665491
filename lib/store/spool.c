// The rows that a first scan wrote, kept for its lines: reading them back from the store costs more.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/spool.h"

#define PART        1024  /* rows */
#define AMENDED_MAX 65536 /* with more it is not worth it */
#define SHARE       16    /* of the free space, one part may be taken */

struct store_spool {
	char *dir;
	int fd; /* a file without a name; -1: not yet */
	struct buf part;
	size_t rows; /* in that part */
	uint64_t size, limit;
	uint64_t *ends; /* of the parts in the file */
	size_t count, cap;
	int64_t *amended; /* ids; ascending once it has ended */
	size_t amended_count, amended_cap;
	bool failed, ended;
};

struct store_spool *
store_spool_new(const char *beside)
{
	struct store_spool *spool = mem_alloc(sizeof(*spool));

	*spool = (struct store_spool){.dir = path_dir(beside), .fd = -1, .part = BUF_INIT};
	return spool;
}

void
store_spool_free(struct store_spool *spool)
{
	if (!spool)
		return;
	if (spool->fd >= 0)
		(void)close(spool->fd);
	buf_release(&spool->part);
	free(spool->ends);
	free(spool->amended);
	free(spool->dir);
	free(spool);
}

/* ---------------------------------------------------------------- writing */
static int
open_file(struct store_spool *spool)
{
	struct statvfs vfs;

	spool->fd = open(spool->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spool->fd < 0 || fstatvfs(spool->fd, &vfs) < 0)
		return -1;
	spool->limit = (uint64_t)vfs.f_bavail * (uint64_t)vfs.f_frsize / SHARE;
	return 0;
}

/* It takes no room any more. */
static void
give_up(struct store_spool *spool)
{
	spool->failed = true;
	if (spool->fd >= 0)
		(void)close(spool->fd);
	spool->fd = -1;
	buf_release(&spool->part);
}

static void
write_part(struct store_spool *spool)
{
	if ((spool->fd < 0 && open_file(spool) < 0) ||
	    spool->size + spool->part.len > spool->limit ||
	    fsio_write_all(spool->fd, spool->part.data, spool->part.len, "spool", NULL) < 0) {
		give_up(spool);
		return;
	}
	spool->size += spool->part.len;
	MEM_GROW(spool->ends, spool->count, spool->cap);
	spool->ends[spool->count++] = spool->size;
	spool->rows = 0;
	buf_clear(&spool->part);
}

void
store_spool_add(struct store_spool *spool, const struct store_spool_row *row, const char *name)
{
	if (spool->failed)
		return;
	buf_add(&spool->part, row, sizeof(*row));
	buf_add(&spool->part, name, row->name_len);
	if (++spool->rows == PART)
		write_part(spool);
}

void
store_spool_amend(struct store_spool *spool, int64_t id)
{
	if (spool->failed)
		return;
	if (spool->amended_count == AMENDED_MAX) {
		give_up(spool);
		return;
	}
	MEM_GROW(spool->amended, spool->amended_count, spool->amended_cap);
	spool->amended[spool->amended_count++] = id;
}

static int
by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

size_t
store_spool_end(struct store_spool *spool)
{
	if (!spool->ended && !spool->failed && spool->rows)
		write_part(spool);
	if (!spool->ended && spool->amended_count)
		qsort(spool->amended, spool->amended_count, sizeof(*spool->amended), by_id);
	spool->ended = true;
	return spool->failed ? 0 : spool->count;
}

/* ---------------------------------------------------------------- reading */
int
store_spool_go(const struct store_spool *spool, struct store_spool_reader *reader, size_t part,
    struct err *err)
{
	uint64_t from = part ? spool->ends[part - 1] : 0;
	size_t len = (size_t)(spool->ends[part] - from), got = 0;
	char *data;

	buf_clear(&reader->part);
	reader->at = reader->amended = 0;
	data = buf_reserve(&reader->part, len);
	while (got < len) {
		ssize_t n = pread(spool->fd, data + got, len - got, (off_t)(from + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(err, ERR_IO, "cannot read back what the scan found");
		got += (size_t)n;
	}
	reader->part.len = len;
	return 0;
}

/* Ids ascend in both. */
static bool
is_amended(const struct store_spool *spool, struct store_spool_reader *reader, int64_t id)
{
	while (reader->amended < spool->amended_count && spool->amended[reader->amended] < id)
		reader->amended++;
	return reader->amended < spool->amended_count && spool->amended[reader->amended] == id;
}

bool
store_spool_next(const struct store_spool *spool, struct store_spool_reader *reader,
    struct store_spool_row *ret_row, const char **ret_name)
{
	if (reader->at == reader->part.len)
		return false;
	memcpy(ret_row, reader->part.data + reader->at, sizeof(*ret_row));
	reader->at += sizeof(*ret_row);
	*ret_name = reader->part.data + reader->at;
	reader->at += ret_row->name_len;
	if (is_amended(spool, reader, ret_row->id))
		ret_row->name_len = 0;
	return true;
}
