// What a child of a drill answered, checked before any of it becomes a verdict.
#include <string.h>

#include "restore/restore_private.h"

/* A word of the record's tables, or NULL: what comes back from a child is not to be trusted. */
static const char *
known_reason(enum record_verdict verdict, const char *word)
{
	enum record_list list = RECORD_LIST_NONE;
	int n;

	switch (verdict) {
	case RECORD_VERDICT_FAIL:
		list = RECORD_LIST_FAIL_REASON;
		break;
	case RECORD_VERDICT_SKIP:
		list = RECORD_LIST_SKIP_REASON;
		break;
	case RECORD_VERDICT_ERROR:
		list = RECORD_LIST_CANNOT_REASON;
		break;
	case RECORD_VERDICT_PASS:
	case RECORD_VERDICT_NONE:
		return NULL;
	}
	n = record_word_find(list, word);
	return n ? record_word(list, n) : NULL;
}

/* A time that a child says: none is negative, or longer than 30 years. */
static int64_t
sane(int64_t ms)
{
	const int64_t most = INT64_C(1) << 40;

	return ms < 0 ? 0 : ms > most ? most : ms;
}

static int64_t
without(int64_t ms, int64_t part)
{
	return sane(sane(ms) - sane(part));
}

static void
take_counts(struct restore_result *r, const struct restore_answer *a)
{
	r->entries = a->entries;
	r->files = a->files;
	r->directories = a->directories;
	r->links = a->links;
	r->tables = a->tables;
	r->rows = a->rows;
	r->statements = a->statements;
	r->bytes = a->bytes;
	r->fetch_ms += sane(a->fetch_ms);
	r->unpack_ms += without(a->unpack_ms, a->fetch_ms);
	r->start_ms += sane(a->start_ms);
	/* What is loaded as it comes was fetched within that time. */
	r->load_ms += without(a->load_ms, a->unpack_ms ? 0 : a->fetch_ms);
	r->check_ms += sane(a->check_ms);
	r->warnings |= a->warnings;
	if (a->level > RECORD_LEVEL_NONE && a->level <= RECORD_LEVEL_RESTORED)
		r->level = (enum record_level)a->level;
}

static int
by_name(const void *a, const void *b)
{
	const struct restore_table *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* What follows the answer: rows and name, again and again; a broken tail ends the list. */
static void
take_tables(struct restore_result *r, const struct restore_answer *a, const char *data, size_t len)
{
	size_t cap = 0, pos = 0;

	restore_result_release(r);
	r->tables_left_out = a->tables_left_out != 0;
	if (!a->has_tables)
		return;
	MEM_GROW(r->table_list, r->table_list_count, cap);
	while (len - pos > sizeof(uint64_t) &&
	    memchr(data + pos + sizeof(uint64_t), 0, len - pos - sizeof(uint64_t))) {
		const char *name = data + pos + sizeof(uint64_t);
		struct buf visible = BUF_INIT;
		struct restore_table *t;

		MEM_GROW(r->table_list, r->table_list_count, cap);
		t = &r->table_list[r->table_list_count++];
		memcpy(&t->rows, data + pos, sizeof(t->rows));
		str_add_visible(&visible, name, strlen(name));
		t->name = buf_take(&visible);
		pos += sizeof(uint64_t) + strlen(name) + 1;
	}
	qsort(r->table_list, r->table_list_count, sizeof(*r->table_list), by_name);
}

static void
end_texts(struct restore_told *told, size_t count)
{
	for (size_t i = 0; i < count; i++)
		told[i].text[sizeof(told[i].text) - 1] = '\0';
}

int
restore_answer_take(const struct buf *answer, struct restore_result *r, struct restore_answer *ret)
{
	struct buf text = BUF_INIT_MAX(sizeof(r->message)), server = BUF_INIT;

	if (answer->len < sizeof(*ret)) {
		restore_result_say(
		    r, RECORD_VERDICT_ERROR, "crashed", "the restore gave no answer");
		return -1;
	}
	memcpy(ret, answer->data, sizeof(*ret));
	if (ret->magic != RESTORE_ANSWER_MAGIC || ret->verdict < RECORD_VERDICT_NONE ||
	    ret->verdict > RECORD_VERDICT_SKIP) {
		restore_result_say(
		    r, RECORD_VERDICT_ERROR, "crashed", "the restore gave no answer");
		return -1;
	}
	ret->reason[sizeof(ret->reason) - 1] = ret->handler[sizeof(ret->handler) - 1] = '\0';
	ret->next[sizeof(ret->next) - 1] = ret->message[sizeof(ret->message) - 1] = '\0';
	ret->integrity[sizeof(ret->integrity) - 1] = '\0';
	ret->wrote[sizeof(ret->wrote) - 1] = ret->server[sizeof(ret->server) - 1] = '\0';
	end_texts(ret->sql, RESTORE_DEMANDS_MAX);
	end_texts(ret->expects, RESTORE_DEMANDS_MAX);
	end_texts(&ret->newest_row, 1);
	ret->command_text[sizeof(ret->command_text) - 1] = '\0';
	r->verdict = (enum record_verdict)ret->verdict;
	r->reason = known_reason(r->verdict, ret->reason);
	(void)snprintf(r->handler, sizeof(r->handler), "%s",
	    restore_handler_find(ret->handler) || strcmp(ret->handler, "directory") == 0
		? ret->handler
		: "");
	str_add_visible(&text, ret->message, strnlen(ret->message, 200));
	(void)snprintf(r->message, sizeof(r->message), "%s", text.data);
	buf_release(&text);
	str_add_visible(&server, ret->server, strlen(ret->server));
	(void)snprintf(r->server, sizeof(r->server), "%s", server.data);
	buf_release(&server);
	take_counts(r, ret);
	take_tables(r, ret, answer->data + sizeof(*ret), answer->len - sizeof(*ret));
	if (r->verdict != RECORD_VERDICT_PASS && r->verdict != RECORD_VERDICT_NONE && !r->reason)
		restore_result_say(
		    r, RECORD_VERDICT_ERROR, "crashed", "the restore gave no reason");
	return 0;
}

void
restore_result_release(struct restore_result *result)
{
	for (size_t i = 0; i < result->table_list_count; i++)
		free(result->table_list[i].name);
	free(result->table_list);
	result->table_list = NULL;
	result->table_list_count = 0;
	for (size_t i = 0; i < result->compared.name_count; i++)
		free(result->compared.names[i].path);
	free(result->compared.last);
	restore_shrunk_free(result->shrunk, result->shrunk_count);
	result->shrunk = NULL;
	result->shrunk_count = 0;
	result->compared = (struct restore_compared){.same = 0};
}
