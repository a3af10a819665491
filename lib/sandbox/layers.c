// The layers by name: for the record, and for sandbox.require.
#include <string.h>

#include "sandbox/sandbox_private.h"

static const struct {
	enum sandbox_layer bit;
	const char *name;
} layers_table[] = {
    {SANDBOX_RLIMITS, "rlimits"},
    {SANDBOX_UID, "uid"},
    {SANDBOX_CAPS, "caps"},
    {SANDBOX_NAMESPACES, "namespaces"},
    {SANDBOX_NO_NEW_PRIVS, "no_new_privs"},
    {SANDBOX_LANDLOCK, "landlock"},
    {SANDBOX_SECCOMP, "seccomp"},
};

void
sandbox_layers_json(const struct sandbox_layers *layers, struct buf *out)
{
	const char *comma = "";

	buf_char(out, '[');
	for (size_t i = 0; i < ARRAY_LEN(layers_table); i++) {
		if (!(layers->bits & (unsigned)layers_table[i].bit))
			continue;
		buf_printf(out, "%s\"%s", comma, layers_table[i].name);
		if (layers_table[i].bit == SANDBOX_LANDLOCK)
			buf_printf(out, "%u", layers->landlock_abi);
		buf_char(out, '"');
		comma = ",";
	}
	buf_char(out, ']');
}

int
sandbox_layers_check(
    const struct sandbox_layers *active, const struct sandbox_layers *require, struct err *err)
{
	unsigned missing = require->bits & ~active->bits;
	struct sandbox_layers lack = {.bits = missing, .landlock_abi = require->landlock_abi};
	struct buf words = BUF_INIT;
	int r = 0;

	if ((require->bits & SANDBOX_LANDLOCK) && active->landlock_abi < require->landlock_abi)
		lack.bits |= SANDBOX_LANDLOCK;
	if (lack.bits) {
		sandbox_layers_json(&lack, &words);
		r = err_set(err, ERR_UNSUPPORTED,
		    "the sandbox lacks what sandbox.require names: %s", words.data);
	}
	buf_release(&words);
	return r;
}
