#!/usr/bin/env bats
# bkm-records(5), the JSON schema and the program tell the same story.
bats_require_minimum_version 1.5.0
load ../lib

@test "schema and manual are made from the table as it is" {
	run --separate-stderr "$BKM_ROOT/tests/docs/records.sh" --check
	expect 0
}

@test "every field, kind and word of the table is in the manual, and the page is clean" {
	page=$(mandoc -Tlint -Wwarning "$BKM_ROOT/man/bkm-records.5") || fail "$page"
	text=$(sed -n 's/^\.\(It Va\|Cm\|Ss Fields of\) \([^ ]*\).*/\2/p' "$BKM_ROOT/man/bkm-records.5")
	BKM_DUMP=1 "$BKM_BUILD/test/record/fields_test" |
		jq -r 'if .words then .list[] else .name, (.kind | select(. != "every")) end' | sort -u |
		while read -r word; do
			grep -qxF -- "$word" <<<"$text" || { echo "not in the manual: $word"; exit 1; }
		done
}

@test "the schema is a schema, refuses what is wrong and lets unknown things pass" {
	python3 - "$BKM_ROOT/share/bkm/schema/record.schema.json" <<-'PY'
	import json, sys, jsonschema
	schema = json.load(open(sys.argv[1]))
	jsonschema.Draft202012Validator.check_schema(schema)
	v = jsonschema.Draft202012Validator(schema)
	good = [
	    {"v": 1, "kind": "mine", "x": [1]},
	    {"v": 1, "kind": "backup", "id": 7, "mine": {}, "mtime": "2026-11-22T02:00:05Z",
	     "verification": {"verdict": "fail", "reason": "bitrot", "checks": [{"check": "size"}]}},
	    {"v": 1, "kind": "score", "location": None, "score": None, "grade": "unknown"},
	]
	bad = [
	    {"kind": "backup"},
	    {"v": 2, "kind": "backup"},
	    {"v": 1, "kind": "backup", "size": "12"},
	    {"v": 1, "kind": "backup", "size": 1.5},
	    {"v": 1, "kind": "backup", "state": "fine"},
	    {"v": 1, "kind": "backup", "mtime": "2026-11-22T02:00:05.5Z"},
	    {"v": 1, "kind": "backup", "reasons": ["whatever"]},
	    {"v": 1, "kind": "backup", "verification": {"reason": "because"}},
	    {"v": 1, "kind": "backup", "verification": {"checks": [{"verdict": "good"}]}},
	    {"v": 1, "kind": "run", "exit": True},
	]
	assert all(v.is_valid(r) for r in good)
	assert not any(v.is_valid(r) for r in bad), [r for r in bad if v.is_valid(r)]
	PY
}

# What the commands really write, over a tree with a good, a damaged, an empty and an oddly named
# backup: valid by the schema, and no field that the table does not know.
@test "everything the commands write is in the table" {
	write_config db
	printf 'alerts:\n  log:\n    file: alerts.log\n' >>config.yaml
	mkdir -p tree
	echo content >tree/file
	tar -czf db/app-2026-11-20.tar.gz tree
	tar -czf db/app-2026-11-21.tar.gz tree
	head -c 60 db/app-2026-11-21.tar.gz >db/app-2026-11-22.tar.gz
	: >db/empty-2026-11-22.sql
	cp db/app-2026-11-20.tar.gz "$(printf 'db/n\377-2026-11-20.tar.gz')"
	find db -type f -exec touch -d '2 days ago' {} +
	filter=cat
	for stage in verify restore score report alert; do
		[ -x "$BKM_BUILD/bin/bkm-$stage" ] || continue
		case $stage in
		report) filter="$filter | bkm-report --exit-zero -o out.html" ;;
		*) filter="$filter | bkm-$stage --exit-zero" ;;
		esac
	done
	bkm-scan --exit-zero | eval "$filter" >records
	[ "$(of_kind backup <records | wc -l)" -ge 4 ]
	BKM_DUMP=1 "$BKM_BUILD/test/record/fields_test" >table
	python3 - "$BKM_ROOT/share/bkm/schema/record.schema.json" table records <<-'PY'
	import json, sys, jsonschema
	v = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
	rows = [json.loads(line) for line in open(sys.argv[2])]
	known = {(r["kind"], r["name"]) for r in rows if "name" in r}
	objects = {k for k, r in ((( r["kind"], r["name"]), r) for r in rows if "name" in r)
	           if r["type"] in ("object", "objects")}
	wrong = set()
	def look(kind, prefix, value):
	    for name, inner in value.items():
	        full = prefix + name
	        if (kind, full) not in known and ("every", full) not in known:
	            wrong.add((kind, full))
	        has_rows = any(k == kind and n.startswith(full + ".") for k, n in known)
	        if not has_rows:
	            continue
	        for one in inner if isinstance(inner, list) else [inner]:
	            if isinstance(one, dict):
	                look(kind, full + ".", one)
	for line in open(sys.argv[3]):
	    record = json.loads(line)
	    for e in v.iter_errors(record):
	        wrong.add((record["kind"], "/".join(map(str, e.absolute_path)), e.message[:100]))
	    look(record["kind"], "", record)
	for w in sorted(wrong):
	    print(*w)
	sys.exit(1 if wrong else 0)
	PY
}
