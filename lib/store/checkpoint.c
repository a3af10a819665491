// The log of a first scan is carried over into the store by a second thread, while the scan goes on.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#define PAGES     4000  /* of the log that are worth carrying over */
#define PAGES_MAX 48000 /* with more the scan waits until the log can begin anew */

struct store_checkpoint {
	sqlite3 *db; /* the thread's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool wanted, busy, stop; /* guarded by the lock */
	int next;                /* pages of the log at which it is wanted again */
};

/* Before it has read anything a connection does not know that there is a log. */
static const char sql_look[] = "PRAGMA schema_version";

static void *
carry_over(void *arg)
{
	struct store_checkpoint *c = arg;

	(void)pthread_mutex_lock(&c->lock);
	while (!c->stop || c->wanted) {
		if (!c->wanted) {
			(void)pthread_cond_wait(&c->changed, &c->lock);
			continue;
		}
		c->wanted = false;
		c->busy = true;
		(void)pthread_mutex_unlock(&c->lock);
		/* What fails here is done, or fails aloud, when the log is used next. */
		(void)sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		(void)pthread_mutex_lock(&c->lock);
		c->busy = false;
		(void)pthread_cond_broadcast(&c->changed);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* After each commit, outside of its transaction: so many pages are in the log. */
static int
on_commit(void *arg, sqlite3 *db, const char *schema, int pages)
{
	struct store_checkpoint *c = arg;
	bool full = pages >= PAGES_MAX;

	if (pages < c->next - PAGES)
		c->next = PAGES; /* the log began anew */
	if (pages < c->next)
		return SQLITE_OK;
	c->next = pages + PAGES;
	(void)pthread_mutex_lock(&c->lock);
	while (full && (c->wanted || c->busy))
		(void)pthread_cond_wait(&c->changed, &c->lock);
	c->wanted = !full;
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
	if (full)
		(void)sqlite3_wal_checkpoint_v2(db, schema, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

struct store_checkpoint *
store_checkpoint_start(struct store *store)
{
	struct store_checkpoint *c = mem_alloc(sizeof(*c));

	c->next = PAGES;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->changed, NULL);
	if (sqlite3_open_v2(store->path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK ||
	    sqlite3_exec(c->db, sql_look, NULL, NULL, NULL) != SQLITE_OK ||
	    pthread_create(&c->thread, NULL, carry_over, c) != 0) {
		(void)sqlite3_close_v2(c->db);
		free(c);
		return NULL;
	}
	(void)sqlite3_wal_hook(store->db, on_commit, c);
	return c;
}

void
store_checkpoint_now(struct store_checkpoint *c)
{
	if (!c)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->wanted = true;
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
}

void
store_checkpoint_stop(struct store *store, struct store_checkpoint *c)
{
	if (!c)
		return;
	(void)sqlite3_wal_hook(store->db, NULL, NULL);
	(void)pthread_mutex_lock(&c->lock);
	c->stop = true;
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->thread, NULL);
	(void)sqlite3_close_v2(c->db);
	(void)pthread_cond_destroy(&c->changed);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}
