# The body of a Slack incoming webhook: a headline, one section for each alert, within Slack's
# limits (150 characters in a header, 3000 in a section, 50 blocks, about 13000 characters in all).
include "alert";

# Only these three mean something to Slack; a mention or a link cannot come out of a file name.
def esc: line | gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;");

def icon: if .event == "resolved" then ":white_check_mark:" elif .event == "test" then ":bell:"
  elif .severity == "critical" then ":red_circle:" else ":warning:" end;

def section:
  [ "\(icon) *\(tag)* \(said | cut(500) | esc)",
    "\(standing), \(kind_words)" + (reasons | if . != "" then " (\(esc))" else "" end),
    (if .event == "resolved" then empty else (expected | select(.) | "Expected: \(esc)") end),
    (last_good | select(.) | "Last good: \(esc)"),
    (select(is_open) | "What to do: \(advice | esc)"),
    (select(is_open) | "Quiet: `bkm-alert --ack \(.fingerprint | line | gsub("`"; ""))`")
  ] | join("\n") | cut(2900);

def text_block: {type: "section", text: {type: "mrkdwn", text: .}};

if .test then
  {text: (headline | esc), blocks: [("\(":bell:") *TEST* Nothing is wrong. If you read this, real alerts of \(.host | esc) will reach you too." | text_block)]}
else
  fitting(section; 10000; 20) as $f
  | {
      text: ("\(headline) (\(.host))" | line | cut(500) | esc),
      blocks: (
        [{type: "header", text: {type: "plain_text", text: ("\(counted) on \(.host | line)" | cut(150)), emoji: false}}]
        + ($f.shown | map(text_block))
        + (if $f.left > 0 then [$f.left | left_out | esc | text_block] else [] end)
        + [{type: "context", elements: [{type: "mrkdwn", text: ("\(.app | line | cut(60)), bkm \(.version), \(.at | when)" | esc)}]}]),
      unfurl_links: false,
      unfurl_media: false
    }
end
