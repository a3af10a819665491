// The commands of a Redis append-only file, byte by byte: each one whole, each transaction closed.
#include "verify/verify_private.h"

/*
 * Source: redis.io/docs/reference/protocol-spec, redis.io/docs/management/persistence. A command is
 * "*N", N times "$LEN" and as many bytes, each line ended by CR LF. Between commands stand comments
 * ("#TS:1700000000"). Nothing marks the end of the file.
 */
static int
fault(struct verify_resp *r)
{
	r->bad = true;
	return -1;
}

static void
end_command(struct verify_resp *r)
{
	r->commands++;
	if (!strcmp(r->name, "MULTI"))
		r->in_multi = true;
	else if (!strcmp(r->name, "EXEC"))
		r->in_multi = false;
	r->state = VERIFY_RESP_START;
}

/* A line "*N" or "$LEN" is complete. */
static int
take_number(struct verify_resp *r)
{
	uint64_t v;
	if (r->line_len < 3 || r->line[r->line_len - 1] != '\r')
		return fault(r);
	r->line[r->line_len - 1] = '\0';
	if (str_to_u64(r->line + 1, 0, UINT64_C(1) << 32, &v, NULL) < 0)
		return fault(r);
	if (r->line[0] == '*') {
		r->arguments = v;
		r->first = true;
		r->name[0] = '\0';
		r->state = VERIFY_RESP_ARGUMENT;
		return v ? 0 : fault(r);
	}
	r->left = v + 2;
	r->state = VERIFY_RESP_DATA;
	return 0;
}

static int
take_line_byte(struct verify_resp *r, uint8_t b)
{
	if (r->line_len == 0 && b != (r->state == VERIFY_RESP_START ? '*' : '$'))
		return fault(r);
	if (b != '\n') {
		if (r->line_len + 1 >= sizeof(r->line))
			return fault(r);
		r->line[r->line_len++] = (char)b;
		return 0;
	}
	int n = take_number(r);
	r->line_len = 0;
	return n;
}

static size_t
take_data(struct verify_resp *r, const uint8_t *p, size_t len)
{
	size_t n = r->left < len ? (size_t)r->left : len;
	for (size_t i = 0; i < n; i++) {
		uint64_t left = r->left - i; /* with this byte */
		if ((left == 2 && p[i] != '\r') || (left == 1 && p[i] != '\n'))
			(void)fault(r);
		size_t at = strlen(r->name);
		if (r->first && left > 2 && at + 1 < sizeof(r->name)) {
			r->name[at] = (char)(p[i] & 0xdf);
			r->name[at + 1] = '\0';
		} else if (!r->first && left > 2) {
			i += (size_t)(left - 2) < n - i ? (size_t)(left - 2) - 1 : n - i - 1;
		}
	}
	r->left -= n;
	if (r->left)
		return n;
	r->first = false;
	r->state = VERIFY_RESP_ARGUMENT;
	if (--r->arguments == 0)
		end_command(r);
	return n;
}

void
verify_resp_add(struct verify_resp *r, const uint8_t *p, size_t len)
{
	while (len && !r->bad) {
		size_t n = 1;
		if (r->state == VERIFY_RESP_DATA) {
			n = take_data(r, p, len);
		} else if (r->state == VERIFY_RESP_START && r->line_len == 0 && *p == '#') {
			r->state = VERIFY_RESP_COMMENT;
		} else if (r->state == VERIFY_RESP_COMMENT) {
			r->state = *p == '\n' ? VERIFY_RESP_START : VERIFY_RESP_COMMENT;
		} else {
			(void)take_line_byte(r, *p);
		}
		r->pos += n;
		p += n;
		len -= n;
	}
}

int
verify_resp_judge(const struct verify_resp *r, struct verify_content *out)
{
	out->entries = r->commands;
	out->offset = r->pos;
	if (r->commands)
		snprintf(
		    out->last, sizeof(out->last), "command %llu", (unsigned long long)r->commands);
	if (r->bad)
		return verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "behind command %llu comes none", (unsigned long long)r->commands);
	if (r->state != VERIFY_RESP_START || r->line_len)
		return verify_content_set(
		    out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, "ends inside a command");
	if (r->in_multi)
		return verify_content_set(
		    out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, "ends inside a transaction");
	return verify_content_set(out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
	    "an append-only file has no end marker");
}
