// What dumps as text have in common: beginnings, ends, statements, and what a cut looks like.
#include "verify/verify_private.h"

int
verify_dump_read(struct verify_dump *d, struct verify_stream *s, bool with_blank,
    void (*line)(struct verify_dump *d))
{
	int r;
	d->out = s->out;
	d->l = (struct verify_lines){.codec = s->codec};
	while ((r = verify_lines_next(&d->l, NULL)) > 0) {
		d->blank = d->l.full == 0;
		d->unfinished = !d->l.newline;
		d->statement = d->l.end[1] == ';';
		if (d->blank && !with_blank)
			continue;
		line(d);
	}
	d->out->offset = r < 0 ? 0 : d->l.offset;
	return r;
}

void
verify_dump_object(struct verify_dump *d, const char *name, size_t len)
{
	snprintf(d->out->last, sizeof(d->out->last), "%.*s", (int)(len < 200 ? len : 200), name);
}

int
verify_dump_cut(struct verify_dump *d, const char *how)
{
	return verify_content_set(d->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, "%s", how);
}

int
verify_dump_judge(struct verify_dump *d, const char *marker)
{
	if (d->begun != d->ended || (d->begun && !d->after_end))
		return verify_content_set(d->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends without \"%s\"", marker);
	if (!d->statements)
		return verify_content_set(d->out, RECORD_VERDICT_FAIL, VERIFY_REASON_NO_STATEMENT,
		    "a dump without a statement");
	return 0;
}
