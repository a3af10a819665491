// Narrower walls inside the walls, then one program that cannot start another.
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_private.h"

#define SOCK_TYPES 0xfU /* the bits of a socket's type; the rest are flags */

/* A server listens and accepts. Landlock before ABI 9 does not keep it from the sockets of others, the
 * production server's among them: a federated table or a foreign data wrapper is to end here. */
static int
add_server(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp no_stream = {
	    .arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = SOCK_TYPES, .datum_b = SOCK_DGRAM};
	const uint32_t no = SCMP_ACT_ERRNO(EACCES);
	int r = seccomp_rule_add(ctx, no, SCMP_SYS(connect), 0);

	return r ? r : seccomp_rule_add_array(ctx, no, SCMP_SYS(socket), 1, &no_stream);
}

/* libc starts programs with execve only: what a server is made to call (system, popen) ends there.
 * The one call that is let through names the descriptor of the program, which is gone with it. */
static int
filter(const struct sandbox_profile *profile, int program)
{
	const struct scmp_arg_cmp other_fd = {
	    .arg = 0, .op = SCMP_CMP_NE, .datum_a = (uint64_t)program};
	const struct scmp_arg_cmp by_path = {
	    .arg = 4, .op = SCMP_CMP_NE, .datum_a = (uint64_t)AT_EMPTY_PATH};
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!ctx) {
		errno = ENOMEM;
		return -1;
	}
	r = seccomp_rule_add(ctx, no, SCMP_SYS(execve), 0);
	r = r ? r : seccomp_rule_add_array(ctx, no, SCMP_SYS(execveat), 1, &other_fd);
	r = r ? r : seccomp_rule_add_array(ctx, no, SCMP_SYS(execveat), 1, &by_path);
	if (!profile->unix_sockets)
		r = r ? r : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 0);
	r = r ? r : add_server(ctx);
	r = r ? r : seccomp_load(ctx);
	seccomp_release(ctx);
	errno = r < 0 ? -r : 0;
	return r < 0 ? -1 : 0;
}

int
sandbox_exec(const struct sandbox_profile *profile, const char *program, char *const argv[],
    char *const envp[], struct err *err)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC), ruleset = -1, high, *keep;
	unsigned abi;

	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open '%s'", program);
	high = fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	/* Whatever is tested without it: the walls cannot be put up by a child that gave away its
	 * capabilities otherwise. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, ERR_IO, "cannot narrow the sandbox");
	if (!(profile->off & (unsigned)SANDBOX_LANDLOCK) &&
	    sandbox_landlock_prepare(profile, &ruleset, &abi, err) < 0)
		return -1;
	if (ruleset >= 0 && sandbox_landlock_enforce(ruleset) < 0)
		return err_sys(err, ERR_IO, "cannot narrow the sandbox");
	if (!(profile->off & (unsigned)SANDBOX_SECCOMP) && filter(profile, high) < 0)
		return err_sys(err, ERR_IO, "cannot narrow the sandbox");
	keep = mem_array(profile->keep_fd_count + 1, sizeof(*keep));
	for (size_t i = 0; i < profile->keep_fd_count; i++)
		keep[i] = profile->keep_fds[i];
	keep[profile->keep_fd_count] = high;
	sandbox_close_others(3, keep, profile->keep_fd_count + 1);
	free(keep);
	(void)syscall(SYS_execveat, high, "", argv, envp, AT_EMPTY_PATH);
	return err_sys(err, ERR_IO, "cannot execute '%s'", program);
}
