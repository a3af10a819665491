// Landlock by raw system calls: which files a child may touch, from ABI 1 to the newest known.
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_private.h"

/* What <linux/landlock.h> of Debian 12 (ABI 2) does not have yet. */
#define FS_TRUNCATE    (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL_DEV   (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_TCP   (UINT64_C(1) << 0)  /* ABI 4 */
#define NET_CONN_TCP   (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL   (UINT64_C(1) << 1)

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* ABI 4 */
	uint64_t scoped;             /* ABI 6 */
};

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_EXEC (ACCESS_READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define ACCESS_WRITE                                                                               \
	(ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |             \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                         \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | \
	    FS_TRUNCATE)
/* The bits that mean something for a rule on a single file. */
#define ACCESS_FILE                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	    LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

static unsigned
landlock_abi(void)
{
	long abi =
	    syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (unsigned)abi : 0;
}

static uint64_t
handled_fs(unsigned abi)
{
	uint64_t all = (UINT64_C(1) << 13) - 1; /* ABI 1: execute to make_sym */

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= FS_TRUNCATE;
	if (abi >= 5)
		all |= FS_IOCTL_DEV;
	return all;
}

static uint64_t
wanted_fs(const struct sandbox_profile *profile, unsigned access)
{
	uint64_t want = 0;

	if (access & SANDBOX_READ)
		want |= ACCESS_READ;
	if (access & SANDBOX_EXEC)
		want |= ACCESS_EXEC;
	if (access & SANDBOX_WRITE)
		want |= ACCESS_WRITE;
	if ((access & SANDBOX_WRITE) && profile->unix_sockets)
		want |= LANDLOCK_ACCESS_FS_MAKE_SOCK;
	return want;
}

static int
add_path(int ruleset, uint64_t handled, const struct sandbox_profile *profile,
    const struct sandbox_path *path, struct err *err)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = path->fd};
	struct stat st;
	int r = 0;

	if (path->path)
		rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (rule.parent_fd < 0 || fstat(rule.parent_fd, &st) < 0) {
		r = err_sys(err, ERR_IO, "cannot open '%s' for the sandbox",
		    path->path ? path->path : "scratch");
		goto out;
	}
	rule.allowed_access = wanted_fs(profile, path->access) & handled;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= ACCESS_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) < 0)
		r = err_sys(err, ERR_IO, "cannot admit '%s' to the sandbox",
		    path->path ? path->path : "scratch");
out:
	if (path->path && rule.parent_fd >= 0)
		(void)close(rule.parent_fd);
	return r;
}

int
sandbox_landlock_prepare(
    const struct sandbox_profile *profile, int *ret_fd, unsigned *ret_abi, struct err *err)
{
	unsigned abi = landlock_abi();
	uint64_t handled = handled_fs(abi);
	struct ruleset_attr attr = {.handled_access_fs = handled};
	size_t size = offsetof(struct ruleset_attr, handled_access_net);
	int fd;

	*ret_fd = -1;
	*ret_abi = 0;
	if (abi == 0)
		return 0;
	if (abi >= 4) {
		attr.handled_access_net = NET_BIND_TCP | NET_CONN_TCP;
		size = offsetof(struct ruleset_attr, scoped);
	}
	if (abi >= 6) {
		attr.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
		size = sizeof(attr);
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0U);
	if (fd < 0)
		return 0;
	for (size_t i = 0; i < profile->path_count; i++) {
		if (add_path(fd, handled, profile, &profile->paths[i], err) < 0) {
			(void)close(fd);
			return -1;
		}
	}
	*ret_fd = fd;
	*ret_abi = abi;
	return 0;
}

int
sandbox_landlock_enforce(int ruleset_fd)
{
	return syscall(SYS_landlock_restrict_self, ruleset_fd, 0U) < 0 ? -1 : 0;
}
