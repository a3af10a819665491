/*
 * What the files of this folder share.
 */
#ifndef SANDBOX_SANDBOX_PRIVATE_H
#define SANDBOX_SANDBOX_PRIVATE_H

#include "sandbox/sandbox.h"

/* AddressSanitizer and ThreadSanitizer reserve terabytes of address space and report on fd 2. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif

/* A Landlock ruleset for the profile's paths; *ret_fd -1 and *ret_abi 0 if the kernel has none. */
int sandbox_landlock_prepare(
    const struct sandbox_profile *profile, int *ret_fd, unsigned *ret_abi, struct err *err);
/* Enforce it: 0, or -1 and errno. */
int sandbox_landlock_enforce(int ruleset_fd);

/* Load the system call filter: 0, or -1 and errno. */
int sandbox_filter_load(const struct sandbox_profile *profile, bool no_new_privs);

/* sandbox_enter without a new session: for a child that is in one already. */
int sandbox_enclose(
    const struct sandbox_profile *profile, struct sandbox_layers *ret_active, struct err *err);

#endif
