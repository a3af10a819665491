// LDIF: entries that are closed, and the count that ldapsearch puts behind them.
#include <ctype.h>
#include <strings.h>

#include "verify/verify_private.h"

/*
 * RFC 2849. slapcat and all dumpers of directories end each entry with an empty line, the last one
 * too, so a cut inside an entry shows. One between two entries does not: nothing says how many there
 * are, but for ldapsearch, which ends with "# numEntries: N" and, unless asked not to (-LLL), begins
 * with "# extended LDIF".
 */
struct ldif {
	struct verify_dump d;
	bool in_entry;
	bool counts;    /* ldapsearch that will count */
	bool counted;   /* and did */
	bool in_result; /* the record of ldapsearch behind the last entry */
	uint64_t entries, told;
	uint64_t line;
};

static bool
bid(const struct verify_stream *s)
{
	const char *p = (const char *)s->head, *end = p + s->head_len;
	if (s->head_len >= 15 && !memcmp(p, "# extended LDIF", 15))
		return true;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);
		if (len > 4 && (!strncasecmp(p, "dn:", 3) || !strncasecmp(p, "version:", 8)))
			return true;
		if (len > 1 && *p != '#' && *p != ' ')
			return false;
		p += len + 1;
	}
	return false;
}

/* "attribute;option: value", also with "::" and ":<". */
static bool
is_attribute(const char *line)
{
	const char *p = line;
	while (isalnum((unsigned char)*p) || strchr("-.;_", *p ? *p : ' '))
		p++;
	return p > line && *p == ':';
}

static void
comment(struct ldif *f, const char *p)
{
	uint64_t n;
	if (!strcmp(p, "# extended LDIF"))
		f->counts = true;
	if (str_has_prefix(p, "# numEntries: ") && f->d.l.newline &&
	    str_to_u64(p + 14, 0, UINT64_MAX, &n, NULL) == 0) {
		f->counted = true;
		f->told = n;
	}
}

static void
begin_record(struct ldif *f, const char *p)
{
	if (!strncasecmp(p, "dn:", 3)) {
		f->entries++;
		verify_dump_object(&f->d, p + 3 + strspn(p + 3, ": "), strlen(p));
	} else if (str_has_prefix(p, "search: ")) {
		f->in_result = true;
	} else if (strncasecmp(p, "version:", 8) != 0) {
		verify_content_set(f->d.out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "line %llu begins an entry without a dn", (unsigned long long)f->line);
	}
	f->in_entry = strncasecmp(p, "version:", 8) != 0;
}

static void
take_line(struct verify_dump *d)
{
	struct ldif *f = (struct ldif *)d;
	const char *p = d->l.line;
	f->line++;
	if (d->blank) {
		f->in_entry = f->in_result = false;
	} else if (*p == '#') {
		comment(f, p);
	} else if (*p == ' ') {
		return;
	} else if (!is_attribute(p)) {
		verify_content_set(d->out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "line %llu is no attribute", (unsigned long long)f->line);
	} else if (!f->in_entry) {
		begin_record(f, p);
	} else if (f->in_result && str_has_prefix(p, "result: ") &&
	    !str_has_prefix(p, "result: 0 ")) {
		verify_content_set(d->out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
		    "ldapsearch did not get all: %.100s", p);
	}
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct ldif f = {0};
	(void)err;
	if (verify_dump_read(&f.d, s, true, take_line) < 0)
		return 0;
	s->out->entries = f.entries;
	if (f.d.unfinished || f.in_entry)
		return verify_dump_cut(&f.d, "its last entry does not end with an empty line");
	if (f.counts && !f.counted)
		return verify_dump_cut(&f.d, "ends without the count of ldapsearch");
	if (f.counted && f.told != f.entries)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "%llu entries, ldapsearch has counted %llu", (unsigned long long)f.entries,
		    (unsigned long long)f.told);
	if (!f.entries)
		return verify_content_set(
		    s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "no entry in it");
	if (f.counted)
		return 0;
	return verify_content_set(
	    s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE, "LDIF has no end marker");
}

const struct verify_format verify_format_ldif = {"ldif", .bid = bid, .check = check};
