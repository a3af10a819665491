# Lines for a log: one for each alert, severity first (bkm-alert takes syslog's priority from it).
include "alert";

if .test then "NOTICE test \(headline)"
else
  (.alerts | order)[]
  | "\(if .event == "resolved" then "NOTICE" else (.severity // "warning" | ascii_upcase) end) \(.event) \(.alert) \(.fingerprint): \(said)" | cut(1500)
end
