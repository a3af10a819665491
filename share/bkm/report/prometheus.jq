# The text format that the node exporter's textfile collector reads. Moments, not ages; names of
# locations and series as labels, never a path of a file.

def escaped: tostring | gsub("\\\\"; "\\\\") | gsub("\""; "\\\"") | gsub("\n"; "\\n");
def metric($name; $help; samples):
  [samples] | if length == 0 then empty else "# HELP \($name) \($help)", "# TYPE \($name) gauge", .[] end;
def of_location($name; value):
  .locations[] | value as $v | select($v != null) | "\($name){location=\"\(.location | escaped)\"} \($v)";
def of_series($name; value):
  .locations[] | (.location | escaped) as $l | .series[] | value as $v | select($v != null)
  | "\($name){location=\"\($l)\",series=\"\(.series | escaped)\"} \($v)";
def of_run($name; value):
  .runs[] | value as $v | select($v != null) | "\($name){tool=\"\(.command | escaped)\"} \($v)";
def moment: if . == null then null else fromdateiso8601 end;
def level: {good: 0, warning: 1, critical: 2}[.] // 3;

metric("bkm_build_info"; "Version of bkm that wrote this file."; "bkm_build_info{version=\"\(.version | escaped)\"} 1"),
metric("bkm_report_timestamp_seconds"; "When this file was made."; "bkm_report_timestamp_seconds \(.generated | moment)"),
metric("bkm_health_score_ratio"; "Health score of a location, 0 to 1."; of_location("bkm_health_score_ratio"; .score)),
metric("bkm_health_grade"; "Grade of a location: 0 good, 1 warning, 2 critical, 3 unknown."; of_location("bkm_health_grade"; .grade | level)),
metric("bkm_location_up"; "Whether the last scan reached the location."; of_location("bkm_location_up"; if .status == null then null elif .status == "unreachable" then 0 else 1 end)),
metric("bkm_location_scan_timestamp_seconds"; "When the location was last scanned."; of_location("bkm_location_scan_timestamp_seconds"; .scanned | moment)),
metric("bkm_location_free_bytes"; "Free space of the file system of the location."; of_location("bkm_location_free_bytes"; .free_bytes)),
metric("bkm_backup_files"; "Backups that the location holds."; of_location("bkm_backup_files"; .backups)),
metric("bkm_backup_stored_bytes"; "Bytes of the backups that the location holds."; of_location("bkm_backup_stored_bytes"; .bytes)),
metric("bkm_backup_rate_ratio"; "Due times met by a good backup in the window, 0 to 1."; of_location("bkm_backup_rate_ratio"; .parts.backup)),
metric("bkm_verification_rate_ratio"; "Verified backups that passed in the window, 0 to 1."; of_location("bkm_verification_rate_ratio"; .parts.verification)),
metric("bkm_restore_rate_ratio"; "Restore tests that passed in the window, 0 to 1."; of_location("bkm_restore_rate_ratio"; .parts.restore)),
metric("bkm_backup_last_success_timestamp_seconds"; "Time of the newest complete backup of a series."; of_series("bkm_backup_last_success_timestamp_seconds"; .newest.at | moment)),
metric("bkm_backup_size_bytes"; "Size of the newest complete backup of a series."; of_series("bkm_backup_size_bytes"; .newest.size)),
metric("bkm_verification_last_timestamp_seconds"; "When the newest backup of a series was verified."; of_series("bkm_verification_last_timestamp_seconds"; .newest.verification.at | moment)),
metric("bkm_verification_passed"; "Whether the newest backup of a series passed its verification."; of_series("bkm_verification_passed"; .newest.verification.verdict | if . == "pass" then 1 elif . == "fail" then 0 else null end)),
metric("bkm_restore_test_passed"; "Whether the newest backup of a series passed its restore test."; of_series("bkm_restore_test_passed"; .newest.restore.verdict | if . == "pass" then 1 elif . == "fail" then 0 else null end)),
metric("bkm_restore_test_duration_seconds"; "How long the restore test of the newest backup of a series took."; of_series("bkm_restore_test_duration_seconds"; .newest.restore.ms | if . == null then null else . / 1000 end)),
metric("bkm_attention"; "Things that need attention."; "bkm_attention{severity=\"critical\"} \([.attention[] | select(.severity == "critical")] | length)", "bkm_attention{severity=\"warning\"} \([.attention[] | select(.severity == "warning")] | length)"),
metric("bkm_run_last_timestamp_seconds"; "When the last run of a stage started."; of_run("bkm_run_last_timestamp_seconds"; .started | moment)),
metric("bkm_run_duration_seconds"; "How long the last run of a stage took."; of_run("bkm_run_duration_seconds"; .ms | if . == null then null else . / 1000 end)),
metric("bkm_run_success"; "Whether the last run of a stage did all of its work."; of_run("bkm_run_success"; if .fate == "dead" then 0 elif .exit == null then null elif .exit <= 1 then 1 else 0 end))
