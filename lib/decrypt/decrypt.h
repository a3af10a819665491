/*
 * decrypt: an encrypted backup as a stream of plain bytes, by a program of the configuration.
 *
 * The program (gpg, age, openssl enc, …) runs in the sandbox: no network, its standard input is the
 * backup, its standard output the descriptor that it is given (a pipe, or a file in the scratch
 * directory), its secret stands on descriptor 3 and nowhere else: not in its arguments, not in its
 * environment, on no disk. Its HOME and GNUPGHOME are an empty directory that is removed after it.
 *
 * That all bytes came out proves nothing: a decryptor finds out at the end whether they were the
 * right ones. So its exit status is asked for when the stream has ended, and what it means is told
 * apart: done, damaged, the wrong key, or that it could not be run. Where the status alone cannot
 * tell (openssl enc has no check of its own: a wrong key and a damaged block look alike), the
 * outcome is UNSURE and the caller decides by what came out.
 */
#ifndef DECRYPT_DECRYPT_H
#define DECRYPT_DECRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "sandbox/sandbox.h"

/* Zero means "the default". Everything is borrowed. */
struct decrypt_command {
	const char *const *argv;  /* NULL-terminated; a word "{secret}" becomes /dev/fd/3 */
	const char *secret;       /* NULL: none */
	const char *const *match; /* fnmatch patterns on base names; NULL: see decrypt_wants */
	bool unix_sockets;        /* it needs them: gpg with its agent */
	struct sandbox_layers require;
	unsigned off; /* layers not to use: tests only */
};

/* Is this file to be decrypted? By match, else by the usual endings (.gpg .pgp .age .enc .aes,
 * perhaps with a rotation number behind) or by the first bytes of age, armoured OpenPGP and openssl.
 * fd is read with pread. */
bool decrypt_wants(const struct decrypt_command *command, const char *name, int fd);

/* Append name without what says that it is encrypted: what the plain bytes promise to be. */
void decrypt_plain_name(const char *name, struct buf *out);

enum decrypt_outcome {
	DECRYPT_DONE,
	DECRYPT_DAMAGED, /* its own check failed: a fault of the backup */
	DECRYPT_UNSURE,  /* it failed, and the wrong key would look the same */
	DECRYPT_KEY,     /* the wrong key, or none: nobody could look */
	DECRYPT_LIMIT,   /* more than max_bytes came out */
	DECRYPT_CANNOT,  /* it could not be run, or was ended */
	DECRYPT_STOPPED, /* stop() said so */
};

struct decrypt_result {
	enum decrypt_outcome outcome;
	bool checked;      /* of DONE: the format of the encryption has a check over every byte */
	char message[192]; /* for people; "" for DONE */
};

struct decrypt_options {
	struct sandbox_scratch *scratch; /* where its home is made */
	uint64_t max_bytes;              /* of a regular file as output; 0: no limit */
	int64_t max_ms;                  /* wall clock; 0: no limit */
};

struct decrypt;

/* Start it on the file open as in (which is read from its beginning, by a descriptor of its own).
 * out is taken over, whatever comes: it is closed here once the program has it. */
int decrypt_start(struct decrypt **ret_decrypt, const struct decrypt_command *command,
    const struct decrypt_options *options, int in, int out, struct err *err);

/* Wait for its end, at most max_ms (0: as long as it takes; then it is ended), asking stop() (may
 * be NULL) a few times a second. */
void decrypt_wait(struct decrypt *decrypt, int64_t max_ms, bool (*stop)(void *), void *stop_arg,
    struct decrypt_result *ret_result);

void decrypt_free(struct decrypt *decrypt); /* ends what still runs; NULL is fine */

/* What an end means: pure. head are the first bytes of the backup, said what came on standard
 * error. */
void decrypt_judge(const struct sandbox_result *end, const void *head, size_t head_len,
    const char *said, struct decrypt_result *ret_result);

#endif
