// In a worker: what is there of a backup in many files, against the file that says what should be.
#include <sys/stat.h>
#include <unistd.h>

#include "verify/set_private.h"

#define KEY_MAX  (UINT64_C(384) << 20)
#define LIST_MAX (UINT64_C(384) << 20)

static const struct set {
	const char *key, *format;
	void (*check)(struct verify_content *, struct verify_list *, const char *, size_t);
} sets[] = {
    {"toc.dat", "pg_directory", verify_set_pgdirectory},
    {"backup_manifest", "pg_basebackup", verify_set_basebackup},
    {".manifest", "redis_aof", verify_set_redis},
};

static int
by_path(const void *a, const void *b)
{
	return strcmp(
	    ((const struct verify_list_item *)a)->path, ((const struct verify_list_item *)b)->path);
}

struct verify_list_item *
verify_list_find(struct verify_list *l, const char *path)
{
	const struct verify_list_item key = {.path = path};
	return l->count ? bsearch(&key, l->items, l->count, sizeof(*l->items), by_path) : NULL;
}

/* Our own process wrote it, but a worker is in nobody's hands: lengths are checked all the same. */
static int
load_list(struct verify_list *l, int fd, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size > LIST_MAX)
		return err_set(err, ERR_LIMIT, "too many files");
	char *bytes = buf_reserve(&l->bytes, (size_t)st.st_size + 1);
	size_t len = (size_t)st.st_size, pos = 0;
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, bytes + done, len - done, (off_t)done);
		if (n <= 0)
			return err_sys(err, ERR_IO, "cannot read the list of files");
		done += (size_t)n;
	}
	l->paths.max = LIST_MAX;
	(void)buf_reserve(&l->paths, len + 1); /* does not move below */
	while (pos + sizeof(struct verify_listed) <= len) {
		struct verify_list_item item = {0};
		memcpy(&item.f, bytes + pos, sizeof(item.f));
		pos += sizeof(item.f);
		if (item.f.path_len > len - pos || item.f.data_len > len - pos - item.f.path_len ||
		    item.f.digest_len > HASH_MAX || item.f.tail.len > VERIFY_TAIL_MAX)
			break;
		item.path = l->paths.data + l->paths.len;
		buf_add(&l->paths, bytes + pos, item.f.path_len);
		buf_char(&l->paths, '\0');
		item.data = bytes + pos + item.f.path_len;
		pos += item.f.path_len + item.f.data_len;
		MEM_GROW(l->items, l->count, l->cap);
		l->items[l->count++] = item;
	}
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), by_path);
	return 0;
}

void
verify_set_check(const struct verify_job *job, struct verify_content *out)
{
	struct verify_list l = {.bytes = BUF_INIT_MAX(LIST_MAX + 1), .paths = BUF_INIT};
	struct buf key = BUF_INIT_MAX(KEY_MAX + 1);
	struct err err = {0};
	*out =
	    (struct verify_content){.verdict = RECORD_VERDICT_PASS, .level = RECORD_LEVEL_COMPLETE};
	if (load_list(&l, job->aside, &err) < 0 ||
	    fsio_read_fd(job->fd, job->name, KEY_MAX, &key, &err) < 0)
		verify_content_set(
		    out, RECORD_VERDICT_ERROR, VERIFY_REASON_UNREADABLE, "%s", err.msg);
	for (size_t i = 0; i < ARRAY_LEN(sets) && out->verdict == RECORD_VERDICT_PASS; i++) {
		if (!str_has_suffix(job->name, sets[i].key))
			continue;
		snprintf(out->format, sizeof(out->format), "%s", sets[i].format);
		sets[i].check(out, &l, key.data, key.len);
		break;
	}
	if (out->verdict == RECORD_VERDICT_PASS && out->level != RECORD_LEVEL_INTACT)
		out->warnings |= VERIFY_WARN_UNCHECKED;
	buf_release(&key);
	buf_release(&l.bytes);
	buf_release(&l.paths);
	free(l.items);
}
