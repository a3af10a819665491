// The listing of a directory: its names in the order of their bytes, whatever they are.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "scan/scan.h"

struct names {
	char **items;
	size_t count, cap;
	char dir[64];
	int fd;
};

static void
add(struct names *names, const char *name)
{
	int fd = openat(names->fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return; /* it is there */
	assert_int_equal(close(fd), 0);
	MEM_GROW(names->items, names->count, names->cap);
	names->items[names->count++] = mem_strdup(name);
}

static void
begin(struct names *names)
{
	*names = (struct names){.dir = "/tmp/walk_test.XXXXXX"};
	assert_non_null(mkdtemp(names->dir));
	names->fd = open(names->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(names->fd >= 0);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The walk lists what was made, in order; then it is removed. */
static void
check(struct names *names)
{
	const struct scan_walk_options options = {.path = names->dir};
	const struct scan_listing *listing;
	struct scan_walk *walk;
	struct scan_root root;
	size_t found = 0;

	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), by_name);
	assert_int_equal(scan_walk_open(&walk, &options, &root, NULL), 0);
	while (scan_walk_next(walk, -1, &listing, NULL) > 0) {
		for (size_t i = 0; i < listing->count; i++, found++) {
			assert_true(found < names->count);
			assert_string_equal(listing->entries[i].name, names->items[found]);
			assert_int_equal(listing->entries[i].name_len, strlen(names->items[found]));
		}
	}
	scan_walk_close(walk);
	assert_int_equal(found, names->count);
	for (size_t i = 0; i < names->count; i++) {
		assert_int_equal(unlinkat(names->fd, names->items[i], 0), 0);
		free(names->items[i]);
	}
	free(names->items);
	assert_int_equal(close(names->fd), 0);
	assert_int_equal(rmdir(names->dir), 0);
}

static void
few_names(void **state)
{
	struct names names;

	(void)state;
	begin(&names);
	check(&names);
	begin(&names);
	add(&names, "one");
	check(&names);
}

static void
names_that_begin_alike(void **state)
{
	char name[65];
	struct names names;

	(void)state;
	begin(&names);
	for (size_t len = 1; len < sizeof(name); len++) {
		memset(name, 'x', sizeof(name));
		name[len] = '\0';
		add(&names, name);
		name[len - 1] = '\xff';
		add(&names, name);
		name[len - 1] = '\x01';
		add(&names, name);
	}
	check(&names);
}

static void
names_of_dates(void **state)
{
	char name[64];
	struct names names;

	(void)state;
	begin(&names);
	for (unsigned i = 0; i < 2000; i++) {
		unsigned n = i * 7919 % 2000; /* each once, out of order */

		(void)snprintf(name, sizeof(name), "app-2026-%02u-%02u_%02u00.tar.gz%s",
		    n / 600 % 12 + 1, n / 24 % 28 + 1, n % 24, n % 5 ? "" : ".gpg");
		add(&names, name);
	}
	check(&names);
}

static void
names_of_any_bytes(void **state)
{
	uint64_t x = 1;
	char name[32];
	struct names names;

	(void)state;
	begin(&names);
	for (unsigned i = 0; i < 2000; i++) {
		size_t len = 1;

		for (;; len++) {
			x = x * 6364136223846793005U + 1442695040888963407U;
			name[len - 1] = (char)(x >> 33 & (i % 2 ? 0xff : 0x03));
			name[len - 1] =
			    (char)(name[len - 1] == '/' || !name[len - 1] ? '0' : name[len - 1]);
			if (len == 30 || (x >> 50) % 8 == 0)
				break;
		}
		name[len] = '\0';
		if (name[0] != '.')
			add(&names, name);
	}
	check(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(few_names),
	    cmocka_unit_test(names_that_begin_alike),
	    cmocka_unit_test(names_of_dates),
	    cmocka_unit_test(names_of_any_bytes),
	};

	return cmocka_run_group_tests_name("scan/walk", tests, NULL, NULL);
}
