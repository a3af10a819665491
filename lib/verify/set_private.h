/*
 * Inside verify: backups in many files. A file among them says what belongs to the whole: toc.dat of
 * pg_dump's directory format, backup_manifest of pg_basebackup, the manifest of a Redis append-only
 * file. The reading process, which parses nothing, writes down what is there (directory.c); a worker
 * compares the two (set.c and one file for each of them).
 */
#ifndef VERIFY_SET_PRIVATE_H
#define VERIFY_SET_PRIVATE_H

#include "verify/verify_private.h"

/* One file that is there, as it stands in the list; path and data follow, without a NUL. */
struct verify_listed {
	uint64_t size;    /* of the file */
	uint64_t decoded; /* bytes inside its compression */
	uint32_t path_len, data_len;
	uint8_t digest_len; /* 0: not computed */
	uint8_t digest[HASH_MAX];
	uint8_t verdict; /* enum record_verdict of its content; NONE: not looked into */
	uint8_t compressed;
	struct verify_tail tail; /* of the decoded bytes */
};

/* The list in memory of the worker. */
struct verify_list {
	struct buf bytes;
	struct verify_list_item {
		struct verify_listed f;
		const char *path; /* terminated */
		const char *data;
		bool known; /* to what says what belongs to the whole */
		bool cut;   /* it is not compressed, and its name says that it is */
	} * items;          /* sorted by path */
	size_t count, cap;
	struct buf paths;
};

struct verify_list_item *verify_list_find(struct verify_list *l, const char *path);

/* Compare: out is preset as for a format. key is the content of the file that lists. */
void verify_set_pgdirectory(
    struct verify_content *out, struct verify_list *l, const char *key, size_t len);
void verify_set_basebackup(
    struct verify_content *out, struct verify_list *l, const char *key, size_t len);
void
verify_set_redis(struct verify_content *out, struct verify_list *l, const char *key, size_t len);

/* ---------------------------------------------------------------- backup_manifest (pgmanifest.c) */

struct verify_pg_file {
	char *path;
	uint64_t size;
	char algorithm[HASH_NAME_MAX]; /* "" for none */
	uint8_t digest[HASH_MAX];
	size_t digest_len;
	bool seen;
};

struct verify_pg_wal {
	uint32_t timeline;
	uint64_t start, end;
};

struct verify_pg_manifest {
	struct verify_pg_file *files; /* sorted by path */
	size_t file_count, file_cap;
	struct verify_pg_wal *wal;
	size_t wal_count, wal_cap;
	bool checked; /* every file has a checksum */
};

/* Read it and check its own checksum: out keeps its pass, or says what is wrong. */
void verify_pg_manifest_read(
    struct verify_pg_manifest *m, struct verify_content *out, const char *text, size_t len);
void verify_pg_manifest_release(struct verify_pg_manifest *m);
struct verify_pg_file *verify_pg_manifest_find(struct verify_pg_manifest *m, const char *path);
/* Is what is there what the manifest says? A digest_len of 0 compares the size only. */
void verify_pg_manifest_compare(struct verify_pg_file *f, struct verify_content *out, uint64_t size,
    const uint8_t *digest, size_t digest_len);

/* ---------------------------------------------------------------- the reading side (set_list.c) */

/* A backup in many files that is being walked. */
struct verify_set {
	const char
	    *key;  /* the file that lists, in this directory; borrowed; NULL: it should be there */
	int dirfd; /* borrowed */
	size_t prefix; /* bytes of the paths of its files that come before its own */
	bool tars;     /* pg_basebackup -Ft */
	bool data;     /* its files are data of tables and objects */
	bool opaque;   /* its files are the pages of a server: nothing to look into */
	char algorithm[HASH_NAME_MAX]; /* that the list has for its files; "" for none */
	struct buf list;
};

/* Do these names make a directory the place of such a backup? Then *set is begun. */
bool verify_set_begin(struct verify_set *set, int dirfd, char **names, size_t count);
/* Fill in what the job of one of its files needs beyond that of any file. */
void verify_set_job(struct verify_set *set, const char *name, struct verify_job *job);
/* Note an answer for a file with that path, relative to the set. dirfd and name are where it lies,
 * if its bytes may be wanted. */
void verify_set_add(
    struct verify_set *set, const char *path, uint64_t size, const struct verify_answer *answer);
/* The job that compares; the pool must be idle. -1: nothing can be had to compare with. */
int verify_set_finish(struct verify_set *set, struct verify_job *ret_job, struct err *err);
void verify_set_release(struct verify_set *set);

#endif
