// The queues of the walk: directories to list go in, listings come out to one caller.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scan/walk_private.h"

/* ---------------------------------------------------------------- directories to list */
void
scan_walk_node_drop(struct walk_node *node)
{
	while (node && --node->refs == 0) {
		struct walk_node *parent = node->parent;

		free(node);
		node = parent;
	}
}

void
scan_walk_push(struct scan_walk *walk, struct walk_node *parent, const char *name, size_t len,
    struct walk_unit *unit)
{
	struct walk_node *node = mem_alloc(sizeof(*node) + len + 1);

	node->refs = 1;
	node->parent = parent;
	node->unit = unit;
	node->len = len;
	memcpy(node->name, name, len);
	(void)pthread_mutex_lock(&walk->lock);
	if (parent)
		parent->refs++;
	node->next = walk->stack;
	walk->stack = node;
	(void)pthread_cond_signal(&walk->work);
	(void)pthread_mutex_unlock(&walk->lock);
}

/* Something to do for a worker: a directory, or (NULL) a share in the one that another works on; false
 * when there will be nothing more. */
bool
scan_walk_take(struct walk_worker *worker, struct walk_node **ret_node)
{
	struct scan_walk *walk = worker->walk;
	bool any;

	*ret_node = NULL;
	(void)pthread_mutex_lock(&walk->lock);
	while (!walk->stack && !walk->big && walk->active && !walk->stop)
		(void)pthread_cond_wait(&walk->work, &walk->lock);
	any = (walk->stack || walk->big) && !walk->stop;
	if (any && walk->stack) {
		*ret_node = walk->stack;
		walk->stack = walk->stack->next;
		walk->active++;
	} else if (any) {
		worker->big = walk->big;
		worker->big->helpers++;
	}
	(void)pthread_mutex_unlock(&walk->lock);
	return any;
}

void
scan_walk_finish(struct scan_walk *walk, struct walk_node *node)
{
	(void)pthread_mutex_lock(&walk->lock);
	scan_walk_node_drop(node);
	walk->active--;
	if (!walk->active && !walk->stack) {
		(void)pthread_cond_broadcast(&walk->work);
		(void)pthread_cond_broadcast(&walk->output);
	}
	(void)pthread_mutex_unlock(&walk->lock);
}

/* ---------------------------------------------------------------- a directory of many parts */
/* Others may take parts of it; if that is so of another directory already, nobody does. */
void
scan_walk_big_begin(struct scan_walk *walk, struct walk_big *big)
{
	(void)pthread_mutex_lock(&walk->lock);
	if (!walk->big && big->parts > 1) {
		walk->big = big;
		(void)pthread_cond_broadcast(&walk->work);
	}
	(void)pthread_mutex_unlock(&walk->lock);
}

/* The number of the next part, for whoever asks first; false: there is none left. */
bool
scan_walk_big_next(struct scan_walk *walk, struct walk_big *big, size_t *ret_part)
{
	bool more;

	(void)pthread_mutex_lock(&walk->lock);
	more = big->next < big->parts && !walk->stop;
	if (more)
		*ret_part = big->next++;
	else if (walk->big == big)
		walk->big = NULL;
	(void)pthread_mutex_unlock(&walk->lock);
	return more;
}

void
scan_walk_big_leave(struct scan_walk *walk, struct walk_big *big)
{
	(void)pthread_mutex_lock(&walk->lock);
	big->helpers--;
	(void)pthread_cond_broadcast(&walk->room);
	(void)pthread_mutex_unlock(&walk->lock);
}

/* Nobody works on it any more: also when the walk is to stop, because it belongs to its owner. */
void
scan_walk_big_end(struct scan_walk *walk, struct walk_big *big)
{
	(void)pthread_mutex_lock(&walk->lock);
	while (big->helpers)
		(void)pthread_cond_wait(&walk->room, &walk->lock);
	(void)pthread_mutex_unlock(&walk->lock);
}

/* ---------------------------------------------------------------- parts */
struct walk_part *
scan_walk_part_new(struct walk_worker *worker)
{
	struct scan_walk *walk = worker->walk;
	struct walk_part *part;

	(void)pthread_mutex_lock(&walk->lock);
	part = walk->spare;
	if (part) {
		walk->spare = part->next;
		walk->spare_count--;
	}
	(void)pthread_mutex_unlock(&walk->lock);
	if (!part) {
		part = mem_alloc(sizeof(*part));
		part->path = BUF_INIT;
		part->names = BUF_INIT;
	}
	part->next = NULL;
	return part;
}

static void
part_clear(struct walk_part *part)
{
	for (size_t i = 0; i < part->listing.problem_count; i++) {
		free(part->problems[i].path);
	}
	part->listing = (struct scan_listing){0};
	buf_clear(&part->path);
	buf_clear(&part->names);
}

void
scan_walk_part_free(struct walk_part *part)
{
	if (!part)
		return;
	part_clear(part);
	buf_release(&part->path);
	buf_release(&part->names);
	free(part->entries);
	free(part->problems);
	free(part);
}

/* The names have stopped moving: the entries can point to them. */
static void
part_complete(struct scan_walk *walk, struct walk_part *part)
{
	size_t offset = 0;

	for (size_t i = 0; i < part->listing.count; i++) {
		part->entries[i].name = part->names.data + offset;
		offset += part->entries[i].name_len + 1;
		if (walk->options.series) {
			part->entries[i].series = part->names.data + offset;
			offset += part->entries[i].series_len + 1;
		}
	}
	part->listing.path = part->path.data;
	part->listing.path_len = part->path.len;
	part->listing.entries = part->entries;
	part->listing.problems = part->problems;
}

static bool
has_turn(const struct walk_worker *worker, const struct walk_big *big, size_t number)
{
	return worker->queued < WALK_QUEUE && (!big || big->queued == number);
}

void
scan_walk_part_queue(
    struct walk_worker *worker, struct walk_part *part, struct walk_big *big, size_t number)
{
	struct scan_walk *walk = worker->walk;

	part_complete(walk, part);
	(void)pthread_mutex_lock(&walk->lock);
	while (!has_turn(worker, big, number) && !walk->stop)
		(void)pthread_cond_wait(&walk->room, &walk->lock);
	part->next = NULL;
	if (worker->tail)
		worker->tail->next = part;
	else
		worker->head = part;
	worker->tail = part;
	worker->queued++;
	if (big) {
		big->queued++;
		(void)pthread_cond_broadcast(&walk->room);
	}
	(void)pthread_cond_signal(&walk->output);
	(void)pthread_mutex_unlock(&walk->lock);
}

struct walk_part *
scan_walk_part_take(struct walk_worker *worker)
{
	struct walk_part *part = worker->head;

	if (!part)
		return NULL;
	worker->head = part->next;
	if (!worker->head)
		worker->tail = NULL;
	if (worker->queued-- == WALK_QUEUE)
		(void)pthread_cond_broadcast(&worker->walk->room);
	return part;
}

void
scan_walk_part_back(struct scan_walk *walk)
{
	struct walk_part *part = walk->held;

	walk->held = NULL;
	if (!part)
		return;
	part_clear(part);
	(void)pthread_mutex_lock(&walk->lock);
	if (walk->spare_count < WALK_SPARE && part->names.cap < ((size_t)1 << 20)) {
		part->next = walk->spare;
		walk->spare = part;
		walk->spare_count++;
		part = NULL;
	}
	(void)pthread_mutex_unlock(&walk->lock);
	scan_walk_part_free(part);
}

static const char *
reason_of(int sys)
{
	switch (sys) {
	case EACCES:
	case EPERM:
		return "permission_denied";
	case ENOENT:
	case ENOTDIR:
		return "not_found";
	case ENAMETOOLONG:
	case ELOOP:
		return "too_deep";
	case ETIMEDOUT:
		return "timeout";
	default:
		return "io_error";
	}
}

void
scan_walk_problem(struct walk_part *part, const char *path, const char *what, int sys)
{
	MEM_GROW(part->problems, part->listing.problem_count, part->problem_cap);
	part->problems[part->listing.problem_count++] = (struct scan_problem){
	    .path = mem_strdup(path), .reason = reason_of(sys), .what = what, .sys = sys};
}
