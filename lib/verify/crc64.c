// CRC-64, reflected, by tables of eight bytes: Redis and mongodump have one each.
#include "verify/verify_private.h"

void
verify_crc64_init(struct verify_crc64 *c, uint64_t polynomial)
{
	for (uint64_t i = 0; i < 256; i++) {
		uint64_t v = i;
		for (int k = 0; k < 8; k++)
			v = v & 1 ? v >> 1 ^ polynomial : v >> 1;
		c->table[0][i] = v;
	}
	for (size_t k = 1; k < 8; k++)
		for (size_t i = 0; i < 256; i++)
			c->table[k][i] =
			    c->table[0][c->table[k - 1][i] & 0xff] ^ c->table[k - 1][i] >> 8;
}

uint64_t
verify_crc64_add(const struct verify_crc64 *c, uint64_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t next = 0;
		for (size_t k = 0; k < 8; k++)
			next ^= c->table[7 - k][(crc >> (8 * k) & 0xff) ^ p[k]];
		crc = next;
	}
	while (len--)
		crc = c->table[0][(crc ^ *p++) & 0xff] ^ crc >> 8;
	return crc;
}
