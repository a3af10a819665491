/* A location while it is scanned: what scan.c and merge.c share. */
#ifndef BKM_SCAN_PLACE_H
#define BKM_SCAN_PLACE_H

#include "scan.h"
#include "tool/repository.h"
#include "tool/tool.h"

struct place {
	struct tool *tool;
	const struct config_location *config;
	const struct bkm_scan_options *options;
	struct bkm_scan *scan;
	struct scan_root root;
	struct schedule_naming *naming; /* NULL: no rule names a series */
	struct scan_namer *namer;       /* by them, of what is known */
	char **problems;                /* relative paths that could not be looked at */
	size_t problem_count, problem_cap;
};

/* A merge of what is found with the rows of the store; the changes go to them. */
struct scan_merge *place_merge(struct place *p, int64_t settle);

#endif
