# What the payload programs of bkm-alert share. The document they are given is in bkm-alert(1).

# Text of one line: control characters never reach a subject, a header, a log or a terminal.
def line: tostring | explode
  | map(if . < 32 or . >= 127 and . < 160 or . == 8206 or . == 8207 or . == 8232 or . == 8233
        or . >= 8234 and . <= 8238 or . >= 8294 and . <= 8297 then 32 else . end) | implode;

# At most n characters, with an ellipsis in place of what is cut.
def cut($n): if length > $n then .[:$n - 1] + "…" else . end;

# "2026-11-22 02:00 UTC"
def when: if . == null then "an unknown time" else .[:10] + " " + .[11:16] + " UTC" end;

def plural($n; $one; $many): "\($n) " + if $n == 1 then $one else $many end;

# Seconds as "3 d 4 h", "2 h 5 min", "40 s".
def lasted:
  if . < 60 then "\(floor) s"
  elif . < 3600 then "\(. / 60 | floor) min"
  elif . < 86400 then "\(. / 3600 | floor) h \(. % 3600 / 60 | floor) min"
  else "\(. / 86400 | floor) d \(. % 86400 / 3600 | floor) h" end;

def tenth: (. * 10 | floor) as $t | "\($t / 10 | floor).\($t % 10)";
def bytes:
  if . == null then "unknown size"
  elif . < 1024 then "\(.) B"
  elif . < 1048576 then "\(. / 1024 | tenth) KiB"
  elif . < 1073741824 then "\(. / 1048576 | tenth) MiB"
  elif . < 1099511627776 then "\(. / 1073741824 | tenth) GiB"
  else "\(. / 1099511627776 | tenth) TiB" end;

def base: line | sub("^.*/"; "");

# The words that come first in every message.
def tag:
  if .event == "resolved" then "RECOVERED"
  elif .event == "test" then "TEST"
  else (.severity // "warning" | ascii_upcase) end;

# The one line of an alert; of one that is over, what is no longer so.
def said: if .event == "resolved" then "no longer true: " else "" end + (.summary // "" | line);

def kind_words:
  {"backup_failure": "backup failure", "verification_failure": "verification failure",
   "restore_failure": "restore test failure", "health_degradation": "health degradation",
   "monitor_failure": "the monitor itself"}[.alert // ""] // "test message";

# How it stands: what happened to the alert in this message.
def standing:
  if .event == "opened" then "new"
  elif .event == "repeated" then "still open since \(.opened | when)"
  elif .event == "escalated" then "nobody acknowledged it since \(.opened | when)"
  elif .event == "resolved" then
    "over after \(((.resolved // .opened | fromdate) - (.opened | fromdate)) | lasted)"
  else "a test, nothing is wrong" end;

def reasons: [.reasons[]? | gsub("_"; " ")] | join(", ");

def point: "\(.path // "" | base | cut(80)), \(.time | when)" + if .size then ", \(.size | bytes)" else "" end;

def last_good:
  .detail as $d
  | if .alert == "verification_failure" then $d.verified
    elif .alert == "restore_failure" then $d.restored
    elif .alert == "backup_failure" then $d.newest
    else null end
  | if . then point else null end;

def expected:
  .detail // {}
  | [ if .schedule then "schedule \(.schedule | line | cut(60))" else empty end,
      if .due then "due \(.due | when)" else empty end ]
  | if length > 0 then join(", ") else null end;

# What to do about it, by the first reason that has advice.
def advice:
  def by_reason:
    {"late": "look at the job that makes this backup: did it run, did it end, is its disk full?",
     "missing": "look at the job that makes this backup: it has not delivered for two due times.",
     "empty": "look at the log of the job that writes it: the job may report success all the same.",
     "too_small": "compare it with an older one; a dump that failed early is the usual cause.",
     "stalled": "the writer died or hangs; look at its log, then delete the part and run it again.",
     "partial_name": "the writer never renamed it; look at its log and run it again.",
     "vanished": "if somebody removed it on purpose: bkm-verify --accept ID; else restore it from a copy.",
     "unreadable": "look at permissions and at the disk (dmesg).",
     "unreachable": "is it mounted, does the path exist, may the user of bkm read it?",
     "no_statement": "did the job dump the right database, as a user who may read it?",
     "truncated": "do not rely on it; make a new backup now and look why the job did not see it.",
     "damaged": "do not rely on it; make a new backup, check the disk and the transfer.",
     "bitrot": "the bytes changed by themselves: check the disk, take the copy from elsewhere.",
     "checksum_mismatch": "the file is not what its manifest says: copy it again or make a new backup.",
     "forbidden_change": "an immutable backup was changed: find out who did it before anything else.",
     "tampering": "keep other copies out of reach first, then look who wrote it; if it was right: bkm-verify --accept ID.",
     "size_mismatch": "somebody changed or cut it after it was recorded; make a new backup.",
     "timestamp_moved": "somebody rewrote it; if that was right: bkm-verify --accept ID.",
     "foreign": "the content is not what the name says: the job may have saved an error page.",
     "unsafe": "do not restore it by hand: it writes outside its directory or runs programs.",
     "bomb": "it unpacks past the limits; if it is yours, raise restore_testing.max_bytes.",
     "incomplete": "a part that a restore needs is missing; look at the options of the dump.",
     "stale": "no newer backup came in time: see whether the job still runs.",
     "differs": "the restored files are not the live ones: the job may copy something that is no longer written.",
     "shrunk": "tables, rows or files are missing; look, and if it is right: bkm-restore --accept ID.",
     "assertion": "the restored data lacks what the configuration demands; look before you rely on it.",
     "rto_exceeded": "the restore takes longer than rto_minutes allows.",
     "grade_dropped": "bkm-score --stored --explain says what keeps the score down.",
     "below_good": "bkm-score --stored --explain says what keeps the score down.",
     "stage_died": "look at its output and at the system log (killed, out of memory, crashed), run it again.",
     "stage_silent": "is the cron job or timer still there and enabled?",
     "trouble": "what could not be looked at is not known to be fine; repair access and run it again."};
  by_reason as $by
  | [.reasons[]? | $by[.] // empty]
  | if length > 0 then .[0] else "look at the backup and at the job that makes it." end;

# Shell words for a command line that people paste.
def quoted: line | "'" + gsub("'"; "'\\''") + "'";

def see:
  if .alert == "monitor_failure" or .location == null then null
  else "bkm-report --stored -f text -o - -l \(.location | cut(120) | quoted)" end;

# A score sinks because of something: what that is stands before it.
def order: sort_by(
  (if .event == "resolved" then 2 elif .severity == "critical" then 0 else 1 end),
  .alert == "health_degradation",
  .location // "", .series // "", .fingerprint // "");

def is_open: .event != "resolved" and .event != "test";

# "2 critical, 1 warning, 1 recovered"
def counted:
  [ ([.alerts[] | select(is_open and .severity == "critical")] | length | select(. > 0) | "\(.) critical"),
    ([.alerts[] | select(is_open and .severity != "critical")] | length | select(. > 0) | plural(.; "warning"; "warnings")),
    ([.alerts[] | select(.event == "resolved")] | length | select(. > 0) | "\(.) recovered") ]
  | join(", ");

# One line that says it all, without the name of the application.
def headline:
  (.alerts | order) as $a
  | if .test then "TEST: alerts from \(.host | line) reach this channel"
    elif ($a | length) == 1 then "\($a[0] | tag) \($a[0] | said)"
    else "\(counted): \($a[0] | said)" end;

# The alerts as far as their texts, made by f, fit: {shown: [text], left: n}.
def fitting(f; $limit; $max):
  reduce (.alerts | order)[] as $a ({shown: [], used: 0, left: 0, full: false};
    if .full then .left += 1
    else ($a | f) as $text
      | if (.shown | length) >= $max or .used + ($text | length) > $limit and (.shown | length) > 0
        then .full = true | .left += 1
        else .shown += [$text] | .used += ($text | length) end
    end);

def left_out: "… and \(plural(.; "more alert"; "more alerts")): bkm-alert --list shows all.";
