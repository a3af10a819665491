// The text that sqlite3 .dump writes: from BEGIN TRANSACTION to COMMIT, without an error in it.
#include "verify/verify_private.h"

static bool
bid(const struct verify_stream *s)
{
	static const char begin[] = "BEGIN TRANSACTION;";
	const char *p = (const char *)s->head;
	size_t len = s->head_len < 256 ? s->head_len : 256;
	const char *at = memmem(p, len, begin, sizeof(begin) - 1);
	return at && (at == p || (at[-1] == '\n' && !memcmp(p, "PRAGMA ", 7)));
}

static void
take_line(struct verify_dump *d)
{
	const struct verify_lines *l = &d->l;
	d->begun = 1;
	d->after_end = !strcmp(l->line, "COMMIT;") && l->newline;
	d->ended = d->after_end;
	if (str_has_prefix(l->line, "/****** CORRUPTION ERROR *******/") ||
	    str_has_prefix(l->line, "/**** ERROR: ") ||
	    str_has_prefix(l->line, "ROLLBACK; -- due to errors"))
		verify_content_set(d->out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
		    "sqlite3 met an error while it wrote it: %.80s", l->line);
	if (str_has_prefix(l->line, "CREATE TABLE ") || str_has_prefix(l->line, "INSERT INTO ")) {
		const char *name = strchr(l->line + 7, ' ') + 1;
		verify_dump_object(d, name, strcspn(name, "( "));
		d->out->entries += l->line[0] == 'C';
	}
	if (d->statement && !d->ended && !str_has_prefix(l->line, "PRAGMA foreign_keys=") &&
	    strcmp(l->line, "BEGIN TRANSACTION;") != 0)
		d->statements++;
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct verify_dump d = {0};
	(void)err;
	if (verify_dump_read(&d, s, false, take_line) < 0)
		return 0;
	return verify_dump_judge(&d, "COMMIT");
}

const struct verify_format verify_format_sqlite_dump = {"sqlite_dump", .bid = bid, .check = check};
