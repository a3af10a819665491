// One enclosed child, from fork to the end of the last of its descendants.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sandbox_private.h"

#define ANSWER_MAX   ((size_t)1 << 20)
#define POLL_MS      200
#define GUARD_FAILED 125

/*
 * bkm forks a guard, the guard forks the worker. The worker is enclosed; the guard holds the far
 * end of the life pipe, so that the worker and everything that it started end when bkm asks for
 * it, and also when bkm itself is killed. Reports travel on the status pipe, which the worker
 * closes before it sees a hostile byte.
 */
enum report_kind { REPORT_ENCLOSED = 1, REPORT_FAILED, REPORT_ENDED };

struct report {
	enum report_kind kind;
	struct sandbox_layers active; /* REPORT_ENCLOSED */
	struct err err;               /* REPORT_FAILED */
	int wait_status;              /* REPORT_ENDED */
	long memory_kib;
};

_Static_assert(sizeof(struct report) <= 4096, "a report is one atomic write");

struct pipes {
	int answer[2];
	int status[2];
	int life[2];
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
pipes_close(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->answer[i]);
		close_fd(&p->status[i]);
		close_fd(&p->life[i]);
	}
}

/* A pipe whose ends are not 0, 1 or 2 even if those are closed. */
static int
high_pipe(int ends[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		ends[i] = low[i] > 2 ? low[i] : fcntl(low[i], F_DUPFD_CLOEXEC, 3);
		if (low[i] <= 2)
			(void)close(low[i]);
	}
	return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

static void
report_send(int fd, const struct report *report)
{
	ssize_t n;

	do
		n = write(fd, report, sizeof(*report));
	while (n < 0 && errno == EINTR);
}

/* ---------------------------------------------------------------- in the worker */

static _Noreturn void
worker(const struct sandbox_run *run, int (*fn)(void *, int), void *arg, const struct pipes *p,
    pid_t guard)
{
	struct report report = {.kind = REPORT_ENCLOSED};

	(void)setpgid(0, 0);
	if (sandbox_enclose(run->profile, &report.active, &report.err) < 0 || getppid() != guard) {
		report.kind = REPORT_FAILED;
		report_send(p->status[1], &report);
		_exit(GUARD_FAILED);
	}
	report_send(p->status[1], &report);
	(void)close(p->status[1]);
	_exit(fn(arg, p->answer[1]));
}

/* ---------------------------------------------------------------- in the guard */

/* The guard's own children: what the worker started comes to it when its own parent is gone, also
 * what left the group (which the filter sees to, but a wall may be missing). */
static void
kill_children(void)
{
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	char text[4096], *p = text, *end;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	for (;; p = end) {
		long pid = strtol(p, &end, 10);

		/* The last number may have been cut off. */
		if (end == p || *end == '\0')
			break;
		if (pid > 1)
			(void)kill((pid_t)pid, SIGKILL);
	}
	if (fd >= 0)
		(void)close(fd);
}

static void
end_all(pid_t group, struct report *report)
{
	struct rusage usage;
	int status;
	pid_t pid;

	(void)kill(-group, SIGKILL);
	(void)kill(group, SIGKILL);
	kill_children();
	while ((pid = wait4(-1, &status, 0, &usage)) > 0 || (pid < 0 && errno == EINTR)) {
		if (pid == group) {
			report->wait_status = status;
			report->memory_kib = usage.ru_maxrss;
		}
		(void)kill(-group, SIGKILL);
		kill_children();
	}
}

static void
wait_for_end(int pidfd, int life)
{
	struct pollfd fds[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = life, .events = POLLIN}};
	int n;

	do
		n = poll(fds, 2, -1);
	while (n < 0 && errno == EINTR);
}

static void
keep_descriptors(const struct sandbox_run *run, const struct pipes *p, bool worker_too)
{
	const struct sandbox_profile *profile = run->profile;
	size_t max = profile->keep_fd_count + profile->path_count + 4, count = 0;
	int *keep = mem_array(max, sizeof(*keep));

	for (size_t i = 0; i < profile->keep_fd_count; i++)
		keep[count++] = profile->keep_fds[i];
	for (size_t i = 0; i < profile->path_count; i++) {
		if (!profile->paths[i].path)
			keep[count++] = profile->paths[i].fd;
	}
	keep[count++] = p->answer[1];
	keep[count++] = p->status[1];
	if (!worker_too)
		keep[count++] = p->life[0];
	if (!worker_too && run->lock_fd > 0)
		keep[count++] = run->lock_fd;
	sandbox_close_others(3, keep, count);
	free(keep);
}

static _Noreturn void
guard(const struct sandbox_run *run, int (*fn)(void *, int), void *arg, struct pipes *p)
{
	struct report report = {.kind = REPORT_ENDED};
	pid_t self = getpid(), pid;
	int pidfd;

	(void)setsid();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	keep_descriptors(run, p, false);
	pid = fork();
	if (pid == 0) {
		keep_descriptors(run, p, true);
		worker(run, fn, arg, p, self);
	}
	close_fd(&p->answer[1]);
	if (pid < 0) {
		report.kind = REPORT_FAILED;
		(void)err_sys(&report.err, ERR_IO, "cannot fork");
		report_send(p->status[1], &report);
		_exit(GUARD_FAILED);
	}
	(void)setpgid(pid, pid);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd >= 0)
		wait_for_end(pidfd, p->life[0]);
	end_all(pid, &report);
	report_send(p->status[1], &report);
	_exit(0);
}

/* ---------------------------------------------------------------- in bkm */

struct watch {
	const struct sandbox_run *run;
	struct pipes *pipes;
	struct buf *answer;
	struct sandbox_result result;
	struct err err;
	int64_t start;
	bool failed, ended, cut;
};

/* Ask the guard to end everything; its report still comes. */
static void
cut_life(struct watch *w, enum sandbox_end why)
{
	if (w->cut)
		return;
	w->cut = true;
	w->result.end = why;
	close_fd(&w->pipes->life[1]);
}

static void
take_answer(struct watch *w)
{
	char bytes[16384];
	size_t max = w->run->answer_max ? w->run->answer_max : ANSWER_MAX;
	ssize_t n = read(w->pipes->answer[0], bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close_fd(&w->pipes->answer[0]);
		return;
	}
	if ((size_t)n > max - w->answer->len)
		cut_life(w, SANDBOX_OVERFLOW);
	else
		buf_add(w->answer, bytes, (size_t)n);
	if (w->answer->failed)
		cut_life(w, SANDBOX_OVERFLOW);
}

static void
take_report(struct watch *w)
{
	struct report report;
	ssize_t n = fsio_read_full(w->pipes->status[0], &report, sizeof(report));
	int status;

	if (n != (ssize_t)sizeof(report)) {
		close_fd(&w->pipes->status[0]);
		return;
	}
	switch (report.kind) {
	case REPORT_ENCLOSED:
		w->result.active = report.active;
		return;
	case REPORT_FAILED:
		w->failed = true;
		w->err = report.err;
		return;
	case REPORT_ENDED:
		break;
	}
	status = report.wait_status;
	w->ended = true;
	w->result.memory_max = (uint64_t)report.memory_kib * 1024;
	if (w->cut)
		return;
	if (WIFEXITED(status)) {
		w->result.end = SANDBOX_DONE;
		w->result.status = WEXITSTATUS(status);
	} else {
		w->result.status = WTERMSIG(status);
		w->result.end = w->result.status == SIGXCPU ? SANDBOX_TIMEOUT : SANDBOX_CRASHED;
	}
}

static void
watch_step(struct watch *w)
{
	struct pollfd fds[2] = {{.fd = w->pipes->answer[0], .events = POLLIN},
	    {.fd = w->pipes->status[0], .events = POLLIN}};
	int64_t left = w->run->wall_ms ? w->start + w->run->wall_ms - clock_mono_ms() : POLL_MS;

	if (left <= 0)
		cut_life(w, SANDBOX_TIMEOUT);
	if (w->run->stop && w->run->stop(w->run->stop_arg))
		cut_life(w, SANDBOX_STOPPED);
	if (poll(fds, 2, w->cut || left > POLL_MS ? POLL_MS : (int)left) <= 0)
		return;
	if (fds[0].revents)
		take_answer(w);
	if (fds[1].revents)
		take_report(w);
}

static int
watch_child(struct watch *w, pid_t pid, struct err *err)
{
	while (w->pipes->answer[0] >= 0 || w->pipes->status[0] >= 0)
		watch_step(w);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	w->result.ms = clock_mono_ms() - w->start;
	if (w->failed) {
		if (err)
			*err = w->err;
		return -1;
	}
	if (!w->ended && !w->cut)
		return err_set(err, ERR_IO, "the guard of the sandbox was killed");
	return 0;
}

int
sandbox_run(const struct sandbox_run *run, int (*fn)(void *, int), void *arg, struct buf *answer,
    struct sandbox_result *ret_result, struct err *err)
{
	struct pipes p = {.answer = {-1, -1}, .status = {-1, -1}, .life = {-1, -1}};
	struct watch w = {.run = run, .pipes = &p, .answer = answer, .start = clock_mono_ms()};
	pid_t pid;
	int r = -1;

	if (high_pipe(p.answer) < 0 || high_pipe(p.status) < 0 || high_pipe(p.life) < 0) {
		(void)err_sys(err, ERR_IO, "cannot make a pipe");
		goto out;
	}
	pid = fork();
	if (pid < 0) {
		(void)err_sys(err, ERR_IO, "cannot fork");
		goto out;
	}
	if (pid == 0)
		guard(run, fn, arg, &p);
	close_fd(&p.answer[1]);
	close_fd(&p.status[1]);
	close_fd(&p.life[0]);
	r = watch_child(&w, pid, err);
	if (r == 0)
		*ret_result = w.result;
out:
	pipes_close(&p);
	return r;
}
