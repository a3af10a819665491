# One page that stands alone: no script, nothing fetched. What needs attention comes first.
include "bkm";

def style: "
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1c20;--mut:#565c68;--line:#d5d8df;--card:#f5f6f8;
--good:#0f6b2f;--warning:#8a4b00;--critical:#b01e14;--unknown:#555b66;
--goodb:#e6f4ea;--warningb:#fff1dc;--criticalb:#fde9e7;--unknownb:#eceef1}
@media (prefers-color-scheme:dark){:root{--bg:#14161a;--fg:#e7e9ee;--mut:#a3a9b5;--line:#363b45;--card:#1d2026;
--good:#62d083;--warning:#ffb454;--critical:#ff8a80;--unknown:#adb3be;
--goodb:#14301d;--warningb:#36270c;--criticalb:#431512;--unknownb:#272b32}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1rem 1.25rem 3rem;background:var(--bg);color:var(--fg);
font:15px/1.45 system-ui,'Segoe UI','DejaVu Sans',sans-serif;overflow-wrap:anywhere}
h1{font-size:1.1rem;margin:0}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1.05rem;margin:0 0 .25rem}
p{margin:.25rem 0}a{color:inherit}.m{color:var(--mut)}.n{white-space:nowrap}.r{text-align:right}
.i{width:1.05em;height:1.05em;vertical-align:-.15em;margin-right:.35em;flex:none}
.good{color:var(--good)}.warning{color:var(--warning)}.critical{color:var(--critical)}.unknown{color:var(--unknown)}
.b{display:inline-block;white-space:nowrap;font-weight:600}
.v{display:flex;align-items:center;gap:1rem;margin:1rem 0;padding:1rem 1.25rem;border:2px solid;border-radius:.5rem}
.v .i{width:3rem;height:3rem;margin:0}.v strong{display:block;font-size:1.55rem;line-height:1.2}.v span{color:var(--fg)}
.v.good{background:var(--goodb)}.v.warning{background:var(--warningb)}.v.critical{background:var(--criticalb)}.v.unknown{background:var(--unknownb)}
ol.a{list-style:none;margin:0;padding:0}
ol.a>li{margin:0 0 .6rem;padding:.6rem .9rem;background:var(--card);border-left:.35rem solid;border-radius:.25rem}
ol.a>li>*{color:var(--fg)}ol.a h3 .b{margin-right:.5em}ol.a h3 .good,ol.a h3 .warning,ol.a h3 .critical,ol.a h3 .unknown{color:inherit}
.a .warning .b{color:var(--warning)}.a .critical .b{color:var(--critical)}.a .unknown .b{color:var(--unknown)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:0}dt{color:var(--mut);min-width:3.6rem}dd{margin:0}
table{width:100%;border-collapse:collapse;margin:.5rem 0}
caption{text-align:left;color:var(--mut);padding:.2rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600}tbody th{min-width:8.5rem}thead th{color:var(--mut);white-space:nowrap}th.r,td.r{text-align:right}
td,th{font-variant-numeric:tabular-nums}
.d{height:1.35rem;width:auto;max-width:100%;vertical-align:middle}
.d path{fill:none}.d .o{stroke:var(--good);stroke-width:16;stroke-dasharray:8 2}.d .f{stroke:var(--critical);stroke-width:3}.d .m{stroke:var(--warning);stroke-width:2}
.d .i{stroke:var(--mut);stroke-width:3;stroke-dasharray:6 4}.d .u{stroke:var(--unknown);stroke-width:2;stroke-dasharray:2 8}.t{height:1.35rem;width:7rem;vertical-align:middle}
.t path{fill:none;stroke:var(--fg);stroke-width:1.5;vector-effect:non-scaling-stroke}.t .z{stroke:var(--line)}
.k{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;color:var(--mut);margin:.25rem 0}.k .d{margin-right:.3rem}
section.l{margin-top:1.6rem;padding-top:.8rem;border-top:2px solid var(--line)}
footer{margin-top:2rem;color:var(--mut);font-size:.9rem}
@media (max-width:46rem){body{padding:.75rem}
.v strong{font-size:1.25rem}.v{padding:.75rem;gap:.75rem}
table,caption,tbody,tr,td,tbody th{display:block}tr>:first-child,tr>:nth-child(2):is(th){display:inline-block;margin-right:.6rem}thead{position:absolute;clip-path:inset(50%);height:1px;width:1px;overflow:hidden}
tr{padding:.5rem 0;border-bottom:1px solid var(--line)}td,tbody th{border:0;padding:.1rem 0}td.r{text-align:left}
td[data-l]::before{content:attr(data-l);display:inline-block;width:7.5rem;color:var(--mut)}td:empty{display:none}}
@media print{:root{--bg:#fff;--fg:#000;--mut:#444;--line:#999;--card:#fff;--good:#0f6b2f;--warning:#7a4200;--critical:#a01810;--unknown:#444;
--goodb:#fff;--warningb:#fff;--criticalb:#fff;--unknownb:#fff}body{max-width:none;padding:0;font-size:10pt}
tr,ol.a>li,.v{break-inside:avoid}h2,h3,caption{break-after:avoid}thead{display:table-header-group}a{text-decoration:none}
svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
" | split("\n") | add;

# The four grades, told apart by shape as well.
def symbols:
  "<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs>"
  + "<symbol id=\"good\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"7\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\"/><path d=\"M4.5 8.3l2.4 2.5 4.6-5.2\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\"/></symbol>"
  + "<symbol id=\"warning\" viewBox=\"0 0 16 16\"><path d=\"M8 1L15.5 14.8H.5z\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" stroke-linejoin=\"round\"/><path d=\"M8 5.5v4.6M8 11.4v1.8\" stroke=\"currentColor\" stroke-width=\"1.9\"/></symbol>"
  + "<symbol id=\"critical\" viewBox=\"0 0 16 16\"><path d=\"M4.8.5h6.4l4.3 4.3v6.4l-4.3 4.3H4.8L.5 11.2V4.8z\" fill=\"currentColor\"/><path d=\"M5 5l6 6M11 5l-6 6\" stroke=\"var(--bg)\" stroke-width=\"2.2\"/></symbol>"
  + "<symbol id=\"unknown\" viewBox=\"0 0 16 16\"><path d=\"M8 .8L15.2 8 8 15.2.8 8z\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.4\" stroke-dasharray=\"2.4 1.4\"/><path d=\"M6 6.4a2 2 0 1 1 2.8 1.8c-.6.3-.8.6-.8 1.3M8 10.6v1.5\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.4\"/></symbol>"
  + "</defs></svg>";
def shape($g): "<svg class=\"i\" aria-hidden=\"true\"><use href=\"#\($g)\"/></svg>";
def badge($g; $word): "<span class=\"b \($g)\">" + shape($g) + @html "\($word)" + "</span>";

# A strip of days: full bar ok, cross failed, empty frame missing, low line nothing due, dot unknown.
# Days alike in a row are one dashed line.
def mark($from; $n):
  if . == "ok" then "M\($from)1 9h\($n * 10 - 2)"
  elif . == "failed" then [range($from; $from + $n) | "M\(.)1 2l8 14m0-14l-8 14"] | add
  elif . == "missing" then [range($from; $from + $n) | "M\(.)2 2h6v14h-6z"] | add
  elif . == "idle" then "M\($from)2 14.5h\($n * 10 - 4)"
  else "M\($from)4 9h\($n * 10 - 8)" end;
def strip_svg($runs; $head):
  "<svg class=\"d\" viewBox=\"0 0 \(length)0 18\" " + $head
  + ($runs | group_by(.[0]) | map(.[0][0] as $w
      | "<path class=\"\($w[:1])\" d=\"" + (map(.[1] as $from | .[2] as $n | $w | mark($from; $n)) | add) + "\"/>") | add // "")
  + "</svg>";
def strip:
  runs as $runs
  | strip_svg($runs; "role=\"img\"><title>" + @html "\(length | plural("day")): \($runs | strip_words)" + "</title>");

# Size a day: a line from zero to the largest; a day without a backup breaks it.
def trend:
  map(.bytes) as $b
  | ($b | map(select(. != null))) as $known
  | if ($known | length) < 2 then ""
    else
      ($known | max | if . > 0 then . else 1 end) as $max
      | (100 / (($b | length) - 1)) as $dx
      | [range(0; $b | length) as $i | select($b[$i] != null)
          | if $i > 0 and $b[$i - 1] != null then "L" else "M" end,
            "\($i * $dx | floor) \(17 - $b[$i] * 15 / $max | floor)",
            if ($i == 0 or $b[$i - 1] == null) and $b[$i + 1] == null then "h1" else empty end] as $p
      | "<svg class=\"t\" role=\"img\" viewBox=\"0 0 101 18\" preserveAspectRatio=\"none\"><title>"
        + @html "Size a day: largest \($max | size), last \($known | last | size)"
        + "</title><path class=\"z\" d=\"M0 17.5H101\"/><path d=\"\($p | add)\"/></svg>"
    end;

def cell($name; $html): "<td data-l=\"\($name)\">" + $html + "</td>";
def right($name; $html): "<td class=\"r\" data-l=\"\($name)\">" + $html + "</td>";
def verdict_html($now):
  verdict as $v | "<span class=\"\($v.shape)\">" + shape($v.shape) + @html "\($v.word)" + "</span>"
  + (if .at then @html " <span class=\"m\">\(.at | ago($now))</span>" else "" end);
def newest: [.series[] | .newest | select(. != null)] | max_by(.at);
def rate: if . == null then "none" else percent end;
def list_html: map(@html "\(.)") | join("; ");

def head:
  "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
  + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
  + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
  + "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
  + @html "<title>\(.overall.grade | grade_word): \(headline) - \(.app | named)</title>\n"
  + "<style>" + style + "</style>\n</head>\n<body>\n" + symbols;

def top:
  (.overall.grade) as $g
  | "<header>\n" + @html "<h1>\(.app | named) <span class=\"m\">on \(.host | named)</span></h1>\n"
  + @html "<p class=\"m\">As of <strong>\(.generated | when)</strong>, \(if .days then "looking back " + (.days | plural("day")) + " to " + (.from | when) else "as far back as is known" end)</p>\n"
  + "</header>\n<main>\n<div class=\"v \($g)\">" + shape($g)
  + @html "<p><strong>\($g | grade_word): \(headline)</strong>"
  + "<span>" + ([.overall.locations | (["critical", "warning", "unknown", "good"][] as $k | select(.[$k] > 0) | "\(.[$k]) \($k)")] | join(", "))
  + @html ". Score over all \(.overall.score | score)\(if .overall.previous != null then ", before that " + (.overall.previous | score) else "" end).</span></p></div>";

def attention($now):
  "<li class=\"\(.severity)\"><h3>" + badge(.severity; .severity | grade_word)
  + @html "\(.location // "" | named)\(if .series then " · " + (.series | named) else "" end): \(.what | visible | shorten(200))</h3>"
  + "<dl>"
  + (if .since then @html "<dt>Since</dt><dd>\(.since | when) <span class=\"m\">(\(.since | ago($now)))</span></dd>" else "" end)
  + (if .path then @html "<dt>Where</dt><dd>\(.path | named)</dd>" else "" end)
  + (if .why then @html "<dt>Why</dt><dd>\(.why | visible | shorten(400))</dd>" else "" end)
  + (if .todo then @html "<dt>Do</dt><dd><strong>\(.todo | visible | shorten(400))</strong></dd>" else "" end)
  + "</dl></li>";

def attention_section:
  .generated as $now
  | if (.attention | length) == 0 then empty
    else
      "<section aria-labelledby=\"attention\">\n<h2 id=\"attention\">What needs attention, most urgent first</h2>\n<ol class=\"a\">",
      (.attention[] | attention($now)), "</ol>\n",
      (if (.left_out.attention // 0) > 0 then "<p class=\"m\">\(.left_out.attention) more left out here.</p>" else empty end),
      "</section>"
    end;

def location_row($now; $i; $detail):
  newest as $n
  | "<tr><td>" + badge(.grade; .grade | grade_word) + "</td><th scope=\"row\">"
  + (if $detail then "<a href=\"#l\($i)\">" + @html "\(.location | named)" + "</a>" else @html "\(.location | named)" end) + "</th>"
  + right("Score"; .score | score) + cell("Days"; .days | strip) + cell("Size a day"; .days | trend)
  + cell("Newest"; if $n then @html "\($n.at | ago($now))<span class=\"m\"> \($n.size | size)</span>" else "<span class=\"critical\">none</span>" end)
  + right("Verified"; if .parts.verification == null and .verify_integrity == false then "off" else @html "\(.parts.verification | rate)" end)
  + right("Restored"; if .parts.restore == null and .test_restore == false then "off" else @html "\(.parts.restore | rate)" end)
  + "</tr>";

def legend:
  "<div class=\"k\">"
  + ([["ok", "a good backup"], ["failed", "a failed backup"], ["missing", "due, but none came"], ["idle", "nothing due"], ["unknown", "not known"]]
     | map(.[0] as $w | "<span>" + ([0] | strip_svg([[$w, 0, 1]]; "aria-hidden=\"true\">")) + " \(.[1])</span>") | add) + "</div>";

def locations_section($detailed):
  .generated as $now
  | if (.locations | length) == 0 then empty
    else
      "<section aria-labelledby=\"locations\">\n<h2 id=\"locations\">Locations, worst first</h2>", legend,
      "<table><caption>" + @html "Days are days in UTC, from \(.locations[0].days[0].day // "") to \(.generated[:10]); rates count \(if .days then "the last " + (.days | plural("day")) else "all that is known" end)." + "</caption>\n",
      "<thead><tr><th scope=\"col\">Grade</th><th scope=\"col\">Location</th><th scope=\"col\" class=\"r\">Score</th><th scope=\"col\">Days</th><th scope=\"col\">Size a day</th><th scope=\"col\">Newest backup</th><th scope=\"col\" class=\"r\">Verified</th><th scope=\"col\" class=\"r\">Restored</th></tr></thead>\n<tbody>",
      (.locations | to_entries[] | .key as $i | .value | location_row($now; $i; $detailed[$i | tostring])),
      "</tbody></table>",
      (if (.left_out.locations // 0) > 0 then "<p>\(.left_out.locations) more locations left out, none of them worse than these.</p>" else empty end),
      "</section>"
    end;

def series_row($now; $dir):
  "<tr><th scope=\"row\">" + @html "\(.series | named)" + "</th>"
  + cell("Status"; badge(.status | status_shape; .status | plain))
  + cell("Schedule"; @html "\(.schedule // "none" | named)")
  + cell("Next due"; if .due then @html "\(.due | ago($now))" else "" end)
  + cell("Newest"; if .newest then @html "\(.newest.path | below($dir) | named) <span class=\"m\">\(.newest.at | ago($now))</span>" else "none" end)
  + right("Size"; if .newest then @html "\(.newest.size | size)" + (if .previous then @html " <span class=\"m\">before \(.previous.size | size)</span>" else "" end) else "" end)
  + right("Kept"; @html "\(.count) <span class=\"m\">\(.bytes | size)</span>") + "</tr>";

def backup_row($now; $dir):
  (if .status == "failed" then ["critical", "failed"] elif .state == "complete" then ["good", "complete"] else ["unknown", .state] end) as $s
  | "<tr><th scope=\"row\">" + @html "\(.path | below($dir) | named)" + "</th>"
  + cell("Time"; @html "<span class=\"n\">\((.at // .mtime) | when)</span>")
  + right("Size"; @html "<span class=\"n\">\(.size | size)</span>")
  + cell("State"; badge($s[0]; $s[1] | plain) + (.reasons | plain_list | if length > 0 then ": " + list_html else "" end))
  + cell("Verified"; .verification | verdict_html($now)) + cell("Restored"; .restore | verdict_html($now)) + "</tr>";

def facts($now):
  [ ["Path", (.path | named)],
    ["Kind", ([.type, (if .unit == "directory" then "one directory a backup" else null end), (.schedule | if . then "schedule " + named else "no schedule" end)] | map(select(. != null)) | join(", "))],
    ["Held", "\(.backups // 0 | plural("backup")), \(.bytes | size)\(if .free_bytes then "; " + (.free_bytes | size) + " free" else "" end)"],
    ["Scanned", (.scanned | ago($now))],
    (if .status and .status != "ok" then ["Status", (([.status | plain] + (.reasons | plain_list)) | join("; "))] else empty end),
    ["Score", "\(.score | score)\(if .previous != null and .previous != .score then ", before that " + (.previous | score) else "" end): backups \(.parts.backup | percent), verified \(.parts.verification | percent), restored \(.parts.restore | percent)"],
    ([.series[]? | select(.restore_times)] | sort_by(-.restore_times.worst_ms) | select(length > 0)
      | ["Restore takes", ((.[:5] | map("\(.series | named): \(.restore_times | restore_takes)") | join("; "))
          + (if length > 5 then "; \(length - 5) more series, faster ones" else "" end))]),
    (if ((.capped_by // []) | length) > 0 then ["Held down by", (.capped_by | plain_list | join("; "))] else empty end),
    (((.score_reasons // []) - (.capped_by // [])) | if length > 0 then ["Also", (plain_list | join("; "))] else empty end)
  ] | map("<dt>\(.[0])</dt>" + @html "<dd>\(.[1])</dd>") | add;

def detail($now; $i):
  .path as $dir
  | "<section class=\"l\" aria-labelledby=\"l\($i)\">\n<h3 id=\"l\($i)\">" + badge(.grade; .grade | grade_word) + @html " \(.location | named)</h3>\n<dl>" + facts($now) + "</dl>\n",
  (if (.series | length) > 0 then
    "<table><caption>Series: backups that replace each other in time</caption><thead><tr><th scope=\"col\">Series</th><th scope=\"col\">Status</th><th scope=\"col\">Schedule</th><th scope=\"col\">Next due</th><th scope=\"col\">Newest</th><th scope=\"col\" class=\"r\">Size</th><th scope=\"col\" class=\"r\">Kept</th></tr></thead><tbody>",
    (.series[] | series_row($now; $dir)), "</tbody></table>" else empty end),
  (if (.left_out.series // 0) > 0 then "<p class=\"m\">\(.left_out.series) more series left out, none of them worse.</p>" else empty end),
  (if (.recent | length) > 0 then
    "<table><caption>Newest backups; a verdict never says more than the level that was reached</caption><thead><tr><th scope=\"col\">Backup</th><th scope=\"col\">Time</th><th scope=\"col\" class=\"r\">Size</th><th scope=\"col\">State</th><th scope=\"col\">Verified</th><th scope=\"col\">Restored</th></tr></thead><tbody>",
    (.recent[] | backup_row($now; $dir)), "</tbody></table>" else empty end),
  (if (.left_out.recent // 0) > 0 then "<p class=\"m\">\(.left_out.recent) older ones of these \(.days | length | plural("day")) left out.</p>" else empty end),
  "</section>";

def details($detailed):
  .generated as $now
  | if (.locations | length) == 0 then empty
    else
      "<h2>Each location</h2>",
      (if ($detailed | length) < (.locations | length)
       then "<p class=\"m\">Details of the \($detailed | length) worst; the JSON report has all.</p>" else empty end),
      (.locations | to_entries[] | .key as $i | select($detailed[$i | tostring]) | .value | detail($now; $i))
    end;

def alerts_section:
  .generated as $now
  | if (.alerts | length) == 0 then empty
    else
      "<section aria-labelledby=\"alerts\">\n<h2 id=\"alerts\">Open alerts</h2>\n<table><caption>As bkm-alert left them</caption><thead><tr><th scope=\"col\">Severity</th><th scope=\"col\">Alert</th><th scope=\"col\">About</th><th scope=\"col\">Open since</th><th scope=\"col\">Summary</th></tr></thead><tbody>",
      (.alerts[] | "<tr><td>" + badge(.severity as $s | if $s == "critical" or $s == "warning" then $s else "unknown" end; .severity | plain) + "</td>"
        + "<th scope=\"row\" class=\"n\">" + @html "\(.alert | plain)" + "</th>"
        + cell("About"; @html "\([.location, .series] | map(select(. != null) | named) | join(" · "))")
        + cell("Since"; @html "\(.opened | ago($now))\(if .acked then ", acknowledged" else "" end)")
        + cell("Summary"; @html "\(.summary // "" | visible | shorten(300))") + "</tr>"),
      "</tbody></table>",
      (if (.left_out.alerts // 0) > 0 then "<p class=\"m\">\(.left_out.alerts) more left out.</p>" else empty end),
      "</section>"
    end;

def runs_section:
  .generated as $now
  | if (.runs | length) == 0 then empty
    else
      "<section aria-labelledby=\"runs\">\n<h2 id=\"runs\">The monitor itself</h2>\n<table><caption>The last run of each stage on this host</caption><thead><tr><th scope=\"col\">Stage</th><th scope=\"col\">How it went</th><th scope=\"col\">Started</th><th scope=\"col\" class=\"r\">Took</th><th scope=\"col\" class=\"r\">Found</th><th scope=\"col\" class=\"r\">Errors</th></tr></thead><tbody>",
      (.runs[] | run_words as $w
        | "<tr><th scope=\"row\">" + @html "\(.command | named)" + "</th>" + cell("Result"; badge($w.shape; $w.word))
        + cell("Started"; @html "\(.started | ago($now))") + right("Took"; if .ms != null then @html "\(.ms | elapsed)" else "" end)
        + right("Found"; if .findings != null then "\(.findings)" else "" end) + right("Errors"; if .errors != null then "\(.errors)" else "" end) + "</tr>"),
      "</tbody></table>\n</section>"
    end;

def foot:
  (.statistics // {}) as $s
  | "</main>\n<footer>" + @html "<p>The store knows \($s.backups // 0 | plural("backup")) in \($s.series // 0) series of \($s.locations // 0 | plural("location")), \($s.verifications // 0 | plural("verification")) and \($s.restores // 0 | plural("restore test")); it is \($s.bytes // 0 | size) large.</p>"
  + @html "<p>Written \(.generated | when) by bkm \(.version) on \(.host | named). What has never been looked at has no verdict; it is not called good.</p></footer>\n</body>\n</html>";

([.locations | to_entries[] | .key] | .[:100] | map({key: tostring, value: true}) | from_entries) as $detailed
| head, top, attention_section, locations_section($detailed), alerts_section, runs_section, details($detailed), foot
