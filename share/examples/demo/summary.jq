# The records of one run as a short table: a line for each location, then what needs attention.
def pad($n): . + " " * ([1, $n - length] | max);
def percent: if . == null then "-" else "\(. * 100 | floor) %" end;
def words: map(gsub("_"; " ")) | join(", ");

# The reasons of a verdict, that of each check that failed included.
def why: [.reason, (.checks[]? | select(.verdict == "fail") | .reason // empty)] | unique | words;

# What is wrong with a backup, in words; empty if nothing is.
def troubles:
  [ if .status == "failed" then (.reasons | words) else empty end,
    if .verification.verdict == "fail" then "verification: " + (.verification | why) else empty end,
    # That the series is late has a line of its own.
    if .restore.verdict == "fail" and .restore.reason != "stale" then "restore test: " + (.restore | why) else empty end ]
  | join("; ");

# [location, what, why] of a record that needs attention.
def attention:
  if .kind == "backup" and troubles != "" then [.location, (.path | sub(".*/"; "")), troubles]
  elif .kind == "series" and (.status == "late" or .status == "missing") then
    [.location, .series, "no new backup: " + .status]
  elif .kind == "location" and (.status == "unreachable" or .status == "empty") then
    [.location, .path, .status]
  else empty end;

. as $all
| "",
  ("LOCATION" | pad(14)) + ("GRADE" | pad(10)) + ("SCORE" | pad(8)) + ("BACKUPS" | pad(9))
  + ("VERIFIED" | pad(10)) + "RESTORED",
  ([$all[] | select(.kind == "score")] | sort_by(.location == null)[]
    | (.location // "all" | pad(14)) + (.grade | pad(10)) + (.score | percent | pad(8))
    + (.parts.backup.rate | percent | pad(9)) + (.parts.verification.rate | percent | pad(10))
    + (.parts.restore.rate | percent)),
  "",
  "NEEDS ATTENTION",
  ([$all[] | attention] | unique | group_by(.[0])[]
    | "  " + .[0][0], (.[] | "    " + (.[1] | pad(34)) + .[2])),
  "",
  ($all[] | select(.kind == "report") | ("\(.format) report" | pad(14)) + .path)
