// Where values come from beside the file itself: the environment, `.env`, and files with secrets.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_private.h"

#define ENV_MAX_BYTES (64 * 1024)

static bool
is_name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

static size_t
name_len(const char *s)
{
	size_t n = 0;

	while (is_name_char(s[n], n == 0))
		n++;
	return n;
}

uid_t
config_env_caller(const struct config_env *env)
{
	uid_t self = geteuid();
	const char *sudo;
	uint64_t uid;

	if (self != 0 || !env->options->lookup)
		return self;
	sudo = env->options->lookup(env->options->lookup_ctx, "SUDO_UID");
	if (!sudo || str_to_u64(sudo, 0, UINT32_MAX - 1, &uid, NULL) < 0)
		return self;
	return (uid_t)uid;
}

const char *
config_env_get(const struct config_env *env, const char *name)
{
	const char *value = NULL;

	if (env->options->lookup)
		value = env->options->lookup(env->options->lookup_ctx, name);
	for (size_t i = env->count; (!value || !*value) && i > 0; i--) {
		if (strcmp(env->vars[i - 1].name, name) == 0)
			value = env->vars[i - 1].value;
	}
	return value && *value ? value : NULL;
}

static void
env_set(struct config_env *env, char *name, char *value)
{
	MEM_GROW(env->vars, env->count, env->cap);
	env->vars[env->count++] = (struct config_env_var){.name = name, .value = value};
}

/* The value behind "NAME=" up to the end of the line; NULL if its quotes do not close. */
static char *
env_value(const char *s, const char *end)
{
	struct buf out = BUF_INIT;
	char quote = s < end && (*s == '"' || *s == '\'') ? *s++ : '\0';

	for (; s < end && *s != quote; s++) {
		if (!quote && *s == '#' && (s[-1] == ' ' || s[-1] == '\t'))
			break;
		if (quote == '"' && *s == '\\' && s + 1 < end && strchr("\"\\$`", s[1]))
			s++;
		buf_char(&out, *s);
	}
	if (quote) {
		if (s == end) {
			buf_release(&out);
			return NULL;
		}
		return buf_take(&out);
	}
	while (out.len && strchr(" \t", out.data[out.len - 1]))
		out.len--;
	if (out.cap)
		out.data[out.len] = '\0';
	return buf_take(&out);
}

static void
env_line(struct config_env *env, const char *s, const char *end, unsigned line,
    struct config_problems *problems)
{
	const char *start = s;
	char *value;
	size_t n;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	if (s == end || *s == '#')
		return;
	if (end - s > 7 && strncmp(s, "export ", 7) == 0)
		s += 7;
	n = name_len(s);
	if (!n || s[n] != '=') {
		config_problem(
		    problems, line, (unsigned)(s - start) + 1, "not of the form NAME=VALUE");
		return;
	}
	value = env_value(s + n + 1, end);
	if (!value) {
		config_problem(problems, line, (unsigned)(s + n + 1 - start) + 1,
		    "the value has no closing quote");
		return;
	}
	env_set(env, mem_strndup(s, n), value);
}

static void
env_parse(struct config_env *env, const struct buf *text, struct config_problems *problems)
{
	const char *s = text->data, *end = text->data + text->len;

	if (strlen(text->data) != text->len) {
		config_problem(problems, 1, 1, "a NUL byte");
		return;
	}
	for (unsigned line = 1; s < end; line++) {
		const char *eol = strchrnul(s, '\n');
		const char *stop = eol > s && eol[-1] == '\r' ? eol - 1 : eol;

		env_line(env, s, stop, line, problems);
		s = eol + 1;
	}
}

void
config_env_load(struct config_env *env, const char *directory, struct config_problems *problems)
{
	char *path = path_join(directory, ".env");
	struct buf text = BUF_INIT;
	struct err err = {0};
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		goto out;
	if (fd < 0 || fstat(fd, &st) < 0) {
		config_problem(problems, 0, 0, "cannot read: %s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		config_problem(problems, 0, 0, "not a regular file");
	} else if (st.st_mode & S_IWOTH) {
		config_problem(problems, 0, 0, "everybody may write to it (chmod o-w)");
	} else if (st.st_uid != geteuid() && st.st_uid != 0 &&
	    st.st_uid != config_env_caller(env)) {
		config_problem(problems, 0, 0, "belongs to somebody else (user %lu)",
		    (unsigned long)st.st_uid);
	} else if (fsio_read_fd(fd, path, ENV_MAX_BYTES, &text, &err) < 0) {
		config_problem(problems, 0, 0, "%s", err.msg);
	} else {
		env_parse(env, &text, problems);
	}
out:
	if (fd >= 0)
		close(fd);
	if (text.cap)
		explicit_bzero(text.data, text.len);
	buf_release(&text);
	free(path);
}

void
config_env_release(struct config_env *env)
{
	for (size_t i = 0; i < env->count; i++) {
		explicit_bzero(env->vars[i].value, strlen(env->vars[i].value));
		free(env->vars[i].name);
		free(env->vars[i].value);
	}
	free(env->vars);
	env->vars = NULL;
	env->count = env->cap = 0;
}

int
config_env_expand(const struct config_env *env, const char *text, char **ret_text,
    bool *ret_changed, struct err *err)
{
	struct buf out = BUF_INIT_MAX(CONFIG_MAX_BYTES);
	bool changed = false;

	while (*text) {
		const char *value;
		char *name;
		size_t n;

		if (strncmp(text, "$${", 3) == 0) {
			buf_str(&out, "${");
			text += 3;
			continue;
		}
		if (strncmp(text, "${", 2) != 0) {
			buf_char(&out, *text++);
			continue;
		}
		n = name_len(text + 2);
		if (!n || text[2 + n] != '}') {
			buf_release(&out);
			return err_set(
			    err, ERR_CONFIG, "write ${NAME} for a variable, or $${ for the signs");
		}
		name = mem_strndup(text + 2, n);
		value = config_env_get(env, name);
		if (!value)
			err_set(err, ERR_CONFIG,
			    "variable '%s' is set neither in the environment nor in .env", name);
		free(name);
		if (!value) {
			buf_release(&out);
			return -1;
		}
		buf_str(&out, value);
		changed = true;
		text += n + 3;
	}
	if (out.failed) {
		buf_release(&out);
		return err_set(err, ERR_LIMIT, "the text is too long");
	}
	*ret_changed = changed;
	*ret_text = buf_take(&out);
	return 0;
}

static int
check_secret_file(
    const char *path, const struct stat *st, const struct config_env *env, struct err *err)
{
	/* systemd hands credentials over as root:root 0440 with an access list. */
	mode_t forbidden = st->st_uid == 0 && st->st_gid == 0 ? 0037 : 0077;

	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_CONFIG, "'%s' is not a regular file", path);
	if (st->st_uid != geteuid() && st->st_uid != 0 && st->st_uid != config_env_caller(env))
		return err_set(err, ERR_CONFIG, "'%s' belongs to somebody else (user %lu)", path,
		    (unsigned long)st->st_uid);
	if (st->st_mode & forbidden)
		return err_set(err, ERR_CONFIG,
		    "'%s' holds a secret and others may read or write it (chmod 600)", path);
	return 0;
}

int
config_secret_read(
    const char *path, const struct config_env *env, bool lines, char **ret_secret, struct err *err)
{
	struct buf text = BUF_INIT;
	struct stat st;
	int rc = -1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, ERR_IO, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0) {
		err_sys(err, ERR_IO, "cannot look at '%s'", path);
		goto out;
	}
	if (check_secret_file(path, &st, env, err) < 0 ||
	    fsio_read_fd(fd, path, CONFIG_MAX_SECRET, &text, err) < 0)
		goto out;
	while (text.len && strchr("\r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	if (!text.len || strlen(text.data) != text.len || (!lines && strpbrk(text.data, "\r\n"))) {
		err_set(err, ERR_CONFIG, "'%s' must hold the secret%s", path,
		    lines ? " as text" : " in one line");
		goto out;
	}
	if (strchr(text.data, '\n'))
		buf_char(&text, '\n');
	*ret_secret = buf_take(&text);
	rc = 0;
out:
	close(fd);
	if (text.cap)
		explicit_bzero(text.data, text.len);
	buf_release(&text);
	return rc;
}
