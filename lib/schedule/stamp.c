// Recognise the parts of a file name that change from one backup to the next.
#include "schedule/stamp_private.h"
#include "schedule/text_private.h"

enum {
	S = CLASS_SEP,
	L = CLASS_LETTER,
	D = CLASS_DIGIT | CLASS_HEX_LOWER | CLASS_HEX_UPPER,
	H = CLASS_LETTER | CLASS_HEX_LOWER,
	U = CLASS_LETTER | CLASS_HEX_UPPER,
};

/* clang-format off */
const unsigned char schedule_stamp_classes[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    S, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, S, S, S, S, 0,
    D, D, D, D, D, D, D, D, D, D, S, 0, 0, 0, 0, 0,
    S, U, U, U, U, U, U, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, 0, S,
    0, H, H, H, H, H, H, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, S, 0,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
};
/* clang-format on */

/* A UUID, or one word of hexadecimal digits too mixed or too long to mean anything. */
static size_t
match_hash(const struct stamp_text *text, size_t at)
{
	static const unsigned char groups[] = {8, 4, 4, 4, 12};
	size_t n = 0, letters = 0, changes = 0, end = at;
	unsigned class = CLASS_HEX_LOWER | CLASS_HEX_UPPER;

	if (text_alnum_before(text, at))
		return 0;
	for (; text_alnum(text, at + n); n++) {
		class &= text_class(text->s[at + n]);
		if (class == 0)
			return 0;
		letters += text_letter(text, at + n);
		changes += n > 0 && text_letter(text, at + n) != text_letter(text, at + n - 1);
	}
	if (n == 24 && text_at(text, at + n) == '.' && text_digits(text, at + n + 1) == 8)
		return n + 9; /* a WAL segment with the offset of its .backup file */
	if (n >= 16)
		return letters < n || n >= 32 ? n : 0;
	if (n == 8) {
		for (size_t group = 0; group < sizeof(groups); group++) {
			size_t len = 0;

			while (text_is(text, end + len, CLASS_HEX_LOWER | CLASS_HEX_UPPER))
				len++;
			if (len != groups[group])
				break;
			end += len;
			if (group + 1 == sizeof(groups))
				return text_alnum(text, end) ? 0 : end - at;
			if (!text_one_of(text, end, "-_"))
				break;
			end++;
		}
	}
	return n >= 7 && changes >= 2 ? n : 0;
}

size_t
schedule_stamp(const struct stamp_text *text, size_t at)
{
	bool digit = text_digit(text, at);
	size_t used;

	if (!digit && !text_letter(text, at))
		return 0;
	if (at > 0 && (digit ? text_digit(text, at - 1) : text_letter(text, at - 1)))
		return 0;
	used = schedule_date(text, at);
	if (used == 0)
		used = match_hash(text, at);
	if (used == 0 && digit && !text_alnum_before(text, at))
		used = schedule_clock(text, at);
	return used;
}

size_t
schedule_stamp_rotation(const struct stamp_text *text, size_t at, bool after_marker)
{
	static const char *const packers[] = {
	    ".gz", ".bz2", ".xz", ".zst", ".lz4", ".lz", ".lzma", ".z", ".lzo", ".gpg", NULL};
	size_t n, end;

	if (text->s[at] != '.' || at == 0 || text->s[at - 1] == '/')
		return 0;
	n = text_digits(text, at + 1);
	if (n < 1 || n > 3 || (n > 1 && !text_between(text, at + 1, 1, 1, 9)))
		return 0;
	if (text_digit(text, at - 1) && !after_marker)
		return 0;
	end = at + 1 + n;
	for (const char *const *packer = packers; *packer; packer++) {
		size_t len = strlen(*packer);

		if (text_word(text, end, *packer) && text_at(text, end + len) == '/')
			return end + len - at;
	}
	return text_at(text, end) == '/' ? end - at : 0;
}
