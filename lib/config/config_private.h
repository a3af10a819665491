/*
 * config, inside: the table of keys, the tree a file is read into, and what the steps share.
 */
#ifndef CONFIG_CONFIG_PRIVATE_H
#define CONFIG_CONFIG_PRIVATE_H

#include "config/config.h"

#define CONFIG_MAX_BYTES    (256 * 1024)
#define CONFIG_MAX_DEPTH    32
#define CONFIG_MAX_KEYS     1000 /* in one mapping */
#define CONFIG_MAX_PROBLEMS 100  /* listed; the rest is counted */
#define CONFIG_MAX_SECRET   (64 * 1024)
#define CONFIG_MAX_TEXT     256 /* a name, an expression */

/* ---------------------------------------------------------------- keys.c */

enum config_kind {
	KEY_SECTION,     /* a mapping; its members have rows of their own */
	KEY_ITEMS,       /* a list of mappings: pointer at offset, number at count_offset */
	KEY_TEXT,        /* char * */
	KEY_SECRET,      /* char *, never shown in a message */
	KEY_SECRET_FILE, /* the file that holds it; same offset as its KEY_SECRET */
	KEY_PATH,        /* char *, made absolute */
	KEY_BOOL,        /* bool */
	KEY_INT,         /* int64_t */
	KEY_REAL,        /* double */
	KEY_DURATION,    /* int64_t seconds */
	KEY_SIZE,        /* int64_t bytes */
	KEY_WORD,        /* an enum, the index in words */
	KEY_WORD_BOOL,   /* bool, the index in words */
	KEY_WORD_TEXT,   /* char *, one of words */
	KEY_WORDS,       /* unsigned, one bit for each of words */
	KEY_LEVEL,       /* enum log_level */
	KEY_LIST,        /* struct config_list; one text is a list of one */
	KEY_ARGV,        /* struct config_list: a program and its arguments, always a list */
};

struct config_key {
	const char *path; /* "backups.locations[].name": [] is each item of a list */
	enum config_kind kind;
	size_t offset;            /* in the item, else in struct config */
	const char *fallback;     /* the default as one would write it; NULL: not given */
	int64_t min, max;         /* KEY_INT, KEY_REAL, KEY_DURATION, KEY_SIZE; both 0: 0 or more */
	const char *const *words; /* NULL-terminated */
	size_t count_offset, item_size; /* KEY_ITEMS */
	bool required;
	bool multiline;   /* the text may hold line ends */
	const char *help; /* one line */
};

const struct config_key *config_keys(size_t *ret_count);

/* "a number from 0 to 9": what a key takes, appended to out. */
void config_key_describe(const struct config_key *key, struct buf *out);

/* ---------------------------------------------------------------- yaml.c */

enum config_node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };

struct config_node {
	enum config_node_kind kind;
	unsigned line, column; /* from 1 */
	unsigned key_line, key_column;
	char *key;   /* in a mapping */
	char *text;  /* of a scalar */
	bool quoted; /* or a block: never a number, a boolean or null */
	struct config_node *items;
	size_t count, cap;
};

struct config_problem {
	unsigned line, column;
	char *text;
};

struct config_problems {
	const char *file; /* as messages name it */
	struct config_problem *items;
	size_t count, cap;
	size_t more; /* found, not kept */
};

void config_problem(struct config_problems *problems, unsigned line, unsigned column,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void config_problems_release(struct config_problems *problems);
/* Sorted by place, one a line, appended to out. */
void config_problems_print(struct config_problems *problems, struct buf *out);

/* The whole file as a tree; what is wrong goes to problems. -1: the rest could not be read. The
 * tree holds what was read until then and is always released with config_node_release. */
int config_yaml_parse(
    const char *text, size_t len, struct config_node *ret_root, struct config_problems *problems);
void config_node_release(struct config_node *node);
/* The member of a mapping, or NULL; node may be NULL. */
const struct config_node *config_node_get(const struct config_node *node, const char *key);

/* ---------------------------------------------------------------- env.c */

struct config_env {
	const struct config_options *options;
	struct config_env_var {
		char *name, *value;
	} * vars; /* of the `.env` file */
	size_t count, cap;
};

/* Read DIRECTORY/.env if it is there. */
void
config_env_load(struct config_env *env, const char *directory, struct config_problems *problems);
void config_env_release(struct config_env *env);
/* The environment's value, else that of `.env`, else NULL; "" counts as not set. */
const char *config_env_get(const struct config_env *env, const char *name);
/* text with each ${NAME} replaced and $${ as ${; the result is yours. */
int config_env_expand(const struct config_env *env, const char *text, char **ret_text,
    bool *ret_changed, struct err *err);
/* The content of a secret file without its last newline; the result is yours. lines: it may have
 * more than one, and then ends with a newline. */
int config_secret_read(
    const char *path, const struct config_env *env, bool lines, char **ret_secret, struct err *err);
/* The user who called sudo, or our own if this is not sudo. */
uid_t config_env_caller(const struct config_env *env);

struct config_loader {
	struct config *config;
	struct config_env env;
	struct config_problems problems, env_problems;
	const struct config_options *options;
};

/* ---------------------------------------------------------------- value.c */

/* Set the key's field in base from a scalar or a list of the file, or note the problem. */
void config_value_scalar(struct config_loader *loader, const struct config_key *key,
    const struct config_node *node, void *base);
void config_value_list(struct config_loader *loader, const struct config_key *key,
    const struct config_node *node, void *base);
/* What is not given: the default of the table, or CONFIG_UNSET. */
void config_value_default(struct config_loader *loader, const struct config_key *key, void *base);
/* "'key' must be …, not a list". */
void config_value_wrong(
    struct config_loader *loader, const struct config_key *key, const struct config_node *node);
void config_list_release(struct config_list *list);

/* ---------------------------------------------------------------- load.c, check.c, check_series.c, config.c */

/* Fill config from the tree: types, ranges, unknown and missing keys. */
void config_fill(struct config_loader *loader, const struct config_node *root);
/* What concerns more than one key. */
void config_check(struct config_loader *loader, const struct config_node *root);
/* The expression and the name of a rule of `series:`. */
void config_check_rule(
    struct config_loader *loader, struct config_series *rule, const struct config_node *node);
/* A problem at the place of a member of map, of map itself if it has no such member. */
void config_problem_at(struct config_loader *loader, const struct config_node *map, const char *key,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Release every pointer that the table knows. */
void config_fill_release(struct config *config);

/* A path relative to the configuration file made absolute; the result is yours. */
char *config_absolute(const struct config *config, const char *path);

/* sqlite:///x or sqlite:////x as a path, relative to directory; the result is yours. */
int config_store_path(const char *url, const char *directory, char **ret_path, struct err *err);

#endif
