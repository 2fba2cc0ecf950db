/* window.c: see window.h. */
#include "worker/window.h"

#include <string.h>

#include "kept/log.h"
#include "kept/text.h"
#include "worker/jobs.h"
#include "worker/settle.h"

#define RESULTS_BYTES (8 * 1024 * 1024) /* 64 answers of 16 KiB, each byte up to six in JSON, and the rest */

int window_fill(struct window *window, void *holder, const char *batch_id, struct rate *rate, const PGresult *rows,
		int from)
{
	int row, id = PQfnumber(rows, "batch_id");

	for (row = from; row < PQntuples(rows) && strcmp(PQgetvalue(rows, row, id), batch_id) == 0; row++) {
		double per_second = 0;

		/* Without a result it stays in the batch. */
		if (window->count == KEPT_WINDOW_MESSAGES ||
		    !job_from_row(&window->slots[window->count].job, &per_second, rows, row)) {
			log_write(LOG_ERROR_LEVEL, "job_not_read", "sbatch", batch_id, "irow", (long long)row, NULL);
			continue;
		}
		window->slots[window->count].holder = holder;
		window->count++;
		rate_set(rate, per_second);
	}
	return row;
}

void window_clear(struct window *window)
{
	for (int i = 0; i < window->count; i++) {
		send_job_release(&window->slots[i].job);
		send_result_release(&window->slots[i].result);
	}
	memset(window, 0, sizeof(*window));
}

char *window_results(const struct window *window)
{
	struct text results;

	text_init(&results, RESULTS_BYTES);
	settle_begin(&results);
	for (int i = 0; i < window->started; i++)
		settle_add(&results, window->slots[i].job.message_id, &window->slots[i].result);
	settle_end(&results);
	if (text_ok(&results))
		return text_take(&results);
	text_release(&results);
	return NULL;
}
