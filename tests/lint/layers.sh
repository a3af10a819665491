# The layers of lib/README.md as two functions; sourced by includes.sh and symbols.sh.
# shellcheck shell=sh

# may_use MODULE: the modules that it may include and call, beside itself.
may_use()
{
	case $1 in
	base) echo ;;
	record | config | schedule | hash | codec | sqldb | http | sandbox) echo base ;;
	decrypt) echo base sandbox ;;
	repository) echo base record sandbox ;;
	archive) echo base codec ;;
	store) echo base record ;;
	scan | verify | restore | score | report | alert)
		echo base record schedule hash codec archive sqldb sandbox http decrypt
		;;
	tool) echo base record config repository store schedule score ;;
	cmd) echo base record config schedule hash codec archive sqldb sandbox http decrypt repository store scan verify \
		restore score report alert tool ;;
	*) return 1 ;;
	esac
}

# owners LIBRARY: the modules that may include its headers and call its functions.
owners()
{
	case $1 in
	yaml) echo config ;;
	jq) echo record ;;
	sqlite3) echo store sqldb ;;
	openssl) echo hash ;;
	libarchive) echo archive ;;
	curl) echo http ;;
	zlib | bzip2 | lzma | zstd | lz4 | lzip | isal) echo codec ;;
	seccomp) echo sandbox ;;
	*) return 1 ;;
	esac
}

# has WORD WORDS…
has()
{
	word=$1
	shift
	for w; do
		[ "$w" = "$word" ] && return 0
	done
	return 1
}
