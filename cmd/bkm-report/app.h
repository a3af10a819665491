/* What the parts of bkm-report share. */
#ifndef BKM_REPORT_APP_H
#define BKM_REPORT_APP_H

#include "report/report.h"
#include "tool/tool.h"

struct app_unsaved { /* written, and not yet in the store */
	uint64_t bytes;
	bool is;
};

struct app {
	struct tool *tool;
	struct tool_list formats;
	const char *where, *template;
	struct report_outputs outputs;
	struct app_unsaved *unsaved; /* one for each output */
	enum record_grade grade;     /* over all, once it is known */
	struct report *report;
};

/* gather.c: everything the store knows, as the report document, appended to out. */
int app_gather(struct app *app, struct buf *out, struct err *err);

/* series.c: the backups in the window and the series of a location. */
int app_add_backups(struct app *app, int64_t location_id, struct err *err);
int app_add_series(struct app *app, const struct config_location *location,
    const struct store_location *row, struct err *err);

#endif
