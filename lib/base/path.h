/*
 * Paths as bytes. No function here touches a file system.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

#include "base/buf.h"

/* dir + "/" + name, or name alone if it is absolute or dir is ""; free() it. */
char *path_join(const char *dir, const char *name);

/* Without "//", "/./", a trailing "/" and, textually, "x/.."; free() it. "" becomes ".". */
char *path_clean(const char *path);

/* Is it absolute, and would path_clean leave it as it is? */
bool path_is_clean(const char *path);

/* Everything before the last "/" ("." without one, "/" for "/x"); free() it. */
char *path_dir(const char *path);

/* Points into path, behind the last "/". */
const char *path_base(const char *path);

/* True if path is dir itself or lies below it; both absolute and clean. */
bool path_is_below(const char *path, const char *dir);

#endif
