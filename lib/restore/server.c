// In the second child: programs in narrower walls, and an eye on time and space while they work.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "restore/server_private.h"

#define LOOK_MS       250
#define DEPTH_MAX     12
#define SPACE_RESERVE (UINT64_C(32) << 20)
#define ENV_MAX       16
#define LOG_TAIL      8192
#define SCRATCH_FD    3 /* of RESTORE_SCRATCH */

/* ---------------------------------------------------------------- programs */

int
restore_enter_scratch(struct restore_child *child)
{
	char path[PATH_MAX];

	if (fchdir(child->rootfd) < 0 || !getcwd(path, sizeof(path))) {
		restore_say_errno(child->answer, "cannot enter the scratch directory");
		return -1;
	}
	if (access(path, X_OK) == 0)
		return 0;
	restore_say(child->answer, RECORD_VERDICT_ERROR, "permission_denied",
	    "the user of the server may not walk to the scratch directory: chmod a+x what is above "
	    "it, or use --scratch");
	return -1;
}

static void
fill_env(char **envp, const struct restore_spawn *spawn)
{
	static char locale[] = "LC_ALL=C", zone[] = "TZ=UTC",
		    path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	size_t n = 0;

	envp[n++] = locale;
	envp[n++] = zone;
	envp[n++] = path;
	for (size_t i = 0; spawn->env && spawn->env[i] && n < ENV_MAX - 1; i++)
		envp[n++] = spawn->env[i];
	envp[n] = NULL;
}

static int
set_files(const struct restore_child *child, const struct restore_spawn *spawn)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = -1;

	if (spawn->log)
		log = openat(child->rootfd, spawn->log,
		    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (null < 0 || (spawn->log && log < 0))
		return -1;
	if (dup2(spawn->has_in ? spawn->in : null, 0) < 0 ||
	    dup2(spawn->has_out ? spawn->out
		    : log >= 0  ? log
				: null,
		1) < 0 ||
	    dup2(log >= 0 ? log : null, 2) < 0)
		return -1;
	if (fchdir(child->rootfd) < 0 || dup2(child->rootfd, SCRATCH_FD) < 0 ||
	    fcntl(SCRATCH_FD, F_SETFD, 0) < 0)
		return -1;
	return spawn->directory ? chdir(spawn->directory) : 0;
}

static void
execute(const struct restore_child *child, const struct restore_spawn *spawn, char **envp)
{
	const int scratch = SCRATCH_FD;
	const struct sandbox_path paths[] = {
	    {.path = "/usr", .access = SANDBOX_READ},
	    {.path = "/lib", .access = SANDBOX_EXEC},
	    {.path = "/lib64", .access = SANDBOX_EXEC},
	    {.path = "/usr/lib", .access = SANDBOX_EXEC},
	    {.path = spawn->program, .access = SANDBOX_EXEC},
	    {.path = "/etc/ld.so.cache", .access = SANDBOX_READ},
	    {.path = "/dev/null", .access = SANDBOX_WRITE},
	    {.path = "/dev/zero", .access = SANDBOX_READ},
	    {.path = "/dev/urandom", .access = SANDBOX_READ},
	    {.fd = SCRATCH_FD, .access = spawn->reads ? SANDBOX_READ : SANDBOX_WRITE},
	};
	const struct sandbox_profile profile = {.paths = paths,
	    .path_count = ARRAY_LEN(paths),
	    .keep_fds = &scratch,
	    .keep_fd_count = 1,
	    .unix_sockets = spawn->sockets,
	    .off = child->options->sandbox_off};
	struct err err = {.code = ERR_NONE};

	if (spawn->loose)
		(void)execve(spawn->program, spawn->argv, envp);
	else
		(void)sandbox_exec(&profile, spawn->program, spawn->argv, envp, &err);
	(void)dprintf(
	    2, "cannot execute %s: %s\n", spawn->program, spawn->loose ? strerror(errno) : err.msg);
}

pid_t
restore_spawn(struct restore_child *child, const struct restore_spawn *spawn)
{
	pid_t self = getpid(), pid = fork();
	char *envp[ENV_MAX];

	if (pid < 0) {
		restore_say_errno(child->answer, "cannot start a program");
		return -1;
	}
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != self)
		_exit(126);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_IGN);
	fill_env(envp, spawn);
	if (set_files(child, spawn) == 0)
		execute(child, spawn, envp);
	_exit(127);
}

int
restore_spawn_wait(struct restore_watch *watch, pid_t pid, int *ret_status)
{
	for (unsigned ms = 1;; ms = ms < 50 ? ms * 2 : ms) {
		pid_t got = waitpid(pid, ret_status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR) {
			restore_say_errno(watch->child->answer, "cannot wait for a program");
			return -1;
		}
		if (restore_watch_pause(watch, ms) < 0) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, ret_status, 0);
			return -1;
		}
	}
}

/* ---------------------------------------------------------------- time and space */

static uint64_t
used_below(int dirfd, const char *name, const char *ignore, unsigned depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint64_t used = 0;
	struct dirent *de;
	struct stat st;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	while ((de = readdir(dir))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0 ||
		    (ignore && strcmp(de->d_name, ignore) == 0) ||
		    fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		used += (uint64_t)st.st_blocks * 512;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			used += used_below(fd, de->d_name, ignore, depth + 1);
	}
	(void)closedir(dir);
	return used;
}

void
restore_watch_begin(struct restore_watch *watch)
{
	watch->base = used_below(watch->child->rootfd, ".", watch->ignore, 0);
}

static int
look_at_space(struct restore_watch *watch)
{
	struct restore_child *child = watch->child;
	uint64_t max = child->options->max_bytes, used;
	struct statvfs vfs;

	if (fstatvfs(child->rootfd, &vfs) == 0 &&
	    (uint64_t)vfs.f_bavail * (uint64_t)vfs.f_frsize < SPACE_RESERVE) {
		restore_say(child->answer, RECORD_VERDICT_ERROR, "no_space",
		    "no space left in the scratch directory");
		return -1;
	}
	used = used_below(child->rootfd, ".", watch->ignore, 0);
	if (!watch->base || used < watch->base || used - watch->base <= max)
		return 0;
	restore_say(child->answer, RECORD_VERDICT_FAIL, "bomb",
	    "the server wrote more than %llu bytes", (unsigned long long)max);
	return -1;
}

static int
look_at_server(struct restore_watch *watch)
{
	struct restore_answer *a = watch->child->answer;
	int status;

	if (watch->server <= 0 || waitpid(watch->server, &status, WNOHANG) != watch->server)
		return 0;
	watch->server = 0;
	if (WIFSIGNALED(status))
		restore_say(a, RECORD_VERDICT_ERROR, "server", "the server ended by signal %d",
		    WTERMSIG(status));
	else
		restore_say(a, RECORD_VERDICT_ERROR, "server", "the server ended with status %d",
		    WEXITSTATUS(status));
	return -1;
}

int
restore_watch_look(struct restore_watch *watch)
{
	struct restore_child *child = watch->child;
	int64_t now = clock_mono_ms();

	if (now < watch->next_ms)
		return 0;
	watch->next_ms = now + LOOK_MS;
	if (now > child->deadline_ms) {
		restore_say(child->answer, RECORD_VERDICT_ERROR, "timeout",
		    "not restored within the time limit of %lld s",
		    (long long)(child->options->max_ms / 1000));
		return -1;
	}
	if (look_at_space(watch) < 0)
		return -1;
	return look_at_server(watch);
}

int
restore_watch_pause(struct restore_watch *watch, unsigned ms)
{
	const struct timespec pause = {.tv_nsec = (long)(ms % 1000) * 1000000, .tv_sec = ms / 1000};

	(void)nanosleep(&pause, NULL);
	return restore_watch_look(watch);
}

/* ---------------------------------------------------------------- logs */

void
restore_log_line(
    struct restore_child *child, const char *log, const char *mark, char *ret, size_t size)
{
	int fd = openat(child->rootfd, log, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text = mem_alloc(LOG_TAIL + 1), *line, *next;
	struct buf visible = BUF_INIT;
	struct stat st;
	ssize_t n = -1;

	ret[0] = '\0';
	if (fd >= 0 && fstat(fd, &st) == 0)
		n = pread(fd, text, LOG_TAIL, st.st_size > LOG_TAIL ? st.st_size - LOG_TAIL : 0);
	text[n > 0 ? n : 0] = '\0';
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!*line || (mark && !strstr(line, mark)))
			continue;
		buf_clear(&visible);
		str_add_visible(&visible, line, strnlen(line, 160));
		(void)snprintf(ret, size, "%s", visible.data);
	}
	buf_release(&visible);
	free(text);
	if (fd >= 0)
		(void)close(fd);
}
