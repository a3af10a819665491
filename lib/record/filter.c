// A jq expression that says yes or no to a record.
#include <stdlib.h>

#include "record/jq_private.h"

struct record_filter {
	struct record_jq *jq;
};

int
record_filter_new(struct record_filter **ret_filter, const char *expr, struct err *err)
{
	struct record_filter *filter = mem_alloc(sizeof(*filter));
	char *subject = mem_printf("expression '%s'", expr);
	int r = record_jq_new(&filter->jq, expr, subject, NULL, NULL, ERR_USAGE, err);

	free(subject);
	if (r < 0) {
		free(filter);
		return -1;
	}
	*ret_filter = filter;
	return 0;
}

void
record_filter_free(struct record_filter *filter)
{
	if (!filter)
		return;
	record_jq_free(filter->jq);
	free(filter);
}

int
record_filter_run_json(struct record_filter *filter, const char *json, size_t len, struct err *err)
{
	bool yes = false;
	int r;

	if (record_jq_start(filter->jq, json, len, err) < 0)
		return -1;
	do {
		r = record_jq_next(filter->jq, NULL, &yes, err);
	} while (r > 0);
	return r < 0 ? -1 : yes;
}

int
record_filter_run(struct record_filter *filter, const struct record *rec, struct err *err)
{
	return record_filter_run_json(filter, rec->line.data, rec->line.len, err);
}
