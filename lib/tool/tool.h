/*
 * tool: what the six commands share around their one loop: options and --help, configuration,
 * store, log, signals; where records come from and where they go; the run record; the exit status.
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		struct options opt = {.days = 30};
 *		const struct tool_option options[] = {
 *		    {"jobs", 'j', "N", .number = &opt.jobs, .min = 1, .max = 256,
 *		        .help = "files read at once"},
 *		    {0},
 *		};
 *		const struct tool_spec spec = {.name = "bkm-verify", .input = TOOL_INPUT_FILTER, …};
 *		struct tool tool = TOOL_INIT;
 *		struct record rec = RECORD_INIT;
 *		struct err err = {0};
 *		int r = 0;
 *
 *		if (tool_parse(&tool, &spec, argc, argv) != 0)
 *			return tool_close(&tool, 0, NULL);
 *		r = tool_open(&tool, TOOL_RUN, &err);
 *		if (r < 0)
 *			goto out;
 *		while ((r = tool_next(&tool, &rec, &err)) > 0) {
 *			if (tool_selects(&tool, &rec, RECORD_BACKUP)) {
 *				…tool_resolve, one domain call, queue for commit, record_set…
 *			}
 *			r = tool_put(&tool, &rec, &err);
 *			if (r < 0)
 *				goto out;
 *		}
 *	out:
 *		record_release(&rec);
 *		return tool_close(&tool, r, &err);
 *	}
 *
 * Only cmd/ and this module read argv and the environment, print, and exit.
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "config/config.h"
#include "record/record.h"
#include "store/store.h"
#include "tool/lines.h"
#include "tool/score.h"
#include "tool/series.h"

/* ---------------------------------------------------------------- options */

struct tool_list { /* the values of an option that may be given several times */
	const char **items;
	size_t count;
	size_t cap;
};

/*
 * One option. Which pointer is set says what the value is; none but flag: no value. A value that
 * is wrong is one line on standard error and exit 2. A row without a name ends the table.
 */
struct tool_option {
	const char *name; /* "max-bytes" */
	char letter;      /* 0: only the long form */
	const char *arg;  /* what --help calls the value: "N"; NULL: a flag */

	bool *flag;               /* set to true when given, also beside one of the following */
	const char **text;        /* as given; lives as long as argv */
	struct tool_list *list;   /* each use appends; also splits nothing: see commas */
	uint64_t *number;         /* from min to max (max 0: no limit) */
	uint64_t *size;           /* bytes: 50G */
	int64_t *seconds;         /* a duration: 45m */
	const char *const *words; /* with text: NULL-terminated, nothing else is accepted */

	uint64_t min, max;
	bool optional;    /* the value may be missing: --wait or --wait=1h */
	bool commas;      /* with list: a,b,c is three values */
	const char *help; /* one sentence, lower case, no full stop */
};

/* ---------------------------------------------------------------- the command */

enum tool_input {
	TOOL_INPUT_NONE, /* a source: scan */
	TOOL_INPUT_FILTER, /* standard input, operands or --stored, one of them: verify, restore, alert */
	TOOL_INPUT_PASS, /* passes standard input on, if it is not a terminal: score, report */
};

enum tool_operands {
	TOOL_OPERANDS_NONE,
	TOOL_OPERANDS_BACKUPS, /* files to look at, without configuration and store: verify, restore */
	TOOL_OPERANDS_RECORDS, /* files of records, "-" is standard input: alert */
};

struct tool;

struct tool_spec {
	const char *name;  /* "bkm-verify" */
	const char *usage; /* behind the name: "[OPTION]... [FILE]..." */
	const char *about; /* what it does: one or two sentences, shown at the top of --help */
	const char *notes; /* below the options: examples; may be NULL; lines <= 80 columns */
	const struct tool_option *options;
	enum tool_input input;
	enum tool_operands operands;
	int64_t default_days; /* of -d; 0: no limit (score and report: 7) */

	/* Called by tool_open once the configuration is read and before a run begins: refuse what
	 * the command's own options or the configuration ask for with ERR_USAGE or ERR_CONFIG. */
	int (*check)(void *ctx, struct err *err);
	/* Called before a batch of lines is printed, inside a store transaction: write what the
	 * command queued since the last call. Skipped if tool_dirty was not called since then. */
	int (*commit)(void *ctx, struct err *err);
	/* Instead of commit, where writing is a good part of the work: take gives away what the command
	 * queued since the last call, and commit_taken writes and frees it, from another thread and to
	 * a store of that thread's own where batch follows batch. A line is printed after its commit
	 * all the same. */
	void *(*take)(void *ctx);
	int (*commit_taken)(
	    void *taken, struct store *store, struct err *err); /* no store: frees */
	/* Called once when the input has been quiet for idle_ms (after a commit and print). */
	int (*idle)(void *ctx, struct err *err);
	int64_t idle_ms;
	void *ctx;
};

/* ---------------------------------------------------------------- the tool */

struct tool_source; /* source.c */
struct tool_sink;   /* sink.c */
struct tool_select; /* select.c */

struct tool {
	/* For the command to read. */
	const struct tool_spec *spec;
	struct config *config; /* NULL when operands are backups */
	struct store *store;   /* NULL when operands are backups */
	struct log *log;
	const char *host; /* this machine's name, as records carry it */
	int64_t now; /* the wall clock (or BKM_NOW) at start, and again at the end of the input */
	struct store_run run; /* run.uuid is the id of the run records */

	/* The common options. */
	const char *config_path;
	struct tool_list locations;
	uint64_t location_id; /* 0: not given */
	bool stored;
	bool all;
	uint64_t days; /* 0: no limit */
	bool days_given;
	const char *where;
	bool exit_zero;
	bool quiet;
	bool verbose;
	const char *progress; /* auto, always, never */
	char **operands;
	size_t operand_count;
	bool follow; /* set before tool_open: goes on until it is stopped; the run record says so */
	bool read_only;   /* set before tool_open, or by it: nothing is stored, no run record */
	bool by_operands; /* operands are backups: no configuration, no store, no run records */

	/* Counts. The command adds to findings and errors through the functions below. */
	uint64_t in, out;
	uint64_t findings, errors;
	struct buf counts; /* JSON members of run.counts: see tool_count */

	int exit; /* set by tool_parse when it returns non-zero; a command may raise it (nagios) */

	/* Private. */
	struct { /* the row that the last record was made of here; id 0: it came from elsewhere */
		int64_t id;
		uint64_t size;
		int64_t mtime;
	} own;
	struct tool_source *source;
	struct tool_sink *sink;
	struct tool_select *select;
	int64_t started, started_ms; /* of tool_now */
	bool running;
	bool require_failed;
	bool hinted;         /* how to get a backup into the store */
	int64_t progress_ms; /* when the progress line was last drawn; 0: it is not there */
	void **owned;
	size_t owned_count, owned_cap;
};

#define TOOL_INIT ((struct tool){.counts = BUF_INIT})

/* Exit status. */
enum tool_exit {
	TOOL_EXIT_OK = 0,
	TOOL_EXIT_FINDING = 1,
	TOOL_EXIT_USAGE = 2,
	TOOL_EXIT_TROUBLE = 3
};

/* Read the command line: 0 go on, 1 nothing more to do (--help and --version are printed, or a
 * wrong option was reported): return tool_close(). */
int tool_parse(struct tool *tool, const struct tool_spec *spec, int argc, char **argv);

enum tool_need {
	TOOL_CONFIG = 1,     /* configuration: nothing is written, no log either */
	TOOL_STORE = 2,      /* and the store */
	TOOL_STORE_READ = 4, /* and the store, read only */
	TOOL_RUN = 8,        /* and a run with its record, source and sink: what a loop needs */
};

/* Start up to what is needed (each includes those before it; with by_operands there is neither
 * configuration nor store). Wrong configuration, unknown location: all problems are printed, err
 * has the first line, ERR_CONFIG or ERR_USAGE. */
int tool_open(struct tool *tool, enum tool_need need, struct err *err);

/* The end: prints what is left, writes the run's end (row, then line), reports r < 0 and err once,
 * releases everything and returns the exit status; or, if a signal ended the run or the reader of
 * our output is gone, dies of that signal. r and err: what the loop ended with. */
int tool_close(struct tool *tool, int r, const struct err *err);

/* True once SIGINT or SIGTERM came: leave loops, return -1 with tool_interrupted(). A second
 * signal kills at once. */
bool tool_stopping(void);
const volatile sig_atomic_t *tool_stop_flag(void); /* the same, for those who wait by themselves */
int tool_interrupted(struct err *err);             /* sets ERR_INTERRUPTED, returns -1 */

/* ---------------------------------------------------------------- records in */

/* The time, which goes on while the command works; `now` stands still until the end of the input. */
int64_t tool_now(const struct tool *tool);

/* The next record: 1, 0 at the end, -1. Bad lines are reported and counted here; run records of
 * stages upstream are watched and passed on like any other. While it waits for input the batch is
 * committed and printed in time, and idle is called. In a TOOL_INPUT_PASS command with nothing to
 * read, 0 at once. */
int tool_next(struct tool *tool, struct record *rec, struct err *err);

/* For a command with work under way: true if tool_next will not block. */
bool tool_ready(struct tool *tool);

/* Is rec of that kind and in the selection (location, days, where)? A failing --where expression
 * is reported once, counted as an error, and does not select. */
bool tool_selects(struct tool *tool, struct record *rec, enum record_kind kind);

/* Does the selection take that configured location (-l, --location-id)? */
bool tool_selects_location(const struct tool *tool, const struct config_location *location);

/* What a backup record is in our store. */
struct tool_backup {
	const struct config_location *location; /* NULL with by_operands */
	struct store_backup row; /* valid until the next call into the store's backup functions */
	const char *path;        /* bytes; lives as long as the record's values */
	const char *skip;        /* why it is not ours to look at: other_host, superseded, gone,
	                     not_scanned, outside */
	bool regular; /* a regular file was seen there just now, and this is what it was: */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
};

/* Find the row of the record that tool_next gave last and believe it only if store, location, path and generation
 * agree: 1 ret_backup is filled; 0 skip says why not, pass it on; -1. A path outside every location
 * has been reported as an error record by then (skip "outside"). */
int tool_resolve(
    struct tool *tool, struct record *rec, struct tool_backup *ret_backup, struct err *err);

/* The backup record of a store row, as scan and --stored write it, appended to out (no newline).
 * is_new: `new` on the line. */
void
tool_add_backup(struct tool *tool, struct buf *out, const struct store_backup *row, bool is_new);

/* Runs upstream that began and neither ended nor live: calls fn for each (their record fields).
 * Known after tool_next returned 0. Returns how many. */
struct tool_dead_run {
	const char *command, *id, *host;
	int64_t started;
};
size_t tool_dead_runs(
    struct tool *tool, void (*fn)(void *ctx, const struct tool_dead_run *run), void *ctx);

/* ---------------------------------------------------------------- records out */

/* The record goes into the batch; at 256 records or 100 ms the batch is committed, then printed. */
int tool_put(struct tool *tool, const struct record *rec, struct err *err);

/* The same for a line of the command's own (one JSON object, no newline). */
int tool_put_line(struct tool *tool, const struct buf *line, struct err *err);

/* There is something for commit to write. */
void tool_dirty(struct tool *tool);

/* Commit and print if the batch is older than 100 ms: call it in loops that wait by themselves. */
int tool_tick(struct tool *tool, struct err *err);

/* Commit and print now: before work that takes long. */
int tool_flush(struct tool *tool, struct err *err);

/* ---------------------------------------------------------------- what was found */

/* One finding (exit 1). */
void tool_finding(struct tool *tool);

/* Trouble with a part of the work (exit 3): one line on standard error and in the log, and an
 * `error` record. reason is of RECORD_LIST_ERROR_REASON; location and path may be NULL. */
int tool_trouble(struct tool *tool, const char *location, const char *path, const char *reason,
    struct err *err, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* As above without a record: only counted and reported. */
void tool_error(struct tool *tool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --require was not met: exit 1, whatever --exit-zero says. */
void tool_require_failed(struct tool *tool);

/* A number of the run record's counts: {"counts":{"pass":12}}. Each name once. */
void tool_count(struct tool *tool, const char *name, uint64_t n);

/* A line that says how far the work is, on a terminal only, at most five times a second. */
void tool_progress(struct tool *tool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The data directory: share/bkm beside bin/ (of the running program); "" + name → path; free(). */
char *tool_share(const char *name);

#endif
