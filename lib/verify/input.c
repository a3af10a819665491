// One pass over an open file: each block is read once, digested, and handed to whoever decodes it.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "verify/verify_private.h"

#define STRIPES   64
#define DROP_STEP (8U << 20) /* the page cache is given back in pieces of this size */

/* Blocks go round: the reader fills block n only after the hasher has done with block n - 4. */
struct verify_hasher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	size_t len[VERIFY_BLOCKS];
	uint64_t filled; /* blocks that the reader handed over */
	uint64_t hashed; /* blocks that the hasher has done */
	bool ended;
	struct verify_input *in;
	bool failed;
};

static int
hash_block(struct verify_input *in, const uint8_t *data, size_t len)
{
	for (unsigned i = 0; i < in->digests; i++)
		if (hash_update(in->context->hashes[i], data, len, NULL) < 0)
			return -1;
	return 0;
}

static void *
hasher_main(void *arg)
{
	struct verify_hasher *h = arg;
	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (h->hashed == h->filled && !h->ended)
			pthread_cond_wait(&h->wake, &h->lock);
		if (h->hashed == h->filled)
			break;
		size_t i = h->hashed % VERIFY_BLOCKS;
		pthread_mutex_unlock(&h->lock);
		int r = hash_block(h->in, h->in->context->blocks + i * VERIFY_BLOCK, h->len[i]);
		pthread_mutex_lock(&h->lock);
		h->failed = h->failed || r < 0;
		h->hashed++;
		pthread_cond_signal(&h->wake);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* Without a thread (the system may refuse one) the digests are taken in place. */
static void
hasher_start(struct verify_input *in)
{
	struct verify_hasher *h = mem_alloc(sizeof(*h));
	h->in = in;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->wake, NULL);
	if (pthread_create(&h->thread, NULL, hasher_main, h) == 0) {
		in->hasher = h;
		return;
	}
	pthread_cond_destroy(&h->wake);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static bool
hasher_stop(struct verify_input *in)
{
	struct verify_hasher *h = in->hasher;
	if (!h)
		return true;
	pthread_mutex_lock(&h->lock);
	h->ended = true;
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	bool ok = !h->failed;
	pthread_cond_destroy(&h->wake);
	pthread_mutex_destroy(&h->lock);
	free(h);
	in->hasher = NULL;
	return ok;
}

static void
hasher_wait_for_room(struct verify_hasher *h)
{
	pthread_mutex_lock(&h->lock);
	while (h->filled - h->hashed >= VERIFY_BLOCKS)
		pthread_cond_wait(&h->wake, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

static void
hasher_give(struct verify_hasher *h, size_t len)
{
	pthread_mutex_lock(&h->lock);
	h->len[h->filled % VERIFY_BLOCKS] = len;
	h->filled++;
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->lock);
}

/* ---------------------------------------------------------------- the page cache */

/*
 * One page in the middle of each stripe stands for the stripe. mincore() tells the truth only to
 * who may write the file or owns it; anybody else sees everything as cached, so for them nothing is
 * taken to be: a backup that others need in memory is rarer than a host whose cache we wipe.
 */
uint64_t
verify_cached(int fd, uint64_t size)
{
	struct stat st;
	uint64_t bits = 0;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (size < STRIPES * page)
		return 0;
	if (fstat(fd, &st) < 0 || (geteuid() != 0 && geteuid() != st.st_uid))
		return 0;
	void *map = mmap(NULL, size, PROT_NONE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return 0;
	for (unsigned i = 0; i < STRIPES; i++) {
		uint64_t at = (size / STRIPES * i + size / STRIPES / 2) / page * page;
		unsigned char resident = 0;
		if (mincore((char *)map + at, 1, &resident) == 0 && (resident & 1))
			bits |= UINT64_C(1) << i;
	}
	munmap(map, size);
	return bits;
}

static bool
was_cached(const struct verify_input *in, uint64_t pos)
{
	uint64_t stripe = in->size / STRIPES ? pos / (in->size / STRIPES) : 0;
	return in->cached >> (stripe < STRIPES ? stripe : STRIPES - 1) & 1;
}

static void
give_back(struct verify_input *in, bool all)
{
	while (in->dropped < in->pos && (all || in->pos - in->dropped >= DROP_STEP)) {
		uint64_t len =
		    in->pos - in->dropped < DROP_STEP ? in->pos - in->dropped : DROP_STEP;
		if (!was_cached(in, in->dropped))
			(void)posix_fadvise(
			    in->fd, (off_t)in->dropped, (off_t)len, POSIX_FADV_DONTNEED);
		in->dropped += len;
	}
}

/* ---------------------------------------------------------------- reading */

void
verify_context_init(struct verify_context *c, const struct verify_limits *limits)
{
	*c = (struct verify_context){0};
	c->blocks = mem_pages(VERIFY_BLOCKS * VERIFY_BLOCK);
	if (limits)
		c->limits = *limits;
}

void
verify_context_release(struct verify_context *c)
{
	for (size_t i = 0; i < VERIFY_DIGESTS; i++)
		hash_free(c->hashes[i]);
	hash_pair_free(c->pair);
	free(c->blocks);
}

/* The hash of that name in slot i; kept from file to file. */
static int
prepare(struct verify_context *c, unsigned i, const char *algorithm, struct err *err)
{
	char name[HASH_NAME_MAX];
	if (hash_canonical(algorithm, name) < 0)
		return err_set(err, ERR_UNSUPPORTED, "unknown digest '%s'", algorithm);
	if (c->hashes[i] && strcmp(hash_name(c->hashes[i]), name) != 0) {
		hash_free(c->hashes[i]);
		c->hashes[i] = NULL;
	}
	if (!c->hashes[i] && hash_new(algorithm, &c->hashes[i], err) < 0)
		return -1;
	return hash_begin(c->hashes[i], err);
}

int
verify_input_open(struct verify_input *in, struct verify_context *c, int fd, uint64_t size,
    uint64_t cached, const char *const algorithms[VERIFY_DIGESTS], bool threaded, struct err *err)
{
	*in = (struct verify_input){.context = c, .fd = fd, .size = size, .cached = cached};
	in->ask_cache = size && size < STRIPES * (uint64_t)sysconf(_SC_PAGESIZE);
	for (unsigned i = 0; i < VERIFY_DIGESTS && algorithms[i]; i++) {
		if (prepare(c, i, algorithms[i], err) < 0)
			return -1;
		in->digests++;
	}
	if (size > VERIFY_BLOCK)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (threaded && in->digests)
		hasher_start(in);
	return 0;
}

static ssize_t
at_end(struct verify_input *in)
{
	in->ended = true;
	give_back(in, true);
	return 0;
}

/* A small file is first asked for what is to come from memory or not at all: that tells whether it was
 * there, and mostly is all of it. What a file system cannot tell counts as not cached. */
static ssize_t
read_block(struct verify_input *in, uint8_t *block)
{
	struct iovec iov = {.iov_base = block, .iov_len = VERIFY_BLOCK};
	ssize_t n = in->ask_cache ? preadv2(in->fd, &iov, 1, -1, RWF_NOWAIT) : -1;
	if (in->ask_cache)
		in->cached = n > 0 && (uint64_t)n > in->size / 2 ? UINT64_MAX : 0;
	in->ask_cache = false;
	if (n > 0)
		return n;
	do
		n = read(in->fd, block, VERIFY_BLOCK);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t
verify_input_read(struct verify_input *in, const uint8_t **ret_data, struct err *err)
{
	ssize_t n;
	if (in->ended)
		return 0;
	if (in->short_read && in->pos == in->size) /* whether it has grown since, fstat() says */
		return at_end(in);
	if (in->hasher)
		hasher_wait_for_room(in->hasher);
	uint8_t *block = in->context->blocks + in->block * VERIFY_BLOCK;
	n = read_block(in, block);
	if (n < 0) {
		in->error = errno;
		return err_sys(err, ERR_IO, "cannot read");
	}
	if (n == 0)
		return at_end(in);
	in->short_read = n < VERIFY_BLOCK;
	in->pos += (uint64_t)n;
	if (in->hasher) {
		in->block = (in->block + 1) % VERIFY_BLOCKS;
		hasher_give(in->hasher, (size_t)n);
	} else if (hash_block(in, block, (size_t)n) < 0) {
		return err_set(err, ERR_UNSUPPORTED, "libcrypto refuses to compute the digest");
	}
	give_back(in, false);
	*ret_data = block;
	return n;
}

static ssize_t
input_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	return verify_input_read(arg, ret_data, err);
}

static ssize_t
input_pread(void *arg, void *data, size_t len, uint64_t offset, struct err *err)
{
	struct verify_input *in = arg;
	size_t done = 0;
	while (done < len) {
		ssize_t n = pread(in->fd, (char *)data + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			in->error = errno;
			return err_sys(err, ERR_IO, "cannot read");
		}
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

struct codec_input
verify_input_codec(struct verify_input *in)
{
	return (struct codec_input){
	    .read = input_read, .pread = input_pread, .size = in->size, .arg = in};
}

int
verify_input_finish(
    struct verify_input *in, struct verify_digest digests[VERIFY_DIGESTS], struct err *err)
{
	const uint8_t *data;
	ssize_t n;
	while ((n = verify_input_read(in, &data, err)) > 0)
		continue;
	if (!hasher_stop(in))
		return err_set(err, ERR_UNSUPPORTED, "libcrypto refuses to compute the digest");
	if (n < 0)
		return -1;
	for (unsigned i = 0; i < in->digests; i++)
		if (hash_end(in->context->hashes[i], digests[i].data, &digests[i].len, err) < 0)
			return -1;
	return 0;
}

void
verify_input_close(struct verify_input *in)
{
	hasher_stop(in);
}
