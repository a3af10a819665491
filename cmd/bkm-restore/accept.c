// --accept: a person says that what a backup lacks is right.
#include <string.h>

#include "app.h"

static int
find(struct app *app, const char *word, struct store_backup *ret_row, struct err *err)
{
	struct err why = {.code = ERR_NONE};
	int64_t id;
	int r;

	if (str_to_i64(word, 1, INT64_MAX, &id, &why) < 0)
		return err_set(err, ERR_USAGE, "option '--accept': %s", why.msg);
	r = store_backup_by_id(app->tool.store, id, ret_row, err);
	if (r < 0)
		return -1;
	if (r == 0 || !ret_row->live || strcmp(ret_row->host, app->tool.host) != 0)
		return err_set(err, ERR_USAGE, "option '--accept': there is no backup %s", word);
	if (strcmp(ret_row->state, "complete") != 0)
		return err_set(
		    err, ERR_USAGE, "option '--accept': backup %s is not complete", word);
	return 0;
}

/* All of them before any is tested. */
int
app_accept_check(struct app *app, struct err *err)
{
	struct store_backup row;

	for (size_t i = 0; i < app->accept.count; i++) {
		if (find(app, app->accept.items[i], &row, err) < 0)
			return -1;
	}
	return 0;
}

int
app_accept_next(struct app *app, size_t *pos, struct record *rec, struct err *err)
{
	struct buf line = BUF_INIT;
	struct store_backup row;
	int r;

	if (*pos == app->accept.count)
		return 0;
	if (find(app, app->accept.items[(*pos)++], &row, err) < 0)
		return -1;
	tool_add_backup(&app->tool, &line, &row, false);
	r = record_parse(rec, line.data, line.len, err);
	buf_release(&line);
	return r < 0 ? -1 : 1;
}
