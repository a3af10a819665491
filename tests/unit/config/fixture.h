/*
 * A directory of its own with a config.yaml and whatever a test puts beside it.
 */
#ifndef TESTS_CONFIG_FIXTURE_H
#define TESTS_CONFIG_FIXTURE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../remove_tree.h"
#include "config/config.h"

struct fixture {
	char directory[64];
	const char *const *environment; /* name, value, …, NULL */
	struct config_options options;
	struct config *config;
	struct buf problems;
	struct err err;
};

static inline const char *
fixture_lookup(void *ctx, const char *name)
{
	const struct fixture *f = ctx;

	for (size_t i = 0; f->environment && f->environment[i]; i += 2) {
		if (strcmp(f->environment[i], name) == 0)
			return f->environment[i + 1];
	}
	return NULL;
}

/* Understands "daily" and the zone "UTC". */
static inline int
fixture_schedule(void *ctx, const char *schedule, const char *timezone, struct err *err)
{
	(void)ctx;
	if (schedule && strcmp(schedule, "daily") != 0)
		return err_set(err, ERR_CONFIG, "no schedule: '%s'", schedule);
	if (timezone && strcmp(timezone, "UTC") != 0)
		return err_set(err, ERR_CONFIG, "no time zone: '%s'", timezone);
	return 0;
}

static inline void
fixture_write(const struct fixture *f, const char *name, const char *text, mode_t mode)
{
	char *path = path_join(f->directory, name);
	struct err err = {0};

	assert_int_equal(fsio_write_atomic(path, text, strlen(text), mode, &err), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static inline int
fixture_setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	memcpy(f->directory, "/tmp/bkm-config.XXXXXX", sizeof("/tmp/bkm-config.XXXXXX"));
	f->problems = BUF_INIT;
	*state = f;
	return mkdtemp(f->directory) && chdir(f->directory) == 0 ? 0 : -1;
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;
	int rc;

	config_free(f->config);
	buf_release(&f->problems);
	rc = chdir("/") + remove_tree(f->directory);
	free(f);
	return rc;
}

/* Load config.yaml with this text; what was loaded before is forgotten. */
static inline int
fixture_load(struct fixture *f, const char *text)
{
	config_free(f->config);
	f->config = NULL;
	buf_clear(&f->problems);
	err_clear(&f->err);
	if (text)
		fixture_write(f, "config.yaml", text, 0644);
	f->options.lookup = fixture_lookup;
	f->options.lookup_ctx = f;
	f->options.check_schedule = fixture_schedule;
	return config_load(&f->config, &f->options, &f->problems, &f->err);
}

/* One location and nothing else. */
#define ONE "backups: {locations: [{name: a, path: a}]}\n"

#define CONFIG_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

#endif
