// A handler that is a program of the configuration: argv in, one JSON object out.
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define ANSWER_MAX ((size_t)64 * 1024)

const struct restore_program *
restore_program_for(
    const struct restore_options *options, const struct restore_subject *subject, const char *name)
{
	for (size_t i = 0; i < options->program_count; i++) {
		const struct restore_program *p = &options->programs[i];

		if (subject->handler) {
			if (strcmp(p->name, subject->handler) == 0)
				return p;
			continue;
		}
		for (const char *const *m = p->match; m && *m; m++) {
			if (fnmatch(*m, name, 0) == 0)
				return p;
		}
	}
	return NULL;
}

/* What was decrypted is nowhere but on standard input. */
static const char *
path_of(const struct restore_job *job)
{
	return job->plain ? "/dev/stdin" : job->subject->path;
}

/* In the enclosed child: the backup is standard input, the scratch directory the current one. */
static int
program_main(void *arg, int out)
{
	const struct restore_job *job = arg;
	char *path = mem_printf("BKM_PATH=%s", path_of(job));
	char *scratch = mem_printf("BKM_SCRATCH=%s", job->program);
	char *envp[] = {path, scratch, (char[]){"PATH=/usr/local/bin:/usr/bin:/bin"},
	    (char[]){"LC_ALL=C.UTF-8"}, (char[]){"TZ=UTC"}, (char[]){"HOME=/"}, NULL};

	if (!job->directory)
		(void)lseek(job->fd, 0, SEEK_SET);
	if (fchdir(job->rootfd) < 0 || (!job->directory && dup2(job->fd, 0) < 0) ||
	    dup2(out, 1) < 0)
		return 126;
	(void)execvpe(job->argv[0], job->argv, envp);
	return errno == ENOENT ? 127 : 126;
}

static char **
make_argv(const struct restore_program *p, const char *path, const char *scratch)
{
	size_t n = 0;
	char **argv;

	while (p->argv[n])
		n++;
	argv = mem_array(n + 1, sizeof(*argv));
	for (size_t i = 0; i < n; i++) {
		const char *word = p->argv[i];

		if (strcmp(word, "{path}") == 0)
			word = path;
		else if (strcmp(word, "{scratch}") == 0)
			word = scratch;
		argv[i] = mem_strdup(word);
	}
	return argv;
}

static void
free_argv(char **argv)
{
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static uint64_t
count_of(const struct record *rec, const char *name)
{
	int64_t v;

	return record_int(rec, name, &v) && v > 0 ? (uint64_t)v : 0;
}

static void
no_answer(struct restore_result *result, const char *what)
{
	restore_result_say(result, RECORD_VERDICT_ERROR, "handler", "the handler program %s", what);
}

static void
read_answer(struct buf *answer, struct restore_result *r)
{
	struct record rec = RECORD_INIT;
	struct buf text = BUF_INIT_MAX(sizeof(r->message));
	const char *reason, *message;
	enum record_list list;
	int word;

	while (answer->len && strchr(" \r\n\t", answer->data[answer->len - 1]))
		answer->data[--answer->len] = '\0';
	if (record_parse(&rec, answer->data, answer->len, NULL) < 0) {
		no_answer(r,
		    answer->len ? "answered something that is no JSON object" : "gave no answer");
		goto out;
	}
	r->verdict = (enum record_verdict)record_word_of(&rec, "verdict", RECORD_LIST_VERDICT);
	r->entries = count_of(&rec, "entries");
	r->bytes = count_of(&rec, "bytes");
	r->files = count_of(&rec, "files");
	r->tables = count_of(&rec, "tables");
	r->rows = count_of(&rec, "rows");
	message = record_str(&rec, "message");
	if (message)
		str_add_visible(&text, message, strnlen(message, 200));
	(void)snprintf(r->message, sizeof(r->message), "%s", text.data);
	list = r->verdict == RECORD_VERDICT_FAIL ? RECORD_LIST_FAIL_REASON
	    : r->verdict == RECORD_VERDICT_SKIP  ? RECORD_LIST_SKIP_REASON
						 : RECORD_LIST_CANNOT_REASON;
	reason = record_str(&rec, "reason");
	word = record_word_find(list, reason);
	switch (r->verdict) {
	case RECORD_VERDICT_NONE:
		no_answer(r, "answered without a verdict");
		break;
	case RECORD_VERDICT_PASS:
		r->level = RECORD_LEVEL_RESTORED;
		if (r->entries == 0)
			no_answer(r, "passed without saying how many entries it restored");
		break;
	case RECORD_VERDICT_FAIL:
	case RECORD_VERDICT_SKIP:
	case RECORD_VERDICT_ERROR:
		if (word)
			r->reason = record_word(list, word);
		else if (r->verdict == RECORD_VERDICT_ERROR)
			r->reason = "handler";
		else
			no_answer(r, "answered without a reason that bkm knows");
		break;
	}
out:
	record_release(&rec);
	buf_release(&text);
}

void
restore_program_run(struct restore_job *job, const struct restore_program *program,
    const char *scratch_path, struct restore_result *result, bool *ret_stopped)
{
	struct restore_walls walls;
	struct buf answer = BUF_INIT_MAX(ANSWER_MAX);
	int status;

	(void)snprintf(result->handler, sizeof(result->handler), "%s", program->name);
	job->argv = make_argv(program, path_of(job), scratch_path);
	job->program = scratch_path;
	restore_walls_init(&walls, job);
	walls.profile.keep_user = true;
	restore_walls_programs(&walls, strchr(job->argv[0], '/') ? job->argv[0] : "/usr/local/bin",
	    job->plain ? NULL : job->subject->path);
	status = restore_run_child(&walls, job, program_main, &answer, result, ret_stopped);
	if ((status == 127 || status == 126) && !answer.len)
		restore_result_say(result, RECORD_VERDICT_ERROR, "handler",
		    "the handler program '%s' %s", job->argv[0],
		    status == 127 ? "does not exist" : "cannot be executed");
	else if (status > 0)
		restore_result_say(result, RECORD_VERDICT_ERROR, "handler",
		    "the handler program ended with status %d", status);
	else if (status == 0)
		read_answer(&answer, result);
	free_argv(job->argv);
	job->argv = NULL;
	buf_release(&answer);
}
