// Buffers, memory, errors, paths.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/base.h"

static void
buffers_grow_to_their_maximum(void **state)
{
	struct buf b = BUF_INIT_MAX(10);
	char *s;

	(void)state;
	assert_string_equal(b.data, "");
	buf_str(&b, "12345");
	buf_char(&b, '6');
	buf_printf(&b, "%d", 789);
	assert_string_equal(b.data, "123456789");
	assert_false(b.failed);
	buf_str(&b, "xx");
	assert_true(b.failed);
	assert_string_equal(b.data, "123456789");
	buf_consume(&b, 4);
	assert_string_equal(b.data, "56789");
	s = buf_take(&b);
	assert_string_equal(s, "56789");
	assert_int_equal(b.len, 0);
	free(s);
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 3);
	buf_clear(&b);
	assert_string_equal(b.data, "");
	buf_release(&b);
	buf_release(&b);
}

static void
memory(void **state)
{
	int *list = NULL;
	size_t count = 0, cap = 0;
	char *s;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		MEM_GROW(list, count, cap);
		list[count++] = i;
	}
	assert_int_equal(list[999], 999);
	free(list);
	list =
	    mem_pages(100000); /* at the beginning of a page: whoever reads into it depends on it */
	assert_int_equal((uintptr_t)list % 4096, 0);
	free(list);
	assert_null(mem_strdup(NULL));
	s = mem_printf("%s-%d", "a", 1);
	assert_string_equal(s, "a-1");
	free(s);
	s = mem_strndup("abc", 2);
	assert_string_equal(s, "ab");
	free(s);
}

static void
errors_travel(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_set(&err, ERR_FORMAT, "bad '%s'", "x\n\x1b"), -1);
	assert_null(strchr(err.msg, '\n'));
	assert_null(strchr(err.msg, '\x1b'));
	assert_int_equal(err_wrap(&err, "outside"), -1);
	assert_true(str_has_prefix(err.msg, "outside: bad '"));
	assert_int_equal(err.code, ERR_FORMAT);
	errno = EACCES;
	assert_int_equal(err_sys(&err, ERR_IO, "cannot open '%s'", "f"), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(err.sys, EACCES);
	assert_string_equal(err.msg, "cannot open 'f': Permission denied");
	errno = ENOENT;
	(void)err_sys(&err, ERR_IO, "x");
	assert_int_equal(err.code, ERR_NOT_FOUND);
	for (int i = 0; i < 200; i++)
		(void)err_wrap(&err, "a long context \xe2\x82\xac");
	assert_true(strlen(err.msg) < ERR_MSG_MAX);
	err_clear(&err);
	assert_int_equal(err.code, ERR_NONE);
	assert_int_equal(err_set(NULL, ERR_IO, "nobody listens"), -1);
}

static void
paths(void **state)
{
	static const struct {
		const char *path, *clean, *dir, *base;
	} rows[] = {{"/a//b/./c/", "/a/b/c", NULL, NULL}, {"/a/../b", "/b", "/a/..", "b"},
	    {"", ".", ".", ""}, {"/", "/", "/", ""}, {"/..", "/", "/", ".."},
	    {"../a", "../a", "..", "a"}, {"a/../..", "..", "a/..", ".."}, {"/x", "/x", "/", "x"},
	    {"x", "x", ".", "x"}};
	char *s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		s = path_clean(rows[i].path);
		assert_string_equal(s, rows[i].clean);
		assert_int_equal(path_is_clean(rows[i].path),
		    rows[i].path[0] == '/' && !strcmp(rows[i].path, rows[i].clean));
		free(s);
		if (!rows[i].dir)
			continue;
		s = path_dir(rows[i].path);
		assert_string_equal(s, rows[i].dir);
		free(s);
		assert_string_equal(path_base(rows[i].path), rows[i].base);
	}
	s = path_join("/a", "b");
	assert_string_equal(s, "/a/b");
	free(s);
	s = path_join("/a", "/b");
	assert_string_equal(s, "/b");
	free(s);
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a", "/a"));
	assert_true(path_is_below("/a", "/"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/", "/a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(buffers_grow_to_their_maximum),
	    cmocka_unit_test(memory),
	    cmocka_unit_test(errors_travel),
	    cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
