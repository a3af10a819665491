// One question to the handler of a repository: the program in its walls, its answer.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/repository_private.h"

#define MEMORY_BYTES (UINT64_C(16) << 30)
#define DEFAULT_MS   (INT64_C(24) * 3600 * 1000)
#define PATHS_MAX    20
#define ENV_MAX      64

int
repository_open(struct repository **ret_repository, const struct repository_options *options,
    struct sandbox_scratch *scratch, struct err *err)
{
	struct repository *r = mem_alloc(sizeof(*r));
	int root = sandbox_scratch_fd(scratch);

	*r = (struct repository){.options = *options, .scratch = scratch, .dirfd = -1};
	for (unsigned i = 0; i < 10000 && r->dirfd < 0; i++) {
		(void)snprintf(r->dir, sizeof(r->dir), ".bkm-repository-%u", i);
		if (mkdirat(root, r->dir, 0700) == 0)
			r->dirfd =
			    openat(root, r->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		else if (errno != EEXIST)
			break;
	}
	if (r->dirfd < 0) {
		(void)err_sys(err, ERR_IO, "cannot make a directory for the handler");
		free(r);
		return -1;
	}
	*ret_repository = r;
	return 0;
}

void
repository_close(struct repository *r, bool keep)
{
	if (!r)
		return;
	(void)close(r->dirfd);
	if (!keep)
		(void)sandbox_remove_tree(sandbox_scratch_fd(r->scratch), r->dir, NULL);
	free(r);
}

int
repository_openat(const struct repository *r, const char *name, int flags)
{
	return openat(r->dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
}

/* ---------------------------------------------------------------- in the enclosed child */

struct work {
	const struct repository *repository;
	const struct repository_question *question;
	int input, secret;
};

static int
handler_main(void *arg, int out)
{
	const struct work *w = arg;
	const struct repository_options *o = &w->repository->options;
	const struct repository_question *q = w->question;
	const struct repository_sample none = {.files = 0}, *s = q->sample ? q->sample : &none;
	char *argv[REPOSITORY_ARGS_MAX + 4] = {
	    mem_strdup(o->handler), mem_strdup(q->command), mem_strdup(o->address)};
	char *home =
	    mem_printf("%s/%s", sandbox_scratch_path(w->repository->scratch), w->repository->dir);
	char *envp[ENV_MAX] = {(char[]){"PATH=" SANDBOX_PATH}, (char[]){"LC_ALL=C.UTF-8"},
	    (char[]){"TZ=UTC"}, mem_printf("HOME=%s", home), mem_printf("TMPDIR=%s", home),
	    mem_printf("BKM_FILES=%llu", (unsigned long long)s->files),
	    mem_printf("BKM_BYTES=%llu", (unsigned long long)s->bytes),
	    mem_printf("BKM_TURN=%llu", (unsigned long long)s->turn), NULL};
	size_t n = 0;
	const struct sandbox_program p = {.argv = argv,
	    .envp = envp,
	    .fds = {w->input, out, -1, w->secret},
	    .cwd = w->repository->dirfd};

	while (envp[n])
		n++;
	for (size_t i = 0; o->env && o->env[i] && n < ENV_MAX - 1; i++)
		envp[n++] = o->env[i];
	for (size_t i = 0; i < REPOSITORY_ARGS_MAX && q->args[i]; i++)
		argv[3 + i] = mem_strdup(q->args[i]);
	return sandbox_program_exec(&p);
}

/* ---------------------------------------------------------------- in bkm */

static void
close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* What is remote needs sockets, and the keys of whoever runs bkm: no walls but limits. */
static void
fill_profile(
    const struct repository *r, struct sandbox_profile *profile, struct sandbox_path *paths)
{
	const struct repository_options *o = &r->options;
	size_t count, n = 0;
	const struct sandbox_path *system = sandbox_system_paths(&count);

	paths[n++] = (struct sandbox_path){.fd = r->dirfd, .access = SANDBOX_WRITE};
	for (size_t i = 0; i < count && n < PATHS_MAX - 2; i++)
		paths[n++] = system[i];
	paths[n++] = (struct sandbox_path){.path = o->handler, .access = SANDBOX_EXEC};
	if (!o->remote)
		paths[n++] = (struct sandbox_path){.path = o->address, .access = SANDBOX_READ};
	profile->paths = paths;
	profile->path_count = n;
	profile->programs = profile->write_files = profile->keep_user = true;
	profile->memory_bytes = MEMORY_BYTES;
	profile->cpu_seconds = 7 * CLOCK_DAY;
	profile->max_fds = 1024;
	profile->max_processes = 256;
	profile->require = o->require;
	profile->off = o->off;
	if (o->remote) {
		profile->off |= SANDBOX_LANDLOCK | SANDBOX_SECCOMP | SANDBOX_NAMESPACES;
		profile->require = (struct sandbox_layers){.bits = SANDBOX_RLIMITS};
	}
}

int
repository_ask(struct repository *r, const struct repository_question *q, struct buf *answer,
    struct sandbox_result *ret_end, struct err *err)
{
	const struct repository_options *o = &r->options;
	struct work w = {.repository = r, .question = q, .input = -1, .secret = -1};
	struct sandbox_path paths[PATHS_MAX];
	int keep[3] = {r->dirfd};
	struct sandbox_profile profile = {.keep_fds = keep, .keep_fd_count = 1};
	const struct sandbox_run run = {.profile = &profile,
	    .wall_ms = o->max_ms ? o->max_ms : DEFAULT_MS,
	    .answer_max = answer->max,
	    .stop = o->stop,
	    .stop_arg = o->stop_arg,
	    .lock_fd = sandbox_scratch_lock(r->scratch)};
	int result = -1;

	fill_profile(r, &profile, paths);
	if (q->input) {
		w.input = sandbox_secret_fd(q->input, err);
		if (w.input < 0)
			goto out;
		keep[profile.keep_fd_count++] = w.input;
	}
	if (o->secret) {
		w.secret = sandbox_secret_fd(o->secret, err);
		if (w.secret < 0)
			goto out;
		keep[profile.keep_fd_count++] = w.secret;
	}
	result = sandbox_run(&run, handler_main, &w, answer, ret_end, err);
out:
	close_fd(w.input);
	close_fd(w.secret);
	return result;
}
