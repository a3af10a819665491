// Which names are backups: tables of sidecars and of unfinished files, include and exclude patterns.
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "scan/name.h"

/*
 * Each pattern is "*.suffix", "prefix*" or a whole name: compared without fnmatch, because this
 * runs for every file of a tree. Letters of either case are equal in sidecars.
 */
struct pattern {
	const char *text;
	size_t len;
};
#define P(s)                                                                                       \
	{                                                                                          \
		(s), sizeof(s) - 1                                                                 \
	}

static const struct pattern sidecars[] = {
    P("*.sha256"),
    P("*.sha512"),
    P("*.sha1"),
    P("*.sha224"),
    P("*.sha384"),
    P("*.md5"),
    P("*.b2"),
    P("*.blake2b"),
    P("*.blake3"),
    P("*.crc"),
    P("*.crc32"),
    P("*.sfv"),
    P("*.sha256sum"),
    P("*.sha512sum"),
    P("*.sha1sum"),
    P("*.md5sum"),
    P("*.b2sum"),
    P("*.sha256sums"),
    P("*.md5sums"),
    P("SHA256SUMS*"),
    P("SHA512SUMS*"),
    P("SHA1SUMS*"),
    P("MD5SUMS*"),
    P("B2SUMS*"),
    P("CHECKSUMS*"),
    P("*.asc"),
    P("*.sig"),
    P("*.sign"),
    P("*.minisig"),
    P("*.manifest"),
    P("backup_manifest"),
    P("*.par2"),
    P("*.log"),
    P("*.err"),
    P("*.lock"),
    P("*.pid"),
    P("README"),
    P("README.*"),
    P(".gitignore"),
    P(".DS_Store"),
    P("Thumbs.db"),
    P(".nfs*"),
    {0},
};

static const struct pattern partials[] = {
    P("*.tmp"),
    P("*.temp"),
    P("*.part"),
    P("*.partial"),
    P("*.filepart"),
    P("*.in_progress"),
    P("*.inprogress"),
    P("*.incomplete"),
    P("*.unfinished"),
    P("*.crdownload"),
    P(".~*"),
    P(".tmp*"),
    P(".in_progress*"),
    {0},
};

const char *
scan_name_sidecar(size_t i)
{
	return i < ARRAY_LEN(sidecars) ? sidecars[i].text : NULL;
}

/* One byte decides nearly always. */
static bool
equal(const char *a, const char *b, size_t len)
{
	return (a[len - 1] | 0x20) == (b[len - 1] | 0x20) && strncasecmp(a, b, len) == 0;
}

static bool
matches(const struct pattern *p, const char *name, size_t len)
{
	if (len + 1 < p->len)
		return false;
	if (p->text[0] == '*')
		return equal(name + len - (p->len - 1), p->text + 1, p->len - 1);
	if (p->text[p->len - 1] == '*')
		return equal(name, p->text, p->len - 1);
	return len == p->len && equal(name, p->text, len);
}

static bool
matches_one(const struct pattern *patterns, const char *name, size_t len)
{
	for (; patterns->text; patterns++) {
		if (matches(patterns, name, len))
			return true;
	}
	return false;
}

/* A set of ASCII characters, letters in either case. */
struct set {
	uint64_t low, high;
};
#define LOW(c)  (UINT64_C(1) << (c))
#define HIGH(c) (UINT64_C(1) << ((c)-64))

static bool
contains(struct set set, char c)
{
	unsigned i = (unsigned char)c | 0x20U;

	return i < 128 && ((i < 64 ? set.low : set.high) >> (i % 64) & 1U);
}

/* What the patterns begin and end with: hardly a backup has either. The tests go through all
 * patterns. */
bool
scan_name_is_sidecar(const char *name, size_t len)
{
	static const struct set first = {
	    LOW('.'), HIGH('b') | HIGH('c') | HIGH('m') | HIGH('r') | HIGH('s') | HIGH('t')};
	static const struct set last = {
	    LOW('1') | LOW('2') | LOW('3') | LOW('4') | LOW('5') | LOW('6'),
	    HIGH('b') | HIGH('c') | HIGH('d') | HIGH('g') | HIGH('k') | HIGH('m') | HIGH('n') |
		HIGH('r') | HIGH('s') | HIGH('t') | HIGH('v')};

	return len && (contains(first, name[0]) || contains(last, name[len - 1])) &&
	    matches_one(sidecars, name, len);
}

/* rsync writes ".NAME.XXXXXX" beside NAME: a hidden name with six random letters behind a dot. */
static bool
is_rsync_temporary(const char *name, size_t len)
{
	const char *tail = name + len - 7;

	if (len < 10 || name[0] != '.' || tail[0] != '.')
		return false;
	for (int i = 1; i < 7; i++) {
		if (!((tail[i] >= 'a' && tail[i] <= 'z') || (tail[i] >= 'A' && tail[i] <= 'Z') ||
			(tail[i] >= '0' && tail[i] <= '9')))
			return false;
	}
	return true;
}

bool
scan_name_is_partial(const char *name, size_t len)
{
	static const struct set first = {LOW('.'), 0};
	static const struct set last = {
	    0, HIGH('d') | HIGH('e') | HIGH('l') | HIGH('p') | HIGH('s') | HIGH('t')};

	return len && (contains(first, name[0]) || contains(last, name[len - 1])) &&
	    (matches_one(partials, name, len) || is_rsync_temporary(name, len));
}

const char *
scan_name_final(const char *name, size_t len, size_t *ret_len)
{
	const struct pattern *p = partials;

	*ret_len = len;
	while (p->text && !matches(p, name, len))
		p++;
	if (p->text && p->text[0] == '*' && len > p->len - 1) {
		*ret_len = len - (p->len - 1);
	} else if (p->text && p->text[0] != '*' && len > p->len - 1) {
		*ret_len = len - (p->len - 1);
		return name + (p->len - 1);
	} else if (!p->text && is_rsync_temporary(name, len)) {
		*ret_len = len - 8;
		return name + 1;
	}
	return name;
}

/* ---------------------------------------------------------------- series */
struct scan_namer {
	const struct schedule_naming *naming;
	struct schedule_memo *memo;
	struct buf path;
	size_t dir_len; /* of path, with its slash */
	char series[SCHEDULE_NAME_MAX];
};

struct scan_namer *
scan_namer_new(const struct schedule_naming *naming)
{
	struct scan_namer *namer = mem_alloc(sizeof(*namer));

	namer->naming = naming;
	namer->memo = schedule_memo_new();
	namer->path = BUF_INIT;
	return namer;
}

void
scan_namer_free(struct scan_namer *namer)
{
	if (!namer)
		return;
	schedule_memo_free(namer->memo);
	buf_release(&namer->path);
	free(namer);
}

void
scan_namer_dir(struct scan_namer *namer, const char *dir, size_t len)
{
	buf_clear(&namer->path);
	buf_add(&namer->path, dir, len);
	if (len)
		buf_char(&namer->path, '/');
	namer->dir_len = namer->path.len;
}

size_t
scan_namer_series(struct scan_namer *namer, const char *name, size_t len, const char **ret_series,
    size_t *ret_rule)
{
	if (scan_name_is_partial(name, len))
		name = scan_name_final(name, len, &len);
	namer->path.len = namer->dir_len;
	buf_add(&namer->path, name, len);
	*ret_series = namer->series;
	return schedule_series_named(namer->naming, namer->memo, namer->path.data, namer->path.len,
	    namer->series, sizeof(namer->series), ret_rule);
}

/* ---------------------------------------------------------------- include, exclude */
static bool
any(const char *const *patterns, size_t count, const char *path, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (fnmatch(patterns[i], name, 0) == 0 || fnmatch(patterns[i], path, 0) == 0)
			return true;
	}
	return false;
}

bool
scan_name_is_excluded(const struct scan_patterns *patterns, const char *path, const char *name)
{
	return any(patterns->exclude, patterns->exclude_count, path, name);
}

bool
scan_name_is_wanted(const struct scan_patterns *patterns, const char *path, const char *name)
{
	if (patterns->include_count && !any(patterns->include, patterns->include_count, path, name))
		return false;
	return !scan_name_is_excluded(patterns, path, name);
}
