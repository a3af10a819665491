/*
 * The one place that talks to libjq, with its sharp edges covered: its error texts are collected
 * and cut to one line, its messages may be of any kind, it is given only text that is valid JSON.
 */
#ifndef RECORD_JQ_PRIVATE_H
#define RECORD_JQ_PRIVATE_H

#include "record/record_private.h"

struct record_jq;

/* Compile program; library: directories for include and import (NULL-terminated, may be NULL);
 * args as in template.h, may be NULL. subject is what messages call it. -1: code and one line. */
int record_jq_new(struct record_jq **ret_jq, const char *program, const char *subject,
    const char *const *library, const struct record_argument *args, enum err_code code,
    struct err *err);
void record_jq_free(struct record_jq *jq);

/* Start on one JSON text; then the results one after another. */
int record_jq_start(struct record_jq *jq, const char *json, size_t len, struct err *err);

/* 1: one more result, whose text (as jq -r prints it; only if out is not NULL) is appended to out
 * and whose truth is in ret_true; 0: no more; -1. */
int record_jq_next(struct record_jq *jq, struct buf *out, bool *ret_true, struct err *err);

#endif
