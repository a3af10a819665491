// One directory: read, sorted, each entry looked at.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan/walk_private.h"

/* ---------------------------------------------------------------- reading names */
static void
add_path(struct buf *path, const struct walk_node *node)
{
	if (!node->parent)
		return;
	add_path(path, node->parent);
	if (path->len)
		buf_char(path, '/');
	buf_add(path, node->name, node->len);
}

/* The path of an entry of the directory at hand, in the worker's path buffer; take_back after. */
static const char *
entry_path(struct walk_worker *worker, const char *name, size_t len)
{
	if (worker->path.len)
		buf_char(&worker->path, '/');
	buf_add(&worker->path, name, len);
	return worker->path.data;
}

static void
take_back(struct walk_worker *worker, size_t len)
{
	worker->path.len = len;
	if (worker->path.cap)
		worker->path.data[len] = '\0';
}

static bool
is_candidate(struct walk_worker *worker, const char *name, size_t len, bool directory)
{
	const struct scan_patterns *patterns = &worker->walk->options.patterns;
	size_t path_len = worker->path.len;
	bool yes;

	if (!directory && scan_name_is_sidecar(name, len))
		return false;
	if (!patterns->include_count && !patterns->exclude_count)
		return true;
	(void)entry_path(worker, name, len);
	yes = scan_name_is_wanted(patterns, worker->path.data, name);
	take_back(worker, path_len);
	return yes;
}

static bool
is_pruned(struct walk_worker *worker, const char *name, size_t len)
{
	const struct scan_patterns *patterns = &worker->walk->options.patterns;
	size_t path_len = worker->path.len;
	bool yes;

	/* What fsck makes, readable by root only, holds no backups. */
	if (!path_len && strcmp(name, "lost+found") == 0)
		return true;
	if (!patterns->exclude_count)
		return false;
	(void)entry_path(worker, name, len);
	yes = scan_name_is_excluded(patterns, worker->path.data, name);
	take_back(worker, path_len);
	return yes;
}

static void
keep_name(struct walk_worker *worker, const char *name, size_t len)
{
	MEM_GROW(worker->list, worker->list_count, worker->list_cap);
	worker->list[worker->list_count++] = (uint32_t)worker->names.len;
	buf_add(&worker->names, name, len + 1);
}

static void
found_directory(struct walk_worker *worker, struct walk_node *node, const char *name, size_t len)
{
	struct walk_unit *unit = node->unit;

	if (worker->walk->options.unit == SCAN_UNIT_DIRECTORY && !node->parent) {
		if (is_pruned(worker, name, len) || !is_candidate(worker, name, len, true))
			return;
		unit = scan_walk_unit_new(worker->walk, name);
	} else if (!unit && is_pruned(worker, name, len)) {
		return;
	}
	scan_walk_push(worker->walk, node, name, len, unit);
}

/* A type that readdir did not tell. */
static unsigned char
type_of(int fd, const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return DT_UNKNOWN;
	return S_ISREG(st.st_mode) ? DT_REG
	    : S_ISDIR(st.st_mode)  ? DT_DIR
	    : S_ISLNK(st.st_mode)  ? DT_LNK
				   : DT_FIFO;
}

static void
found(struct walk_worker *worker, struct walk_node *node, int fd, const struct dirent64 *d)
{
	const char *name = d->d_name;
	size_t len = strlen(name);
	unsigned char type = d->d_type;

	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return;
	if (type == DT_UNKNOWN)
		type = type_of(fd, name);
	if (type == DT_DIR) {
		if (node->unit)
			keep_name(worker, name, len);
		found_directory(worker, node, name, len);
	} else if (node->unit) {
		keep_name(worker, name, len);
	} else if (type == DT_REG && worker->walk->options.unit == SCAN_UNIT_FILE &&
	    is_candidate(worker, name, len, false)) {
		keep_name(worker, name, len);
	}
}

/* 0, or -1 and errno: what was read until then is kept. */
static int
read_names(struct walk_worker *worker, struct walk_node *node, int fd)
{
	buf_clear(&worker->names);
	worker->list_count = 0;
	for (;;) {
		ssize_t n = getdents64(fd, worker->read_buf, WALK_READ_SIZE);

		if (!scan_walk_goes_on(worker))
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(worker->read_buf + at);

			found(worker, node, fd, d);
			at += d->d_reclen;
		}
	}
}

/* ---------------------------------------------------------------- files */
/* Behind the name of the last entry. */
static void
name_series(struct walk_worker *worker, const char *name, size_t len, struct walk_part *part)
{
	struct scan_entry *e = &part->entries[part->listing.count - 1];
	const char *series;
	size_t rule;
	size_t n = scan_namer_series(worker->namer, name, len, &series, &rule);

	e->series_len = (uint32_t)n;
	e->series_rule = rule == SCHEDULE_NAMING_NONE ? UINT32_MAX : (uint32_t)rule;
	buf_add(&part->names, series, n + 1);
}

/* One part: up to WALK_PART entries that are regular files now. */
static void
look_at(
    struct walk_worker *worker, const struct walk_big *big, size_t number, struct walk_part *part)
{
	const struct walk_worker *owner = big->owner;
	size_t at = number * WALK_PART, end = at + WALK_PART;
	int r;

	if (end > owner->list_count)
		end = owner->list_count;
	if (worker->namer)
		scan_namer_dir(worker->namer, owner->path.data, owner->path.len);
	for (size_t i = at; i < end; i++) {
		const char *name = owner->names.data + owner->list[i];
		struct stat st;
		size_t len;

		/* Names lie in the order in which they were read: far apart. */
		if (i + 1 < end)
			__builtin_prefetch(owner->names.data + owner->list[i + 1]);
		r = fstatat(big->fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
		if (!scan_walk_goes_on(worker))
			return;
		if (r < 0) {
			if (errno == ENOENT)
				continue;
			scan_walk_problem(part, name, "cannot stat", errno);
			part->listing.incomplete = true;
			continue;
		}
		if (!S_ISREG(st.st_mode))
			continue;
		len = strlen(name);
		MEM_GROW(part->entries, part->listing.count, part->entry_cap);
		part->entries[part->listing.count++] = (struct scan_entry){
		    .name_len = (uint32_t)len,
		    .mtime_nsec = (uint32_t)st.st_mtim.tv_nsec,
		    .mtime = st.st_mtim.tv_sec,
		    .size = (uint64_t)st.st_size,
		    .inode = st.st_ino,
		};
		buf_add(&part->names, name, len + 1);
		if (worker->namer)
			name_series(worker, name, len, part);
	}
}

/* Problems of entries were noted by their names; the caller wants paths. */
static void
complete_problems(const struct buf *dir, struct walk_part *part)
{
	for (size_t i = 0; i < part->listing.problem_count && dir->len; i++) {
		char *path = path_join(dir->data, part->problems[i].path);

		free(part->problems[i].path);
		part->problems[i].path = path;
	}
}

static void
list_part(struct walk_worker *worker, struct walk_big *big, size_t number)
{
	const struct buf *dir = &big->owner->path;
	struct walk_part *part = scan_walk_part_new(worker);
	struct scan_listing *listing = &part->listing;

	listing->incomplete = big->cut;
	look_at(worker, big, number, part);
	complete_problems(dir, part);
	buf_add(&part->path, dir->data, dir->len);
	listing->device = big->device;
	listing->watch = number == 0 ? big->watch : 0;
	listing->first = number == 0;
	listing->last = number + 1 == big->parts;
	scan_walk_sum_part(worker, part);
	if (big->cut && listing->last)
		scan_walk_problem(part, dir->data, "cannot read directory", big->cut_errno);
	scan_walk_part_queue(big->owner, part, big, number);
}

static void
list_parts(struct walk_worker *worker, struct walk_big *big)
{
	size_t number;

	while (scan_walk_big_next(worker->walk, big, &number))
		list_part(worker, big, number);
}

void
scan_walk_help(struct walk_worker *worker)
{
	list_parts(worker, worker->big);
	scan_walk_big_leave(worker->walk, worker->big);
}

static void
list_files(struct walk_worker *worker, struct walk_big *big)
{
	big->owner = worker;
	big->parts = worker->list_count ? (worker->list_count - 1) / WALK_PART + 1 : 1;
	scan_walk_big_begin(worker->walk, big);
	list_parts(worker, big);
	scan_walk_big_end(worker->walk, big);
}

/* ---------------------------------------------------------------- the directory */
static void
report(struct walk_worker *worker, struct walk_node *node, const char *what, int sys)
{
	struct walk_part *part = scan_walk_part_new(worker);
	struct walk_unit broken = {.incomplete = true, .mtime = INT64_MIN};

	buf_add(&part->path, worker->path.data, worker->path.len);
	part->listing.first = part->listing.last = part->listing.incomplete = true;
	scan_walk_problem(part, worker->path.data, what, sys);
	if (node->unit)
		scan_walk_unit_add(worker->walk, node->unit, &broken);
	scan_walk_part_queue(worker, part, NULL, 0);
}

/* Vanished meanwhile, turned into something else, or on another file system: no problem. */
static void
cannot_open(struct walk_worker *worker, struct walk_node *node, int sys)
{
	struct walk_unit gone = {.vanished = true, .mtime = INT64_MIN};

	if (sys == ENOENT || sys == ENOTDIR || sys == ELOOP || sys == EXDEV) {
		if (node->unit && node->parent && !node->parent->parent)
			scan_walk_unit_add(worker->walk, node->unit, &gone);
		return;
	}
	report(worker, node, "cannot open directory", sys);
}

static bool
is_loop(const struct walk_node *node)
{
	for (const struct walk_node *up = node->parent; up; up = up->parent) {
		if (up->inode == node->inode && up->device == node->device)
			return true;
	}
	return false;
}

/* Before it is read, so that nothing falls between. Only what will be a listing. */
static void
watch_directory(struct walk_worker *worker, const struct walk_node *node, struct walk_big *big)
{
	struct scan_walk *walk = worker->walk;
	struct buf *path = &worker->scratch;

	if (!walk->options.watch || (walk->options.unit == SCAN_UNIT_DIRECTORY && node->parent))
		return;
	buf_clear(path);
	buf_str(path, walk->path);
	if (worker->path.len) {
		buf_char(path, '/');
		buf_add(path, worker->path.data, worker->path.len);
	}
	big->watch = scan_watch_put(walk->options.watch, path->data);
	if (walk->options.unit == SCAN_UNIT_DIRECTORY)
		walk->root_watch = big->watch;
}

static void
list_open(struct walk_worker *worker, struct walk_node *node, int fd, const struct stat *st)
{
	struct scan_walk *walk = worker->walk;
	struct walk_big big = {.fd = fd, .device = st->st_dev};

	watch_directory(worker, node, &big);
	if (!scan_walk_goes_on(worker))
		return;
	big.cut = read_names(worker, node, fd) < 0;
	big.cut_errno = errno;
	scan_walk_sort(worker);
	if (node->unit)
		scan_walk_sum_unit(worker, node, fd, st, big.cut);
	else if (walk->options.unit == SCAN_UNIT_FILE || big.cut)
		list_files(worker, &big);
}

void
scan_walk_list(struct walk_worker *worker, struct walk_node *node)
{
	struct scan_walk *walk = worker->walk;
	struct stat st;
	int fd;

	buf_clear(&worker->path);
	add_path(&worker->path, node);
	if (worker->path.len > WALK_PATH_MAX) {
		report(worker, node, "cannot open directory", ENAMETOOLONG);
		return;
	}
	fd = scan_walk_open_dir(walk, worker->path.data ? worker->path.data : "", worker->path.len);
	if (!scan_walk_goes_on(worker)) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		cannot_open(worker, node, errno);
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	node->device = st.st_dev;
	node->inode = st.st_ino;
	if (!is_loop(node))
		list_open(worker, node, fd, &st);
	(void)close(fd);
}
