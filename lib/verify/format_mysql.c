// Dumps of mysqldump and mariadb-dump: "Dump completed" stands at the end of each.
#include "verify/verify_private.h"

/*
 * A dump begins with "-- MySQL dump" or "-- MariaDB dump", since 2024 behind a line that switches
 * the sandbox mode on, and ends with "-- Dump completed" and, unless --skip-dump-date, a date.
 * With --skip-comments both are missing; then the session variables that it saves at its beginning
 * and restores at its end show a cut, but nothing proves the whole.
 */
struct dump {
	struct verify_content *out;
	uint64_t begun, ended;
	uint64_t statements;
	bool after_end;
	bool saved; /* SET @OLD_SQL_NOTES=@@SQL_NOTES without its counterpart */
};

static bool
bid(const struct verify_stream *s)
{
	const char *p = (const char *)s->head;
	size_t len = s->head_len < 1024 ? s->head_len : 1024;
	return memmem(p, len, "-- MySQL dump ", 14) == p ||
	    memmem(p, len, "-- MariaDB dump ", 16) == p ||
	    (len > 3 && !memcmp(p, "/*", 2) &&
		(memmem(p, len, "enable the sandbox mode", 23) ||
		    memmem(p, len, "@OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT", 48))) ||
	    (len > 3 && !memcmp(p, "--\n", 3) && memmem(p, len, "\n-- MySQL dump ", 15));
}

static void
name_of(struct dump *d, const char *line)
{
	const char *p = strchr(line, '`');
	size_t n = p ? strcspn(p + 1, "`") : 0;
	if (p)
		snprintf(
		    d->out->last, sizeof(d->out->last), "%.*s", (int)(n < 200 ? n : 200), p + 1);
}

static void
take_line(struct dump *d, const struct verify_lines *l)
{
	const char *p = l->line;
	if (!l->full)
		return;
	if (str_has_prefix(p, "-- MySQL dump ") || str_has_prefix(p, "-- MariaDB dump ")) {
		d->begun++;
		d->after_end = false;
		return;
	}
	if (!strcmp(p, "-- Dump completed") || str_has_prefix(p, "-- Dump completed on ")) {
		d->ended++;
		d->after_end = true;
		return;
	}
	if (str_has_prefix(p, "--"))
		return;
	if (!strstr(p, "enable the sandbox mode"))
		d->after_end = false;
	if (strstr(p, "@OLD_SQL_NOTES=@@SQL_NOTES"))
		d->saved = true;
	if (strstr(p, "SET SQL_NOTES=@OLD_SQL_NOTES"))
		d->saved = false;
	if (str_has_prefix(p, "CREATE TABLE ")) {
		d->out->entries++;
		name_of(d, p);
	} else if (str_has_prefix(p, "INSERT INTO ")) {
		name_of(d, p);
	}
	if (l->end[1] == ';')
		d->statements++;
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct dump d = {.out = s->out};
	struct verify_lines l = {.codec = s->codec};
	int r;
	(void)err;
	while ((r = verify_lines_next(&l, NULL)) > 0)
		take_line(&d, &l);
	if (r < 0)
		return 0;
	s->out->offset = l.offset;
	if (d.saved || (l.full && !l.newline && !d.after_end))
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends before it restores what it has set");
	if (d.begun != d.ended || (d.begun && !d.after_end))
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends without \"Dump completed\"");
	if (!d.statements)
		return verify_content_set(
		    s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "a dump without a statement");
	if (!d.begun)
		return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "made with --skip-comments, so that it has no end marker");
	return 0;
}

const struct verify_format verify_format_mysql = {"mysql", bid, check};
