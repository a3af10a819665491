// bkm-report: write what the store knows as HTML, CSV, JSON, text, or what a jq program makes of it.
#include <sys/stat.h>

#include "bkm-report/app.h"

/* What the command line names, else what the configuration does. */
static int
choose(void *ctx, struct err *err)
{
	struct app *app = ctx;
	const struct config *config = app->tool->config;
	bool named = app->formats.count > 0 || app->template;
	const char *template = named ? app->template : config->reporting.template;
	char *by_default = mem_printf("%s/", config->reporting.output_directory);
	const char *where = app->where ? app->where : by_default;
	char *directory = tool_share("report"), *library = tool_share("report/lib");
	int r = 0;

	for (size_t i = 0; i < app->formats.count && r == 0; i++)
		r = report_outputs_add(&app->outputs, directory, app->formats.items[i], err);
	for (size_t i = 0; !named && i < config->reporting.formats.count && r == 0; i++)
		r = report_outputs_add(
		    &app->outputs, directory, config->reporting.formats.items[i], err);
	if (template)
		report_outputs_add_program(&app->outputs, template);
	if (app->outputs.is_check && !app->where)
		where = "-";
	if (r == 0)
		r = report_outputs_open(&app->outputs, library, where, err);
	if (r == 0 && app->outputs.count > 0 && !app->outputs.items[0].path)
		app->tool->quiet = true;
	app->unsaved = mem_array(app->outputs.count + 1, sizeof(*app->unsaved));
	free(by_default);
	free(directory);
	free(library);
	return r;
}

static int
commit(void *ctx, struct err *err)
{
	struct app *app = ctx;

	for (size_t i = 0; i < app->outputs.count; i++) {
		const struct report_output *out = &app->outputs.items[i];
		struct app_unsaved *unsaved = &app->unsaved[i];

		if (unsaved->is &&
		    store_report_put(app->tool->store, app->tool->now, out->format, out->path,
			unsaved->bytes, err) < 0)
			return -1;
		unsaved->is = false;
	}
	return 0;
}

static int
write_record(struct app *app, size_t i, struct err *err)
{
	const struct report_output *out = &app->outputs.items[i];
	struct buf line = BUF_INIT;
	struct json j;
	int r;

	record_begin(&j, &line, RECORD_REPORT);
	json_str(&j, "format", out->format);
	json_path(&j, "path", out->path);
	json_uint(&j, "bytes", app->unsaved[i].bytes);
	record_end(&j);
	app->unsaved[i].is = true;
	tool_dirty(app->tool);
	r = tool_put_line(app->tool, &line, err);
	buf_release(&line);
	return r;
}

/* What goes wrong with one format does not keep the others from being written. */
static int
write_one(struct app *app, size_t i, const struct buf *document, mode_t mask, struct err *err)
{
	const struct report_output *out = &app->outputs.items[i];
	struct err own = {0};
	int r = report_output_write(out, document, mask, &app->unsaved[i].bytes, &own);

	if (r == 0)
		return out->path ? write_record(app, i, err) : 0;
	if (!out->path && own.code != ERR_FORMAT) {
		*err = own; /* standard output is gone or full */
		return -1;
	}
	return tool_trouble(app->tool, NULL, out->path ? out->path : out->program,
	    own.code == ERR_DENIED ? "permission_denied" : "other", err, "format '%s': %s",
	    out->format, own.msg);
}

static int
write_all(struct app *app, struct err *err)
{
	struct buf document = BUF_INIT;
	mode_t mask = umask(0);
	int r;

	(void)umask(mask);
	r = app_gather(app, &document, err);
	for (size_t i = 0; i < app->outputs.count && r == 0; i++)
		r = write_one(app, i, &document, mask, err);
	buf_release(&document);
	return r;
}

/* Also when things went wrong before the outputs were chosen. */
static bool
is_check(const struct app *app)
{
	for (size_t i = 0; i < app->formats.count; i++) {
		if (report_format_is_check(app->formats.items[i]))
			return true;
	}
	return app->outputs.is_check;
}

int
main(int argc, char **argv)
{
	struct app app = {0};
	const struct tool_option options[] = {
	    {"format", 'f', "LIST", .list = &app.formats, .commas = true,
		.help = "html, csv, json, text, prometheus, nagios: what to write, several "
			"with commas (default: reporting.formats)"},
	    {"output", 'o', "PATH", .text = &app.where,
		.help = "a file, a directory for several formats, or - for standard output "
			"instead of records (default: reporting.output_directory)"},
	    {"template", 0, "FILE", .text = &app.template,
		.help = "a jq program of your own that makes the text"},
	    {0},
	};
	const struct tool_spec spec = {
	    .name = "bkm-report",
	    .usage = "[OPTION]...",
	    .about = "Write reports from what the store knows. Records on standard input are "
		     "passed on and do not narrow a report; -l does.",
	    .notes = "Example:\n"
		     "  bkm-report --stored -f text -o -     how things stand, on the terminal\n",
	    .options = options,
	    .input = TOOL_INPUT_PASS,
	    .default_days = 7,
	    .check = choose,
	    .commit = commit,
	    .ctx = &app,
	};
	struct tool tool = TOOL_INIT;
	struct record rec = RECORD_INIT;
	struct err err = {0};
	bool check;
	int r, status;

	app.tool = &tool;
	if (tool_parse(&tool, &spec, argc, argv) != 0) {
		check = is_check(&app);
		status = tool_close(&tool, 0, NULL);
		return status && check ? report_check_status(RECORD_GRADE_NONE) : status;
	}
	r = tool_open(&tool, TOOL_RUN, &err);
	while (r >= 0 && (r = tool_next(&tool, &rec, &err)) > 0)
		r = tool_put(&tool, &rec, &err);
	if (r == 0)
		r = write_all(&app, &err);
	if (r == 0)
		r = tool_flush(&tool, &err);
	record_release(&rec);
	check = is_check(&app);
	status = tool_close(&tool, r, &err);
	if (check)
		status = status == TOOL_EXIT_OK ? report_check_status(app.grade) : 3;
	report_free(app.report);
	report_outputs_release(&app.outputs);
	free(app.unsaved);
	return status;
}
