# The records of one run as a short table: a line for each location, then what needs attention.
def pad($n): . + " " * ([0, $n - length] | max);
def percent: if . == null then "-" else "\(. * 100 | round) %" end;
def words: map(gsub("_"; " ")) | join(", ");
def name: (.path // "") | sub(".*/"; "");

# "truncated" of a check that failed, wherever it was found.
def trouble:
  if .status == "failed" then (.reasons | words)
  elif .verification.verdict == "fail" then "verification: " + ([.verification.reason // empty] | words)
  elif .restore.verdict == "fail" then "restore test: " + ([.restore.reason // empty] | words)
  else empty end;

. as $all
| [$all[] | select(.kind == "score")] as $scores
| "",
  ("LOCATION" | pad(14)) + ("GRADE" | pad(10)) + ("SCORE" | pad(8)) + ("BACKUPS" | pad(9))
  + ("VERIFIED" | pad(10)) + "RESTORED",
  ($scores | sort_by(.location == null)[]
    | (.location // "all" | pad(14)) + (.grade | pad(10)) + (.score | percent | pad(8))
    + (.parts.backup.rate | percent | pad(9)) + (.parts.verification.rate | percent | pad(10))
    + (.parts.restore.rate | percent)),
  "",
  "NEEDS ATTENTION",
  ([$all[]
    | if .kind == "backup" then [.location, name, trouble]
      elif .kind == "series" and (.status == "late" or .status == "missing") then
        [.location, .series, "no new backup: " + .status]
      else empty end]
    | unique | group_by(.[0])[]
    | "  " + .[0][0], (.[] | "    " + (.[1] | pad(36)) + .[2])),
  "",
  ($all[] | select(.kind == "report") | ("\(.format) report" | pad(14)) + .path)
