// What the words of the records mean, and what a person can do about each.
#include "report/report_private.h"

struct advice {
	const char *reason, *why, *todo;
};

static const struct advice table[] = {
    /* verdicts */
    {"empty", "there is nothing in it",
	"see why the job wrote nothing: its log, its credentials, its disk"},
    {"no_statement", "it is a dump without a statement",
	"see whether the job dumped the right database, with the right rights"},
    {"truncated", "the data ends before its own end",
	"make it again; look for a full disk or a job that was killed"},
    {"damaged", "the data does not agree with its own checks",
	"make it again, and check the disk it lies on"},
    {"foreign", "the content is not what the name promises",
	"look into the file: often it is an error message of the job"},
    {"unsafe", "restoring it would write outside its place or execute something",
	"do not unpack it by hand; find out what made it"},
    {"bomb", "it unpacks past the limits",
	"raise restore_testing.max_bytes, max_entries or max_ratio if this is expected"},
    {"incomplete", "a part without which it cannot be restored is missing",
	"find the missing part, or make it again"},
    {"size_mismatch", "its size is not the one it should have",
	"make it again, or fetch it again from where it came"},
    {"timestamp_moved", "its time is not plausible",
	"see who touched the file, and whether the clock of that machine is right"},
    {"bitrot", "its content changed while its size and time did not",
	"do not trust this copy; check the disk and memory, and keep another copy"},
    {"checksum_mismatch", "it does not match the checksum that came with it",
	"fetch it again, or make it again"},
    {"forbidden_change", "it changed although the location is immutable",
	"find out who changed it: tampering looks like this"},
    {"tampering", "it shows signs of tampering: it is not what its series always was",
	"keep other copies out of reach, then find out who wrote it; bkm-verify --accept takes it"},
    {"stale", "it is not the newest that there should be by now", "see why no newer backup came"},
    {"differs", "what came out differs from the live files",
	"see whether the job still reads the live data; the files are in the record"},
    {"shrunk", "tables, rows or files that its series always had are missing",
	"look at what is missing; if it is right: bkm-restore --accept ID"},
    {"assertion", "a check that the configuration asks for failed",
	"restore it by hand and compare; see the checks of the record"},
    {"rto_exceeded", "restoring takes longer than rto_minutes",
	"find a faster way to restore, or change what was promised"},
    {"decrypt", "it could not be decrypted, so nobody could look into it",
	"see whether decrypt.command works and its secret is the right one"},
    {"locked", "another program holds the repository", "wait for it to end, or break a stale lock"},
    {"password", "the password does not open the repository",
	"correct decrypt.secret or secret_file of its location"},
    {"not_installed", "the tool of the repository is not installed", "install its package"},
    {"encrypted", "it is encrypted, so nobody could look into it",
	"name a program and a key under decrypt: of its location"},
    /* backups */
    {"too_small", "it is smaller than min_size", "look at the log of the job, and at its disk"},
    {"partial_name", "it has the name of an unfinished file",
	"see whether the job still runs or died"},
    {"stalled", "it stopped growing before it was complete",
	"see whether the job died or its disk is full, then start it again"},
    {"vanished", "it is gone before its retention was over",
	"find out who removed it; bkm-verify --accept takes it as right"},
    {"unreadable", "it cannot be read", "give bkm the right to read it"},
    /* locations */
    {"not_found", "the directory does not exist", "mount it or correct its path"},
    {"not_a_directory", "the path is not a directory", "correct the path of the location"},
    {"permission_denied", "bkm may not read it", "give bkm the right to read it"},
    {"io_error", "reading it fails", "check the disk or the network behind it"},
    {"timeout", "its file system does not answer", "look at the server or the disk behind it"},
    {"identity_changed", "another file system is there than before: it looks unmounted",
	"mount the right one and run bkm-scan; nothing in it counts as gone until then"},
    {"all_gone", "everything in it is gone at once: it looks unmounted",
	"mount it and run bkm-scan; nothing in it counts as gone until then"},
    {"unsupported", "this version of bkm cannot look into it", "remove it or change its type"},
};

static const struct advice *
find(const char *reason)
{
	for (size_t i = 0; reason && i < ARRAY_LEN(table); i++) {
		if (strcmp(table[i].reason, reason) == 0)
			return &table[i];
	}
	return NULL;
}

const char *
report_advice_why(const char *reason)
{
	const struct advice *a = find(reason);

	if (a)
		return a->why;
	return reason && *reason ? reason : "no reason is recorded";
}

const char *
report_advice_todo(const char *reason)
{
	const struct advice *a = find(reason);

	return a ? a->todo : "look at the log of the job, and at the file";
}
