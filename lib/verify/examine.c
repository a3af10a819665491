// One job: the file is read once, its digests are taken, its content is looked into.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/worker_private.h"

void
verify_answer_failed(struct verify_answer *a, enum verify_reason reason, const char *detail)
{
	a->outcome = VERIFY_FAILED;
	a->reason = reason;
	snprintf(a->detail, sizeof(a->detail), "%.*s", VERIFY_DETAIL_MAX - 1, detail);
}

static bool
is_same(const struct stat *st, const struct verify_job *job)
{
	return st->st_size >= 0 && (uint64_t)st->st_size == job->size &&
	    st->st_mtim.tv_sec == job->mtime && (uint32_t)st->st_mtim.tv_nsec == job->mtime_nsec;
}

void
verify_answer_settle(
    struct verify_answer *a, const struct verify_job *job, const struct verify_input *in)
{
	struct stat st;
	if (fstat(job->fd, &st) < 0)
		verify_answer_failed(a, VERIFY_REASON_UNREADABLE, strerror(errno));
	else if (!is_same(&st, job) || (in->ended && in->pos != job->size))
		a->outcome = VERIFY_CHANGED;
}

static int
read_all(struct verify_input *in, const struct verify_job *job, int64_t deadline_ms,
    struct verify_answer *a)
{
	struct err err = {0};
	struct codec_input input = verify_input_codec(in);
	if (job->stream)
		input.pread = NULL;
	int r = 0;
	if (job->role == VERIFY_ROLE_SET) {
		verify_set_check(job, &a->content);
		return 0;
	}
	if (job->content)
		r = verify_content_check(
		    &input, job, &in->context->limits, deadline_ms, &a->content, &err);
	if (r == 0 && a->content.reason == VERIFY_REASON_BOMB && !in->digests)
		return 0; /* enough was seen */
	if (r == 0)
		r = verify_input_finish(in, a->digests, &err);
	if (r < 0) {
		verify_answer_failed(
		    a, VERIFY_REASON_UNREADABLE, in->error ? strerror(in->error) : err.msg);
		return -1;
	}
	a->bytes = in->pos;
	return 0;
}

void
verify_worker_examine(struct verify_context *context, const struct verify_job *job, uint64_t cached,
    struct verify_answer *a)
{
	struct verify_input in = {0};
	struct err err = {0};
	int64_t start = clock_mono_ms();
	memset(a, 0, sizeof(*a));
	bool threaded = job->content && job->size > VERIFY_BLOCK;
	if (verify_input_open(
		&in, context, job->fd, job->size, cached, job->algorithms, threaded, &err) < 0) {
		verify_answer_failed(a, VERIFY_REASON_UNSUPPORTED, err.msg);
		return;
	}
	if (read_all(&in, job, job->max_ms ? start + job->max_ms : 0, a) == 0 && !job->stream)
		verify_answer_settle(a, job, &in);
	verify_input_close(&in);
	a->ms = clock_mono_ms() - start;
}

void
verify_examine(const struct verify_job *job, const struct verify_limits *limits,
    struct verify_answer *ret_answer)
{
	struct verify_context context;
	verify_context_init(&context, limits);
	verify_worker_examine(&context, job, UINT64_MAX, ret_answer);
	verify_context_release(&context);
}

int
verify_open(
    const char *path, const struct verify_found *seen, struct verify_job *ret_job, struct err *err)
{
	struct stat st = {.st_mode = S_IFREG};
	int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	/* Some devices act when they are opened, so they are not. */
	if (!seen && lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSUPPORTED, "'%s' is no regular file", path);
	int fd = open(path, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM) /* only the owner may leave the access time alone */
		fd = open(path, flags);
	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open '%s'", path);
	if (seen) {
		st.st_size = (off_t)seen->size;
		st.st_mtim =
		    (struct timespec){.tv_sec = seen->mtime, .tv_nsec = (long)seen->mtime_nsec};
	} else if (fstat(fd, &st) < 0) {
		err_sys(err, ERR_IO, "cannot look at '%s'", path);
		close(fd);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_UNSUPPORTED, "'%s' is no regular file", path);
	}
	*ret_job = (struct verify_job){
	    .fd = fd,
	    .name = path_base(path),
	    .size = (uint64_t)st.st_size,
	    .mtime = st.st_mtim.tv_sec,
	    .mtime_nsec = (uint32_t)st.st_mtim.tv_nsec,
	};
	return fd;
}
