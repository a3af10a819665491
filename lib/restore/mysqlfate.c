// Which statements of a MySQL dump go to the throw-away server, and which in another form or not.
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "restore/mysql_private.h"

#define TOKEN_MAX      80
#define DEFINER_WITHIN 8 /* words of CREATE OR REPLACE ALGORITHM = … DEFINER */

/* The schemas of the server itself; what a dump holds of them is loaded beside them. */
static const char *const system_schemas[] = {
    "mysql", "sys", "performance_schema", "information_schema"};
#define BESIDE "restored "

/* About replication: no data of the backup in it, and nothing to replicate with. */
static const struct {
	const char *first, *second;
} left_out[] = {
    {"CHANGE", "MASTER"},
    {"CHANGE", "REPLICATION"},
    {"START", "SLAVE"},
    {"START", "REPLICA"},
    {"START", "ALL"},
    {"START", "GROUP_REPLICATION"},
    {"STOP", "SLAVE"},
    {"STOP", "REPLICA"},
    {"STOP", "ALL"},
    {"STOP", "GROUP_REPLICATION"},
    {"RESET", "MASTER"},
    {"RESET", "SLAVE"},
    {"RESET", "REPLICA"},
    {"RESET", "BINARY"},
    {"PURGE", "MASTER"},
    {"PURGE", "BINARY"},
};

/* ---------------------------------------------------------------- tokens */

struct scan {
	const char *p, *end;
	char text[TOKEN_MAX]; /* a word in upper case, or a quoted name as it is */
	bool quoted;
};

/* Comments, and the brackets of those that are executed, are blanks. */
static bool
skip_blank(struct scan *s)
{
	size_t left = (size_t)(s->end - s->p);
	const char *close;

	if (left && isspace((uint8_t)*s->p)) {
		s->p++;
	} else if (left &&
	    (*s->p == '#' ||
		(left > 2 && memcmp(s->p, "--", 2) == 0 && isspace((uint8_t)s->p[2])))) {
		close = memchr(s->p, '\n', left);
		s->p = close ? close + 1 : s->end;
	} else if (left > 1 && memcmp(s->p, "*/", 2) == 0) {
		s->p += 2;
	} else if ((left > 2 && memcmp(s->p, "/*!", 3) == 0) ||
	    (left > 3 && memcmp(s->p, "/*M!", 4) == 0)) {
		s->p += s->p[2] == '!' ? 3 : 4;
		while (s->p < s->end && isdigit((uint8_t)*s->p))
			s->p++;
	} else if (left > 1 && memcmp(s->p, "/*", 2) == 0) {
		close = memmem(s->p + 2, left - 2, "*/", 2);
		s->p = close ? close + 2 : s->end;
	} else {
		return false;
	}
	return true;
}

static bool
next_token(struct scan *s)
{
	struct buf text = BUF_INIT_MAX(TOKEN_MAX);
	char quote;

	while (skip_blank(s))
		;
	if (s->p >= s->end)
		return false;
	s->quoted = *s->p == '`' || *s->p == '"' || *s->p == '\'';
	if (s->quoted) {
		quote = *s->p++;
		while (s->p < s->end) {
			if (*s->p == quote && (s->p + 1 == s->end || s->p[1] != quote))
				break;
			s->p += *s->p == quote;
			buf_char(&text, *s->p++);
		}
		s->p += s->p < s->end;
	} else if (isalnum((uint8_t)*s->p) || strchr("_@$", *s->p)) {
		while (s->p < s->end && (isalnum((uint8_t)*s->p) || strchr("_@$.", *s->p)))
			buf_char(&text, (char)toupper((uint8_t)*s->p++));
	} else {
		buf_char(&text, *s->p++);
	}
	(void)snprintf(s->text, sizeof(s->text), "%s", text.data);
	buf_release(&text);
	return true;
}

static bool
is(const struct scan *s, const char *word)
{
	return !s->quoted && strcmp(s->text, word) == 0;
}

/* ---------------------------------------------------------------- fates */

void
restore_mysql_add_name(struct buf *out, const char *name)
{
	buf_char(out, '`');
	for (; *name; name++) {
		if (*name == '`')
			buf_char(out, '`');
		buf_char(out, *name);
	}
	buf_char(out, '`');
}

static bool
is_system(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(system_schemas); i++) {
		if (strcasecmp(name, system_schemas[i]) == 0)
			return true;
	}
	return false;
}

/* Behind DATABASE or USE: is it a schema of the server? Its name goes to text. */
static bool
names_system(struct scan *s)
{
	while (next_token(s)) {
		if (is(s, "IF") || is(s, "NOT") || is(s, "EXISTS"))
			continue;
		return is_system(s->text);
	}
	return false;
}

/* CREATE, DROP or ALTER, up to the word DATABASE. */
static bool
is_about_database(struct scan *s)
{
	for (int i = 0; i < 3 && next_token(s); i++) {
		if (is(s, "DATABASE") || is(s, "SCHEMA"))
			return true;
		if (!is(s, "OR") && !is(s, "REPLACE"))
			return false;
	}
	return false;
}

static void
add_beside(struct buf *schema, const char *name)
{
	buf_str(schema, BESIDE);
	for (; *name; name++)
		buf_char(schema, (char)tolower((uint8_t)*name));
}

static bool
sets_replication(struct scan *s)
{
	/* The variable stands right behind SET, or behind GLOBAL. */
	for (int i = 0; i < 2 && next_token(s); i++) {
		if (strcasestr(s->text, "GTID_PURGED") || strcasestr(s->text, "GTID_SLAVE_POS") ||
		    strcasestr(s->text, "GTID_BINLOG_STATE"))
			return true;
	}
	return false;
}

static bool
is_left_out(struct scan *s, const char *first)
{
	if (!next_token(s))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
		if (strcmp(first, left_out[i].first) == 0 && is(s, left_out[i].second))
			return true;
	}
	return false;
}

enum restore_fate
restore_mysql_fate(const char *sql, size_t len, struct buf *schema)
{
	struct scan s = {.p = sql, .end = sql + len};
	char first[TOKEN_MAX];

	if (!next_token(&s) || s.quoted)
		return RESTORE_SEND;
	memcpy(first, s.text, sizeof(first));
	if (strcmp(first, "USE") == 0) {
		if (!names_system(&s))
			return RESTORE_SEND;
		add_beside(schema, s.text);
		return RESTORE_USE_SCHEMA;
	}
	if (strcmp(first, "SET") == 0)
		return sets_replication(&s) ? RESTORE_LEAVE_OUT : RESTORE_SEND;
	if (strcmp(first, "CREATE") == 0 || strcmp(first, "DROP") == 0 ||
	    strcmp(first, "ALTER") == 0) {
		if (!is_about_database(&s) || !names_system(&s))
			return RESTORE_SEND;
		if (first[0] != 'C')
			return RESTORE_LEAVE_OUT;
		add_beside(schema, s.text);
		return RESTORE_MAKE_SCHEMA;
	}
	return is_left_out(&s, first) ? RESTORE_LEAVE_OUT : RESTORE_SEND;
}

const char *
restore_mysql_schema(const char *name)
{
	return str_has_prefix(name, BESIDE) && is_system(name + strlen(BESIDE))
	    ? name + strlen(BESIDE)
	    : name;
}

bool
restore_mysql_definer(const char *sql, size_t len, struct buf *user)
{
	struct scan s = {.p = sql, .end = sql + len};
	char name[TOKEN_MAX];

	if (!next_token(&s) || !(is(&s, "CREATE") || is(&s, "ALTER")))
		return false;
	for (int i = 0; i < DEFINER_WITHIN && next_token(&s); i++) {
		if (!is(&s, "DEFINER"))
			continue;
		if (!next_token(&s) || !is(&s, "=") || !next_token(&s) || !s.quoted)
			return false;
		memcpy(name, s.text, sizeof(name));
		if (!next_token(&s) || !is(&s, "@") || !next_token(&s) || !s.quoted)
			return false;
		restore_mysql_add_name(user, name);
		buf_char(user, '@');
		restore_mysql_add_name(user, s.text);
		return true;
	}
	return false;
}

bool
restore_mysql_makes_table(const char *sql, size_t len)
{
	struct scan s = {.p = sql, .end = sql + len};

	return next_token(&s) && is(&s, "CREATE") && next_token(&s) && is(&s, "TABLE");
}

bool
restore_mysql_is_account(const char *sql, size_t len)
{
	static const struct {
		const char *first, *second;
	} accounts[] = {{"CREATE", "USER"}, {"CREATE", "ROLE"}, {"ALTER", "USER"}, {"DROP", "USER"},
	    {"DROP", "ROLE"}, {"RENAME", "USER"}, {"SET", "PASSWORD"}, {"SET", "ROLE"},
	    {"SET", "DEFAULT"}};
	struct scan s = {.p = sql, .end = sql + len};
	char first[TOKEN_MAX];

	if (!next_token(&s))
		return false;
	if (is(&s, "GRANT") || is(&s, "REVOKE"))
		return true;
	memcpy(first, s.text, sizeof(first));
	if (!next_token(&s))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
		if (strcmp(first, accounts[i].first) == 0 && is(&s, accounts[i].second))
			return true;
	}
	return false;
}
