// What an error of the server means: the backup's fault, the place's, or something that must not be.
#include <string.h>

#include "restore/pg_private.h"

/* The first row that fits decides. A state is a SQLSTATE or how it begins (postgresql.org/docs,
 * "PostgreSQL Error Codes"); the text stands in the message. No row: the backup is damaged. */
static const struct {
	const char *state, *text;
	enum record_verdict verdict;
	const char *reason;
} rules[] = {
    /* what the sandbox refused: as the superuser that loads it, nothing else is */
    {"", "could not execute command", RECORD_VERDICT_FAIL, "unsafe"},
    {"42501", "could not ", RECORD_VERDICT_FAIL, "unsafe"},
    {"42501", "cannot ", RECORD_VERDICT_FAIL, "unsafe"},
    {"", "Operation not permitted", RECORD_VERDICT_FAIL, "unsafe"},
    {"", "No space left on device", RECORD_VERDICT_ERROR, "no_space"},
    {"", "File too large", RECORD_VERDICT_FAIL, "bomb"},
    {"53100", NULL, RECORD_VERDICT_ERROR, "no_space"},
    {"53", NULL, RECORD_VERDICT_ERROR, "limit"},
    {"57", NULL, RECORD_VERDICT_ERROR, "server"},
    {"58030", NULL, RECORD_VERDICT_ERROR, "io_error"},
    {"XX", NULL, RECORD_VERDICT_ERROR, "server"},
    /* what this host does not have */
    {"", "is not available", RECORD_VERDICT_ERROR, "not_installed"},
    {"", "shared_preload_libraries", RECORD_VERDICT_ERROR, "not_installed"},
    {"58P01", "could not open extension control file", RECORD_VERDICT_ERROR, "not_installed"},
    {"58P01", "could not access file \"$libdir/", RECORD_VERDICT_ERROR, "not_installed"},
    {"58P01", "could not access file \"/", RECORD_VERDICT_FAIL, "unsafe"},
    {"58P01", "could not access file \"", RECORD_VERDICT_ERROR, "not_installed"},
    {"", "could not create locale", RECORD_VERDICT_ERROR, "not_installed"},
    {"42704", "collation \"", RECORD_VERDICT_ERROR, "not_installed"},
    {"22023", "compression method", RECORD_VERDICT_ERROR, "not_installed"},
    {"", "not supported by this build", RECORD_VERDICT_ERROR, "not_installed"},
};

/* Of a newer server than this one is: what it does not understand is no fault of the backup. */
static bool
is_newer(struct restore_pg_load *load)
{
	const char *server = load->child->answer->server;
	unsigned dumped = restore_pg_major(sqldb_dump_stats(load->dump)->server);
	unsigned here = restore_pg_major(server + strcspn(server, "0123456789"));

	if (!here || dumped <= here)
		return false;
	restore_say(load->child->answer, RECORD_VERDICT_ERROR, "not_installed",
	    "a dump of PostgreSQL %u, and the newest server here is %u: install the package "
	    "postgresql-%u",
	    dumped, here, dumped);
	return true;
}

static bool
fits(const struct restore_pg_error *e, size_t i)
{
	return strncmp(e->state, rules[i].state, strlen(rules[i].state)) == 0 &&
	    (!rules[i].text || strstr(e->message, rules[i].text) ||
		strstr(e->detail, rules[i].text));
}

void
restore_pg_judge(struct restore_pg_load *load, const char *sql)
{
	const struct restore_pg_error *e = &load->pg.error;
	enum record_verdict verdict = RECORD_VERDICT_FAIL;
	const char *reason = "damaged";
	struct buf text = BUF_INIT;

	str_add_visible(&text, e->message, strnlen(e->message, 150));
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (fits(e, i)) {
			verdict = rules[i].verdict;
			reason = rules[i].reason;
			break;
		}
	}
	/* A connection to somewhere else: a view over foreign tables wants it, and nothing else. */
	if (strncmp(e->state, "08", 2) == 0 || strncmp(e->state, "HV", 2) == 0) {
		bool view = sql && strncasecmp(sql, "REFRESH", 7) == 0;

		verdict = view ? RECORD_VERDICT_SKIP : RECORD_VERDICT_FAIL;
		reason = view ? "unsupported" : "unsafe";
	}
	if (strcmp(reason, "damaged") == 0 && is_newer(load))
		goto out;
	if (strcmp(reason, "not_installed") == 0 && load->extension[0])
		restore_say(load->child->answer, verdict, reason,
		    "line %llu: %s: install the package of the extension (postgresql-*-%s or "
		    "postgresql-contrib)",
		    (unsigned long long)sqldb_dump_stats(load->dump)->line, text.data,
		    load->extension);
	else
		restore_say(load->child->answer, verdict, reason, "line %llu: %s",
		    (unsigned long long)sqldb_dump_stats(load->dump)->line, text.data);
out:
	buf_release(&text);
}
