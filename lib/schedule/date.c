// Recognise dates and times in a file name, in the orders and spellings that people use.
#include "schedule/stamp_private.h"
#include "schedule/text_private.h"

#define LETTER(c) (1U << ((c) - 'a'))

/* Is the byte at `at` one of these letters (bits of LETTER), in either case? */
static bool
begins_with(const struct stamp_text *text, size_t at, unsigned letters)
{
	unsigned i = (text_at(text, at) | 0x20U) - 'a';

	return i < 26 && (letters >> i & 1U);
}

/* Length of the one of words, which are in the order of the alphabet, that stands at `at` with no letter
 * behind it, or 0. */
static size_t
match_words(const struct stamp_text *text, size_t at, const char *const *words)
{
	unsigned char first = text_at(text, at) | 0x20;

	for (; *words && (unsigned char)**words <= first; words++) {
		size_t n;

		if ((unsigned char)**words != first || !text_word(text, at, *words))
			continue;
		n = strlen(*words);
		if (!text_letter(text, at + n))
			return n;
	}
	return 0;
}

static size_t
match_month_name(const struct stamp_text *text, size_t at)
{
	static const char *const words[] = {"apr", "april", "aug", "august", "dec", "december",
	    "feb", "february", "jan", "january", "jul", "july", "jun", "june", "mar", "march",
	    "may", "nov", "november", "oct", "october", "sep", "sept", "september", NULL};
	static const unsigned letters = LETTER('j') | LETTER('f') | LETTER('m') | LETTER('a') |
	    LETTER('s') | LETTER('o') | LETTER('n') | LETTER('d');

	return begins_with(text, at, letters) ? match_words(text, at, words) : 0;
}

static size_t
match_weekday_name(const struct stamp_text *text, size_t at)
{
	static const char *const words[] = {"fri", "friday", "mon", "monday", "sat", "saturday",
	    "sun", "sunday", "thu", "thur", "thurs", "thursday", "tue", "tues", "tuesday", "wed",
	    "wednesday", NULL};
	static const unsigned letters =
	    LETTER('m') | LETTER('t') | LETTER('w') | LETTER('f') | LETTER('s');

	return begins_with(text, at, letters) ? match_words(text, at, words) : 0;
}

static size_t
match_zone_name(const struct stamp_text *text, size_t at)
{
	static const char *const words[] = {"aedt", "aest", "am", "bst", "cdt", "cest", "cet",
	    "cst", "edt", "eest", "eet", "est", "gmt", "ist", "jst", "kst", "mdt", "msk", "mst",
	    "pdt", "pm", "pst", "utc", "west", "wet", "z", NULL};
	static const unsigned letters = LETTER('z') | LETTER('u') | LETTER('g') | LETTER('a') |
	    LETTER('p') | LETTER('c') | LETTER('b') | LETTER('w') | LETTER('e') | LETTER('m') |
	    LETTER('i') | LETTER('j') | LETTER('k');

	return begins_with(text, at, letters) ? match_words(text, at, words) : 0;
}

/* ".123456", ",123" or, from five digits on, "_1234567" behind the seconds. Behind seconds that
 * stand behind a dot themselves a second dot makes an address of them. */
static size_t
match_fraction(const struct stamp_text *text, size_t at, bool dotted)
{
	size_t n = text_digits(text, at + 1);

	if (n < 3 || n > 9 ||
	    (text_letter(text, at + 1 + n) && !text_one_of(text, at + 1 + n, "Zz")))
		return 0;
	if (text_one_of(text, at, dotted ? "," : ".,") || (n >= 5 && text_one_of(text, at, "_-")))
		return 1 + n;
	return 0;
}

/* "02", "02h", "0200", "020005", "02-00", "02:00:05.123", "06h25m", at a place where a time is
 * likely; alone: only what can be nothing else. */
static size_t
match_clock(const struct stamp_text *text, size_t at, bool alone)
{
	size_t n = text_digits(text, at);
	size_t end = at + n;

	if (n == 9 || n == 12 || n == 15)
		return !alone && is_clock(text, at, 6) && !text_letter(text, end) ? n : 0;
	if (n == 6 || n == 4) {
		if (alone || !is_clock(text, at, n))
			return 0;
		if (n == 6)
			end += match_fraction(text, end, false);
	} else if (n == 2 && is_clock(text, at, 2)) {
		const char *seps = alone ? ":hH" : ":-_.hH";

		if (text_one_of(text, end, seps) && text_digits(text, end + 1) == 2 &&
		    text_between(text, end + 1, 2, 0, 59)) {
			end += 3;
			if (text_one_of(text, end, ":-_.mM") && text_digits(text, end + 1) == 2 &&
			    text_between(text, end + 1, 2, 0, 60)) {
				end += 3;
				end += match_fraction(text, end, text_at(text, end - 3) == '.');
			}
		} else if (alone) {
			return 0;
		}
		if (text_one_of(text, end, "hHmMsS") && !text_alnum(text, end + 1))
			end++;
	} else {
		return 0;
	}
	/* "2026-11-22_17.6.0" is a version, "2026-11-22-10.11.12.13" an address. */
	if (text_one_of(text, end, ".") && text_digit(text, end + 1))
		return 0;
	if (n == 2 && end == at + 2 && text_one_of(text, end, "-_:") && text_digit(text, end + 1))
		return 0;
	if (text_letter(text, end) && match_zone_name(text, end) == 0)
		return 0;
	return end - at;
}

/* "+0100", "-05:00" behind a time. */
static size_t
match_offset(const struct stamp_text *text, size_t at)
{
	if (!text_one_of(text, at, "+-"))
		return 0;
	if (text_digits(text, at + 1) == 4 && text_between(text, at + 1, 2, 0, 14))
		return 5;
	if (text_digits(text, at + 1) == 2 && text_between(text, at + 1, 2, 0, 14) &&
	    text_one_of(text, at + 3, ":") && text_digits(text, at + 4) == 2)
		return 6;
	return 0;
}

/* GitLab puts its version between the date and its own name: it would begin a series with every
 * upgrade. */
static size_t
match_gitlab_version(const struct stamp_text *text, size_t at)
{
	size_t n = 0;

	if (!text_one_of(text, at, "_") || !text_digit(text, at + 1))
		return 0;
	n = 1;
	while (text_digit(text, at + n) || text_one_of(text, at + n, "."))
		n++;
	if (text_word(text, at + n, "-ee") || text_word(text, at + n, "-ce"))
		n += 3;
	return text_at(text, at + n) == '_' && text_word(text, at + n + 1, "gitlab") ? n : 0;
}

/* What may follow a date: its time, zone, and, in date(1)'s own order, the year. */
static size_t
match_tail(const struct stamp_text *text, size_t at, bool needs_clock, bool needs_year)
{
	size_t end = at;

	for (int parts = 0; parts < 5; parts++) {
		size_t gap = 0, used;

		used = !needs_clock ? match_offset(text, end) : 0;
		if (used == 0)
			used = match_gitlab_version(text, end);
		if (used > 0) {
			end += used;
			continue;
		}
		while (gap < 2 && text_is(text, end + gap, CLASS_SEP))
			gap++;
		if (gap == 0 && (text_at(text, end) | 0x20) == 't' && text_digit(text, end + 1))
			gap = 1;
		if (needs_year && text_digits(text, end + gap) == 4 && is_year(text, end + gap)) {
			end += gap + 4;
			needs_year = false;
			continue;
		}
		used = needs_clock && gap > 0 ? match_clock(text, end + gap, false) : 0;
		if (used > 0)
			needs_clock = false;
		else if (!needs_clock)
			used = match_zone_name(text, end + gap);
		if (used == 0)
			break;
		end += gap + used;
	}
	return end - at;
}

/* Behind a month name at `at`: "-22", "22", "_22_2026", "2026". */
static size_t
match_behind_month(const struct stamp_text *text, size_t at, bool *ret_year)
{
	size_t end = at, gap, n;

	gap = text_one_of(text, end, "-_./ ") ? 1 : 0;
	n = text_digits(text, end + gap);
	if ((n == 1 || n == 2) && text_between(text, end + gap, n, 1, 31) &&
	    !text_letter(text, end + gap + n) && text_at(text, end + gap + n) != ':') {
		end += gap + n;
		gap = text_one_of(text, end, "-_., ") ? 1 : 0;
		n = text_digits(text, end + gap);
	}
	if (n == 4 && is_year(text, end + gap)) {
		end += gap + 4;
		*ret_year = true;
	}
	return end - at;
}

/* "W47", "week47", "week_47", "kw-47". */
static size_t
match_week(const struct stamp_text *text, size_t at, bool after_year)
{
	static const char *const words[] = {"week", "wk", "kw", NULL};
	static const unsigned letters = LETTER('w') | LETTER('k');
	size_t n = 0, digits;

	if (!begins_with(text, at, letters))
		return 0;
	if (text_at(text, at) == 'W' || (after_year && text_at(text, at) == 'w')) {
		if (text_digits(text, at + 1) == 2 && text_between(text, at + 1, 2, 1, 53) &&
		    !text_letter(text, at + 3))
			return 3;
	}
	for (const char *const *word = words; *word && n == 0; word++) {
		if (text_word(text, at, *word))
			n = strlen(*word);
	}
	if (n == 0)
		return 0;
	if (text_one_of(text, at + n, "-_"))
		n++;
	digits = text_digits(text, at + n);
	if (digits < 1 || digits > 2 || !text_between(text, at + n, digits, 1, 53) ||
	    text_letter(text, at + n + digits))
		return 0;
	return n + digits;
}

/* The rest of a date behind the year that ends at `at`: month and day, week, day of the year. */
static size_t
match_behind_year(const struct stamp_text *text, size_t at)
{
	size_t gap = text_one_of(text, at, "-_./ ") ? 1 : 0;
	size_t n = text_digits(text, at + gap);
	size_t used;
	bool year;

	if (n == 0) {
		used = match_month_name(text, at + gap);
		if (used > 0)
			return gap + used + match_behind_month(text, at + gap + used, &year);
		used = match_week(text, at + gap, true);
		return used > 0 ? gap + used : 0;
	}
	if (gap == 0)
		return 0;
	if ((n == 1 || n == 2) && text_between(text, at + 1, n, 1, 12) &&
	    text_one_of(text, at + 1 + n, "-_./ ")) {
		size_t second = at + 1 + n + 1;
		size_t m = text_digits(text, second);
		bool padded = n == 2 && m == 2;

		if ((m == 1 || m == 2) && text_between(text, second, m, 1, 31) &&
		    (padded || !text_one_of(text, at, "./")))
			return second + m - at;
	}
	if (n == 3 && text_between(text, at + 1, 3, 1, 366) && text_one_of(text, at, "-_./"))
		return 4;
	if (n == 2 && text_between(text, at + 1, 2, 1, 53) && !text_letter(text, at + 3)) {
		if (text_one_of(text, at, "-_"))
			return 3;
		if (text_one_of(text, at, "/") && text_at(text, at + 3) == '/' &&
		    at + 3 < text->len)
			return 3;
	}
	return 0;
}

/* One or two digits that begin "22-11-2026", "11.22.2026", "22-Nov-2026", "26-11-22". */
static size_t
match_short_date(const struct stamp_text *text, size_t at, size_t n)
{
	size_t end = at + n, used, month;
	bool year = false;
	bool day = text_between(text, at, n, 1, 31);

	if (text_alnum_before(text, at))
		return 0;
	month = end + (text_one_of(text, end, "-_. ") ? 1 : 0);
	used = day ? match_month_name(text, month) : 0;
	if (used > 0) {
		end = month + used;
		if (text_one_of(text, end, "-_., ") && text_digits(text, end + 1) == 4 &&
		    is_year(text, end + 1))
			end += 5;
		else if (text_digits(text, end) == 4 && is_year(text, end))
			end += 4;
		return end - at + match_tail(text, end, true, false);
	}
	if (!text_one_of(text, end, "-_. ") || text_digits(text, end + 1) > 2 ||
	    !text_digit(text, end + 1))
		return 0;
	used = text_digits(text, end + 1);
	if (text_at(text, end + 1 + used) != text_at(text, end))
		return 0;
	day = day && text_between(text, end + 1, used, 1, 31) &&
	    (text_between(text, at, n, 1, 12) || text_between(text, end + 1, used, 1, 12));
	month = end + 2 + used;
	if (text_digits(text, month) == 4) {
		year = day && is_year(text, month);
		end = month + 4;
	} else if (n == 2 && used == 2 && text_digits(text, month) == 2 &&
	    !text_one_of(text, end, ".")) {
		bool first = text_between(text, at, 2, 20, 49) && is_month(text, end + 1) &&
		    is_day(text, month);
		bool last = day && text_between(text, month, 2, 20, 49);

		year = first || last;
		end = month + 2;
	}
	if (!year || text_letter(text, end))
		return 0;
	return end - at + match_tail(text, end, true, false);
}

/* A run of n digits that is a date or an instant all by itself. */
static bool
is_compact(const struct stamp_text *text, size_t at, size_t n)
{
	bool year = n >= 6 && is_year(text, at);
	bool date = n >= 8 && year && is_month(text, at + 4) && is_day(text, at + 6);
	bool bounded = !text_alnum_before(text, at) && !text_alnum(text, at + n);
	bool short_year = n >= 6 && text_between(text, at, 2, 10, 49) && is_month(text, at + 2) &&
	    is_day(text, at + 4);

	switch (n) {
	case 6:
		return bounded && ((year && is_month(text, at + 4)) || short_year);
	case 7:
		return bounded && year && text_between(text, at + 4, 3, 1, 366);
	case 8:
		return date ||
		    (is_year(text, at + 4) &&
			((is_day(text, at) && is_month(text, at + 2)) ||
			    (is_month(text, at) && is_day(text, at + 2))));
	case 10:
		return (date && is_clock(text, at + 8, 2)) ||
		    text_between(text, at, 10, 1200000000, 2199999999);
	case 12:
		return (date && is_clock(text, at + 8, 4)) ||
		    (short_year && is_clock(text, at + 6, 6));
	case 13:
		return text_between(text, at, 13, 1200000000000, 2199999999999);
	case 14:
		return date && is_clock(text, at + 8, 6);
	default:
		return n > 14 && date && is_clock(text, at + 8, 6);
	}
}

static size_t
match_digits(const struct stamp_text *text, size_t at)
{
	size_t n = text_digits(text, at);
	size_t used;

	if (n <= 2)
		return match_short_date(text, at, n);
	if (is_compact(text, at, n))
		return n + match_tail(text, at + n, n < 10, false);
	if (n != 4 || !is_year(text, at))
		return 0;
	used = match_behind_year(text, at + 4);
	if (used > 0 && !text_digit(text, at + 4 + used))
		return 4 + used + match_tail(text, at + 4 + used, true, false);
	/* A directory of one year. */
	if ((at == 0 || text->s[at - 1] == '/') && at + 4 < text->len && text->s[at + 4] == '/')
		return 4;
	return 0;
}

static size_t
match_letters(const struct stamp_text *text, size_t at)
{
	bool year = false;
	size_t used;

	if (text_alnum_before(text, at))
		return 0;
	used = match_month_name(text, at);
	if (used > 0) {
		used += match_behind_month(text, at + used, &year);
		if (text_alnum(text, at + used))
			return 0;
		return used + match_tail(text, at + used, true, !year);
	}
	used = match_weekday_name(text, at);
	if (used > 0)
		return used;
	return match_week(text, at, false);
}

size_t
schedule_date(const struct stamp_text *text, size_t at)
{
	return text_digit(text, at) ? match_digits(text, at) : match_letters(text, at);
}

size_t
schedule_clock(const struct stamp_text *text, size_t at)
{
	return match_clock(text, at, true);
}
