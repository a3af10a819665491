// The manifest beside a backup: which file it is, and what it says about that backup.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/verify_private.h"

#define LONE_MAX  (64 * 1024)         /* of X.sha256 */
#define SUMS_MAX  (256 * 1024 * 1024) /* of SHA256SUMS */
#define LINE_KEPT 8192
#define LINE_MOST 512 /* nearly every line is shorter */
#define NO_ENTRY  UINT64_MAX

static const struct {
	const char *suffix, *algorithm;
} sidecars[] = {
    {".sha256", "sha256"},
    {".sha512", "sha512"},
    {".sha384", "sha384"},
    {".sha224", "sha224"},
    {".b2", "blake2b512"},
    {".sha1", "sha1"},
    {".md5", "md5"},
    {".sha256sum", "sha256"},
    {".sha512sum", "sha512"},
    {".sha1sum", "sha1"},
    {".md5sum", "md5"},
};

static const struct {
	const char *name, *algorithm; /* NULL: by the length of the digest */
} sums[] = {
    {"SHA256SUMS", "sha256"},
    {"SHA512SUMS", "sha512"},
    {"SHA384SUMS", "sha384"},
    {"B2SUMS", "blake2b512"},
    {"SHA1SUMS", "sha1"},
    {"MD5SUMS", "md5"},
    {"sha256sum.txt", "sha256"},
    {"sha512sum.txt", "sha512"},
    {"sha1sum.txt", "sha1"},
    {"md5sum.txt", "md5"},
    {"SHA256SUMS.txt", "sha256"},
    {"MD5SUMS.txt", "md5"},
    {"CHECKSUMS", NULL},
    {"checksums.txt", NULL},
};

struct entry {
	uint64_t hash;
	uint64_t offset;
};

/* The sums file of one directory. */
struct sums_file {
	int fd;
	size_t kind; /* index into sums */
	int64_t mtime;
	bool indexed;
	struct entry *entries; /* sorted by hash */
	size_t count, cap;
};

struct verify_manifests {
	char *dir; /* whose files are held; NULL: none */
	struct sums_file files[ARRAY_LEN(sums)];
	size_t file_count;
	unsigned present; /* bit i: some name in the directory ends as sidecars[i] */
};

struct verify_manifests *
verify_manifests_new(void)
{
	return mem_alloc(sizeof(struct verify_manifests));
}

static void
forget(struct verify_manifests *m)
{
	for (size_t i = 0; i < m->file_count; i++) {
		close(m->files[i].fd);
		free(m->files[i].entries);
	}
	m->file_count = 0;
	free(m->dir);
	m->dir = NULL;
}

void
verify_manifests_free(struct verify_manifests *m)
{
	if (!m)
		return;
	forget(m);
	free(m);
}

/* FNV-1a: names that hash alike only cost a second look at the line. */
static uint64_t
hash_name_of(const char *name, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)name[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* "./x" and "*x" are x. */
static const char *
bare(const char *name)
{
	while (str_has_prefix(name, "./"))
		name += 2;
	return name;
}

static int
by_hash(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int
open_manifest(const char *path, uint64_t max, int64_t *ret_mtime, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0) {
		if (errno == ENOENT || errno == ELOOP || errno == ENAMETOOLONG || errno == ENOTDIR)
			return -2;
		return err_sys(err, ERR_IO, "cannot open '%s'", path);
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -2;
	}
	if ((uint64_t)st.st_size > max) {
		close(fd);
		return err_set(err, ERR_FORMAT, "'%s' is too large for a manifest", path);
	}
	*ret_mtime = st.st_mtim.tv_sec;
	return fd;
}

/* ---------------------------------------------------------------- sums files */

static void
index_line(struct sums_file *f, const char *line, size_t len, uint64_t offset, struct buf *name)
{
	char algorithm[HASH_NAME_MAX];
	uint8_t digest[HASH_MAX];
	size_t digest_len;
	if (verify_manifest_line(line, len, algorithm, digest, &digest_len, name) <= 0 ||
	    !name->len)
		return;
	const char *p = bare(name->data);
	MEM_GROW(f->entries, f->count, f->cap);
	f->entries[f->count++] = (struct entry){
	    .hash = hash_name_of(p, name->len - (size_t)(p - name->data)), .offset = offset};
}

static int
index_file(struct sums_file *f, const char *dir, struct err *err)
{
	struct buf name = BUF_INIT, line = BUF_INIT;
	char chunk[65536];
	uint64_t offset = 0, start = 0;
	ssize_t n;
	f->indexed = true;
	while ((n = fsio_read_full(f->fd, chunk, sizeof(chunk))) > 0) {
		const char *p = chunk, *end = chunk + n;
		while (p < end) {
			const char *nl = memchr(p, '\n', (size_t)(end - p));
			size_t len = (size_t)((nl ? nl : end) - p);
			if (line.len + len <= LINE_KEPT)
				buf_add(&line, p, len);
			p += len;
			offset += len;
			if (!nl)
				break;
			index_line(f, line.data, line.len, start, &name);
			buf_clear(&line);
			p++;
			offset++;
			start = offset;
		}
	}
	if (line.len)
		index_line(f, line.data, line.len, start, &name);
	buf_release(&name);
	buf_release(&line);
	if (n < 0)
		return err_sys(err, ERR_IO, "cannot read '%s/%s'", dir, sums[f->kind].name);
	if (f->count)
		qsort(f->entries, f->count, sizeof(*f->entries), by_hash);
	return 0;
}

/* Look at the names once, so that not every backup is asked for a dozen files that are not there. */
static unsigned
list_sidecars(const char *dir)
{
	unsigned bits = 0;
	DIR *d = opendir(dir);
	if (!d) /* a directory that cannot be listed may still be entered */
		return UINT_MAX;
	for (struct dirent *e; (e = readdir(d));)
		for (size_t i = 0; i < ARRAY_LEN(sidecars); i++)
			if (str_has_suffix(e->d_name, sidecars[i].suffix))
				bits |= 1U << i;
	closedir(d);
	return bits;
}

static int
load_directory(struct verify_manifests *m, const char *dir, struct err *err)
{
	int r = 0;
	forget(m);
	m->dir = mem_strdup(dir);
	m->present = list_sidecars(dir);
	for (size_t i = 0; i < ARRAY_LEN(sums) && r == 0; i++) {
		struct sums_file f = {.kind = i};
		char *path = path_join(dir, sums[i].name);
		f.fd = open_manifest(path, SUMS_MAX, &f.mtime, err);
		if (f.fd >= 0)
			m->files[m->file_count++] = f;
		else if (f.fd == -1)
			r = -1;
		free(path);
	}
	if (r < 0)
		forget(m);
	return r;
}

static size_t
first_of_hash(const struct sums_file *f, uint64_t hash)
{
	size_t lo = 0, hi = f->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (f->entries[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Fill the reference from a parsed line; -1 if its digest fits no algorithm. */
static int
set_reference(struct verify_reference *r, const char *algorithm, const char *fallback,
    const uint8_t *digest, size_t len)
{
	const char *by_length = verify_manifest_algorithm(len);
	const char *name = *algorithm ? algorithm : fallback ? fallback : by_length;
	if (!name)
		return -1;
	/* SHA256SUMS with digests of 64 bytes: the length knows better than the name. */
	static const struct {
		const char *name;
		size_t len;
	} lengths[] = {{"md5", 16}, {"sha1", 20}, {"sha224", 28}, {"sha256", 32}, {"sha384", 48},
	    {"sha512", 64}, {"blake2b512", 64}};
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
		if (!strcmp(lengths[i].name, name) && lengths[i].len != len)
			return -1;
	str_copy(r->algorithm, sizeof(r->algorithm), name);
	memcpy(r->digest, digest, len);
	r->len = len;
	r->found = true;
	return 0;
}

/* The last line that names base: who appends to a manifest means the new line. */
static int
look_up(const struct sums_file *f, const char *base, struct verify_reference *ret, struct err *err)
{
	uint64_t hash = hash_name_of(base, strlen(base));
	struct buf name = BUF_INIT;
	int r = 0;
	for (size_t i = first_of_hash(f, hash); i < f->count && f->entries[i].hash == hash; i++) {
		char line[LINE_KEPT], algorithm[HASH_NAME_MAX];
		uint8_t digest[HASH_MAX];
		size_t len;
		off_t at = (off_t)f->entries[i].offset;
		ssize_t n = pread(f->fd, line, LINE_MOST, at);
		const char *nl = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
		if (!nl && n == LINE_MOST) {
			n = pread(f->fd, line, sizeof(line), at);
			nl = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
		}
		if (n <= 0)
			continue;
		if (verify_manifest_line(line, nl ? (size_t)(nl - line) : (size_t)n, algorithm,
			digest, &len, &name) <= 0 ||
		    strcmp(bare(name.data), base) != 0)
			continue;
		ret->mtime = f->mtime;
		str_copy(ret->name, sizeof(ret->name), sums[f->kind].name);
		if (set_reference(ret, algorithm, sums[f->kind].algorithm, digest, len) < 0)
			r = err_set(err, ERR_FORMAT, "the entry of '%s' in %s cannot be used", base,
			    sums[f->kind].name);
	}
	buf_release(&name);
	return r;
}

/* ---------------------------------------------------------------- sidecars */

/* X.sha256: the line that names X, else the first that names nothing or that is the only one. */
static int
read_sidecar(
    const char *path, const char *base, size_t kind, struct verify_reference *ret, struct err *err)
{
	struct buf text = BUF_INIT, name = BUF_INIT;
	int64_t mtime = 0;
	int fd = open_manifest(path, LONE_MAX, &mtime, err);
	if (fd < 0)
		return fd == -2 ? 0 : -1;
	int r = fsio_read_fd(fd, path, LONE_MAX, &text, err);
	close(fd);
	bool found = false, bad = false;
	size_t lines = 0;
	for (char *p = text.data, *end = p + text.len; r == 0 && p < end && !found;) {
		char algorithm[HASH_NAME_MAX];
		uint8_t digest[HASH_MAX];
		size_t len;
		char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);
		if (verify_manifest_line(p, n, algorithm, digest, &len, &name) > 0) {
			lines++;
			found = !name.len || !strcmp(path_base(name.data), base);
			if (found || lines == 1)
				bad = set_reference(ret, algorithm, sidecars[kind].algorithm,
					  digest, len) < 0;
		}
		p += n + 1;
	}
	/* A manifest made before the file was renamed has one line, with the old name. */
	if (r == 0 && !found && lines > 1)
		ret->found = false;
	if (r == 0 && (bad || (text.len && !lines))) {
		ret->found = false;
		r = err_set(err, ERR_FORMAT, "'%s' cannot be used as a manifest", path);
	}
	ret->mtime = mtime;
	snprintf(ret->name, sizeof(ret->name), "%.255s", path_base(path));
	buf_release(&text);
	buf_release(&name);
	return r;
}

int
verify_manifest_find(struct verify_manifests *m, const char *path, int64_t settled,
    struct verify_reference *ret_reference, struct err *err)
{
	const char *base = path_base(path);
	int r = 0;
	*ret_reference = (struct verify_reference){0};
	char *dir = path_dir(path);
	if (!m->dir || strcmp(m->dir, dir) != 0)
		r = load_directory(m, dir, err);
	for (size_t i = 0; i < ARRAY_LEN(sidecars) && r == 0 && !ret_reference->found; i++) {
		if (!(m->present >> i & 1))
			continue;
		char *beside = mem_printf("%s%s", path, sidecars[i].suffix);
		r = read_sidecar(beside, base, i, ret_reference, err);
		ret_reference->found = ret_reference->found && ret_reference->mtime > settled;
		free(beside);
	}
	for (size_t i = 0; i < m->file_count && r == 0 && !ret_reference->found; i++) {
		struct sums_file *f = &m->files[i];
		if (f->mtime <= settled)
			continue;
		if (!f->indexed)
			r = index_file(f, m->dir, err);
		if (r == 0)
			r = look_up(f, base, ret_reference, err);
	}
	free(dir);
	return r;
}
