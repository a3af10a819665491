# What the report programs share: how sizes, times, verdicts and hostile names are printed.
# Your own program may use it too: include "bkm";

# Text for a person's eyes: control and bidirectional characters are made visible.
def hex4: [(. / 4096 | floor) % 16, (. / 256 | floor) % 16, (. / 16 | floor) % 16, . % 16]
  | map("0123456789ABCDEF"[.:. + 1]) | add;
def visible:
  tostring
  | if test("[\\x00-\\x1f\\x7f-\\x{9f}\\x{61c}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2066}-\\x{2069}\\x{feff}]")
    then
      [explode[]
        | if . < 32 or (. >= 127 and . <= 159) or . == 1564 or . == 8206 or . == 8207
             or (. >= 8232 and . <= 8238) or (. >= 8294 and . <= 8297) or . == 65279
          then "\\u{\(hex4)}" else [.] | implode end] | add
    else . end;

# At most n characters, the middle left out.
def shorten($n): if length <= $n then . else .[:($n * 2 / 3 | floor)] + "…" + .[-($n / 3 - 1 | floor):] end;

# What a name is called on a page.
def named: if . == null then "" else visible | if . == "" then "(no name)" else shorten(160) end end;
def basename: if . == null then "" else (sub("/+$"; "") | split("/") | last // "") as $b
  | if $b == "" then . else $b end end;

# A backup's name: its path below that of the location.
def below($dir): if $dir != null and startswith($dir + "/") then .[($dir | length) + 1:] else . end;

# 1.5 GiB
def size:
  if . == null then "unknown"
  elif . < 1024 then "\(.) B"
  else
    . as $n | (if $n < 1048576 then [1024, "KiB"] elif $n < 1073741824 then [1048576, "MiB"]
      elif $n < 1099511627776 then [1073741824, "GiB"] else [1099511627776, "TiB"] end) as $u
    | ($n / $u[0]) as $v
    | (if $v < 100 then ($v * 10 | floor) / 10 else $v | floor end) as $r
    | "\($r) \($u[1])"
  end;

# Seconds as 2 d 3 h
def duration:
  if . == null then "unknown"
  else
    floor | if . < 0 then -. else . end
    | if . < 60 then "\(.) s"
      elif . < 3600 then "\(. / 60 | floor) min"
      elif . < 172800 then "\(. / 3600 | floor) h"
      elif . < 1209600 then "\(. / 86400 | floor) d" + ((. % 86400 / 3600 | floor) as $h | if $h > 0 then " \($h) h" else "" end)
      else "\(. / 86400 | floor) d" end
  end;

# Milliseconds
def elapsed: if . == null then "unknown" elif . < 1000 then "\(.) ms" else . / 1000 | duration end;

# A time of a record against another: 2 d 3 h ago, in 5 h
def ago($now):
  if . == null then "never"
  else ($now | fromdateiso8601) - fromdateiso8601
    | if . < 0 then "in " + duration else duration + " ago" end
  end;

# 2026-11-22 02:00 UTC
def when: if . == null then "never" else .[:10] + " " + .[11:16] + " UTC" end;

# 0.97; cut, not rounded, so that 0.799 is not shown as good
def score: if . == null then "none" else "\((. * 100 + 0.000001 | floor) / 100)" end;
def percent: if . == null then "no evidence" else "\(. * 100 + 0.000001 | floor) %" end;

def plural($one; $many): if . == 1 then "1 \($one)" else "\(.) \($many)" end;
def plural($one): plural($one; $one + "s");

# Milliseconds, as precisely as it matters.
def took: if . < 1000 then "\(.) ms" elif . < 10000 then "\(. / 100 | floor | . / 10) s"
  elif . < 300000 then "\(. / 1000 | floor) s" else "\(. / 60000 | floor) min" end;

# What a restore of a series takes, by its tests.
def restore_takes: "\(.last_ms | took), \(.worst_ms | took) at worst of \(.tests | plural("test"))"
  + (if .target_ms then ", \(.target_ms | took) promised" else "" end);

# The words of records in plain English; a word that is not here keeps its own letters.
def words: {
  same_content: "content is the same for longer than ever", tampering: "shows signs of tampering", too_small: "smaller than min_size",
  size_dropped: "much smaller than usual", size_grew: "much larger than usual",
  partial_name: "has the name of an unfinished file", damaged: "content is damaged",
  no_statement: "is a dump without a statement", truncated: "ends too early", foreign: "is not what its name promises",
  unsafe: "would write outside its place or execute something", bomb: "unpacks past the limits",
  incomplete: "a part that makes it restorable is missing", bitrot: "content changed, size and time did not",
  checksum_mismatch: "does not match its manifest", forbidden_change: "changed although immutable",
  rto_exceeded: "takes longer to restore than rto_minutes", never_verified: "nothing has been verified",
  never_restored: "nothing has been restored on trial", empty: "empty"
};
def plain: visible | . as $w | (words[$w] // ($w | gsub("_"; " "))) | shorten(160);
def plain_list: if . == null then [] else map(plain) end;

# What a pass carries along; that a plain tar has no checksums is no news.
def besides: map(select(. != "no_checksum") | plain) | if length > 0 then "; " + join(", ") else "" end;

# One phrase for a verdict: never more than the level that was reached.
def verdict:
  if . == null then {word: "never", shape: "unknown"}
  elif .verdict == "pass" then {word: ("pass" + (if .level then ", " + (.level | plain) else "" end) + ((.warnings // []) | besides)), shape: "good"}
  elif .verdict == "fail" then {word: ("FAIL" + (if .reason then ", " + (.reason | plain) else "" end)), shape: "critical"}
  elif .verdict == "error" then {word: "could not look", shape: "unknown"}
  else {word: ("not looked at" + (if .reason then ", " + (.reason | plain) else "" end)), shape: "unknown"} end;

# How a series or a location stands, as a grade for its shape.
def status_shape:
  if . == "fresh" or . == "ok" then "good"
  elif . == "late" or . == "degraded" then "warning"
  elif . == "missing" or . == "failed" or . == "empty" or . == "unreachable" then "critical"
  else "unknown" end;

# The sentence at the top.
def headline:
  (.overall.locations.unknown // 0) as $unknown
  | ((.locations | length) + (.left_out.locations // 0)) as $all
  | ((.overall.locations.critical // 0) + (.overall.locations.warning // 0)) as $bad
  | if $all == 0 then "No location is configured: nothing is watched"
    elif $bad > 0 then "\($bad) of \($all | plural("location")) need\(if $bad == 1 then "s" else "" end) attention"
    elif (.attention | length) > 0 then "\(.attention | length | plural("thing")) to look at in \($all | plural("location"))"
    elif $unknown == $all then "Nothing is known yet about \($all | plural("location"))"
    elif $unknown > 0 then "Nothing wrong found; \($unknown) of \($all | plural("location")) not judged yet"
    elif $all == 1 then "The only location is good"
    else "All \($all) locations are good" end;

def grade_word: {good: "Good", warning: "Warning", critical: "Critical", unknown: "Unknown"}[.] // "Unknown";

# Days alike in a row: [status, index of the first, how many, day of the first].
def runs:
  . as $d
  | [foreach range(0; length + 1) as $i ([null, 0, null];
      if $d[$i].status == .[0] then [.[0], .[1], null]
      else [$d[$i].status, $i, (if $i > 0 then [.[0], .[1], $i - .[1], $d[.[1]].day] else null end)] end;
      .[2] | select(. != null))];

# What the days of such runs tell, in words.
def strip_words:
  . as $runs
  | ["failed", "missing", "ok", "idle", "unknown"]
  | map(. as $w | ($runs | map(select(.[0] == $w))) as $r | select(($r | length) > 0)
      | ($r | map(.[2]) | add) as $n
      | "\($n) \($w)"
        + (if ($w == "failed" or $w == "missing") and ($r | length) <= 5
           then " (" + ($r | map(.[3][5:] + if .[2] > 1 then " for \(.[2])" else "" end) | join(", ")) + ")" else "" end))
  | join(", ");

# How the last run of a stage went.
def run_words:
  if .fate == "dead" then {shape: "critical", word: "died before its end"}
  elif .fate == "silent" then {shape: "warning", word: "has not run for too long"}
  elif .fate == "alive" then {shape: "unknown", word: "still running"}
  elif .ended_by and (.ended_by | startswith("SIG")) and .ended_by != "SIGPIPE" then {shape: "warning", word: ("stopped by " + .ended_by)}
  elif .exit == 0 or .exit == null then {shape: "good", word: "ended well"}
  elif .exit == 1 then {shape: "good", word: "ended, with findings"}
  elif .exit == 3 then {shape: "warning", word: "could not do all of its work"}
  else {shape: "critical", word: "failed, exit \(.exit)"} end;
