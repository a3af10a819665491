// A directory that is one backup: its files are read by the pool, its digest is over all entries.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/verify_private.h"

#define DEPTH_MAX 256

struct entry {
	char *path; /* relative to the directory */
	char type;  /* f d l p s c b */
	char *target;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
};

struct tree {
	struct verify_pool *pool;
	const char *root, *algorithm;
	bool content;
	struct hash *hash;
	struct verify_answer *answer;
	struct verify_job *seen;
	struct verify_content worst; /* the first fault of a file */
	enum record_level level;     /* the lowest of the files that were looked into */
	uint64_t looked, opaque;
	struct err *err;
};

static char
type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	case S_IFCHR:
		return 'c';
	default:
		return 'b';
	}
}

static void
fail_tree(struct tree *t, enum verify_reason reason, const char *detail)
{
	if (t->answer->outcome == VERIFY_FAILED)
		return;
	t->answer->outcome = VERIFY_FAILED;
	t->answer->reason = reason;
	snprintf(
	    t->answer->detail, sizeof(t->answer->detail), "%.*s", VERIFY_DETAIL_MAX - 1, detail);
}

static int
digest_line(struct tree *t, const struct entry *e, const struct verify_digest *d)
{
	struct buf b = BUF_INIT;
	buf_char(&b, e->type);
	buf_char(&b, ' ');
	buf_str(&b, e->path);
	buf_char(&b, '\0');
	if (e->type == 'f') {
		buf_printf(&b, "%llu ", (unsigned long long)e->size);
		str_add_hex(&b, d->data, d->len);
	} else if (e->target) {
		buf_str(&b, e->target);
	}
	buf_char(&b, '\n');
	int r = hash_update(t->hash, b.data, b.len, t->err);
	buf_release(&b);
	return r;
}

static void
add_content(struct tree *t, const struct entry *e, const struct verify_content *c)
{
	t->worst.bytes += c->bytes;
	t->worst.warnings |= c->warnings & ~(unsigned)VERIFY_WARN_UNKNOWN;
	switch (c->verdict) {
	case RECORD_VERDICT_PASS:
		t->looked++;
		if (t->level == RECORD_LEVEL_NONE || c->level < t->level)
			t->level = c->level;
		break;
	case RECORD_VERDICT_FAIL:
		/* An empty file inside a tree is an empty file. */
		if (c->reason == VERIFY_REASON_EMPTY || t->worst.verdict == RECORD_VERDICT_FAIL)
			break;
		t->worst.verdict = RECORD_VERDICT_FAIL;
		t->worst.reason = c->reason;
		snprintf(
		    t->worst.detail, sizeof(t->worst.detail), "%.80s: %.100s", e->path, c->detail);
		snprintf(t->worst.last, sizeof(t->worst.last), "%.255s", e->path);
		break;
	case RECORD_VERDICT_ERROR:
		fail_tree(t, c->reason, c->detail);
		break;
	case RECORD_VERDICT_SKIP:
	case RECORD_VERDICT_NONE:
		t->opaque++;
		break;
	}
}

/* Take the answer of the oldest file under way. */
static int
take(struct tree *t)
{
	struct verify_answer a;
	void *token;
	int r = verify_pool_next(t->pool, -1, &token, &a, t->err);
	if (r < 0)
		return -1;
	struct entry *e = token;
	t->answer->bytes += a.bytes;
	t->worst.entries++;
	if (a.outcome == VERIFY_FAILED)
		fail_tree(t, a.reason, a.detail);
	else if (a.outcome == VERIFY_CHANGED && t->answer->outcome == VERIFY_READ)
		t->answer->outcome = VERIFY_CHANGED;
	else if (t->content)
		add_content(t, e, &a.content);
	r = digest_line(t, e, &a.digests[0]);
	free(e->path);
	free(e);
	return r;
}

static int
drain(struct tree *t)
{
	while (verify_pool_pending(t->pool))
		if (take(t) < 0)
			return -1;
	return 0;
}

static int
hand_over(struct tree *t, int dirfd, const char *name, struct entry *e)
{
	struct verify_job job = {
	    .content = t->content,
	    .algorithms = {t->algorithm},
	    .size = e->size,
	    .mtime = e->mtime,
	    .mtime_nsec = e->mtime_nsec,
	    .name = name,
	};
	int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	job.fd = openat(dirfd, name, flags | O_NOATIME);
	if (job.fd < 0 && errno == EPERM)
		job.fd = openat(dirfd, name, flags);
	if (job.fd < 0) {
		char text[VERIFY_DETAIL_MAX];
		snprintf(text, sizeof(text), "%.120s: %s", e->path, strerror(errno));
		fail_tree(t, VERIFY_REASON_UNREADABLE, text);
		return 0;
	}
	struct entry *own = mem_dup(e, sizeof(*e));
	own->path = mem_strdup(e->path);
	own->target = NULL;
	job.token = own;
	if (!verify_pool_room(t->pool) && take(t) < 0) {
		close(job.fd);
		free(own->path);
		free(own);
		return -1;
	}
	return verify_pool_submit(t->pool, &job, t->err);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
list(DIR *d, char ***ret_names, size_t *ret_count)
{
	char **names = NULL;
	size_t count = 0, cap = 0;
	errno = 0;
	for (struct dirent *e; (e = readdir(d)); errno = 0) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		MEM_GROW(names, count, cap);
		names[count++] = mem_strdup(e->d_name);
	}
	if (count)
		qsort(names, count, sizeof(*names), by_name);
	*ret_names = names;
	*ret_count = count;
	return errno ? -1 : 0;
}

static int walk(struct tree *t, int fd, const char *prefix, unsigned depth);

static void
newest(struct tree *t, const struct stat *st)
{
	struct verify_job *s = t->seen;
	uint32_t nsec = (uint32_t)st->st_mtim.tv_nsec;
	if (st->st_mtim.tv_sec < s->mtime ||
	    (st->st_mtim.tv_sec == s->mtime && nsec < s->mtime_nsec))
		return;
	s->mtime = st->st_mtim.tv_sec;
	s->mtime_nsec = nsec;
}

static int
visit(struct tree *t, int dirfd, const char *name, const char *prefix, unsigned depth)
{
	struct stat st;
	char target[4096];
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		t->answer->outcome = VERIFY_CHANGED; /* gone between the listing and now */
		return 0;
	}
	struct entry e = {
	    .path = *prefix ? mem_printf("%s/%s", prefix, name) : mem_strdup(name),
	    .type = type_of(st.st_mode),
	    .size = (uint64_t)st.st_size,
	    .mtime = st.st_mtim.tv_sec,
	    .mtime_nsec = (uint32_t)st.st_mtim.tv_nsec,
	};
	int r = 0;
	if (e.type == 'f' || e.type == 'd')
		newest(t, &st);
	if (e.type == 'f') {
		t->seen->size += e.size;
		r = hand_over(t, dirfd, name, &e);
	} else {
		ssize_t n =
		    e.type == 'l' ? readlinkat(dirfd, name, target, sizeof(target) - 1) : -1;
		if (n >= 0) {
			target[n] = '\0';
			e.target = target;
		}
		r = drain(t);
		if (r == 0)
			r = digest_line(t, &e, NULL);
		if (r == 0 && e.type == 'd') {
			int fd =
			    openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			r = walk(t, fd, e.path, depth + 1);
		}
	}
	free(e.path);
	return r;
}

/* Takes fd. */
static int
walk(struct tree *t, int fd, const char *prefix, unsigned depth)
{
	char **names = NULL;
	size_t count = 0;
	int r = 0;
	DIR *d = fd >= 0 && depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!d || list(d, &names, &count) < 0) {
		char text[VERIFY_DETAIL_MAX];
		snprintf(text, sizeof(text), "%.120s: %s", *prefix ? prefix : t->root,
		    depth >= DEPTH_MAX ? "too deep" : strerror(errno));
		fail_tree(t, VERIFY_REASON_UNREADABLE, text);
	}
	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			r = visit(t, dirfd(d), names[i], prefix, depth);
		free(names[i]);
	}
	free(names);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return r;
}

int
verify_directory(struct verify_pool *pool, const char *path, const char *algorithm, bool content,
    struct verify_job *ret_seen, struct verify_answer *ret_answer, struct err *err)
{
	struct tree t = {
	    .pool = pool,
	    .root = path,
	    .algorithm = algorithm,
	    .content = content,
	    .answer = ret_answer,
	    .seen = ret_seen,
	    .err = err,
	};
	struct stat st;
	int64_t start = clock_mono_ms();
	*ret_answer = (struct verify_answer){0};
	*ret_seen = (struct verify_job){.fd = -1, .mtime = INT64_MIN};
	if (lstat(path, &st) == 0)
		newest(&t, &st);
	if (hash_new(algorithm, &t.hash, err) < 0)
		return -1;
	int r = hash_begin(t.hash, err);
	if (r == 0)
		r = walk(&t, open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), "", 0);
	if (r == 0)
		r = drain(&t);
	if (r == 0)
		r = hash_end(t.hash, ret_answer->digests[0].data, &ret_answer->digests[0].len, err);
	if (r == 0 && content) {
		ret_answer->content = t.worst;
		snprintf(ret_answer->content.format, VERIFY_FORMAT_MAX, "directory");
		if (t.worst.verdict == RECORD_VERDICT_NONE && t.looked) {
			ret_answer->content.verdict = RECORD_VERDICT_PASS;
			ret_answer->content.level = t.opaque ? RECORD_LEVEL_COMPLETE : t.level;
			ret_answer->content.warnings |=
			    t.opaque ? (unsigned)VERIFY_WARN_UNKNOWN : 0;
		} else if (t.worst.verdict == RECORD_VERDICT_NONE) {
			ret_answer->content.verdict = RECORD_VERDICT_SKIP;
			ret_answer->content.reason = VERIFY_REASON_UNVERIFIABLE;
		}
	}
	ret_answer->ms = clock_mono_ms() - start;
	hash_free(t.hash);
	return r;
}
