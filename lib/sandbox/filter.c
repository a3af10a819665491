// The system call filter: an allow-list for parsers and writers, a deny-list where programs run.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sandbox/sandbox_private.h"

/* What any code needs that computes on descriptors it was given. */
static const char *const calls_parser[] = {"read", "readv", "pread64", "preadv", "preadv2", "write",
    "writev", "lseek", "close", "close_range", "fstat", "newfstatat", "fstatat64", "fstat64",
    "statx", "munmap", "mremap", "madvise", "mincore", "brk", "futex", "futex_waitv",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigreturn", "sigaltstack",
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
    "getpid", "gettid", "getppid", "getrandom", "exit", "exit_group", "fcntl", "fcntl64", "dup",
    "dup2", "dup3", "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "sched_yield", "sched_getaffinity", "sched_getparam",
    "sched_getscheduler", "getrusage", "times", "sysinfo", "uname", "getuid", "geteuid", "getgid",
    "getegid", "getresuid", "getresgid", "getpgrp", "getrlimit", "prctl", "set_robust_list",
    "get_robust_list", "set_tid_address", "rseq", "restart_syscall", "membarrier", "recvmsg",
    "sendmsg", "recvfrom", "sendto", "recvmmsg", "sendmmsg", "shutdown", "getsockopt", "pipe2",
    "eventfd2", "fadvise64", "fadvise64_64", "arm_fadvise64_64", "readahead", "getcpu",
    "arch_prctl", "riscv_flush_icache", "set_thread_area", "getcwd", "umask",
    /* how the caller becomes nobody and gives its capabilities away, after the filter is up */
    "setgroups", "setresgid", "setresuid", "capset", "capget"};

/* What reading below the named paths needs. */
static const char *const calls_read[] = {"open", "openat", "openat2", "getdents64", "getdents",
    "readlink", "readlinkat", "access", "faccessat", "faccessat2", "stat", "lstat", "stat64",
    "lstat64", "fstatfs", "statfs", "fstatfs64", "statfs64", "fchdir", "chdir", "flock"};

/* What writing below the named paths needs. */
static const char *const calls_write[] = {"mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "link",
    "linkat", "symlink", "symlinkat", "rename", "renameat", "renameat2", "ftruncate", "ftruncate64",
    "fallocate", "fsync", "fdatasync", "sync_file_range", "pwrite64", "pwritev", "copy_file_range",
    "sendfile", "sendfile64"};

/* What no program in a restore test has any business with. */
static const char *const calls_never[] = {"ptrace", "process_vm_readv", "process_vm_writev",
    "mount", "umount", "umount2", "mount_setattr", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "pivot_root", "chroot", "unshare", "setns", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd", "keyctl",
    "add_key", "request_key", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog",
    "iopl", "ioperm", "modify_ldt", "vm86", "vm86old", "lookup_dcookie", "name_to_handle_at",
    "open_by_handle_at", "fanotify_init", "fanotify_mark", "kcmp", "pidfd_getfd", "process_madvise",
    "move_pages", "migrate_pages", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname", "personality", "nfsservctl", "uselib", "ustat", "sysfs",
    "_sysctl", "vhangup", "bdflush", "get_kernel_syms", "query_module", "create_module", "truncate",
    "truncate64"};

#define NEW_NAMESPACES                                                                             \
	((uint64_t)(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC |     \
	    CLONE_NEWUTS | CLONE_NEWCGROUP))

/* A system call that this architecture does not have, or that already has this rule, is no error. */
static int
add(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned count,
    const struct scmp_arg_cmp *args)
{
	int call = seccomp_syscall_resolve_name(name);
	int r;

	if (call == __NR_SCMP_ERROR)
		return 0;
	r = seccomp_rule_add_array(ctx, action, call, count, args);
	return r == -EEXIST || r == -EDOM || r == -EINVAL ? 0 : r;
}

static int
add_all(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = add(ctx, action, names[i], 0, NULL);
	return r;
}

/* name is allowed (or refused) where argument arg, masked, equals value. */
static int
add_masked(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned arg, uint64_t mask,
    uint64_t value)
{
	struct scmp_arg_cmp cmp = {
	    .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};

	return add(ctx, action, name, 1, &cmp);
}

static int
allow_list(scmp_filter_ctx ctx, const struct sandbox_profile *profile)
{
	const uint32_t ok = SCMP_ACT_ALLOW;
	int r = add_all(ctx, ok, calls_parser, ARRAY_LEN(calls_parser));

	/* Threads, but no processes; clone3 hides its flags, so libc is sent back to clone. */
	r = r ? r : add_masked(ctx, ok, "clone", 0, CLONE_THREAD, CLONE_THREAD);
	r = r ? r : add_masked(ctx, ok, "mmap", 2, PROT_EXEC, 0);
	r = r ? r : add_masked(ctx, ok, "mmap2", 2, PROT_EXEC, 0);
	r = r ? r : add_masked(ctx, ok, "mprotect", 2, PROT_EXEC, 0);
	r = r ? r : add_masked(ctx, ok, "prlimit64", 2, UINT64_MAX, 0); /* asking only */
	r = r ? r : add_masked(ctx, ok, "tgkill", 2, UINT64_MAX, 6);    /* SIGABRT: abort() */
	if (profile->path_count || profile->write_files)
		r = r ? r : add_all(ctx, ok, calls_read, ARRAY_LEN(calls_read));
	if (!profile->write_files)
		return r;
	r = r ? r : add_all(ctx, ok, calls_write, ARRAY_LEN(calls_write));
	r = r ? r : add_masked(ctx, ok, "fchmod", 1, 06000, 0);
	r = r ? r : add_masked(ctx, ok, "mknodat", 2, S_IFMT | 06000, S_IFREG);
	r = r ? r : add_masked(ctx, ok, "utimensat", 1, UINT64_MAX, 0); /* of a descriptor only */
	return r;
}

static int
deny_list(scmp_filter_ctx ctx, const struct sandbox_profile *profile)
{
	static const struct {
		const char *name;
		unsigned arg;
	} modes[] = {{"chmod", 1}, {"fchmod", 1}, {"fchmodat", 2}, {"fchmodat2", 2}, {"creat", 1},
	    {"mkdir", 1}, {"mkdirat", 2}, {"open", 2}, {"openat", 3}, {"mknod", 1}, {"mknodat", 2}};
	static const unsigned types[] = {S_IFCHR, S_IFBLK, S_IFIFO};
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	struct scmp_arg_cmp not_unix = {.arg = 0, .op = SCMP_CMP_NE, .datum_a = AF_UNIX};
	int r = add_all(ctx, no, calls_never, ARRAY_LEN(calls_never));

	r = r ? r : add(ctx, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	for (uint64_t bit = 1; bit <= NEW_NAMESPACES && r == 0; bit <<= 1) {
		if (bit & NEW_NAMESPACES)
			r = add_masked(ctx, no, "clone", 0, bit, bit);
	}
	/* All that a program starts stays in one group, so that all of it can be ended: leaving the
	 * group succeeds without effect. */
	r = r ? r : add(ctx, SCMP_ACT_ERRNO(0), "setsid", 0, NULL);
	r = r ? r : add(ctx, SCMP_ACT_ERRNO(0), "setpgid", 0, NULL);
	for (size_t i = 0; i < ARRAY_LEN(modes) && r == 0; i++) {
		/* The mode of open counts only with O_CREAT; without it the register holds anything. */
		if (modes[i].name[0] == 'o')
			continue;
		r = add_masked(ctx, no, modes[i].name, modes[i].arg, 04000, 04000);
		r = r ? r : add_masked(ctx, no, modes[i].name, modes[i].arg, 02000, 02000);
	}
	for (size_t i = 0; i < ARRAY_LEN(types) && r == 0; i++) {
		r = add_masked(ctx, no, "mknod", 1, S_IFMT, types[i]);
		r = r ? r : add_masked(ctx, no, "mknodat", 2, S_IFMT, types[i]);
	}
	if (profile->unix_sockets)
		return r ? r : add(ctx, SCMP_ACT_ERRNO(EACCES), "socket", 1, &not_unix);
	r = r ? r : add(ctx, SCMP_ACT_ERRNO(EACCES), "socket", 0, NULL);
	return r ? r : add(ctx, SCMP_ACT_ERRNO(EACCES), "socketcall", 0, NULL);
}

int
sandbox_filter_load(const struct sandbox_profile *profile, bool no_new_privs)
{
	scmp_filter_ctx ctx =
	    seccomp_init(profile->programs ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS));
	int r;

	if (!ctx) {
		errno = ENOMEM;
		return -1;
	}
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, no_new_privs);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = profile->programs ? deny_list(ctx, profile) : allow_list(ctx, profile);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r == 0)
		return 0;
	errno = -r;
	return -1;
}
