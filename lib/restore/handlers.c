// The built-in handlers, one row each; their order decides between equal bids.
#include <string.h>

#include "restore/restore_private.h"

const struct restore_handler *const restore_handlers[] = {
    &restore_pgtar,
    &restore_pgdir,
    &restore_tar,
    &restore_zip,
    &restore_7zip,
    &restore_cpio,
    &restore_iso9660,
    &restore_rar,
    &restore_cab,
    &restore_lha,
    &restore_xar,
    &restore_ar,
    &restore_warc,
    &restore_sqlite,
    &restore_pgcustom,
    &restore_pgsql,
    &restore_mysql,
    &restore_sqlite_dump,
};

const size_t restore_handler_count = ARRAY_LEN(restore_handlers);

const char *
restore_handler_name(size_t i)
{
	return i < restore_handler_count ? restore_handlers[i]->name : NULL;
}

const struct restore_handler *
restore_handler_find(const char *name)
{
	for (size_t i = 0; i < restore_handler_count; i++) {
		if (strcmp(restore_handlers[i]->name, name) == 0)
			return restore_handlers[i];
	}
	return NULL;
}
