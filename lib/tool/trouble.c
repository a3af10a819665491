// What was found and what could not be done: counted, said once, put on the stream.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/tool_private.h"

#define PROGRESS_MS 200
#define MESSAGE_MAX 8192 /* who names a file of a megabyte does not get all of it back */
#define PATH_LONG   (RECORD_LINE_MAX / 8) /* in its two spellings, each byte escaped, it still fits */

void
tool_finding(struct tool *tool)
{
	tool->findings++;
}

void
tool_require_failed(struct tool *tool)
{
	tool->require_failed = true;
}

static void
add_message(struct buf *text, const char *fmt, va_list ap)
{
	buf_vprintf(text, fmt, ap);
	if (text->len > MESSAGE_MAX) {
		text->len = MESSAGE_MAX;
		buf_str(text, "...");
	}
}

void
tool_error(struct tool *tool, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	add_message(&text, fmt, ap);
	va_end(ap);
	tool_progress_clear(tool);
	log_error(tool->log, "%s", text.data);
	tool->errors++;
	buf_release(&text);
}

int
tool_trouble(struct tool *tool, const char *location, const char *path, const char *reason,
    struct err *err, const char *fmt, ...)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	struct json j;
	va_list ap;
	int r = 0;

	va_start(ap, fmt);
	add_message(&text, fmt, ap);
	va_end(ap);
	tool_error(tool, "%s", text.data);
	if (tool->sink && !tool->by_operands) {
		record_begin(&j, &line, RECORD_ERROR);
		json_str(&j, "command", tool->spec->name);
		json_str(&j, "host", tool->host);
		json_str(&j, "location", location);
		if (path && strlen(path) < PATH_LONG)
			json_path(&j, "path", path);
		json_str(&j, "reason", reason);
		json_text(&j, "message", text.data, text.len);
		record_end(&j);
		r = tool_put_line(tool, &line, err);
	}
	buf_release(&text);
	buf_release(&line);
	return r;
}

void
tool_count(struct tool *tool, const char *name, uint64_t n)
{
	struct json j = {.out = &tool->counts, .comma = tool->counts.len > 0};

	json_uint(&j, name, n);
}

/* ---------------------------------------------------------------- progress */

static bool
wants_progress(const struct tool *tool)
{
	if (strcmp(tool->progress, "auto") == 0)
		return isatty(STDERR_FILENO) == 1;
	return strcmp(tool->progress, "always") == 0;
}

void
tool_progress_clear(struct tool *tool)
{
	static const char clear[] = "\r\033[K";

	if (!tool->progress_ms)
		return;
	tool->progress_ms = 0;
	(void)!write(STDERR_FILENO, clear, sizeof(clear) - 1);
}

void
tool_progress(struct tool *tool, const char *fmt, ...)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	int64_t now = clock_mono_ms();
	va_list ap;

	if (!wants_progress(tool) || (tool->progress_ms && now - tool->progress_ms < PROGRESS_MS))
		return;
	tool->progress_ms = now;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_str(&line, "\r");
	str_add_visible(&line, text.data, text.len);
	buf_str(&line, "\033[K");
	(void)!write(STDERR_FILENO, line.data, line.len);
	buf_release(&text);
	buf_release(&line);
}
