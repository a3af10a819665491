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

static int
check(struct verify_stream *s, struct err *err)
{
	struct verify_lines l = {.codec = s->codec};
	struct verify_content *c = s->out;
	uint64_t statements = 0;
	bool committed = false;
	int r;
	(void)err;
	while ((r = verify_lines_next(&l, NULL)) > 0) {
		if (!l.full)
			continue;
		committed = !strcmp(l.line, "COMMIT;") && l.newline;
		if (str_has_prefix(l.line, "/****** CORRUPTION ERROR *******/") ||
		    str_has_prefix(l.line, "/**** ERROR: ") ||
		    str_has_prefix(l.line, "ROLLBACK; -- due to errors"))
			verify_content_set(c, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
			    "sqlite3 met an error while it wrote it: %.80s", l.line);
		if (str_has_prefix(l.line, "CREATE TABLE ") ||
		    str_has_prefix(l.line, "INSERT INTO ")) {
			const char *name = strchr(l.line + 7, ' ') + 1;
			size_t n = strcspn(name, "( ");
			snprintf(c->last, sizeof(c->last), "%.*s", (int)(n < 200 ? n : 200), name);
			c->entries += l.line[0] == 'C';
		}
		if (l.end[1] == ';')
			statements++;
	}
	if (r < 0)
		return 0;
	c->offset = l.offset;
	if (!committed)
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, "ends without COMMIT");
	if (statements < 4) /* PRAGMA, BEGIN and COMMIT alone */
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "a dump without a statement");
	return 0;
}

const struct verify_format verify_format_sqlite_dump = {"sqlite_dump", bid, check};
