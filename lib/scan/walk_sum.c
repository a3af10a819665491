// Digests: of a part of a directory, by which it is known again, and of all that is in a unit.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scan/walk_private.h"

#define PIECE 16384 /* given to the digest at once */

/* ---------------------------------------------------------------- parts */
/* The part is whole: nothing in it could not be looked at. Its names have not been given to the
 * entries yet, they follow each other. */
void
scan_walk_sum_part(struct walk_worker *worker, struct walk_part *part)
{
	struct scan_listing *l = &part->listing;
	struct buf *text = &worker->scratch;
	const char *name = part->names.data;
	uint8_t digest[HASH_MAX];
	size_t len = 0;

	if (l->incomplete)
		return;
	(void)hash_begin(worker->hash, NULL);
	buf_clear(text);
	for (size_t i = 0; i < l->count; i++) {
		const struct scan_entry *e = &part->entries[i];
		const uint64_t numbers[] = {e->size, (uint64_t)e->mtime, e->mtime_nsec};

		buf_add(text, name, e->name_len + 1);
		buf_add(text, numbers, sizeof(numbers));
		name += e->name_len + 1 + (worker->namer ? e->series_len + 1 : 0);
		if (text->len >= PIECE) {
			(void)hash_update(worker->hash, text->data, text->len, NULL);
			buf_clear(text);
		}
	}
	(void)hash_update(worker->hash, text->data, text->len, NULL);
	l->has_digest = hash_end(worker->hash, digest, &len, NULL) == 0 && len >= sizeof(l->digest);
	memcpy(l->digest, digest, sizeof(l->digest));
}

/* ---------------------------------------------------------------- units */
static void
newest(struct walk_unit *unit, const struct stat *st)
{
	if (st->st_mtim.tv_sec > unit->mtime ||
	    (st->st_mtim.tv_sec == unit->mtime && st->st_mtim.tv_nsec > unit->mtime_nsec)) {
		unit->mtime = st->st_mtim.tv_sec;
		unit->mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
	}
}

/* One line of the digest: type, size and time of what has content, and the name. */
static void
digest_entry(struct walk_worker *worker, const char *name, size_t len, const struct stat *st)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "%o %lld %lld.%09ld ", st->st_mode & S_IFMT,
	    S_ISREG(st->st_mode) ? (long long)st->st_size : 0LL,
	    S_ISREG(st->st_mode) ? (long long)st->st_mtim.tv_sec : 0LL,
	    S_ISREG(st->st_mode) ? st->st_mtim.tv_nsec : 0L);

	(void)hash_update(worker->hash, line, (size_t)n, NULL);
	(void)hash_update(worker->hash, name, len + 1, NULL);
}

void
scan_walk_sum_unit(
    struct walk_worker *worker, struct walk_node *node, int fd, const struct stat *dir, bool cut)
{
	struct walk_unit sum = {.incomplete = cut, .mtime = INT64_MIN};
	uint8_t digest[HASH_MAX];
	size_t digest_len = 0;
	const char *inside = strchr(worker->path.data, '/');

	newest(&sum, dir);
	sum.inode = node->parent && !node->parent->parent ? dir->st_ino : 0;
	sum.device = dir->st_dev;
	(void)hash_begin(worker->hash, NULL);
	inside = inside ? inside : "";
	(void)hash_update(worker->hash, inside, strlen(inside) + 1, NULL);
	for (size_t i = 0; i < worker->list_count; i++) {
		const char *name = worker->names.data + worker->list[i];
		struct stat st;

		if (!scan_walk_goes_on(worker))
			break;
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0) {
			sum.incomplete = sum.incomplete || errno != ENOENT;
			continue;
		}
		if (S_ISREG(st.st_mode)) {
			sum.size += (uint64_t)st.st_size;
			newest(&sum, &st);
		}
		digest_entry(worker, name, strlen(name), &st);
	}
	(void)hash_end(worker->hash, digest, &digest_len, NULL);
	memcpy(sum.digest, digest, sizeof(sum.digest));
	scan_walk_unit_add(worker->walk, node->unit, &sum);
}
