#!/usr/bin/env bats
# bkm-alert: mail, Slack and webhook as real servers see them.
bats_require_minimum_version 1.5.0
load ../lib
load ../fixtures/alert/servers

setup() {
	bkm_setup
}

teardown() {
	stop_servers
}

# parsed PYTHON: a mail of mail/mails through Python's mail reader; m is the message, text and html
# its parts, row what the server saw.
parsed() {
	/usr/bin/python3 - "$1" <<'END'
import email, email.policy, json, sys
row = json.loads(open("mail/mails", encoding="utf-8").read().splitlines()[-1])
m = email.message_from_string(row["data"], policy=email.policy.default)
text = m.get_body(("plain",)).get_content()
html = m.get_body(("html",)).get_content()
print(eval(sys.argv[1]))
END
}

email_config() {
	alert_config <<-END
		email:
		  server: $1
		  from: Backups <bkm@example.org>
		  to: [ops@example.org, boss@example.org]
		$(cat)
	END
}

@test "mail: status, reason, what was due, what to do, in text and HTML; all headers" {
	start_server mail smtpd.py
	email_config "smtp://127.0.0.1:$PORT" <<<'  tls: none'
	{
		failed a empty
		series late
		rec series 'series:"older",status:"missing",newest:{path:"/b/o.gz",size:2048,mtime:"2026-11-01T02:00:00Z"}'
	} >in
	run --separate-stderr at 2026-11-22T05:00:00Z bkm-alert in
	expect 1
	[ "$(wc -l <mail/mails)" -eq 1 ]
	[ "$(parsed 'row["from"]')" = bkm@example.org ]
	[ "$(parsed 'row["to"]')" = "['ops@example.org', 'boss@example.org']" ]
	has "$(parsed 'm["Subject"]')" "[Backup Monitor] 2 critical: db: "
	has "$(parsed 'm["Subject"]')" "($(hostname))"
	[ "$(parsed 'm["From"]')" = 'Backups <bkm@example.org>' ]
	[ "$(parsed 'm["To"]')" = 'ops@example.org, boss@example.org' ]
	[ "$(parsed 'm["Auto-Submitted"]')" = auto-generated ]
	[ "$(parsed 'm["Date"]')" = 'Sun, 22 Nov 2026 05:00:00 +0000' ]
	[ "$(parsed 'm["MIME-Version"]')" = 1.0 ]
	[ "$(parsed 'm.get_content_type()')" = multipart/alternative ]
	[ "$(parsed '[p.get_content_type() + " " + p["Content-Transfer-Encoding"] for p in m.iter_parts()]')" = \
		"['text/plain quoted-printable', 'text/html quoted-printable']" ]
	[ "$(parsed 'len(m.defects)')" -eq 0 ]
	[[ $(parsed 'm["Message-ID"]') =~ ^\<bkm\.[0-9a-f-]{36}@ ]]
	[ "$(parsed 'max(len(l) for l in row["data"].split("\r\n"))')" -le 78 ]
	text=$(parsed text)
	has "$text" "2 critical on $(hostname), 2026-11-22 05:00 UTC"
	has "$text" "db: 'app' is late: a backup was due 2026-11-22 02:00 UTC"
	has "$text" "'a' is empty"
	has "$text" "last good   o.gz, 2026-11-01 02:00 UTC, 2.0 KiB"
	has "$text" "what to do"
	has "$text" "bkm-alert --ack $(in_store "SELECT fingerprint FROM alert WHERE series = 'older'")"
	html=$(parsed html)
	has "$html" "&#39;older&#39; is missing"
	lacks "$html" "<script"
	lacks "$html" "http"
}

@test "mail: STARTTLS and a login, the password from a file" {
	make_cert
	start_server mail smtpd.py --starttls cert.pem key.pem --auth 'bkm:s3cr3t-w0rd'
	printf 's3cr3t-w0rd\n' >password
	chmod 600 password
	email_config "smtp://localhost:$PORT" <<-'END'
		  ca_file: cert.pem
		  username: bkm
		  password_file: password
	END
	run --separate-stderr bkm-alert -v --test email
	expect 0
	[ "$(parsed 'row["tls"]')" = True ]
	[ "$(parsed 'row["user"]')" = bkm ]
	has "$(parsed 'm["Subject"]')" "TEST"
	lacks "$output$stderr" s3cr3t-w0rd
	printf 'wrong-w0rd\n' >password
	run --separate-stderr bkm-alert -v --test email
	expect 3
	has "$stderr" "the server refused the login"
	lacks "$output$stderr" wrong-w0rd
}

@test "mail: implicit TLS" {
	make_cert
	start_server mail smtpd.py --tls cert.pem key.pem
	email_config "smtps://localhost:$PORT" <<<'  ca_file: cert.pem'
	run --separate-stderr bkm-alert --test
	expect 0
	[ "$(parsed 'row["tls"]')" = True ]
}

@test "mail: a certificate nobody knows, and a server without STARTTLS, get no mail" {
	make_cert
	start_server mail smtpd.py --starttls cert.pem key.pem
	email_config "smtp://localhost:$PORT" </dev/null
	run --separate-stderr bkm-alert --test
	expect 3
	has "$stderr" "certificate"
	[ ! -e mail/mails ]
	start_server plain smtpd.py
	email_config "smtp://localhost:$PORT" </dev/null
	run --separate-stderr bkm-alert --test
	expect 3
	has "$stderr" "the server does not offer STARTTLS"
	[ ! -e plain/mails ]
}

@test "mail: one recipient refused is said and does not keep it from the other" {
	start_server mail smtpd.py --refuse boss@example.org
	email_config "smtp://127.0.0.1:$PORT" <<<'  tls: none'
	failed a >in
	run --separate-stderr bkm-alert in
	expect 3
	has "$stderr" "1 of 2 recipients refused: 550 5.1.1 no such user here"
	[ "$(parsed 'row["to"]')" = "['ops@example.org']" ]
	[ "$(alerts <<<"$output")" = "backup_failure open sent" ]
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(wc -l <mail/mails)" -eq 1 ]
}

@test "mail: 4yz is tried again, 5yz is not" {
	start_server mail smtpd.py --data '451 4.3.0 greylisted'
	email_config "smtp://127.0.0.1:$PORT" <<<'  tls: none'
	failed a >in
	run --separate-stderr bkm-alert in
	expect 3
	has "$stderr" "451 4.3.0 greylisted, trying again after"
	start_server other smtpd.py --data '554 5.7.1 we do not want it'
	email_config "smtp://127.0.0.1:$PORT" <<<'  tls: none'
	run --separate-stderr bkm-alert --retry
	expect 3
	has "$stderr" "554 5.7.1 we do not want it, not tried again"
	[ "$(in_store 'SELECT state FROM outbox')" = dead ]
}

@test "mail: no header can be forged, by a file name or by the configuration" {
	start_server mail smtpd.py
	email_config "smtp://127.0.0.1:$PORT" <<<'  tls: none'
	failed 'x\r\nBcc: evil@example.com\r\n\r\n.\r\nQUIT\r\n' >in
	APP_NAME=$'App\r\nBcc: evil2@example.com' run --separate-stderr bkm-alert in
	expect 1
	[ "$(parsed 'm["Bcc"]')" = None ]
	[ "$(parsed 'row["to"]')" = "['ops@example.org', 'boss@example.org']" ]
	[ "$(parsed '[k for k in m.keys()]')" = \
		"['Date', 'From', 'To', 'Subject', 'Message-ID', 'Auto-Submitted', 'X-Auto-Response-Suppress', 'MIME-Version', 'Content-Type']" ]
	for bad in '"a@example.org\r\nBcc: e@example.com"' '"a@b,c@d"' '"a b@example.org"' 'nobody' '"a@b>"'; do
		alert_config <<-END
			email:
			  server: smtp://127.0.0.1:$PORT
			  tls: none
			  from: bkm@example.org
			  to: [$bad]
		END
		run --separate-stderr bkm-alert --test
		expect 2
	done
}

@test "mail: a subject and names beyond ASCII" {
	start_server mail smtpd.py
	email_config "smtp://127.0.0.1:$PORT" <<<'  tls: none'
	failed 'Straße-数据库-дамп-резервная-копия-очень-длинное-имя-файла.gz' >in
	APP_NAME='Überwachung der Sicherungen' run --separate-stderr bkm-alert in
	expect 1
	has "$(parsed 'm["Subject"]')" "[Überwachung der Sicherungen] CRITICAL db: 'Straße-数据库-дамп"
	has "$(parsed text)" "Straße-数据库-дамп-резервная"
	[ "$(parsed 'row["data"].isascii()')" = True ]
	[ "$(parsed 'max(len(l) for l in row["data"].split("\r\n"))')" -le 78 ]
}

@test "mail: lines of dots and long lines arrive as they are" {
	start_server mail smtpd.py
	email_config "smtp://127.0.0.1:$PORT" <<<'  tls: none'
	rec error 'command:"bkm-verify",reason:"other",message:("." * 300)' >in
	run --separate-stderr bkm-alert in
	expect 1
	has "$(parsed text)" "..............................................................."
}

@test "slack: blocks, limits and escapes" {
	start_http web 200
	alert_config <<-END
		slack:
		  webhook_url: http://127.0.0.1:$PORT/services/T000/B000/verysecretpath
	END
	{
		failed '<!channel> & <http://x|y> `a`'
		for i in {1..60}; do
			printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s%d-%0300d","status":"missing"}\n' "$i" 0
		done
	} >in
	run --separate-stderr bkm-alert -v in
	expect 1
	lacks "$output$stderr" verysecretpath
	[ "$(jq -r '.method + " " + .path + " " + .headers["content-type"]' web/requests)" = \
		"POST /services/T000/B000/verysecretpath application/json" ]
	jq -r .body web/requests >body
	[ "$(jq '.blocks | length <= 50' body)" = true ]
	[ "$(jq '[.blocks[] | .text.text? // "" | length] | max <= 3000' body)" = true ]
	[ "$(jq '[.blocks[] | select(.type == "header") | .text.text | length] | max <= 150' body)" = true ]
	[ "$(jq '[.. | strings | length] | add <= 13000' body)" = true ]
	has "$(jq -r '.blocks[0].text.text' body)" "61 critical on"
	shown=$(jq '[.blocks[] | select(.text.text? // "" | test("^:red_circle:"))] | length' body)
	has "$(cat body)" "and $((61 - shown)) more alerts"
	run ! grep -q '<' body
	[ "$(jq -r .unfurl_links body)" = false ]
}

@test "slack: 429 is kept waiting as long as Slack asks, and the channel is left alone" {
	start_http web '429 7200' 200
	alert_config <<-END
		slack:
		  webhook_url: http://127.0.0.1:$PORT/x
	END
	failed a >in
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert in
	expect 3
	has "$stderr" "HTTP 429"
	has "$stderr" "trying again after 2026-11-22T02:00:0"
	broken b >in
	run --separate-stderr at 2026-11-22T01:00:00Z bkm-alert --exit-zero in
	expect 3 # the first still waits; what is new is told
	has "$stderr" "waiting to be delivered: 1"
	[ "$(wc -l <web/requests)" -eq 2 ]
	run --separate-stderr at 2026-11-22T02:00:10Z bkm-alert in
	expect 1
	[ "$(wc -l <web/requests)" -eq 3 ]
	[ "$(in_store "SELECT DISTINCT state FROM outbox")" = sent ]
}

@test "webhook: JSON, signed as Standard Webhooks says" {
	start_http web 200
	secret=whsec_$(printf '0123456789abcdef01234567' | base64)
	alert_config <<-END
		webhook:
		  url: http://127.0.0.1:$PORT/hook?token=abcdefgh
		  secret: $secret
	END
	failed a >in
	run --separate-stderr bkm-alert in
	expect 1
	SECRET=$secret /usr/bin/python3 - <<'END'
import base64, hashlib, hmac, json, os
r = json.loads(open("web/requests").read())
h = r["headers"]
key = base64.b64decode(os.environ["SECRET"][6:])
text = f'{h["webhook-id"]}.{h["webhook-timestamp"]}.{r["body"]}'.encode()
want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
assert h["webhook-signature"] == want, (h, want)
body = json.loads(r["body"])
assert body["type"] == "bkm.alert" and body["data"]["counts"] == {"critical": 1, "warning": 0, "recovered": 0}
alert = body["data"]["alerts"][0]
assert alert["event"] == "opened" and alert["alert"] == "backup_failure" and alert["detail"]["members"][0]["path"] == "/b/a", alert
assert h["webhook-id"] == "msg_" + body["data"]["message"]
assert r["path"] == "/hook?token=abcdefgh"
END
	sed -i 's/secret: .*/secret: plain words/' config.yaml
	run --separate-stderr bkm-alert --test webhook
	expect 0
	[ "$(tail -1 web/requests | jq -r '.body | fromjson | .type')" = bkm.alert.test ]
	sed -i 's/secret: .*/secret: whsec_***/' config.yaml
	run --separate-stderr bkm-alert --test webhook
	expect 3
	has "$stderr" "the secret behind 'whsec_' is not base64"
}

@test "webhook: a redirect is not followed, 4xx is for ever, 500 and 408 are not" {
	start_http other 200
	there=$PORT
	for answer in "redirect http://127.0.0.1:$there/else" 400 401 403 404 410; do
		rm -rf web bkm.db*
		start_http web "$answer"
		alert_config <<-END
			webhook: {url: "http://127.0.0.1:$PORT/h"}
		END
		failed a >in
		run --separate-stderr bkm-alert in
		expect 3
		[ "$(in_store 'SELECT state FROM outbox')" = dead ] || fail "$answer: $stderr"
	done
	[ ! -e other/requests ]
	for answer in 408 429 500 502 503 drop; do
		rm -rf web bkm.db*
		start_http web "$answer"
		alert_config <<-END
			webhook: {url: "http://127.0.0.1:$PORT/h"}
		END
		run --separate-stderr bkm-alert in
		expect 3
		[ "$(in_store 'SELECT state, attempts FROM outbox')" = 'pending|1' ] || fail "$answer: $stderr"
	done
}

@test "secrets stay out of messages, records and the store, even if the server echoes them" {
	start_http web 'echo 404'
	alert_config <<-END
		webhook:
		  url: http://user:passw0rd@127.0.0.1:$PORT/services/sentinel-one/x?key=sentinel-two
		  secret: sentinel-three
	END
	failed a >in
	run --separate-stderr bkm-alert -v in
	expect 3
	has "$stderr" "HTTP 404: no such hook"
	has "$stderr" "127.0.0.1:$PORT"
	for word in sentinel-one sentinel-two sentinel-three passw0rd $'\x1b'; do
		lacks "$output$stderr" "$word"
		[ "$word" = $'\x1b' ] || run ! grep -aq "$word" bkm.db
		run --separate-stderr bkm-alert -v --retry
		lacks "$output$stderr" "$word"
		run --separate-stderr bkm-alert --list
		lacks "$output$stderr" "$word"
		run --separate-stderr bkm-alert -n in
		lacks "$output$stderr" "$word"
	done
}

@test "https: verified against ca_file, refused without it" {
	make_cert
	printf '200\n' >answers
	mkdir web
	mv answers web/
	start_server web httpd.py cert.pem key.pem
	alert_config <<-END
		webhook: {url: "https://localhost:$PORT/h", ca_file: cert.pem}
	END
	run --separate-stderr bkm-alert --test
	expect 0
	alert_config <<-END
		webhook: {url: "https://localhost:$PORT/h"}
	END
	run --separate-stderr bkm-alert --test
	expect 3
	has "$stderr" "certificate"
}

@test "a user's .netrc does not reach the webhook" {
	start_http web 200
	alert_config <<-END
		webhook: {url: "http://127.0.0.1:$PORT/h"}
	END
	printf 'machine 127.0.0.1 login a password b\n' >.netrc
	HOME=$PWD run --separate-stderr bkm-alert --test
	expect 0
	[ "$(jq -r '.headers.authorization // "none"' web/requests)" = none ]
}

@test "mail: what made a score sink stands before the score" {
	email_config smtp://127.0.0.1:1 <<<'  tls: none'
	: >none && run --separate-stderr bkm-alert none
	{
		rec score 'score:0.3,grade:"critical",days:7,capped_by:[]'
		failed zzz empty
	} >in
	run --separate-stderr bkm-alert -n in
	grep -q "^Subject: .* 2 critical: db: 'zzz' is empty" <<<"$output"
	has "$output" "the score is critical"
}

@test "--dry-run prints the very mail and the very body" {
	alert_config <<-'END'
		email:
		  server: smtp://127.0.0.1:1
		  tls: none
		  from: bkm@example.org
		  to: [ops@example.org]
		webhook:
		  url: http://127.0.0.1:1/secret-path
		  secret: x
	END
	: >none
	run --separate-stderr bkm-alert none
	failed a >in
	run --separate-stderr bkm-alert -n in
	expect 1
	has "$output" "Subject: [Backup Monitor] CRITICAL db: 'a' is empty"
	has "$output" '"type":"bkm.alert"'
	has "$stderr" "would send to email (127.0.0.1:1)"
	has "$stderr" "webhook-signature: v1,"
	lacks "$output$stderr" secret-path
}
