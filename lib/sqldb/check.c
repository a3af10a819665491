// Is a SQLite database whole: its header, its trees and indexes, its references, its rows.
#include <string.h>

#include "sqldb/sqldb_load_private.h"

#define HEADER_SIZE 100

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

enum sqldb_fault
sqldb_header(const void *data, size_t len, uint64_t size, bool *ret_wal, char detail[160])
{
	const uint8_t *p = data;
	uint64_t page, pages;

	*ret_wal = false;
	detail[0] = '\0';
	if (len < HEADER_SIZE) {
		(void)snprintf(detail, 160, "shorter than a database header");
		return SQLDB_FAULT_TRUNCATED;
	}
	page = (uint64_t)p[16] << 8 | p[17];
	page = page == 1 ? 65536 : page;
	if (page < 512 || (page & (page - 1))) {
		(void)snprintf(detail, 160, "impossible page size %llu", (unsigned long long)page);
		return SQLDB_FAULT_DAMAGED;
	}
	*ret_wal = p[18] == 2 || p[19] == 2;
	/* The count in the header is valid if the file was last written by a version that keeps it. */
	pages = be32(p + 28);
	if (pages == 0 || be32(p + 24) != be32(p + 92))
		pages = (size + page - 1) / page;
	if (size < pages * page) {
		(void)snprintf(detail, 160, "%llu bytes of a database of %llu pages of %llu",
		    (unsigned long long)size, (unsigned long long)pages, (unsigned long long)page);
		return SQLDB_FAULT_TRUNCATED;
	}
	return SQLDB_FAULT_NONE;
}

static int
prepare(struct sqldb *db, const char *sql, sqlite3_stmt **ret_st)
{
	int rc;

	db->own = true;
	rc = sqlite3_prepare_v2(db->db, sql, -1, ret_st, NULL);
	db->own = false;
	return rc;
}

static enum sqldb_fault
check_integrity(struct sqldb *db, struct sqldb_checks *checks)
{
	enum sqldb_fault fault = SQLDB_FAULT_NONE;
	sqlite3_stmt *st = NULL;
	int rc = prepare(db, "PRAGMA integrity_check(20)", &st);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);

		(void)snprintf(
		    checks->integrity, sizeof(checks->integrity), "%s", text ? text : "no answer");
		if (strcmp(checks->integrity, "ok") != 0)
			fault = sqldb_say(db, SQLDB_FAULT_DAMAGED, checks->integrity);
	} else {
		fault = sqldb_fault_of(db, rc == SQLITE_DONE ? SQLITE_ERROR : rc);
		if (fault == SQLDB_FAULT_DAMAGED)
			(void)snprintf(
			    checks->integrity, sizeof(checks->integrity), "%s", db->message);
	}
	(void)sqlite3_finalize(st);
	return fault;
}

/* A reference to a table that is not there is an error of the statement; the rows are no worse for
 * it, and SQLite does not mind either. */
static enum sqldb_fault
check_foreign_keys(struct sqldb *db, struct sqldb_checks *checks)
{
	sqlite3_stmt *st = NULL;
	int rc = prepare(db, "PRAGMA foreign_key_check", &st);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		checks->foreign_keys++;
		rc = SQLITE_OK;
	}
	(void)sqlite3_finalize(st);
	if ((rc & 0xff) == SQLITE_INTERRUPT || (rc & 0xff) == SQLITE_CORRUPT)
		return sqldb_fault_of(db, rc);
	if (rc != SQLITE_DONE)
		checks->foreign_keys++;
	return SQLDB_FAULT_NONE;
}

static enum sqldb_fault
count_rows(struct sqldb *db, const char *table, uint64_t *rows)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM main.\"%w\"", table);
	enum sqldb_fault fault = SQLDB_FAULT_NONE;
	sqlite3_stmt *st = NULL;
	int rc = sql ? prepare(db, sql, &st) : SQLITE_NOMEM;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*rows = (uint64_t)sqlite3_column_int64(st, 0);
	else
		fault = sqldb_fault_of(db, rc);
	(void)sqlite3_finalize(st);
	sqlite3_free(sql);
	return fault;
}

static enum sqldb_fault
check_tables(struct sqldb *db, struct sqldb_checks *checks,
    void (*table)(void *, const char *, bool, uint64_t), void *arg)
{
	/* Virtual tables keep their rows in ordinary ones, which are counted. */
	const char *sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' "
			  "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
			  "AND rootpage > 0 ORDER BY name";
	enum sqldb_fault fault = SQLDB_FAULT_NONE;
	sqlite3_stmt *st = NULL;
	int rc = prepare(db, sql, &st);

	checks->counted = true;
	while (
	    rc == SQLITE_OK && fault == SQLDB_FAULT_NONE && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		uint64_t rows = 0;

		rc = SQLITE_OK;
		if (!name)
			continue;
		checks->tables++;
		fault = count_rows(db, name, &rows);
		checks->rows += rows;
		if (table)
			table(arg, name, fault == SQLDB_FAULT_NONE, rows);
		if (fault == SQLDB_FAULT_UNSUPPORTED) {
			checks->counted = false;
			fault = SQLDB_FAULT_NONE;
		}
	}
	(void)sqlite3_finalize(st);
	if (fault == SQLDB_FAULT_NONE && rc != SQLITE_OK && rc != SQLITE_DONE)
		fault = sqldb_fault_of(db, rc);
	return fault;
}

enum sqldb_fault
sqldb_check(struct sqldb *db, struct sqldb_checks *ret_checks,
    void (*table)(void *arg, const char *name, bool counted, uint64_t rows), void *arg)
{
	enum sqldb_fault fault;

	*ret_checks = (struct sqldb_checks){.tables = 0};
	fault = check_integrity(db, ret_checks);
	if (fault == SQLDB_FAULT_NONE)
		fault = check_foreign_keys(db, ret_checks);
	if (fault == SQLDB_FAULT_NONE)
		fault = check_tables(db, ret_checks, table, arg);
	(void)snprintf(ret_checks->detail, sizeof(ret_checks->detail), "%s",
	    fault == SQLDB_FAULT_NONE ? "" : db->message);
	return fault;
}

enum sqldb_fault
sqldb_query(struct sqldb *db, const char *sql, char *out, size_t size, bool *ret_null)
{
	enum sqldb_fault fault = SQLDB_FAULT_NONE;
	sqlite3_stmt *st = NULL;
	int rc = prepare(db, sql, &st);

	*ret_null = true;
	out[0] = '\0';
	if (rc == SQLITE_OK && st)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);

		*ret_null = text == NULL;
		(void)snprintf(out, size, "%s", text ? text : "");
	} else if (rc != SQLITE_DONE && rc != SQLITE_OK) {
		fault = sqldb_fault_of(db, rc);
	}
	(void)sqlite3_finalize(st);
	return fault;
}
