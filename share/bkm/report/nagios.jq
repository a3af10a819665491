# Output of a monitoring plug-in: one line, performance data, then long text. bkm-report exits 0
# OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN by the grade over all.
include "bkm";

def text: visible | gsub("[|\\n]"; "/") | shorten(200);
def name: visible | gsub("['=|]"; "_") | shorten(60);
def newest: [.series[] | .newest | select(. != null)] | max_by(.at);
def range_low: "\(. * 100 | floor):";

.generated as $now
| (.thresholds // {good: 0.8, warning: 0.5}) as $t
| (.overall.grade | {good: "OK", warning: "WARNING", critical: "CRITICAL"}[.] // "UNKNOWN") as $word
| (.attention[:3] | map("\(.location // "" | named): \(.what)" | text) | join("; ")) as $why
| ([ (if .overall.score != null then "'score'=\(.overall.score * 100 | floor)%;\($t.good | range_low);\($t.warning | range_low);0;100" else empty end),
     (.locations[:50][]
       | (.location | name) as $n
       | (if .score != null then "'\($n) score'=\(.score * 100 | floor)%;\($t.good | range_low);\($t.warning | range_low);0;100" else empty end),
         (newest | select(. != null) | "'\($n) age'=\(($now | fromdateiso8601) - (.at | fromdateiso8601) | if . < 0 then 0 else . end)s;;;0"))
   ] | join(" ")) as $perf
| "BACKUP \($word) - \(headline)\(if $why != "" then ": " + $why else "" end)\(if $perf != "" then " | " + $perf else "" end)",
  (.attention[3:30][] | "\(.severity): \(.location // "" | named): \(.what)" | text)
