// A jq program from a file that turns one JSON document into text.
#include <stdlib.h>
#include <string.h>

#include "record/jq_private.h"

#define PROGRAM_MAX ((size_t)1 << 20)

struct record_template {
	struct record_jq *jq;
};

int
record_template_open(struct record_template **ret_template, const char *path, const char *library,
    const struct record_argument *args, struct err *err)
{
	struct record_template *tmpl = NULL;
	struct buf program = BUF_INIT;
	char *dir = path_dir(path), *subject = mem_printf("'%s'", path);
	const char *const dirs[] = {dir, library, NULL};
	int r = -1;

	if (fsio_read_file(path, PROGRAM_MAX, &program, err) < 0)
		goto out;
	if (strlen(program.data) != program.len) {
		(void)err_set(err, ERR_CONFIG, "%s: is no jq program", subject);
		goto out;
	}
	tmpl = mem_alloc(sizeof(*tmpl));
	if (record_jq_new(&tmpl->jq, program.data, subject, dirs, args, ERR_CONFIG, err) < 0) {
		free(tmpl);
		goto out;
	}
	*ret_template = tmpl;
	r = 0;
out:
	buf_release(&program);
	free(subject);
	free(dir);
	return r;
}

void
record_template_free(struct record_template *tmpl)
{
	if (!tmpl)
		return;
	record_jq_free(tmpl->jq);
	free(tmpl);
}

int
record_template_run(struct record_template *tmpl, const char *document, size_t len, struct buf *out,
    struct err *err)
{
	int r;

	if (record_jq_start(tmpl->jq, document, len, err) < 0)
		return -1;
	do {
		r = record_jq_next(tmpl->jq, out, NULL, err);
	} while (r > 0);
	return r;
}
