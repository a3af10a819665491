// qcow2 images: everything that the tables point to lies inside the file; the rest is qemu-img's to say.
#include "verify/verify_private.h"

/*
 * Source: docs/interop/qcow2.txt of QEMU. All numbers are big-endian. A guest cluster is found through
 * L1 and L2 tables; snapshots have L1 tables of their own. Whether the reference counts are right is
 * not looked at here: qemu-img check does that (program.c).
 */
#define HEADER_MAX    112
#define OFFSET_MASK   UINT64_C(0x00fffffffffffe00)
#define COMPRESSED    (UINT64_C(1) << 62)
#define ALL_ZERO      UINT64_C(1)
#define TABLE_MAX     (UINT64_C(32) << 20) /* as QEMU has it */
#define SNAPSHOTS_MAX 65536

struct qcow2 {
	struct verify_stream *s;
	const struct codec_input *in;
	uint64_t cluster;
	unsigned cluster_bits;
	bool extended; /* L2 entries of 16 bytes */
	uint8_t *l2;   /* one table */
	struct err err;
	bool failed; /* reading did */
};

static uint64_t
be(const uint8_t *p, size_t len)
{
	uint64_t v = 0;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static int
fault(struct qcow2 *q, enum verify_reason reason, uint64_t offset, const char *what)
{
	q->s->out->offset = offset;
	verify_content_set(q->s->out, RECORD_VERDICT_FAIL, reason, "%s", what);
	return -1;
}

/* Does the file have these bytes? */
static int
need(struct qcow2 *q, uint64_t offset, uint64_t len, const char *what)
{
	if (offset <= q->in->size && len <= q->in->size - offset)
		return 0;
	return fault(q, VERIFY_REASON_TRUNCATED, q->in->size, what);
}

static int
take(struct qcow2 *q, uint64_t offset, void *data, size_t len, const char *what)
{
	if (need(q, offset, len, what) < 0)
		return -1;
	if (q->in->pread(q->in->arg, data, len, offset, &q->err) == (ssize_t)len)
		return 0;
	q->failed = true;
	return -1;
}

static int
walk_l2(struct qcow2 *q, uint64_t offset)
{
	size_t step = q->extended ? 16 : 8;
	if (take(q, offset, q->l2, q->cluster, "ends inside an L2 table") < 0)
		return -1;
	for (size_t i = 0; i < q->cluster; i += step) {
		uint64_t e = be(q->l2 + i, 8);
		if (e & COMPRESSED) {
			unsigned x = 62 - (q->cluster_bits - 8);
			uint64_t at = e & ((UINT64_C(1) << x) - 1);
			uint64_t sectors = ((e & (COMPRESSED - 1)) >> x) + 1;
			if (need(q, at, sectors * 512 - (at & 511),
				"ends inside a compressed cluster") < 0)
				return -1;
		} else if (e & OFFSET_MASK) {
			if (need(q, e & OFFSET_MASK, q->cluster, "ends inside a cluster") < 0)
				return -1;
		}
	}
	q->s->out->entries++;
	return 0;
}

static int
walk_l1(struct qcow2 *q, uint64_t offset, uint64_t size)
{
	int r = 0;
	if (size * 8 > TABLE_MAX)
		return fault(q, VERIFY_REASON_DAMAGED, offset, "an L1 table is too large");
	uint8_t *l1 = mem_array(size + 1, 8);
	if (take(q, offset, l1, size * 8, "ends inside an L1 table") < 0)
		r = -1;
	for (uint64_t i = 0; i < size && r == 0; i++) {
		uint64_t at = be(l1 + i * 8, 8) & OFFSET_MASK;
		if (at % q->cluster)
			r = fault(
			    q, VERIFY_REASON_DAMAGED, offset + i * 8, "an L1 table is damaged");
		else if (at)
			r = walk_l2(q, at);
		if (r == 0 && q->s->deadline_ms && clock_mono_ms() > q->s->deadline_ms) {
			verify_content_set(q->s->out, RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT,
			    "takes longer than allowed");
			r = -1;
		}
	}
	free(l1);
	return r;
}

static int
walk_refcounts(struct qcow2 *q, uint64_t offset, uint64_t clusters)
{
	uint64_t size = clusters * q->cluster;
	int r = 0;
	if (!clusters || size > TABLE_MAX || offset % q->cluster)
		return fault(q, VERIFY_REASON_DAMAGED, 48, "its reference counts are damaged");
	uint8_t *table = mem_alloc(size);
	if (take(q, offset, table, size, "ends inside its reference counts") < 0)
		r = -1;
	for (uint64_t i = 0; i < size && r == 0; i += 8) {
		uint64_t at = be(table + i, 8);
		if (at % q->cluster)
			r = fault(q, VERIFY_REASON_DAMAGED, offset + i,
			    "its reference counts are damaged");
		else if (at)
			r = need(q, at, q->cluster, "ends inside its reference counts");
	}
	free(table);
	return r;
}

/* A header of 40 bytes and more, id, name; each begins at a multiple of 8. */
static int
walk_snapshots(struct qcow2 *q, uint64_t offset, uint64_t count)
{
	uint8_t h[40];
	if (count > SNAPSHOTS_MAX)
		return fault(q, VERIFY_REASON_DAMAGED, 60, "it has too many snapshots");
	for (uint64_t i = 0; i < count; i++) {
		if (take(q, offset, h, sizeof(h), "ends inside its snapshots") < 0)
			return -1;
		uint64_t len = 40 + be(h + 36, 4) + be(h + 12, 2) + be(h + 14, 2);
		if (need(q, offset, len, "ends inside its snapshots") < 0 ||
		    walk_l1(q, be(h, 8), be(h + 8, 4)) < 0)
			return -1;
		offset += (len + 7) / 8 * 8;
	}
	return 0;
}

static bool
check_header(struct qcow2 *q, const uint8_t *h)
{
	struct verify_content *out = q->s->out;
	uint64_t version = be(h + 4, 4), bits = be(h + 20, 4);
	uint64_t features = version >= 3 ? be(h + 72, 8) : 0;
	if ((version != 2 && version != 3) || (features & ~UINT64_C(0x1f)))
		verify_content_set(out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED,
		    "qcow2 of a kind that is not known here");
	else if (bits < 9 || bits > 21)
		(void)fault(q, VERIFY_REASON_DAMAGED, 20, "its header is damaged");
	else if (be(h + 32, 4))
		verify_content_set(out, RECORD_VERDICT_SKIP, VERIFY_REASON_ENCRYPTED,
		    "encrypted, cannot be looked into");
	else if (features & 2)
		(void)fault(q, VERIFY_REASON_DAMAGED, 72, "marked as corrupt by QEMU");
	else if (features & 4)
		verify_content_set(out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED,
		    "its data is in another file");
	q->cluster_bits = (unsigned)bits;
	q->cluster = UINT64_C(1) << (bits & 31);
	q->extended = features & 16;
	return out->verdict == RECORD_VERDICT_PASS;
}

static void
walk(struct qcow2 *q)
{
	uint8_t h[HEADER_MAX] = {0};
	size_t len = q->in->size < sizeof(h) ? (size_t)q->in->size : sizeof(h);
	if (len < 72 || (take(q, 0, h, len, "") == 0 && be(h + 4, 4) >= 3 && len < 104)) {
		(void)fault(q, VERIFY_REASON_TRUNCATED, len, "ends inside its header");
		return;
	}
	if (q->failed || !check_header(q, h))
		return;
	q->l2 = mem_alloc(q->cluster);
	if (walk_refcounts(q, be(h + 48, 8), be(h + 56, 4)) == 0 &&
	    walk_l1(q, be(h + 40, 8), be(h + 36, 4)) == 0 &&
	    walk_snapshots(q, be(h + 64, 8), be(h + 60, 4)) == 0 &&
	    need(q, be(h + 8, 8), be(h + 8, 8) ? be(h + 16, 4) : 0, "ends inside its header") == 0)
		verify_content_set(q->s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "only qemu-img check knows its reference counts");
	free(q->l2);
}

static bool
bid(const struct verify_stream *s)
{
	return s->head_len >= 4 && !memcmp(s->head, "QFI\xfb", 4);
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct qcow2 q = {.s = s, .in = codec_input(s->codec)};
	if (!q.in->pread)
		return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED,
		    "comes in order only: not looked into");
	walk(&q);
	if (q.failed)
		return err_set(err, ERR_IO, "%s", *q.err.msg ? q.err.msg : "cannot read");
	(void)codec_drain(s->codec, NULL);
	return 0;
}

const struct verify_format verify_format_qcow2 = {
    "qcow2", .anywhere = true, .bid = bid, .check = check};
