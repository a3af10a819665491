# The body of a webhook (Standard Webhooks): one object for each message, alerts worst first.
include "alert";

(.alerts | order) as $a
| {
    type: (if .test then "bkm.alert.test" else "bkm.alert" end),
    timestamp: .at,
    data: {
      message: .id, app: .app, host: .host, version: .version, summary: headline,
      counts: {
        critical: ([$a[] | select(is_open and .severity == "critical")] | length),
        warning: ([$a[] | select(is_open and .severity != "critical")] | length),
        recovered: ([$a[] | select(.event == "resolved")] | length)
      },
      alerts: ($a[:200] | map(. + {advice: (if is_open then advice else null end)} | with_entries(select(.value != null)))),
      left_out: ([($a | length) - 200, 0] | max)
    }
  }
