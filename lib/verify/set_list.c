// In the reading process: what is there of a backup in many files is written down, nothing is parsed.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/set_private.h"

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
#define COPY_MAX   (16 << 20) /* of a list of large objects */

static const char *
find(char **names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return names[i];
	return NULL;
}

static const char *
find_suffix(char **names, size_t count, const char *suffix)
{
	for (size_t i = 0; i < count; i++)
		if (str_has_suffix(names[i], suffix))
			return names[i];
	return NULL;
}

static bool
begins_with(int dirfd, const char *name, const char *magic)
{
	char head[64] = {0};
	size_t len = strlen(magic);
	int fd = openat(dirfd, name, OPEN_FLAGS);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, len, 0);
	if (fd >= 0)
		close(fd);
	/* A file that is shorter was cut: the comparison will say so. */
	return n >= 0 && !memcmp(head, magic, (size_t)n);
}

/* The first word that stands behind "Checksum-Algorithm"; all files of a backup have the same. */
static void
find_algorithm(struct verify_set *set)
{
	static const char key[] = "\"Checksum-Algorithm\": \"";
	static const char *const known[] = {"CRC32C", "SHA224", "SHA256", "SHA384", "SHA512"};
	char head[4096];
	int fd = openat(set->dirfd, set->key, OPEN_FLAGS);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
	if (fd >= 0)
		close(fd);
	const char *at = n > 0 ? memmem(head, (size_t)n, key, sizeof(key) - 1) : NULL;
	size_t left = at ? (size_t)(head + n - at) - (sizeof(key) - 1) : 0;
	for (size_t i = 0; at && i < ARRAY_LEN(known); i++)
		if (left > 6 && !memcmp(at + sizeof(key) - 1, known[i], 6))
			(void)hash_canonical(known[i], set->algorithm);
}

/* "3310.dat", "3310.dat.gz", "blob_16408.dat.gz", "blobs.toc": what pg_dump writes before toc.dat. */
static bool
is_part(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	if (str_has_prefix(name, "blob"))
		return str_has_suffix(name, ".toc") || strstr(name, ".dat");
	return digits && str_has_prefix(name + digits, ".dat") &&
	    (!name[digits + 4] || name[digits + 4] == '.');
}

static bool
is_headless(char **names, size_t count)
{
	size_t parts = 0;
	for (size_t i = 0; i < count; i++)
		parts += is_part(names[i]);
	return count && parts == count;
}

bool
verify_set_begin(struct verify_set *set, int dirfd, char **names, size_t count)
{
	*set = (struct verify_set){.dirfd = dirfd, .list = BUF_INIT};
	if ((set->key = find(names, count, "toc.dat")) && begins_with(dirfd, set->key, "PGDMP")) {
		set->data = true;
		return true;
	}
	if (!set->key && is_headless(names, count))
		return true;
	if ((set->key = find_suffix(names, count, ".aof.manifest")) &&
	    begins_with(dirfd, set->key, "file "))
		return true;
	set->key = find(names, count, "backup_manifest");
	if (!set->key || !begins_with(dirfd, set->key, "{ \"PostgreSQL-Backup-Manifest-Version\""))
		return false;
	for (size_t i = 0; i < count; i++)
		set->tars = set->tars || str_has_prefix(names[i], "base.tar");
	set->opaque = !set->tars;
	if (set->opaque)
		find_algorithm(set);
	return true;
}

static bool
is_member_tar(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	return str_has_prefix(name, "base.tar") ||
	    (digits && str_has_prefix(name + digits, ".tar"));
}

void
verify_set_job(struct verify_set *set, const char *name, struct verify_job *job)
{
	if (set->opaque || (set->key && !strcmp(name, set->key)))
		job->content = false;
	if (set->data)
		job->role = VERIFY_ROLE_DATA;
	if (*set->algorithm && job->algorithms[0] && !strcmp(job->algorithms[0], set->algorithm))
		return; /* the one digest is both */
	if (*set->algorithm)
		job->algorithms[1] = set->algorithm;
	if (set->tars && is_member_tar(name)) {
		job->aside = openat(set->dirfd, set->key, OPEN_FLAGS);
		if (job->aside >= 0)
			job->role = VERIFY_ROLE_MEMBERS;
	}
}

/* The lists of large objects of pg_dump are short, and the worker that compares wants to read them. */
static void
copy_list(struct verify_set *set, const char *path, struct buf *out)
{
	if (!str_has_prefix(path, "blobs") || !str_has_suffix(path, ".toc"))
		return;
	int fd = openat(set->dirfd, path, OPEN_FLAGS);
	if (fd < 0)
		return;
	if (fsio_read_fd(fd, path, COPY_MAX, out, NULL) < 0)
		buf_clear(out);
	close(fd);
}

void
verify_set_add(
    struct verify_set *set, const char *path, uint64_t size, const struct verify_answer *answer)
{
	const struct verify_content *c = &answer->content;
	bool same = *set->algorithm && !answer->digests[1].len;
	const struct verify_digest *d = &answer->digests[same ? 0 : 1];
	struct buf text = BUF_INIT_MAX(COPY_MAX + 1);
	struct verify_listed f = {
	    .size = size,
	    .decoded = c->bytes,
	    .path_len = (uint32_t)strlen(path),
	    .verdict = (uint8_t)c->verdict,
	    .compressed = *c->codec != '\0',
	    .tail = c->tail,
	};
	if (*set->algorithm) {
		f.digest_len = (uint8_t)d->len;
		memcpy(f.digest, d->data, d->len);
	}
	copy_list(set, path, &text);
	f.data_len = (uint32_t)text.len;
	buf_add(&set->list, &f, sizeof(f));
	buf_add(&set->list, path, f.path_len);
	buf_add(&set->list, text.data, text.len);
	buf_release(&text);
}

int
verify_set_finish(struct verify_set *set, struct verify_job *ret_job, struct err *err)
{
	struct stat st;
	*ret_job = (struct verify_job){
	    .name = set->key,
	    .content = true,
	    .role = VERIFY_ROLE_SET,
	    .fd = openat(set->dirfd, set->key, OPEN_FLAGS),
	    .aside = memfd_create("bkm-list", MFD_CLOEXEC),
	};
	if (ret_job->fd >= 0 && ret_job->aside >= 0 && fstat(ret_job->fd, &st) == 0 &&
	    !set->list.failed &&
	    fsio_write_all(ret_job->aside, set->list.data, set->list.len, "list", err) == 0) {
		ret_job->size = (uint64_t)st.st_size;
		ret_job->mtime = st.st_mtim.tv_sec;
		ret_job->mtime_nsec = (uint32_t)st.st_mtim.tv_nsec;
		return 0;
	}
	err_sys(err, ERR_IO, "cannot compare with '%s'", set->key);
	if (ret_job->fd >= 0)
		close(ret_job->fd);
	if (ret_job->aside >= 0)
		close(ret_job->aside);
	return -1;
}

void
verify_set_release(struct verify_set *set)
{
	buf_release(&set->list);
}
