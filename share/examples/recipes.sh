#!/bin/sh
# One-liners with jq, each a line of its own to copy. What the fields mean is in bkm-records(5).
# The store is asked where it already knows (--stored); begin with bkm-scan to look again.

# ---- what is wrong
# which backups are broken, and why
bkm-verify --stored --where false | jq -r 'select(.verification.verdict == "fail") | "\(.path): \(.verification.reason)"'
# which could not be restored
bkm-restore --stored --where false | jq -r 'select(.restore.verdict == "fail") | "\(.path): \(.restore.reason)"'
# which series are overdue, and since when
bkm-scan | jq -r 'select(.kind == "series" and (.status == "late" or .status == "missing")) | "\(.due)\t\(.location)\t\(.series)"'
# what keeps the score of each location down
bkm-score --stored | jq -r 'select(.kind == "score" and .location) | "\(.location)\t\(.grade)\t\(.capped_by | join(" "))"'
# what is open, the worst first
bkm-alert --list | jq -rs 'map(select(.kind == "alert" and .state == "open")) | sort_by(.severity)[] | "\(.severity)\t\(.summary)"'

# ---- numbers
# bytes, backups and free space of each location
bkm-scan | jq -r 'select(.kind == "location") | [.location, .bytes, .backups, .free_bytes] | @tsv'
# the ten largest backups
bkm-scan | jq -rs 'map(select(.kind == "backup")) | sort_by(-.size)[:10][] | "\(.size)\t\(.path)"'
# how much each newest backup differs in size from the one before it, in percent
bkm-scan | jq -r 'select(.kind == "series" and .previous and .previous.size > 0) | "\(((.newest.size / .previous.size) * 100 | floor) - 100) %\t\(.series)"'
# how long the restore of each newest backup took
bkm-restore --stored --where false | jq -r 'select(.latest and .restore.ms) | "\(.restore.ms) ms\t\(.path)"'
# how many passes reached which level
bkm-verify --stored --where false | jq -rs 'map(.verification.level // empty) | group_by(.)[] | "\(length)\t\(.[0])"'

# ---- lists for other programs
# the newest complete backup of each series, as file names that end in NUL
bkm-scan | jq -j 'select(.kind == "backup" and .latest and .path_b64 == null) | .path + "\u0000"' | xargs -0 -r ls -l
# what is older than 30 days and not the newest of its series: a list to prune from
bkm-scan | jq -r 'select(.kind == "backup" and .latest == false and (.mtime | fromdate) < now - 30 * 86400) | .path'
# a table for a spreadsheet
bkm-scan | jq -r 'select(.kind == "backup") | [.location, .series, .path, .size, .mtime, .status] | @csv'
# say whose backups these are, and see it at the end
bkm-scan | jq -c 'if .location == "databases" then .owner = "dba" else . end' | bkm-verify | jq -r 'select(.owner) | .path'
