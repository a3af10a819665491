// Any bytes as what a database server says: no crash, no endless answer, and rows that are strings.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "restore/mysql_private.h"
#include "restore/pg_private.h"

#define SAID_MAX 65536 /* less than a socket holds */

/* The clients connect to this; what they wait for is there, or never comes. */
static int connection = -1;

int socket(int domain, int type, int protocol);
int connect(int fd, const struct sockaddr *addr, socklen_t len);
int nanosleep(const struct timespec *requested_time, struct timespec *remaining);

int
socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return dup(connection);
}

int
connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	(void)fd;
	(void)addr;
	(void)len;
	return 0;
}

int
nanosleep(const struct timespec *requested_time, struct timespec *remaining)
{
	(void)requested_time;
	(void)remaining;
	return 0;
}

static void
pg_row(void *arg, char *const *values, size_t count)
{
	size_t total = 0;

	(void)arg;
	for (size_t i = 0; i < count; i++)
		total += values[i] ? strlen(values[i]) : 0;
	if (total > SAID_MAX)
		abort();
}

static int
mysql_row(void *arg, const struct restore_value *values, size_t count)
{
	uint32_t *sum = arg;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; values[i].data && k < values[i].len; k++)
			*sum += (uint8_t)values[i].data[k];
	return *sum > 100000 ? -1 : 0;
}

static void
pg(void)
{
	const struct restore_options options = {.max_ms = 1};
	struct restore_answer answer = {.magic = RESTORE_ANSWER_MAGIC};
	struct restore_child child = {.answer = &answer, .options = &options, .rootfd = -1};
	struct restore_watch watch = {.child = &child};
	struct restore_pg pg;

	restore_pg_init(&pg, &watch);
	if (restore_pg_connect(&pg, "fuzz") == RESTORE_PG_DONE) {
		enum restore_pg_end end = RESTORE_PG_DONE;

		for (int i = 0; i < 3 && end != RESTORE_PG_TROUBLE; i++) {
			end = restore_pg_query(&pg, "SELECT 1", 8, pg_row, NULL);
			if (end == RESTORE_PG_ROWS)
				end = restore_pg_rows(&pg, "1\n", 2);
			if (end == RESTORE_PG_ROWS)
				end = restore_pg_rows_end(&pg);
		}
	}
	if (strlen(answer.message) >= sizeof(answer.message) ||
	    !memchr(answer.server, '\0', sizeof(answer.server)))
		abort();
	restore_pg_close(&pg);
}

static void
mysql(void)
{
	struct restore_wire wire = {.fd = -1};
	uint32_t sum = 0;

	if (restore_wire_open(&wire, "s") < 0)
		return;
	for (int i = 0; i < 3; i++)
		if (restore_wire_query(&wire, "SELECT 1", 8, mysql_row, &sum) < 0)
			break;
	(void)restore_wire_reset(&wire);
	restore_wire_close(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fds[2];

	if (size < 1 || size > SAID_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return 0;
	connection = fds[0];
	if (send(fds[1], data + 1, size - 1, MSG_NOSIGNAL) == (ssize_t)size - 1 &&
	    shutdown(fds[1], SHUT_WR) == 0) {
		if (data[0] & 1)
			pg();
		else
			mysql();
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
	return 0;
}
