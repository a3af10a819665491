/*
 * base: what every other module stands on. Nothing here knows what a backup is.
 *
 * One include brings in all of it; each part has a header of its own in this folder.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
