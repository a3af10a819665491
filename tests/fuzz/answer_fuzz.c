// Any bytes as the answer of a program or an enclosed child: a handler of repositories, a decryptor, the
// child of a drill. None of it is believed without a look.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decrypt/decrypt.h"
#include "repository/repository_private.h"
#include "restore/restore_private.h"

static const uint8_t *said;
static size_t said_len;

/* In place of the one in lib/repository/run.c, which runs a program. */
int
repository_ask(struct repository *repository, const struct repository_question *question,
    struct buf *answer, struct sandbox_result *ret_end, struct err *err)
{
	(void)repository;
	(void)question;
	(void)err;
	*ret_end = (struct sandbox_result){.end = SANDBOX_DONE};
	buf_add(answer, said, said_len);
	buf_char(answer, '\0');
	answer->len--;
	return 0;
}

static int
see(void *arg, const struct repository_snapshot *snapshot, struct err *err)
{
	(void)arg;
	(void)err;
	if (!snapshot->id || !*snapshot->id || strchr(snapshot->id, '/'))
		abort();
	return 0;
}

static void
repositories(void)
{
	struct repository r = {.dirfd = -1};
	struct repository_trouble trouble;
	struct repository_verdict verdict = {.verdict = RECORD_VERDICT_NONE};
	struct buf identity = BUF_INIT;
	struct err err;

	(void)repository_list(&r, "", see, NULL, &identity, &trouble, &err);
	buf_release(&identity);
	if (repository_verify(&r, "a", 1, 2, &verdict, &err) == 0 &&
	    verdict.verdict == RECORD_VERDICT_PASS && verdict.level == RECORD_LEVEL_NONE)
		abort();
	verdict = (struct repository_verdict){.verdict = RECORD_VERDICT_NONE};
	const struct repository_sample sample = {.files = 1, .bytes = 1};
	if (repository_restore(&r, "a", &sample, &verdict, &err) == 0 &&
	    verdict.verdict == RECORD_VERDICT_PASS && verdict.files == 0)
		abort();
}

static void
decryptors(void)
{
	struct sandbox_result end = {.end = SANDBOX_DONE, .status = 2};
	struct decrypt_result r;
	char *text = mem_strndup((const char *)said, said_len);

	decrypt_judge(&end, said, said_len < 64 ? said_len : 64, text, &r);
	if (r.outcome == DECRYPT_DONE || strlen(r.message) >= sizeof(r.message))
		abort();
	free(text);
}

static void
drills(void)
{
	struct restore_result r = {.verdict = RECORD_VERDICT_NONE};
	struct restore_answer a;
	struct buf answer = BUF_INIT;
	const uint32_t magic = RESTORE_ANSWER_MAGIC;

	/* A child that keeps to the form, else nearly nothing gets past the first look. */
	buf_add(&answer, said, said_len);
	while (answer.len < sizeof(a))
		buf_char(&answer, '\0');
	memcpy(answer.data, &magic, sizeof(magic));
	(void)restore_answer_take(&answer, &r, &a);
	if (r.verdict > RECORD_VERDICT_SKIP || strlen(r.message) >= sizeof(r.message))
		abort();
	restore_result_release(&r);
	buf_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	said = data;
	said_len = size;
	if (size > 1 << 20)
		return 0;
	repositories();
	decryptors();
	drills();
	return 0;
}
