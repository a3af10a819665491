// One decryptor beside whoever reads its output: started, watched by a process of its own, waited for.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decrypt/decrypt_private.h"

#define SAID_MAX     ((size_t)16 * 1024)
#define MEMORY_BYTES (UINT64_C(8) << 30)
#define HOME_BYTES   (UINT64_C(64) << 20) /* of a file, where the output is a pipe */
#define POLL_MS      200
#define NAME_LEN     40
#define PATHS_MAX    16

struct decrypt {
	pid_t pid;  /* of the watcher; 0: gone */
	int report; /* what it has to say */
	struct sandbox_scratch *scratch;
	char home[NAME_LEN]; /* below the scratch directory */
	char head[DECRYPT_HEAD];
	size_t head_len;
};

struct report {
	bool started;
	struct sandbox_result end;
	char said[SAID_MAX + 1]; /* or why it was not started */
};

/* What the watcher and the program work with. */
struct work {
	const struct decrypt_command *command;
	const struct decrypt_options *options;
	int in, out, home, secret, report;
	char *place; /* of home, as the program is told */
};

/* ---------------------------------------------------------------- in the enclosed child */

static char **
make_argv(const struct decrypt_command *c)
{
	size_t n = 0;
	char **argv;

	while (c->argv[n])
		n++;
	argv = mem_array(n + 1, sizeof(*argv));
	for (size_t i = 0; i < n; i++)
		argv[i] =
		    mem_strdup(strcmp(c->argv[i], "{secret}") == 0 ? "/dev/fd/3" : c->argv[i]);
	return argv;
}

static int
program_main(void *arg, int out)
{
	const struct work *w = arg;
	char *envp[] = {(char[]){"PATH=" SANDBOX_PATH}, (char[]){"LC_ALL=C"}, (char[]){"TZ=UTC"},
	    mem_printf("HOME=%s", w->place), mem_printf("GNUPGHOME=%s", w->place), NULL};
	struct sandbox_program p = {.argv = make_argv(w->command),
	    .envp = envp,
	    .fds = {w->in, w->out, out, w->secret},
	    .cwd = w->home};

	return sandbox_program_exec(&p);
}

/* ---------------------------------------------------------------- in the watcher */

static bool
nobody_listens(void *arg)
{
	struct pollfd fd = {.fd = *(int *)arg};

	return poll(&fd, 1, 0) > 0;
}

static void
watch(struct work *w, struct report *report)
{
	const struct decrypt_command *c = w->command;
	int keep[4] = {w->in, w->out, w->home, w->secret};
	struct sandbox_path paths[PATHS_MAX] = {{.fd = w->home, .access = SANDBOX_WRITE}};
	size_t count, n = 1;
	const struct sandbox_path *system = sandbox_system_paths(&count);
	struct sandbox_profile profile = {.paths = paths,
	    .keep_fds = keep,
	    .keep_fd_count = w->secret >= 0 ? 4 : 3,
	    .programs = true,
	    .write_files = true,
	    .unix_sockets = c->unix_sockets,
	    .keep_user = c->unix_sockets,
	    .cpu_seconds = 7 * CLOCK_DAY,
	    .memory_bytes = MEMORY_BYTES,
	    .require = c->require,
	    .off = c->off};
	struct sandbox_run run = {.profile = &profile,
	    .wall_ms = w->options->max_ms,
	    .answer_max = SAID_MAX,
	    .stop = nobody_listens,
	    .stop_arg = &w->report,
	    .lock_fd = sandbox_scratch_lock(w->options->scratch)};
	struct buf said = BUF_INIT_MAX(SAID_MAX + 1);
	struct err err = {.code = ERR_NONE};
	struct stat st;

	for (size_t i = 0; i < count && n < PATHS_MAX - 1; i++)
		paths[n++] = system[i];
	if (strchr(c->argv[0], '/'))
		paths[n++] = (struct sandbox_path){.path = c->argv[0], .access = SANDBOX_EXEC};
	profile.path_count = n;
	if (fstat(w->out, &st) == 0 && S_ISREG(st.st_mode))
		profile.file_bytes = w->options->max_bytes;
	else
		profile.file_bytes = HOME_BYTES;
	report->started = sandbox_run(&run, program_main, w, &said, &report->end, &err) == 0;
	(void)snprintf(
	    report->said, sizeof(report->said), "%s", report->started ? said.data : err.msg);
	buf_release(&said);
}

static _Noreturn void
watcher(struct work *w)
{
	struct report *report = mem_alloc(sizeof(*report));
	int keep[] = {w->in, w->out, w->home, w->report, sandbox_scratch_lock(w->options->scratch),
	    w->secret};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	sandbox_close_others(3, keep, w->secret >= 0 ? ARRAY_LEN(keep) : ARRAY_LEN(keep) - 1);
	watch(w, report);
	_exit(fsio_write_all(w->report, report, sizeof(*report), "report", NULL) < 0);
}

/* ---------------------------------------------------------------- in bkm */

/* An own description of the open file: its offset is nobody else's. */
static int
reopen(int fd, struct err *err)
{
	char path[64];
	int again;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC | O_NOATIME);
	if (again < 0 && errno == EPERM)
		again = open(path, O_RDONLY | O_CLOEXEC);
	return again < 0 ? err_sys(err, ERR_IO, "cannot open the backup once more") : again;
}

static int
make_home(struct decrypt *d, struct err *err)
{
	int root = sandbox_scratch_fd(d->scratch), fd = -1;

	for (unsigned i = 0; i < 10000; i++) {
		(void)snprintf(d->home, sizeof(d->home), ".bkm-decrypt-%u", i);
		if (mkdirat(root, d->home, 0700) == 0) {
			fd = openat(root, d->home, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			break;
		}
		d->home[0] = '\0';
		if (errno != EEXIST)
			break;
	}
	return fd < 0 ? err_sys(err, ERR_IO, "cannot make a directory for the decryptor") : fd;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* The way to the scratch directory is closed to nobody, the directory one is in is not. An agent has a
 * current directory of its own, so who needs one stays who he is and is told the path. */
static char *
place_of(const struct decrypt *d, const struct decrypt_command *c)
{
	if (!c->unix_sockets)
		return mem_strdup("/proc/self/cwd");
	return mem_printf("%s/%s", sandbox_scratch_path(d->scratch), d->home);
}

static int
launch(struct decrypt *d, struct work *w, struct err *err)
{
	int pipe[2];

	w->home = make_home(d, err);
	w->in = w->home < 0 ? -1 : reopen(w->in, err);
	if (w->in < 0)
		return -1;
	w->place = place_of(d, w->command);
	if (w->command->secret) {
		w->secret = sandbox_secret_fd(w->command->secret, err);
		if (w->secret < 0)
			return -1;
	}
	if (pipe2(pipe, O_CLOEXEC) < 0)
		return err_sys(err, ERR_IO, "cannot make a pipe");
	d->report = pipe[0];
	w->report = pipe[1];
	d->pid = fork();
	if (d->pid == 0)
		watcher(w);
	if (d->pid < 0) {
		d->pid = 0;
		return err_sys(err, ERR_IO, "cannot fork");
	}
	return 0;
}

int
decrypt_start(struct decrypt **ret_decrypt, const struct decrypt_command *command,
    const struct decrypt_options *options, int in, int out, struct err *err)
{
	struct decrypt *d = mem_alloc(sizeof(*d));
	struct work w = {.command = command,
	    .options = options,
	    .in = in,
	    .out = out,
	    .home = -1,
	    .secret = -1,
	    .report = -1};
	ssize_t n = pread(in, d->head, sizeof(d->head), 0);
	int r;

	d->head_len = n > 0 ? (size_t)n : 0;
	d->report = -1;
	d->scratch = options->scratch;
	r = launch(d, &w, err);
	if (w.in != in)
		close_fd(w.in);
	free(w.place);
	close_fd(w.home);
	close_fd(w.secret);
	close_fd(w.report);
	close_fd(out);
	if (r < 0) {
		decrypt_free(d);
		return -1;
	}
	*ret_decrypt = d;
	return 0;
}

/* The report comes when everything has ended: 1, 0 not yet. */
static int
wait_for_report(struct decrypt *d, int64_t max_ms, bool (*stop)(void *), void *stop_arg,
    struct decrypt_result *r)
{
	int64_t until = clock_mono_ms() + max_ms;
	struct pollfd fd = {.fd = d->report, .events = POLLIN};

	for (;;) {
		int64_t left = max_ms ? until - clock_mono_ms() : POLL_MS;

		if (stop && stop(stop_arg)) {
			r->outcome = DECRYPT_STOPPED;
			return 0;
		}
		if (left <= 0) {
			(void)snprintf(r->message, sizeof(r->message), "does not end");
			return 0;
		}
		if (poll(&fd, 1, left > POLL_MS ? POLL_MS : (int)left) > 0)
			return 1;
	}
}

void
decrypt_wait(struct decrypt *d, int64_t max_ms, bool (*stop)(void *), void *stop_arg,
    struct decrypt_result *r)
{
	struct report *report = mem_alloc(sizeof(*report));

	*r = (struct decrypt_result){.outcome = DECRYPT_CANNOT};
	if (wait_for_report(d, max_ms, stop, stop_arg, r) == 0)
		goto out;
	if (fsio_read_full(d->report, report, sizeof(*report)) != (ssize_t)sizeof(*report)) {
		(void)snprintf(r->message, sizeof(r->message), "its watcher was killed");
		goto out;
	}
	report->said[SAID_MAX] = '\0';
	if (report->started)
		decrypt_judge(&report->end, d->head, d->head_len, report->said, r);
	else
		(void)snprintf(r->message, sizeof(r->message), "%.*s", (int)sizeof(r->message) - 1,
		    report->said);
out:
	free(report);
}

void
decrypt_free(struct decrypt *d)
{
	if (!d)
		return;
	/* The watcher sees that, and is gone when the program is: then its home can go. */
	close_fd(d->report);
	while (d->pid && waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (d->home[0])
		(void)sandbox_remove_tree(sandbox_scratch_fd(d->scratch), d->home, NULL);
	free(d);
}
