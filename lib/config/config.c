// Find the configuration, read it, hand out the typed settings or the list of what is wrong.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_private.h"

#define CONFIG_HERE   "config.yaml"
#define CONFIG_SYSTEM "/etc/bkm/config.yaml"
#define NOT_FOUND     "configuration file not found"
#define NOT_LOADED    "failed to load settings"

char *
config_absolute(const struct config *config, const char *path)
{
	char *joined = path_join(config->directory, path);
	char *clean = path_clean(joined);

	free(joined);
	return clean;
}

int
config_store_path(const char *url, const char *directory, char **ret_path, struct err *err)
{
	static const char scheme[] = "sqlite:///";
	char *joined;

	if (strncasecmp(url, "postgres", 8) == 0)
		return err_set(err, ERR_CONFIG,
		    "a PostgreSQL store is not supported; write sqlite:////var/lib/bkm/bkm.db");
	if (!str_has_prefix(url, scheme))
		return err_set(err, ERR_CONFIG,
		    "not an address of a store; write sqlite:///relative/to/config.db or sqlite:////absolute.db");
	url += strlen(scheme);
	if (!*url || str_has_prefix(url, ":memory:") || str_has_suffix(url, "/"))
		return err_set(err, ERR_CONFIG, "the address of the store must name a file");
	if (strchr(url, '?') || strchr(url, '#'))
		return err_set(
		    err, ERR_CONFIG, "parameters behind the file name are not supported");
	joined = path_join(directory, url);
	*ret_path = path_clean(joined);
	free(joined);
	return 0;
}

/* ---------------------------------------------------------------- finding and opening */

struct source {
	const char *path;
	bool found; /* in the current directory, not named by anybody */
	int fd;
};

static int
open_source(struct source *s, const char *path)
{
	s->path = path;
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return s->fd;
}

static int
find_source(const struct config_options *options, struct source *ret_source, struct err *err)
{
	const char *named = options->path;
	struct source s = {.fd = -1};

	if (!named && options->lookup)
		named = options->lookup(options->lookup_ctx, "BKM_CONFIG");
	if (named && *named) {
		open_source(&s, named);
	} else {
		s.found = true;
		if (open_source(&s, CONFIG_HERE) < 0 && errno == ENOENT) {
			s.found = false;
			if (open_source(&s, CONFIG_SYSTEM) < 0 && errno == ENOENT)
				return err_set(err, ERR_CONFIG,
				    NOT_FOUND ": neither './" CONFIG_HERE "' nor '" CONFIG_SYSTEM
					      "' exists");
		}
	}
	if (s.fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, ERR_CONFIG, NOT_FOUND ": '%s'", s.path);
	if (s.fd < 0)
		return err_set(
		    err, ERR_CONFIG, NOT_LOADED ": cannot open '%s': %s", s.path, strerror(errno));
	*ret_source = s;
	return 0;
}

static int
check_source(const struct source *s, const struct config_env *env, struct err *err)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return err_set(err, ERR_CONFIG, NOT_LOADED ": cannot look at '%s': %s", s->path,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, NOT_LOADED ": '%s' is not a regular file", s->path);
	if (st.st_mode & S_IWOTH)
		return err_set(err, ERR_CONFIG,
		    NOT_LOADED ": everybody may write to '%s' (chmod o-w)", s->path);
	if (s->found && st.st_uid != 0 && st.st_uid != geteuid() &&
	    st.st_uid != config_env_caller(env))
		return err_set(err, ERR_CONFIG,
		    NOT_LOADED
		    ": './%s' belongs to somebody else (user %lu); name it with --config if you trust it",
		    s->path, (unsigned long)st.st_uid);
	return 0;
}

/* The absolute path of the file and where it lies. */
static int
place_config(struct config *config, const char *path, struct err *err)
{
	char *cwd = NULL, *joined;

	if (path[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_set(err, ERR_CONFIG,
			    NOT_LOADED ": cannot tell the current directory: %s", strerror(errno));
	}
	joined = path_join(cwd ? cwd : "", path);
	config->file = path_clean(joined);
	config->directory = path_dir(config->file);
	free(joined);
	free(cwd);
	return 0;
}

/* ---------------------------------------------------------------- loading */

static int
read_settings(struct config_loader *l, const struct source *s, struct err *err)
{
	struct config_node root = {0};
	struct buf text = BUF_INIT;
	int rc = -1;

	if (fsio_read_fd(s->fd, s->path, CONFIG_MAX_BYTES, &text, err) < 0) {
		if (err && err->code == ERR_LIMIT)
			err_set(err, ERR_CONFIG, "'%s' is larger than %d KiB", s->path,
			    CONFIG_MAX_BYTES / 1024);
		err_wrap(err, NOT_LOADED);
		goto out;
	}
	config_env_load(&l->env, l->config->directory, &l->env_problems);
	if (config_yaml_parse(text.data, text.len, &root, &l->problems) == 0) {
		config_fill(l, &root);
		config_check(l, &root);
	}
	rc = 0;
out:
	if (text.cap)
		explicit_bzero(text.data, text.len);
	buf_release(&text);
	config_node_release(&root);
	return rc;
}

static int
report_problems(struct config_loader *l, struct buf *problems, struct err *err)
{
	size_t n =
	    l->problems.count + l->problems.more + l->env_problems.count + l->env_problems.more;

	if (!n)
		return 0;
	if (problems) {
		config_problems_print(&l->env_problems, problems);
		config_problems_print(&l->problems, problems);
	}
	return err_set(err, ERR_CONFIG, NOT_LOADED ": %zu problem%s in '%s'", n, n == 1 ? "" : "s",
	    l->problems.file);
}

int
config_load(struct config **ret_config, const struct config_options *options, struct buf *problems,
    struct err *err)
{
	struct config_loader l = {.options = options, .env.options = options};
	struct source source = {.fd = -1};
	char *env_file = NULL;
	int rc = -1;

	l.config = mem_alloc(sizeof(*l.config));
	if (find_source(options, &source, err) < 0 || check_source(&source, &l.env, err) < 0 ||
	    place_config(l.config, source.path, err) < 0)
		goto out;
	env_file = path_join(l.config->directory, ".env");
	l.problems.file = source.path;
	l.env_problems.file = env_file;
	if (read_settings(&l, &source, err) < 0 || report_problems(&l, problems, err) < 0)
		goto out;
	*ret_config = l.config;
	l.config = NULL;
	rc = 0;
out:
	if (source.fd >= 0)
		close(source.fd);
	config_problems_release(&l.problems);
	config_problems_release(&l.env_problems);
	config_env_release(&l.env);
	config_free(l.config);
	free(env_file);
	return rc;
}

void
config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->location_count; i++) {
		for (size_t k = 0; k < config->locations[i].series_count; k++) {
			if (config->locations[i].series[k].regex_set)
				regfree(&config->locations[i].series[k].regex);
		}
	}
	config_fill_release(config);
	free(config->by_name);
	free(config->file);
	free(config->directory);
	free(config->app_name);
	free(config);
}

/* ---------------------------------------------------------------- asking */

static int
name_cmp(const void *key, const void *item)
{
	const struct config_location *const *location = item;

	return strcmp(key, (*location)->name);
}

const struct config_location *
config_location(const struct config *config, const char *name)
{
	const struct config_location *const *found = bsearch(name, config->by_name,
	    config->location_count, sizeof(const struct config_location *), name_cmp);

	return found ? *found : NULL;
}

const struct config_location *
config_location_of(const struct config *config, const char *path)
{
	const struct config_location *best = NULL;

	for (size_t i = 0; i < config->location_count; i++) {
		const struct config_location *l = &config->locations[i];

		if (path_is_below(path, l->path) && (!best || strlen(l->path) > strlen(best->path)))
			best = l;
	}
	return best;
}

const struct config_series *
config_series_for(const struct config_location *location, const char *series, size_t namer)
{
	for (size_t i = 0; i < location->series_count; i++) {
		const struct config_series *rule = &location->series[i];

		if (rule->name ? i == namer && !rule->names_only
			       : regexec(&rule->regex, series, 0, NULL, 0) == 0)
			return rule;
	}
	return NULL;
}

const char *
config_type_word(enum config_type type)
{
	switch (type) {
	case CONFIG_TYPE_FILE:
		return "file";
	case CONFIG_TYPE_DATABASE:
		return "database";
	case CONFIG_TYPE_DIRECTORY:
		return "directory";
	case CONFIG_TYPE_RESTIC:
		return "restic";
	case CONFIG_TYPE_BORG:
		return "borg";
	}
	return "file";
}

bool
config_type_is_repository(enum config_type type)
{
	return type == CONFIG_TYPE_RESTIC || type == CONFIG_TYPE_BORG;
}
