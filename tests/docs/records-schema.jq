# The JSON schema of a record, from the table of fields (jq -s): one rule for each kind.
def maybe(t): {type: [t, "null"]};
# The reason of a verdict is a word of one of three lists.
def is_verdict_reason: .kind == "backup" and (.name | endswith(".reason"));
# An alert has reasons of its own, and those of what it is about.
def alert_reasons($words):
  $words | .alert_reason + .backup_reason + .series_reason + .location_reason + .fail_reason
    + .error_verdict_reason + .cap + .error_reason | unique;
def plain($words):
  if .kind == "alert" and .name == "reasons" then
    maybe("array") + {items: {enum: alert_reasons($words)}}
  elif is_verdict_reason then
    {enum: ($words.fail_reason + $words.skip_reason + $words.error_verdict_reason + [null] | unique)}
  elif .type == "string" then maybe("string")
  elif .type == "integer" then maybe("integer") + {minimum: -9007199254740991, maximum: 9007199254740991}
  elif .type == "number" then maybe("number")
  elif .type == "boolean" then maybe("boolean")
  elif .type == "time" then maybe("string") + {format: "date-time", pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
  elif .type == "path" then maybe("string")
  elif .type == "base64" then maybe("string") + {pattern: "^[A-Za-z0-9+/]*={0,2}$"}
  elif .type == "word" then {enum: ($words[.list] + [null])}
  elif .type == "words" then maybe("array") + {items: {enum: $words[.list]}}
  elif .type == "object" then maybe("object")
  elif .type == "objects" then maybe("array") + {items: {type: "object"}}
  else {} end
  + {description: .help};
def place($path; $rule):
  if ($path | length) == 1 then .properties[$path[0]] |= ((. // {}) + $rule)
  elif .properties[$path[0]].type[0]? == "array" then .properties[$path[0]].items |= place($path[1:]; $rule)
  else .properties[$path[0]] |= place($path[1:]; $rule) end;
(map(select(.words)) | map({key: .words, value: .list}) | from_entries) as $words
| map(select(.name)) as $fields
| {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  title: "A record of bkm, version 1: one line of a stream. See bkm-records(5).",
  description: "Fields and kinds that are not named here are allowed: they are passed on.",
  type: "object",
  properties: {v: {const: 1, description: "version of the record format"}, kind: {type: "string"}},
  required: ["v", "kind"],
  allOf: [
    ($words.kind[]) as $kind
    | {
      if: {properties: {kind: {const: $kind}}, required: ["kind"]},
      then: (reduce ($fields[] | select(.kind == $kind)) as $f ({}; place($f.name | split("."); $f | plain($words))))
    }
  ]
}
