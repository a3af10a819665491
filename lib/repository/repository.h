/*
 * repository: the snapshots of a backup tool's own repository, through a handler program.
 *
 * A handler is one program below share/bkm/restore, named like the type of the location. It is asked
 *
 *	HANDLER list REPOSITORY                        known ids on standard input, one a line
 *	HANDLER verify REPOSITORY ID PART PARTS
 *	HANDLER restore REPOSITORY ID                  files that must be among them, one a line
 *
 * and answers with lines of JSON on standard output; bkm-restore(1) says which. It runs in the sandbox,
 * in a private directory that lasts as long as this object, with the key of the repository on
 * descriptor 3. A repository in the file system can be read and nothing else; one behind a network
 * address is out of reach of the walls, so its handler runs without those for files and sockets.
 *
 * What a handler answers comes from tools that read hostile bytes: it is bounded and checked here.
 */
#ifndef REPOSITORY_REPOSITORY_H
#define REPOSITORY_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "record/record.h"
#include "sandbox/sandbox.h"

/* Zero means "the default". Everything is borrowed until repository_close. */
struct repository_options {
	const char *type;    /* "restic" */
	const char *handler; /* path of the program */
	const char *address; /* a directory, or what the tool takes for a remote one */
	const char *secret;  /* NULL: none */
	bool remote;         /* the address is no directory */
	char *const *env;    /* NAME=VALUE that the tool needs for that; NULL-terminated or NULL */
	int64_t max_ms;      /* wall clock of one question; default 24 h */
	bool (*stop)(void *arg);
	void *stop_arg;
	struct sandbox_layers require; /* of a repository in the file system */
	unsigned off;                  /* tests only */
};

struct repository;

int repository_open(struct repository **ret_repository, const struct repository_options *options,
    struct sandbox_scratch *scratch, struct err *err);
void repository_close(struct repository *repository, bool keep); /* or removes its directory */

struct repository_snapshot {
	const char *id;     /* as it stands behind "TYPE:" in a path; no "/" in it */
	const char *series; /* NULL: by its name */
	int64_t time;
	uint64_t size;
	bool has_size; /* known ids come without */
};

/* What the handler could not do, in words of the records: never about a backup. */
struct repository_trouble {
	const char *reason; /* of RECORD_LIST_CANNOT_REASON */
	char message[224];
};

/* Ask for the snapshots; known is a text of ids, one a line. 0 and fn was called for each, and identity
 * (appended) tells one repository from another; 1 it could not be listed, ret_trouble says why; -1. */
int repository_list(struct repository *r, const char *known,
    int (*fn)(void *arg, const struct repository_snapshot *snapshot, struct err *err), void *arg,
    struct buf *identity, struct repository_trouble *ret_trouble, struct err *err);

struct repository_verdict {
	enum record_verdict verdict;
	const char *reason; /* a word of the records; NULL for a pass */
	enum record_level level;
	uint64_t entries, files, bytes;
	int64_t ms;
	struct sandbox_layers sandbox;
	char message[224];
};

/* Is this snapshot whole, as far as part (from 1) of parts of the repository says? -1: stop() did. */
int repository_verify(struct repository *r, const char *id, unsigned part, unsigned parts,
    struct repository_verdict *v, struct err *err);

struct repository_sample {
	uint64_t files, bytes; /* about so many, at most so many */
	uint64_t turn;         /* makes it others each time */
	const char *always;    /* names of files that must be among them, one a line; NULL: none */
};

/* Bring files of it back, below REPOSITORY_TREE; REPOSITORY_NAMES has the names of all that is in it. */
int repository_restore(struct repository *r, const char *id, const struct repository_sample *sample,
    struct repository_verdict *v, struct err *err);

#define REPOSITORY_TREE  "restored"
#define REPOSITORY_NAMES "names" /* one a line */

/* One of these, opened with flags beside those for reading: a descriptor, or -1 and errno. */
int repository_openat(const struct repository *r, const char *name, int flags);

/* The id in "…/TYPE:ID", or NULL. */
const char *repository_id(const char *path, const char *type);

#endif
