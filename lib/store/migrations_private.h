/*
 * The SQL of every migration, in order, NULL behind the last; made from migrations/NNN-name.sql.
 */
#ifndef STORE_MIGRATIONS_PRIVATE_H
#define STORE_MIGRATIONS_PRIVATE_H

extern const char *const store_migrations[];

#endif
