// Which archive format the first bytes of a stream say.
#include "archive/archive_private.h"

#define BLOCK 512

/* The checksum field (offset 148, 8 bytes, octal) holds the sum of the header with itself taken as
 * blanks; old writers summed signed bytes (POSIX.1-1988 10.1.1). */
static bool
is_tar(const uint8_t *h)
{
	uint32_t sum = 0, stored = 0;
	int32_t signed_sum = 0;
	size_t i = 148;
	if (h[0] == 0)
		return false;
	for (size_t k = 0; k < BLOCK; k++) {
		uint8_t b = k >= 148 && k < 156 ? ' ' : h[k];
		sum += b;
		signed_sum += (int8_t)b;
	}
	while (i < 156 && h[i] == ' ')
		i++;
	if (i == 156 || h[i] < '0' || h[i] > '7')
		return false;
	for (; i < 156 && h[i] >= '0' && h[i] <= '7'; i++)
		stored = stored * 8 + (uint32_t)(h[i] - '0');
	return stored == sum || (int64_t)stored == signed_sum;
}

/* Method in the middle: -lh5-, -lz4-; the level of the header behind it (LHa header document). */
static bool
is_lha(const uint8_t *p, size_t len)
{
	return len >= 22 && p[2] == '-' && p[3] == 'l' && (p[4] == 'h' || p[4] == 'z') &&
	    p[6] == '-' && p[20] <= 3;
}

/* The first volume descriptor, of ECMA-119 or of what ECMA-167 puts in its place. */
static bool
is_iso9660(const uint8_t *p, size_t len)
{
	return len >= 0x8006 &&
	    (!memcmp(p + 0x8001, "CD001", 5) || !memcmp(p + 0x8001, "BEA01", 5));
}

static const struct {
	const char *bytes;
	size_t len;
	enum archive_kind kind;
} magics[] = {
    {"PK\3\4", 4, ARCHIVE_KIND_ZIP},
    {"PK\5\6", 4, ARCHIVE_KIND_ZIP},
    {"PK\7\10", 4, ARCHIVE_KIND_ZIP},
    {"7z\xbc\xaf\x27\x1c", 6, ARCHIVE_KIND_7ZIP},
    {"070701", 6, ARCHIVE_KIND_CPIO},
    {"070702", 6, ARCHIVE_KIND_CPIO},
    {"070707", 6, ARCHIVE_KIND_CPIO},
    {"Rar!\x1a\7\0", 7, ARCHIVE_KIND_RAR},
    {"Rar!\x1a\7\1\0", 8, ARCHIVE_KIND_RAR},
    {"MSCF\0\0\0\0", 8, ARCHIVE_KIND_CAB},
    {"xar!", 4, ARCHIVE_KIND_XAR},
    {"!<arch>\n", 8, ARCHIVE_KIND_AR},
    {"WARC/0.", 7, ARCHIVE_KIND_WARC},
    {"WARC/1.", 7, ARCHIVE_KIND_WARC},
};

enum archive_kind
archive_sniff(const void *data, size_t len)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (len >= magics[i].len && !memcmp(p, magics[i].bytes, magics[i].len))
			return magics[i].kind;
	/* A first header that was damaged still says ustar; the walk will say what is wrong. */
	if (len >= BLOCK && (is_tar(p) || (p[0] && !memcmp(p + 257, "ustar", 5))))
		return ARCHIVE_KIND_TAR;
	if (is_lha(p, len))
		return ARCHIVE_KIND_LHA;
	return is_iso9660(p, len) ? ARCHIVE_KIND_ISO9660 : ARCHIVE_KIND_NONE;
}
