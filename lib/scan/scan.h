/*
 * scan: walk a location, tell backups from everything else, and say what became of each.
 *
 * Knows neither store nor configuration: options come as a struct, what was known comes through
 * callbacks, what was found goes out through callbacks. Four parts: the walk (walk.h) lists
 * directories on two threads; the merge (merge.h) compares a listing with what was known; the judge
 * (judge.h) holds the rules of states, losses and sizes; the watch (watch.h) waits for changes.
 */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include "scan/judge.h"
#include "scan/merge.h"
#include "scan/name.h"
#include "scan/walk.h"
#include "scan/watch.h"

#endif
