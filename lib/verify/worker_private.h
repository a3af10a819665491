/*
 * Inside verify: what goes between the pool and its workers. Requests travel over a socketpair,
 * each with the descriptors of its files; answers come back over the same socket. A worker may be
 * in the hands of whoever wrote the backup: its answers are fixed in size and checked.
 */
#ifndef VERIFY_WORKER_PRIVATE_H
#define VERIFY_WORKER_PRIVATE_H

#include "verify/verify_private.h"

#define VERIFY_NAME_SENT 256

struct verify_request {
	uint64_t size;
	int64_t mtime;
	int64_t max_ms;
	uint64_t cached;
	uint32_t mtime_nsec;
	unsigned threads; /* that it may take for decoding */
	bool content, stream;
	uint8_t role; /* enum verify_role */
	char algorithms[VERIFY_DIGESTS][HASH_NAME_MAX];
	char name[VERIFY_NAME_SENT];
};

/* As many small files travel in one message; large ones go alone. */
#define VERIFY_BATCH 64
#define VERIFY_FDS   (VERIFY_BATCH + 1) /* who brings another descriptor travels alone */

void verify_worker_examine(struct verify_context *context, const struct verify_job *job,
    uint64_t cached, struct verify_answer *a);

/* Is a digest that two files may share a thread for all that is asked for? */
bool verify_is_plain(const struct verify_request *q);

/* Files of which only the digest is wanted, two at a time (lanes.c). fds stay with the caller.
 * False: that cannot be done here, and nothing was done. */
bool verify_lanes(struct verify_context *context, const struct verify_request *requests,
    const int *fds, struct verify_answer *answers, size_t count);

/* Parts of an answer (examine.c): what could not be done; whether the file was left as it was. */
void verify_answer_failed(struct verify_answer *a, enum verify_reason reason, const char *detail);
void verify_answer_settle(
    struct verify_answer *a, const struct verify_job *job, const struct verify_input *in);

/* The life of a worker: jobs from the socket until it closes. Returns the exit status. */
int verify_worker_main(int socket, const struct verify_limits *limits);

#endif
