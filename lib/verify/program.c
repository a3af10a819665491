// Formats that a program of others judges, in the sandbox: qcow2, by qemu-img check.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "verify/verify_private.h"

#define QEMU_IMG   "/usr/bin/qemu-img"
#define ALONE_MS   60000
#define MS_PER_MIB 100
#define ANSWER_MAX (64 * 1024)
#define MEMORY     (UINT64_C(2) << 30)

struct qemu {
	int fd;
};

/* The format is forced, so that nobody's first bytes choose another one, and no backing file is
 * opened. Standard output is the answer. */
static int
run_check(void *arg, int answer)
{
	struct qemu *q = arg;
	char image[160];
	char *envp[] = {(char[]){"LC_ALL=C"}, (char[]){"PATH=/usr/bin:/bin"}, NULL};
	snprintf(image, sizeof(image),
	    "json:{\"driver\":\"qcow2\",\"backing\":null,\"file\":{\"driver\":\"file\","
	    "\"filename\":\"/proc/self/fd/%d\"}}",
	    q->fd);
	char *argv[] = {(char[]){"qemu-img"}, (char[]){"check"}, (char[]){"-U"},
	    (char[]){"--output=json"}, image, NULL};
	if (fcntl(q->fd, F_SETFD, 0) < 0 || dup2(answer, 1) < 0 || dup2(answer, 2) < 0)
		return 126;
	(void)execve(QEMU_IMG, argv, envp);
	return 127;
}

/* The exit status is documented: 0 fine, 1 not completed, 2 corrupt, 3 leaked clusters only. */
static void
judge(struct verify_content *c, const struct sandbox_result *r, const char *text)
{
	struct verify_content found = *c;
	found.verdict = RECORD_VERDICT_PASS;
	found.reason = VERIFY_REASON_NONE;
	found.level = RECORD_LEVEL_COMPLETE;
	found.detail[0] = '\0';
	found.warnings |= VERIFY_WARN_UNCHECKED;
	if (r->end == SANDBOX_TIMEOUT)
		verify_content_set(&found, RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT,
		    "qemu-img check took longer than allowed");
	else if (r->end != SANDBOX_DONE && r->end != SANDBOX_OVERFLOW)
		verify_content_set(
		    &found, RECORD_VERDICT_ERROR, VERIFY_REASON_CRASHED, "qemu-img check died");
	else if (r->end == SANDBOX_OVERFLOW || r->status == 2)
		verify_content_set(&found, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "qemu-img check finds it corrupt");
	else if (r->status != 0 && r->status != 3)
		verify_content_set(&found, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "qemu-img check could not: %.*s",
		    (int)strcspn(text, "\n") < 120 ? (int)strcspn(text, "\n") : 120, text);
	*c = found;
}

bool
verify_program_wanted(const struct verify_answer *answer)
{
	const struct verify_content *c = &answer->content;
	return answer->outcome == VERIFY_READ && !strcmp(c->format, "qcow2") && !*c->codec &&
	    c->verdict == RECORD_VERDICT_SKIP && c->reason == VERIFY_REASON_UNVERIFIABLE;
}

int
verify_program(const char *path, struct verify_answer *answer, struct err *err)
{
	static const struct sandbox_path system[] = {{.path = "/usr", .access = SANDBOX_EXEC},
	    {.path = "/lib", .access = SANDBOX_EXEC}, {.path = "/lib64", .access = SANDBOX_EXEC},
	    {.path = "/etc/ld.so.cache", .access = SANDBOX_READ},
	    {.path = "/dev/null", .access = SANDBOX_WRITE},
	    {.path = "/dev/urandom", .access = SANDBOX_READ}};
	struct sandbox_path paths[ARRAY_LEN(system) + 1];
	struct verify_job job;
	struct sandbox_result result;
	struct buf text = BUF_INIT_MAX(ANSWER_MAX);
	struct verify_content *c = &answer->content;
	if (access(QEMU_IMG, X_OK) != 0) {
		c->reason = VERIFY_REASON_NOT_INSTALLED;
		snprintf(c->detail, sizeof(c->detail),
		    "qemu-img is not installed: install the package qemu-utils");
		return 0;
	}
	if (verify_open(path, NULL, &job, err) < 0)
		return -1;
	struct qemu q = {.fd = job.fd};
	memcpy(paths, system, sizeof(system));
	paths[ARRAY_LEN(system)] = (struct sandbox_path){.fd = job.fd, .access = SANDBOX_READ};
	struct sandbox_profile profile = {
	    .paths = paths,
	    .path_count = ARRAY_LEN(paths),
	    .keep_fds = &q.fd,
	    .keep_fd_count = 1,
	    .programs = true,
	    .keep_user = true,
	    .memory_bytes = MEMORY,
	};
	struct sandbox_run run = {
	    .profile = &profile,
	    .wall_ms = ALONE_MS + (int64_t)(job.size >> 20) * MS_PER_MIB,
	    .answer_max = ANSWER_MAX,
	};
	int r = sandbox_run(&run, run_check, &q, &text, &result, err);
	if (r == 0)
		judge(c, &result, text.data);
	close(job.fd);
	buf_release(&text);
	return r;
}
