/* What the files of alert share: the evidence of one run, per subject and kind. */
#ifndef ALERT_PRIVATE_H
#define ALERT_PRIVATE_H

#include "alert/alert.h"

/* Member of a stage's trouble that names no path. It is no path and not "". */
#define ALERT_MEMBER_STAGE "?"

struct alert_fault {
	char *member;
	char *reason;
	char *note; /* one line for people, or NULL */
	enum record_severity severity;
};

enum alert_seen { ALERT_UNSEEN, ALERT_SEEN_GOOD, ALERT_SEEN_BAD };

struct alert_expected {
	char *member;
	enum alert_seen seen;
	bool gone; /* seen good because it is no longer there */
};

struct alert_point { /* a backup in time */
	char *path;
	int64_t time; /* CLOCK_NONE: none */
	int64_t size;
};

struct alert_entry {
	struct alert_group *group;
	enum record_alert kind;
	char fingerprint[ALERT_FINGERPRINT_LEN + 1];
	struct alert_fault *faults;
	size_t fault_count, fault_cap;
	struct alert_expected *expected; /* sorted by member */
	size_t expected_count;
	bool all_clear; /* everything about the subject is known to be good */
};

struct alert_group {
	char *host, *location, *series, *command; /* NULL where it does not apply */
	uint64_t hash;
	struct alert_entry *entry[RECORD_ALERT_MONITOR_FAILURE + 1];

	/* Facts for the words. */
	bool mentioned;          /* a location: a record about it passed in this run */
	char *status, *schedule; /* of the series or the location */
	int64_t due;             /* CLOCK_NONE */
	struct alert_point newest, verified, restored;
	char *grade, *last_grade, *caps; /* of the score; caps is a JSON array */
	double score;
	int64_t started;         /* of a stage's dead or last run */
	bool ended, ended_clean; /* of a stage: its run's end passed, without errors */
	int64_t errors;
	bool told_errors; /* of a stage: error records of it passed */
};

struct alert_evidence {
	struct alert_options options;
	char *host;
	struct alert_group **groups;
	size_t group_count, group_cap;
	uint32_t *slots; /* index + 1 into groups, open addressing */
	size_t slot_count;
	struct alert_group *last;
	int64_t died; /* stages upstream; each stage behind them counts them as errors */
	struct alert_entry **sorted;
	size_t sorted_count, sorted_cap;
};

/* Find or create; NULL parts stay NULL. */
struct alert_group *alert_group_get(struct alert_evidence *ev, const char *host,
    const char *location, const char *series, const char *command);

/* The entry of a kind; NULL if that kind is not raised. */
struct alert_entry *
alert_entry_get(struct alert_evidence *ev, struct alert_group *group, enum record_alert kind);

/* What was expected of that member, or NULL. */
struct alert_expected *alert_entry_expected(const struct alert_entry *entry, const char *member);

/* Found wrong, found right, found gone. entry may be NULL. */
void alert_entry_bad(struct alert_entry *entry, const char *member, const char *reason,
    enum record_severity severity, const char *note);
void alert_entry_good(struct alert_entry *entry, const char *member, bool gone);

/* The one line for people and the facts of a row, from what the entry knows. */
void
alert_add_summary(struct buf *out, const struct alert_row *row, const struct alert_entry *entry);
void
alert_add_detail(struct buf *out, const struct alert_row *row, const struct alert_entry *entry);

void alert_set(char **slot, const char *value);

#endif
