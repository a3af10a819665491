// The run record: a row and a line when a stage begins, a row and a line when it ends.
#include <stdio.h>
#include <unistd.h>

#include "tool/tool_private.h"

static void
begin_line(struct tool *tool, struct json *j, struct buf *line, const char *phase)
{
	record_begin(j, line, RECORD_RUN);
	json_str(j, "command", tool->spec->name);
	json_str(j, "id", tool->run.uuid);
	json_str(j, "store", store_uuid(tool->store));
	json_str(j, "phase", phase);
	json_str(j, "host", tool->host);
	json_time(j, "started", tool->run.started);
}

int
tool_run_start(struct tool *tool, struct err *err)
{
	struct buf line = BUF_INIT;
	struct json j;
	int r;

	(void)snprintf(tool->run.command, sizeof(tool->run.command), "%s", tool->spec->name);
	(void)snprintf(tool->run.host, sizeof(tool->run.host), "%s", tool->host);
	tool->run.pid = (int64_t)getpid();
	tool->run.started = tool->now;
	tool->run.ended = CLOCK_NONE;
	if (store_run_start(tool->store, &tool->run, err) < 0)
		return -1;
	tool->running = true;
	begin_line(tool, &j, &line, "start");
	if (tool->follow)
		json_bool(&j, "follow", true);
	record_end(&j);
	r = tool_put_line(tool, &line, err);
	tool->out--; /* a stage's own run records are not counted */
	buf_release(&line);
	return r;
}

static void
add_end(struct tool *tool, struct buf *line)
{
	struct json j;

	begin_line(tool, &j, line, "end");
	json_time(&j, "ended", tool->run.ended);
	json_int(&j, "ms", tool->run.ms);
	json_uint(&j, "in", tool->in);
	json_uint(&j, "out", tool->out);
	json_object(&j, "counts");
	json_object_end(&j);
	/* The counts are ready members: between the braces with them. */
	line->len--;
	buf_add(line, tool->counts.data, tool->counts.len);
	buf_char(line, '}');
	json_uint(&j, "errors", tool->errors);
	json_uint(&j, "findings", tool->findings);
	json_int(&j, "exit", tool->run.exit_status);
	record_end(&j);
}

int
tool_run_end(struct tool *tool, int status, const char *ended_by, bool line, struct err *err)
{
	struct buf text = BUF_INIT, counts = BUF_INIT;
	int r;

	tool->run.ms = clock_mono_ms() - tool->started_ms;
	tool->run.ended = tool->run.started + tool->run.ms / 1000;
	tool->run.exit_status = status;
	tool->run.findings = tool->findings;
	tool->run.errors = tool->errors;
	(void)snprintf(tool->run.ended_by, sizeof(tool->run.ended_by), "%s", ended_by);
	buf_printf(&counts, "{%s}", tool->counts.data);
	r = store_run_end(tool->store, &tool->run, tool->counts.len ? counts.data : NULL, err);
	if (r == 0 && line) {
		add_end(tool, &text);
		r = tool_put_line(tool, &text, err);
		tool->out--;
		if (r == 0)
			r = tool_flush(tool, err);
	}
	buf_release(&text);
	buf_release(&counts);
	return r;
}
