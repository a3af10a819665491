// What a file name promises about the content.
#include <strings.h>

#include "verify/verify_private.h"

static const struct suffix {
	const char *text;
	enum codec_type codec;
	enum archive_kind archive;
} suffixes[] = {
    {".tar", CODEC_NONE, ARCHIVE_KIND_TAR},
    {".tar.gz", CODEC_GZIP, ARCHIVE_KIND_TAR},
    {".tgz", CODEC_GZIP, ARCHIVE_KIND_TAR},
    {".gz", CODEC_GZIP, ARCHIVE_KIND_NONE},
    {".tar.bz2", CODEC_BZIP2, ARCHIVE_KIND_TAR},
    {".tbz2", CODEC_BZIP2, ARCHIVE_KIND_TAR},
    {".tbz", CODEC_BZIP2, ARCHIVE_KIND_TAR},
    {".bz2", CODEC_BZIP2, ARCHIVE_KIND_NONE},
    {".tar.xz", CODEC_XZ, ARCHIVE_KIND_TAR},
    {".txz", CODEC_XZ, ARCHIVE_KIND_TAR},
    {".xz", CODEC_XZ, ARCHIVE_KIND_NONE},
    {".tar.zst", CODEC_ZSTD, ARCHIVE_KIND_TAR},
    {".tzst", CODEC_ZSTD, ARCHIVE_KIND_TAR},
    {".zst", CODEC_ZSTD, ARCHIVE_KIND_NONE},
    {".tar.lz4", CODEC_LZ4, ARCHIVE_KIND_TAR},
    {".lz4", CODEC_LZ4, ARCHIVE_KIND_NONE},
    {".tar.lz", CODEC_LZIP, ARCHIVE_KIND_TAR},
    {".tlz", CODEC_LZIP, ARCHIVE_KIND_TAR},
    {".lz", CODEC_LZIP, ARCHIVE_KIND_NONE},
    {".tar.lzma", CODEC_LZMA, ARCHIVE_KIND_TAR},
    {".lzma", CODEC_LZMA, ARCHIVE_KIND_NONE},
    {".zip", CODEC_NONE, ARCHIVE_KIND_ZIP},
    {".7z", CODEC_NONE, ARCHIVE_KIND_7ZIP},
    {".cpio", CODEC_NONE, ARCHIVE_KIND_CPIO},
};

static const char *const secrets[] = {".gpg", ".pgp", ".asc", ".age", ".enc", ".aes"};

/* True if name ends so, in any case, and is longer; a rotation number may follow (".gz.1"). */
static bool
ends(const char *name, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);
	return len > n && !strncasecmp(name + len - n, suffix, n);
}

void
verify_promise_of(const char *name, struct verify_promise *ret_promise)
{
	size_t len = strlen(name), longest = 0, digits = len;
	*ret_promise = (struct verify_promise){0};
	while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	if (digits && digits < len && name[digits - 1] == '.')
		len = digits - 1;
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		ret_promise->encrypted = ret_promise->encrypted || ends(name, len, secrets[i]);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		size_t n = strlen(suffixes[i].text);
		if (n <= longest || !ends(name, len, suffixes[i].text))
			continue;
		longest = n;
		ret_promise->codec = suffixes[i].codec;
		ret_promise->archive = suffixes[i].archive;
	}
}
