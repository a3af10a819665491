// Put the walls up around the calling process, in the order in which each still can be put up.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_private.h"

#define DEFAULT_CPU_SECONDS  3600
#define DEFAULT_MEMORY_BYTES (UINT64_C(1) << 30)
#define DEFAULT_FDS          64
#define DEFAULT_PROCESSES    64

static int
limit(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit now, want = {.rlim_cur = soft, .rlim_max = hard};

	if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
		return -1;
	if (now.rlim_max != RLIM_INFINITY && want.rlim_max > now.rlim_max)
		want.rlim_max = now.rlim_max;
	if (want.rlim_cur > want.rlim_max)
		want.rlim_cur = want.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &want);
}

static bool
set_limits(const struct sandbox_profile *p, bool own_user_namespace)
{
	uint64_t cpu = p->cpu_seconds ? p->cpu_seconds : DEFAULT_CPU_SECONDS;
	uint64_t memory = p->memory_bytes ? p->memory_bytes : DEFAULT_MEMORY_BYTES;
	uint64_t file = p->file_bytes || !p->write_files ? p->file_bytes : (uint64_t)RLIM_INFINITY;
	uint64_t fds = p->max_fds ? p->max_fds : DEFAULT_FDS;
	uint64_t processes = p->max_processes ? p->max_processes : DEFAULT_PROCESSES;
	bool ok = true;

	for (size_t i = 0; i < p->keep_fd_count; i++) {
		if ((uint64_t)p->keep_fds[i] >= fds)
			fds = (uint64_t)p->keep_fds[i] + 1;
	}
	ok &= limit(RLIMIT_CORE, 0, 0) == 0;
	ok &= limit(RLIMIT_CPU, cpu, cpu + 2) == 0;
	ok &= limit(RLIMIT_FSIZE, file, file) == 0;
	ok &= limit(RLIMIT_NOFILE, fds, fds) == 0;
#ifndef SANDBOX_SANITIZED
	ok &= limit(RLIMIT_AS, memory, memory) == 0;
#else
	(void)memory;
#endif
	/* The kernel counts all processes of the user on the machine, but for an own user namespace:
	 * elsewhere a limit would hit whoever has many processes. */
	if (p->programs && own_user_namespace)
		ok &= limit(RLIMIT_NPROC, processes, processes) == 0;
	return ok;
}

/* The network namespace is empty: not even the loopback is up. Root without CAP_SYS_ADMIN goes
 * without: in a user namespace it could not become nobody. */
static bool
own_namespaces(bool root, bool *ret_user)
{
	int rest = CLONE_NEWNET | CLONE_NEWIPC;

	*ret_user = false;
	if (unshare(rest) == 0)
		return true;
	if (root || unshare(CLONE_NEWUSER | rest) < 0)
		return false;
	*ret_user = true;
	return true;
}

static bool
drop_caps(uint64_t keep)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.effective = (uint32_t)keep,
						     .permitted = (uint32_t)keep,
						     .inheritable = (uint32_t)keep},
	    {.effective = 0}};

	for (int cap = 0; cap < 64; cap++) {
		if (!(keep & (UINT64_C(1) << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno == EINVAL)
			break;
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, data) < 0)
		return false;
	for (int cap = 0; cap < 32; cap++) {
		if (keep & (UINT64_C(1) << cap))
			(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	}
	return true;
}

static bool
become_nobody(void)
{
	return syscall(SYS_setgroups, 0, NULL) == 0 &&
	    syscall(SYS_setresgid, SANDBOX_NOBODY, SANDBOX_NOBODY, SANDBOX_NOBODY) == 0 &&
	    syscall(SYS_setresuid, SANDBOX_NOBODY, SANDBOX_NOBODY, SANDBOX_NOBODY) == 0;
}

/* The directories that the child writes to belong to whoever it is about to be. */
static bool
hand_over(const struct sandbox_profile *p, uid_t uid)
{
	for (size_t i = 0; i < p->path_count; i++) {
		const struct sandbox_path *path = &p->paths[i];
		struct stat st;

		if (path->path || !(path->access & SANDBOX_WRITE))
			continue;
		if (fstat(path->fd, &st) < 0 ||
		    (st.st_uid != uid && fchown(path->fd, uid, uid) < 0))
			return false;
	}
	return true;
}

/* Root in a container may lack what becoming somebody else takes. */
static bool
can_become_nobody(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.effective = 0}};
	uint32_t need = 1U << CAP_SETUID | 1U << CAP_SETGID;

	return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & need) == need;
}

static void
default_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < 32; sig++)
		(void)sigaction(sig, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
compare_ints(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void
sandbox_close_others(int first, const int *keep, size_t count)
{
	int *sorted = mem_array(count + 1, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		sorted[i] = keep[i];
	qsort(sorted, count, sizeof(*sorted), compare_ints);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] < first)
			continue;
		if (sorted[i] > first)
			(void)close_range((unsigned)first, (unsigned)sorted[i] - 1, 0);
		first = sorted[i] + 1;
	}
	(void)close_range((unsigned)first, ~0U, 0);
	free(sorted);
}

static void
null_stdio(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dup2(fd, 0);
	(void)dup2(fd, 1);
#ifndef SANDBOX_SANITIZED
	(void)dup2(fd, 2);
#endif
	if (fd > 2)
		(void)close(fd);
}

static bool
has_layer(const struct sandbox_profile *p, enum sandbox_layer layer)
{
	return !(p->off & (unsigned)layer);
}

/* Landlock and the filter need no_new_privs or CAP_SYS_ADMIN, so they go up before that is given
 * away, and the filter lets the last steps through. */
int
sandbox_enclose(const struct sandbox_profile *p, struct sandbox_layers *ret_active, struct err *err)
{
	bool root = geteuid() == 0, nobody, user_namespace = false;
	struct sandbox_layers active = {.bits = 0};
	uint64_t keep_caps = root && p->keep_user ? UINT64_C(1) << CAP_DAC_READ_SEARCH : 0;
	unsigned abi = 0;
	int ruleset = -1;

	default_signals();
	(void)umask(077);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (!p->keep_stdio)
		null_stdio();
	nobody = root && !p->keep_user && has_layer(p, SANDBOX_UID) && can_become_nobody() &&
	    hand_over(p, SANDBOX_NOBODY);
	if (root && !nobody && !hand_over(p, 0))
		return err_sys(err, ERR_IO, "cannot hand over the scratch directory");
	if (has_layer(p, SANDBOX_LANDLOCK) && sandbox_landlock_prepare(p, &ruleset, &abi, err) < 0)
		return -1;
	if (has_layer(p, SANDBOX_NAMESPACES) && own_namespaces(root, &user_namespace))
		active.bits |= SANDBOX_NAMESPACES;
	if (has_layer(p, SANDBOX_RLIMITS) && set_limits(p, user_namespace))
		active.bits |= SANDBOX_RLIMITS;
	if (has_layer(p, SANDBOX_NO_NEW_PRIVS) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		active.bits |= SANDBOX_NO_NEW_PRIVS;
	if (ruleset >= 0 && sandbox_landlock_enforce(ruleset) == 0) {
		active.bits |= SANDBOX_LANDLOCK;
		active.landlock_abi = abi;
	}
	if (ruleset >= 0)
		(void)close(ruleset);
	if (has_layer(p, SANDBOX_SECCOMP) &&
	    sandbox_filter_load(p, has_layer(p, SANDBOX_NO_NEW_PRIVS)) == 0)
		active.bits |= SANDBOX_SECCOMP;
	if (nobody && become_nobody())
		active.bits |= SANDBOX_UID;
	if (has_layer(p, SANDBOX_CAPS) && drop_caps(keep_caps))
		active.bits |= SANDBOX_CAPS;
	/* Both are undone by a change of user, so they come (again) after it. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	*ret_active = active;
	return sandbox_layers_check(&active, &p->require, err);
}

int
sandbox_enter(
    const struct sandbox_profile *profile, struct sandbox_layers *ret_active, struct err *err)
{
	(void)setsid();
	sandbox_close_others(3, profile->keep_fds, profile->keep_fd_count);
	return sandbox_enclose(profile, ret_active, err);
}
