// The demands of the configuration on what another program brought back of a snapshot.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "restore/restore_private.h"

/* In the child: the names are as hostile as the backup. */
static int
names_main(void *arg, int out)
{
	const struct restore_job *job = arg;
	struct restore_answer answer;
	struct restore_child child;
	FILE *names = fdopen(job->livefd, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	restore_child_init(&child, job, &answer);
	while (names && (n = getline(&line, &cap, names)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		restore_saw_name(&child, line);
	}
	if (!names || ferror(names))
		restore_say_errno(&answer, "cannot read the names of the snapshot");
	free(line);
	return fsio_write_all(out, &answer, sizeof(answer), "answer", NULL) < 0 ? 1 : 0;
}

/* 0, or -1 and result says why not. */
static int
read_names(struct restore_job *job, int namesfd, struct restore_answer *ret,
    struct restore_result *result, bool *ret_stopped)
{
	struct restore_result reading = {.verdict = RECORD_VERDICT_NONE};
	struct buf bytes = BUF_INIT;
	struct restore_walls walls;
	int r;

	job->livefd = namesfd;
	restore_walls_reader(&walls, job);
	r = restore_run_child(&walls, job, names_main, &bytes, &reading, ret_stopped);
	if (r == 0)
		r = restore_answer_take(&bytes, &reading, ret);
	if (r < 0 || reading.verdict != RECORD_VERDICT_NONE)
		restore_result_say(
		    result, RECORD_VERDICT_ERROR, reading.reason, "%s", reading.message);
	restore_result_release(&reading);
	buf_release(&bytes);
	job->livefd = -1;
	return result->verdict == RECORD_VERDICT_PASS ? 0 : -1;
}

int
restore_judge_sample(const struct restore_subject *subject, const struct restore_options *options,
    struct sandbox_scratch *scratch, int treefd, int namesfd, struct restore_result *result,
    struct err *err)
{
	struct restore_subject s = *subject;
	struct restore_options o = *options;
	struct restore_answer a = {.magic = 0};
	struct restore_job job = {.subject = &s,
	    .options = &o,
	    .fd = treefd,
	    .rootfd = treefd,
	    .lockfd = sandbox_scratch_lock(scratch),
	    .livefd = -1,
	    .directory = true};
	bool stopped = false;

	/* How much a sample has is nothing that its series could be judged by. */
	s.baseline = NULL;
	s.compare = NULL;
	restore_options_fill(&o);
	job.deadline_ms = clock_mono_ms() + o.max_ms;
	if (read_names(&job, namesfd, &a, result, &stopped) == 0) {
		restore_check_demands(&job, &a, result, &stopped);
		if (subject->compare)
			restore_demand_skip(result, "compare");
		restore_check_time(subject, result);
	}
	return stopped ? err_set(err, ERR_INTERRUPTED, "interrupted") : 0;
}
