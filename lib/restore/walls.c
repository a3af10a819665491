// The walls around each kind of child of a drill, and what its end means.
#include <stdarg.h>
#include <string.h>

#include "restore/restore_private.h"

#define MEMORY_BYTES  (UINT64_C(1) << 30)
#define SERVER_MEMORY (UINT64_C(8) << 30)
#define SERVER_FILES  (UINT64_C(256) << 20) /* of its own */

static void
add_path(struct restore_walls *walls, const struct sandbox_path *path)
{
	if (walls->profile.path_count < RESTORE_PATHS_MAX)
		walls->paths[walls->profile.path_count++] = *path;
}

/* A parser and writer: the backup open, the scratch directory to write to, nothing else. */
void
restore_walls_init(struct restore_walls *walls, const struct restore_job *job)
{
	const struct restore_options *o = job->options;

	*walls = (struct restore_walls){.keep = {job->fd, job->rootfd}};
	walls->profile = (struct sandbox_profile){.paths = walls->paths,
	    .keep_fds = walls->keep,
	    .keep_fd_count = 2,
	    .write_files = true,
	    .keep_user = job->directory,
	    .cpu_seconds = (uint64_t)o->max_ms / 1000 + 2,
	    .memory_bytes = MEMORY_BYTES,
	    .file_bytes = o->max_bytes,
	    .require = o->require,
	    .off = o->sandbox_off};
	add_path(walls, &(struct sandbox_path){.fd = job->rootfd, .access = SANDBOX_WRITE});
	if (job->directory)
		add_path(walls, &(struct sandbox_path){.fd = job->fd, .access = SANDBOX_READ});
}

/* A reader of what was restored and of the live files, as the user that runs bkm: it writes nothing. */
void
restore_walls_reader(struct restore_walls *walls, const struct restore_job *job)
{
	const struct restore_options *o = job->options;

	*walls = (struct restore_walls){.keep = {job->rootfd, job->livefd}};
	walls->profile = (struct sandbox_profile){.paths = walls->paths,
	    .keep_fds = walls->keep,
	    .keep_fd_count = job->livefd >= 0 ? 2 : 1,
	    .keep_user = true,
	    .cpu_seconds = (uint64_t)o->max_ms / 1000 + 2,
	    .memory_bytes = MEMORY_BYTES,
	    .max_fds = 256,
	    .require = o->require,
	    .off = o->sandbox_off};
	add_path(walls, &(struct sandbox_path){.fd = job->rootfd, .access = SANDBOX_READ});
	if (job->livefd >= 0)
		add_path(walls, &(struct sandbox_path){.fd = job->livefd, .access = SANDBOX_READ});
}

/* A program beside that: it may be executed, and path, if it has one, be read. */
void
restore_walls_programs(struct restore_walls *walls, const char *program, const char *path)
{
	size_t count;
	const struct sandbox_path *system = sandbox_system_paths(&count);

	walls->profile.programs = true;
	for (size_t i = 0; i < count; i++)
		add_path(walls, &system[i]);
	add_path(walls, &(struct sandbox_path){.path = program, .access = SANDBOX_EXEC});
	if (path)
		add_path(walls, &(struct sandbox_path){.path = path, .access = SANDBOX_READ});
}

/* The program of restore.command, if it lies in a place of its own. */
void
restore_walls_command(struct restore_walls *walls, const char *program)
{
	if (strchr(program, '/'))
		add_path(walls, &(struct sandbox_path){.path = program, .access = SANDBOX_EXEC});
}

/* A server reserves much more than it uses, writes its own log, and has many small files. What it
 * may fill of the disk is watched by its parent (server.c). */
void
restore_walls_server(struct restore_walls *walls)
{
	struct sandbox_profile *p = &walls->profile;

	p->unix_sockets = true;
	p->memory_bytes = SERVER_MEMORY;
	p->file_bytes += SERVER_FILES;
	p->max_fds = 1024;
	p->max_processes = 256;
}

void
restore_result_say(struct restore_result *result, enum record_verdict verdict, const char *reason,
    const char *fmt, ...)
{
	va_list ap;

	result->verdict = verdict;
	result->reason = reason;
	va_start(ap, fmt);
	(void)vsnprintf(result->message, sizeof(result->message), fmt, ap);
	va_end(ap);
}

struct restore_check *
restore_result_check(struct restore_result *result, const char *check, enum record_verdict verdict)
{
	struct restore_check *c;

	if (result->check_count == RESTORE_CHECKS_MAX)
		return &result->checks[RESTORE_CHECKS_MAX - 1];
	c = &result->checks[result->check_count++];
	*c = (struct restore_check){.check = check, .verdict = verdict};
	return c;
}

int
restore_run_child(const struct restore_walls *walls, struct restore_job *job,
    int (*fn)(void *, int), struct buf *answer, struct restore_result *result, bool *ret_stopped)
{
	int64_t left = job->deadline_ms - clock_mono_ms();
	const struct sandbox_run run = {.profile = &walls->profile,
	    .wall_ms = left > 1 ? left : 1,
	    .answer_max = answer->max,
	    .lock_fd = job->lockfd,
	    .stop = job->options->stop,
	    .stop_arg = job->options->stop_arg};
	struct sandbox_result end;
	struct err err = {.code = ERR_NONE};

	if (sandbox_run(&run, fn, job, answer, &end, &err) < 0) {
		restore_result_say(result, RECORD_VERDICT_ERROR,
		    err.code == ERR_UNSUPPORTED ? "sandbox" : "io_error", "%s", err.msg);
		return -1;
	}
	result->sandbox = end.active;
	if (end.memory_max > result->memory_max)
		result->memory_max = end.memory_max;
	switch (end.end) {
	case SANDBOX_DONE:
		return end.status;
	case SANDBOX_CRASHED:
		restore_result_say(result, RECORD_VERDICT_ERROR, "crashed",
		    "the restore ended by signal %d", end.status);
		break;
	case SANDBOX_TIMEOUT:
		restore_result_say(result, RECORD_VERDICT_ERROR, "timeout",
		    "not restored within the time limit of %lld s",
		    (long long)(job->options->max_ms / 1000));
		break;
	case SANDBOX_OVERFLOW:
		restore_result_say(
		    result, RECORD_VERDICT_ERROR, "crashed", "the restore answered without end");
		break;
	case SANDBOX_STOPPED:
		*ret_stopped = true;
		restore_result_say(result, RECORD_VERDICT_ERROR, "interrupted", "interrupted");
		break;
	}
	return -1;
}
