// Memory for the decoded values of one record, freed all at once.
#include <stdlib.h>

#include "record/record_private.h"

#define CHUNK ((size_t)4096)

struct chunk {
	struct chunk *next;
	size_t used, size;
	char data[];
};

struct record_arena {
	struct chunk *first; /* newest first; the last of the list is kept by a reset */
};

struct record_arena *
record_arena_new(void)
{
	return mem_alloc(sizeof(struct record_arena));
}

void
record_arena_reset(struct record_arena *arena)
{
	struct chunk *c = arena->first;

	while (c && c->next) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
	if (c && c->size > CHUNK) {
		free(c);
		c = NULL;
	}
	if (c)
		c->used = 0;
	arena->first = c;
}

void
record_arena_free(struct record_arena *arena)
{
	if (!arena)
		return;
	record_arena_reset(arena);
	free(arena->first);
	free(arena);
}

char *
record_arena_alloc(struct record_arena *arena, size_t size)
{
	struct chunk *c = arena->first;

	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;

		c = mem_alloc(sizeof(*c) + room);
		c->size = room;
		c->next = arena->first;
		arena->first = c;
	}
	c->used += size;
	return c->data + c->used - size;
}
