// Backup records: made from a row of the store or from a file, and believed or not.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/repository.h"
#include "tool/tool_private.h"

static void
add_raw(struct json *j, const char *key, const char *text)
{
	if (text)
		json_raw(j, key, text, strlen(text));
}

static void
add_origin(struct tool *tool, struct json *j, const struct store_backup *row)
{
	json_str(j, "store", store_uuid(tool->store));
	json_str(j, "host", row->host);
	json_str(j, "location", row->location);
	json_str(j, "series", row->series);
}

/* The members that neighbours share, written once. */
static void
add_known_origin(
    struct tool *tool, struct tool_origin *origin, struct json *j, const struct store_backup *row)
{
	struct json part = {.out = &origin->text, .comma = false};

	if (!origin->text.len || origin->location_id != row->location_id ||
	    strcmp(origin->series.data, row->series) != 0) {
		buf_clear(&origin->text);
		buf_clear(&origin->series);
		buf_str(&origin->series, row->series);
		origin->location_id = row->location_id;
		add_origin(tool, &part, row);
	}
	json_raw(j, NULL, origin->text.data, origin->text.len);
}

static void
add_tail(struct json *j, const struct store_backup *row, bool is_new)
{
	json_time(j, "first_seen", row->first_seen);
	json_str(j, "state", row->state);
	json_bool(j, "new", is_new);
	json_bool(j, "latest", row->latest);
	json_str(j, "status", row->status);
	add_raw(j, "reasons", row->reasons ? row->reasons : "[]");
}

/* Most backups are alike in all but their names, sizes and times. */
static void
add_known_tail(
    struct tool_origin *origin, struct json *j, const struct store_backup *row, bool is_new)
{
	struct json part = {.out = &origin->tail, .comma = false};

	if (!origin->tail.len || origin->first_seen != row->first_seen ||
	    origin->is_new != is_new || origin->latest != row->latest ||
	    strcmp(origin->state, row->state) != 0 || strcmp(origin->status, row->status) != 0) {
		buf_clear(&origin->tail);
		origin->first_seen = row->first_seen;
		origin->is_new = is_new;
		origin->latest = row->latest;
		(void)snprintf(origin->state, sizeof(origin->state), "%s", row->state);
		(void)snprintf(origin->status, sizeof(origin->status), "%s", row->status);
		add_tail(&part, row, is_new);
	}
	json_raw(j, NULL, origin->tail.data, origin->tail.len);
}

void
tool_origin_release(struct tool_origin *origin)
{
	buf_release(&origin->text);
	buf_release(&origin->series);
	buf_release(&origin->tail);
}

void
tool_add_backup_from(struct tool *tool, struct tool_origin *origin, struct buf *out,
    const struct store_backup *row, bool is_new)
{
	struct json j;

	record_begin(&j, out, RECORD_BACKUP);
	json_int(&j, "id", row->id);
	if (origin)
		add_known_origin(tool, origin, &j, row);
	else
		add_origin(tool, &j, row);
	json_path(&j, "path", row->path);
	json_uint(&j, "size", row->size);
	json_time(&j, "mtime", row->mtime);
	if (origin && !row->reasons)
		add_known_tail(origin, &j, row, is_new);
	else
		add_tail(&j, row, is_new);
	add_raw(&j, "verification", row->verification);
	add_raw(&j, "restore", row->restore);
	record_end(&j);
}

void
tool_add_backup(struct tool *tool, struct buf *out, const struct store_backup *row, bool is_new)
{
	tool_add_backup_from(tool, NULL, out, row, is_new);
}

/* ---------------------------------------------------------------- operands */

static char *
absolute(const char *path)
{
	char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0), *joined;

	joined = cwd ? path_join(cwd, path) : mem_strdup(path);
	free(cwd);
	return joined;
}

int
tool_operand(struct tool *tool, const char *path, struct record *rec, struct err *err)
{
	struct buf line = BUF_INIT;
	struct json j;
	struct stat st;
	char *full;
	int r;

	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			tool_error(tool, "backup file does not exist: '%s'", path);
		else if (errno == EACCES)
			tool_error(tool, "permission denied: '%s'", path);
		else
			tool_error(tool, "cannot look at '%s': %s", path, strerror(errno));
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		tool_error(tool, "neither a file nor a directory: '%s'", path);
		return 0;
	}
	full = absolute(path);
	record_begin(&j, &line, RECORD_BACKUP);
	json_str(&j, "host", tool->host);
	json_path(&j, "path", full);
	if (S_ISREG(st.st_mode))
		json_int(&j, "size", st.st_size);
	json_time(&j, "mtime", st.st_mtim.tv_sec);
	record_end(&j);
	r = record_parse(rec, line.data, line.len, err);
	free(full);
	buf_release(&line);
	return r < 0 ? -1 : 1;
}

/* ---------------------------------------------------------------- belief */

static bool
same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Are size and mtime of the record, as far as it has them, those of the row? */
static bool
same_generation(const struct tool *tool, struct record *rec, const struct store_backup *row)
{
	int64_t size, mtime;

	if (tool->own.id && tool->own.id == row->id)
		return tool->own.size == row->size && tool->own.mtime == row->mtime;
	if (record_int(rec, "size", &size) && (uint64_t)size != row->size)
		return false;
	return !record_time(rec, "mtime", &mtime) || mtime == row->mtime;
}

/* Is the file still the row's generation? A changed size under an unchanged mtime is left to the
 * checks: that is damage, not a newer backup. */
static const char *
look_at_file(struct tool_backup *b)
{
	struct stat st;

	if (lstat(b->row.path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? "gone" : NULL;
	b->regular = S_ISREG(st.st_mode);
	b->size = (uint64_t)st.st_size;
	b->mtime = st.st_mtim.tv_sec;
	b->mtime_nsec = (uint32_t)st.st_mtim.tv_nsec;
	if (b->location->unit == CONFIG_UNIT_DIRECTORY ? b->regular : S_ISDIR(st.st_mode))
		return "superseded"; /* a directory in place of the file, or the other way round */
	if (b->regular && b->mtime != b->row.mtime)
		return "superseded";
	return NULL;
}

/* The row that the record's id names, if everything else agrees: 1, 0, -1. */
static int
by_id(struct tool *tool, struct record *rec, const char *path, struct store_backup *ret_row,
    struct err *err)
{
	int64_t id;
	int r;

	if (tool->own.id) /* what was written here is so */
		return store_backup_by_id(tool->store, tool->own.id, ret_row, err);
	if (!record_int(rec, "id", &id) ||
	    !same_text(record_str(rec, "store"), store_uuid(tool->store)))
		return 0;
	r = store_backup_by_id(tool->store, id, ret_row, err);
	if (r <= 0)
		return r;
	return same_text(ret_row->host, tool->host) &&
	    same_text(ret_row->location, record_str(rec, "location")) &&
	    same_text(ret_row->path, path);
}

static int
by_path(struct tool *tool, const struct config_location *location, const char *path,
    struct store_backup *ret_row, struct err *err)
{
	struct store_location row = {0};
	int r = store_location_find(tool->store, tool->host, location->name, &row, err);

	if (r > 0)
		r = store_backup_by_path(tool->store, row.id, path, ret_row, err);
	store_location_release(&row);
	return r;
}

static int
outside(struct tool *tool, struct record *rec, const char *path, struct err *err)
{
	const char *location = record_str(rec, "location"), *source;
	uint64_t line;

	source = tool_source_line(tool, &line);
	if (!path)
		return tool_trouble(tool, location, NULL, "outside", err,
		    "%s, line %llu: a backup record without a path", source,
		    (unsigned long long)line);
	return tool_trouble(
	    tool, location, path, "outside", err, "outside every backup location: '%s'", path);
}

/* Whether it is a backup, complete, and of which series is for bkm-scan to say: its rules of names
 * and settling stand in the configuration. So nothing is made up here. */
static const char *
not_in_store(struct tool *tool, const char *path)
{
	if (access(path, F_OK) != 0)
		return "gone";
	if (!tool->hinted)
		log_hint(tool->log, "'%s' is not in the store yet: run bkm-scan first", path);
	tool->hinted = true;
	return "not_scanned";
}

/* A path below a repository, which may be an address: "sftp:host:/x/restic:ID". */
static const struct config_location *
repository_of(const struct tool *tool, const char *path)
{
	for (size_t i = 0; path && i < tool->config->location_count; i++) {
		const struct config_location *l = &tool->config->locations[i];
		size_t len = strlen(l->path);

		if (tool_is_repository(l) && strncmp(path, l->path, len) == 0 && path[len] == '/' &&
		    repository_id(path + len, config_type_word(l->type)))
			return l;
	}
	return NULL;
}

/* The row of the record, if it is still the generation that the record is about: 1; 0; -1. */
static int
find_row(struct tool *tool, struct record *rec, struct tool_backup *b, struct err *err)
{
	int r = by_id(tool, rec, b->path, &b->row, err);

	if (r == 0)
		r = by_path(tool, b->location, b->path, &b->row, err);
	return r;
}

/* A scan upstream may have written the row after this process last looked at what there is. */
static int
find_row_again(struct tool *tool, struct record *rec, struct tool_backup *b, struct err *err)
{
	int r = find_row(tool, rec, b, err), again;

	if (r < 0 || (r > 0 && b->row.live && same_generation(tool, rec, &b->row)))
		return r;
	again = store_read_again(tool->store, err);
	return again < 0 ? -1 : again ? find_row(tool, rec, b, err) : r;
}

/* A snapshot is no file: what the last scan saw of it is what there is. */
static int
resolve_snapshot(struct tool *tool, struct record *rec, struct tool_backup *b, struct err *err)
{
	int r = find_row_again(tool, rec, b, err);

	if (r < 0)
		return -1;
	if (r == 0)
		b->skip = "not_scanned";
	else if (!b->row.live || !same_generation(tool, rec, &b->row))
		b->skip = "gone";
	return b->skip ? 0 : 1;
}

int
tool_resolve(struct tool *tool, struct record *rec, struct tool_backup *ret_backup, struct err *err)
{
	const char *path = record_path(rec), *host = record_str(rec, "host");
	struct tool_backup *b = ret_backup;
	int r;

	*b = (struct tool_backup){.path = path};
	if (tool->by_operands)
		return 1;
	if (host && strcmp(host, tool->host) != 0) {
		b->skip = "other_host";
		return 0;
	}
	b->location = repository_of(tool, path);
	if (b->location)
		return resolve_snapshot(tool, rec, b, err);
	if (path && path_is_clean(path))
		b->location = config_location_of(tool->config, path);
	if (!b->location) {
		b->skip = "outside";
		return outside(tool, rec, path, err) < 0 ? -1 : 0;
	}
	r = find_row_again(tool, rec, b, err);
	if (r < 0)
		return -1;
	if (r == 0)
		b->skip = not_in_store(tool, path);
	else if (!b->row.live || !same_generation(tool, rec, &b->row))
		b->skip = access(path, F_OK) == 0 ? "superseded" : "gone";
	else
		b->skip = look_at_file(b);
	return b->skip ? 0 : 1;
}
