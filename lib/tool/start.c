// From the command line to the first record, and from the last one to the exit status.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "schedule/schedule.h"
#include "tool/tool_private.h"

void *
tool_own(struct tool *tool, void *ptr)
{
	MEM_GROW(tool->owned, tool->owned_count, tool->owned_cap);
	tool->owned[tool->owned_count++] = ptr;
	return ptr;
}

/* The wrong direction on purpose: reading a closed standard input and writing a closed standard
 * output still fail, but the store can never become descriptor 1. */
void
tool_guard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}

/* ---------------------------------------------------------------- start */

/* Secrets from the configuration must not end in a core file or under a debugger. The leak
 * checker of a sanitized build has to look at the process, so it is left open there. */
static void
hide_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int
read_now(struct tool *tool, struct err *err)
{
	const char *text = getenv("BKM_NOW");

	tool->started_ms = clock_mono_ms();
	tool->now = clock_wall();
	if (text && *text && clock_parse(text, &tool->now, NULL) < 0)
		return err_set(err, ERR_USAGE, "BKM_NOW is not a time: '%s'", text);
	tool->started = tool->now;
	return 0;
}

int64_t
tool_now(const struct tool *tool)
{
	return tool->started + (clock_mono_ms() - tool->started_ms) / 1000;
}

static void
read_host(struct tool *tool)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) < 0 || !*name || !str_is_utf8(name, strlen(name)))
		(void)memcpy(name, "localhost", sizeof("localhost"));
	tool->host = tool_own(tool, mem_strdup(name));
}

static const char *
environment(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static int
check_schedule(void *ctx, const char *schedule, const char *timezone, struct err *err)
{
	(void)ctx;
	return schedule_check(schedule, timezone, err);
}

static int
load_config(struct tool *tool, struct err *err)
{
	const struct config_options options = {
	    .path = tool->config_path, .lookup = environment, .check_schedule = check_schedule};
	struct buf problems = BUF_INIT;
	int r = config_load(&tool->config, &options, &problems, err);
	char *rest = problems.data, *line;

	while (r < 0 && problems.len && (line = strsep(&rest, "\n"))) {
		if (*line)
			log_error(tool->log, "%s", line);
	}
	buf_release(&problems);
	return r;
}

static int
open_log(struct tool *tool, struct err *err)
{
	const struct log_options options = {
	    .program = tool->spec->name,
	    .stderr_level = tool->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
	    .level = tool->config ? tool->config->logging.level : LOG_LEVEL_INFO,
	    .file = tool->config ? tool->config->logging.file : NULL,
	    .max_bytes = tool->config ? (uint64_t)tool->config->logging.max_bytes : 0,
	    .backup_count = tool->config ? (unsigned)tool->config->logging.backup_count : 0,
	    .json = tool->config && tool->config->logging.json,
	};
	struct log *log = NULL;

	if (log_open(&log, &options, err) < 0)
		return -1;
	log_close(tool->log);
	tool->log = log;
	return 0;
}

/* A stage that adds nothing to what is known, score or report, works from a store that it may only
 * read; it says so, because nothing of its run is remembered then. */
static int
open_store(struct tool *tool, enum tool_need need, struct err *err)
{
	const char *path = tool->config->store;

	if (need != TOOL_STORE_READ && !tool->read_only) {
		if (store_open(&tool->store, path, STORE_READ_WRITE, err) == 0)
			return 0;
		if (err->code != ERR_DENIED || tool->spec->input != TOOL_INPUT_PASS)
			return -1;
		log_warning(tool->log, "%s; this run is not remembered", err->msg);
		err_clear(err);
		tool->read_only = true;
	}
	return store_open(&tool->store, path, STORE_READ_ONLY, err);
}

int
tool_open(struct tool *tool, enum tool_need need, struct err *err)
{
	hide_memory();
	read_host(tool);
	if (read_now(tool, err) < 0)
		return -1;
	if (!tool->by_operands && load_config(tool, err) < 0)
		return -1;
	if (need != TOOL_CONFIG && open_log(tool, err) < 0)
		return -1;
	if (!tool->by_operands && need != TOOL_CONFIG && open_store(tool, need, err) < 0)
		return -1;
	if (tool_select_open(tool, err) < 0)
		return -1;
	if (tool->spec->check && tool->spec->check(tool->spec->ctx, err) < 0)
		return -1;
	if (need != TOOL_RUN)
		return 0;
	tool_catch_signals();
	tool->sink = tool_sink_new();
	if (tool_source_open(tool, err) < 0)
		return -1;
	if (!tool->by_operands && !tool->read_only && tool_run_start(tool, err) < 0)
		return -1;
	log_info(tool->log, "started");
	return 0;
}

/* ---------------------------------------------------------------- end */

/* The status of a run whose loop ended with r and err. */
static int
status_of(const struct tool *tool, int r, const struct err *err)
{
	if (r < 0) {
		bool usage = err && (err->code == ERR_USAGE || err->code == ERR_CONFIG);

		return usage && !tool->running ? TOOL_EXIT_USAGE : TOOL_EXIT_TROUBLE;
	}
	if (tool->errors)
		return TOOL_EXIT_TROUBLE;
	if (tool->require_failed)
		return TOOL_EXIT_FINDING;
	return tool->findings && !tool->exit_zero ? TOOL_EXIT_FINDING : TOOL_EXIT_OK;
}

static int
signal_of(int r, const struct err *err)
{
	if (r < 0 && err && err->code == ERR_PIPE)
		return SIGPIPE;
	if (r < 0 && err && err->code == ERR_INTERRUPTED && tool_signal())
		return tool_signal();
	return 0;
}

static void
report(struct tool *tool, const struct err *err)
{
	tool_progress_clear(tool);
	log_error(tool->log, "%s", err && err->msg[0] ? err->msg : "failed without a reason");
	if (err && err->code == ERR_USAGE)
		log_hint(tool->log, "'%s --help' lists the options", tool->spec->name);
	if (err && err->code == ERR_DENIED && tool->config && !tool->store)
		log_hint(tool->log,
		    "run bkm as the user whom the store belongs to, or name another one in database.url");
}

static void
release(struct tool *tool)
{
	tool_source_free(tool->source);
	tool_sink_free(tool->sink);
	tool_select_free(tool->select);
	store_close(tool->store);
	config_free(tool->config);
	buf_release(&tool->counts);
	for (size_t i = 0; i < tool->owned_count; i++)
		free(tool->owned[i]);
	free(tool->owned);
	log_close(tool->log);
}

/* The last words: batch, row, line. What goes wrong here becomes the end of the run. */
static int
end_run(struct tool *tool, int r, struct err *err)
{
	struct err late = {0};
	int signo;

	if (r >= 0)
		r = tool_flush(tool, err);
	signo = signal_of(r, err);
	if (!tool->running)
		return r;
	if (tool_run_end(tool, status_of(tool, r, err), signo ? tool_signal_name(signo) : "exit",
		r >= 0, &late) == 0)
		return r;
	if (r < 0)
		return r; /* the first reason counts */
	*err = late;
	signo = signal_of(-1, err);
	(void)tool_run_end(
	    tool, TOOL_EXIT_TROUBLE, signo ? tool_signal_name(signo) : "exit", false, NULL);
	return -1;
}

int
tool_close(struct tool *tool, int r, const struct err *err)
{
	struct err last = err ? *err : (struct err){0};
	bool opened = tool->host != NULL;
	int signo, status = tool->exit;

	if (opened) {
		r = end_run(tool, r < 0 ? -1 : 0, &last);
		if (r >= 0 && tool->sink && close(STDOUT_FILENO) < 0 && errno != EBADF)
			r = err_sys(&last, ERR_IO, "cannot write to standard output");
		status = status_of(tool, r, &last);
	} else if (r < 0) {
		status = status_of(tool, r, &last);
	}
	signo = signal_of(r, &last);
	if (r < 0 && !signo)
		report(tool, &last);
	tool_progress_clear(tool);
	if (tool->running)
		log_info(tool->log, "ended with exit status %d", status);
	release(tool);
	if (signo)
		tool_die_of(signo);
	return status;
}

/* ---------------------------------------------------------------- share */

char *
tool_share(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *bin, *prefix, *path;

	self[n > 0 ? n : 0] = '\0';
	bin = path_dir(self);
	prefix = path_dir(bin);
	path = mem_printf("%s/share/bkm/%s", prefix, name);
	free(bin);
	free(prefix);
	return path;
}
