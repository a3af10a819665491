// Any bytes as config.yaml: problems or settings, never a crash, a leak or a hang.
#include <stdlib.h>
#include <string.h>

#include "config/config_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
lookup(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "A") == 0 ? "value" : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct config_options options = {.lookup = lookup};
	struct config_loader l = {.options = &options, .env.options = &options};
	struct config_node root = {0};
	struct buf out = BUF_INIT;

	if (size > CONFIG_MAX_BYTES)
		return 0;
	l.problems.file = "config.yaml";
	l.config = mem_alloc(sizeof(*l.config));
	l.config->directory = mem_strdup("/nonexistent");
	if (config_yaml_parse((const char *)data, size, &root, &l.problems) == 0) {
		config_fill(&l, &root);
		config_check(&l, &root);
		/* What has no problem can be used. */
		for (size_t i = 0; !l.problems.count && i < l.config->location_count; i++) {
			const struct config_location *location = &l.config->locations[i];

			if (config_location(l.config, location->name) != location)
				abort();
			config_series_for(location, "app-.sql", 0);
		}
	}
	config_problems_print(&l.problems, &out);
	if (!str_is_utf8(out.data, out.len))
		abort();
	buf_release(&out);
	config_problems_release(&l.problems);
	config_node_release(&root);
	config_free(l.config);
	return 0;
}
