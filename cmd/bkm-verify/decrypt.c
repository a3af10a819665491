// Encrypted backups: a decryptor beside the pool, its output looked into, its end asked for.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "tool/repository.h"

enum {
	PIPE_BYTES = 1 << 20,
	END_MS = 60000, /* from the end of its output to its own */
};

/* The lists of the configuration as the decryptor wants them. */
struct lists {
	const char **argv, **match;
};

static const char **
strings_of(const struct config_list *list)
{
	const char **copy = mem_array(list->count + 1, sizeof(*copy));
	for (size_t i = 0; i < list->count; i++)
		copy[i] = list->items[i];
	return copy;
}

static struct decrypt_command
command_of(const struct config_decrypt *c, struct lists *lists)
{
	*lists = (struct lists){.argv = strings_of(&c->command), .match = strings_of(&c->match)};
	return (struct decrypt_command){
	    .argv = lists->argv,
	    .secret = c->secret,
	    .match = c->match.count ? lists->match : NULL,
	    .unix_sockets = c->unix_sockets,
	    .require = {.bits = SANDBOX_LAYERS_DEFAULT},
	};
}

static void
free_lists(struct lists *lists)
{
	free(lists->argv);
	free(lists->match);
}

bool
app_decrypts(const struct app_item *item, const char *path, int fd)
{
	struct lists lists;
	if (!item->decrypt_by || !item->decrypt_by->command.count)
		return false;
	struct decrypt_command c = command_of(item->decrypt_by, &lists);
	bool wants = decrypt_wants(&c, path_base(path), fd);
	free_lists(&lists);
	return wants;
}

static int
start(struct app *app, struct app_item *item, int fd, int *ret_plain, struct err *err)
{
	struct decrypt_options options = {0};
	struct lists lists;
	int ends[2];
	if (!app->scratch &&
	    sandbox_scratch_open(tool_scratch_base(&app->tool, NULL), &app->scratch, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, ERR_IO, "cannot make a pipe");
	(void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
	options.scratch = app->scratch;
	struct decrypt_command c = command_of(item->decrypt_by, &lists);
	int r = decrypt_start(&item->decrypt, &c, &options, fd, ends[1], err);
	free_lists(&lists);
	if (r < 0) {
		close(ends[0]);
		return -1;
	}
	*ret_plain = ends[0];
	return 0;
}

/* The digest is that of the file, the content is what comes out of the pipe: two jobs, of which the
 * second ends the item. */
int
app_decrypt_submit(struct app *app, struct app_item *item, const char *path,
    const struct verify_job *file, struct err *err)
{
	struct buf name = BUF_INIT;
	struct err why = {0};
	struct verify_job cipher = *file, plain = *file;
	if (start(app, item, file->fd, &plain.fd, &why) < 0) {
		close(file->fd);
		item->answer = (struct verify_answer){
		    .outcome = VERIFY_FAILED, .reason = VERIFY_REASON_DECRYPT};
		snprintf(item->answer.detail, sizeof(item->answer.detail), "%.*s",
		    VERIFY_DETAIL_MAX - 1, why.msg);
		item->answered = true;
		return 0;
	}
	decrypt_plain_name(path_base(path), &name);
	item->waiting = true;
	item->parts = 1;
	app->decrypting++;
	cipher.content = false;
	plain.content = plain.stream = true;
	plain.name = name.data;
	plain.token = item;
	for (size_t i = 0; i < VERIFY_DIGESTS; i++)
		plain.algorithms[i] = NULL;
	int r = 0;
	if (cipher.algorithms[0]) {
		item->parts = 2;
		r = verify_pool_submit(app->pool, &cipher, err);
	} else {
		close(cipher.fd);
	}
	if (r == 0)
		r = verify_pool_submit(app->pool, &plain, err);
	else
		close(plain.fd);
	buf_release(&name);
	return r;
}

/* Without a digest nobody has looked whether the file stayed what it was. */
static enum verify_outcome
outcome_of(struct app_item *item)
{
	const char *path = record_path(&item->rec);
	struct stat st;
	if (!path || stat(path, &st) < 0 || st.st_mtim.tv_sec != item->found.mtime ||
	    (uint64_t)st.st_size != item->found.size)
		return VERIFY_CHANGED;
	return VERIFY_READ;
}

static bool
stopping(void *arg)
{
	(void)arg;
	return tool_stopping();
}

static void
drop(struct app *app, struct app_item *item)
{
	if (item->decrypt)
		app->decrypting--;
	decrypt_free(item->decrypt);
	item->decrypt = NULL;
}

bool
app_decrypt_answer(struct app *app, struct app_item *item, const struct verify_answer *answer)
{
	struct verify_content *c = &item->answer.content;
	struct decrypt_result result;
	if (item->parts == 2) {
		item->answer = *answer;
		item->parts = 1;
		item->ciphered = true;
		return false;
	}
	if (!item->ciphered)
		item->answer =
		    (struct verify_answer){.outcome = outcome_of(item), .bytes = item->found.size};
	if (answer->ms > item->answer.ms)
		item->answer.ms = answer->ms;
	*c = answer->content;
	if (answer->outcome == VERIFY_FAILED) {
		c->verdict = RECORD_VERDICT_ERROR;
		c->reason = answer->reason;
		snprintf(c->detail, sizeof(c->detail), "%s", answer->detail);
	}
	decrypt_wait(item->decrypt, END_MS, stopping, NULL, &result);
	verify_decrypted(c, &result);
	drop(app, item);
	return true;
}

/* Before a signal may end the process: nothing of ours stays behind. */
void
app_decrypt_end(struct app *app)
{
	struct err err = {0};
	for (size_t i = 0; i < app->count; i++)
		drop(app, app_item(app, i));
	if (sandbox_scratch_close(app->scratch, false, &err) < 0)
		tool_error(&app->tool, "%s", err.msg);
	app->scratch = NULL;
}
