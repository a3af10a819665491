/*
 * Inside the walk: what its files share. Everything in struct scan_walk behind `lock` is guarded
 * by it; a part belongs to the worker until it is queued, then to the caller's thread.
 */
#ifndef SCAN_WALK_PRIVATE_H
#define SCAN_WALK_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "hash/hash.h"
#include "scan/walk.h"

#define WALK_THREADS   2
#define WALK_PART      4096 /* entries of one part */
#define WALK_QUEUE     6    /* parts that may wait for the caller, per worker */
#define WALK_SPARE     4    /* empty parts that are kept */
#define WALK_PATH_MAX  65536
#define WALK_READ_SIZE 65536
#define WALK_GRACE_MS  2000 /* for threads that are to stop; who has not by then is stuck */

/* A backup of unit: directory, summed up over its directories in whatever order they come. */
struct walk_unit {
	char *name;
	uint64_t inode, device;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	uint64_t digest[4]; /* sum of the directories' digests: of any order the same */
	bool incomplete;
	bool vanished;
	struct walk_unit *next;
};

struct walk_node { /* a directory to list; its parents live as long as it does */
	struct walk_node *parent, *next;
	unsigned refs;
	uint64_t device, inode; /* set once it is open */
	struct walk_unit *unit;
	size_t len;
	char name[];
};

struct walk_part {
	struct scan_listing listing;
	struct buf path, names;
	struct scan_entry *entries;
	size_t entry_cap;
	struct scan_problem *problems;
	size_t problem_cap;
	struct walk_part *next;
};

/* A directory whose parts several workers look at. It belongs to the worker that lists it; the rest
 * of it stands still as long as it has helpers. */
struct walk_big {
	struct walk_worker *owner; /* whose list, names and path it is, and whose queue */
	int fd;
	uint64_t device;
	bool cut; /* it could not be read to its end: cut_errno */
	int cut_errno;
	int watch; /* see struct scan_listing */
	size_t parts;
	/* Guarded by the lock. */
	size_t next;   /* part that nobody has taken yet */
	size_t queued; /* parts that are in the queue of the owner, or were */
	unsigned helpers;
};

struct walk_worker {
	struct scan_walk *walk;
	pthread_t thread;
	bool started;
	struct walk_part *head, *tail; /* guarded by the lock */
	unsigned queued;

	struct walk_big *big; /* that it helps with */
	atomic_ulong beat;    /* counts answers of the file system */

	struct buf path, names; /* of the directory at hand */
	uint32_t *list;         /* where they begin in names */
	size_t list_count, list_cap;
	struct hash *hash;
	struct buf scratch;
	struct scan_namer *namer; /* NULL: series are not named */
	char *read_buf;
};

enum walk_root { WALK_ROOT_OPENING, WALK_ROOT_OPEN, WALK_ROOT_FAILED };

struct scan_walk {
	struct scan_walk_options options;
	char *path; /* of the location */
	int root_fd;
	uint64_t root_device;
	int root_watch;         /* of unit: directory, once all is listed */
	atomic_bool no_openat2; /* the kernel, or a filter in a container, does not have it */
	atomic_bool stop;

	pthread_mutex_t lock;
	pthread_cond_t work;   /* for workers: something to list, or all is done */
	pthread_cond_t output; /* for the caller: something to take, or all is done */
	pthread_cond_t room;   /* for workers: their queue has room */
	struct walk_node *stack;
	struct walk_big *big; /* that needs help; NULL: none does */
	unsigned active;
	struct walk_worker *workers;
	unsigned worker_count;
	struct walk_part *spare;
	unsigned spare_count;
	struct walk_unit *units;
	enum walk_root root;
	struct scan_root root_found;
	struct err root_err;
	unsigned running; /* threads */
	bool is_left;     /* the last of them frees it all */

	/* The caller's. */
	unsigned long beats;         /* of all workers, when they were last asked */
	int idle_ms;                 /* since then */
	struct walk_worker *current; /* in the middle of a directory of this worker */
	struct walk_part *held;      /* what the caller has */
	bool ended;
};

/* Open the directory of path below the root without following a link: a descriptor, or -1 and
 * errno. */
int scan_walk_open_dir(struct scan_walk *walk, const char *path, size_t len);

/* List the directory of a node: queues its parts, pushes its sub-directories. */
void scan_walk_list(struct walk_worker *worker, struct walk_node *node);
/* Look at parts of worker->big, until none is left. */
void scan_walk_help(struct walk_worker *worker);

/* To be asked behind each call that the file system answers. false: stop, and look at nothing that
 * the caller of the walk has lent. */
bool scan_walk_goes_on(struct walk_worker *worker);

/* The queues (walk_queue.c). */
void scan_walk_push(struct scan_walk *walk, struct walk_node *parent, const char *name, size_t len,
    struct walk_unit *unit);
bool scan_walk_take(struct walk_worker *worker, struct walk_node **ret_node);
void scan_walk_finish(struct scan_walk *walk, struct walk_node *node);
void scan_walk_node_drop(struct walk_node *node);

void scan_walk_big_begin(struct scan_walk *walk, struct walk_big *big);
bool scan_walk_big_next(struct scan_walk *walk, struct walk_big *big, size_t *ret_part);
void scan_walk_big_leave(struct scan_walk *walk, struct walk_big *big);
void scan_walk_big_end(struct scan_walk *walk, struct walk_big *big);

struct walk_part *scan_walk_part_new(struct walk_worker *worker);
/* Into the queue of worker; of a big directory in the order of the numbers. */
void scan_walk_part_queue(
    struct walk_worker *worker, struct walk_part *part, struct walk_big *big, size_t number);
struct walk_part *scan_walk_part_take(struct walk_worker *worker); /* NULL: none; under the lock */
void scan_walk_part_back(struct scan_walk *walk);                  /* what the caller holds */
void scan_walk_part_free(struct walk_part *part);
void scan_walk_problem(struct walk_part *part, const char *path, const char *what, int sys);

/* The list, by memcmp of the names. */
void scan_walk_sort(struct walk_worker *worker);

/* The digest of a part that is about to be queued. */
void scan_walk_sum_part(struct walk_worker *worker, struct walk_part *part);

/* Units. scan_walk_sum_unit adds an open directory, listed and sorted, to the unit of its node. */
void scan_walk_sum_unit(
    struct walk_worker *worker, struct walk_node *node, int fd, const struct stat *dir, bool cut);
struct walk_unit *scan_walk_unit_new(struct scan_walk *walk, const char *name);
void scan_walk_unit_add(
    struct scan_walk *walk, struct walk_unit *unit, const struct walk_unit *directory);
void scan_walk_units_free(struct scan_walk *walk);
struct walk_part *scan_walk_units_part(struct scan_walk *walk);

#endif
