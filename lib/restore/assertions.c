// What the configuration demands of a backup beside coming back at all.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "restore/restore_private.h"

/* The walls a program of the configuration runs in are those of programs; the tree is its own. */
int
restore_command_main(void *arg, int out)
{
	const struct restore_job *job = arg;
	char *envp[] = {(char[]){"PATH=/usr/local/bin:/usr/bin:/bin"}, (char[]){"LC_ALL=C.UTF-8"},
	    (char[]){"TZ=UTC"}, (char[]){"HOME=/"}, NULL};

	if (fchdir(job->rootfd) < 0 || dup2(out, 1) < 0)
		return 126;
	(void)execvpe(job->argv[0], job->argv, envp);
	return errno == ENOENT ? 127 : 126;
}

static void
fail(struct restore_result *r, struct restore_check *c, const char *what, const char *subject)
{
	struct buf text = BUF_INIT_MAX(100);

	str_add_visible(&text, subject, strnlen(subject, 60));
	c->verdict = RECORD_VERDICT_FAIL;
	c->reason = "assertion";
	(void)snprintf(c->message, sizeof(c->message), "%s%s", what, text.data);
	if (r->verdict == RECORD_VERDICT_PASS)
		restore_result_say(r, RECORD_VERDICT_FAIL, "assertion", "%s", c->message);
	buf_release(&text);
}

static void
not_looked_into(struct restore_result *r, const char *check)
{
	struct restore_check *c = restore_result_check(r, check, RECORD_VERDICT_SKIP);

	c->reason = "unsupported";
	r->warnings |= RESTORE_WARN_NOT_LOOKED_INTO;
}

static void
check_entries(const struct restore_subject *s, struct restore_result *r)
{
	uint64_t min = s->min_entries ? s->min_entries : 1;
	struct restore_check *c = restore_result_check(r, "entries", RECORD_VERDICT_PASS);

	c->has_actual = true;
	c->actual = r->entries;
	c->has_expected = s->min_entries > 0;
	c->expected = min;
	if (r->entries < min)
		fail(r, c, "fewer entries than min_entries", "");
}

static void
check_names(
    const struct restore_subject *s, const struct restore_answer *a, struct restore_result *r)
{
	/* What a program restored has names that only it knows. */
	if (s->must_contain && a->magic != RESTORE_ANSWER_MAGIC) {
		not_looked_into(r, "contains");
		return;
	}
	for (size_t i = 0; s->must_contain && s->must_contain[i] && i < 64; i++) {
		struct restore_check *c = restore_result_check(r, "contains", RECORD_VERDICT_PASS);

		if (!(a->contains & UINT64_C(1) << i))
			fail(r, c, "nothing matches ", s->must_contain[i]);
	}
}

static void
check_sql(const struct restore_subject *s, const struct restore_answer *a, struct restore_result *r)
{
	for (size_t i = 0; s->sql && s->sql[i] && i < 64; i++) {
		struct restore_check *c;

		if (!(a->sql_asked & UINT64_C(1) << i)) {
			not_looked_into(r, "sql");
			return;
		}
		c = restore_result_check(r, "sql", RECORD_VERDICT_PASS);
		if (!(a->sql_true & UINT64_C(1) << i))
			fail(r, c, "not true: ", s->sql[i]);
	}
}

static void
check_command(const struct restore_job *original, struct restore_result *r, bool *ret_stopped)
{
	const struct restore_subject *s = original->subject;
	struct restore_result run = {.verdict = RECORD_VERDICT_PASS};
	struct restore_job job = *original;
	struct restore_walls walls;
	struct restore_check *c;
	struct buf output = BUF_INIT;
	size_t n = 0;
	int status;

	while (s->command[n])
		n++;
	job.argv = mem_array(n + 1, sizeof(*job.argv));
	for (size_t i = 0; i < n; i++)
		job.argv[i] = mem_strdup(s->command[i]);
	restore_walls_init(&walls, &job);
	restore_walls_programs(
	    &walls, strchr(job.argv[0], '/') ? job.argv[0] : "/usr/local/bin", NULL);
	status = restore_run_child(&walls, &job, restore_command_main, &output, &run, ret_stopped);
	c = restore_result_check(r, "command", RECORD_VERDICT_PASS);
	if (status < 0 || status >= 126) {
		c->verdict = RECORD_VERDICT_ERROR;
		c->reason = "handler";
		if (r->verdict == RECORD_VERDICT_PASS)
			restore_result_say(r, RECORD_VERDICT_ERROR, "handler",
			    "restore.command cannot be run: %s",
			    status < 0 ? run.message : s->command[0]);
	} else if (status > 0) {
		c->has_actual = true;
		c->actual = (uint64_t)status;
		if (output.len)
			output.data[strcspn(output.data, "\n")] = '\0';
		fail(r, c, "restore.command failed: ", output.data);
	}
	for (size_t i = 0; i < n; i++)
		free(job.argv[i]);
	free(job.argv);
	buf_release(&output);
}

void
restore_check_demands(const struct restore_job *job, const struct restore_answer *a,
    struct restore_result *result, bool *ret_stopped)
{
	const struct restore_subject *s = job->subject;

	check_entries(s, result);
	check_names(s, a, result);
	check_sql(s, a, result);
	if (s->compare)
		not_looked_into(result, "compare");
	if (s->newest_row)
		not_looked_into(result, "newest_row");
	if (s->command && result->verdict == RECORD_VERDICT_PASS)
		check_command(job, result, ret_stopped);
}
