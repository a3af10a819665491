// Which files are encrypted, and what they would be called if they were not.
#include <fnmatch.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "decrypt/decrypt_private.h"

static const char *const endings[] = {".gpg", ".pgp", ".age", ".enc", ".aes", ".asc"};

static const char *const heads[] = {"Salted__", "age-encryption.org/v1",
    "-----BEGIN AGE ENCRYPTED FILE-----", "-----BEGIN PGP MESSAGE-----"};

/* Where the ending begins and how long it is: name is "x.gz.gpg" or "x.gz.gpg.3". 0: there is none. */
static size_t
find_ending(const char *name, size_t *ret_len)
{
	size_t len = strlen(name), digits = len;

	while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	if (digits && digits < len && name[digits - 1] == '.')
		len = digits - 1;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && strncasecmp(name + len - n, endings[i], n) == 0) {
			*ret_len = n;
			return len - n;
		}
	}
	return 0;
}

bool
decrypt_wants(const struct decrypt_command *command, const char *name, int fd)
{
	char head[DECRYPT_HEAD];
	size_t len;
	ssize_t n;

	if (command->match) {
		for (size_t i = 0; command->match[i]; i++) {
			if (fnmatch(command->match[i], name, 0) == 0)
				return true;
		}
		return false;
	}
	if (find_ending(name, &len))
		return true;
	n = pread(fd, head, sizeof(head), 0);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		if (n >= (ssize_t)strlen(heads[i]) && memcmp(head, heads[i], strlen(heads[i])) == 0)
			return true;
	}
	return false;
}

void
decrypt_plain_name(const char *name, struct buf *out)
{
	size_t len, at = find_ending(name, &len);

	if (!at) {
		buf_str(out, name);
		return;
	}
	buf_add(out, name, at);
	buf_str(out, name + at + len);
}
