// What the name of a backup promises to be.
#include <string.h>
#include <strings.h>

#include "restore/restore_private.h"

static const struct {
	const char *suffix;
	enum codec_type codec;
	const char *handler;
} promises[] = {
    {".gz", CODEC_GZIP, NULL},
    {".bz2", CODEC_BZIP2, NULL},
    {".xz", CODEC_XZ, NULL},
    {".zst", CODEC_ZSTD, NULL},
    {".lz4", CODEC_LZ4, NULL},
    {".lz", CODEC_LZIP, NULL},
    {".tgz", CODEC_GZIP, "tar"},
    {".tbz2", CODEC_BZIP2, "tar"},
    {".txz", CODEC_XZ, "tar"},
    {".tzst", CODEC_ZSTD, "tar"},
    {".tar", CODEC_NONE, "tar"},
    {".zip", CODEC_NONE, "zip"},
    {".7z", CODEC_NONE, "7z"},
    {".cpio", CODEC_NONE, "cpio"},
    {".sqlite", CODEC_NONE, "sqlite"},
    {".sqlite3", CODEC_NONE, "sqlite"},
};

/* The row of the suffix that name, cut to len, has. */
static int
find_suffix(const char *name, size_t *len)
{
	for (size_t i = 0; i < ARRAY_LEN(promises); i++) {
		size_t n = strlen(promises[i].suffix);

		if (*len > n && strncasecmp(name + *len - n, promises[i].suffix, n) == 0) {
			*len -= n;
			return (int)i;
		}
	}
	return -1;
}

void
restore_promise(const char *name, struct restore_promise *ret)
{
	size_t len = strlen(name);
	int outer = find_suffix(name, &len), inner;

	*ret = (struct restore_promise){.codec = CODEC_NONE};
	if (outer < 0)
		return;
	ret->codec = promises[outer].codec;
	ret->handler = promises[outer].handler;
	if (ret->handler)
		return;
	inner = find_suffix(name, &len);
	if (inner >= 0)
		ret->handler = promises[inner].handler;
}
