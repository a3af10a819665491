// The series name of a backup: its path with everything that changes from night to night replaced.
#include "schedule/name.h"

#include <string.h>

#include "base/base.h"
#include "schedule/text_private.h"

struct name {
	char *out;
	size_t len;
	size_t max;           /* size - 1 */
	size_t mark_end;      /* len just behind the last marker; 0: none in this component */
	bool only_separators; /* since that marker */
};

static void
name_put(struct name *name, const char *text, size_t len)
{
	if (len > name->max - name->len) {
		name->max = name->len;
		return;
	}
	memcpy(name->out + name->len, text, len);
	name->len += len;
}

/* The ASCII letters, or the digits, that begin at s: no stamp begins behind the first of them. */
static size_t
name_put_run(struct name *name, const unsigned char *s, size_t avail)
{
	bool digit = s[0] <= '9';
	size_t n = 1, room = name->max - name->len;

	while (n < avail && text_ascii_alnum(s[n]) && (s[n] <= '9') == digit)
		n++;
	memcpy(name->out + name->len, s, n < room ? n : room);
	name->len += n < room ? n : room;
	name->only_separators = false;
	return n;
}

/* One character of the path, or more of a kind; returns how many bytes they have there. */
static size_t
name_put_char(struct name *name, const unsigned char *s, size_t avail)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = s[0];
	size_t width = 1;

	if (text_ascii_alnum(c))
		return name_put_run(name, s, avail);
	if (c >= 0x80)
		width = str_utf8_len(s, avail);
	if (width == 0 || c < 0x20 || c == 0x7f || c == '*' || c == '\\' ||
	    (width == 2 && c == 0xc2 && s[1] < 0xa0)) {
		char escape[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

		name_put(name, escape, sizeof(escape));
		width = 1;
	} else {
		name_put(name, (const char *)s, width);
	}
	if (c == '/')
		name->mark_end = 0;
	if (!(text_class(c) & CLASS_SEP))
		name->only_separators = false;
	return width;
}

/* Two markers with nothing but separators between them are one. */
static void
name_put_marker(struct name *name)
{
	if (name->mark_end > 0 && name->only_separators && name->mark_end <= name->len)
		name->len = name->mark_end;
	else
		name_put(name, "*", 1);
	name->mark_end = name->len;
	name->only_separators = true;
}

static bool
name_ends_in_marker(const struct name *name)
{
	return name->mark_end > 0 && name->mark_end == name->len;
}

/* shape: see struct stamp_text. */
static size_t
make_name(const char *path, size_t len, struct shape *shape, char *out, size_t size)
{
	struct name name = {.out = out, .max = size - 1};
	struct stamp_text text = {(const unsigned char *)path, len, shape};
	size_t at = 0;

	while (at < len) {
		size_t used = text.s[at] == '.' ? 0 : schedule_stamp(&text, at);

		if (used > 0)
			name_put_marker(&name);
		else if (text.s[at] == '.')
			used = schedule_stamp_rotation(&text, at, name_ends_in_marker(&name));
		if (used > 0 && shape)
			schedule_shape_stamp(shape, at, used);
		at += used > 0 ? used : name_put_char(&name, text.s + at, len - at);
	}
	out[name.len] = '\0';
	return name.len;
}

size_t
schedule_series_name(const char *path, size_t len, char *out, size_t size)
{
	return make_name(path, len, NULL, out, size);
}

static size_t
remembered_name(struct schedule_memo *memo, const char *path, size_t len, char *out, size_t size)
{
	const char *name;
	size_t n = schedule_memo_find(memo, path, len, &name);
	struct shape *shape;

	if (n > 0) {
		memcpy(out, name, n);
		out[n] = '\0';
		return n;
	}
	shape = schedule_memo_begin(memo, path, len);
	n = make_name(path, len, shape, out, size);
	if (shape)
		schedule_memo_end(memo, out, n);
	return n;
}

/* ---------------------------------------------------------------- names that rules give */
enum { GROUPS = 10 };

static void
name_put_text(struct name *name, const char *text, size_t len)
{
	for (size_t at = 0; at < len;)
		at += name_put_char(name, (const unsigned char *)text + at, len - at);
}

/* The rule's name with what its groups matched in path. */
static size_t
name_expand(const char *rule, const char *path, const regmatch_t *groups, char *out, size_t size)
{
	struct name name = {.out = out, .max = size - 1};

	while (*rule) {
		size_t plain = strcspn(rule, "\\");

		while (plain > 0) {
			size_t width = str_utf8_len((const unsigned char *)rule, plain);

			width = width ? width : 1;
			name_put(&name, rule, width);
			rule += width;
			plain -= width;
		}
		if (*rule == '\0')
			break;
		if (rule[1] >= '0' && rule[1] <= '9') {
			const regmatch_t *m = &groups[rule[1] - '0'];

			if (m->rm_so >= 0)
				name_put_text(
				    &name, path + m->rm_so, (size_t)(m->rm_eo - m->rm_so));
		} else {
			name_put_text(&name, "\\", 1);
		}
		rule += rule[1] ? 2 : 1;
	}
	out[name.len] = '\0';
	return name.len;
}

size_t
schedule_series_named(const struct schedule_naming *naming, struct schedule_memo *memo,
    const char *path, size_t len, char *out, size_t size, size_t *ret_rule)
{
	size_t rule = SCHEDULE_NAMING_NONE, used = 0;

	for (size_t i = 0; naming && i < naming->count && used == 0; i++) {
		const struct schedule_naming_rule *r = &naming->rules[i];
		regmatch_t groups[GROUPS];

		if (!r->regex || regexec(r->regex, path, GROUPS, groups, 0) != 0)
			continue;
		used = name_expand(r->name, path, groups, out, size);
		rule = i;
	}
	if (used == 0) {
		rule = SCHEDULE_NAMING_NONE;
		used = memo && size >= SCHEDULE_NAME_MAX
		    ? remembered_name(memo, path, len, out, size)
		    : schedule_series_name(path, len, out, size);
	}
	if (ret_rule)
		*ret_rule = rule;
	return used;
}
