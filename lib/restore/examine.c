// A look at the restored tree with the live files beside it: in a child that can read both and write nothing.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash/hash.h"
#include "restore/restore_private.h"

#define BLOCK ((size_t)128 * 1024)

/* ---------------------------------------------------------------- in the child */

/* A file below dirfd, reached through directories only: never through a link. */
static int
open_member(int rootfd, const char *name)
{
	int fd = fcntl(rootfd, F_DUPFD_CLOEXEC, 3);
	char part[256];

	while (fd >= 0) {
		size_t len;
		bool last;
		int next;

		name += strspn(name, "/");
		if (name[0] == '.' && name[1] == '/') {
			name += 2;
			continue;
		}
		len = strcspn(name, "/");
		last = name[len] == '\0';
		next = -1;
		if (len > 0 && len < sizeof(part) && !(len == 2 && memcmp(name, "..", 2) == 0)) {
			memcpy(part, name, len);
			part[len] = '\0';
			next = openat(fd, part,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
				(last ? 0 : O_DIRECTORY));
		} else {
			errno = ENOENT;
		}
		(void)close(fd);
		fd = next;
		name += len;
		if (last)
			break;
	}
	return fd;
}

static int
hash_file(struct hash *hash, int fd, uint8_t out[HASH_MAX])
{
	static uint8_t block[BLOCK];
	size_t len;

	if (hash_begin(hash, NULL) < 0)
		return -1;
	for (;;) {
		ssize_t n = read(fd, block, sizeof(block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (n > 0 && hash_update(hash, block, (size_t)n, NULL) < 0))
			return -1;
		if (n == 0)
			return hash_end(hash, out, &len, NULL);
	}
}

static void
hash_members(const struct restore_job *job, struct restore_examined *e)
{
	const struct restore_subject *s = job->subject;
	struct hash *hash = NULL;
	uint8_t digest[HASH_MAX];
	struct stat st;

	if (s->member_count && hash_new("sha256", &hash, NULL) < 0)
		return;
	for (size_t i = 0; i < s->member_count && i < RESTORE_DEMANDS_MAX; i++) {
		int fd = open_member(job->rootfd, s->members[i].name);

		e->members[i].state = RESTORE_MEMBER_MISSING;
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
			e->members[i].state = RESTORE_MEMBER_UNREAD;
			if (hash_file(hash, fd, digest) == 0) {
				e->members[i].state = RESTORE_MEMBER_READ;
				memcpy(e->members[i].sha256, digest, 32);
			}
		}
		if (fd >= 0)
			(void)close(fd);
	}
	hash_free(hash);
}

static int
examine_main(void *arg, int out)
{
	const struct restore_job *job = arg;
	struct restore_examined *e = mem_alloc(sizeof(*e));
	struct buf names = BUF_INIT;
	int r;

	e->magic = RESTORE_ANSWER_MAGIC;
	hash_members(job, e);
	if (job->livefd >= 0)
		restore_compare(job, e, &names);
	r = fsio_write_all(out, e, sizeof(*e), "answer", NULL);
	if (r == 0)
		r = fsio_write_all(out, names.data, names.len, "answer", NULL);
	buf_release(&names);
	free(e);
	return r < 0 ? 1 : 0;
}

/* ---------------------------------------------------------------- outside */

static const char *const differences[] = {
    [RESTORE_DIFFERS_CONTENT] = "content",
    [RESTORE_DIFFERS_MISSING] = "missing",
    [RESTORE_DIFFERS_EXTRA] = "extra",
    [RESTORE_DIFFERS_KIND] = "kind",
};

static void
take_names(struct restore_compared *c, const char *data, size_t len)
{
	while (len > 1 && c->name_count < RESTORE_DIFFERING_MAX) {
		unsigned how = (unsigned char)data[0];
		const char *end = memchr(data + 1, 0, len - 1);

		if (!end || how >= ARRAY_LEN(differences) || !differences[how])
			return;
		c->names[c->name_count].how = differences[how];
		c->names[c->name_count++].path = mem_strdup(data + 1);
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
}

/* What a child that read hostile files says is bounded before it is believed. */
static int
take_examined(struct restore_result *r, const struct buf *answer, struct restore_examined *e)
{
	struct restore_compared *c = &r->compared;

	if (answer->len < sizeof(*e))
		return -1;
	memcpy(e, answer->data, sizeof(*e));
	if (e->magic != RESTORE_ANSWER_MAGIC)
		return -1;
	e->last[sizeof(e->last) - 1] = '\0';
	c->same = e->same;
	c->differing = e->differing;
	c->newer = e->newer;
	c->unread = e->unread;
	c->round_done = e->round_done != 0;
	c->late = e->late != 0;
	if (e->last[0])
		c->last = mem_strdup(e->last);
	take_names(c, answer->data + sizeof(*e), answer->len - sizeof(*e));
	return 0;
}

static void
judge_members(
    const struct restore_subject *s, const struct restore_examined *e, struct restore_result *r)
{
	for (size_t i = 0; i < s->member_count && i < RESTORE_DEMANDS_MAX; i++) {
		struct restore_check *c = restore_result_check(r, "sha256", RECORD_VERDICT_PASS);
		struct buf hex = BUF_INIT;

		str_add_hex(&hex, s->members[i].sha256, 32);
		(void)snprintf(c->expected_text, sizeof(c->expected_text), "%s", hex.data);
		buf_clear(&hex);
		str_add_hex(&hex, e->members[i].sha256, 32);
		if (e->members[i].state == RESTORE_MEMBER_READ)
			(void)snprintf(c->actual_text, sizeof(c->actual_text), "%s", hex.data);
		buf_release(&hex);
		switch (e->members[i].state) {
		case RESTORE_MEMBER_READ:
			if (memcmp(e->members[i].sha256, s->members[i].sha256, 32) != 0)
				restore_demand_fail(
				    r, c, "assertion", "another content: ", s->members[i].name);
			break;
		case RESTORE_MEMBER_MISSING:
			restore_demand_fail(
			    r, c, "assertion", "no such file: ", s->members[i].name);
			break;
		default:
			restore_demand_error(r, c, "cannot read: ", s->members[i].name);
			break;
		}
	}
}

static void
judge_compared(const struct restore_subject *s, struct restore_result *r)
{
	const struct restore_compared *v = &r->compared;
	uint64_t files = v->same + v->differing;
	struct restore_check *c = restore_result_check(r, "compare", RECORD_VERDICT_PASS);
	struct buf text = BUF_INIT_MAX(100);

	if (v->unread)
		r->warnings |= RESTORE_WARN_NOT_LOOKED_INTO;
	if (files == 0) {
		c->verdict = RECORD_VERDICT_SKIP;
		c->reason = "unverifiable";
		r->warnings |= RESTORE_WARN_NOT_LOOKED_INTO;
		(void)snprintf(c->message, sizeof(c->message),
		    "nothing to compare: %llu files changed since, %llu cannot be read",
		    (unsigned long long)v->newer, (unsigned long long)v->unread);
		return;
	}
	c->has_expected = c->has_actual = true;
	c->expected = (uint64_t)((double)files * s->compare_tolerance);
	c->actual = v->differing;
	if (c->actual <= c->expected)
		return;
	buf_printf(&text, "%llu of %llu files: ", (unsigned long long)v->differing,
	    (unsigned long long)files);
	if (v->name_count)
		buf_printf(&text, "%s ", v->names[0].how);
	restore_demand_fail(r, c, "differs", text.data, v->name_count ? v->names[0].path : "");
	buf_release(&text);
}

static int
open_live(const struct restore_subject *s, struct restore_result *r)
{
	int fd = open(s->compare, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && fd <= 2) {
		int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);

		(void)close(fd);
		fd = high;
	}
	if (fd < 0)
		restore_demand_error(r, restore_result_check(r, "compare", RECORD_VERDICT_ERROR),
		    errno == EACCES ? "permission denied: " : "restore.compare cannot be opened: ",
		    s->compare);
	return fd;
}

void
restore_examine(
    const struct restore_job *original, struct restore_result *result, bool *ret_stopped)
{
	const struct restore_subject *s = original->subject;
	struct restore_job job = *original;
	struct restore_result run = {.verdict = RECORD_VERDICT_PASS};
	struct restore_examined *e = NULL;
	struct restore_walls walls;
	struct buf answer = BUF_INIT;
	int64_t start = clock_mono_ms();

	job.livefd = s->compare ? open_live(s, result) : -1;
	if (job.livefd < 0 && !s->member_count)
		return;
	e = mem_alloc(sizeof(*e));
	restore_walls_reader(&walls, &job);
	if (restore_run_child(&walls, &job, examine_main, &answer, &run, ret_stopped) < 0 ||
	    take_examined(result, &answer, e) < 0) {
		restore_demand_error(result,
		    restore_result_check(
			result, s->compare ? "compare" : "sha256", RECORD_VERDICT_ERROR),
		    "cannot look at what was restored: ", run.message);
	} else {
		judge_members(s, e, result);
		if (job.livefd >= 0)
			judge_compared(s, result);
	}
	result->compare_ms = clock_mono_ms() - start;
	if (job.livefd >= 0)
		(void)close(job.livefd);
	buf_release(&answer);
	free(e);
}
