// Commits behind the loop: a thread with a connection of its own writes one batch while the next is made.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tool/tool_private.h"

struct tool_behind {
	const struct tool_spec *spec;
	struct store *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_bool busy; /* set by who gives, cleared by the thread under the lock */
	bool stop;
	void *taken;
	int result;
	struct err err;
};

static void *
work(void *arg)
{
	struct tool_behind *b = arg;

	for (;;) {
		int r;

		(void)pthread_mutex_lock(&b->lock);
		while (!b->busy && !b->stop)
			(void)pthread_cond_wait(&b->changed, &b->lock);
		(void)pthread_mutex_unlock(&b->lock);
		if (!b->busy)
			return NULL;
		r = tool_commit_taken(b->spec, b->store, b->taken, &b->err);
		(void)pthread_mutex_lock(&b->lock);
		b->result = r;
		b->busy = false;
		(void)pthread_cond_signal(&b->changed);
		(void)pthread_mutex_unlock(&b->lock);
	}
}

/* Signals are for the thread that has the loop. */
static int
start(struct tool_behind *b)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&b->thread, NULL, work, b);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

struct tool_behind *
tool_behind_new(const struct tool *tool)
{
	struct tool_behind *b = mem_alloc(sizeof(*b));

	b->spec = tool->spec;
	if (store_open(&b->store, tool->config->store, STORE_BESIDE, NULL) < 0) {
		free(b);
		return NULL;
	}
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_cond_init(&b->changed, NULL);
	if (start(b) == 0)
		return b;
	store_close(b->store);
	free(b);
	return NULL;
}

void
tool_behind_free(struct tool_behind *b)
{
	if (!b)
		return;
	(void)pthread_mutex_lock(&b->lock);
	b->stop = true;
	(void)pthread_cond_signal(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	(void)pthread_join(b->thread, NULL);
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
	store_close(b->store);
	free(b);
}

void
tool_behind_give(struct tool_behind *b, void *taken)
{
	(void)pthread_mutex_lock(&b->lock);
	b->taken = taken;
	b->busy = true;
	(void)pthread_cond_signal(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
}

bool
tool_behind_busy(const struct tool_behind *b)
{
	return b->busy;
}

int
tool_behind_wait(struct tool_behind *b, struct err *err)
{
	(void)pthread_mutex_lock(&b->lock);
	while (b->busy)
		(void)pthread_cond_wait(&b->changed, &b->lock);
	(void)pthread_mutex_unlock(&b->lock);
	if (b->result < 0)
		*err = b->err;
	return b->result;
}
