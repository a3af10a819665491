// Create what an archive says below one directory: files, directories, links, and nothing else.
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define DIR_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

void
restore_writer_init(struct restore_writer *w, const struct restore_child *child)
{
	*w = (struct restore_writer){.rootfd = child->rootfd,
	    .max_bytes = child->options->max_bytes,
	    .max_objects = child->options->max_entries,
	    .space = child->space,
	    .keep_times = child->options->keep,
	    .fd = -1,
	    .parentfd = -1,
	    .clean = BUF_INIT,
	    .parent = BUF_INIT};
}

void
restore_writer_release(struct restore_writer *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	if (w->parentfd >= 0)
		(void)close(w->parentfd);
	w->fd = w->parentfd = -1;
	buf_release(&w->clean);
	buf_release(&w->parent);
}

int
restore_writer_fail(
    struct restore_writer *w, enum record_verdict verdict, const char *reason, const char *fmt, ...)
{
	va_list ap;

	w->verdict = verdict;
	w->reason = reason;
	va_start(ap, fmt);
	(void)vsnprintf(w->message, sizeof(w->message), fmt, ap);
	va_end(ap);
	return -1;
}

/* Whose fault is it: the archive's, or that of the place it is restored to? */
int
restore_writer_errno(struct restore_writer *w, const char *what)
{
	struct buf name = BUF_INIT_MAX(80);
	int e = errno;
	int r;

	str_add_visible(&name, w->clean.data, w->clean.len > 60 ? 60 : w->clean.len);
	switch (e) {
	case ENOSPC:
	case EDQUOT:
		r = restore_writer_fail(
		    w, RECORD_VERDICT_ERROR, "no_space", "no space left in the scratch directory");
		break;
	case EFBIG:
		r = restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "bomb", "'%s' is larger than allowed", name.data);
		break;
	case ENAMETOOLONG:
		r = restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "damaged", "name too long: '%s'", name.data);
		break;
	case ENOTDIR:
	case ELOOP:
	case EXDEV:
		r = restore_writer_fail(w, RECORD_VERDICT_FAIL, "unsafe",
		    "'%s' goes through something that is no directory", name.data);
		break;
	case EISDIR:
	case ENOTEMPTY:
		r = restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "damaged", "'%s' is a directory and a file", name.data);
		break;
	default:
		r = restore_writer_fail(w, RECORD_VERDICT_ERROR, "io_error", "%s '%s': %s", what,
		    name.data, strerror(e));
		break;
	}
	buf_release(&name);
	return r;
}

/* Without leading, double and trailing slashes and without "."; refused with "..", NUL or nothing
 * in it at all ("" is the root itself, for "./"). */
static int
clean_name(struct restore_writer *w, const char *name)
{
	buf_clear(&w->clean);
	if (!*name)
		return restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "damaged", "an entry without a name");
	while (*name) {
		size_t len = strcspn(name, "/");

		if (len == 2 && name[0] == '.' && name[1] == '.')
			return restore_writer_fail(
			    w, RECORD_VERDICT_FAIL, "unsafe", "a name with '..' in it");
		if (len && !(len == 1 && name[0] == '.')) {
			if (w->clean.len)
				buf_char(&w->clean, '/');
			buf_add(&w->clean, name, len);
		}
		name += len;
		name += *name == '/';
	}
	return 0;
}

static int
count_object(struct restore_writer *w)
{
	if (w->files + w->directories + w->links + w->hardlinks < w->max_objects)
		return 0;
	return restore_writer_fail(w, RECORD_VERDICT_FAIL, "bomb",
	    "more than %llu files, directories and links", (unsigned long long)w->max_objects);
}

/* Go down one component at a time, making what is missing. */
static int
walk_down(struct restore_writer *w, const char *path)
{
	char name[256];
	int fd = fcntl(w->rootfd, F_DUPFD_CLOEXEC, 3);

	while (fd >= 0 && *path) {
		size_t len = strcspn(path, "/");
		int next;

		if (len >= sizeof(name)) {
			(void)close(fd);
			errno = ENAMETOOLONG;
			return restore_writer_errno(w, "cannot make the directory of");
		}
		memcpy(name, path, len);
		name[len] = '\0';
		path += len + (path[len] == '/');
		next = openat(fd, name, DIR_FLAGS);
		if (next < 0 && errno == ENOENT) {
			if (count_object(w) < 0) {
				(void)close(fd);
				return -1;
			}
			if (mkdirat(fd, name, 0755) == 0) {
				w->directories++;
				next = openat(fd, name, DIR_FLAGS);
			}
		}
		(void)close(fd);
		fd = next;
	}
	return fd < 0 ? restore_writer_errno(w, "cannot make the directory of") : fd;
}

static int
open_below(int rootfd, const char *path)
{
	struct open_how how = {.flags = DIR_FLAGS,
	    .resolve =
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
}

/* The directory that clean is in, as a descriptor that the writer keeps; *ret_base is the last
 * component. Where openat2 is missing or refused, every component is opened without following. */
static int
parent_of_clean(struct restore_writer *w, const char **ret_base)
{
	char *slash = strrchr(w->clean.data, '/');
	size_t len = slash ? (size_t)(slash - w->clean.data) : 0;

	*ret_base = slash ? slash + 1 : w->clean.data;
	if (!slash)
		return w->rootfd;
	if (w->parentfd >= 0 && w->parent.len == len &&
	    memcmp(w->parent.data, w->clean.data, len) == 0)
		return w->parentfd;
	if (w->parentfd >= 0)
		(void)close(w->parentfd);
	w->parentfd = -1;
	buf_clear(&w->parent);
	buf_add(&w->parent, w->clean.data, len);
	w->parentfd = open_below(w->rootfd, w->parent.data);
	if (w->parentfd < 0)
		w->parentfd = walk_down(w, w->parent.data);
	if (w->parentfd < 0)
		buf_clear(&w->parent);
	return w->parentfd;
}

/* An entry of that name exists: take it away, and out of the counts. */
static int
remove_existing(struct restore_writer *w, int dirfd, const char *base)
{
	struct stat st;
	uint32_t crc;
	uint64_t size;

	w->duplicates = true;
	if (fstatat(dirfd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return restore_writer_errno(w, "cannot look at");
	if (S_ISDIR(st.st_mode)) {
		if (unlinkat(dirfd, base, AT_REMOVEDIR) < 0) {
			errno = errno == EEXIST ? ENOTEMPTY : errno;
			return restore_writer_errno(w, "cannot replace");
		}
		w->directories--;
		return 0;
	}
	if ((st.st_mode & 07777) == RESTORE_LINK_MODE) {
		w->links--;
	} else if (st.st_nlink > 1) {
		w->hardlinks--;
	} else {
		int fd = openat(dirfd, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 || restore_content_of(fd, UINT64_MAX, &crc, &size) < 0) {
			(void)(fd >= 0 && close(fd));
			return restore_writer_errno(w, "cannot read");
		}
		(void)close(fd);
		w->files--;
		w->bytes -= size;
		w->sum -= restore_content_sum(crc, size);
	}
	if (unlinkat(dirfd, base, 0) < 0)
		return restore_writer_errno(w, "cannot replace");
	return 0;
}

static int
create_file(struct restore_writer *w, const char *name, unsigned mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	const char *base;
	int dirfd, fd;

	if (clean_name(w, name) < 0 || count_object(w) < 0)
		return -1;
	if (!w->clean.len)
		return restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "damaged", "a file in place of the root");
	dirfd = parent_of_clean(w, &base);
	if (dirfd < 0)
		return -1;
	fd = openat(dirfd, base, flags, (mode_t)mode);
	if (fd < 0 && errno == EEXIST) {
		if (remove_existing(w, dirfd, base) < 0)
			return -1;
		fd = openat(dirfd, base, flags, (mode_t)mode);
	}
	return fd < 0 ? restore_writer_errno(w, "cannot create") : fd;
}

int
restore_writer_directory(struct restore_writer *w, const char *name, unsigned mode)
{
	const char *base;
	struct stat st;
	int dirfd;

	if (clean_name(w, name) < 0)
		return -1;
	if (!w->clean.len)
		return 0;
	dirfd = parent_of_clean(w, &base);
	if (dirfd < 0 || count_object(w) < 0)
		return -1;
	if (mkdirat(dirfd, base, (mode & 0777) | 0700) == 0) {
		w->directories++;
		return 0;
	}
	if (errno != EEXIST)
		return restore_writer_errno(w, "cannot create");
	if (fstatat(dirfd, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (remove_existing(w, dirfd, base) < 0)
		return -1;
	if (mkdirat(dirfd, base, (mode & 0777) | 0700) < 0)
		return restore_writer_errno(w, "cannot create");
	w->directories++;
	return 0;
}

int
restore_writer_file(struct restore_writer *w, const char *name, unsigned mode, int64_t mtime)
{
	w->fd = create_file(w, name, (mode & 0777) | 0600);
	if (w->fd < 0)
		return -1;
	w->position = w->total = 0;
	w->crc = 0;
	w->mtime = mtime;
	return 0;
}

/* The checksum of a hole, so that reading it back gives the same. */
static void
add_zeros(struct restore_writer *w, uint64_t len)
{
	static const uint8_t zeros[65536];

	while (len) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		w->crc = codec_crc32(w->crc, zeros, n);
		len -= n;
	}
}

int
restore_writer_data(struct restore_writer *w, const void *data, size_t len, uint64_t offset)
{
	const char *p = data;

	if (offset < w->position)
		return restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "damaged", "an entry goes backwards in its own data");
	if (len > w->max_bytes || offset > w->max_bytes - len)
		return restore_writer_fail(w, RECORD_VERDICT_FAIL, "bomb", "an entry is too large");
	if (len > w->space) {
		errno = ENOSPC;
		return restore_writer_errno(w, "cannot write");
	}
	w->space -= len;
	add_zeros(w, offset - w->position);
	w->crc = codec_crc32(w->crc, data, len);
	w->position = offset + len;
	while (len) {
		ssize_t n = pwrite(w->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return restore_writer_errno(w, "cannot write");
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int
restore_writer_end(struct restore_writer *w, uint64_t size)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = w->mtime}};

	if (size > w->max_bytes)
		return restore_writer_fail(w, RECORD_VERDICT_FAIL, "bomb", "an entry is too large");
	if (size > w->position) {
		if (ftruncate(w->fd, (off_t)size) < 0)
			return restore_writer_errno(w, "cannot write");
		add_zeros(w, size - w->position);
	} else if (size < w->position) {
		return restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "damaged", "an entry has more data than it says");
	}
	if (w->keep_times && w->mtime != CLOCK_NONE)
		(void)futimens(w->fd, times);
	/* NFS and quotas report a full disk only now. */
	if (close(w->fd) < 0 && errno != EINTR) {
		w->fd = -1;
		return restore_writer_errno(w, "cannot write");
	}
	w->fd = -1;
	w->files++;
	w->bytes += size;
	w->sum += restore_content_sum(w->crc, size);
	return 0;
}

int
restore_writer_symlink(struct restore_writer *w, const char *name, const char *target)
{
	size_t len = strlen(target);
	int fd;

	if (len == 0 || len >= 4096)
		return restore_writer_fail(
		    w, RECORD_VERDICT_FAIL, "damaged", "a symbolic link without a usable target");
	fd = create_file(w, name, 0600);
	if (fd < 0)
		return -1;
	if (fsio_write_all(fd, target, len, "link", NULL) < 0 ||
	    fchmod(fd, RESTORE_LINK_MODE) < 0) {
		(void)restore_writer_errno(w, "cannot write");
		(void)close(fd);
		return -1;
	}
	(void)close(fd);
	w->links++;
	return 0;
}

/* Only to a file that this very run extracted: the scratch directory held nothing before, and the
 * way to it leads through directories only. */
int
restore_writer_hardlink(struct restore_writer *w, const char *name, const char *target)
{
	const char *base;
	char *target_base;
	struct stat st;
	int from, to, r = -1;

	if (clean_name(w, target) < 0)
		return -1;
	from = parent_of_clean(w, &base);
	if (from < 0)
		return -1;
	target_base = mem_strdup(base);
	from = fcntl(from, F_DUPFD_CLOEXEC, 3);
	if (from < 0 || fstatat(from, target_base, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode)) {
		r = restore_writer_fail(w, RECORD_VERDICT_FAIL, "incomplete",
		    "a hard link to a file that the archive does not hold before it");
		goto out;
	}
	if (clean_name(w, name) < 0 || count_object(w) < 0)
		goto out;
	to = parent_of_clean(w, &base);
	if (to < 0)
		goto out;
	r = linkat(from, target_base, to, base, 0);
	if (r < 0 && errno == EEXIST) {
		struct stat there;

		/* A link to itself, as some writers make for a single name, changes nothing. */
		if (fstatat(to, base, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    there.st_ino == st.st_ino) {
			r = 0;
			goto out;
		}
		r = remove_existing(w, to, base);
		if (r == 0)
			r = linkat(from, target_base, to, base, 0);
		else
			goto out;
	}
	/* ABI 1 of Landlock forbids links between directories; some file systems have none. */
	if (r < 0 && (errno == EXDEV || errno == EPERM || errno == EMLINK)) {
		w->links_skipped = true;
		r = 0;
	} else if (r < 0) {
		r = restore_writer_errno(w, "cannot link");
	} else if ((st.st_mode & 07777) == RESTORE_LINK_MODE) {
		w->links++;
	} else {
		w->hardlinks++;
	}
out:
	if (from >= 0)
		(void)close(from);
	free(target_base);
	return r;
}
