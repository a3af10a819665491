// One drill from the outside: open the backup, run the children, judge what they answer.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define DEFAULT_BYTES   (UINT64_C(20) << 30)
#define DEFAULT_ENTRIES 1000000
#define DEFAULT_RATIO   1000
#define DEFAULT_MS      (INT64_C(3600) * 1000)
#define SPACE_RESERVE   (UINT64_C(64) << 20) /* left free on the scratch file system, at least */

struct drill {
	const struct restore_subject *subject;
	struct restore_options options; /* defaults filled in */
	struct sandbox_scratch *scratch;
	struct restore_job job;
	struct restore_result *result;
	int fd;                       /* of the backup as it lies there */
	struct restore_subject plain; /* the subject, named as if it were not encrypted */
	struct stat before;
	bool stopped;
};

void
restore_options_fill(struct restore_options *o)
{
	o->max_bytes = o->max_bytes ? o->max_bytes : DEFAULT_BYTES;
	o->max_entries = o->max_entries ? o->max_entries : DEFAULT_ENTRIES;
	o->max_ratio = o->max_ratio ? o->max_ratio : DEFAULT_RATIO;
	o->max_ms = o->max_ms ? o->max_ms : DEFAULT_MS;
}

/* Read only, without touching the access time where that is allowed, never waiting for a FIFO. */
static int
open_backup(struct drill *d)
{
	const int flags =
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (d->subject->follow ? 0 : O_NOFOLLOW);
	const char *path = d->subject->path;
	int fd = open(path, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = open(path, flags);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		restore_result_say(
		    d->result, RECORD_VERDICT_ERROR, "unreadable", "backup file does not exist");
		return -1;
	}
	if (fd < 0) {
		restore_result_say(d->result, RECORD_VERDICT_ERROR,
		    errno == EACCES ? "permission_denied" : "unreadable",
		    "cannot open the backup: %s",
		    errno == EACCES ? "permission denied" : strerror(errno));
		return -1;
	}
	if (fstat(fd, &d->before) < 0 ||
	    (!S_ISREG(d->before.st_mode) && !S_ISDIR(d->before.st_mode))) {
		restore_result_say(d->result, RECORD_VERDICT_ERROR, "unreadable",
		    "neither a regular file nor a directory");
		(void)close(fd);
		return -1;
	}
	/* A descriptor of 0 to 2 would be lost in the child. */
	if (fd <= 2) {
		int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);

		(void)close(fd);
		fd = high;
	}
	return fd;
}

static int
measure_space(struct drill *d)
{
	uint64_t bytes, inodes;
	struct err err;

	if (sandbox_scratch_space(d->scratch, &bytes, &inodes, &err) < 0) {
		restore_result_say(d->result, RECORD_VERDICT_ERROR, "io_error", "%s", err.msg);
		return -1;
	}
	d->job.space = bytes > SPACE_RESERVE ? bytes - SPACE_RESERVE : 0;
	if (d->job.space && inodes)
		return 0;
	restore_result_say(
	    d->result, RECORD_VERDICT_ERROR, "no_space", "no space left in the scratch directory");
	return -1;
}

/* A mould that is not there yet is made in an empty place: -1 and the result says why not. */
static int
make_mould(struct drill *d, struct restore_job *job)
{
	struct sandbox_scratch *place = NULL;
	struct restore_job making = *job;
	struct restore_answer a;
	struct restore_walls walls;
	struct buf answer = BUF_INIT;
	struct err err = {.code = ERR_NONE};
	int r = -1;

	making.mould = restore_mould_new();
	if (making.mould < 0 || sandbox_scratch_beside(d->scratch, &place, &err) < 0) {
		restore_result_say(d->result, RECORD_VERDICT_ERROR, "io_error",
		    "cannot make a place for a server");
		goto out;
	}
	making.fd = making.mould;
	making.rootfd = sandbox_scratch_fd(place);
	making.lockfd = sandbox_scratch_lock(place);
	restore_walls_init(&walls, &making);
	restore_walls_programs(&walls, job->program, NULL);
	restore_walls_server(&walls);
	if (restore_run_child(
		&walls, &making, restore_mould_main, &answer, d->result, &d->stopped) != 0 ||
	    restore_answer_take(&answer, d->result, &a) < 0 ||
	    d->result->verdict != RECORD_VERDICT_NONE)
		goto out;
	r = restore_mould_keep(d->options.moulds, job->program, making.mould);
	if (r == 0)
		job->mould = making.mould;
out:
	if (r < 0 && making.mould >= 0)
		(void)close(making.mould);
	(void)sandbox_scratch_close(place, false, NULL);
	buf_release(&answer);
	return r;
}

/* One for all drills of a run, if there is where to keep it. */
static int
prepare_mould(struct drill *d, struct restore_job *job)
{
	int mould = restore_mould_find(d->options.moulds, job->program);

	if (!d->options.moulds)
		return 0;
	if (mould < 0)
		return make_mould(d, job);
	job->mould = mould;
	return 0;
}

/* The handler wants a program to read what lies in the scratch directory, or the backup itself. */
static void
run_second(struct drill *d, const char *name, struct restore_answer *ret)
{
	const struct restore_handler *handler = restore_handler_find(name);
	struct restore_job job = d->job;
	struct restore_walls walls;
	struct buf answer = BUF_INIT;
	const char *package = "";
	char *program = handler && handler->find ? handler->find(ret->wrote, &package) : NULL;
	int payload = -1;

	if (!handler || !handler->program) {
		restore_result_say(
		    d->result, RECORD_VERDICT_ERROR, "crashed", "the restore gave no answer");
		return;
	}
	if (!program) {
		restore_result_say(d->result, RECORD_VERDICT_SKIP,
		    handler->server ? "no_server" : "unsupported",
		    "%s is not installed: install the package %s",
		    handler->server ? "a server to load it" : "its program", package);
		return;
	}
	job.directory = false;
	job.handler = handler;
	job.program = program;
	if (handler->prepare && prepare_mould(d, &job) < 0) {
		free(program);
		return;
	}
	payload = openat(job.rootfd, RESTORE_PAYLOAD, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (payload >= 0)
		job.fd = payload;
	else
		(void)lseek(job.fd, 0, SEEK_SET);
	restore_walls_init(&walls, &job);
	restore_walls_programs(&walls, program, NULL);
	if (job.mould > 0)
		walls.keep[walls.profile.keep_fd_count++] = job.mould;
	if (handler->server)
		restore_walls_server(&walls);
	if (handler->server && job.subject->command)
		restore_walls_command(&walls, job.subject->command[0]);
	if (handler->memory)
		walls.profile.memory_bytes = handler->memory;
	if (restore_run_child(&walls, &job, restore_second_main, &answer, d->result, &d->stopped) ==
	    0)
		(void)restore_answer_take(&answer, d->result, ret);
	if (payload >= 0)
		(void)close(payload);
	buf_release(&answer);
	free(program);
}

static void
add_count(struct restore_result *r, const char *check, uint64_t n)
{
	struct restore_check *c = restore_result_check(r, check, RECORD_VERDICT_PASS);

	c->has_actual = true;
	c->actual = n;
}

static void
add_checks(struct drill *d, const struct restore_answer *a)
{
	struct restore_result *r = d->result;

	if (r->verdict != RECORD_VERDICT_PASS && r->verdict != RECORD_VERDICT_FAIL)
		return;
	if (a->integrity[0]) {
		bool ok = strcmp(a->integrity, "ok") == 0;
		struct restore_check *c = restore_result_check(
		    r, "integrity", ok ? RECORD_VERDICT_PASS : RECORD_VERDICT_FAIL);
		struct buf text = BUF_INIT_MAX(sizeof(c->message));

		if (!ok) {
			c->reason = "damaged";
			str_add_visible(&text, a->integrity, strnlen(a->integrity, 100));
			(void)snprintf(c->message, sizeof(c->message), "%s", text.data);
		}
		buf_release(&text);
	}
	if (r->verdict != RECORD_VERDICT_PASS)
		return;
	if (r->statements)
		add_count(r, "statements", r->statements);
	if (r->tables || r->statements)
		add_count(r, "tables", r->tables);
	if (r->tables)
		add_count(r, "rows", r->rows);
	restore_check_demands(&d->job, a, r, &d->stopped);
}

/* Written to while it was read: nothing can be said about it. */
static void
check_unchanged(struct drill *d)
{
	struct stat now;

	if (d->job.directory || fstat(d->fd, &now) < 0)
		return;
	if (now.st_size != d->before.st_size || now.st_mtim.tv_sec != d->before.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != d->before.st_mtim.tv_nsec) {
		d->result->check_count = 0;
		restore_result_say(
		    d->result, RECORD_VERDICT_SKIP, "growing", "it changed while it was read");
	}
}

static void
run_children(struct drill *d)
{
	struct restore_answer a = {.magic = 0};
	const struct restore_program *program =
	    restore_program_for(&d->options, d->subject, path_base(d->subject->path));
	struct restore_walls walls;
	struct buf answer = BUF_INIT;

	if (program) {
		restore_program_run(
		    &d->job, program, sandbox_scratch_path(d->scratch), d->result, &d->stopped);
		add_checks(d, &a);
		return;
	}
	if (d->subject->handler && !restore_handler_find(d->subject->handler)) {
		restore_result_say(d->result, RECORD_VERDICT_ERROR, "handler",
		    "there is no restore handler of that name");
		return;
	}
	restore_walls_init(&walls, &d->job);
	if (restore_run_child(
		&walls, &d->job, restore_child_main, &answer, d->result, &d->stopped) == 0 &&
	    restore_answer_take(&answer, d->result, &a) == 0) {
		if (d->result->verdict == RECORD_VERDICT_NONE)
			run_second(d, a.next, &a);
		add_checks(d, &a);
	}
	buf_release(&answer);
}

/* What is encrypted is decrypted first, and everything else sees only the plain bytes. */
static void
decrypt_and_run(struct drill *d)
{
	const struct decrypt_command *command = d->subject->decrypt;
	struct buf path = BUF_INIT;

	if (!command || d->job.directory ||
	    !decrypt_wants(command, path_base(d->subject->path), d->fd)) {
		run_children(d);
		return;
	}
	if (restore_decrypt(&d->job, d->scratch, d->result, &d->stopped) < 0)
		return;
	decrypt_plain_name(d->subject->path, &path);
	d->plain = *d->subject;
	d->plain.path = path.data;
	d->subject = d->job.subject = &d->plain;
	if (measure_space(d) == 0)
		run_children(d);
	(void)close(d->job.fd);
	d->job.fd = d->fd;
	buf_release(&path);
}

int
restore_drill(const struct restore_subject *subject, const struct restore_options *options,
    struct sandbox_scratch *scratch, struct restore_result *ret_result, struct err *err)
{
	struct drill d = {
	    .subject = subject, .options = *options, .scratch = scratch, .result = ret_result};
	int64_t start = clock_mono_ms();

	*ret_result = (struct restore_result){.verdict = RECORD_VERDICT_ERROR, .reason = "crashed"};
	restore_options_fill(&d.options);
	d.options.keep = d.options.keep || subject->compare;
	d.job = (struct restore_job){.subject = subject,
	    .options = &d.options,
	    .fd = open_backup(&d),
	    .rootfd = sandbox_scratch_fd(scratch),
	    .lockfd = sandbox_scratch_lock(scratch),
	    .deadline_ms = start + d.options.max_ms};
	d.fd = d.job.fd;
	if (d.fd < 0)
		return 0;
	d.job.directory = S_ISDIR(d.before.st_mode);
	d.job.size = (uint64_t)d.before.st_size;
	if (!d.job.directory && d.job.size == 0) {
		restore_result_say(ret_result, RECORD_VERDICT_FAIL, "empty", "the file is empty");
	} else if (measure_space(&d) == 0) {
		decrypt_and_run(&d);
		check_unchanged(&d);
	}
	ret_result->ms = clock_mono_ms() - start;
	restore_check_time(subject, ret_result);
	(void)close(d.fd);
	if (d.stopped)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return 0;
}
