// The table of contents of a xar archive: all that it points to lies in the file; which sums it has.
//
// Layout: header, table of contents (XML in zlib), heap; https://github.com/apple-oss-distributions/xar.
// libarchive leaves the last bytes of what is packed unread, so that it takes a cut there for whole.
#include "archive/archive_private.h"

#define HEADER 28
#define PIECE  65536

struct toc {
	struct archive_walker *w;
	uint64_t at, left; /* of the packed table, in the file */
	uint64_t heap;     /* bytes behind it */
	/* the element that is at hand */
	char tag[96], text[24];
	size_t tag_len, text_len;
	bool in_tag;
	uint64_t offset, length;
	bool summed;  /* what it unpacks to has a checksum that libarchive makes */
	bool outside; /* something lies behind the end of the file */
	bool all_summed;
	uint8_t piece[PIECE];
};

static uint64_t
be(const uint8_t *p, size_t len)
{
	uint64_t v = 0;
	while (len--)
		v = v << 8 | *p++;
	return v;
}

static ssize_t
read_packed(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct toc *t = arg;
	const struct codec_input *in = codec_input(t->w->codec);
	size_t want = t->left < PIECE ? (size_t)t->left : PIECE;
	ssize_t n = want ? in->pread(in->arg, t->piece, want, t->at, err) : 0;
	if (n > 0) {
		t->at += (uint64_t)n;
		t->left -= (uint64_t)n;
	}
	*ret_data = t->piece;
	return n;
}

/* Elements that say where something is; what a file unpacks to is in <data>. */
static void
end_of_tag(struct toc *t)
{
	const char *tag = t->tag;
	bool data = !strcmp(tag, "/data");
	if (!strcmp(tag, "data") || !strncmp(tag, "ea ", 3) || !strcmp(tag, "ea")) {
		t->offset = t->length = 0;
		t->summed = false;
	} else if (!strncmp(tag, "extracted-checksum ", 19)) {
		t->summed = strstr(tag, "\"sha1\"") || strstr(tag, "\"md5\"");
	} else if (!strcmp(tag, "/offset")) {
		(void)str_to_u64(t->text, 0, INT64_MAX, &t->offset, NULL);
	} else if (!strcmp(tag, "/length")) {
		(void)str_to_u64(t->text, 0, INT64_MAX, &t->length, NULL);
	} else if (data || !strcmp(tag, "/ea")) {
		t->outside = t->outside || t->offset > t->heap || t->length > t->heap - t->offset;
		t->all_summed = t->all_summed && (!data || t->summed);
	}
}

static void
add(struct toc *t, char c)
{
	if (c == '<') {
		t->in_tag = true;
		t->tag_len = 0;
	} else if (t->in_tag && c == '>') {
		t->in_tag = false;
		t->tag[t->tag_len] = t->text[t->text_len] = '\0';
		end_of_tag(t);
		t->text_len = 0;
	} else if (t->in_tag && t->tag_len + 1 < sizeof(t->tag)) {
		t->tag[t->tag_len++] = c;
	} else if (!t->in_tag && t->text_len + 1 < sizeof(t->text)) {
		t->text[t->text_len++] = c;
	}
}

static int
read_toc(struct toc *t)
{
	struct archive_walker *w = t->w;
	struct codec_input input = {.read = read_packed, .arg = t};
	struct codec_limits l = {.deadline_ms = w->limits.deadline_ms,
	    .max_bytes = w->limits.max_bytes,
	    .max_ratio = w->limits.max_ratio};
	struct codec *c = NULL;
	const uint8_t *p = NULL;
	ssize_t n = codec_open_as(&c, CODEC_ZLIB, &input, &l, w->err);
	while (n == 0 && (n = codec_read(c, &p, w->err)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			add(t, (char)p[i]);
		n = 0;
		if (codec_status(c)->ended)
			break;
	}
	enum codec_fault fault = c ? codec_status(c)->fault : CODEC_FAULT_INPUT;
	codec_close(c);
	if (n == 0)
		return 0;
	return archive_fault_set(w,
	    fault == CODEC_FAULT_INPUT      ? ARCHIVE_FAULT_INPUT
		: fault == CODEC_FAULT_BOMB ? ARCHIVE_FAULT_BOMB
		: fault == CODEC_FAULT_TIME ? ARCHIVE_FAULT_TIME
					    : ARCHIVE_FAULT_DAMAGED,
	    "its table of contents is damaged");
}

int
archive_check_xar(struct archive_walker *w, bool *ret_summed)
{
	const struct codec_input *in = codec_input(w->codec);
	uint8_t h[HEADER];
	ssize_t n = in->pread(in->arg, h, HEADER, 0, w->err);
	if (n < 0)
		return archive_fault_set(w, ARCHIVE_FAULT_INPUT, "input");
	if (n < HEADER)
		return archive_fault_set(w, ARCHIVE_FAULT_TRUNCATED, "ends inside its header");
	uint64_t size = be(h + 4, 2), packed = be(h + 8, 8);
	if (size > in->size || packed > in->size - size)
		return archive_fault_set(
		    w, ARCHIVE_FAULT_TRUNCATED, "ends inside its table of contents");
	struct toc *t = mem_alloc(sizeof(*t));
	t->w = w;
	t->at = size;
	t->left = packed;
	t->heap = in->size - size - packed;
	t->all_summed = true;
	int r = read_toc(t);
	if (r == 0 && t->outside)
		r = archive_fault_set(
		    w, ARCHIVE_FAULT_TRUNCATED, "ends before what its table of contents promises");
	*ret_summed = t->all_summed;
	free(t);
	return r;
}
