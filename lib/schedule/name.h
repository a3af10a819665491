/*
 * The name of the series that a backup belongs to, from its path below the location.
 *
 * Whatever changes from one night to the next is replaced by "*": dates, times, epochs, weekday
 * and month names, week numbers, UUIDs and hash-like parts, in directories too; a rotation number
 * at the end of a component (app.sql.gz.1, syslog.2.gz, daily.0/) is dropped. Numbers that are no
 * date stay: host01, v2, 10.11, server-10, .001 (a volume of a split archive).
 *
 *	pg_dump-2026-11-22_0200.sql.gz        pg_dump-*.sql.gz
 *	2026/11/22/db.sql.gz                  * /db.sql.gz      (without the blank)
 *	vm-100-2026_11_22-03_00_01.vma.zst    vm-100-*.vma.zst
 *	app1.sql.gz.1                         app1.sql.gz
 *
 * Judgement calls: a whole word that names a weekday or a month is one ("march" too, and a host of
 * that name needs a `series:` rule with a name); a bare year stays (server-2019) unless it is a
 * directory; six digits are a date only as YYYYMM or, from 2010 to 2049, YYMMDD. name_test.c has the
 * list.
 */
#ifndef SCHEDULE_NAME_H
#define SCHEDULE_NAME_H

#include <regex.h>
#include <stddef.h>

/* Enough for every path up to PATH_MAX, each byte escaped. */
#define SCHEDULE_NAME_MAX 16400

/*
 * Write the series name of path (len bytes, any bytes) to out, NUL-terminated, and return its
 * length. The name is UTF-8 without control bytes: bad and control bytes, "*" and "\" of the path
 * itself appear as \xNN, so that two paths share a name only by the rules above. A name that does
 * not fit into size (at least 1) is cut at a character. Allocates nothing.
 */
size_t schedule_series_name(const char *path, size_t len, char *out, size_t size);

/* The configuration's own names. A rule whose expression is found in a path names its series: its
 * name, with \0 to \9 replaced by what the groups matched (nothing for one that took no part) and
 * \\ by a backslash. What is replaced is escaped as above; a "*" of the rule's own is a "*". */
struct schedule_naming_rule {
	const regex_t *regex; /* compiled without REG_NOSUB; NULL: this rule names nothing */
	const char *name;     /* UTF-8 without control bytes */
};

struct schedule_naming { /* the first rule that matches counts */
	const struct schedule_naming_rule *rules;
	size_t count; /* 0: every name is made by schedule_series_name */
};

/* No rule named it. */
#define SCHEDULE_NAMING_NONE ((size_t)-1)

/* The shapes of the names that were made last: a name of one of them is found in a twentieth of the time
 * that it takes to make it. The name is the same with a memo and without. For one thread. */
struct schedule_memo;
struct schedule_memo *schedule_memo_new(void);
void schedule_memo_free(struct schedule_memo *memo);

/* schedule_series_name with rules before it: one that gives an empty name is passed over. path has a
 * NUL behind it and none in it. ret_rule (may be NULL): the index of the rule, or
 * SCHEDULE_NAMING_NONE. naming and memo may be NULL; a memo is of use where many names are asked
 * for, and size is at least SCHEDULE_NAME_MAX. */
size_t schedule_series_named(const struct schedule_naming *naming, struct schedule_memo *memo,
    const char *path, size_t len, char *out, size_t size, size_t *ret_rule);

#endif
