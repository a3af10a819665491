// The words of methods, reasons and warnings.
#include "verify/verify_private.h"

const char *
verify_method_name(enum verify_method method)
{
	switch (method) {
	case VERIFY_SIZE:
		return "size";
	case VERIFY_TIMESTAMP:
		return "timestamp";
	case VERIFY_CHECKSUM:
		return "checksum";
	case VERIFY_CONTENT:
		return "content";
	}
	return "content";
}

const char *
verify_reason_word(enum verify_reason reason)
{
	static const char *const words[VERIFY_REASON_REASONS] = {
	    [VERIFY_REASON_EMPTY] = "empty",
	    [VERIFY_REASON_NO_STATEMENT] = "no_statement",
	    [VERIFY_REASON_TRUNCATED] = "truncated",
	    [VERIFY_REASON_DAMAGED] = "damaged",
	    [VERIFY_REASON_FOREIGN] = "foreign",
	    [VERIFY_REASON_BOMB] = "bomb",
	    [VERIFY_REASON_INCOMPLETE] = "incomplete",
	    [VERIFY_REASON_SIZE_MISMATCH] = "size_mismatch",
	    [VERIFY_REASON_TIMESTAMP_MOVED] = "timestamp_moved",
	    [VERIFY_REASON_BITROT] = "bitrot",
	    [VERIFY_REASON_CHECKSUM_MISMATCH] = "checksum_mismatch",
	    [VERIFY_REASON_FORBIDDEN_CHANGE] = "forbidden_change",
	    [VERIFY_REASON_TAMPERING] = "tampering",
	    [VERIFY_REASON_GROWING] = "growing",
	    [VERIFY_REASON_ENCRYPTED] = "encrypted",
	    [VERIFY_REASON_UNSUPPORTED] = "unsupported",
	    [VERIFY_REASON_UNVERIFIABLE] = "unverifiable",
	    [VERIFY_REASON_SUPERSEDED] = "superseded",
	    [VERIFY_REASON_GONE] = "gone",
	    [VERIFY_REASON_UNREADABLE] = "unreadable",
	    [VERIFY_REASON_TIMEOUT] = "timeout",
	    [VERIFY_REASON_CRASHED] = "crashed",
	    [VERIFY_REASON_DECRYPT] = "decrypt",
	    [VERIFY_REASON_LOCKED] = "locked",
	    [VERIFY_REASON_PASSWORD] = "password",
	    [VERIFY_REASON_NOT_FOUND] = "not_found",
	    [VERIFY_REASON_NOT_INSTALLED] = "not_installed",
	    [VERIFY_REASON_HANDLER] = "handler",
	    [VERIFY_REASON_SANDBOX] = "sandbox",
	    [VERIFY_REASON_PERMISSION] = "permission_denied",
	    [VERIFY_REASON_IO] = "io_error",
	};
	return reason > 0 && reason < VERIFY_REASON_REASONS ? words[reason] : NULL;
}

const char *
verify_warning_word(enum verify_warning warning)
{
	switch (warning) {
	case VERIFY_WARN_GARBAGE:
		return "trailing_garbage";
	case VERIFY_WARN_ABSOLUTE:
		return "absolute_names";
	case VERIFY_WARN_DOTDOT:
		return "parent_names";
	case VERIFY_WARN_SPECIAL:
		return "special_files";
	case VERIFY_WARN_PREFIX:
		return "leading_bytes";
	case VERIFY_WARN_UNKNOWN:
		return "not_looked_into";
	case VERIFY_WARN_UNCHECKED:
		return "no_checksum";
	case VERIFY_WARN_WAL:
		return "wal_mode";
	case VERIFY_WARN_MANIFEST:
		return "manifest_ignored";
	case VERIFY_WARN_UNLISTED:
		return "unlisted";
	case VERIFY_WARN_NO_WAL:
		return "wal_missing";
	case VERIFY_WARN_ZEROS:
		return "trailing_zeros";
	}
	return "no_checksum";
}
