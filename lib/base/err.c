// Errors that travel up: a code, errno and one message, set and returned in one statement.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* Replace control bytes, so that a file name in a message cannot forge a line or a colour. */
static void
make_visible(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	}
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	err->sys = 0;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	make_visible(err->msg);
	return -1;
}

static enum err_code
code_of_errno(enum err_code code, int sys)
{
	if (code != ERR_IO)
		return code;
	if (sys == EACCES || sys == EPERM)
		return ERR_DENIED;
	if (sys == ENOENT || sys == ENOTDIR)
		return ERR_NOT_FOUND;
	return code;
}

int
err_sys(struct err *err, enum err_code code, const char *fmt, ...)
{
	int sys = errno;
	char reason[128];
	size_t len, need;
	va_list ap;

	if (!err)
		return -1;
	err->code = code_of_errno(code, sys);
	err->sys = sys;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	make_visible(err->msg);

	/* The reason must survive a subject that is longer than the message. */
	(void)snprintf(reason, sizeof(reason), ": %s", strerror(sys));
	len = strlen(err->msg);
	need = strlen(reason) + 1;
	if (len + need > sizeof(err->msg))
		len = sizeof(err->msg) - need;
	memcpy(err->msg + len, reason, need);
	return -1;
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[ERR_MSG_MAX];
	size_t len;
	va_list ap;

	if (!err)
		return -1;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	make_visible(err->msg);
	len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", inner);
	return -1;
}

void
err_clear(struct err *err)
{
	if (err)
		*err = (struct err){0};
}
