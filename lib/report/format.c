// What is known about formats beside their programs: names, extensions, monitoring systems.
#include "report/report_private.h"

struct format {
	const char *name, *extension;
	bool is_check;
};

/* Only those whose extension is not their name. */
static const struct format formats[] = {
    {"text", "txt", false},
    {"prometheus", "prom", false},
    {"nagios", "txt", true},
};

bool
report_format_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static const struct format *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}

const char *
report_format_extension(const char *name)
{
	const struct format *f = find(name);

	return f ? f->extension : name;
}

bool
report_format_is_check(const char *name)
{
	const struct format *f = find(name);

	return f && f->is_check;
}

int
report_check_status(enum record_grade grade)
{
	switch (grade) {
	case RECORD_GRADE_GOOD:
		return 0;
	case RECORD_GRADE_WARNING:
		return 1;
	case RECORD_GRADE_CRITICAL:
		return 2;
	case RECORD_GRADE_NONE:
	case RECORD_GRADE_UNKNOWN:
		break;
	}
	return 3;
}
