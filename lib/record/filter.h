/*
 * A jq expression that says yes or no to a record: --where, --gate, silences.
 *
 * True is what jq's own -e calls true: the last output is neither false nor null. No output at
 * all is false. Compiled once, run many times. Numbers are doubles while jq looks at them.
 */
#ifndef RECORD_FILTER_H
#define RECORD_FILTER_H

#include <stddef.h>

#include "base/err.h"

struct record;
struct record_filter;

/* ERR_USAGE with jq's first line of complaint if expr is no jq. */
int record_filter_new(struct record_filter **ret_filter, const char *expr, struct err *err);
void record_filter_free(struct record_filter *filter);

/* 1 true, 0 false, -1 the expression failed on this record (ERR_FORMAT). */
int record_filter_run(struct record_filter *filter, const struct record *rec, struct err *err);

/* The same on any JSON text that passed record_parse(), or that the JSON writer made. */
int
record_filter_run_json(struct record_filter *filter, const char *json, size_t len, struct err *err);

#endif
