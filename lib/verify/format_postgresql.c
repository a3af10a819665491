// Plain dumps of pg_dump and pg_dumpall: each dump in it has its end, and nothing follows the last.
#include "verify/verify_private.h"

/*
 * pg_dump begins with the comment "PostgreSQL database dump" and ends with "PostgreSQL database
 * dump complete"; pg_dumpall wraps several of them into "cluster dump" and "cluster dump complete".
 * Since August 2025 a dump says \restrict KEY behind its beginning and \unrestrict KEY behind its
 * end. COPY data ends with a line "\.".
 */
#define KEY_MAX 128

struct postgresql {
	struct verify_dump d;
	bool in_copy;
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
restrict_line(struct postgresql *p)
{
	const char *line = p->d.l.line;
	const char *key = line + strcspn(line, " ");
	key += strspn(key, " ");
	if (str_has_prefix(line, "\\restrict ")) {
		snprintf(p->key, sizeof(p->key), "%s", key);
		return;
	}
	if (strcmp(key, p->key) != 0)
		verify_content_set(p->d.out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "the key of \\unrestrict is not that of \\restrict");
	p->key[0] = '\0';
}

static bool
comment_line(struct verify_dump *d)
{
	const char *p = d->l.line;
	if (!strcmp(p, "-- PostgreSQL database dump") ||
	    !strcmp(p, "-- PostgreSQL database cluster dump")) {
		d->begun++;
	} else if (!strcmp(p, "-- PostgreSQL database dump complete") ||
	    !strcmp(p, "-- PostgreSQL database cluster dump complete")) {
		d->ended++;
		d->after_end = true;
	} else if (str_has_prefix(p, "-- Name: ") || str_has_prefix(p, "-- Data for Name: ")) {
		const char *name = strstr(p, "Name: ") + 6;
		verify_dump_object(d, name, strcspn(name, ";"));
		if (strstr(p, "; Type: TABLE;"))
			d->out->entries++;
	}
	return str_has_prefix(p, "--");
}

static void
take_line(struct verify_dump *d)
{
	struct postgresql *p = (struct postgresql *)d;
	const struct verify_lines *l = &d->l;
	if (p->in_copy) {
		p->in_copy = strcmp(l->line, "\\.") != 0;
		return;
	}
	if (!l->full || comment_line(d))
		return;
	if (str_has_prefix(l->line, "\\restrict ") || str_has_prefix(l->line, "\\unrestrict ")) {
		restrict_line(p);
		return;
	}
	if (!str_has_prefix(l->line, "\\connect "))
		d->after_end = false;
	d->statements += d->statement;
	if (str_has_prefix(l->line, "COPY ") && l->full >= 12 && l->end[1] == ';' &&
	    l->len == l->full && str_has_suffix(l->line, "FROM stdin;"))
		p->in_copy = true;
	/* A long list of columns: the end of the line was not kept, the next line tells. */
	else if (str_has_prefix(l->line, "COPY ") && l->len < l->full && l->end[1] == ';')
		p->in_copy = true;
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct postgresql p = {0};
	(void)err;
	if (verify_dump_read(&p.d, s, true, take_line) < 0)
		return 0; /* the codec says it */
	if (p.in_copy)
		return verify_dump_cut(&p.d, "ends inside the data of a table");
	verify_dump_judge(&p.d, "PostgreSQL database dump complete");
	if (*p.key)
		return verify_dump_cut(&p.d, "ends without \\unrestrict");
	if (!p.d.blank) /* each of them ends with one */
		return verify_dump_cut(&p.d, "ends without its last empty line");
	return 0;
}

const struct verify_format verify_format_postgresql = {"postgresql", .bid = bid, .check = check};
