// Which compression the first bytes of a file say, and the table of decompressors.
#include "codec/codec_private.h"

/* Skippable frames of zstd and lz4 share their magic: 0x184D2A50 to 0x184D2A5F, little endian. */
static bool
is_skippable(const uint8_t *data, size_t len)
{
	return len >= 4 && (data[0] & 0xf0) == 0x50 && data[1] == 0x2a && data[2] == 0x4d &&
	    data[3] == 0x18;
}

/* .lzma has no magic: the usual properties byte, a dictionary of 2^n or 2^n + 2^(n-1) bytes and a
 * size that is unknown or below 2^38, as xz(1) demands before it believes it. */
static bool
is_lzma_alone(const uint8_t *data, size_t len)
{
	if (len < 13 || data[0] != 0x5d)
		return false;
	uint32_t dict = (uint32_t)data[1] | (uint32_t)data[2] << 8 | (uint32_t)data[3] << 16 |
	    (uint32_t)data[4] << 24;
	uint64_t size = 0;
	for (size_t i = 0; i < 8; i++)
		size |= (uint64_t)data[5 + i] << (8 * i);
	if (dict < 4096 || (size != UINT64_MAX && size >> 38))
		return false;
	uint32_t d = dict - 1;
	d |= d >> 2;
	d |= d >> 3;
	d |= d >> 4;
	d |= d >> 8;
	d |= d >> 16;
	return d + 1 == dict || dict == UINT32_MAX;
}

static const struct codec_backend *const backends[CODEC_TYPES] = {
    [CODEC_GZIP] = &codec_backend_zlib,
    [CODEC_BZIP2] = &codec_backend_bzip2,
    [CODEC_XZ] = &codec_backend_xz,
    [CODEC_ZSTD] = &codec_backend_zstd,
    [CODEC_LZ4] = &codec_backend_lz4,
    [CODEC_LZIP] = &codec_backend_lzip,
    [CODEC_LZMA] = &codec_backend_lzma,
    [CODEC_COMPRESS] = &codec_backend_lzw,
    [CODEC_DEFLATE] = &codec_backend_inflate,
    [CODEC_ZLIB] = &codec_backend_rfc1950,
    [CODEC_ZIPLZMA] = &codec_backend_ziplzma,
};

const struct codec_backend *
codec_backend(enum codec_type type, bool portable)
{
#ifdef BKM_WITH_ISAL
	if (!portable && type == CODEC_GZIP)
		return &codec_backend_isal;
	if (!portable && type == CODEC_DEFLATE)
		return &codec_backend_isal_raw;
#else
	(void)portable;
#endif
	return backends[type];
}

bool
codec_begins(enum codec_type type, const uint8_t *data, size_t len)
{
	const struct codec_backend *b = backends[type];
	if ((type == CODEC_ZSTD || type == CODEC_LZ4) && is_skippable(data, len))
		return true;
	return b && b->magic_len && len >= b->magic_len && !memcmp(data, b->magic, b->magic_len);
}

enum codec_type
codec_sniff(const void *data, size_t len)
{
	static const enum codec_type order[] = {
	    CODEC_GZIP, CODEC_ZSTD, CODEC_XZ, CODEC_BZIP2, CODEC_LZ4, CODEC_LZIP, CODEC_COMPRESS};
	const uint8_t *p = data;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (!codec_begins(order[i], p, len))
			continue;
		/* "BZh" alone is text; a level digit and a block or the end follow. */
		if (order[i] == CODEC_BZIP2 && len >= 4 && (p[3] < '1' || p[3] > '9'))
			continue;
		if (order[i] == CODEC_COMPRESS &&
		    (len < 3 || p[2] & 0x60 || (p[2] & 0x1f) < 9 || (p[2] & 0x1f) > 16))
			continue;
		return order[i];
	}
	return is_lzma_alone(p, len) ? CODEC_LZMA : CODEC_NONE;
}

const char *
codec_name(enum codec_type type)
{
	return type > CODEC_NONE && type < CODEC_TYPES ? backends[type]->name : "none";
}

const char *
codec_fault_name(enum codec_fault fault)
{
	static const char *const names[] = {
	    [CODEC_FAULT_NONE] = "none",
	    [CODEC_FAULT_TRUNCATED] = "truncated",
	    [CODEC_FAULT_DAMAGED] = "damaged",
	    [CODEC_FAULT_BOMB] = "bomb",
	    [CODEC_FAULT_MEMORY] = "memory",
	    [CODEC_FAULT_TIME] = "time",
	    [CODEC_FAULT_INPUT] = "input",
	};
	return (size_t)fault < ARRAY_LEN(names) ? names[fault] : "none";
}
