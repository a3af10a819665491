// Words and names in the statements and psql commands that pg_dump and pg_dumpall write.
#include <ctype.h>
#include <string.h>

#include "restore/pg_private.h"

static const char *
skip_blank(const char *s)
{
	while (isspace((uint8_t)*s))
		s++;
	return s;
}

const char *
restore_pg_past(const char *s, const char *words)
{
	s = skip_blank(s);
	for (; *words; words++) {
		if (*words == ' ') {
			if (!isspace((uint8_t)*s))
				return NULL;
			s = skip_blank(s);
		} else if (toupper((uint8_t)*s++) != *words) {
			return NULL;
		}
	}
	return isalnum((uint8_t)*s) || *s == '_' ? NULL : skip_blank(s);
}

void
restore_pg_take_name(const char *s, char *ret, size_t size)
{
	bool quoted = *s == '"';
	size_t n = 0;

	for (s += quoted; *s && n + 1 < size; s++) {
		if (quoted && *s == '"') {
			if (s[1] != '"')
				break;
			s++;
		} else if (!quoted && !(isalnum((uint8_t)*s) || *s == '_' || *s == '$' || *s < 0)) {
			break;
		}
		ret[n++] = quoted ? *s : (char)tolower((uint8_t)*s);
	}
	ret[n] = '\0';
}

/* What is inside a pair of quotes at s, undone: doubled quotes, and backslashes if they escape. The
 * rest behind it, or NULL. */
static const char *
unquote(const char *s, char quote, bool escapes, char *ret, size_t size)
{
	size_t n = 0;

	if (*s++ != quote)
		return NULL;
	for (; *s; s++) {
		if (*s == quote && s[1] != quote)
			break;
		if (*s == quote || (escapes && *s == '\\' && s[1]))
			s++;
		if (n + 1 >= size)
			return NULL;
		ret[n++] = *s;
	}
	ret[n] = '\0';
	return *s == quote ? s + 1 : NULL;
}

bool
restore_pg_connect_target(const char *arg, char *ret, size_t size)
{
	static const char reuse[] = "-reuse-previous=on";
	char inner[256];
	size_t n;

	if (strncmp(arg, reuse, sizeof(reuse) - 1) == 0) {
		arg =
		    unquote(skip_blank(arg + sizeof(reuse) - 1), '"', false, inner, sizeof(inner));
		if (!arg || *skip_blank(arg) || strncmp(inner, "dbname=", 7) != 0)
			return false;
		arg = inner + 7;
		if (*arg == '\'') {
			arg = unquote(arg, '\'', true, ret, size);
			return arg && !*skip_blank(arg);
		}
	} else if (*arg == '"') {
		arg = unquote(arg, '"', false, ret, size);
		return arg && !*skip_blank(arg) && !strchr(ret, '=') && !strchr(ret, '/');
	}
	n = strspn(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$-");
	(void)snprintf(ret, size, "%.*s", (int)(n < size ? n : size - 1), arg);
	return n > 0 && n < size && !*skip_blank(arg + n);
}
