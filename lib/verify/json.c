// The verification object of a record.
#include "verify/verify_private.h"

static void
add_checksum(struct json *j, const struct verify_known *k, const struct verify_found *f,
    const struct verify_check *c)
{
	bool manifest = c->reference && !strcmp(c->reference, "manifest");
	const char *algorithm = manifest ? k->manifest.algorithm : k->algorithm;
	size_t slot = manifest && (!k->algorithm || strcmp(algorithm, k->algorithm) != 0) ? 1 : 0;
	const struct verify_digest *d = f->answer ? &f->answer->digests[slot] : NULL;
	json_str(j, "algorithm", algorithm);
	json_str(j, "reference", c->reference);
	if (manifest) {
		json_str(j, "manifest", k->manifest.name);
		json_hex(j, "expected", k->manifest.digest, k->manifest.len);
	} else if (c->reference) {
		json_str(j, "expected", k->baseline);
	}
	if (d && d->len)
		json_hex(j, "actual", d->data, d->len);
}

static void
add_content(struct json *j, const struct verify_content *c)
{
	json_str(j, "level",
	    c->verdict == RECORD_VERDICT_PASS ? record_word(RECORD_LIST_LEVEL, c->level) : NULL);
	json_str(j, "format", *c->format ? c->format : NULL);
	json_str(j, "codec", *c->codec ? c->codec : NULL);
	if (c->entries)
		json_uint(j, "entries", c->entries);
	json_uint(j, "decoded_bytes", c->bytes);
	if (c->entropy)
		json_real(j, "entropy", c->entropy / 1000.0, 3);
	if (c->verdict != RECORD_VERDICT_PASS) {
		if (c->offset)
			json_uint(j, "offset", c->offset);
		if (*c->last)
			json_text(j, "last", c->last, strlen(c->last));
	}
	if (*c->detail)
		json_text(j, "message", c->detail, strlen(c->detail));
}

static void
add_check(struct json *j, const struct verify_known *k, const struct verify_found *f,
    const struct verify_check *c)
{
	json_object(j, NULL);
	json_str(j, "check", verify_method_name(c->method));
	json_str(j, "verdict", record_word(RECORD_LIST_VERDICT, c->verdict));
	json_str(j, "reason", verify_reason_word(c->reason));
	switch (c->method) {
	case VERIFY_SIZE:
		if (k->recorded)
			json_uint(j, "expected", k->size);
		json_uint(j, "actual", f->size);
		break;
	case VERIFY_TIMESTAMP:
		if (c->verdict == RECORD_VERDICT_FAIL) {
			if (k->recorded)
				json_time(
				    j, "expected", k->has_previous ? k->previous_mtime : k->mtime);
			json_time(j, "actual", f->mtime);
		}
		break;
	case VERIFY_CHECKSUM:
		add_checksum(j, k, f, c);
		break;
	case VERIFY_CONTENT:
		add_content(j, &f->answer->content);
		break;
	}
	json_object_end(j);
}

void
verify_add_json(struct buf *out, const struct verify_known *known, const struct verify_found *found,
    const struct verify_verdict *verdict, const char *detail)
{
	struct json j;
	json_init(&j, out);
	json_object(&j, NULL);
	json_str(&j, "verdict", record_word(RECORD_LIST_VERDICT, verdict->verdict));
	json_str(&j, "reason", verify_reason_word(verdict->reason));
	json_time(&j, "at", known->now);
	json_str(&j, "level", record_word(RECORD_LIST_LEVEL, verdict->level));
	if (found && found->answer) {
		json_uint(&j, "bytes", found->answer->bytes);
		json_int(&j, "ms", found->answer->ms);
	}
	if (detail && *detail)
		json_text(&j, "message", detail, strlen(detail));
	if (verdict->warnings) {
		json_array(&j, "warnings");
		for (unsigned i = 0; i < VERIFY_WARNINGS; i++)
			if (verdict->warnings >> i & 1)
				json_str(
				    &j, NULL, verify_warning_word((enum verify_warning)(1U << i)));
		json_array_end(&j);
	}
	if (verdict->signals) {
		json_array(&j, "signals");
		for (unsigned i = 0; i < VERIFY_SIGNALS; i++)
			if (verdict->signals >> i & 1)
				json_str(
				    &j, NULL, verify_signal_word((enum verify_signal)(1U << i)));
		json_array_end(&j);
	}
	json_array(&j, "checks");
	for (size_t i = 0; found && i < verdict->check_count; i++)
		add_check(&j, known, found, &verdict->checks[i]);
	json_array_end(&j);
	json_object_end(&j);
}
