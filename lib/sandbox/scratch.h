/*
 * Scratch directories: private, named so that they are recognised, locked so that it is known
 * whose owner is alive, removed whatever is in them.
 *
 * A directory is <base>/bkm-drill-<16 hex>, mode 0700 (root's: 0711); its owner holds a lock (flock)
 * on it as long as it lives. Inside is one directory "root", the only thing a child ever sees, and
 * a directory "kept" if it was kept.
 */
#ifndef SANDBOX_SCRATCH_H
#define SANDBOX_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct sandbox_scratch;

/* base NULL is /var/tmp. The base must exist. What dead owners left there is removed first, but for
 * what was kept. */
int sandbox_scratch_open(const char *base, struct sandbox_scratch **ret_scratch, struct err *err);

/* Another one in the same base. */
int sandbox_scratch_beside(
    const struct sandbox_scratch *scratch, struct sandbox_scratch **ret_scratch, struct err *err);

/* The "root" directory inside: a descriptor for openat and getdents, and its absolute path. */
int sandbox_scratch_fd(const struct sandbox_scratch *scratch);
const char *sandbox_scratch_path(const struct sandbox_scratch *scratch);

/* The descriptor that holds the lock: whoever has a copy of it is an owner too. */
int sandbox_scratch_lock(const struct sandbox_scratch *scratch);

/* Empty "root" again, for the next backup. */
int sandbox_scratch_clear(struct sandbox_scratch *scratch, struct err *err);

/* Bytes free for an ordinary user, and inodes (UINT64_MAX if the file system does not say). */
int sandbox_scratch_space(const struct sandbox_scratch *scratch, uint64_t *ret_bytes,
    uint64_t *ret_inodes, struct err *err);

/* Remove it all (or keep it, and only let go of the lock) and free. NULL is fine.
 * -1: something could not be removed; the scratch is freed all the same. */
int sandbox_scratch_close(struct sandbox_scratch *scratch, bool keep, struct err *err);

/* Remove what dead owners left below base: only directories of the caller's own, also as root.
 * What was kept is nobody's any more and goes too. Counts what was removed and what is in use. */
int
sandbox_scratch_reap(const char *base, size_t *ret_removed, size_t *ret_in_use, struct err *err);

/* Remove a tree of any depth, size and modes below dirfd, with a few descriptors, without
 * following a link or leaving its file system. 0 also if it is not there. */
int sandbox_remove_tree(int dirfd, const char *name, struct err *err);

#endif
