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

enum archive_kind
archive_sniff(const void *data, size_t len)
{
	const uint8_t *p = data;
	if (len >= 4 && p[0] == 'P' && p[1] == 'K' &&
	    ((p[2] == 3 && p[3] == 4) || (p[2] == 5 && p[3] == 6) || (p[2] == 7 && p[3] == 8)))
		return ARCHIVE_KIND_ZIP;
	if (len >= 6 && !memcmp(p, "7z\xbc\xaf\x27\x1c", 6))
		return ARCHIVE_KIND_7ZIP;
	if (len >= 6 &&
	    (!memcmp(p, "070701", 6) || !memcmp(p, "070702", 6) || !memcmp(p, "070707", 6)))
		return ARCHIVE_KIND_CPIO;
	/* A first header that was damaged still says ustar; the walk will say what is wrong. */
	if (len >= BLOCK && (is_tar(p) || (p[0] && !memcmp(p + 257, "ustar", 5))))
		return ARCHIVE_KIND_TAR;
	return ARCHIVE_KIND_NONE;
}
