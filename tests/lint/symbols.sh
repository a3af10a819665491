#!/bin/sh
# What the objects say: exports carry their module's prefix, calls follow the layers, each library
# has its owner, and nobody calls what is banned.
set -u
. "$(dirname "$0")/layers.sh"
build=$1
table=$(mktemp) || exit 1
trap 'rm -f "$table"' EXIT

# "module file kind symbol" for each global symbol of each object: D defined, U wanted.
for dir in "$build"/lib/*/ "$build"/cmd/ "$build"/cmd/*/; do
	source=${dir#"$build"/}
	module=$(basename "$dir")
	case $source in cmd/*) module=cmd ;; esac
	for object in "$dir"*.o; do
		name=$(basename "$object" .o)
		# An object that is left from a file that is gone says nothing about the tree.
		[ -e "$source$name.c" ] || continue
		nm -g "$object" | awk -v m="$module" -v f="$name" \
			'{ k = NF == 2 ? $1 : $2; print m, f, (k == "U" || k == "w") ? "U" : "D", $NF }'
	done
done >"$table"
[ -s "$table" ] || {
	echo "no objects below $build"
	exit 1
}

layers=$(for m in base record config schedule hash codec archive sqldb http sandbox decrypt repository store scan verify \
	restore score report alert tool cmd; do
	echo "$m $m $(may_use "$m")"
done)
libraries=$(for l in yaml jq sqlite3 openssl libarchive curl zlib bzip2 lzma zstd lz4 lzip isal seccomp; do
	echo "$l $(owners "$l")"
done)

awk -v layers="$layers" -v libraries="$libraries" '
function library(s) {
	if (s ~ /^yaml_/) return "yaml"
	if (s ~ /^(jq|jv)_/) return "jq"
	if (s ~ /^sqlite3_/) return "sqlite3"
	if (s ~ /^(EVP|HMAC|OPENSSL|CRYPTO|ERR|RAND|BIO|SHA[0-9]|MD5)_?/ && s !~ /^ERR_[A-Z]+$/) return "openssl"
	if (s ~ /^archive_/) return "libarchive"
	if (s ~ /^curl_/) return "curl"
	if (s ~ /^(inflate|deflate|gz(open|read|write|close)|crc32|adler32)/) return "zlib"
	if (s ~ /^BZ2_/) return "bzip2"
	if (s ~ /^lzma_/) return "lzma"
	if (s ~ /^ZSTD_/) return "zstd"
	if (s ~ /^LZ4/) return "lz4"
	if (s ~ /^LZ_/) return "lzip"
	if (s ~ /^isal_/) return "isal"
	if (s ~ /^seccomp_/) return "seccomp"
	return ""
}
function complain(text) { print text; bad = 1 }
BEGIN {
	n = split(layers, rows, "\n")
	for (i = 1; i <= n; i++) {
		k = split(rows[i], w, " ")
		for (j = 2; j <= k; j++)
			may[w[1], w[j]] = 1
	}
	n = split(libraries, rows, "\n")
	for (i = 1; i <= n; i++) {
		k = split(rows[i], w, " ")
		for (j = 2; j <= k; j++)
			owns[w[1], w[j]] = 1
	}
	# No other way out than cmd/ and lib/tool: base has the log and the end of memory.
	split("exit _IO_putc stdout stdin stderr puts putchar printf __printf_chk getenv secure_getenv environ __environ optarg getopt_long perror", words, " ")
	for (i in words)
		outside[words[i]] = 1
	split("strcpy strcat sprintf vsprintf strtok atoi atol atoll gmtime localtime mktemp tmpnam tempnam system popen gets __strcpy_chk __strcat_chk __sprintf_chk __vsprintf_chk", words, " ")
	for (i in words)
		banned[words[i]] = 1
}
FNR == NR {
	if ($3 == "D" && $4 != "main")
		home[$4] = $1
	next
}
$3 == "D" && $4 != "main" && $1 != "cmd" {
	if (index($4, $1 "_") != 1 && !($1 == "base" && index($4, $2 "_") == 1))
		complain("lib/" $1 "/" $2 ".c exports " $4 ": not " $1 "_…")
}
$3 == "U" {
	where = ($1 == "cmd" ? "" : "lib/") $1 "/" $2 ".c"
	if ($4 in banned)
		complain(where " calls " $4 ", which is banned (lib/base/banned.h says what to use)")
	if (($4 in outside) && $1 != "cmd" && $1 != "tool" && $1 != "base")
		complain(where " uses " $4 ": only cmd/ and lib/tool print, exit, read argv and the environment")
	if ($4 in home) {
		if (!(($1, home[$4]) in may))
			complain(where " calls " $4 " of " home[$4] ": not along the layers")
	} else {
		l = library($4)
		if (l != "" && !((l, $1) in owns))
			complain(where " calls " $4 ": " l " has another owner")
	}
}
END { exit bad }
' "$table" "$table"
