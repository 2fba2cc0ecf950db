/*
 * exposition.h: figures as Prometheus reads them (text format 0.0.4), and those of the process itself.
 *
 * A family is a head and its samples, one after the other. Its head is written also while it has no sample, so that
 * what there is can be seen; api/docs/metrics.md explains each.
 */
#ifndef KEPT_EXPOSITION_H
#define KEPT_EXPOSITION_H

#include "kept/text.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* HELP and TYPE of a family; `type` is counter, gauge or histogram. */
void exposition_head(struct text *out, const char *name, const char *type, const char *help);

/* kept_build_info and process_*, as Prometheus' own client libraries name them. `started`: seconds since 1970. */
void exposition_process(struct text *out, const char *program, double started);
/* Now, in seconds since 1970, for `started`. */
double exposition_clock(void);

#endif
