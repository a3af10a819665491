/*
 * Files: whole reads with a limit, writes that are complete or not there, locks the kernel frees.
 */
#ifndef BASE_FSIO_H
#define BASE_FSIO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Append a whole regular file to out. A file larger than max is ERR_LIMIT. */
int fsio_read_file(const char *path, size_t max, struct buf *out, struct err *err);
int fsio_read_fd(int fd, const char *name, size_t max, struct buf *out, struct err *err);

/* Write all of it; EINTR and short writes are handled. EPIPE is ERR_PIPE. */
int fsio_write_all(int fd, const void *data, size_t len, const char *name, struct err *err);

/* Read up to len bytes, less only at end of file; -1 and errno on failure. */
ssize_t fsio_read_full(int fd, void *data, size_t len);

/* The file has the old content or all of the new one, whatever happens: a temporary file in the
 * same directory, fsync, rename, fsync of the directory. */
int fsio_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *err);

/* mkdir -p with mode for what is missing. */
int fsio_mkdirs(const char *path, mode_t mode, struct err *err);

/* Open (created 0600) and lock a file; the lock ends with the descriptor, close() it.
 * wait false: ERR_BUSY at once if another process has it. Returns the descriptor. */
int fsio_lock(const char *path, bool wait, struct err *err);

#endif
