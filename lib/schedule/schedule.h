/*
 * schedule: which backups replace each other, when the next one is due, and how a series stands.
 *
 * Pure: no clock, no store, no configuration. `now` is always an argument; the only file ever
 * read is a time zone. scan, score, report and alert share it, so that they cannot disagree.
 */
#ifndef SCHEDULE_SCHEDULE_H
#define SCHEDULE_SCHEDULE_H

#include "schedule/name.h"
#include "schedule/rule.h"
#include "schedule/status.h"
#include "schedule/zone.h"

#endif
