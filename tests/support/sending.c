/* sending.c: see sending.h. */
#include "tests/support/sending.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/embed.h"
#include "kept/steady.h"
#include "worker/transport.h"

#define CONTEXT "a row"

struct sender_limits sending_limits(void)
{
	return (struct sender_limits){
		.webhook_seconds = 1.0,
		.webhook_connect_seconds = 1.0,
		.mail_seconds = 1.0,
		.mail_answer_seconds = 2.0,
		.mail_idle_seconds = 1.0,
		.mail_connections = 4,
	};
}

static void no_room_needed(void *context)
{
	(void)context;
}

void sending_start(struct sending *sending, const char *mail_url, const char *mail_folder, enum mail_tls tls,
		   const char *allow, const struct sender_limits *limits)
{
	char *error = NULL;

	memset(sending, 0, sizeof(*sending));
	ck_assert(transport_prepare_process());
	sending->loop = ev_loop_new(EVFLAG_AUTO);
	sending->config.mail_url = strdup(mail_url);
	sending->config.mail_folder = strdup(mail_folder);
	sending->config.mail_user = strdup("");
	sending->config.mail_password = strdup("");
	sending->config.tls_authorities = strdup("");
	sending->config.mail_from_name = strdup("Kept");
	sending->config.mail_from_address = strdup("kept@lakeview.example");
	sending->config.mail_tls = tls;
	sending->seal = seal_new("a:0123456789abcdef0123456789abcdef");
	sending->policy = address_policy_new(allow, &error);
	ck_assert_msg(sending->policy != NULL, "%s", error ? error : "");
	sending->words = words_new(&embedded_messages, &error);
	ck_assert_msg(sending->words != NULL, "%s", error ? error : "");
	ck_assert(sending->loop && sending->seal);
	sending->limits = limits ? *limits : sending_limits();
	sending_again(sending);
}

void sending_again(struct sending *sending)
{
	const struct sender_settings settings = {
		.loop = sending->loop,
		.config = &sending->config,
		.seal = sending->seal,
		.policy = sending->policy,
		.words = sending->words,
		.limits = sending->limits,
		.room = no_room_needed,
	};
	sender_free(sending->sender);
	sending->sender = sender_new(&settings);
	ck_assert_ptr_nonnull(sending->sender);
}

void sending_stop(struct sending *sending)
{
	sender_free(sending->sender);
	words_free(sending->words);
	address_policy_free(sending->policy);
	seal_free(sending->seal);
	free(sending->config.mail_url);
	free(sending->config.mail_folder);
	free(sending->config.mail_user);
	free(sending->config.mail_password);
	free(sending->config.tls_authorities);
	free(sending->config.mail_from_name);
	free(sending->config.mail_from_address);
	ev_loop_destroy(sending->loop);
}

static void fill(struct send_job *job, enum channel channel, const char *destination)
{
	uint8_t b[6];
	char id[37];

	random_bytes(b, sizeof(b));
	snprintf(id, sizeof(id), "01890a5d-ac96-7b74-8b35-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
	*job = (struct send_job){.channel = channel, .attempt = 1, .useful_seconds = -1};
	job->batch_id = strdup("01890a5d-ac96-7b74-8b35-000000000001");
	job->lease_id = strdup("01890a5d-ac96-7b74-8b35-000000000002");
	job->message_id = strdup(id);
	job->destination = strdup(destination);
}

void sending_webhook(struct sending *sending, struct send_job *job, const char *url, const char *body)
{
	struct text sealed;

	fill(job, CHANNEL_WEBHOOK, url);
	text_init(&sealed, 1024);
	ck_assert(seal_close(sending->seal, SEAL_PURPOSE_ENDPOINT, CONTEXT, SENDING_SECRET, strlen(SENDING_SECRET),
			     &sealed));
	job->secret = text_take(&sealed);
	job->secret_context = strdup(CONTEXT);
	job->body = strdup(body);
}

void sending_mail(struct send_job *job, const char *address)
{
	fill(job, CHANNEL_EMAIL, address);
	job->content = json_pack("{s:s,s:s,s:b,s:s,s:s,s:s,s:{s:s,s:s},s:{s:s,s:s},s:{s:s,s:s},s:{s:s,s:s,s:s,s:s,s:s,"
				 "s:i,s:s,s:s,s:n,s:s}}",
				 "kind", "reminder", "rung", "P-2D", "ask", 0, "language", "es", "time_zone",
				 "America/New_York", "date", "2027-01-13T13:00:00Z", "to", "name", "María O'Neill",
				 "address", address, "reply_to", "name", "Ana Ruiz", "address", "ana@lakeview.example",
				 "sender", "district", "Lakeview", "school", "Lincoln Elementary", "commitment", "id",
				 "01890a5d-ac96-7b74-8b35-000000000003", "title", "Read together twenty minutes",
				 "group", "families", "group_name", "Familias", "due_on", "2027-01-15", "days", 2,
				 "owner", "María O'Neill", "role", "owner", "when_where_how", "link",
				 "/v1/commitments/01890a5d-ac96-7b74-8b35-000000000003");
	ck_assert_ptr_nonnull(job->content);
}

struct run {
	struct ev_loop *loop;
	int left;
};

struct one {
	struct run *run;
	struct send_result *result;
};

static void ended(void *context, struct send_result *result)
{
	struct one *one = context;

	*one->result = *result;
	result->answer = NULL;
	if (--one->run->left == 0)
		ev_break(one->run->loop, EVBREAK_ALL);
}

static void too_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)timer;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

int sending_run(struct sending *sending, const struct send_job *jobs, int count, struct send_result *results,
		double seconds)
{
	struct run run = {sending->loop, count};
	struct one *ones = calloc((size_t)count, sizeof(*ones));
	ev_timer timer;
	int started = 0;
	double end = steady_seconds() + seconds;

	ck_assert_ptr_nonnull(ones);
	memset(results, 0, (size_t)count * sizeof(*results));
	ev_timer_init(&timer, too_late, seconds, 0.0);
	ev_now_update(sending->loop);
	ev_timer_start(sending->loop, &timer);
	while (run.left > 0 && steady_seconds() < end) {
		while (started < count && sender_ready(sending->sender, &jobs[started])) {
			ones[started] = (struct one){&run, &results[started]};
			sender_send(sending->sender, &jobs[started], ended, &ones[started]);
			started++;
		}
		if (run.left > 0)
			ev_run(sending->loop, started < count ? EVRUN_ONCE : 0);
	}
	ev_timer_stop(sending->loop, &timer);
	free(ones);
	return count - run.left;
}
