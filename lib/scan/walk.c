// The walk: its threads, opened, followed and closed by one caller.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "scan/walk_private.h"

/* ---------------------------------------------------------------- open, next, close */
static void
look_at_root(struct scan_walk *walk, const struct stat *st, struct scan_root *ret)
{
	struct statfs fs;
	struct statvfs vfs;
	int fsid[2] = {0};

	*ret = (struct scan_root){.free_bytes = -1};
	if (fstatfs(walk->root_fd, &fs) == 0)
		memcpy(fsid, &fs.f_fsid, sizeof(fsid));
	/* Without a file-system id (some network and user-space ones) the device number serves. */
	if (fsid[0] || fsid[1])
		(void)snprintf(ret->identity, sizeof(ret->identity), "fsid:%08x%08x:%llu",
		    (unsigned)fsid[0], (unsigned)fsid[1], (unsigned long long)st->st_ino);
	else
		(void)snprintf(ret->identity, sizeof(ret->identity), "dev:%llx:%llu",
		    (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
	if (fstatvfs(walk->root_fd, &vfs) == 0)
		ret->free_bytes = (int64_t)((uint64_t)vfs.f_bavail * (uint64_t)vfs.f_frsize);
}

static int
open_path(struct scan_walk *walk, struct scan_root *ret, struct err *err)
{
	struct stat st;

	walk->root_fd = open(walk->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (walk->root_fd < 0)
		return err_sys(err, ERR_IO, "cannot open '%s'", walk->path);
	if (fstat(walk->root_fd, &st) < 0)
		return err_sys(err, ERR_IO, "cannot stat '%s'", walk->path);
	walk->root_device = st.st_dev;
	look_at_root(walk, &st, ret);
	return 0;
}

/* The first thing that the first worker does, because it may never come back from it. */
static void
open_root(struct walk_worker *worker)
{
	struct scan_walk *walk = worker->walk;
	int r = open_path(walk, &walk->root_found, &walk->root_err);

	if (r == 0)
		scan_walk_push(walk, NULL, "", 0, NULL);
	(void)pthread_mutex_lock(&walk->lock);
	walk->root = r == 0 ? WALK_ROOT_OPEN : WALK_ROOT_FAILED;
	walk->active--;
	(void)pthread_cond_broadcast(&walk->output);
	(void)pthread_mutex_unlock(&walk->lock);
}

static void release(struct scan_walk *walk);

/* After each answer of the kernel: who may have been stuck in it asks before it goes on. */
bool
scan_walk_goes_on(struct walk_worker *worker)
{
	int saved = errno;
	unsigned long beat = atomic_load_explicit(&worker->beat, memory_order_relaxed);
	bool stop = atomic_load_explicit(&worker->walk->stop, memory_order_acquire);

	atomic_store_explicit(&worker->beat, beat + 1, memory_order_relaxed);
	errno = saved;
	return !stop;
}

static void *
work(void *arg)
{
	struct walk_worker *worker = arg;
	struct scan_walk *walk = worker->walk;
	struct walk_node *node;
	bool is_last;

	if (worker == walk->workers)
		open_root(worker);
	while (scan_walk_take(worker, &node)) {
		if (node) {
			scan_walk_list(worker, node);
			scan_walk_finish(walk, node);
		} else {
			scan_walk_help(worker);
		}
	}
	(void)pthread_mutex_lock(&walk->lock);
	is_last = --walk->running == 0 && walk->is_left;
	(void)pthread_cond_broadcast(&walk->output);
	(void)pthread_mutex_unlock(&walk->lock);
	if (is_last)
		release(walk);
	return NULL;
}

static int
init_worker(struct scan_walk *walk, struct walk_worker *worker, struct err *err)
{
	worker->walk = walk;
	worker->path = BUF_INIT;
	worker->names = BUF_INIT_MAX(UINT32_MAX);
	worker->scratch = BUF_INIT;
	worker->read_buf = mem_alloc(WALK_READ_SIZE);
	if (walk->options.series)
		worker->namer = scan_namer_new(walk->options.naming);
	return hash_new("sha256", &worker->hash, err);
}

static int
start(struct scan_walk *walk, struct walk_worker *worker, struct err *err)
{
	int r;

	(void)pthread_mutex_lock(&walk->lock);
	r = pthread_create(&worker->thread, NULL, work, worker);
	worker->started = r == 0;
	walk->running += r == 0;
	(void)pthread_mutex_unlock(&walk->lock);
	if (!r)
		return 0;
	errno = r;
	return err_sys(err, ERR_LIMIT, "cannot start a thread");
}

/* 0: time is up. */
static int
wait_output(struct scan_walk *walk, const struct timespec *until)
{
	if (!until)
		return pthread_cond_wait(&walk->output, &walk->lock) == 0;
	return pthread_cond_timedwait(&walk->output, &walk->lock, until) != ETIMEDOUT;
}

static void
deadline(struct timespec *t, int wait_ms)
{
	(void)clock_gettime(CLOCK_MONOTONIC, t);
	t->tv_sec += wait_ms / 1000;
	t->tv_nsec += (long)(wait_ms % 1000) * 1000000L;
	if (t->tv_nsec >= 1000000000L) {
		t->tv_sec++;
		t->tv_nsec -= 1000000000L;
	}
}

static int
does_not_answer(const struct scan_walk *walk, struct err *err)
{
	errno = ETIMEDOUT;
	return err_sys(err, ERR_IO, "'%s' does not answer", walk->path);
}

static int
wait_root(struct scan_walk *walk, struct scan_root *ret_root, struct err *err)
{
	int timeout = walk->options.timeout_ms;
	enum walk_root root;
	struct timespec until;

	deadline(&until, timeout);
	(void)pthread_mutex_lock(&walk->lock);
	while (walk->root == WALK_ROOT_OPENING && wait_output(walk, timeout ? &until : NULL))
		;
	root = walk->root;
	(void)pthread_mutex_unlock(&walk->lock);
	if (root == WALK_ROOT_OPENING)
		return does_not_answer(walk, err);
	*ret_root = walk->root_found;
	if (root == WALK_ROOT_OPEN)
		return 0;
	if (err)
		*err = walk->root_err;
	return -1;
}

static int
start_all(struct scan_walk *walk, struct scan_root *ret_root, struct err *err)
{
	for (unsigned i = 0; i < walk->worker_count; i++) {
		if (init_worker(walk, &walk->workers[i], err) < 0)
			return -1;
	}
	walk->active = 1;
	if (start(walk, &walk->workers[0], err) < 0 || wait_root(walk, ret_root, err) < 0)
		return -1;
	for (unsigned i = 1; i < walk->worker_count; i++) {
		if (start(walk, &walk->workers[i], err) < 0)
			return -1;
	}
	return 0;
}

int
scan_walk_open(struct scan_walk **ret_walk, const struct scan_walk_options *options,
    struct scan_root *ret_root, struct err *err)
{
	struct scan_walk *walk = mem_alloc(sizeof(*walk));
	pthread_condattr_t attr;

	walk->options = *options;
	walk->path = mem_strdup(options->path);
	walk->root_fd = -1;
	walk->worker_count = options->threads ? options->threads : WALK_THREADS;
	walk->workers = mem_array(walk->worker_count, sizeof(*walk->workers));
	(void)pthread_mutex_init(&walk->lock, NULL);
	(void)pthread_cond_init(&walk->work, NULL);
	(void)pthread_cond_init(&walk->room, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&walk->output, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (start_all(walk, ret_root, err) < 0) {
		scan_walk_close(walk);
		return -1;
	}
	*ret_walk = walk;
	return 0;
}

/* Something to take: from the directory at hand, else from anybody. */
static struct walk_part *
any_part(struct scan_walk *walk)
{
	struct walk_part *part;

	if (walk->current)
		return scan_walk_part_take(walk->current);
	for (unsigned i = 0; i < walk->worker_count; i++) {
		part = scan_walk_part_take(&walk->workers[i]);
		if (part) {
			walk->current = &walk->workers[i];
			return part;
		}
	}
	return NULL;
}

/* Nothing came within wait_ms: has anything moved at all? */
static int
wait_longer(struct scan_walk *walk, int wait_ms, struct err *err)
{
	unsigned long beats = 0;

	for (unsigned i = 0; i < walk->worker_count; i++)
		beats += atomic_load_explicit(&walk->workers[i].beat, memory_order_relaxed);
	walk->idle_ms = beats == walk->beats ? walk->idle_ms + wait_ms : 0;
	walk->beats = beats;
	if (walk->options.timeout_ms && walk->idle_ms >= walk->options.timeout_ms)
		return does_not_answer(walk, err);
	return 2;
}

int
scan_walk_next(
    struct scan_walk *walk, int wait_ms, const struct scan_listing **ret, struct err *err)
{
	struct walk_part *part = NULL;
	bool done = false, more = true;
	struct timespec until;

	scan_walk_part_back(walk);
	if (wait_ms >= 0)
		deadline(&until, wait_ms);
	(void)pthread_mutex_lock(&walk->lock);
	while (!(part = any_part(walk)) && more) {
		done = !walk->active && !walk->stack;
		if (done)
			break;
		more = wait_output(walk, wait_ms >= 0 ? &until : NULL) != 0;
	}
	(void)pthread_mutex_unlock(&walk->lock);
	if (!part && !done)
		return wait_longer(walk, wait_ms, err);
	walk->idle_ms = 0;
	if (!part && !walk->ended && walk->options.unit == SCAN_UNIT_DIRECTORY)
		part = scan_walk_units_part(walk);
	walk->ended = walk->ended || done;
	if (!part)
		return 0;
	if (part->listing.last)
		walk->current = NULL;
	walk->held = part;
	*ret = &part->listing;
	return 1;
}

static void
free_worker(struct walk_worker *worker)
{
	while (worker->head) {
		struct walk_part *next = worker->head->next;

		scan_walk_part_free(worker->head);
		worker->head = next;
	}
	buf_release(&worker->path);
	buf_release(&worker->names);
	hash_free(worker->hash);
	buf_release(&worker->scratch);
	scan_namer_free(worker->namer);
	free(worker->list);
	free(worker->read_buf);
}

/* No thread works on it any more. */
static void
release(struct scan_walk *walk)
{
	scan_walk_part_free(walk->held);
	for (unsigned i = 0; i < walk->worker_count; i++) {
		if (walk->workers[i].walk)
			free_worker(&walk->workers[i]);
	}
	while (walk->stack) {
		struct walk_node *next = walk->stack->next;

		scan_walk_node_drop(walk->stack);
		walk->stack = next;
	}
	while (walk->spare) {
		struct walk_part *next = walk->spare->next;

		scan_walk_part_free(walk->spare);
		walk->spare = next;
	}
	scan_walk_units_free(walk);
	if (walk->root_fd >= 0)
		(void)close(walk->root_fd);
	(void)pthread_cond_destroy(&walk->work);
	(void)pthread_cond_destroy(&walk->output);
	(void)pthread_cond_destroy(&walk->room);
	(void)pthread_mutex_destroy(&walk->lock);
	free(walk->workers);
	free(walk->path);
	free(walk);
}

void
scan_walk_close(struct scan_walk *walk)
{
	struct timespec until;
	bool time_left = true, is_left;

	if (!walk)
		return;
	deadline(&until, WALK_GRACE_MS);
	(void)pthread_mutex_lock(&walk->lock);
	walk->stop = true;
	(void)pthread_cond_broadcast(&walk->work);
	(void)pthread_cond_broadcast(&walk->room);
	while (walk->running && time_left)
		time_left = wait_output(walk, &until) != 0;
	walk->is_left = walk->running > 0;
	for (unsigned i = 0; i < walk->worker_count && walk->is_left; i++) {
		if (walk->workers[i].started)
			(void)pthread_detach(walk->workers[i].thread);
	}
	is_left = walk->is_left;
	(void)pthread_mutex_unlock(&walk->lock);
	if (is_left)
		return;
	for (unsigned i = 0; i < walk->worker_count; i++) {
		if (walk->workers[i].started)
			(void)pthread_join(walk->workers[i].thread, NULL);
	}
	release(walk);
}
