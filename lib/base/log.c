// One line per message on standard error and, with time and level, in a rotating log file.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

struct log {
	struct log_options options;
	char *file;
	int fd;
	uint64_t size;
};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "ERROR",
    [LOG_LEVEL_WARNING] = "WARNING",
    [LOG_LEVEL_INFO] = "INFO",
    [LOG_LEVEL_DEBUG] = "DEBUG",
};

int
log_level_parse(const char *name, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcasecmp(name, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

static int
open_file(struct log *log, struct err *err)
{
	struct stat st;

	log->fd = open(
	    log->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (log->fd < 0)
		return err_sys(err, ERR_IO, "cannot open log file '%s'", log->file);
	log->size = fstat(log->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

int
log_open(struct log **ret_log, const struct log_options *options, struct err *err)
{
	struct log *log = mem_alloc(sizeof(*log));

	log->options = *options;
	log->fd = -1;
	log->file = mem_strdup(options->file);
	if (log->file && open_file(log, err) < 0) {
		log_close(log);
		return -1;
	}
	*ret_log = log;
	return 0;
}

void
log_close(struct log *log)
{
	if (!log)
		return;
	if (log->fd >= 0)
		(void)close(log->fd);
	free(log->file);
	free(log);
}

static void
rotate(struct log *log)
{
	unsigned n = log->options.backup_count;
	struct stat now, ours;

	/* Another process may have rotated already: then only reopen. */
	bool same = stat(log->file, &now) == 0 && fstat(log->fd, &ours) == 0 &&
	    now.st_ino == ours.st_ino && now.st_dev == ours.st_dev;

	if (same && n == 0) {
		(void)!ftruncate(log->fd, 0);
		log->size = 0;
		return;
	}
	for (unsigned i = n; same && i > 0; i--) {
		char *to = mem_printf("%s.%u", log->file, i);
		char *from = i > 1 ? mem_printf("%s.%u", log->file, i - 1) : mem_strdup(log->file);

		(void)rename(from, to);
		free(from);
		free(to);
	}
	(void)close(log->fd);
	(void)open_file(log, NULL);
}

/* text as the inside of a JSON string: it holds no control byte and only valid UTF-8. */
static void
add_json_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
}

static void
write_file(struct log *log, enum log_level level, const char *text)
{
	char when[CLOCK_TEXT_LEN];
	struct buf line = BUF_INIT;

	(void)clock_format(clock_wall(), when);
	if (log->options.json) {
		buf_printf(&line,
		    "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"pid\":%ld,\"message\":\"",
		    when, level_names[level], log->options.program, (long)getpid());
		add_json_text(&line, text);
		buf_str(&line, "\"}\n");
	} else {
		buf_printf(&line, "%s %s %s[%ld]: %s\n", when, level_names[level],
		    log->options.program, (long)getpid(), text);
	}
	if (log->options.max_bytes && log->size + line.len > log->options.max_bytes && log->size)
		rotate(log);
	if (log->fd >= 0 && write(log->fd, line.data, line.len) == (ssize_t)line.len)
		log->size += line.len;
	buf_release(&line);
}

static void
put(struct log *log, enum log_level level, const char *prefix, const char *fmt, va_list ap)
{
	struct buf raw = BUF_INIT, text = BUF_INIT, line = BUF_INIT;

	buf_vprintf(&raw, fmt, ap);
	str_add_visible(&text, raw.data, raw.len);
	if (!log || level <= log->options.stderr_level) {
		buf_printf(&line, "%s%s%s\n",
		    prefix    ? ""
			: log ? log->options.program
			      : "bkm",
		    prefix ? prefix : ": ", text.data);
		(void)!write(STDERR_FILENO, line.data, line.len);
	}
	if (log && log->fd >= 0 && level <= log->options.level)
		write_file(log, level, text.data);
	buf_release(&raw);
	buf_release(&text);
	buf_release(&line);
}

#define LOG_FUNCTION(name, level, prefix)                                                          \
	void name(struct log *log, const char *fmt, ...)                                           \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		put(log, level, prefix, fmt, ap);                                                  \
		va_end(ap);                                                                        \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR, NULL)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING, NULL)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO, NULL)
LOG_FUNCTION(log_hint, LOG_LEVEL_WARNING, "hint: ")
