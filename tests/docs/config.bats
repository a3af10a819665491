#!/usr/bin/env bats
# The table of keys, bkm-config(5) and config.yaml say the same.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	top=$BATS_TEST_DIRNAME/../..
	cd "$BATS_TEST_TMPDIR" || return 1
}

# "KEY<tab>DEFAULT" for each row of the table, "-" where there is no default.
keys_of_the_table() {
	sed -n 's/^\t{LOCATION "/\t{"backups.locations[]/; s/^\t{"\([^"]*\)", KEY_[A-Z_]*\(.*\)/\1\t\2/p' \
		"$top/lib/config/keys.c" |
		awk -F '\t' '{
			d = "-"
			if (match($2, /^, IN_[A-Z]+\([a-z._]+\), "[^"]*"/)) {
				d = substr($2, RSTART, RLENGTH)
				sub(/^[^"]*"/, "", d); sub(/"$/, "", d)
			}
			print $1 "\t" d
		}'
}

keys_of_the_manual() {
	awk '
		function out() { if (key != "") print key "\t" value; key = "" }
		/^\.It Ic [a-z]/ { out(); key = $3; value = "-"; wanted = 0; next }
		/^\.Em .* ,$/ { next }
		$0 == "default" { wanted = 1; next }
		wanted && /^\.Cm / { value = $0; sub(/^\.Cm /, "", value); sub(/ \.$/, "", value); wanted = 0 }
		END { out() }' "$top/man/bkm-config.5"
}

# config.yaml with every setting that is commented out put in.
everything() {
	sed 's/^\( *\)#\([^ ]\)/\1\2/' "$top/config.yaml"
}

# "KEY<tab>VALUE" for each key of a YAML file that is written with two blanks a step.
keys_of_yaml() {
	awk '
		/^ *(#|$)/ { next }
		{
			indent = match($0, /[^ ]/) - 1
			text = substr($0, indent + 1)
			while (depth > 0 && at[depth] >= indent && !(text ~ /^- /))
				depth--
			if (text ~ /^- /) {
				while (depth > 0 && at[depth] >= indent)
					depth--
				depth++
				at[depth] = indent; name[depth] = "[]"
				indent += 2
				text = substr(text, 3)
			}
			key = text; sub(/:.*/, "", key)
			value = text; sub(/^[^:]*: */, "", value)
			depth++
			at[depth] = indent; name[depth] = key
			path = ""
			for (i = 1; i <= depth; i++)
				path = path (name[i] == "[]" || path == "" ? "" : ".") name[i]
			print path "\t" value
		}'
}

@test "every key stands in the manual, with its default, and no other" {
	diff <(keys_of_the_table) <(keys_of_the_manual)
}

@test "every key stands in config.yaml, and no other" {
	diff <(keys_of_the_table | cut -f 1 | sort) <(everything | keys_of_yaml | cut -f 1 | sort -u)
}

@test "a key that is commented out in config.yaml shows its default" {
	keys_of_the_table | grep -v -- '-$' | sort >table
	# Those of the file itself may say something else.
	keys_of_yaml <"$top/config.yaml" | cut -f 1 | sort -u >given
	everything | keys_of_yaml | sort -u | tr -d "[]'" | awk -F '\t' '$2 != ""' >shown
	while IFS=$(printf '\t') read -r key value; do
		grep -qxF -- "$key" given && continue
		grep -qxF -- "$(printf '%s\t%s' "$key" "$value" | tr -d "[]'")" shown ||
			{ echo "config.yaml shows another default than '$value' for $key"; return 1; }
	done <table
}

@test "the words of the logging level are those of the manual" {
	for word in DEBUG INFO WARNING ERROR; do
		grep -qx ".Cm $word\( [,.]\)\?" "$top/man/bkm-config.5"
	done
}

@test "every word that a key takes stands in the manual" {
	sed -n '/_words\[\] = {/,/};/p' "$top/lib/config/keys.c" | grep -o '"[a-z_]*"' | tr -d '"' |
		while read -r word; do
			grep -qx ".Cm $word\( [,.;]\)\?" "$top/man/bkm-config.5" || { echo "$word"; return 1; }
		done
}
