// A worker process: takes requests and open files from its socket, answers, and knows nothing else.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "verify/worker_private.h"

/* One message: the requests, and as many descriptors beside them. The number, 0 at the end, -1. */
static ssize_t
receive(int socket, struct verify_request *requests, int *fds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * VERIFY_FDS)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = requests, .iov_len = sizeof(*requests) * VERIFY_BATCH};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.buf,
	    .msg_controllen = sizeof(control.buf),
	};
	ssize_t n;
	do
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	size_t count = (size_t)n / sizeof(*requests);
	size_t aside = verify_role_has_aside((enum verify_role)requests[0].role);
	if (!c || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int) * (count + aside)))
		return -1;
	memcpy(fds, CMSG_DATA(c), sizeof(int) * (count + aside));
	return (ssize_t)count;
}

static struct verify_job
job_of(const struct verify_request *q, const int *fd)
{
	struct verify_job job = {
	    .fd = fd[0],
	    .role = (enum verify_role)q->role,
	    .aside = verify_role_has_aside((enum verify_role)q->role) ? fd[1] : -1,
	    .content = q->content,
	    .stream = q->stream,
	    .name = q->name,
	    .max_ms = q->max_ms,
	    .size = q->size,
	    .mtime = q->mtime,
	    .mtime_nsec = q->mtime_nsec,
	};
	for (size_t i = 0; i < VERIFY_DIGESTS; i++)
		job.algorithms[i] = *q->algorithms[i] ? q->algorithms[i] : NULL;
	return job;
}

static size_t
count_plain(const struct verify_request *requests, size_t count)
{
	size_t n = 0;
	while (n < count && verify_is_plain(&requests[n]))
		n++;
	return n;
}

static void
work(struct verify_context *context, const struct verify_request *requests, const int *fds,
    struct verify_answer *answers, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t n = count_plain(requests + i, count - i);
		if (n > 1 && verify_lanes(context, requests + i, fds + i, answers + i, n)) {
			i += n;
			continue;
		}
		struct verify_job job = job_of(&requests[i], &fds[i]);
		context->limits.threads = requests[i].threads;
		verify_worker_examine(context, &job, requests[i].cached, &answers[i]);
		if (job.aside >= 0)
			close(job.aside);
		i++;
	}
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

int
verify_worker_main(int socket, const struct verify_limits *limits)
{
	struct verify_context context;
	struct verify_request *requests = mem_array(VERIFY_BATCH, sizeof(*requests));
	struct verify_answer *answers = mem_array(VERIFY_BATCH, sizeof(*answers));
	int fds[VERIFY_FDS];
	ssize_t n;
	verify_context_init(&context, limits);
	while ((n = receive(socket, requests, fds)) > 0) {
		work(&context, requests, fds, answers, (size_t)n);
		if (send(socket, answers, (size_t)n * sizeof(*answers), MSG_NOSIGNAL) < 0)
			break;
	}
	verify_context_release(&context);
	free(requests);
	free(answers);
	return n == 0 ? 0 : 1;
}
