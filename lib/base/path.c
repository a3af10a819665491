// Joining, cleaning and comparing paths, as text.
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

char *
path_join(const char *dir, const char *name)
{
	if (name[0] == '/' || !dir[0])
		return mem_strdup(name);
	if (str_has_suffix(dir, "/"))
		return mem_printf("%s%s", dir, name);
	return mem_printf("%s/%s", dir, name);
}

static void
drop_last(struct buf *out, size_t floor)
{
	while (out->len > floor && out->data[out->len - 1] != '/')
		out->len--;
	if (out->len > floor)
		out->len--;
	if (out->cap)
		out->data[out->len] = '\0';
}

static bool
ends_with_parent(const struct buf *out, size_t floor)
{
	return out->len >= floor + 2 && memcmp(out->data + out->len - 2, "..", 2) == 0 &&
	    (out->len == floor + 2 || out->data[out->len - 3] == '/');
}

char *
path_clean(const char *path)
{
	struct buf out = BUF_INIT;
	size_t floor = path[0] == '/' ? 1 : 0;

	if (floor)
		buf_char(&out, '/');
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0 && out.len > floor &&
		    !ends_with_parent(&out, floor)) {
			drop_last(&out, floor);
		} else if (n == 2 && memcmp(path, "..", 2) == 0 && floor) {
			/* "/.." is "/" */
		} else if (n && !(n == 1 && path[0] == '.')) {
			if (out.len > floor)
				buf_char(&out, '/');
			buf_add(&out, path, n);
		}
		path += n;
		path += strspn(path, "/");
	}
	if (!out.len)
		buf_char(&out, '.');
	return buf_take(&out);
}

bool
path_is_clean(const char *path)
{
	if (path[0] != '/')
		return false;
	if (!path[1])
		return true;
	while (*path == '/') {
		const char *end = strchrnul(++path, '/');
		size_t n = (size_t)(end - path);

		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && memcmp(path, "..", 2) == 0))
			return false;
		path = end;
	}
	return true;
}

char *
path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_strdup(".");
	if (slash == path)
		return mem_strdup("/");
	return mem_strndup(path, (size_t)(slash - path));
}

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool
path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return path[0] == '/';
	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}
