/*
 * jobs.h: rows of kept.tick() and kept.settle() as jobs. Columns are found by name; all are text.
 */
#ifndef WORKER_JOBS_H
#define WORKER_JOBS_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "worker/send.h"

/*
 * Reads one row into `job` (owned; send_job_release()) and the batch's rate into `*rate`. Facts that are no JSON give a
 * job without content, which fails when it is composed. False: no memory, or a column is missing; nothing to release.
 */
bool job_from_row(struct send_job *job, double *rate, const PGresult *rows, int row)
	__attribute__((warn_unused_result));

#endif
