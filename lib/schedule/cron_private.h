/*
 * Cron expressions: five fields or an @word, blanks already single.
 */
#ifndef SCHEDULE_CRON_PRIVATE_H
#define SCHEDULE_CRON_PRIVATE_H

#include "schedule/rule.h"

int schedule_cron_parse(struct schedule_cron *ret_cron, const char *text, struct err *err);

#endif
