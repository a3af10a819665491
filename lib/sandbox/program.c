// A program in the sandbox: what it may read, which descriptors it is given, and the exec itself.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/sandbox_private.h"

/* What programs need beside themselves: libraries, locale data, the usual devices. */
static const struct sandbox_path system_paths[] = {
    {.path = "/usr", .access = SANDBOX_EXEC},
    {.path = "/bin", .access = SANDBOX_EXEC},
    {.path = "/lib", .access = SANDBOX_EXEC},
    {.path = "/lib64", .access = SANDBOX_EXEC},
    {.path = "/etc", .access = SANDBOX_READ},
    {.path = "/dev/null", .access = SANDBOX_WRITE},
    {.path = "/dev/zero", .access = SANDBOX_READ},
    {.path = "/dev/urandom", .access = SANDBOX_READ},
    {.path = "/dev/full", .access = SANDBOX_READ},
};

const struct sandbox_path *
sandbox_system_paths(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(system_paths);
	return system_paths;
}

int
sandbox_secret_fd(const char *text, struct err *err)
{
	int fd = memfd_create("secret", MFD_CLOEXEC);
	int high = fd >= 0 && fd <= 2 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : fd;

	if (high != fd)
		(void)close(fd);
	if (high < 0)
		return err_sys(err, ERR_IO, "cannot make a file in memory");
	if (fsio_write_all(high, text, strlen(text), "memory", err) < 0 ||
	    lseek(high, 0, SEEK_SET) < 0) {
		(void)close(high);
		return -1;
	}
	return high;
}

int
sandbox_program_exec(const struct sandbox_program *p)
{
	int high[ARRAY_LEN(p->fds)];

	/* First out of the way of each other, then each to its number. */
	for (size_t i = 0; i < ARRAY_LEN(high); i++) {
		high[i] =
		    p->fds[i] >= 0 ? fcntl(p->fds[i], F_DUPFD_CLOEXEC, (int)ARRAY_LEN(high)) : -1;
		if (p->fds[i] >= 0 && high[i] < 0)
			return SANDBOX_EXIT_EXEC;
	}
	for (size_t i = 0; i < ARRAY_LEN(high); i++) {
		if (high[i] >= 0 && dup2(high[i], (int)i) < 0)
			return SANDBOX_EXIT_EXEC;
	}
	/* Looked for is by the PATH of this process, whatever envp says. */
	if (fchdir(p->cwd) < 0 || setenv("PATH", SANDBOX_PATH, 1) < 0)
		return SANDBOX_EXIT_EXEC;
	(void)execvpe(p->argv[0], p->argv, p->envp);
	return errno == ENOENT ? SANDBOX_EXIT_MISSING : SANDBOX_EXIT_EXEC;
}
