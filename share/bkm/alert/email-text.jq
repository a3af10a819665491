# The text part of a mail.
include "alert";

def row($name; $value): if $value == null or $value == "" then empty else "  \($name + "            " | .[:12])\($value)" end;

def failing:
  .detail as $d
  | [$d.members[]? | select(.path) | "\(.path | line | cut(160)) (\(.reason | gsub("_"; " ")))"
      + if .message then ": \(.message | line | cut(200))" else "" end] as $paths
  | if ($paths | length) == 0 then
      [$d.members[]? | .message // empty | line | cut(300)] | if length > 0 then join("\n              ") else null end
    else ($paths | join("\n              "))
      + if ($d.failing // 0) > ($d.members | length) then "\n              … and \($d.failing - ($d.members | length)) more" else "" end
    end;

def block:
  [ "\(tag)  \(said | cut(600))",
    row("status"; standing),
    row("kind"; kind_words + (reasons | if . != "" then " (\(.))" else "" end)),
    row("location"; if .location then (.location | line | cut(120)) + if .series then ", series \(.series | line | cut(120))" else "" end else null end),
    row("expected"; if .event == "resolved" then null else expected end),
    row("last good"; last_good),
    row("score"; if .detail.grade then "\(.detail.grade)" + (if .detail.score then " (\(.detail.score))" else "" end)
        + ([.detail.capped_by[]? | gsub("_"; " ")] | if length > 0 then ", because: " + join(", ") else "" end) else null end),
    row("since"; "\(.opened | when)" + if (.runs // 1) > 1 and .event != "resolved" then ", found by \(.runs) runs" else "" end),
    row("failing"; if .event == "resolved" then null else failing end),
    row("gone"; if .detail.gone then "\(plural(.detail.gone; "bad backup is"; "bad backups are")) no longer there" else null end),
    row("what to do"; if is_open then advice else null end),
    row("look"; if is_open then see else null end),
    row("acknowledge"; if is_open then "bkm-alert --ack \(.fingerprint)" else null end)
  ] | join("\n");

if .test then
  "This is a test of the alert channel '\(.channel)' by bkm-alert \(.version) on \(.host | line).\nNothing is wrong. If you read this, real alerts will reach you too."
else
  fitting(block; 60000; 100) as $f
  | ([ "\(counted) on \(.host | line), \(.at | when)", "" ]
    + ($f.shown | map(., ""))
    + (if $f.left > 0 then [($f.left | left_out), ""] else [] end)
    + [ "-- ", "\(.app | line), bkm \(.version), message \(.id)" ])
  | join("\n")
end
