/*
 * A foreign database that is open.
 */
#ifndef SQLDB_SQLDB_LOAD_PRIVATE_H
#define SQLDB_SQLDB_LOAD_PRIVATE_H

#include <sqlite3.h>

#include "sqldb/sqldb.h"

struct sqldb {
	sqlite3 *db;
	struct sqldb_limits limits;
	bool own;    /* a statement of ours: PRAGMAs are allowed */
	bool denied; /* the authorizer said no */
	char message[160];
};

enum sqldb_fault sqldb_say(struct sqldb *db, enum sqldb_fault fault, const char *what);

/* What a result code of SQLite means for a dump or database; sets the message. */
enum sqldb_fault sqldb_fault_of(struct sqldb *db, int rc);

#endif
