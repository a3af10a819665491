// The names seen in the objects of a text: no object has one twice.
#include <stdlib.h>
#include <string.h>

#include "record/record_private.h"

/* Fewer than eight bytes as a number, each in it at least once; len is hashed beside it. */
static uint64_t
last_bytes(const char *s, size_t len)
{
	uint32_t a = 0, b = 0;

	if (len >= 4) {
		memcpy(&a, s, 4);
		memcpy(&b, s + len - 4, 4);
	} else if (len) {
		a = (unsigned char)s[0] | (uint32_t)(unsigned char)s[len / 2] << 8;
		b = (unsigned char)s[len - 1];
	}
	return a | (uint64_t)b << 32;
}

static uint64_t
hash_bytes(uint64_t h, const char *s, size_t len)
{
	uint64_t w;

	h ^= len * 0x9e3779b97f4a7c15ULL;
	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&w, s, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	h = (h ^ last_bytes(s, len)) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 29;
}

/* The slot of the name, or the free one where it belongs (its stamp is an older one). */
static struct record_key *
find_slot(struct record_scan *scan, uint64_t hash, uint32_t object, const char *name, size_t len)
{
	for (size_t i = hash & (scan->key_cap - 1);; i = (i + 1) & (scan->key_cap - 1)) {
		struct record_key *slot = &scan->keys[i];

		if (slot->stamp != scan->stamp ||
		    (slot->hash == hash && slot->object == object && slot->len == len &&
			memcmp(slot->name, name, len) == 0))
			return slot;
	}
}

static void
grow_keys(struct record_scan *scan)
{
	struct record_key *old = scan->keys;
	size_t count = scan->key_cap;

	scan->key_cap *= 2;
	scan->keys = mem_array(scan->key_cap, sizeof(*scan->keys));
	for (const struct record_key *k = old; k < old + count; k++) {
		if (k->stamp == scan->stamp)
			*find_slot(scan, k->hash, k->object, k->name, k->len) = *k;
	}
	free(old);
}

int
record_scan_name(struct record_scan *scan, uint32_t object, const struct record_value *value)
{
	const char *text = (const char *)scan->s, *name = text + value->at + 1;
	size_t len = value->len - 2;
	struct record_key *slot;
	uint64_t hash;

	if (value->escaped) {
		char *decoded = record_arena_alloc(scan->names, value->len);

		len = record_scan_decode(text, value, decoded);
		name = decoded;
	}
	hash = hash_bytes(scan->seed ^ object * 0xd6e8feb86659fd93ULL, name, len);
	slot = find_slot(scan, hash, object, name, len);
	if (slot->stamp == scan->stamp)
		return record_scan_fail(
		    scan, "duplicate key '%.*s'", (int)(len > 60 ? 60 : len), name);
	slot->stamp = scan->stamp;
	slot->object = object;
	slot->hash = hash;
	slot->name = name;
	slot->len = len;
	if (++scan->key_count * 2 > scan->key_cap)
		grow_keys(scan);
	return 0;
}

/* ---------------------------------------------------------------- the line before */

static size_t
usual_start(const struct record_scan *scan, size_t n)
{
	return n ? scan->usual_end[n - 1] : 0;
}

/* Most names are short: their first eight bytes and their last eight are all of them. */
static bool
same_bytes(const void *a, const void *b, size_t len)
{
	if (len < 8 || len > 16)
		return memcmp(a, b, len) == 0;
	return memcmp(a, b, 8) == 0 &&
	    memcmp((const char *)a + len - 8, (const char *)b + len - 8, 8) == 0;
}

bool
record_scan_usual_name(struct record_scan *scan, size_t n, struct record_value *ret_name)
{
	size_t start, len;

	if (n >= scan->usual_count)
		return false;
	start = usual_start(scan, n);
	len = scan->usual_end[n] - start;
	if (scan->len - scan->i < len || !same_bytes(scan->s + scan->i, scan->usual + start, len))
		return false;
	*ret_name = (struct record_value){
	    .type = RECORD_JSON_STRING, .at = (uint32_t)scan->i, .len = (uint32_t)len - 1};
	scan->i += len;
	record_scan_blanks(scan);
	return true;
}

void
record_scan_unusual(struct record_scan *scan, const struct record_member *members, size_t n)
{
	if (scan->trusted)
		return;
	scan->usual_count = n;
	for (const struct record_member *m = members; m < members + n; m++)
		(void)record_scan_name(
		    scan, 0, &(struct record_value){.at = m->name_at - 1, .len = m->name_len + 2});
}

void
record_scan_remember(struct record_scan *scan, size_t n, const struct record_value *name)
{
	size_t start;

	if (scan->trusted || scan->usual_count != n || n == RECORD_USUAL_NAMES || name->escaped)
		return;
	start = usual_start(scan, n);
	if (name->len >= RECORD_USUAL_BYTES - start)
		return;
	memcpy(scan->usual + start, scan->s + name->at, name->len);
	scan->usual[start + name->len] = ':';
	scan->usual_end[n] = start + name->len + 1;
	scan->usual_count++;
}
