// The bytes of the backup for lib/codec, read from the descriptor that the child was given.
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define BLOCK ((size_t)256 * 1024)

static int64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static ssize_t
input_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct restore_input *in = arg;
	int64_t start = now_ns();
	ssize_t n;

	do
		n = pread(in->fd, in->block, BLOCK, (off_t)in->offset);
	while (n < 0 && errno == EINTR);
	in->waited_ns += now_ns() - start;
	if (n < 0)
		return err_sys(err, ERR_IO, "cannot read the backup");
	/* What was read is not needed again: leave the page cache to others. */
	if (in->offset >= BLOCK)
		(void)posix_fadvise(
		    in->fd, (off_t)(in->offset - BLOCK), (off_t)BLOCK, POSIX_FADV_DONTNEED);
	in->offset += (uint64_t)n;
	*ret_data = in->block;
	return n;
}

static ssize_t
input_pread(void *arg, void *data, size_t len, uint64_t offset, struct err *err)
{
	struct restore_input *in = arg;
	int64_t start = now_ns();
	char *p = data;
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(in->fd, p + got, len - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, ERR_IO, "cannot read the backup");
		if (n == 0)
			break;
		got += (size_t)n;
	}
	in->waited_ns += now_ns() - start;
	return (ssize_t)got;
}

void
restore_input_init(struct restore_input *in, int fd, uint64_t size, struct codec_input *ret)
{
	*in = (struct restore_input){.fd = fd, .block = mem_pages(BLOCK)};
	*ret =
	    (struct codec_input){.read = input_read, .pread = input_pread, .size = size, .arg = in};
}

void
restore_input_release(struct restore_input *in)
{
	free(in->block);
	in->block = NULL;
}
