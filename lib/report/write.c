// Files that reports become.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/report_private.h"

static int
write_through(const char *path, const struct buf *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open '%s'", path);
	r = fsio_write_all(fd, text->data, text->len, path, err);
	if (close(fd) < 0 && r == 0)
		r = err_sys(err, ERR_IO, "cannot write '%s'", path);
	return r;
}

int
report_write(const char *path, const struct buf *text, mode_t mode, struct err *err)
{
	char target[PATH_MAX];
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? fsio_write_atomic(path, text->data, text->len, mode, err)
				       : err_sys(err, ERR_IO, "cannot write '%s'", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO, "cannot write '%s': it is a directory", path);
	/* /dev/fd/3 may be a regular file that somebody writes to: never replaced. */
	if (!S_ISREG(st.st_mode) || path_is_below(path, "/dev") || path_is_below(path, "/proc"))
		return write_through(path, text, err);
	/* The file behind a link is replaced, not the link. */
	if (!realpath(path, target))
		return err_sys(err, ERR_IO, "cannot write '%s'", path);
	return fsio_write_atomic(target, text->data, text->len, mode, err);
}
