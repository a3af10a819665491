// Repositories of backup tools: from a location of the configuration to a handler that can be asked.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/repository.h"
#include "tool/tool_private.h"

bool
tool_is_repository(const struct config_location *location)
{
	return location && config_type_is_repository(location->type);
}

const char *
tool_scratch_base(const struct tool *tool, const char *option)
{
	const char *tmpdir = getenv("TMPDIR");

	if (option)
		return option;
	if (tool->config && tool->config->restore_testing.scratch)
		return tool->config->restore_testing.scratch;
	return tmpdir && *tmpdir ? tmpdir : "/var/tmp";
}

static bool
stopping(void *arg)
{
	(void)arg;
	return tool_stopping();
}

/* Of the walls that the configuration demands, namespaces are not for programs of others. */
static unsigned
required(const struct config *config)
{
	static const struct {
		unsigned config;
		enum sandbox_layer layer;
	} layers[] = {{CONFIG_SANDBOX_RLIMITS, SANDBOX_RLIMITS},
	    {CONFIG_SANDBOX_NO_NEW_PRIVS, SANDBOX_NO_NEW_PRIVS},
	    {CONFIG_SANDBOX_SECCOMP, SANDBOX_SECCOMP}, {CONFIG_SANDBOX_LANDLOCK, SANDBOX_LANDLOCK}};
	unsigned bits = 0;

	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		if (config->restore_testing.sandbox_require & layers[i].config)
			bits |= (unsigned)layers[i].layer;
	}
	return bits;
}

/* What tools of repositories read of their environment to reach another host: one that is remote gets it. */
static const char *const remote_env[] = {"AWS_", "AZURE_", "B2_", "GOOGLE_", "OS_", "ST_",
    "RESTIC_REST_", "RCLONE_",
    "BORG_RSH=", "BORG_REMOTE_PATH=", "SSH_AUTH_SOCK=", "http_proxy=", "https_proxy=", "no_proxy="};

static char **
environment_of(struct tool *tool)
{
	size_t count = 0, cap = 0;
	char **list = NULL;

	for (char **e = environ; *e; e++) {
		for (size_t i = 0; i < ARRAY_LEN(remote_env); i++) {
			if (!str_has_prefix(*e, remote_env[i]))
				continue;
			MEM_GROW(list, count, cap);
			list[count++] = *e;
			break;
		}
	}
	MEM_GROW(list, count, cap);
	list[count] = NULL;
	return tool_own(tool, list);
}

int
tool_repository(struct tool *tool, const struct config_location *location,
    struct sandbox_scratch *scratch, struct repository **ret_repository, struct err *err)
{
	const char *type = config_type_word(location->type);
	char *name = mem_printf("restore/%s", type);
	struct repository_options o = {.type = type,
	    .handler = tool_share(name),
	    .address = location->path,
	    .secret = location->decrypt.secret,
	    .remote = location->path[0] != '/',
	    .stop = stopping,
	    .require = {.bits = required(tool->config)}};
	char *handler = o.handler ? realpath(o.handler, NULL) : NULL;
	int r;

	if (o.remote)
		o.env = environment_of(tool);
	free((void *)(uintptr_t)o.handler);
	free(name);
	if (!handler)
		return err_sys(err, ERR_IO, "cannot find the handler of %s repositories", type);
	o.handler = tool_own(tool, handler);
	r = repository_open(ret_repository, &o, scratch, err);
	return r;
}
