/*
 * An error travels up as -1 plus a caller-owned struct err; only main prints it, once.
 *
 * A verdict about a backup is data and never an err. A broken promise between two functions of
 * bkm is an assert.
 *
 *	if (fd < 0)
 *		return err_sys(err, ERR_IO, "cannot open '%s'", path);
 *
 * Messages are lower case, without a full stop, what failed first, the subject in quotes.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,       /* the command line is wrong: exit 2 */
	ERR_CONFIG,      /* the configuration is wrong or cannot be read: exit 2 */
	ERR_IO,          /* reading or writing failed; err.sys has errno */
	ERR_NOT_FOUND,   /* what was named does not exist */
	ERR_DENIED,      /* permission */
	ERR_STORE,       /* the store cannot be used: ends the run */
	ERR_FORMAT,      /* bytes that bkm did not write are not what they should be */
	ERR_LIMIT,       /* a limit (size, depth, count, time) was reached */
	ERR_UNSUPPORTED, /* this build, kernel or machine cannot do it */
	ERR_BUSY,        /* somebody else holds it */
	ERR_INTERRUPTED, /* a signal asked to stop */
	ERR_PIPE,        /* the reader of our output is gone: stop quietly */
};

#define ERR_MSG_MAX 512

struct err {
	enum err_code code;
	int sys;               /* errno at the failing call, or 0 */
	char msg[ERR_MSG_MAX]; /* complete enough to print as it is; control bytes made visible */
};

/* Set code and message; always returns -1. err may be NULL. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set, and append ": strerror(errno)"; keeps errno in err->sys. Always returns -1.
 * EACCES and EPERM turn ERR_IO into ERR_DENIED, ENOENT and ENOTDIR into ERR_NOT_FOUND. */
int err_sys(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " before the message that is there; always returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

#endif
