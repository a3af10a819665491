// A dead stage is noticed downstream: runs that began in the stream and never ended.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool/tool_private.h"

#define RUNS_MAX  4096 /* more than that began and did not end: the stream is not ours */
#define LAST_LOOK 20   /* looks at a run that seems to live, 10 ms apart */

struct watched {
	char *command, *id, *host, *store;
	int64_t started;
	bool dead;
};

struct tool_watch {
	struct watched *runs;
	size_t count, cap;
};

struct tool_watch *
tool_watch_new(void)
{
	return mem_alloc(sizeof(struct tool_watch));
}

static void
release(struct watched *run)
{
	free(run->command);
	free(run->id);
	free(run->host);
	free(run->store);
}

void
tool_watch_free(struct tool_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->count; i++)
		release(&watch->runs[i]);
	free(watch->runs);
	free(watch);
}

static void
forget(struct tool_watch *watch, const char *id)
{
	for (size_t i = 0; i < watch->count; i++) {
		if (strcmp(watch->runs[i].id, id) != 0)
			continue;
		release(&watch->runs[i]);
		watch->runs[i] = watch->runs[--watch->count];
		return;
	}
}

void
tool_watch_record(struct tool_watch *watch, struct record *rec)
{
	const char *id = record_str(rec, "id"), *phase = record_str(rec, "phase");
	const char *command = record_str(rec, "command");
	struct watched *run;

	if (!id || !phase || !command)
		return;
	forget(watch, id);
	if (strcmp(phase, "start") != 0 || watch->count >= RUNS_MAX)
		return;
	MEM_GROW(watch->runs, watch->count, watch->cap);
	run = &watch->runs[watch->count++];
	*run = (struct watched){.command = mem_strdup(command),
	    .id = mem_strdup(id),
	    .host = mem_strdup(record_str(rec, "host")),
	    .store = mem_strdup(record_str(rec, "store")),
	    .started = CLOCK_NONE};
	(void)record_time(rec, "started", &run->started);
}

/* Its output ends a moment before its lock is free: one that seems to live is looked at again. */
static int
last_fate(struct tool *tool, const char *id, enum store_run_fate *ret_fate, struct err *err)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	struct store_run row;

	for (int i = 0; i < LAST_LOOK; i++) {
		if (store_run_fate(tool->store, id, ret_fate, &row, err) < 0)
			return -1;
		if (*ret_fate != STORE_RUN_ALIVE)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

static int
judge(struct tool *tool, struct watched *run, struct err *err)
{
	bool ours = run->store && strcmp(run->store, store_uuid(tool->store)) == 0;
	enum store_run_fate fate;

	if (last_fate(tool, run->id, &fate, err) < 0)
		return -1;
	switch (fate) {
	case STORE_RUN_ENDED:
	case STORE_RUN_ALIVE:
		return 0;
	case STORE_RUN_UNKNOWN:
		if (!ours) {
			log_warning(tool->log,
			    "cannot tell how '%s' on '%s' ended: its run %s is not in this store",
			    run->command, run->host ? run->host : "an unnamed host", run->id);
			return 0;
		}
		break;
	case STORE_RUN_DEAD:
		break;
	}
	run->dead = true;
	tool_error(tool, "'%s' died before it was done (run %s)", run->command, run->id);
	return 0;
}

int
tool_watch_end(struct tool *tool, struct tool_watch *watch, struct err *err)
{
	for (size_t i = 0; tool->store && i < watch->count; i++) {
		if (judge(tool, &watch->runs[i], err) < 0)
			return -1;
	}
	return 0;
}

size_t
tool_dead_runs(struct tool *tool, void (*fn)(void *ctx, const struct tool_dead_run *run), void *ctx)
{
	const struct tool_watch *watch = tool_source_watch(tool);
	size_t count = 0;

	for (size_t i = 0; watch && i < watch->count; i++) {
		const struct watched *run = &watch->runs[i];
		const struct tool_dead_run dead = {run->command, run->id, run->host, run->started};

		if (!run->dead)
			continue;
		count++;
		if (fn)
			fn(ctx, &dead);
	}
	return count;
}
