// What the configuration demands of a backup beside coming back at all.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "restore/restore_private.h"

/* The walls a program of the configuration runs in are those of programs; the tree is its own. */
static int
command_main(void *arg, int out)
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
demand(struct restore_result *r, struct restore_check *c, enum record_verdict verdict,
    const char *reason, const char *what, const char *subject)
{
	struct buf text = BUF_INIT_MAX(100);

	str_add_visible(&text, subject, strnlen(subject, 60));
	c->verdict = verdict;
	c->reason = reason;
	(void)snprintf(c->message, sizeof(c->message), "%s%s", what, text.data);
	/* A fail is worth more than an error: the first of each is what the verdict says. */
	if (r->verdict == RECORD_VERDICT_PASS ||
	    (r->verdict == RECORD_VERDICT_ERROR && verdict == RECORD_VERDICT_FAIL))
		restore_result_say(r, verdict, reason, "%s", c->message);
	buf_release(&text);
}

void
restore_demand_fail(struct restore_result *r, struct restore_check *c, const char *reason,
    const char *what, const char *subject)
{
	demand(r, c, RECORD_VERDICT_FAIL, reason, what, subject);
}

void
restore_demand_error(
    struct restore_result *r, struct restore_check *c, const char *what, const char *subject)
{
	demand(r, c, RECORD_VERDICT_ERROR, "handler", what, subject);
}

static void
fail(struct restore_result *r, struct restore_check *c, const char *what, const char *subject)
{
	restore_demand_fail(r, c, "assertion", what, subject);
}

void
restore_demand_skip(struct restore_result *r, const char *check)
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
		restore_demand_skip(r, "contains");
		return;
	}
	for (size_t i = 0; s->must_contain && s->must_contain[i] && i < RESTORE_DEMANDS_MAX; i++) {
		struct restore_check *c = restore_result_check(r, "contains", RECORD_VERDICT_PASS);

		if (!(a->contains & UINT64_C(1) << i))
			fail(r, c, "nothing matches ", s->must_contain[i]);
	}
}

static void
take_text(char out[RESTORE_VALUE_MAX], const char *text)
{
	struct buf visible = BUF_INIT_MAX(RESTORE_VALUE_MAX);

	str_add_visible(&visible, text, strnlen(text, RESTORE_VALUE_MAX / 4 - 1));
	(void)snprintf(out, RESTORE_VALUE_MAX, "%s", visible.data);
	buf_release(&visible);
}

/* A check of what a database told, with what it said as its actual value; NULL: it was not asked,
 * or did not answer, and the check says so. */
static struct restore_check *
check_told(struct restore_result *r, const char *check, const char *sql,
    const struct restore_told *told, bool null_is_a_value)
{
	struct restore_check *c;

	if (told->kind == RESTORE_TOLD_NOTHING) {
		restore_demand_skip(r, check);
		return NULL;
	}
	c = restore_result_check(r, check, RECORD_VERDICT_PASS);
	if (told->kind == RESTORE_TOLD_VALUE) {
		take_text(c->actual_text, told->text);
		return c;
	}
	if (told->kind == RESTORE_TOLD_NULL) {
		if (!null_is_a_value)
			fail(r, c, "no value: ", sql);
		return null_is_a_value ? c : NULL;
	}
	if (told->kind == RESTORE_TOLD_REFUSED) {
		take_text(c->actual_text, told->text);
		fail(r, c, "refused by the restored database: ", sql);
	} else {
		/* Nothing is known, and that is not the backup's fault. */
		restore_demand_error(r, c, "cannot ask: ", told->text);
	}
	return NULL;
}

static void
check_sql(const struct restore_subject *s, const struct restore_answer *a, struct restore_result *r)
{
	for (size_t i = 0; s->sql && s->sql[i] && i < RESTORE_DEMANDS_MAX; i++) {
		struct restore_check *c = check_told(r, "sql", s->sql[i], &a->sql[i], true);

		if (c &&
		    (a->sql[i].kind == RESTORE_TOLD_NULL || !restore_value_true(a->sql[i].text)))
			fail(r, c, "not true: ", s->sql[i]);
	}
}

static void
check_expects(
    const struct restore_subject *s, const struct restore_answer *a, struct restore_result *r)
{
	for (size_t i = 0; i < s->expect_count && i < RESTORE_DEMANDS_MAX; i++) {
		const struct restore_expect *e = &s->expects[i];
		struct restore_check *c = check_told(r, "sql", e->sql, &a->expects[i], false);

		if (!c)
			continue;
		take_text(c->expected_text, e->value);
		if (!restore_value_is(a->expects[i].text, e->value))
			fail(r, c, "not as expected: ", e->sql);
	}
}

/* Against the backup's own time, never against now: an old backup is no worse for its age. */
static void
check_newest_row(
    const struct restore_subject *s, const struct restore_answer *a, struct restore_result *r)
{
	char text[CLOCK_TEXT_LEN];
	struct restore_check *c;
	int64_t t;

	if (!s->newest_row)
		return;
	c = check_told(r, "newest_row", s->newest_row, &a->newest_row, false);
	if (!c)
		return;
	if (restore_value_time(a->newest_row.text, &t) < 0) {
		fail(r, c, "not a time: ", a->newest_row.text);
		return;
	}
	(void)snprintf(c->actual_text, sizeof(c->actual_text), "%s", clock_format(t, text));
	if (s->time == CLOCK_NONE) {
		c->verdict = RECORD_VERDICT_SKIP;
		c->reason = "unsupported";
		r->warnings |= RESTORE_WARN_NOT_LOOKED_INTO;
		return;
	}
	(void)snprintf(c->expected_text, sizeof(c->expected_text), ">= %s",
	    clock_format(s->time - s->newest_within, text));
	if (t < s->time - s->newest_within)
		fail(r, c, "older than newest_row_within: ", c->actual_text);
}

static void
judge_command(
    const struct restore_subject *s, struct restore_result *r, int status, const char *line)
{
	struct restore_check *c = restore_result_check(r, "command", RECORD_VERDICT_PASS);

	if (status == 126 || status == 127) {
		restore_demand_error(r, c, "restore.command cannot be run: ", s->command[0]);
	} else if (status != 0) {
		c->has_actual = true;
		c->actual = (uint64_t)status;
		fail(r, c, "restore.command failed: ", line);
	}
}

static void
check_command(const struct restore_job *original, struct restore_result *r, bool *ret_stopped)
{
	const struct restore_subject *s = original->subject;
	struct restore_result run = {.verdict = RECORD_VERDICT_PASS};
	struct restore_job job = *original;
	struct restore_walls walls;
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
	status = restore_run_child(&walls, &job, command_main, &output, &run, ret_stopped);
	if (output.len)
		output.data[strcspn(output.data, "\n")] = '\0';
	if (status < 0)
		restore_demand_error(r, restore_result_check(r, "command", RECORD_VERDICT_ERROR),
		    "restore.command cannot be run: ", run.message);
	else
		judge_command(s, r, status, output.data);
	for (size_t i = 0; i < n; i++)
		free(job.argv[i]);
	free(job.argv);
	buf_release(&output);
}

/* Did files come back, that can be compared as such? */
static bool
has_tree(const struct restore_job *job, const struct restore_result *r)
{
	const struct restore_handler *handler = restore_handler_find(r->handler);

	return job->directory || (handler ? handler->tree : r->table_list == NULL && !r->tables);
}

static void
describe(const struct restore_shrunk *s, struct buf *out)
{
	bool table = strcmp(s->what, "table") == 0 || strcmp(s->what, "rows") == 0;

	buf_printf(
	    out, "%s%.60s: ", table && strcmp(s->name, "rows") != 0 ? "table " : "", s->name);
	switch (s->kind) {
	case RESTORE_SHRUNK_GONE:
		buf_printf(out, "gone, %llu rows as a rule", (unsigned long long)s->usual);
		break;
	case RESTORE_SHRUNK_EMPTY:
		buf_printf(out, "empty, %llu %s as a rule", (unsigned long long)s->usual,
		    table ? "rows" : s->what);
		break;
	case RESTORE_SHRUNK_FEWER:
		buf_printf(out, "%llu %s, %llu as a rule", (unsigned long long)s->now,
		    table ? "rows" : s->what, (unsigned long long)s->usual);
		break;
	}
}

#define SHRUNK_SHOWN 20

/* By what the series always brought back. */
static void
check_baseline(const struct restore_job *job, struct restore_result *r)
{
	const struct restore_subject *s = job->subject;
	const struct restore_seen now = {.time = s->time,
	    .has_files = r->files > 0 && has_tree(job, r),
	    .has_rows = r->tables > 0 || r->table_list,
	    .listed = r->table_list && !r->tables_left_out,
	    .files = r->files,
	    .bytes = r->bytes,
	    .tables = r->tables,
	    .rows = r->rows,
	    .list = r->table_list,
	    .list_count = r->table_list_count};
	struct buf text = BUF_INIT;
	size_t tests;

	if (!s->baseline)
		return;
	tests = restore_baseline_judge(s->baseline, &now, &r->shrunk, &r->shrunk_count);
	if (tests >= RESTORE_BASELINE_MIN && r->shrunk_count == 0)
		(void)restore_result_check(r, "baseline", RECORD_VERDICT_PASS);
	for (size_t i = 0; i < r->shrunk_count && i < SHRUNK_SHOWN; i++) {
		struct restore_check *c = restore_result_check(r, "baseline", RECORD_VERDICT_PASS);

		buf_clear(&text);
		describe(&r->shrunk[i], &text);
		if (s->accept)
			(void)snprintf(c->message, sizeof(c->message), "accepted: %s", text.data);
		else
			restore_demand_fail(r, c, "shrunk", text.data, "");
		c->has_expected = c->has_actual = true;
		c->expected = r->shrunk[i].usual;
		c->actual = r->shrunk[i].now;
	}
	buf_release(&text);
}

void
restore_check_time(const struct restore_subject *s, struct restore_result *r)
{
	struct restore_check *c;
	int64_t ms = r->ms - r->compare_ms;
	bool ok = ms <= s->rto_ms;

	if (!s->rto_ms || r->verdict != RECORD_VERDICT_PASS)
		return;
	c = restore_result_check(r, "time", ok ? RECORD_VERDICT_PASS : RECORD_VERDICT_FAIL);
	c->has_actual = c->has_expected = true;
	c->actual = (uint64_t)ms;
	c->expected = (uint64_t)s->rto_ms;
	if (!ok)
		restore_demand_fail(
		    r, c, "rto_exceeded", "restored, but not within rto_minutes", "");
}

void
restore_check_demands(const struct restore_job *job, const struct restore_answer *a,
    struct restore_result *result, bool *ret_stopped)
{
	const struct restore_subject *s = job->subject;

	check_entries(s, result);
	check_names(s, a, result);
	check_baseline(job, result);
	check_sql(s, a, result);
	check_expects(s, a, result);
	check_newest_row(s, a, result);
	if (has_tree(job, result)) {
		restore_examine(job, result, ret_stopped);
	} else {
		if (s->compare)
			restore_demand_skip(result, "compare");
		if (s->member_count)
			restore_demand_skip(result, "sha256");
	}
	if (!s->command || result->verdict != RECORD_VERDICT_PASS)
		return;
	if (a->command == RESTORE_COMMAND_NOT_RUN)
		check_command(job, result, ret_stopped);
	else
		judge_command(s, result,
		    a->command == RESTORE_COMMAND_RAN ? a->command_status : 127, a->command_text);
}
