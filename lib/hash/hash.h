/*
 * hash: digests by name, streamed. Only user of libcrypto.
 *
 * A name is what people write: "sha256", "SHA-256", "md5", "blake2b512", or any other digest that
 * EVP knows. A struct hash is one algorithm with one running digest and is used again for the next
 * bytes; it belongs to one thread at a time.
 *
 *	hash_new("sha256", &hash, err)
 *	hash_begin(hash, err); hash_update(hash, data, len, err); …; hash_end(hash, out, &len, err);
 *	hash_free(hash)
 */
#ifndef HASH_HASH_H
#define HASH_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

#define HASH_MAX      64 /* bytes of the longest digest */
#define HASH_NAME_MAX 32 /* with its NUL */

struct hash;

/* ERR_UNSUPPORTED if EVP does not know the name, or its output has no fixed length (shake128). */
int hash_new(const char *name, struct hash **ret_hash, struct err *err);
void hash_free(struct hash *hash);

/* The canonical name: lower case, "sha256" for "SHA-256" and "SHA2-256". Lives as long as hash. */
const char *hash_name(const struct hash *hash);

int hash_begin(struct hash *hash, struct err *err);
int hash_update(struct hash *hash, const void *data, size_t len, struct err *err);
int hash_end(struct hash *hash, uint8_t out[HASH_MAX], size_t *ret_len, struct err *err);

/*
 * Two digests side by side in one thread. SHA-256 waits for itself: each round needs the one before
 * it, and the units of one core stand idle half of the time. With two messages at once the same core
 * does twice as much. x86-64 with the SHA instructions (found at run time), SHA-256 only; what it
 * computes was compared with libcrypto's when the pair was made. NULL where it cannot be had: then
 * there is struct hash. A lane is used again after its end; a lane without bytes costs nothing.
 */
#define HASH_PAIR      2
#define HASH_PAIR_STEP 64 /* lanes that got multiples of this stay in step */
struct hash_pair;
struct hash_pair *hash_pair_new(const char *name);
void hash_pair_free(struct hash_pair *pair);
void hash_pair_begin(struct hash_pair *pair, unsigned lane);
/* The next bytes of both lanes; a len of 0 leaves a lane as it is. Fastest with equal lengths. */
void hash_pair_update(
    struct hash_pair *pair, const void *const data[HASH_PAIR], const size_t len[HASH_PAIR]);
void hash_pair_end(struct hash_pair *pair, unsigned lane, uint8_t out[HASH_MAX], size_t *ret_len);

/* The CRC-32C of iSCSI; start with 0. Under its name, "crc32c", it is a digest of four bytes, the
 * highest first. The second form is the one for processors without an instruction for it. */
uint32_t hash_crc32c(uint32_t crc, const void *data, size_t len);
uint32_t hash_crc32c_portable(uint32_t crc, const void *data, size_t len);

/* The canonical name of what people write, without asking libcrypto: lower case, without "-",
 * "_" and "/", "sha2256" shortened to "sha256". -1 if it does not fit. */
int hash_canonical(const char *name, char out[HASH_NAME_MAX]);

/* HMAC over one piece of data (webhook signatures). */
int hash_hmac(const char *name, const void *key, size_t key_len, const void *data, size_t len,
    uint8_t out[HASH_MAX], size_t *ret_len, struct err *err);

/* len bytes that nobody can guess. */
int hash_random(void *data, size_t len, struct err *err);

#endif
