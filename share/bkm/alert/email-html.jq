# The HTML part of a mail: plain markup that every mail program shows, nothing fetched.
include "alert";

def esc: line | @html | split("&apos;") | join("&#39;");
def row($name; $value): if $value == null or $value == "" then empty else
  "<tr><th align=\"left\" valign=\"top\" style=\"padding:2px 12px 2px 0;color:#555b66;font-weight:normal;white-space:nowrap\">\($name)</th><td style=\"padding:2px 0\">\($value)</td></tr>" end;

def colour: if .event == "resolved" then "#0f6b2f" elif .severity == "critical" then "#b01e14" else "#8a4b00" end;

def failing:
  .detail as $d
  | [$d.members[]? | select(.path or .message)
      | (if .path then "\(.path | cut(160) | esc) (\(.reason | gsub("_"; " ") | esc))" else "" end)
      + (if .message then (if .path then ": " else "" end) + (.message | cut(300) | esc) else "" end)] as $items
  | if ($items | length) == 0 then null
    else ($items | join("<br>"))
      + if ($d.failing // 0) > ($d.members | length) then "<br>… and \($d.failing - ($d.members | length)) more" else "" end
    end;

def block:
  "<div style=\"margin:0 0 16px;padding:10px 14px;border-left:6px solid \(colour);background:#f5f6f8;color:#1a1c20\">"
  + "<p style=\"margin:0 0 6px;font-size:16px\"><b style=\"color:\(colour)\">\(tag)</b> \(said | cut(600) | esc)</p><table style=\"border-collapse:collapse;font-size:14px;color:#1a1c20\">"
  + ([ row("status"; standing | esc),
       row("kind"; kind_words + (reasons | if . != "" then " (\(esc))" else "" end)),
       row("location"; if .location then (.location | cut(120) | esc) + if .series then ", series \(.series | cut(120) | esc)" else "" end else null end),
       row("expected"; if .event == "resolved" then null else (expected | if . then esc else null end) end),
       row("last good"; last_good | if . then esc else null end),
       row("score"; if .detail.grade then (.detail.grade | esc) + (if .detail.score then " (\(.detail.score))" else "" end)
           + ([.detail.capped_by[]? | gsub("_"; " ") | esc] | if length > 0 then ", because: " + join(", ") else "" end) else null end),
       row("since"; "\(.opened | when | esc)" + if (.runs // 1) > 1 and .event != "resolved" then ", found by \(.runs) runs" else "" end),
       row("failing"; if .event == "resolved" then null else failing end),
       row("gone"; if .detail.gone then "\(plural(.detail.gone; "bad backup is"; "bad backups are")) no longer there" else null end),
       row("what to do"; if is_open then (advice | esc) else null end),
       row("look"; if is_open then (see | if . then "<code>\(esc)</code>" else null end) else null end),
       row("acknowledge"; if is_open then "<code>bkm-alert --ack \(.fingerprint | esc)</code>" else null end)
     ] | join(""))
  + "</table></div>";

"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>\(headline | cut(200) | esc)</title></head>"
+ "<body style=\"margin:0;padding:16px;background:#ffffff;color:#1a1c20;font-family:sans-serif\">"
+ if .test then
    "<p>This is a test of the alert channel '\(.channel | esc)' by bkm-alert \(.version | esc) on \(.host | esc).<br>Nothing is wrong. If you read this, real alerts will reach you too.</p>"
  else
    fitting(block; 120000; 100) as $f
    | "<p style=\"font-size:18px;margin:0 0 14px\">\(counted | esc) on \(.host | esc), \(.at | when | esc)</p>"
      + ($f.shown | join("\n"))
      + if $f.left > 0 then "<p>\($f.left | left_out | esc)</p>" else "" end
  end
+ "<p style=\"color:#555b66;font-size:12px\">\(.app | esc), bkm \(.version | esc), message \(.id | esc)</p></body></html>"
