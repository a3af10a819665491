// Digests through libcrypto's EVP: the algorithm is fetched once, the context used again.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <ctype.h>
#include <stdbool.h>

#include "hash/hash.h"

struct hash {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	size_t len;
	bool is_crc32c; /* which EVP does not have */
	uint32_t crc;
	char name[HASH_NAME_MAX];
};

int
hash_canonical(const char *name, char out[HASH_NAME_MAX])
{
	size_t n = 0;
	for (const char *p = name; *p; p++) {
		if (*p == '-' || *p == '_' || *p == '/')
			continue;
		if (n + 1 >= HASH_NAME_MAX || !isalnum((unsigned char)*p))
			return -1;
		out[n++] = (char)tolower((unsigned char)*p);
	}
	out[n] = '\0';
	if (n == 0)
		return -1;
	if (!strncmp(out, "sha2", 4) && n == 7) /* "SHA2-256" */
		memmove(out + 3, out + 4, n - 3);
	if (!strcmp(out, "blake2b"))
		memcpy(out, "blake2b512", sizeof("blake2b512"));
	return 0;
}

/* EVP wants its own spelling for some: "sha3256" is "SHA3-256" there. */
static EVP_MD *
fetch(const char *canonical, const char *given)
{
	EVP_MD *md = EVP_MD_fetch(NULL, canonical, NULL);
	return md ? md : EVP_MD_fetch(NULL, given, NULL);
}

int
hash_new(const char *name, struct hash **ret_hash, struct err *err)
{
	char canonical[HASH_NAME_MAX];
	if (hash_canonical(name, canonical) < 0)
		return err_set(err, ERR_UNSUPPORTED, "unknown digest '%s'", name);
	struct hash *h = mem_alloc(sizeof(*h));
	memcpy(h->name, canonical, sizeof(h->name));
	if (!strcmp(canonical, "crc32c")) {
		h->is_crc32c = true;
		h->len = 4;
		*ret_hash = h;
		return 0;
	}
	h->md = fetch(canonical, name);
	if (!h->md || EVP_MD_get_size(h->md) <= 0 || EVP_MD_get_size(h->md) > HASH_MAX ||
	    (EVP_MD_get_flags(h->md) & EVP_MD_FLAG_XOF)) {
		hash_free(h);
		return err_set(err, ERR_UNSUPPORTED, "unknown digest '%s'", name);
	}
	h->len = (size_t)EVP_MD_get_size(h->md);
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx) {
		hash_free(h);
		return err_set(err, ERR_LIMIT, "cannot start a digest: out of memory");
	}
	*ret_hash = h;
	return 0;
}

void
hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->ctx);
	EVP_MD_free(hash->md);
	free(hash);
}

const char *
hash_name(const struct hash *hash)
{
	return hash->name;
}

static int
refused(const struct hash *hash, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "the digest %s is refused by libcrypto", hash->name);
}

int
hash_begin(struct hash *hash, struct err *err)
{
	hash->crc = 0;
	if (hash->is_crc32c)
		return 0;
	return EVP_DigestInit_ex2(hash->ctx, hash->md, NULL) == 1 ? 0 : refused(hash, err);
}

int
hash_update(struct hash *hash, const void *data, size_t len, struct err *err)
{
	if (hash->is_crc32c) {
		hash->crc = hash_crc32c(hash->crc, data, len);
		return 0;
	}
	return EVP_DigestUpdate(hash->ctx, data, len) == 1 ? 0 : refused(hash, err);
}

int
hash_end(struct hash *hash, uint8_t out[HASH_MAX], size_t *ret_len, struct err *err)
{
	unsigned len = 0;
	if (hash->is_crc32c) {
		for (size_t i = 0; i < 4; i++)
			out[i] = (uint8_t)(hash->crc >> (24 - 8 * i));
		*ret_len = 4;
		return 0;
	}
	if (EVP_DigestFinal_ex(hash->ctx, out, &len) != 1)
		return refused(hash, err);
	*ret_len = len;
	return 0;
}

int
hash_hmac(const char *name, const void *key, size_t key_len, const void *data, size_t len,
    uint8_t out[HASH_MAX], size_t *ret_len, struct err *err)
{
	size_t n = 0;
	char canonical[HASH_NAME_MAX];
	if (hash_canonical(name, canonical) < 0 ||
	    !EVP_Q_mac(
		NULL, "HMAC", NULL, canonical, NULL, key, key_len, data, len, out, HASH_MAX, &n))
		return err_set(err, ERR_UNSUPPORTED, "cannot compute an HMAC with '%s'", name);
	*ret_len = n;
	return 0;
}

int
hash_random(void *data, size_t len, struct err *err)
{
	if (len > INT32_MAX || RAND_bytes(data, (int)len) != 1)
		return err_set(err, ERR_IO, "cannot get random bytes");
	return 0;
}
