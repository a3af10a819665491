// bkm-restore: from options and configuration to what a drill is given.
#include "app.h"
#include "tool/repository.h"

static const struct {
	unsigned config;
	enum sandbox_layer layer;
} layers[] = {
    {CONFIG_SANDBOX_RLIMITS, SANDBOX_RLIMITS},
    {CONFIG_SANDBOX_NO_NEW_PRIVS, SANDBOX_NO_NEW_PRIVS},
    {CONFIG_SANDBOX_SECCOMP, SANDBOX_SECCOMP},
    {CONFIG_SANDBOX_LANDLOCK, SANDBOX_LANDLOCK},
    {CONFIG_SANDBOX_NAMESPACES, SANDBOX_NAMESPACES},
};

static bool
stopping(void *arg)
{
	(void)arg;
	return tool_stopping();
}

static const char *const *
strings_of(const struct config_list *list)
{
	const char **copy = mem_array(list->count + 1, sizeof(*copy));

	for (size_t i = 0; i < list->count; i++)
		copy[i] = list->items[i];
	return copy;
}

static void
from_config(struct app *app, const struct config *config)
{
	struct restore_options *o = &app->restore;

	o->max_bytes = (uint64_t)config->restore_testing.max_bytes;
	o->max_entries = (uint64_t)config->restore_testing.max_entries;
	o->max_ratio = (uint64_t)config->restore_testing.max_ratio;
	o->max_ms = config->restore_testing.max_time * 1000;
	o->require.bits = 0;
	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		if (config->restore_testing.sandbox_require & layers[i].config)
			o->require.bits |= (unsigned)layers[i].layer;
	}
	o->program_count = config->restore_testing.handler_count;
	app->programs = mem_array(o->program_count + 1, sizeof(*app->programs));
	for (size_t i = 0; i < o->program_count; i++) {
		const struct config_handler *h = &config->restore_testing.handlers[i];

		app->programs[i] = (struct restore_program){.name = h->name,
		    .match = strings_of(&h->match),
		    .argv = strings_of(&h->command)};
	}
	o->programs = app->programs;
	if (!app->sample_given)
		app->sample = (uint64_t)config->restore_testing.sample;
}

int
app_setup(struct app *app, struct err *err)
{
	struct restore_options *o = &app->restore;

	(void)err;
	o->require.bits = SANDBOX_LAYERS_DEFAULT;
	o->stop = stopping;
	o->keep = app->keep;
	o->moulds = restore_moulds_new();
	if (app->tool.config)
		from_config(app, app->tool.config);
	if (app->max_bytes)
		o->max_bytes = app->max_bytes;
	if (app->max_entries)
		o->max_entries = app->max_entries;
	if (app->max_ratio)
		o->max_ratio = app->max_ratio;
	if (app->max_time)
		o->max_ms = app->max_time * 1000;
	return 0;
}

const char *
app_scratch_base(const struct app *app)
{
	return tool_scratch_base(&app->tool, app->scratch);
}

void
app_remove_scratch(struct app *app)
{
	struct err err = {.code = ERR_NONE};

	if (sandbox_scratch_close(app->drill, false, &err) < 0)
		tool_error(&app->tool, "%s", err.msg);
	app->drill = NULL;
}

void
app_release(struct app *app)
{
	restore_moulds_free(app->restore.moulds);
	for (size_t i = 0; i < app->restore.program_count; i++) {
		free((void *)(uintptr_t)app->programs[i].match);
		free((void *)(uintptr_t)app->programs[i].argv);
	}
	free(app->programs);
	free(app->pending);
	free(app->chosen);
	free(app->series);
	free(app->stale);
	free(app->asked);
}
