// The pool: workers in the sandbox, jobs in batches, answers in order, clocks and replacements.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "verify/worker_private.h"

#define MAX_JOBS    256
#define DEPTH       2               /* batches that a worker may have before it */
#define SMALL       (1024 * 1024)   /* files up to this size travel together */
#define ALONE_MS    60000           /* a job's time: this and */
#define MS_PER_MIB  1000            /* this for each MiB */
#define GRACE_MS    10000           /* over the worker's own deadline */
#define CPU_SECONDS (7 * 24 * 3600) /* a worker lives as long as the run */
#define MEMORY      (UINT64_C(1) << 30)

enum slot_state { SLOT_QUEUED, SLOT_SENT, SLOT_DONE };

struct slot {
	enum slot_state state;
	bool alone; /* a batch it was in came to nothing: next time it travels alone */
	int fd;
	int aside; /* -1: none */
	void *token;
	struct verify_request request;
	struct verify_answer answer;
};

struct batch {
	size_t count;
	size_t slots[VERIFY_BATCH];
	int64_t ms; /* what it may take */
};

struct worker {
	pid_t pid; /* 0: none */
	int socket;
	struct batch batches[DEPTH];
	size_t batch_count;
	int64_t deadline; /* of batches[0] */
};

struct verify_pool {
	struct verify_pool_options options;
	struct worker *workers;
	size_t worker_count;
	struct slot *slots; /* a ring */
	size_t slot_count;
	size_t head, pending; /* the oldest, and how many there are */
	size_t queued;        /* of them not yet sent */
	bool pairs;           /* the workers can read two files side by side */
	struct sandbox_layers layers;
	unsigned failures; /* workers in a row that did not come up */
};

/* ---------------------------------------------------------------- workers */

struct hello {
	bool ok;
	struct sandbox_layers layers;
	char msg[256];
};

static _Noreturn void
worker_child(int socket, const struct verify_pool_options *options)
{
	struct sandbox_profile profile = {
	    .keep_fds = &socket,
	    .keep_fd_count = 1,
	    .cpu_seconds = CPU_SECONDS,
	    .memory_bytes = MEMORY,
	    .max_fds = 64 + DEPTH * VERIFY_BATCH,
	};
	struct hello hello = {.ok = true};
	struct err err = {0};
	archive_prepare();
	if (!options->no_sandbox && sandbox_enter(&profile, &hello.layers, &err) < 0) {
		hello.ok = false;
		snprintf(hello.msg, sizeof(hello.msg), "%.255s", err.msg);
	}
	if (send(socket, &hello, sizeof(hello), MSG_NOSIGNAL) < 0 || !hello.ok)
		_exit(1);
	_exit(verify_worker_main(socket, &options->limits));
}

static int
worker_start(struct verify_pool *pool, struct worker *w, struct err *err)
{
	int pair[2];
	struct hello hello = {0};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, ERR_IO, "cannot start a worker: socketpair");
	pid_t pid = fork();
	if (pid < 0) {
		err_sys(err, ERR_IO, "cannot start a worker: fork");
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	if (pid == 0) {
		close(pair[0]);
		worker_child(pair[1], &pool->options);
	}
	close(pair[1]);
	*w = (struct worker){.pid = pid, .socket = pair[0]};
	ssize_t n;
	do
		n = recv(w->socket, &hello, sizeof(hello), 0);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(hello) && hello.ok) {
		pool->layers = hello.layers;
		pool->failures = 0;
		return 0;
	}
	hello.msg[sizeof(hello.msg) - 1] = '\0';
	pool->failures++;
	return err_set(err, ERR_UNSUPPORTED, "cannot start a worker: %s",
	    *hello.msg ? hello.msg : "it ended before it began");
}

static void
worker_stop(struct worker *w)
{
	if (!w->pid)
		return;
	close(w->socket);
	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	w->pid = 0;
}

int
verify_pool_open(
    struct verify_pool **ret_pool, const struct verify_pool_options *options, struct err *err)
{
	struct verify_pool *pool = mem_alloc(sizeof(*pool));
	pool->options = *options;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t jobs = options->jobs ? options->jobs : cpus > 0 ? (size_t)cpus : 1;
	pool->worker_count = jobs > MAX_JOBS ? MAX_JOBS : jobs;
	pool->workers = mem_array(pool->worker_count, sizeof(*pool->workers));
	pool->slot_count = pool->worker_count * DEPTH * VERIFY_BATCH;
	if (pool->slot_count > 512) /* descriptors are open meanwhile */
		pool->slot_count = 512;
	pool->slots = mem_array(pool->slot_count, sizeof(*pool->slots));
	struct hash_pair *pair = hash_pair_new("sha256");
	pool->pairs = pair;
	hash_pair_free(pair);
	/* The first shows that it works; the others come when there is work for them. */
	if (worker_start(pool, &pool->workers[0], err) < 0) {
		verify_pool_close(pool);
		return -1;
	}
	*ret_pool = pool;
	return 0;
}

static void
close_files(struct slot *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->aside >= 0)
		close(s->aside);
	s->fd = s->aside = -1;
}

void
verify_pool_close(struct verify_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->worker_count; i++)
		worker_stop(&pool->workers[i]);
	for (size_t i = 0; i < pool->pending; i++) {
		struct slot *s = &pool->slots[(pool->head + i) % pool->slot_count];
		close_files(s);
	}
	free(pool->workers);
	free(pool->slots);
	free(pool);
}

unsigned
verify_pool_jobs(const struct verify_pool *pool)
{
	return (unsigned)pool->worker_count;
}

size_t
verify_pool_room(const struct verify_pool *pool)
{
	return pool->slot_count - pool->pending;
}

size_t
verify_pool_pending(const struct verify_pool *pool)
{
	return pool->pending;
}

/* ---------------------------------------------------------------- answers */

static void
finish(struct slot *s, const struct verify_answer *answer)
{
	s->state = SLOT_DONE;
	s->answer = *answer;
	close_files(s);
}

static void
finish_failed(struct slot *s, enum verify_reason reason, const char *detail)
{
	struct verify_answer a = {.outcome = VERIFY_FAILED, .reason = reason};
	snprintf(a.detail, sizeof(a.detail), "%s", detail);
	finish(s, &a);
}

/* Nothing that a worker says is believed beyond what the types can hold. */
static bool
is_sane(struct verify_answer *a, const struct verify_request *q)
{
	struct verify_content *c = &a->content;
	a->detail[sizeof(a->detail) - 1] = '\0';
	c->codec[sizeof(c->codec) - 1] = '\0';
	c->format[sizeof(c->format) - 1] = '\0';
	c->detail[sizeof(c->detail) - 1] = '\0';
	c->last[sizeof(c->last) - 1] = '\0';
	c->warnings &= (1U << VERIFY_WARNINGS) - 1;
	c->entropy = c->entropy > 8000 ? 8000 : c->entropy;
	if (c->tail.len > VERIFY_TAIL_MAX)
		return false;
	if ((unsigned)a->outcome > VERIFY_FAILED || (unsigned)a->reason >= VERIFY_REASON_REASONS ||
	    (unsigned)c->reason >= VERIFY_REASON_REASONS ||
	    (unsigned)c->verdict > RECORD_VERDICT_SKIP || (unsigned)c->level > RECORD_LEVEL_INTACT)
		return false;
	for (size_t i = 0; i < VERIFY_DIGESTS; i++)
		if (a->digests[i].len > HASH_MAX)
			return false;
	return a->outcome == VERIFY_FAILED || !q->content || c->verdict != RECORD_VERDICT_NONE;
}

/* The worker is gone with its jobs: those that were together are tried alone, the one that was
 * alone is the one that did it. */
static void
worker_lost(
    struct verify_pool *pool, struct worker *w, enum verify_reason reason, const char *detail)
{
	worker_stop(w);
	for (size_t b = 0; b < w->batch_count; b++) {
		struct batch *batch = &w->batches[b];
		for (size_t i = 0; i < batch->count; i++) {
			struct slot *s = &pool->slots[batch->slots[i]];
			if (b == 0 && batch->count == 1) {
				finish_failed(s, reason, detail);
				continue;
			}
			s->state = SLOT_QUEUED;
			s->alone = b == 0;
			pool->queued++;
		}
	}
	w->batch_count = 0;
}

static void
take_answers(struct verify_pool *pool, struct worker *w)
{
	struct verify_answer answers[VERIFY_BATCH];
	struct batch *batch = &w->batches[0];
	ssize_t n = recv(w->socket, answers, sizeof(answers), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	bool ok = w->batch_count && n == (ssize_t)(batch->count * sizeof(*answers));
	for (size_t i = 0; ok && i < batch->count; i++)
		ok = is_sane(&answers[i], &pool->slots[batch->slots[i]].request);
	if (!ok) {
		worker_lost(pool, w, VERIFY_REASON_CRASHED, "the process that read it died");
		return;
	}
	for (size_t i = 0; i < batch->count; i++)
		finish(&pool->slots[batch->slots[i]], &answers[i]);
	w->batch_count--;
	memmove(&w->batches[0], &w->batches[1], w->batch_count * sizeof(w->batches[0]));
	if (w->batch_count)
		w->deadline = clock_mono_ms() + w->batches[0].ms;
}

/* ---------------------------------------------------------------- sending */

static int
send_batch(struct verify_pool *pool, struct worker *w, const struct batch *batch)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * VERIFY_FDS)];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov[VERIFY_BATCH];
	int fds[VERIFY_FDS] = {0};
	size_t fd_count = 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct slot *s = &pool->slots[batch->slots[i]];
		iov[i] = (struct iovec){.iov_base = &s->request, .iov_len = sizeof(s->request)};
		fds[fd_count++] = s->fd;
		if (s->aside >= 0)
			fds[fd_count++] = s->aside;
	}
	struct msghdr msg = {
	    .msg_iov = iov,
	    .msg_iovlen = batch->count,
	    .msg_control = control.buf,
	    .msg_controllen = CMSG_SPACE(sizeof(int) * fd_count),
	};
	struct cmsghdr *c = &control.align;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
	ssize_t n;
	do
		n = sendmsg(w->socket, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static bool
is_small(const struct slot *s)
{
	return !s->alone && s->aside < 0 && s->request.size <= SMALL;
}

/* Two large files that want their digest only are read side by side, unless one of them would be
 * alone for most of the time. */
static bool
is_pair(const struct verify_pool *pool, const struct slot *a, const struct slot *b)
{
	uint64_t x = a->request.size, y = b->request.size;
	return pool->pairs && !a->alone && !b->alone && verify_is_plain(&a->request) &&
	    verify_is_plain(&b->request) && x / 2 <= y && y / 2 <= x;
}

static size_t
idle_workers(const struct verify_pool *pool)
{
	size_t n = 0;
	for (size_t i = 0; i < pool->worker_count; i++)
		n += !pool->workers[i].pid || !pool->workers[i].batch_count;
	return n;
}

/* The oldest queued slots that may travel together. */
static void
collect(struct verify_pool *pool, bool all, struct batch *batch)
{
	*batch = (struct batch){.ms = GRACE_MS};
	/* At the end a share for each worker, so that few small files do not all go to one. */
	size_t idle = idle_workers(pool);
	size_t share = all ? pool->queued / (idle ? idle : pool->worker_count) : VERIFY_BATCH;
	size_t most = share < 1 ? 1 : share > VERIFY_BATCH ? VERIFY_BATCH : share;
	for (size_t i = 0; i < pool->pending && batch->count < most; i++) {
		size_t at = (pool->head + i) % pool->slot_count;
		struct slot *s = &pool->slots[at];
		if (s->state != SLOT_QUEUED)
			continue;
		const struct slot *first = batch->count ? &pool->slots[batch->slots[0]] : s;
		if (batch->count && (is_small(first) ? !is_small(s) : !is_pair(pool, first, s)))
			break;
		batch->slots[batch->count++] = at;
		batch->ms += s->request.max_ms;
		if (batch->count == HASH_PAIR && !is_small(first))
			break;
	}
}

/* The worker that gets the next batch: an idle one, or a new one, or one with room. NULL if all
 * are busy. */
static struct worker *
choose(struct verify_pool *pool, struct err *err)
{
	struct worker *room = NULL;
	for (size_t i = 0; i < pool->worker_count; i++) {
		struct worker *w = &pool->workers[i];
		if (w->pid && !w->batch_count)
			return w;
		if (w->pid && w->batch_count < DEPTH &&
		    (!room || w->batch_count < room->batch_count))
			room = w;
	}
	for (size_t i = 0; i < pool->worker_count; i++) {
		struct worker *w = &pool->workers[i];
		if (w->pid)
			continue;
		if (worker_start(pool, w, err) == 0)
			return w;
		worker_stop(w);
		break;
	}
	return room;
}

/* With fewer files than workers, a large one that is decoded may use the processors of the others. */
static void
share_threads(struct verify_pool *pool, const struct batch *batch)
{
	size_t busy = pool->worker_count - idle_workers(pool) + pool->queued;
	struct verify_request *q = &pool->slots[batch->slots[0]].request;
	q->threads = 1;
	if (batch->count == 1 && q->content && q->size > SMALL && busy < pool->worker_count)
		q->threads = (unsigned)(pool->worker_count / busy);
}

/* Send what can be sent. -1: there is no worker and none can be had. */
static int
dispatch(struct verify_pool *pool, bool all, struct err *err)
{
	while (pool->queued && (all || pool->queued >= VERIFY_BATCH)) {
		struct batch batch;
		struct worker *w = choose(pool, err);
		if (!w) {
			for (size_t i = 0; i < pool->worker_count; i++)
				if (pool->workers[i].pid)
					return 0;
			return -1;
		}
		collect(pool, all, &batch);
		/* A large file is not put behind another one: somebody else may be free before. */
		if (w->batch_count && !is_small(&pool->slots[batch.slots[0]]))
			return 0;
		share_threads(pool, &batch);
		for (size_t i = 0; i < batch.count; i++)
			pool->slots[batch.slots[i]].state = SLOT_SENT;
		pool->queued -= batch.count;
		if (!w->batch_count)
			w->deadline = clock_mono_ms() + batch.ms;
		w->batches[w->batch_count++] = batch;
		if (send_batch(pool, w, &batch) < 0)
			worker_lost(
			    pool, w, VERIFY_REASON_CRASHED, "the process that read it died");
	}
	return 0;
}

int
verify_pool_submit(struct verify_pool *pool, const struct verify_job *job, struct err *err)
{
	struct slot *s = &pool->slots[(pool->head + pool->pending) % pool->slot_count];
	int64_t ms = job->max_ms ? job->max_ms
				 : ALONE_MS + (int64_t)(job->size / (1024 * 1024)) * MS_PER_MIB;
	*s = (struct slot){
	    .state = SLOT_QUEUED,
	    .alone = job->stream,
	    .fd = job->fd,
	    .aside = verify_role_has_aside(job->role) ? job->aside : -1,
	    .token = job->token,
	    .request =
		{
		    .size = job->size,
		    .mtime = job->mtime,
		    .mtime_nsec = job->mtime_nsec,
		    .max_ms = ms,
		    .content = job->content,
		    .role = (uint8_t)job->role,
		    .stream = job->stream,
		    .cached = job->stream ? UINT64_MAX : verify_cached(job->fd, job->size),
		},
	};
	for (size_t i = 0; i < VERIFY_DIGESTS; i++)
		if (job->algorithms[i])
			str_copy(s->request.algorithms[i], HASH_NAME_MAX, job->algorithms[i]);
	if (job->name) { /* the end of a long name is what promises something */
		size_t len = strlen(job->name);
		size_t skip = len < VERIFY_NAME_SENT ? 0 : len - VERIFY_NAME_SENT + 1;
		str_copy(s->request.name, sizeof(s->request.name), job->name + skip);
	}
	pool->pending++;
	pool->queued++;
	/* A large file goes at once, unless another one may soon keep it company. */
	return dispatch(pool, !is_small(s) && !(pool->pairs && verify_is_plain(&s->request)), err);
}

/* ---------------------------------------------------------------- waiting */

static void
check_clocks(struct verify_pool *pool)
{
	int64_t now = clock_mono_ms();
	for (size_t i = 0; i < pool->worker_count; i++) {
		struct worker *w = &pool->workers[i];
		if (w->pid && w->batch_count && now > w->deadline)
			worker_lost(pool, w, VERIFY_REASON_TIMEOUT, "it took longer than allowed");
	}
}

/* Wait for an answer of any worker, at most ms (-1: as long as it takes, a second at a time). */
static void
wait_for_workers(struct verify_pool *pool, int ms)
{
	struct pollfd fds[MAX_JOBS];
	struct worker *who[MAX_JOBS];
	nfds_t n = 0;
	for (size_t i = 0; i < pool->worker_count; i++) {
		struct worker *w = &pool->workers[i];
		if (!w->pid || !w->batch_count)
			continue;
		who[n] = w;
		fds[n++] = (struct pollfd){.fd = w->socket, .events = POLLIN};
	}
	if (poll(fds, n, ms < 0 || ms > 1000 ? 1000 : ms) > 0) {
		for (nfds_t i = 0; i < n; i++)
			if (fds[i].revents)
				take_answers(pool, who[i]);
	}
	check_clocks(pool);
}

int
verify_pool_next(struct verify_pool *pool, int wait_ms, void **ret_token,
    struct verify_answer *ret_answer, struct err *err)
{
	if (!pool->pending)
		return 0;
	struct slot *s = &pool->slots[pool->head];
	bool polled = false;
	while (s->state != SLOT_DONE) {
		/* Who only asks has more to submit; who waits wants all of it to begin. */
		if (dispatch(pool, wait_ms != 0, err) < 0)
			return -1;
		/* Polled once per batch: while the next one fills, there is no hurry. */
		if (wait_ms == 0 && pool->queued && pool->queued < VERIFY_BATCH)
			return 0;
		if (wait_ms >= 0 && polled)
			return 0;
		wait_for_workers(pool, wait_ms);
		polled = true;
	}
	*ret_token = s->token;
	*ret_answer = s->answer;
	pool->head = (pool->head + 1) % pool->slot_count;
	pool->pending--;
	return 1;
}
