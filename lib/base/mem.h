/*
 * Memory that is there or the process ends: out of memory prints one line and exits 3.
 * Everything is released with free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);               /* zeroed */
void *mem_array(size_t count, size_t size); /* zeroed; overflow of count * size is out of memory */
void *mem_resize(void *ptr, size_t count, size_t size);
char *mem_strdup(const char *s); /* NULL stays NULL */
char *mem_strndup(const char *s, size_t len);
void *mem_dup(const void *data, size_t len);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Not zeroed, at the beginning of a page: for what read() fills. The kernel's copy needs five times as
 * long where the room does not begin at a multiple of 32 (measured on AMD Zen). */
void *mem_pages(size_t size);

/* Make room for one more element: grows *ptr (elements of size bytes) when *cap == count.
 *
 *	MEM_GROW(list->items, list->count, list->cap);
 *	list->items[list->count++] = item;
 */
#define MEM_GROW(ptr, count, cap) ((ptr) = mem_grow((ptr), (count), &(cap), sizeof(*(ptr))))
void *mem_grow(void *ptr, size_t count, size_t *cap, size_t size);

#endif
