/* rate.c: see rate.h. */
#include "worker/rate.h"

void rate_set(struct rate *rate, double per_second)
{
	rate->per_second = per_second;
}

double rate_wait(const struct rate *rate, double now)
{
	if (rate->per_second <= 0 || rate->next - now <= RATE_BURST_SECONDS)
		return 0;
	return rate->next - now;
}

void rate_count(struct rate *rate, double now)
{
	if (rate->per_second <= 0)
		return;
	rate->next = (rate->next > now ? rate->next : now) + 1.0 / rate->per_second;
}
