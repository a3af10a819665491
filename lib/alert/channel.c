// What a channel is given: a document of the message, turned into a payload by jq programs.
#include <stdlib.h>
#include <string.h>

#include "alert/alert_private.h"
#include "http/http.h"

#define PAYLOAD_MAX ((size_t)4 << 20)

static const char *
type_word(enum alert_channel_type type)
{
	static const char *const words[] = {
	    [ALERT_EMAIL] = "email",
	    [ALERT_SLACK] = "slack",
	    [ALERT_LOG] = "log",
	    [ALERT_WEBHOOK] = "webhook",
	};

	return words[type];
}

static int
check_email(const struct alert_channel *c, struct err *err)
{
	if (http_check_smtp_url(c->url ? c->url : "", err) < 0 ||
	    http_mail_check_address(c->from ? c->from : "", err) < 0)
		return -1;
	if (!c->to_count)
		return err_set(err, ERR_CONFIG, "nobody to write to");
	for (size_t i = 0; i < c->to_count; i++)
		if (http_mail_check_address(c->to[i], err) < 0)
			return -1;
	return 0;
}

int
alert_channel_check(const struct alert_channel *c, struct err *err)
{
	int r = 0;

	switch (c->type) {
	case ALERT_EMAIL:
		r = check_email(c, err);
		break;
	case ALERT_SLACK:
	case ALERT_WEBHOOK:
		r = http_check_url(c->url ? c->url : "", err);
		break;
	case ALERT_LOG:
		if (!c->file && !c->syslog)
			r = err_set(err, ERR_CONFIG, "neither a file nor syslog is given");
		break;
	}
	return r < 0 ? err_wrap(err, "alerts.%s", c->name) : 0;
}

void
alert_channel_where(const struct alert_channel *c, struct buf *out)
{
	if (c->type != ALERT_LOG) {
		http_add_host(out, c->url ? c->url : "");
		return;
	}
	if (c->file) {
		buf_str(out, "file '");
		str_add_visible(out, c->file, strlen(c->file));
		buf_char(out, '\'');
	}
	if (c->syslog)
		buf_str(out, c->file ? " and syslog" : "syslog");
}

void
alert_payload_release(struct alert_payload *payload)
{
	buf_release(&payload->subject);
	buf_release(&payload->text);
	buf_release(&payload->html);
	buf_release(&payload->body);
}

static void
add_document(
    struct buf *out, const struct alert_channel *channel, const struct alert_message *message)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_int(&j, "v", RECORD_VERSION);
	json_str(&j, "id", message->id);
	json_str(&j, "channel", channel->name);
	json_str(&j, "type", type_word(channel->type));
	json_time(&j, "at", message->at);
	json_str(&j, "app", message->app);
	json_str(&j, "host", message->host);
	json_str(&j, "version", message->version);
	json_bool(&j, "test", message->test);
	json_raw(&j, "alerts", message->items, strlen(message->items));
	json_object_end(&j);
}

static int
run_program(const char *share, const char *name, const struct buf *document, struct buf *out,
    struct err *err)
{
	char *path = mem_printf("%s/%s.jq", share, name);
	char *library = mem_printf("%s/lib", share);
	struct record_template *program = NULL;
	int r = -1;

	out->max = PAYLOAD_MAX;
	if (record_template_open(&program, path, library, NULL, err) < 0)
		goto out;
	r = record_template_run(program, document->data, document->len, out, err);
out:
	record_template_free(program);
	free(path);
	free(library);
	return r;
}

static void
chomp(struct buf *text)
{
	while (text->len && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
}

/* Message-ID: the message's id at a host name that is nothing but one. */
static void
add_message_id(struct buf *out, const struct alert_message *message)
{
	const char *p;
	size_t start;

	buf_printf(out, "bkm.%s@", message->id);
	start = out->len;
	for (p = message->host ? message->host : ""; *p && out->len - start < 200; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || *p == '-' || *p == '.')
			buf_char(out, *p);
	if (out->len == start)
		buf_str(out, "localhost");
}

static void
set_mail(struct http_mail *mail, const struct alert_channel *channel,
    const struct alert_message *message, const struct alert_payload *payload, const char *id)
{
	*mail = (struct http_mail){
	    .from = channel->from,
	    .to = channel->to,
	    .to_count = channel->to_count,
	    .subject = payload->subject.data,
	    .text = payload->text.data,
	    .html = payload->html.data,
	    .id = id,
	    .date = message->at,
	};
}

static int
render_email(const struct alert_channel *channel, const struct alert_message *message,
    const char *share, const struct buf *document, struct alert_payload *payload, struct err *err)
{
	struct http_mail mail;
	struct buf id = BUF_INIT;
	int r = -1;

	if (run_program(share, "email-subject", document, &payload->subject, err) < 0 ||
	    run_program(share, "email-text", document, &payload->text, err) < 0 ||
	    run_program(share, "email-html", document, &payload->html, err) < 0)
		return -1;
	chomp(&payload->subject);
	add_message_id(&id, message);
	set_mail(&mail, channel, message, payload, id.data);
	r = http_mail_format(&mail, &payload->body, err);
	buf_release(&id);
	return r;
}

int
alert_render(const struct alert_channel *channel, const struct alert_message *message,
    const char *share, struct alert_payload *ret_payload, struct err *err)
{
	struct alert_payload payload = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
	struct buf document = BUF_INIT;
	int r;

	add_document(&document, channel, message);
	if (channel->type == ALERT_EMAIL) {
		r = render_email(channel, message, share, &document, &payload, err);
	} else {
		r = run_program(share, type_word(channel->type), &document, &payload.body, err);
		if (channel->type != ALERT_LOG)
			chomp(&payload.body);
	}
	if (r == 0 && !payload.body.len)
		r = err_set(err, ERR_FORMAT, "the payload of channel '%s' is empty", channel->name);
	buf_release(&document);
	if (r < 0)
		alert_payload_release(&payload);
	else
		*ret_payload = payload;
	return r;
}
