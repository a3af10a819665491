// Which of the PostgreSQL servers that are installed a backup is brought back with.
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "restore/pg_private.h"

#define VERSIONS   "/usr/lib/postgresql"
#define MAJORS_MAX 32

unsigned
restore_pg_major(const char *version)
{
	char digits[8];
	uint64_t v = 0;

	(void)snprintf(digits, sizeof(digits), "%.*s", (int)strspn(version, "0123456789"), version);
	return str_to_u64(digits, 1, 999, &v, NULL) < 0 ? 0 : (unsigned)v;
}

unsigned
restore_pg_choose(const unsigned *majors, size_t count, unsigned wrote)
{
	unsigned newest = 0;

	for (size_t i = 0; i < count; i++) {
		if (majors[i] == wrote)
			return wrote;
		newest = majors[i] > newest ? majors[i] : newest;
	}
	return newest;
}

size_t
restore_pg_installed(const char *versions, unsigned *majors, size_t max)
{
	DIR *dir = opendir(versions);
	struct dirent *de;
	size_t count = 0;

	while (dir && count < max && (de = readdir(dir))) {
		char *server = mem_printf("%s/%s/bin/postgres", versions, de->d_name);
		uint64_t major;

		if (str_to_u64(de->d_name, 9, 999, &major, NULL) == 0 && access(server, X_OK) == 0)
			majors[count++] = (unsigned)major;
		free(server);
	}
	if (dir)
		(void)closedir(dir);
	return count;
}

static char *
program(unsigned wrote, const char *name)
{
	unsigned majors[MAJORS_MAX];
	size_t count = restore_pg_installed(VERSIONS, majors, MAJORS_MAX);

	return count
	    ? mem_printf("%s/%u/bin/%s", VERSIONS, restore_pg_choose(majors, count, wrote), name)
	    : NULL;
}

char *
restore_pg_find_server(const char *wrote, const char **ret_package)
{
	*ret_package = "postgresql";
	return program(restore_pg_major(wrote), "postgres");
}

char *
restore_pg_find_archiver(const char *wrote, const char **ret_package)
{
	char *server = restore_pg_find_server(wrote, ret_package);
	char *reader = restore_pg_newest("pg_restore");

	if (server && access(reader, X_OK) != 0) {
		*ret_package = "postgresql-client";
		free(server);
		server = NULL;
	}
	free(reader);
	return server;
}

char *
restore_pg_newest(const char *name)
{
	return program(0, name);
}
