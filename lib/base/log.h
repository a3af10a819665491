/*
 * Messages for people: one line each on standard error, and the log file if there is one.
 *
 * Only cmd/ and lib/tool log; every other module returns an err. A line on standard error is
 * "bkm-verify: message"; in the file it carries the time and the level, as text or as JSON.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_options {
	const char *program;         /* "bkm-verify"; borrowed for the life of the log */
	enum log_level stderr_level; /* what reaches standard error; default: errors and warnings */
	enum log_level level;        /* what reaches the file */
	const char *file;            /* NULL: no file */
	uint64_t max_bytes;          /* rotate before the file would grow past this; 0 = never */
	unsigned backup_count; /* file.1 (newest) to file.N are kept; 0 with max_bytes: truncate */
	bool json;             /* file format */
};

struct log;

/* The file is opened for append, 0640. Never fails half: without a file that can be opened, -1. */
int log_open(struct log **ret_log, const struct log_options *options, struct err *err);
void log_close(struct log *log);

/* log may be NULL: then standard error gets "bkm: message". */
void log_error(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warning(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "hint: …" on a line of its own on standard error. */
void log_hint(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "DEBUG", "INFO", "WARNING", "ERROR", either case; -1 if it is none of them. */
int log_level_parse(const char *name, enum log_level *ret_level);

#endif
