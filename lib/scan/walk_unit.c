// Backups of unit: directory: what the directories of each add up to, and the listing of all.
#include <stdlib.h>
#include <string.h>

#include "scan/walk_private.h"

struct walk_unit *
scan_walk_unit_new(struct scan_walk *walk, const char *name)
{
	struct walk_unit *unit = mem_alloc(sizeof(*unit));

	unit->name = mem_strdup(name);
	unit->mtime = INT64_MIN;
	(void)pthread_mutex_lock(&walk->lock);
	unit->next = walk->units;
	walk->units = unit;
	(void)pthread_mutex_unlock(&walk->lock);
	return unit;
}

/* Digests are added as four numbers: the sum does not depend on the order of the directories, and
 * each of them is a digest over its path and its sorted entries. */
void
scan_walk_unit_add(
    struct scan_walk *walk, struct walk_unit *unit, const struct walk_unit *directory)
{
	(void)pthread_mutex_lock(&walk->lock);
	unit->size += directory->size;
	for (size_t i = 0; i < ARRAY_LEN(unit->digest); i++)
		unit->digest[i] += directory->digest[i];
	if (directory->mtime > unit->mtime ||
	    (directory->mtime == unit->mtime && directory->mtime_nsec > unit->mtime_nsec)) {
		unit->mtime = directory->mtime;
		unit->mtime_nsec = directory->mtime_nsec;
	}
	if (directory->inode) {
		unit->inode = directory->inode;
		unit->device = directory->device;
	}
	unit->incomplete = unit->incomplete || directory->incomplete;
	unit->vanished = unit->vanished || directory->vanished;
	(void)pthread_mutex_unlock(&walk->lock);
}

void
scan_walk_units_free(struct scan_walk *walk)
{
	while (walk->units) {
		struct walk_unit *next = walk->units->next;

		free(walk->units->name);
		free(walk->units);
		walk->units = next;
	}
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(struct walk_unit *const *)a)->name, (*(struct walk_unit *const *)b)->name);
}

static struct walk_unit **
sorted(struct scan_walk *walk, size_t *ret_n)
{
	struct walk_unit **list = NULL;
	size_t n = 0, cap = 0;

	for (struct walk_unit *u = walk->units; u; u = u->next) {
		MEM_GROW(list, n, cap);
		list[n++] = u;
	}
	if (n)
		qsort(list, n, sizeof(struct walk_unit *), by_name);
	*ret_n = n;
	return list;
}

/* One part with all of them, as if the root had been listed; the walk is over. */
struct walk_part *
scan_walk_units_part(struct scan_walk *walk)
{
	struct walk_part *part = mem_alloc(sizeof(*part));
	size_t n, len, at = 0;
	struct walk_unit **list = sorted(walk, &n);

	part->path = BUF_INIT;
	part->names = BUF_INIT;
	part->listing.first = part->listing.last = true;
	part->listing.device = walk->root_device;
	part->listing.watch = walk->root_watch;
	part->entries = mem_array(n ? n : 1, sizeof(*part->entries));
	for (size_t i = 0; i < n; i++) {
		const struct walk_unit *u = list[i];

		if (u->incomplete)
			part->listing.incomplete = true;
		if (u->incomplete || u->vanished || u->mtime == INT64_MIN)
			continue;
		len = strlen(u->name);
		part->entries[part->listing.count++] = (struct scan_entry){
		    .name_len = (uint32_t)len,
		    .mtime = u->mtime,
		    .mtime_nsec = u->mtime_nsec,
		    .size = u->size,
		    .inode = u->inode,
		};
		buf_add(&part->names, u->name, len + 1);
		str_add_hex(&part->names, u->digest, sizeof(u->digest));
		buf_char(&part->names, '\0');
	}
	for (size_t i = 0; i < part->listing.count; i++) {
		part->entries[i].name = part->names.data + at;
		at += part->entries[i].name_len + 1;
		part->entries[i].entries = part->names.data + at;
		at += strlen(part->entries[i].entries) + 1;
	}
	part->listing.path = part->path.data;
	part->listing.entries = part->entries;
	free(list);
	return part;
}
