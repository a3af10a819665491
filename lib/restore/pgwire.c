// A client for a throw-away PostgreSQL server: connect, query, rows in, rows out.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "restore/pg_private.h"

#define SOCKET_PATH   RESTORE_PG_DATA "/.s.PGSQL.5432" /* from the scratch directory */
#define VERSION_3     196608
#define IN_SIZE       ((size_t)256 * 1024)
#define BODY_MAX      ((size_t)64 * 1024)
#define COLUMNS_MAX   16
#define WAIT_MS       100
#define GONE_PATIENCE 40

/* ---------------------------------------------------------------- bytes */

/* The connection is gone: let the watch say what became of the server. */
static int
gone(struct restore_pg *pg)
{
	struct buf text = BUF_INIT;

	for (int i = 0; i < GONE_PATIENCE; i++) {
		if (restore_watch_pause(pg->watch, 25) < 0)
			return -1;
	}
	str_add_visible(&text, pg->error.message, strnlen(pg->error.message, 120));
	restore_say(pg->watch->child->answer, RECORD_VERDICT_ERROR, "server",
	    "the server closed the connection%s%s", text.len ? ": " : "", text.data);
	buf_release(&text);
	return -1;
}

static int
receive(struct restore_pg *pg)
{
	ssize_t n;

	if (pg->pos) {
		memmove(pg->in, pg->in + pg->pos, pg->len - pg->pos);
		pg->len -= pg->pos;
		pg->pos = 0;
	}
	if (pg->len == IN_SIZE)
		return 0;
	n = recv(pg->fd, pg->in + pg->len, IN_SIZE - pg->len, MSG_DONTWAIT);
	if (n > 0)
		pg->len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return gone(pg);
	return 0;
}

static int
await(struct restore_pg *pg, short events)
{
	struct pollfd p = {.fd = pg->fd, .events = events};

	(void)poll(&p, 1, WAIT_MS);
	return restore_watch_look(pg->watch);
}

/* At least n bytes from pos on. */
static int
need(struct restore_pg *pg, size_t n)
{
	while (pg->len - pg->pos < n) {
		size_t had = pg->len - pg->pos;

		if (receive(pg) < 0)
			return -1;
		if (pg->len - pg->pos == had && await(pg, POLLIN) < 0)
			return -1;
	}
	return 0;
}

/* While the server does not take more, what it says is taken from it: else both would wait. */
static int
transmit(struct restore_pg *pg, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(pg->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return gone(pg);
		if (pg->len - pg->pos < IN_SIZE && receive(pg) < 0)
			return -1;
		if (await(pg, pg->len - pg->pos < IN_SIZE ? POLLIN | POLLOUT : POLLOUT) < 0)
			return -1;
	}
	return 0;
}

static int
send_message(struct restore_pg *pg, char type, const void *data, size_t len)
{
	char head[5] = {type};
	uint32_t size = htonl((uint32_t)(len + 4));

	memcpy(head + 1, &size, sizeof(size));
	return transmit(pg, head, sizeof(head)) < 0 ? -1 : transmit(pg, data, len);
}

static uint32_t
take_u32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return ntohl(v);
}

struct message {
	char type;
	const char *body; /* its first bytes, until the next one is read */
	size_t len;
};

/* What is longer than BODY_MAX is read, but not kept. */
static int
next_message(struct restore_pg *pg, struct message *m)
{
	size_t left;

	if (need(pg, 5) < 0)
		return -1;
	m->type = pg->in[pg->pos];
	left = take_u32(pg->in + pg->pos + 1);
	if (left < 4) {
		restore_say(pg->watch->child->answer, RECORD_VERDICT_ERROR, "server",
		    "the server speaks another protocol");
		return -1;
	}
	left -= 4;
	pg->pos += 5;
	m->len = left < BODY_MAX ? left : BODY_MAX;
	if (need(pg, m->len) < 0)
		return -1;
	left -= m->len;
	m->body = pg->in + pg->pos;
	if (left == 0) {
		pg->pos += m->len;
		return 0;
	}
	/* The rest is passed over; of such a message nothing is wanted. */
	pg->pos += m->len;
	m->len = 0;
	while (left) {
		size_t n;

		if (need(pg, 1) < 0)
			return -1;
		n = pg->len - pg->pos;
		n = n < left ? n : left;
		pg->pos += n;
		left -= n;
	}
	return 0;
}

/* ---------------------------------------------------------------- messages */

static void
take_error(struct restore_pg *pg, const struct message *m)
{
	const char *p = m->body, *end = m->body + m->len;

	pg->error = (struct restore_pg_error){.state = "XX000"};
	while (p < end && *p) {
		const char *value = p + 1;
		size_t len = strnlen(value, (size_t)(end - value));
		int n = (int)(len < 399 ? len : 399);

		if (*p == 'C')
			(void)snprintf(
			    pg->error.state, sizeof(pg->error.state), "%.*s", n < 5 ? n : 5, value);
		else if (*p == 'M')
			(void)snprintf(
			    pg->error.message, sizeof(pg->error.message), "%.*s", n, value);
		else if (*p == 'D')
			(void)snprintf(pg->error.detail, sizeof(pg->error.detail), "%.*s",
			    n < 199 ? n : 199, value);
		if (value + len >= end)
			break;
		p = value + len + 1;
	}
}

static void
take_row(const struct message *m, restore_pg_row *row, void *arg)
{
	char *text = mem_alloc(m->len + COLUMNS_MAX + 1), *values[COLUMNS_MAX] = {NULL},
	     *out = text;
	const char *p = m->body, *end = m->body + m->len;
	size_t count;

	if (m->len < 2)
		goto out;
	count = (size_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
	count = count < COLUMNS_MAX ? count : COLUMNS_MAX;
	p += 2;
	for (size_t i = 0; i < count && end - p >= 4; i++) {
		uint32_t len = take_u32(p);

		p += 4;
		if (len == UINT32_MAX)
			continue;
		if (len > (size_t)(end - p))
			break;
		memcpy(out, p, len);
		values[i] = out;
		out[len] = '\0';
		out += len + 1;
		p += len;
	}
	row(arg, values, count);
out:
	free(text);
}

/* To the end of what was asked. */
static enum restore_pg_end
take_answer(struct restore_pg *pg, restore_pg_row *row, void *arg)
{
	enum restore_pg_end end = RESTORE_PG_DONE;
	struct message m;

	for (;;) {
		if (next_message(pg, &m) < 0)
			return RESTORE_PG_TROUBLE;
		if (m.type == 'E') {
			take_error(pg, &m);
			end = RESTORE_PG_REFUSED;
		} else if (m.type == 'D' && row) {
			take_row(&m, row, arg);
		} else if (m.type == 'G') {
			return RESTORE_PG_ROWS;
		} else if (m.type == 'Z') {
			pg->transaction = m.len ? m.body[0] : 'I';
			return end;
		}
	}
}

void
restore_pg_init(struct restore_pg *pg, struct restore_watch *watch)
{
	*pg = (struct restore_pg){.watch = watch, .fd = -1, .in = mem_alloc(IN_SIZE)};
}

static void
hang_up(struct restore_pg *pg)
{
	if (pg->fd >= 0)
		(void)close(pg->fd);
	pg->fd = -1;
	pg->pos = pg->len = 0;
}

void
restore_pg_close(struct restore_pg *pg)
{
	if (pg->fd >= 0)
		(void)send(pg->fd, "X\0\0\0\4", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
	hang_up(pg);
	free(pg->in);
	pg->in = NULL;
}

static int
send_hello(struct restore_pg *pg, const char *database)
{
	static const char user[] =
	    "user\0" RESTORE_PG_USER "\0client_min_messages\0error\0database";
	struct buf hello = BUF_INIT;
	uint32_t word = htonl(VERSION_3);
	int r;

	buf_add(&hello, &word, sizeof(word));
	buf_add(&hello, &word, sizeof(word));
	buf_add(&hello, user, sizeof(user));
	buf_add(&hello, database, strlen(database) + 1);
	buf_char(&hello, '\0');
	word = htonl((uint32_t)hello.len);
	memcpy(hello.data, &word, sizeof(word));
	r = transmit(pg, hello.data, hello.len);
	buf_release(&hello);
	return r;
}

/* Name and value, each with its NUL; of all of them one is wanted. */
static void
take_parameter(struct restore_pg *pg, const struct message *m)
{
	static const char name[] = "server_version";
	struct restore_answer *a = pg->watch->child->answer;
	char version[32] = "";

	if (m->len <= sizeof(name) || memcmp(m->body, name, sizeof(name)) != 0)
		return;
	(void)snprintf(
	    version, sizeof(version), "%.*s", (int)(m->len - sizeof(name)), m->body + sizeof(name));
	version[strcspn(version, " ")] = '\0';
	(void)snprintf(a->server, sizeof(a->server), "PostgreSQL %s", version);
}

enum restore_pg_end
restore_pg_connect(struct restore_pg *pg, const char *database)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};

	hang_up(pg);
	pg->error = (struct restore_pg_error){.state = ""};
	pg->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pg->fd < 0 || connect(pg->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		(void)snprintf(pg->error.message, sizeof(pg->error.message), "%s", strerror(errno));
		return RESTORE_PG_REFUSED;
	}
	if (send_hello(pg, database) < 0)
		return RESTORE_PG_TROUBLE;
	/* Authentication is "trust": what comes is accepted or an error, then the parameters. A
	 * refusal ends the connection. */
	for (;;) {
		struct message m;

		if (next_message(pg, &m) < 0)
			return RESTORE_PG_TROUBLE;
		if (m.type == 'E') {
			take_error(pg, &m);
			hang_up(pg);
			return RESTORE_PG_REFUSED;
		}
		if (m.type == 'S')
			take_parameter(pg, &m);
		if (m.type == 'Z') {
			pg->transaction = 'I';
			return RESTORE_PG_DONE;
		}
	}
}

enum restore_pg_end
restore_pg_query(struct restore_pg *pg, const char *sql, size_t len, restore_pg_row *row, void *arg)
{
	char head[5] = {'Q'};
	uint32_t size = htonl((uint32_t)(len + 5));

	memcpy(head + 1, &size, sizeof(size));
	if (transmit(pg, head, sizeof(head)) < 0 || transmit(pg, sql, len) < 0 ||
	    transmit(pg, "", 1) < 0)
		return RESTORE_PG_TROUBLE;
	return take_answer(pg, row, arg);
}

enum restore_pg_end
restore_pg_rows(struct restore_pg *pg, const char *data, size_t len)
{
	if (send_message(pg, 'd', data, len) < 0 || receive(pg) < 0)
		return RESTORE_PG_TROUBLE;
	return pg->len > pg->pos && pg->in[pg->pos] == 'E' ? RESTORE_PG_REFUSED : RESTORE_PG_ROWS;
}

enum restore_pg_end
restore_pg_rows_end(struct restore_pg *pg)
{
	if (send_message(pg, 'c', "", 0) < 0)
		return RESTORE_PG_TROUBLE;
	return take_answer(pg, NULL, NULL);
}

/* ---------------------------------------------------------------- SQL */

void
restore_pg_name(struct buf *sql, const char *name)
{
	buf_char(sql, '"');
	for (; *name; name++) {
		if (*name == '"')
			buf_char(sql, '"');
		buf_char(sql, *name);
	}
	buf_char(sql, '"');
}

void
restore_pg_text(struct buf *sql, const char *text)
{
	if (strchr(text, '\\'))
		buf_str(sql, "E");
	buf_char(sql, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_char(sql, *text);
		buf_char(sql, *text);
	}
	buf_char(sql, '\'');
}
