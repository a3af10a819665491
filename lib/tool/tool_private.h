/*
 * Inside of tool: what its files share.
 */
#ifndef TOOL_TOOL_PRIVATE_H
#define TOOL_TOOL_PRIVATE_H

#include <signal.h>

#include "tool/tool.h"

#define TOOL_BATCH_RECORDS 256
#define TOOL_BATCH_BYTES   ((size_t)1 << 20)
#define TOOL_BATCH_MS      100

/* ---------------------------------------------------------------- start.c */
/* Freed by tool_close; returns ptr. */
void *tool_own(struct tool *tool, void *ptr);
/* Descriptors 0, 1, 2 are open from here on, so that nothing else gets their numbers. */
void tool_guard_descriptors(void);

/* ---------------------------------------------------------------- signal.c */
void tool_catch_signals(void);
int tool_signal(void); /* the signal that asked to stop, or 0 */
const char *tool_signal_name(int signo);
_Noreturn void tool_die_of(int signo);

/* ---------------------------------------------------------------- sink.c */
struct tool_sink;
struct tool_sink *tool_sink_new(void);
void tool_sink_free(struct tool_sink *sink);
/* Milliseconds until the batch must be printed, or -1 if it is empty. */
int tool_sink_wait(const struct tool *tool);

/* What take gave, in one transaction. */
int
tool_commit_taken(const struct tool_spec *spec, struct store *store, void *taken, struct err *err);

/* ---------------------------------------------------------------- behind.c */
/* A thread that commits. NULL if it cannot be had. Only an idle one is given something. */
struct tool_behind;
struct tool_behind *tool_behind_new(const struct tool *tool);
void tool_behind_free(struct tool_behind *behind); /* what it was given is committed first */
void tool_behind_give(struct tool_behind *behind, void *taken);
bool tool_behind_busy(const struct tool_behind *behind);
int tool_behind_wait(struct tool_behind *behind, struct err *err); /* how the last one went */

/* ---------------------------------------------------------------- source.c, stored.c, files.c */
int tool_source_open(struct tool *tool, struct err *err);
void tool_source_free(struct tool_source *source);

/* Where the record that tool_next gave last stands: the name of the stream. */
const char *tool_source_line(const struct tool *tool, uint64_t *ret_line);

struct tool_stored;
int tool_stored_open(struct tool *tool, struct tool_stored **ret_stored, struct err *err);
int tool_stored_next(
    struct tool *tool, struct tool_stored *stored, struct record *rec, struct err *err);
void tool_stored_free(struct tool_stored *stored);

/* The record of a file named as an operand; trouble is reported and 0 returned: go on. */
int tool_operand(struct tool *tool, const char *path, struct record *rec, struct err *err);

/* ---------------------------------------------------------------- watch.c */
/* Runs upstream: what began and has not ended. */
struct tool_watch;
struct tool_watch *tool_watch_new(void);
void tool_watch_free(struct tool_watch *watch);
void tool_watch_record(struct tool_watch *watch, struct record *rec);
/* At the end of input: asks the store about those left; says and counts the dead ones. */
int tool_watch_end(struct tool *tool, struct tool_watch *watch, struct err *err);
struct tool_watch *tool_source_watch(const struct tool *tool);

/* ---------------------------------------------------------------- select.c */
int tool_select_open(struct tool *tool, struct err *err);
void tool_select_free(struct tool_select *select);

/* ---------------------------------------------------------------- run.c */
int tool_run_start(struct tool *tool, struct err *err);
/* The row; and, if the output still works, the line. */
int tool_run_end(struct tool *tool, int status, const char *ended_by, bool line, struct err *err);

/* ---------------------------------------------------------------- trouble.c */
void tool_progress_clear(struct tool *tool);

/* What the backup record before this one had in common with it, as it was written. */
struct tool_origin {
	int64_t location_id;
	struct buf series, text; /* store … series */
	int64_t first_seen;
	bool is_new, latest;
	char state[16], status[16];
	struct buf tail; /* first_seen … reasons, without any reason */
};
#define TOOL_ORIGIN_INIT                                                                           \
	((struct tool_origin){.text = BUF_INIT, .series = BUF_INIT, .tail = BUF_INIT})
void tool_origin_release(struct tool_origin *origin);

/* tool_add_backup; origin may be NULL. */
void tool_add_backup_from(struct tool *tool, struct tool_origin *origin, struct buf *out,
    const struct store_backup *row, bool is_new);

/* Lines of the command's own, count of them, each with its newline. */
int tool_put_lines(struct tool *tool, const struct buf *lines, size_t count, struct err *err);

#endif
