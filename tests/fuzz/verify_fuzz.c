// Any bytes as a backup of any name, and as lines of a manifest: no crash, and sane answers.
#include <stdint.h>

#include "../fixtures/mem_input.h"
#include "verify/set_private.h"

static void
lines(const uint8_t *data, size_t size)
{
	struct buf name = BUF_INIT;
	for (const uint8_t *p = data, *end = data + size; p < end;) {
		char algorithm[HASH_NAME_MAX];
		uint8_t digest[HASH_MAX];
		size_t len = 0;
		const uint8_t *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);
		if (verify_manifest_line((const char *)p, n, algorithm, digest, &len, &name) > 0 &&
		    (len < 8 || len > HASH_MAX || name.len > n ||
			strlen(algorithm) >= HASH_NAME_MAX))
			__builtin_trap();
		p += n + 1;
	}
	buf_release(&name);
}

/* As the files that say what belongs to a backup in many files, with nothing there. */
static void
sets(const uint8_t *data, size_t size)
{
	const struct verify_content preset = {.verdict = RECORD_VERDICT_PASS};
	void (*const checks[])(struct verify_content *, struct verify_list *, const char *,
	    size_t) = {verify_set_pgdirectory, verify_set_basebackup, verify_set_redis};
	char *text = mem_alloc(size + 1);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		struct verify_list none = {.bytes = BUF_INIT, .paths = BUF_INIT};
		struct verify_content c = preset;
		memcpy(text, data, size);
		checks[i](&c, &none, text, size);
		if (c.verdict == RECORD_VERDICT_PASS && c.level > RECORD_LEVEL_INTACT)
			__builtin_trap();
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
	    "x", "x.tar.gz", "x.zip", "x.sql", "x.tar", "x.gpg", "x.7z"};
	if (size < 1)
		return 0;
	struct mem_input m = {.data = data + 1, .len = size - 1, .piece = 777};
	struct codec_input input = mem_input_codec(&m);
	struct verify_limits limits = {
	    .max_bytes = 4 << 20, .max_entries = 1000, .memory = 8 << 20};
	struct verify_content c;
	struct verify_job job = {.fd = -1, .name = names[data[0] % ARRAY_LEN(names)]};
	if (verify_content_check(&input, &job, &limits, 0, &c, NULL) == 0) {
		if (c.verdict == RECORD_VERDICT_NONE || c.verdict > RECORD_VERDICT_SKIP ||
		    (c.verdict == RECORD_VERDICT_PASS) != (c.reason == VERIFY_REASON_NONE) ||
		    (c.verdict == RECORD_VERDICT_PASS && c.level < RECORD_LEVEL_COMPLETE))
			__builtin_trap();
	}
	lines(data + 1, size - 1);
	sets(data + 1, size - 1);
	return 0;
}
