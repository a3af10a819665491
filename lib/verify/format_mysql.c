// Dumps of mysqldump and mariadb-dump: "Dump completed" stands at the end of each.
#include "verify/verify_private.h"

/*
 * A dump begins with "-- MySQL dump" or "-- MariaDB dump", since 2024 behind a line that switches
 * the sandbox mode on, and ends with "-- Dump completed" and, unless --skip-dump-date, a date.
 * With --skip-comments both are missing; then the session variables that it saves at its beginning
 * and restores at its end show a cut, but nothing proves the whole.
 */
struct mysql {
	struct verify_dump d;
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
name_of(struct verify_dump *d)
{
	const char *p = strchr(d->l.line, '`');
	if (p)
		verify_dump_object(d, p + 1, strcspn(p + 1, "`"));
}

static void
take_line(struct verify_dump *d)
{
	struct mysql *m = (struct mysql *)d;
	const char *p = d->l.line;
	if (str_has_prefix(p, "-- MySQL dump ") || str_has_prefix(p, "-- MariaDB dump ")) {
		d->begun++;
		d->after_end = false;
		return;
	}
	if (!strcmp(p, "-- Dump completed") || str_has_prefix(p, "-- Dump completed on ")) {
		d->ended++;
		d->after_end = d->l.newline;
		return;
	}
	if (str_has_prefix(p, "--"))
		return;
	if (!strstr(p, "enable the sandbox mode"))
		d->after_end = false;
	if (strstr(p, "@OLD_SQL_NOTES=@@SQL_NOTES"))
		m->saved = true;
	if (strstr(p, "SET SQL_NOTES=@OLD_SQL_NOTES"))
		m->saved = false;
	if (str_has_prefix(p, "CREATE TABLE ")) {
		d->out->entries++;
		name_of(d);
	} else if (str_has_prefix(p, "INSERT INTO ")) {
		name_of(d);
	}
	if (d->statement)
		d->statements++;
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct mysql m = {0};
	(void)err;
	if (verify_dump_read(&m.d, s, false, take_line) < 0)
		return 0;
	if (m.saved || m.d.unfinished)
		verify_dump_cut(&m.d, "ends before it restores what it has set");
	verify_dump_judge(&m.d, "Dump completed");
	if (!m.d.begun)
		return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "made with --skip-comments, so that it has no end marker");
	return 0;
}

const struct verify_format verify_format_mysql = {"mysql", .bid = bid, .check = check};
