/*
 * What the commands share about locations that are repositories of a backup tool.
 */
#ifndef TOOL_REPOSITORY_H
#define TOOL_REPOSITORY_H

#include "config/config.h"
#include "repository/repository.h"

struct tool;

bool tool_is_repository(const struct config_location *location);

/* Where scratch directories are made: option (may be NULL), restore_testing.scratch, $TMPDIR, /var/tmp. */
const char *tool_scratch_base(const struct tool *tool, const char *option);

/* The repository of a location, asked by the handler of its type. The scratch directory must live
 * longer. */
int tool_repository(struct tool *tool, const struct config_location *location,
    struct sandbox_scratch *scratch, struct repository **ret_repository, struct err *err);

#endif
