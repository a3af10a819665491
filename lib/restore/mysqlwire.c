// The client's side of the MySQL protocol over a Unix socket: log in, send a statement, read rows.
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "restore/mysql_private.h"

/* The layout of the packets: dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html and
 * mariadb.com/kb/en/clientserver-protocol. Numbers are little-endian. */
#define HEAD       4
#define PART_MAX   ((size_t)0xffffff)
#define PACKET_MAX ((size_t)256 << 20)
#define POLL_MS    200
#define FIELDS_MAX 4096

enum {
	CAN_LONG_PASSWORD = 0x1,
	CAN_LONG_FLAG = 0x4,
	CAN_PROTOCOL_41 = 0x200,
	CAN_TRANSACTIONS = 0x2000,
	CAN_SECURE_CONNECTION = 0x8000,
	CAN_MULTI_RESULTS = 0x20000,
	CAN_PLUGIN_AUTH = 0x80000,
};
/* Not among them: local files, several statements in one. */
#define CAPABILITIES                                                                               \
	((uint32_t)(CAN_LONG_PASSWORD | CAN_LONG_FLAG | CAN_PROTOCOL_41 | CAN_TRANSACTIONS |       \
	    CAN_SECURE_CONNECTION | CAN_MULTI_RESULTS | CAN_PLUGIN_AUTH))

#define CHARSET_UTF8MB4 45
#define COM_QUERY       0x03
#define COM_RESET       0x1f
#define STATUS_MORE     0x8

#define IS_OK    0x00
#define IS_LOCAL 0xfb
#define IS_EOF   0xfe
#define IS_ERROR 0xff

/* A packet being taken apart; failed once it is shorter than it says. */
struct reader {
	const uint8_t *p;
	size_t len;
	bool failed;
};

static const uint8_t *
take(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->failed || n > r->len) {
		r->failed = true;
		return NULL;
	}
	r->p += n;
	r->len -= n;
	return p;
}

static uint64_t
take_number(struct reader *r, size_t bytes)
{
	const uint8_t *p = take(r, bytes);
	uint64_t v = 0;

	for (size_t i = 0; p && i < bytes; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

/* A number of one to nine bytes. */
static uint64_t
take_length(struct reader *r)
{
	uint64_t first = take_number(r, 1);

	if (first == 0xfc)
		return take_number(r, 2);
	if (first == 0xfd)
		return take_number(r, 3);
	if (first == 0xfe)
		return take_number(r, 8);
	r->failed |= first > 0xfa;
	return first;
}

static int
fail(struct restore_wire *w, const char *what)
{
	(void)snprintf(w->message, sizeof(w->message), "%s", what);
	return -1;
}

static int
broken(struct restore_wire *w)
{
	return fail(w, "the server does not keep to the protocol");
}

/* ---------------------------------------------------------------- bytes */

/* Wait until the socket is ready; -1 if whoever waits has enough. */
static int
wait_for(struct restore_wire *w, short events)
{
	struct pollfd pfd = {.fd = w->fd, .events = events};

	for (;;) {
		int n = poll(&pfd, 1, POLL_MS);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return fail(w, "cannot wait for the server");
		if (w->idle && w->idle(w->idle_arg) < 0)
			return fail(w, "stopped");
	}
}

static int
send_all(struct restore_wire *w, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(w->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			if (wait_for(w, POLLOUT) < 0)
				return -1;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return fail(w, "the server is gone");
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int
receive(struct restore_wire *w, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = recv(w->fd, p, len, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			if (wait_for(w, POLLIN) < 0)
				return -1;
			continue;
		}
		if (n == 0 || (n < 0 && errno != EINTR))
			return fail(w, "the server is gone");
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* first is put in front of data: the command byte. */
static int
send_packet(struct restore_wire *w, const char *first, const void *data, size_t len)
{
	size_t front = first ? 1 : 0, total = len + front;
	const char *p = data;

	for (;;) {
		size_t part = total < PART_MAX ? total : PART_MAX;
		uint8_t head[HEAD] = {
		    (uint8_t)part, (uint8_t)(part >> 8), (uint8_t)(part >> 16), w->sequence++};

		if (send_all(w, head, HEAD) < 0 || (front && send_all(w, first, 1) < 0) ||
		    send_all(w, p, part - front) < 0)
			return -1;
		p += part - front;
		total -= part;
		front = 0;
		if (part < PART_MAX)
			return 0;
	}
}

static int
receive_packet(struct restore_wire *w, struct reader *ret)
{
	size_t part;

	buf_clear(&w->packet);
	do {
		uint8_t head[HEAD];
		char *room;

		if (receive(w, head, HEAD) < 0)
			return -1;
		part = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
		w->sequence = (uint8_t)(head[3] + 1);
		room = buf_reserve(&w->packet, part);
		if (!room)
			return fail(w, "the server answers without end");
		if (receive(w, room, part) < 0)
			return -1;
		w->packet.len += part;
	} while (part == PART_MAX);
	*ret = (struct reader){.p = (const uint8_t *)w->packet.data, .len = w->packet.len};
	return 0;
}

/* ---------------------------------------------------------------- answers */

/* Returns 1: the server refuses, number and text of it kept. */
static int
take_error(struct restore_wire *w, struct reader *r)
{
	struct buf text = BUF_INIT;

	(void)take(r, 1);
	w->error = (unsigned)take_number(r, 2);
	if (r->len >= 6 && r->p[0] == '#')
		(void)take(r, 6);
	str_add_visible(&text, r->p, r->len < sizeof(w->message) ? r->len : sizeof(w->message));
	(void)snprintf(w->message, sizeof(w->message), "%s", text.data);
	buf_release(&text);
	return r->failed ? broken(w) : 1;
}

/* The status bits of what ends a result: OK or, before the rows and behind them, EOF. */
static unsigned
take_status(struct restore_wire *w, struct reader *r)
{
	unsigned status;

	if (take_number(r, 1) == IS_OK) {
		(void)take_length(r);
		(void)take_length(r);
		status = (unsigned)take_number(r, 2);
		w->warnings = (unsigned)take_number(r, 2);
		return status;
	}
	w->warnings = (unsigned)take_number(r, 2);
	return (unsigned)take_number(r, 2);
}

static bool
is_end(const struct reader *r)
{
	return r->len >= 1 && r->len < 9 && r->p[0] == IS_EOF;
}

static int
take_row(struct reader *r, struct restore_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (r->len && r->p[0] == IS_LOCAL) {
			(void)take(r, 1);
			values[i] = (struct restore_value){.data = NULL};
			continue;
		}
		values[i].len = (size_t)take_length(r);
		values[i].data = (const char *)take(r, values[i].len);
	}
	return r->failed ? -1 : 0;
}

/* The columns, and then the rows, of a result of count columns: 0, 1, -1. */
static int
take_result(struct restore_wire *w, size_t count,
    int (*row)(void *, const struct restore_value *, size_t), void *arg, unsigned *ret_status)
{
	struct restore_value *values = mem_array(count, sizeof(*values));
	struct reader r;
	int result = 0;

	for (int ends = 0; result == 0 && ends < 2;) {
		result = receive_packet(w, &r);
		if (result < 0)
			break;
		if (r.len && r.p[0] == IS_ERROR) {
			result = take_error(w, &r);
		} else if (is_end(&r)) {
			*ret_status = take_status(w, &r);
			ends++;
		} else if (ends && take_row(&r, values, count) < 0) {
			result = broken(w);
		} else if (ends && row && row(arg, values, count) < 0) {
			result = fail(w, "stopped");
		}
	}
	free(values);
	return result;
}

int
restore_wire_query(struct restore_wire *w, const char *sql, size_t len,
    int (*row)(void *, const struct restore_value *, size_t), void *arg)
{
	const char command = COM_QUERY;
	unsigned status = 0;
	struct reader r;
	int result;

	w->sequence = 0;
	w->error = 0;
	if (send_packet(w, &command, sql, len) < 0)
		return -1;
	do {
		uint64_t count;

		if (receive_packet(w, &r) < 0)
			return -1;
		if (r.len == 0)
			return broken(w);
		if (r.p[0] == IS_ERROR)
			return take_error(w, &r);
		if (r.p[0] == IS_LOCAL)
			return fail(w, "the server asks for a local file");
		if (r.p[0] == IS_OK) {
			status = take_status(w, &r);
			if (r.failed)
				return broken(w);
			continue;
		}
		count = take_length(&r);
		if (r.failed || count == 0 || count > FIELDS_MAX)
			return broken(w);
		result = take_result(w, (size_t)count, row, arg, &status);
		if (result != 0)
			return result;
	} while (status & STATUS_MORE);
	return 0;
}

int
restore_wire_reset(struct restore_wire *w)
{
	const char command = COM_RESET;
	struct reader r;

	w->sequence = 0;
	if (send_packet(w, &command, "", 0) < 0 || receive_packet(w, &r) < 0)
		return -1;
	return r.len && r.p[0] == IS_OK ? 0 : fail(w, "the server does not reset the session");
}

/* ---------------------------------------------------------------- the session */

static int
take_greeting(struct restore_wire *w)
{
	struct buf text = BUF_INIT_MAX(sizeof(w->version));
	struct reader r;
	const uint8_t *end;

	if (receive_packet(w, &r) < 0)
		return -1;
	if (r.len && r.p[0] == IS_ERROR) {
		(void)take_error(w, &r);
		return -1;
	}
	if (take_number(&r, 1) != 10 || r.failed)
		return broken(w);
	end = memchr(r.p, '\0', r.len);
	if (!end)
		return broken(w);
	str_add_visible(&text, r.p, (size_t)(end - r.p) < 60 ? (size_t)(end - r.p) : 60);
	/* MariaDB from 10 on calls itself "5.5.5-10.11.19-MariaDB" to old clients. */
	(void)snprintf(w->version, sizeof(w->version), "%s",
	    str_has_prefix(text.data, "5.5.5-") ? text.data + 6 : text.data);
	buf_release(&text);
	return 0;
}

static int
log_in(struct restore_wire *w)
{
	static const char who[] = "root\0\0mysql_native_password";
	uint8_t answer[32 + sizeof(who)] = {0};
	struct reader r;

	for (size_t i = 0; i < 4; i++)
		answer[i] = (uint8_t)(CAPABILITIES >> (8 * i));
	answer[7] = 0x40; /* the largest packet: 1 GiB */
	answer[8] = CHARSET_UTF8MB4;
	memcpy(answer + 32, who, sizeof(who));
	if (send_packet(w, NULL, answer, sizeof(answer)) < 0)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (receive_packet(w, &r) < 0)
			return -1;
		if (r.len == 0)
			return broken(w);
		if (r.p[0] == IS_OK)
			return 0;
		if (r.p[0] == IS_ERROR) {
			(void)take_error(w, &r);
			return -1;
		}
		/* Another way to prove it: with no password the proof is empty in all of them. */
		if (r.p[0] == IS_EOF && send_packet(w, NULL, "", 0) < 0)
			return -1;
	}
	return broken(w);
}

int
restore_wire_open(struct restore_wire *w, const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	w->fd = -1;
	w->packet = BUF_INIT_MAX(PACKET_MAX);
	w->message[0] = '\0';
	if (strlen(socket_path) >= sizeof(address.sun_path))
		return fail(w, "the path of the socket is too long");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->fd >= 0 && connect(w->fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    take_greeting(w) == 0 && log_in(w) == 0)
		return 0;
	restore_wire_close(w);
	return -1;
}

void
restore_wire_close(struct restore_wire *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
	buf_release(&w->packet);
}
