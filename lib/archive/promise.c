// What a file name promises about the content.
#include <string.h>
#include <strings.h>

#include "archive/archive.h"

static const struct {
	const char *text;
	enum codec_type codec;
} codecs[] = {
    {".gz", CODEC_GZIP},
    {".bz2", CODEC_BZIP2},
    {".xz", CODEC_XZ},
    {".zst", CODEC_ZSTD},
    {".lz4", CODEC_LZ4},
    {".lz", CODEC_LZIP},
    {".lzma", CODEC_LZMA},
    {".Z", CODEC_COMPRESS},
};

static const struct {
	const char *text;
	enum codec_type codec; /* CODEC_NONE: that of the suffix behind it */
	enum archive_kind kind;
	const char *format;
} contents[] = {
    {".tar", CODEC_NONE, ARCHIVE_KIND_TAR, "tar"},
    {".tgz", CODEC_GZIP, ARCHIVE_KIND_TAR, "tar"},
    {".tbz2", CODEC_BZIP2, ARCHIVE_KIND_TAR, "tar"},
    {".tbz", CODEC_BZIP2, ARCHIVE_KIND_TAR, "tar"},
    {".txz", CODEC_XZ, ARCHIVE_KIND_TAR, "tar"},
    {".tzst", CODEC_ZSTD, ARCHIVE_KIND_TAR, "tar"},
    {".tlz", CODEC_LZIP, ARCHIVE_KIND_TAR, "tar"},
    {".zip", CODEC_NONE, ARCHIVE_KIND_ZIP, "zip"},
    {".7z", CODEC_NONE, ARCHIVE_KIND_7ZIP, "7zip"},
    {".cpio", CODEC_NONE, ARCHIVE_KIND_CPIO, "cpio"},
    {".iso", CODEC_NONE, ARCHIVE_KIND_ISO9660, "iso9660"},
    {".rar", CODEC_NONE, ARCHIVE_KIND_RAR, "rar"},
    {".cab", CODEC_NONE, ARCHIVE_KIND_CAB, "cab"},
    {".lha", CODEC_NONE, ARCHIVE_KIND_LHA, "lha"},
    {".lzh", CODEC_NONE, ARCHIVE_KIND_LHA, "lha"},
    {".xar", CODEC_NONE, ARCHIVE_KIND_XAR, "xar"},
    {".deb", CODEC_NONE, ARCHIVE_KIND_AR, "ar"},
    {".warc", CODEC_NONE, ARCHIVE_KIND_WARC, "warc"},
    {".sqlite", CODEC_NONE, ARCHIVE_KIND_NONE, "sqlite"},
    {".sqlite3", CODEC_NONE, ARCHIVE_KIND_NONE, "sqlite"},
    {".sql", CODEC_NONE, ARCHIVE_KIND_NONE, "sql"},
};

static const char *const secrets[] = {".gpg", ".pgp", ".asc", ".age", ".enc", ".aes"};

/* True if name ends so, in any case, and is longer. */
static bool
ends(const char *name, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);
	return len > n && !strncasecmp(name + len - n, suffix, n);
}

void
archive_promise_of(const char *name, struct archive_promise *ret_promise)
{
	size_t len = strlen(name), digits = len;
	*ret_promise = (struct archive_promise){0};
	/* A rotation number may follow (".gz.1"). */
	while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	if (digits && digits < len && name[digits - 1] == '.')
		len = digits - 1;
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		ret_promise->encrypted = ret_promise->encrypted || ends(name, len, secrets[i]);
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		/* .z is of pack(1). */
		if (ends(name, len, codecs[i].text) &&
		    (codecs[i].codec != CODEC_COMPRESS || name[len - 1] == 'Z')) {
			ret_promise->codec = codecs[i].codec;
			len -= strlen(codecs[i].text);
			break;
		}
	for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
		if (!ends(name, len, contents[i].text))
			continue;
		if (ret_promise->codec == CODEC_NONE)
			ret_promise->codec = contents[i].codec;
		ret_promise->kind = contents[i].kind;
		ret_promise->format = contents[i].format;
	}
}

bool
archive_name_is_part(const char *name)
{
	static const char digits[] = "0123456789", letters[] = "abcdefghijklmnopqrstuvwxyz";
	struct archive_promise whole, stem;
	const char *end = strrchr(name, '.');
	char before[256];
	size_t len = end ? strlen(end + 1) : 0;

	if (len < 2 || (size_t)(end - name) >= sizeof(before))
		return false;
	if ((end[1] == 'z' || end[1] == 'Z') && len == 3 && strspn(end + 2, digits) == 2)
		return true;
	memcpy(before, name, (size_t)(end - name));
	before[end - name] = '\0';
	archive_promise_of(before, &stem);
	archive_promise_of(name, &whole);
	if (stem.codec == CODEC_NONE && !stem.format)
		return false;
	if (len == 2 && strspn(end + 1, letters) == 2)
		return whole.codec == CODEC_NONE && !whole.format;
	return strspn(end + 1, digits) == len && (len > 2 || end[1] == '0');
}
