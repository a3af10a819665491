/* What the tests of hostile dumps share: a place where nothing may change, a door at which nobody may knock. */
#ifndef RESTORE_ATTACK_H
#define RESTORE_ATTACK_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "restore/restore.h"

static char place[] = "/tmp/bkm-attack-XXXXXX";

struct world {
	char *canary, *evil, *victim; /* a directory, what could be made in it, what lies there */
	int tcp;
	unsigned port;
};

static inline int
listen_at(const struct sockaddr *address, socklen_t len, int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, address, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static inline void
make_canary(const struct world *w)
{
	assert_int_equal(mkdir(w->canary, 0755), 0);
	assert_int_equal(fsio_write_atomic(w->victim, "alive\n", 6, 0644, NULL), 0);
}

static inline int
make_world(struct world *w)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);

	if (!mkdtemp(place) || chmod(place, 0755) < 0)
		return -1;
	w->canary = mem_printf("%s/canary", place);
	w->evil = mem_printf("%s/evil", w->canary);
	w->victim = mem_printf("%s/victim", w->canary);
	make_canary(w);
	w->tcp = listen_at((const struct sockaddr *)&in, len, AF_INET);
	assert_int_equal(getsockname(w->tcp, (struct sockaddr *)&in, &len), 0);
	w->port = ntohs(in.sin_port);
	return 0;
}

static inline int
end_world(struct world *w)
{
	(void)close(w->tcp);
	free(w->canary);
	free(w->evil);
	free(w->victim);
	return sandbox_remove_tree(AT_FDCWD, place, NULL);
}

static inline struct restore_result
drill(const char *path, const struct restore_options *options, const char *const *sql)
{
	struct restore_subject subject = {.path = path, .time = CLOCK_NONE, .sql = sql};
	struct sandbox_scratch *scratch = NULL;
	struct restore_result result;
	struct err err;

	assert_int_equal(sandbox_scratch_open(place, &scratch, &err), 0);
	assert_int_equal(restore_drill(&subject, options, scratch, &result, &err), 0);
	assert_int_equal(sandbox_scratch_close(scratch, false, &err), 0);
	return result;
}

static inline bool
was_called(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return false;
	(void)close(fd);
	return true;
}

static inline void
assert_untouched(const struct world *w)
{
	struct buf text = BUF_INIT;
	struct stat st;

	assert_int_equal(stat(w->victim, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(fsio_read_file(w->victim, 100, &text, NULL), 0);
	assert_string_equal(text.data, "alive\n");
	buf_release(&text);
	/* Nothing beside the victim: without it the directory is empty. */
	assert_int_equal(unlink(w->victim), 0);
	assert_int_equal(rmdir(w->canary), 0);
	make_canary(w);
}

#endif
