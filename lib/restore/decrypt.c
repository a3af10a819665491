// An encrypted backup: its plain bytes as a file without a name in the scratch directory.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define PLAIN ".bkm-plain"
#define HEAD  0x8800 /* where an image says what it is */

/* Do these first bytes look like something? A wrong key without a check of its own gives noise. */
static bool
is_known(int fd)
{
	static const char *const magics[] = {"SQLite format 3", "PGDMP", "REDIS", "QFI\xfb"};
	uint8_t head[HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	size_t len = n > 0 ? (size_t)n : 0, text = 0;

	if (codec_sniff(head, len) != CODEC_NONE || archive_sniff(head, len) != ARCHIVE_KIND_NONE)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (len >= strlen(magics[i]) && memcmp(head, magics[i], strlen(magics[i])) == 0)
			return true;
	}
	/* UTF-8 or another code: of noise six bytes of sixteen are no text. */
	while (text < len && (head[text] >= 32 || strchr("\t\r\n\f", head[text])) && head[text])
		text++;
	return len > 64 && text == len;
}

static void
judge(const struct restore_job *job, const struct decrypt_result *end, int plain, bool full,
    struct restore_result *r, bool *ret_stopped)
{
	switch (end->outcome) {
	case DECRYPT_DONE:
		if (!end->checked && !is_known(plain))
			restore_result_say(r, RECORD_VERDICT_ERROR, "decrypt",
			    "what came out is nothing that bkm knows: the wrong key, or damaged "
			    "from its beginning");
		else
			r->verdict = RECORD_VERDICT_NONE;
		return;
	case DECRYPT_UNSURE:
		if (is_known(plain))
			restore_result_say(r, RECORD_VERDICT_FAIL, "damaged",
			    "decrypting failed behind a good beginning: %.150s", end->message);
		else
			restore_result_say(r, RECORD_VERDICT_ERROR, "decrypt",
			    "decrypting failed, by the wrong key or damage: %.150s", end->message);
		return;
	case DECRYPT_DAMAGED:
		restore_result_say(
		    r, RECORD_VERDICT_FAIL, "damaged", "decrypting failed: %.150s", end->message);
		return;
	case DECRYPT_LIMIT:
		if (full)
			restore_result_say(r, RECORD_VERDICT_ERROR, "no_space",
			    "no space left in the scratch directory");
		else
			restore_result_say(r, RECORD_VERDICT_FAIL, "bomb",
			    "decrypts to more than %llu bytes",
			    (unsigned long long)job->options->max_bytes);
		return;
	case DECRYPT_KEY:
	case DECRYPT_CANNOT:
		restore_result_say(r, RECORD_VERDICT_ERROR, "decrypt",
		    "cannot be decrypted: %.150s", end->message);
		return;
	case DECRYPT_STOPPED:
		*ret_stopped = true;
		restore_result_say(r, RECORD_VERDICT_ERROR, "interrupted", "interrupted");
		return;
	}
}

/* A file that has no name any more: the program writes it, the children read it. */
static int
make_plain(int rootfd, int *ret_out, struct err *err)
{
	int fd = openat(rootfd, PLAIN, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), out = -1;
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (fd >= 0) {
		(void)unlinkat(rootfd, PLAIN, 0);
		(void)close(fd);
		out = high < 0 ? -1 : fcntl(high, F_DUPFD_CLOEXEC, 3);
	}
	if (out < 0) {
		(void)err_sys(err, ERR_IO, "cannot write to the scratch directory");
		if (high >= 0)
			(void)close(high);
		return -1;
	}
	*ret_out = out;
	return high;
}

static int
run(struct restore_job *job, struct sandbox_scratch *scratch, struct decrypt_result *ret_end,
    bool *ret_full, struct err *err)
{
	const struct restore_options *o = job->options;
	int64_t left = job->deadline_ms - clock_mono_ms();
	struct decrypt_options options = {.scratch = scratch,
	    .max_bytes = o->max_bytes < job->space ? o->max_bytes : job->space,
	    .max_ms = left > 1 ? left : 1};
	struct decrypt_command command = *job->subject->decrypt;
	struct decrypt *decrypt = NULL;
	int out, plain = make_plain(job->rootfd, &out, err);

	command.require = o->require;
	command.off = o->sandbox_off;
	*ret_full = job->space < o->max_bytes;
	if (plain < 0)
		return -1;
	if (decrypt_start(&decrypt, &command, &options, job->fd, out, err) < 0) {
		(void)close(plain);
		return -1;
	}
	decrypt_wait(decrypt, 0, o->stop, o->stop_arg, ret_end);
	decrypt_free(decrypt);
	(void)lseek(plain, 0, SEEK_SET);
	return plain;
}

int
restore_decrypt(struct restore_job *job, struct sandbox_scratch *scratch,
    struct restore_result *result, bool *ret_stopped)
{
	struct decrypt_result end;
	struct err err = {.code = ERR_NONE};
	bool full;
	int plain = run(job, scratch, &end, &full, &err);
	struct stat st;

	if (plain < 0) {
		restore_result_say(result, RECORD_VERDICT_ERROR, "io_error", "%s", err.msg);
		return -1;
	}
	judge(job, &end, plain, full, result, ret_stopped);
	if (result->verdict == RECORD_VERDICT_NONE && fstat(plain, &st) == 0 && st.st_size == 0)
		restore_result_say(
		    result, RECORD_VERDICT_FAIL, "empty", "there is nothing in it, once decrypted");
	if (result->verdict != RECORD_VERDICT_NONE) {
		(void)close(plain);
		return -1;
	}
	job->fd = plain;
	job->size = (uint64_t)st.st_size;
	job->plain = true;
	return 0;
}
