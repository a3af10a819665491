/*
 * Functions that no file of bkm may call: each has a safe sibling in base or in libc.
 * strcpy, strcat, sprintf: struct buf. strtok: strsep. atoi: str_to_i64. gmtime, localtime: the
 * _r forms. mktemp: mkstemp. system, popen: fork and execve with an argv.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll mktemp popen

#endif
