/*
 * What the files of this folder share.
 */
#ifndef REPOSITORY_REPOSITORY_PRIVATE_H
#define REPOSITORY_REPOSITORY_PRIVATE_H

#include "repository/repository.h"

#define REPOSITORY_ARGS_MAX 3

struct repository {
	struct repository_options options;
	struct sandbox_scratch *scratch;
	char dir[40]; /* below the scratch directory */
	int dirfd;
};

struct repository_question {
	const char *command;
	const char *args[REPOSITORY_ARGS_MAX];  /* behind the address; NULL: no more */
	const char *input;                      /* NULL: none */
	const struct repository_sample *sample; /* of restore */
};

/* The answer of the handler, and how it ended. -1: it could not be run. */
int repository_ask(struct repository *repository, const struct repository_question *question,
    struct buf *answer, struct sandbox_result *ret_end, struct err *err);

#endif
