// --check-config: what is wrong with the configuration, and what of it is not there yet.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash/hash.h"
#include "report/report.h"
#include "restore/restore.h"
#include "sandbox/sandbox.h"
#include "scan.h"
#include "tool/tool.h"

/* ---------------------------------------------------------------- what another command refuses */

static int
check_formats(const struct config *config, struct err *err)
{
	char *directory = tool_share("report"), *library = tool_share("report/lib");
	struct report_outputs outputs = {0};
	int r = 0;

	for (size_t i = 0; i < config->reporting.formats.count && r == 0; i++)
		r = report_outputs_add(
		    &outputs, directory, config->reporting.formats.items[i], err);
	if (r < 0)
		(void)err_wrap(err, "reporting.formats");
	else if (config->reporting.template)
		report_outputs_add_program(&outputs, config->reporting.template);
	if (r == 0)
		r = report_outputs_open(&outputs, library, config->reporting.output_directory, err);
	report_outputs_release(&outputs);
	free(library);
	free(directory);
	return r;
}

static bool
is_handler(const struct config *config, const char *name)
{
	const char *known;

	for (size_t i = 0; (known = restore_handler_name(i)); i++) {
		if (strcmp(known, name) == 0)
			return true;
	}
	for (size_t i = 0; i < config->restore_testing.handler_count; i++) {
		if (strcmp(config->restore_testing.handlers[i].name, name) == 0)
			return true;
	}
	return false;
}

int
bkm_scan_check_words(const struct config *config, struct err *err)
{
	struct record_filter *filter;
	struct hash *hash;

	if (hash_new(config->verification.algorithm, &hash, err) < 0)
		return err_wrap(err, "verification.algorithm");
	hash_free(hash);
	for (size_t i = 0; i < config->alerts.rule_count; i++) {
		if (record_filter_new(&filter, config->alerts.rules[i].match, err) < 0)
			return err_wrap(err, "alerts.rules[%zu].match", i);
		record_filter_free(filter);
	}
	for (size_t i = 0; i < config->location_count; i++) {
		const char *name = config->locations[i].restore.handler;

		if (name && !is_handler(config, name))
			return err_set(err, ERR_CONFIG,
			    "location '%s': unknown restore.handler '%s'",
			    config->locations[i].name, name);
	}
	return check_formats(config, err);
}

/* ---------------------------------------------------------------- what may come later */

/* Is there an executable of that name, where those who run it look? */
static bool
has_program(const char *name)
{
	char *places = mem_strdup(SANDBOX_PATH), *rest = places, *place;
	bool found = false;

	if (strchr(name, '/'))
		found = access(name, X_OK) == 0;
	else
		while (!found && (place = strsep(&rest, ":"))) {
			char *path = path_join(place, name);

			found = access(path, X_OK) == 0;
			free(path);
		}
	free(places);
	return found;
}

static unsigned
miss_program(struct tool *tool, const struct config_list *argv, const char *key, const char *whose)
{
	if (!argv->count || has_program(argv->items[0]))
		return 0;
	log_warning(tool->log, "%s of '%s': there is no program '%s'", key, whose, argv->items[0]);
	return 1;
}

static unsigned
miss_directory(struct tool *tool, const char *path, const char *what)
{
	struct stat st;

	if (!path || *path != '/')
		return 0;
	if (stat(path, &st) < 0)
		log_warning(tool->log, "%s %s: '%s'", what,
		    errno == ENOENT ? "does not exist" : strerror(errno), path);
	else if (!S_ISDIR(st.st_mode))
		log_warning(tool->log, "%s is not a directory: '%s'", what, path);
	else if (access(path, R_OK | X_OK) < 0)
		log_warning(tool->log, "%s: permission denied: '%s'", what, path);
	else
		return 0;
	return 1;
}

/* The file is made when it is needed, its directory is not. */
static unsigned
miss_parent(struct tool *tool, const char *path, const char *what)
{
	char *parent = path ? path_dir(path) : NULL;
	bool there = !parent || access(parent, F_OK) == 0;

	if (!there)
		log_warning(tool->log, "there is no directory for %s: '%s'", what, path);
	free(parent);
	return !there;
}

/* Backups that two locations find are counted twice, unless patterns tell them apart. */
static unsigned
miss_borders(struct tool *tool, const struct config_location *inner)
{
	const struct config *c = tool->config;

	for (size_t i = 0; i < c->location_count; i++) {
		const struct config_location *outer = &c->locations[i];
		bool same = strcmp(inner->path, outer->path) == 0;

		if (outer == inner || outer->include.count || outer->exclude.count ||
		    !path_is_below(inner->path, outer->path) ||
		    (same && (outer > inner || inner->include.count || inner->exclude.count)))
			continue;
		log_warning(tool->log, "location '%s' %s '%s': what is there counts twice",
		    inner->name, same ? "has the path of" : "lies in", outer->name);
		return 1;
	}
	return 0;
}

int
bkm_scan_say_config(struct tool *tool, struct err *err)
{
	const struct config *c = tool->config;
	struct buf text = BUF_INIT;
	unsigned missing = 0;
	int r;

	for (size_t i = 0; i < c->location_count; i++) {
		const struct config_location *l = &c->locations[i];

		missing += miss_directory(tool, l->path, "backup location");
		missing += miss_directory(tool, l->restore.compare, "restore.compare");
		missing += miss_program(tool, &l->decrypt.command, "decrypt.command", l->name);
		missing += miss_program(tool, &l->restore.command, "restore.command", l->name);
		missing += miss_borders(tool, l);
		if (path_is_below(c->store, l->path)) {
			log_warning(tool->log,
			    "the store lies in location '%s', and is taken for a backup: '%s'",
			    l->name, c->store);
			missing++;
		}
	}
	for (size_t i = 0; i < c->restore_testing.handler_count; i++)
		missing += miss_program(tool, &c->restore_testing.handlers[i].command,
		    "the command of handler", c->restore_testing.handlers[i].name);
	missing += miss_parent(tool, c->logging.file, "the log file");
	missing += miss_parent(tool, c->store, "the store");
	buf_printf(&text, "%s: ok, %zu location%s", c->file, c->location_count,
	    c->location_count == 1 ? "" : "s");
	if (missing)
		buf_printf(&text, ", %u warning%s", missing, missing == 1 ? "" : "s");
	buf_char(&text, '\n');
	r = fsio_write_all(STDOUT_FILENO, text.data, text.len, "standard output", err);
	buf_release(&text);
	return r;
}
