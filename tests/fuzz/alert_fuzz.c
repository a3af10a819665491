// Any lines as a night's records: evidence, decisions and their words hold, and a mail of them is one.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "http/http.h"

#define NOW ((int64_t)1795402800)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A header section has only the lines that it should, and no bare CR or LF. */
static void
check_mail(const char *subject)
{
	static const char *const to[] = {"a@b"};
	const struct http_mail mail = {.from = "c@d",
	    .to = to,
	    .to_count = 1,
	    .subject = subject,
	    .text = subject,
	    .html = subject,
	    .id = "1@h",
	    .date = NOW};
	struct buf out = BUF_INIT;
	size_t headers = 0;
	const char *p;

	if (http_mail_format(&mail, &out, NULL) < 0)
		abort();
	for (p = out.data; strncmp(p, "\r\n", 2) != 0; p = strstr(p, "\r\n") + 2)
		headers += *p != ' ';
	assert(headers == 9);
	for (p = out.data; *p; p++) {
		assert((unsigned char)*p < 0x7f &&
		    ((unsigned char)*p >= 0x20 || strchr("\r\n\t", *p)));
		assert(*p != '\n' || (p > out.data && p[-1] == '\r'));
	}
	buf_release(&out);
}

static void
check_row(const struct alert_row *row, enum alert_event event)
{
	struct buf out = BUF_INIT;
	struct record rec = RECORD_INIT;
	struct err err = {0};

	alert_add_record(&out, row, &(struct alert_line){.until = CLOCK_NONE});
	if (out.len <= RECORD_LINE_MAX && record_parse(&rec, out.data, out.len, &err) < 0)
		abort();
	buf_clear(&out);
	alert_add_item(&out, row, event);
	if (out.len <= RECORD_LINE_MAX && record_parse(&rec, out.data, out.len, &err) < 0)
		abort();
	for (const char *p = row->summary; p && *p; p++)
		assert((unsigned char)*p >= 0x20 && *p != 0x7f);
	if (row->summary)
		check_mail(row->summary);
	record_release(&rec);
	buf_release(&out);
}

static void
add_lines(struct alert_evidence *ev, const uint8_t *data, size_t size)
{
	struct record rec = RECORD_INIT;
	const uint8_t *line = data, *newline;
	size_t len;

	while (size) {
		newline = memchr(line, '\n', size);
		len = newline ? (size_t)(newline - line) : size;
		if (record_parse(&rec, (const char *)line, len, NULL) == 0)
			(void)alert_evidence_add(ev, &rec, NULL);
		len += newline ? 1 : 0;
		line += len;
		size -= len;
	}
	record_release(&rec);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct alert_rates rates = {.after = 1, .repeat_s = 1};
	struct alert_options options = {.now = NOW, .host = "h"};
	struct alert_evidence *ev = NULL;
	struct alert_row rows[64] = {0};
	struct alert_entry *entry;
	size_t pos, n;

	for (int i = RECORD_ALERT_BACKUP_FAILURE; i <= RECORD_ALERT_MONITOR_FAILURE; i++)
		options.on[i] = true;
	if (alert_evidence_new(&ev, &options, NULL) < 0)
		abort();
	for (int round = 0; round < 2; round++) { /* the second run meets what the first one left */
		alert_evidence_restart(ev, NOW + round);
		for (n = 0; n < ARRAY_LEN(rows); n++)
			if (rows[n].fingerprint[0] && rows[n].state != ALERT_RESOLVED)
				(void)alert_evidence_expect(ev, &rows[n], NULL);
		add_lines(ev, data, round ? size / 2 : size);
		if (alert_evidence_end(ev, NULL) < 0 || alert_evidence_sort(ev, NULL) < 0)
			abort();
		pos = 0;
		while ((entry = alert_evidence_next(ev, &pos))) {
			for (n = 0; n < ARRAY_LEN(rows) && rows[n].fingerprint[0]; n++)
				if (strcmp(rows[n].fingerprint, alert_entry_fingerprint(entry)) ==
				    0)
					break;
			if (n == ARRAY_LEN(rows) || !alert_merge(&rows[n], entry, NOW + round))
				continue;
			check_row(&rows[n],
			    alert_judge(&rows[n], alert_entry_is_bad(entry), &rates, NOW));
		}
	}
	for (n = 0; n < ARRAY_LEN(rows); n++)
		alert_row_release(&rows[n]);
	alert_evidence_free(ev);
	return 0;
}
