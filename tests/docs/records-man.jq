# The lists of fields and words of bkm-records(5), as mdoc, from the table of fields (jq -rs).
def text: gsub("\\\\"; "\\e") | gsub("(?<end>[.!?]) "; "\(.end)\n");
(map(select(.words)) | map({key: .words, value: .list}) | from_entries) as $words
| map(select(.name)) as $fields
| ($fields | map(.list) | unique) as $shown
| def words($list): $words[$list]
    | length as $n | to_entries[] | ".Cm \(.value)" + (if .key < $n - 1 then " ," else " ." end);
(("every", $words.kind[]) as $kind
| ".Ss \(if $kind == "every" then "Every record" else "Fields of " + $kind end)",
  ".Bl -tag -width Ds -compact",
  ($fields[] | select(.kind == $kind)
    | ".It Va \(.name)",
      "\(.type):",
      (.help | text) + (if .list then "." else "" end),
      (if .list then (if .type == "words" then "Any of" else "One of" end),
        words(.list)
       else empty end)),
  ".El"),
((to_entries[].value | select(.words) | .words) as $list
| select($shown | index($list) | not)
| ".Ss Words: \($list | gsub("_"; " "))", words($list))
