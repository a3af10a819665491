# For terminals and mails: at most 80 columns, words of ours in ASCII.
include "bkm";

# Columns that a text takes on a terminal.
def width:
  if length == utf8bytelength then length
  else [explode[] | if . < 768 then 1
      elif . <= 879 or . == 8203 or . == 8204 or . == 8205 or (. >= 65024 and . <= 65039) then 0
      elif . < 4352 then 1
      elif . <= 4447 or (. >= 11904 and . <= 42191) or (. >= 43360 and . <= 43391) or (. >= 44032 and . <= 55203)
        or (. >= 63744 and . <= 64255) or (. >= 65072 and . <= 65135) or (. >= 65281 and . <= 65376)
        or (. >= 65504 and . <= 65510) or . >= 127744 then 2
      else 1 end] | add // 0 end;
def spaces($n): if $n > 0 then " " * $n else "" end;
# The longest start that takes at most n columns.
def head_of($n): if (.[:$n] | width) <= $n then .[:$n] else label $out | foreach (range($n; -1; -1)) as $i (.; .; if (.[:$i] | width) <= $n then (.[:$i], break $out) else empty end) end;
def fit($n): if (.[:$n + 1] | width) <= $n and length <= $n then . else head_of($n - 3) + "..." end;
def left($n): fit($n) | . + spaces($n - width);
def right($n): fit($n) | spaces($n - width) + .;

# Lines of at most n columns, broken at spaces; a longer word behind a slash, or anywhere.
def chop($n):
  if width <= $n then .
  else
    head_of($n) as $a
    | ($a | split("/") | .[:-1] | map(. + "/") | add // "") as $b
    | (if ($b | length) > $n / 2 then $b else $a end | length | if . > 0 then . else 1 end) as $cut
    | (.[:$cut], (.[$cut:] | chop($n)))
  end;
def wrap($n):
  reduce (split(" ")[] | chop($n)) as $w ([];
    if length > 0 and ((.[-1] | width) + 1 + ($w | width)) <= $n then .[-1] += " " + $w else . + [$w] end);
def item($name; $text):
  $text | wrap(69) | to_entries[] | (if .key == 0 then "    " + ($name | left(6)) else spaces(10) end) + " " + .value;

def days: (.[-14:] | map({ok: "+", failed: "X", missing: "-", idle: "."}[.status] // "?") | add // "");
def newest: [.series[] | .newest | select(. != null)] | max_by(.at);
def rate: if . == null then "none" else "\(. * 100 + 0.000001 | floor)%" end;

def attention($now; $i):
  ("\($i + 1). \(.severity | ascii_upcase): \(.location // "" | named)\(if .series then ", " + (.series | named) else "" end): \(.what | visible | shorten(200))"
    | wrap(76) | to_entries[] | (if .key == 0 then "" else "    " end) + .value),
  (if .since then item("since"; "\(.since | when) (\(.since | ago($now)))") else empty end),
  (if .path then item("where"; .path | named) else empty end),
  (if .why then item("why"; .why | visible | shorten(400)) else empty end),
  (if .todo then item("do"; .todo | visible | shorten(400)) else empty end);

.generated as $now
| ("\(.app | named) on \(.host | named)" | fit(80)),
  "\(.generated | when), looking back \(if .days then .days | plural("day") else "as far as is known" end)",
  "",
  ("\(.overall.grade | ascii_upcase): \(headline) (score \(.overall.score | score))" | wrap(80)[]),
  (if (.attention | length) > 0 then
    "", "WHAT NEEDS ATTENTION, most urgent first",
    (.attention | .[:30] | to_entries[] | .key as $i | .value | attention($now; $i)),
    (((.attention | length) - 30 | if . < 0 then 0 else . end) as $more
      | (($more + (.left_out.attention // 0)) | select(. > 0) | "    and \(.) more"))
   else empty end),
  (if (.locations | length) > 0 then
    (.locations[0].days | length | if . > 14 then 14 else . end | if . < 4 then 4 else . end) as $w
    | "", "LOCATIONS, worst first",
    ("GRADE     SCORE  " + ("DAYS" | left($w)) + "  NEWEST       VERIFIED RESTORED  LOCATION" | fit(80)),
    (.locations[]
      | newest as $n
      | (.grade | left(8)) + " " + (.score | score | right(6)) + "  " + (.days | days | left($w)) + "  "
        + (if $n then $n.at | ago($now) else "none" end | left(12)) + " " + (.parts.verification | rate | right(8)) + " "
        + (.parts.restore | rate | right(8)) + "  " + (.location | named | fit(80 - 51 - $w))),
    "  + good  X failed  - due, none came  . nothing due  ? unknown; days in UTC",
    (if (.left_out.locations // 0) > 0 then "and \(.left_out.locations) more, none of them worse" else empty end)
   else empty end),
  ([.locations[] | .location as $l | .series[]? | select(.restore_times)
      | {l: $l, s: .series, t: .restore_times}] | sort_by(-.t.worst_ms)
    | if length > 0 then "", "A RESTORE TAKES, slowest first",
        (.[:10][] | "\(.l | named), \(.s | named): \(.t | restore_takes)" | wrap(80)[]),
        (if length > 10 then "and \(length - 10) more series, faster ones" else empty end)
      else empty end),
  ([.runs[] | select(.fate == "dead" or .fate == "silent" or .exit == 3 or .exit == 2)]
    | if length > 0 then "", "THE MONITOR ITSELF",
        (.[] | "\(.command | named): \(run_words.word), started \(.started | ago($now))" | wrap(80)[])
      else empty end),
  (if (.alerts | length) > 0 then "", "\(((.alerts | length) + (.left_out.alerts // 0)) | plural("open alert")); bkm-alert --list shows them" else empty end),
  "",
  "-- ",
  ("bkm \(.version); what has never been looked at has no verdict and is not called good" | wrap(80)[])
