// The names of a directory put in order, by what eight bytes of them are as a number.
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "scan/walk_private.h"

#define KEY_SIZE sizeof(uint64_t)
#define FEW      32 /* that are put in order by insertion */
#define EACH(x)  (UINT64_C(0x0101010101010101) * (x))

struct item {               /* small: of a very large directory there are as many */
	uint32_t low, high; /* of the key */
	uint32_t name;
};

static uint64_t
key_of(const struct item *item)
{
	return (uint64_t)item->high << 32 | item->low;
}

/* The eight bytes of a name at depth, which is no further than its end; zero from there on. */
static uint64_t
read_key(const char *s)
{
	uint64_t w, end;

	memcpy(&w, s, sizeof(w));
	w = le64toh(w);
	end = (w - EACH(0x01)) & ~w & EACH(0x80);
	end &= -end; /* only the first one is sure to be a zero */
	return htobe64(htole64(end ? w & ((end >> 7) - 1) : w));
}

/* Returns the bits in which they differ. */
static uint64_t
set_keys(const char *names, struct item *list, size_t count, size_t depth)
{
	uint64_t first = read_key(names + list[0].name + depth), differ = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t key = read_key(names + list[i].name + depth);

		list[i].low = (uint32_t)key;
		list[i].high = (uint32_t)(key >> 32);
		differ |= key ^ first;
	}
	return differ;
}

static void
insert(struct item *list, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct item item = list[i];
		size_t at = i;

		for (; at > 0 && key_of(&list[at - 1]) > key_of(&item); at--)
			list[at] = list[at - 1];
		list[at] = item;
	}
}

static unsigned
byte_of(const struct item *item, unsigned bit)
{
	return (bit < 32 ? item->low >> bit : item->high >> (bit - 32)) & 0xff;
}

/* By the byte that begins at this bit; what is equal there stays in its order. */
static void
distribute(const struct item *from, struct item *to, size_t count, unsigned bit)
{
	uint32_t at[256] = {0}, sum = 0;

	for (size_t i = 0; i < count; i++)
		at[byte_of(&from[i], bit)]++;
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		uint32_t n = at[i];

		at[i] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++)
		to[at[byte_of(&from[i], bit)]++] = from[i];
}

static void
by_key(struct item *list, struct item *spare, size_t count, uint64_t differ)
{
	struct item *from = list, *to = spare;

	if (count <= FEW) {
		insert(list, count);
		return;
	}
	for (unsigned bit = 0; bit < 64; bit += 8) {
		if (differ >> bit & 0xff) {
			struct item *sorted = to;

			distribute(from, to, count, bit);
			to = from;
			from = sorted;
		}
	}
	if (from != list)
		memcpy(list, from, count * sizeof(*list));
}

static size_t
equal_keys(const struct item *list, size_t count)
{
	size_t n = 1;

	while (n < count && key_of(&list[n]) == key_of(list))
		n++;
	return n;
}

/* The name goes on behind its key. */
static bool
goes_on(const struct item *item)
{
	return (item->low & 0xff) != 0;
}

/* Names that are equal up to depth. */
static void
sort_from(const char *names, struct item *list, struct item *spare, size_t count, size_t depth)
{
	uint64_t differ = set_keys(names, list, count, depth);

	/* Begin the keys where they differ first. */
	while (differ >> 56 == 0) {
		if (differ == 0 && !goes_on(list))
			return;
		depth += differ ? (size_t)__builtin_clzll(differ) / 8 : KEY_SIZE;
		differ = set_keys(names, list, count, depth);
	}
	by_key(list, spare, count, differ);
	for (size_t i = 0, n; i < count; i += n) {
		n = equal_keys(list + i, count - i);
		if (n > 1 && goes_on(&list[i]))
			sort_from(names, list + i, spare, n, depth + KEY_SIZE);
	}
}

void
scan_walk_sort(struct walk_worker *worker)
{
	static const char padding[KEY_SIZE];
	size_t count = worker->list_count;
	struct item *items;

	if (count < 2)
		return;
	buf_add(&worker->names, padding, sizeof(padding));
	items = mem_resize(NULL, 2 * count, sizeof(*items));
	for (size_t i = 0; i < count; i++)
		items[i].name = worker->list[i];
	sort_from(worker->names.data, items, items + count, count, 0);
	for (size_t i = 0; i < count; i++)
		worker->list[i] = items[i].name;
	free(items);
}
