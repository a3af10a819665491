// Directories under inotify, and which location each belongs to.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "scan/watch.h"

#define EVENTS                                                                                     \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO |        \
	    IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct scan_watch {
	int fd;
	size_t *locations; /* by watch descriptor, plus one; 0: none */
	size_t cap;
};

int
scan_watch_open(struct scan_watch **ret_watch, struct err *err)
{
	struct scan_watch *watch = mem_alloc(sizeof(*watch));

	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0) {
		free(watch);
		return err_sys(err, ERR_LIMIT, "cannot watch for changes");
	}
	*ret_watch = watch;
	return 0;
}

void
scan_watch_close(struct scan_watch *watch)
{
	if (!watch)
		return;
	(void)close(watch->fd);
	free(watch->locations);
	free(watch);
}

int
scan_watch_fd(const struct scan_watch *watch)
{
	return watch->fd;
}

int
scan_watch_put(const struct scan_watch *watch, const char *path)
{
	int wd = inotify_add_watch(watch->fd, path, EVENTS);

	return wd < 0 ? -errno : wd;
}

bool
scan_watch_note(struct scan_watch *watch, int wd, size_t location, bool *ret_full)
{
	size_t at = (size_t)wd, cap = watch->cap;
	bool is_new;

	if (wd == -ENOSPC || wd == -ENOMEM)
		*ret_full = true;
	if (wd <= 0)
		return false;
	if (at >= cap) {
		cap = at + at / 2 + 64;
		watch->locations = mem_resize(watch->locations, cap, sizeof(*watch->locations));
		memset(watch->locations + watch->cap, 0,
		    (cap - watch->cap) * sizeof(*watch->locations));
		watch->cap = cap;
	}
	is_new = watch->locations[at] != location + 1;
	watch->locations[at] = location + 1;
	return is_new;
}

static void
take(struct scan_watch *watch, const struct inotify_event *event,
    void (*fn)(void *arg, size_t location), void *arg)
{
	size_t at = (size_t)event->wd;

	if (event->mask & IN_Q_OVERFLOW) {
		fn(arg, SCAN_WATCH_ALL);
		return;
	}
	if (event->wd < 0 || at >= watch->cap || !watch->locations[at])
		return;
	fn(arg, watch->locations[at] - 1);
	if (event->mask & IN_IGNORED)
		watch->locations[at] = 0;
}

void
scan_watch_read(struct scan_watch *watch, void (*fn)(void *arg, size_t location), void *arg)
{
	_Alignas(struct inotify_event) char data[16384];
	ssize_t n;

	while ((n = read(watch->fd, data, sizeof(data))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event = (const void *)(data + at);

			take(watch, event, fn, arg);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
}
