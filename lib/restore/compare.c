// The restored tree beside the live one: both walked in one order, a bounded number of files a time.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define BLOCK     ((size_t)128 * 1024)
#define DEPTH_MAX 100  /* two descriptors a level */
#define SLACK     3600 /* a backup takes time: what changed while it was made does not count */

struct comparing {
	const struct restore_subject *subject;
	struct restore_examined *result;
	struct buf *names;
	struct buf path;   /* of the present entry, below both roots */
	const char *until; /* second half of a round: the first half began behind this; or NULL */
	uint64_t left;     /* files that may still be looked at */
	int64_t deadline_ms;
	dev_t device; /* of the live tree */
	unsigned depth;
};

/* One directory on both sides; a descriptor of -1: it is not there. */
struct sides {
	int restored, live;
	bool
	    changed; /* the live directory, or the deepest that is left, changed since the backup */
	bool moved_in; /* the live directory came to this place after the backup */
};

struct names {
	char **items;
	size_t count, cap;
};

static int
name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
read_names(int fd, struct names *names)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int copy = fd < 0 ? -1 : openat(fd, ".", flags | O_NOATIME);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *de;

	if (fd < 0)
		return 0;
	if (copy < 0 && errno == EPERM) {
		copy = openat(fd, ".", flags);
		dir = copy < 0 ? NULL : fdopendir(copy);
	}
	if (!dir) {
		if (copy >= 0)
			(void)close(copy);
		return -1;
	}
	while ((de = readdir(dir))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		MEM_GROW(names->items, names->count, names->cap);
		names->items[names->count++] = mem_strdup(de->d_name);
	}
	(void)closedir(dir);
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), name_cmp);
	return 0;
}

static void
release_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

/* The order of the walk: component by component, so that "/" comes before every other byte. */
static int
path_order(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static bool
is_excluded(const struct comparing *c)
{
	const char *const *p = c->subject->compare_exclude;

	for (; p && *p; p++) {
		if (fnmatch(*p, c->path.data, 0) == 0)
			return true;
	}
	return false;
}

static bool
is_newer(const struct comparing *c, const struct stat *live)
{
	int64_t limit = c->subject->time - SLACK;

	return live->st_mtim.tv_sec > limit || live->st_ctim.tv_sec > limit;
}

/* ---------------------------------------------------------------- one file */

static void
differs(struct comparing *c, enum restore_difference how)
{
	if (c->result->differing++ < RESTORE_DIFFERING_MAX) {
		buf_char(c->names, (char)how);
		buf_add(c->names, c->path.data, c->path.len + 1);
	}
}

static void
differs_unless(struct comparing *c, bool expected, enum restore_difference how)
{
	if (expected)
		c->result->newer++;
	else
		differs(c, how);
}

static int
open_file(int dirfd, const char *name, struct stat *ret_st)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(dirfd, name, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dirfd, name, flags);
	if (fd >= 0 && (fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode))) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

enum outcome { SAME, DIFFERENT, UNREAD, LATE };

static enum outcome
compare_bytes(struct comparing *c, int a, int b)
{
	static char left[BLOCK], right[BLOCK];

	for (;;) {
		ssize_t n = fsio_read_full(a, left, BLOCK), m = fsio_read_full(b, right, BLOCK);

		if (n < 0 || m < 0)
			return UNREAD;
		if (n != m || memcmp(left, right, (size_t)n) != 0)
			return DIFFERENT;
		if (n < (ssize_t)BLOCK)
			return SAME;
		/* One that takes too long is left to the next round, but for the first. */
		if (clock_mono_ms() > c->deadline_ms && c->result->last[0])
			return LATE;
	}
}

static enum outcome
compare_files(struct comparing *c, const struct sides *s, const char *name)
{
	struct stat restored, live, after;
	int a = open_file(s->restored, name, &restored), b = open_file(s->live, name, &live);
	enum outcome outcome = UNREAD;

	if (a >= 0 && b >= 0) {
		outcome = restored.st_size == live.st_size ? compare_bytes(c, a, b) : DIFFERENT;
		(void)posix_fadvise(b, 0, 0, POSIX_FADV_DONTNEED);
		if (outcome == DIFFERENT) {
			/* The same version by its size and time, and yet another content: no change
			 * since the backup explains that. */
			bool same_version = restored.st_size == live.st_size &&
			    restored.st_mtim.tv_sec == live.st_mtim.tv_sec &&
			    live.st_mtim.tv_sec < c->subject->time - 2;
			bool changing = fstat(b, &after) < 0 ||
			    after.st_mtim.tv_sec != live.st_mtim.tv_sec ||
			    after.st_mtim.tv_nsec != live.st_mtim.tv_nsec ||
			    after.st_size != live.st_size;

			differs_unless(c, changing || (!same_version && is_newer(c, &live)),
			    RESTORE_DIFFERS_CONTENT);
		}
	}
	if (a >= 0)
		(void)close(a);
	if (b >= 0)
		(void)close(b);
	return outcome;
}

static enum outcome
compare_links(struct comparing *c, const struct sides *s, const char *name, const struct stat *live)
{
	char a[4096], b[4096];
	ssize_t n = readlinkat(s->restored, name, a, sizeof(a));
	ssize_t m = readlinkat(s->live, name, b, sizeof(b));

	if (n < 0 || m < 0)
		return UNREAD;
	if (n == m && memcmp(a, b, (size_t)n) == 0)
		return SAME;
	differs_unless(c, is_newer(c, live), RESTORE_DIFFERS_CONTENT);
	return DIFFERENT;
}

/* 0, or -1: no more in this test. */
static int
look_at_file(struct comparing *c, const struct sides *s, const char *name, const struct stat *r,
    const struct stat *l)
{
	enum outcome outcome = DIFFERENT;

	if (c->left == 0 || (c->result->last[0] && clock_mono_ms() > c->deadline_ms)) {
		c->result->late = c->left > 0;
		return -1;
	}
	if (!r)
		differs_unless(c, s->moved_in || is_newer(c, l), RESTORE_DIFFERS_MISSING);
	else if (!l)
		differs_unless(c, s->changed, RESTORE_DIFFERS_EXTRA);
	else if ((r->st_mode & S_IFMT) != (l->st_mode & S_IFMT))
		differs_unless(c, is_newer(c, l), RESTORE_DIFFERS_KIND);
	else if (S_ISREG(r->st_mode))
		outcome = compare_files(c, s, name);
	else
		outcome = compare_links(c, s, name, l);
	if (outcome == LATE) {
		c->result->late = 1;
		return -1;
	}
	c->result->same += outcome == SAME;
	c->result->unread += outcome == UNREAD;
	c->left--;
	if (c->path.len < sizeof(c->result->last))
		memcpy(c->result->last, c->path.data, c->path.len + 1);
	return 0;
}

/* ---------------------------------------------------------------- the walk */

static int walk(struct comparing *c, const struct sides *s, const char *after);

static int
open_dir(int dirfd, const char *name, const struct stat *st)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	if (!st || !S_ISDIR(st->st_mode))
		return -1;
	fd = openat(dirfd, name, flags | O_NOATIME);
	return fd < 0 && errno == EPERM ? openat(dirfd, name, flags) : fd;
}

static int
descend(struct comparing *c, const struct sides *s, const char *name, const struct stat *r,
    const struct stat *l, const char *after)
{
	struct sides below = {.restored = open_dir(s->restored, name, r),
	    .live = open_dir(s->live, name, l),
	    .changed = s->changed,
	    .moved_in = s->moved_in};
	int result = 0;

	if (l && S_ISDIR(l->st_mode)) {
		below.changed = is_newer(c, l);
		/* To rename a directory sets its ctime only. */
		below.moved_in |=
		    !r && below.changed && l->st_mtim.tv_sec <= c->subject->time - SLACK;
	}
	if (c->depth >= DEPTH_MAX || (r && S_ISDIR(r->st_mode) && below.restored < 0) ||
	    (l && S_ISDIR(l->st_mode) && below.live < 0)) {
		c->result->unread++;
	} else {
		c->depth++;
		result = walk(c, &below, after);
		c->depth--;
	}
	if (below.restored >= 0)
		(void)close(below.restored);
	if (below.live >= 0)
		(void)close(below.live);
	return result;
}

static bool
stat_entry(int dirfd, const char *name, struct stat *st)
{
	return dirfd >= 0 && fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode));
}

static int
look_at(struct comparing *c, const struct sides *s, const char *name, const char *after)
{
	struct stat restored, live;
	const struct stat *r = stat_entry(s->restored, name, &restored) ? &restored : NULL;
	const struct stat *l = stat_entry(s->live, name, &live) ? &live : NULL;
	size_t len = c->path.len;
	int result = 0;

	if (len)
		buf_char(&c->path, '/');
	buf_str(&c->path, name);
	if ((!r && !l) || is_excluded(c) || (l && l->st_dev != c->device))
		; /* not compared: special files, and what is mounted there */
	else if ((r && S_ISDIR(r->st_mode)) || (l && S_ISDIR(l->st_mode)))
		result = descend(c, s, name, r, l, after);
	else if (c->until && path_order(c->path.data, c->until) > 0)
		result = 1;
	else
		result = look_at_file(c, s, name, r, l);
	c->path.len = len;
	c->path.data[len] = '\0';
	return result;
}

/* after: only what comes behind this path below the directory; NULL: all of it.
 * 0: at its end; 1: the round is complete; -1: no more in this test. */
static int
walk(struct comparing *c, const struct sides *s, const char *after)
{
	struct names a = {.count = 0}, b = {.count = 0};
	size_t first = after ? strcspn(after, "/") : 0, i = 0, k = 0;
	int result = 0;

	if (read_names(s->restored, &a) < 0 || read_names(s->live, &b) < 0)
		c->result->unread++;
	while (result == 0 && (i < a.count || k < b.count)) {
		int order = i == a.count ? 1 : k == b.count ? -1 : strcmp(a.items[i], b.items[k]);
		const char *name = order <= 0 ? a.items[i] : b.items[k], *rest = NULL;

		i += order <= 0;
		k += order >= 0;
		if (after) {
			size_t len = strlen(name);
			int where = memcmp(name, after, len < first ? len : first);

			where = where ? where : (len > first) - (len < first);
			if (where < 0 || (where == 0 && !after[first]))
				continue;
			rest = where == 0 ? after + first + 1 : NULL;
		}
		result = look_at(c, s, name, rest);
	}
	release_names(&a);
	release_names(&b);
	return result;
}

void
restore_compare(
    const struct restore_job *job, struct restore_examined *ret_result, struct buf *names)
{
	const struct restore_subject *s = job->subject;
	int64_t now = clock_mono_ms();
	const char *after = s->compare_after && *s->compare_after ? s->compare_after : NULL;
	struct comparing c = {.subject = s,
	    .result = ret_result,
	    .names = names,
	    .path = BUF_INIT,
	    .left = s->compare_sample,
	    .deadline_ms = now + (job->deadline_ms - now) / 2};
	struct sides roots = {.restored = job->rootfd, .live = job->livefd};
	struct stat st;
	int r;

	if (fstat(job->livefd, &st) < 0) {
		ret_result->unread++;
		return;
	}
	c.device = st.st_dev;
	roots.changed = is_newer(&c, &st);
	r = walk(&c, &roots, after);
	if (r == 0 && after) {
		c.until = after;
		r = walk(&c, &roots, NULL);
	}
	ret_result->round_done = r >= 0;
	buf_release(&c.path);
}
