// Which report programs run, and where what they make goes.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/report_private.h"

void
report_outputs_release(struct report_outputs *outs)
{
	for (size_t i = 0; i < outs->count; i++) {
		struct report_output *out = &outs->items[i];

		record_template_free(out->tmpl);
		free(out->format);
		free(out->program);
		free(out->file);
		free(out->path);
	}
	free(outs->items);
	*outs = (struct report_outputs){0};
}

static void
add(struct report_outputs *outs, char *format, char *program, char *file)
{
	outs->items = mem_resize(outs->items, outs->count + 1, sizeof(*outs->items));
	outs->items[outs->count++] =
	    (struct report_output){.format = format, .program = program, .file = file};
}

static bool
has_format(const struct report_outputs *outs, const char *format)
{
	for (size_t i = 0; i < outs->count; i++) {
		if (strcmp(outs->items[i].format, format) == 0)
			return true;
	}
	return false;
}

static int
is_program(const struct dirent *entry)
{
	return str_has_suffix(entry->d_name, ".jq");
}

static int
unknown(const char *directory, const char *format, struct err *err)
{
	struct dirent **entries = NULL;
	struct buf names = BUF_INIT;
	int count = scandir(directory, &entries, is_program, alphasort);

	if (count < 0)
		return err_sys(err, ERR_IO, "cannot read '%s'", directory);
	for (int i = 0; i < count; i++) {
		size_t len = strlen(entries[i]->d_name) - strlen(".jq");

		buf_printf(&names, "%s%.*s", i ? ", " : "", (int)len, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	(void)err_set(err, ERR_USAGE, "unknown format '%s'; there are: %s", format, names.data);
	buf_release(&names);
	return -1;
}

int
report_outputs_add(
    struct report_outputs *outs, const char *directory, const char *format, struct err *err)
{
	char *program = mem_printf("%s/%s.jq", directory, format);
	bool known = report_format_valid(format) && access(program, R_OK) == 0;

	if (!known || has_format(outs, format)) {
		free(program);
		return known ? 0 : unknown(directory, format, err);
	}
	outs->is_check = outs->is_check || report_format_is_check(format);
	add(outs, mem_strdup(format), program,
	    mem_printf("report.%s", report_format_extension(format)));
	return 0;
}

/* weekly.md.jq writes weekly.md. */
void
report_outputs_add_program(struct report_outputs *outs, const char *path)
{
	const char *base = path_base(path);
	size_t len = strlen(base);

	if (str_has_suffix(base, ".jq") && len > strlen(".jq"))
		len -= strlen(".jq");
	add(outs, mem_strndup(base, len), mem_strdup(path), mem_strndup(base, len));
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return str_has_suffix(path, "/") || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int
place(struct report_outputs *outs, const char *where, struct err *err)
{
	bool to_file = outs->count == 1 && !is_directory(where);
	char *here, *joined, *base;

	if (strcmp(where, "-") == 0 || strcmp(where, "/dev/stdout") == 0)
		return outs->count == 1
		    ? 0
		    : err_set(
			  err, ERR_USAGE, "standard output takes one format, not %zu", outs->count);
	here = getcwd(NULL, 0);
	if (!here)
		return err_sys(err, ERR_IO, "cannot tell the current directory");
	joined = path_join(here, where);
	base = path_clean(joined);
	for (size_t i = 0; i < outs->count; i++) {
		struct report_output *out = &outs->items[i];

		out->path = to_file ? mem_strdup(base) : path_join(base, out->file);
	}
	free(base);
	free(joined);
	free(here);
	return 0;
}

int
report_outputs_open(
    struct report_outputs *outs, const char *library, const char *where, struct err *err)
{
	if (outs->is_check && outs->count > 1)
		return err_set(err, ERR_USAGE, "a check must be the only format");
	for (size_t i = 0; i < outs->count; i++) {
		struct report_output *out = &outs->items[i];

		if (record_template_open(&out->tmpl, out->program, library, NULL, err) == 0)
			continue;
		if (err)
			err->code = ERR_CONFIG;
		return -1;
	}
	return place(outs, where, err);
}

static int
write_file(const char *path, const struct buf *text, mode_t mask, struct err *err)
{
	char *directory = path_dir(path);
	int r = fsio_mkdirs(directory, 0777, err);

	if (r == 0)
		r = report_write(path, text, 0666 & ~mask, err);
	free(directory);
	return r;
}

int
report_output_write(const struct report_output *out, const struct buf *document, mode_t mask,
    uint64_t *ret_bytes, struct err *err)
{
	struct buf text = BUF_INIT;
	int r = record_template_run(out->tmpl, document->data, document->len, &text, err);

	if (r == 0 && text.failed)
		r = err_set(err, ERR_LIMIT, "what '%s' makes is too large", out->program);
	if (r == 0 && out->path)
		r = write_file(out->path, &text, mask, err);
	else if (r == 0)
		r = fsio_write_all(STDOUT_FILENO, text.data, text.len, "standard output", err);
	*ret_bytes = text.len;
	buf_release(&text);
	return r;
}
