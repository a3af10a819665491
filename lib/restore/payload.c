// What is inside the compression as one file in the scratch directory, for those who need a file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/restore_private.h"

int
restore_payload(struct restore_child *child, const char *name)
{
	struct restore_answer *a = child->answer;
	const struct codec_status *status = codec_status(child->codec);
	struct restore_writer w;
	uint64_t offset = 0;
	const uint8_t *data;
	struct err err;
	ssize_t n = 0;
	int r;

	restore_writer_init(&w, child);
	(void)umask(077);
	r = restore_writer_file(&w, name, 0600, CLOCK_NONE);
	while (r == 0 && (n = codec_read(child->codec, &data, &err)) > 0) {
		r = restore_writer_data(&w, data, (size_t)n, offset);
		offset += (uint64_t)n;
	}
	if (r == 0 && n == 0)
		r = restore_writer_end(&w, offset);
	if (r < 0)
		restore_say(a, w.verdict, w.reason, "%s", w.message);
	else if (n < 0)
		restore_say_codec(a, status);
	a->bytes = offset;
	restore_writer_release(&w);
	return r < 0 || n < 0 ? -1 : 0;
}
