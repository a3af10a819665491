# One row for each series (and one for a location without any), as RFC 4180 has it. Each line of
# output gets its LF from bkm-report; the CR before it is here.
include "bkm";

# A text cell that a spreadsheet would run as a formula gets an apostrophe in front; the set is
# OWASP's, with the full-width forms of the same characters.
def cell: if type == "string" and test("^[=+@\\x{2d}\\t\\r\\n\\x{ff1d}\\x{ff0b}\\x{ff0d}\\x{ff20}]") then "'" + . else . end;
def row: map(cell) | @csv + "\r";
def words: if . == null then null else map(tostring) | join(" ") end;

([ "generated", "host", "location", "path", "type", "location_status", "grade", "score",
   "capped_by", "backup_rate", "verification_rate", "restore_rate", "scanned", "series", "schedule",
   "series_status", "due", "backups", "bytes", "newest_path", "newest_time", "newest_bytes",
   "verification", "verification_reason", "verification_level", "verification_time",
   "restore", "restore_reason", "restore_time", "reasons" ] | @csv + "\r"),
(. as $d
 | .locations[] as $l
 | ($l.series | if length > 0 then .[] else null end) as $s
 | [ $d.generated, $d.host, $l.location, $l.path, $l.type, $l.status, $l.grade, $l.score,
     ($l.capped_by | words), $l.parts.backup, $l.parts.verification, $l.parts.restore, $l.scanned,
     $s.series, $s.schedule, $s.status, $s.due,
     (if $s then $s.count else $l.backups end), (if $s then $s.bytes else $l.bytes end),
     $s.newest.path, $s.newest.at, $s.newest.size,
     $s.newest.verification.verdict, $s.newest.verification.reason, $s.newest.verification.level,
     $s.newest.verification.at,
     $s.newest.restore.verdict, $s.newest.restore.reason, $s.newest.restore.at,
     (($l.reasons // []) + ($s.reasons // []) | words) ] | row)
