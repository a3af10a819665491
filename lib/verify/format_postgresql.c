// Plain dumps of pg_dump and pg_dumpall: each dump in it has its end, and nothing follows the last.
#include "verify/verify_private.h"

/*
 * pg_dump begins with the comment "PostgreSQL database dump" and ends with "PostgreSQL database
 * dump complete"; pg_dumpall wraps several of them into "cluster dump" and "cluster dump complete".
 * Since August 2025 a dump says \restrict KEY behind its beginning and \unrestrict KEY behind its
 * end. COPY data ends with a line "\.".
 */
#define KEY_MAX 128

struct dump {
	struct verify_content *out;
	uint64_t begun, ended;
	uint64_t statements;
	bool in_copy;
	bool after_end;    /* only comments and blank lines since the last end */
	char key[KEY_MAX]; /* of \restrict, "" when it was taken back */
};

static bool
bid(const struct verify_stream *s)
{
	const char *head = (const char *)s->head;
	size_t len = s->head_len < 2048 ? s->head_len : 2048;
	if (len >= 3 && !memcmp(head, "\xef\xbb\xbf", 3))
		return false;
	return memmem(head, len, "\n-- PostgreSQL database dump", 28) ||
	    memmem(head, len, "\n-- PostgreSQL database cluster dump", 36);
}

static void
restrict_line(struct dump *d, const struct verify_lines *l)
{
	const char *key = l->line + strcspn(l->line, " ");
	key += strspn(key, " ");
	if (str_has_prefix(l->line, "\\restrict ")) {
		snprintf(d->key, sizeof(d->key), "%s", key);
		return;
	}
	if (strcmp(key, d->key) != 0)
		verify_content_set(d->out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "the key of \\unrestrict is not that of \\restrict");
	d->key[0] = '\0';
}

static bool
comment_line(struct dump *d, const struct verify_lines *l)
{
	const char *p = l->line;
	if (!strcmp(p, "-- PostgreSQL database dump") ||
	    !strcmp(p, "-- PostgreSQL database cluster dump"))
		d->begun++;
	else if (!strcmp(p, "-- PostgreSQL database dump complete") ||
	    !strcmp(p, "-- PostgreSQL database cluster dump complete")) {
		d->ended++;
		d->after_end = true;
	} else if (str_has_prefix(p, "-- Name: ") || str_has_prefix(p, "-- Data for Name: ")) {
		const char *name = strstr(p, "Name: ") + 6;
		size_t n = strcspn(name, ";");
		snprintf(
		    d->out->last, sizeof(d->out->last), "%.*s", (int)(n < 200 ? n : 200), name);
		if (strstr(p, "; Type: TABLE;"))
			d->out->entries++;
	}
	return str_has_prefix(p, "--");
}

static void
take_line(struct dump *d, const struct verify_lines *l)
{
	if (d->in_copy) {
		d->in_copy = strcmp(l->line, "\\.") != 0;
		return;
	}
	if (!l->full || comment_line(d, l))
		return;
	if (str_has_prefix(l->line, "\\restrict ") || str_has_prefix(l->line, "\\unrestrict ")) {
		restrict_line(d, l);
		return;
	}
	if (!str_has_prefix(l->line, "\\connect "))
		d->after_end = false;
	if (l->end[1] == ';')
		d->statements++;
	if (str_has_prefix(l->line, "COPY ") && l->full >= 12 && l->end[1] == ';' &&
	    l->len == l->full && str_has_suffix(l->line, "FROM stdin;"))
		d->in_copy = true;
	/* A long list of columns: the end of the line was not kept, the next line tells. */
	else if (str_has_prefix(l->line, "COPY ") && l->len < l->full && l->end[1] == ';')
		d->in_copy = true;
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
		return 0; /* the codec says it */
	s->out->offset = l.offset;
	if (d.in_copy)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends inside the data of a table");
	if (d.begun != d.ended || !d.after_end)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends without \"PostgreSQL database dump complete\"");
	if (*d.key)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends without \\unrestrict");
	if (!l.newline && l.full)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "its last line does not end");
	if (!d.statements)
		return verify_content_set(
		    s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "a dump without a statement");
	return 0;
}

const struct verify_format verify_format_postgresql = {"postgresql", bid, check};
