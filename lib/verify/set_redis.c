// The directory of a Redis append-only file (since 7): every part that its manifest names.
#include "verify/set_private.h"

/* Lines of "file NAME seq N type b|i|h": base, increment, history, which Redis deletes. A name with
 * odd bytes stands in quotes; those are not looked for. */
static void
check_line(struct verify_content *out, struct verify_list *l, const char *line)
{
	char name[256], type = '\0';
	if (sscanf(line, "file %255s seq %*u type %c", name, &type) != 2) {
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "a line of its manifest makes no sense");
		return;
	}
	struct verify_list_item *item = verify_list_find(l, name);
	if (item)
		item->known = true;
	if (type == 'h' || name[0] == '"')
		return;
	out->entries++;
	if (!item)
		verify_content_set(
		    out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE, "%.150s is missing", name);
	else
		snprintf(out->last, sizeof(out->last), "%s", name);
}

void
verify_set_redis(struct verify_content *out, struct verify_list *l, const char *key, size_t len)
{
	if (len && key[len - 1] != '\n')
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "its manifest ends inside a line");
	for (const char *p = key, *end = key + len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		char line[400];
		size_t n = (size_t)((nl ? nl : end) - p);
		snprintf(line, sizeof(line), "%.*s", (int)(n < 399 ? n : 399), p);
		if (n && *p != '#')
			check_line(out, l, line);
		p += n + 1;
	}
	if (!out->entries)
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "its manifest names no file");
	verify_content_set(out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
	    "an append-only file has no end marker");
}
