// A directory that is one backup: its files are read by the pool, its digest is over all entries.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/set_private.h"

#define DEPTH_MAX 256

struct entry {
	char *path; /* relative to the directory */
	char type;  /* f d l p s c b */
	char *target;
	struct verify_set *set; /* that it belongs to, NULL for none */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
};

struct tree {
	struct verify_pool *pool;
	const char *root, *algorithm;
	bool content;
	struct hash *hash;
	struct verify_set *set; /* of the directory that is walked: &this_set, or NULL */
	struct verify_set this_set;
	struct verify_answer *answer;
	struct verify_job *seen;
	struct verify_content worst; /* the first fault of a file */
	enum record_level level;     /* the lowest of the files that were looked into */
	uint64_t looked, opaque;
	char skipped[VERIFY_DETAIL_MAX]; /* what could not be looked into, and why */
	uint64_t set_entries;
	char format[VERIFY_FORMAT_MAX]; /* of a set that is all of it */
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

/* Among many files an empty one, one of zeros, one of a single letter is what it is. */
static bool
is_plain(const struct verify_content *c)
{
	return c->reason == VERIFY_REASON_EMPTY ||
	    (!*c->format && !*c->codec &&
		(c->reason == VERIFY_REASON_DAMAGED || c->reason == VERIFY_REASON_TRUNCATED));
}

/* path is that of a file, or of the directory of a set. */
static void
add_content(struct tree *t, const char *path, const struct verify_content *c, bool in_set)
{
	t->worst.bytes += c->bytes;
	t->worst.warnings |=
	    c->warnings & ~(unsigned)(VERIFY_WARN_UNKNOWN | (in_set ? VERIFY_WARN_UNCHECKED : 0));
	switch (c->verdict) {
	case RECORD_VERDICT_PASS:
		if (in_set) /* the set says what it is worth */
			break;
		t->looked++;
		if (t->level == RECORD_LEVEL_NONE || c->level < t->level)
			t->level = c->level;
		break;
	case RECORD_VERDICT_FAIL:
		if (is_plain(c)) {
			t->opaque += !in_set;
			break;
		}
		if (t->worst.verdict == RECORD_VERDICT_FAIL)
			break;
		t->worst.verdict = RECORD_VERDICT_FAIL;
		t->worst.reason = c->reason;
		snprintf(t->worst.detail, sizeof(t->worst.detail), "%.80s%s%.100s", path,
		    *path ? ": " : "", c->detail);
		snprintf(t->worst.last, sizeof(t->worst.last), "%.255s", in_set ? path : c->last);
		break;
	case RECORD_VERDICT_ERROR:
		fail_tree(t, c->reason, c->detail);
		break;
	case RECORD_VERDICT_SKIP:
	case RECORD_VERDICT_NONE:
		t->opaque += !in_set;
		if (c->reason == VERIFY_REASON_ENCRYPTED || *c->format)
			snprintf(t->skipped, sizeof(t->skipped), "%.80s%s%.100s", path,
			    *path ? ": " : "", c->detail);
		break;
	}
}

static int
ask_program(struct tree *t, const struct entry *e, struct verify_answer *a)
{
	struct err err = {0};
	if (!verify_program_wanted(a))
		return 0;
	char *path = path_join(t->root, e->path);
	int r = verify_program(path, a, &err);
	free(path);
	if (r < 0)
		fail_tree(t, VERIFY_REASON_UNSUPPORTED, err.msg);
	return r;
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
	else if (t->content && ask_program(t, e, &a) == 0)
		add_content(t, e->path, &a.content, e->set != NULL);
	if (e->set && a.outcome == VERIFY_READ)
		verify_set_add(e->set, e->path + e->set->prefix, e->size, &a);
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
	own->set = t->set;
	if (t->set)
		verify_set_job(t->set, e->path + t->set->prefix, &job);
	job.token = own;
	if (!verify_pool_room(t->pool) && take(t) < 0) {
		close(job.fd);
		if (verify_role_has_aside(job.role))
			close(job.aside);
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

/* All files of a set were read: what lists them is compared with what was there. */
static int
finish_set(struct tree *t, struct verify_set *set, const char *path)
{
	struct verify_job job;
	struct verify_answer a;
	struct err own = {0};
	void *token;
	if (drain(t) < 0)
		return -1;
	if (t->answer->outcome != VERIFY_READ)
		return 0;
	if (!set->key) {
		struct verify_content c = {.verdict = RECORD_VERDICT_FAIL,
		    .reason = VERIFY_REASON_INCOMPLETE,
		    .format = "pg_directory",
		    .detail = "toc.dat, which pg_dump writes last, is missing"};
		memcpy(t->format, c.format, sizeof(t->format));
		add_content(t, path, &c, false);
		return 0;
	}
	if (verify_set_finish(set, &job, &own) < 0) {
		fail_tree(t, VERIFY_REASON_UNREADABLE, own.msg);
		return 0;
	}
	if (verify_pool_submit(t->pool, &job, t->err) < 0 ||
	    verify_pool_next(t->pool, -1, &token, &a, t->err) < 0)
		return -1;
	if (a.outcome == VERIFY_FAILED)
		fail_tree(t, a.reason, a.detail);
	else if (a.outcome == VERIFY_CHANGED)
		t->answer->outcome = VERIFY_CHANGED;
	else
		add_content(t, path, &a.content, false);
	if (!*path)
		memcpy(t->format, a.content.format, sizeof(t->format));
	if (!*path && a.content.entries)
		t->set_entries = a.content.entries;
	return 0;
}

/* Takes fd. */
static int
walk(struct tree *t, int fd, const char *prefix, unsigned depth)
{
	char **names = NULL;
	size_t count = 0;
	bool begun;
	int r = 0;
	DIR *d = fd >= 0 && depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!d || list(d, &names, &count) < 0) {
		char text[VERIFY_DETAIL_MAX];
		snprintf(text, sizeof(text), "%.120s: %s", *prefix ? prefix : t->root,
		    depth >= DEPTH_MAX ? "too deep" : strerror(errno));
		fail_tree(t, VERIFY_REASON_UNREADABLE, text);
	}
	begun =
	    d && t->content && !t->set && verify_set_begin(&t->this_set, dirfd(d), names, count);
	if (begun) {
		r = drain(t);
		t->this_set.prefix = *prefix ? strlen(prefix) + 1 : 0;
		t->set = &t->this_set;
	}
	for (size_t i = 0; i < count && r == 0; i++)
		r = visit(t, dirfd(d), names[i], prefix, depth);
	if (begun) {
		if (r == 0)
			r = finish_set(t, t->set, prefix);
		verify_set_release(t->set);
		t->set = NULL;
	}
	for (size_t i = 0; i < count; i++)
		free(names[i]);
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
		snprintf(ret_answer->content.format, VERIFY_FORMAT_MAX, "%s",
		    *t.format ? t.format : "directory");
		if (t.set_entries)
			ret_answer->content.entries = t.set_entries;
		if (t.worst.verdict == RECORD_VERDICT_NONE && t.looked) {
			ret_answer->content.verdict = RECORD_VERDICT_PASS;
			ret_answer->content.level = t.opaque ? RECORD_LEVEL_COMPLETE : t.level;
			ret_answer->content.warnings |=
			    t.opaque ? (unsigned)VERIFY_WARN_UNKNOWN : 0;
		} else if (t.worst.verdict == RECORD_VERDICT_NONE) {
			ret_answer->content.verdict = RECORD_VERDICT_SKIP;
			ret_answer->content.reason = VERIFY_REASON_UNVERIFIABLE;
			memcpy(ret_answer->content.detail, t.skipped, sizeof(t.skipped));
		}
	}
	ret_answer->ms = clock_mono_ms() - start;
	hash_free(t.hash);
	return r;
}
