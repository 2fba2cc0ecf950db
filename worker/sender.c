/* sender.c: see sender.h. */
#include "worker/sender.h"

#include <stdlib.h>

#include "kept/limits.h"
#include "worker/mail.h"
#include "worker/transport.h"
#include "worker/webhook.h"

struct sender {
	struct transport *transport;
	struct webhook *webhook;
	struct mail *mail;
};

struct sender_limits sender_limits(void)
{
	return (struct sender_limits){
		.webhook_seconds = KEPT_WEBHOOK_SECONDS,
		.webhook_connect_seconds = KEPT_WEBHOOK_CONNECT_SECONDS,
		.mail_seconds = KEPT_MAIL_SECONDS,
		.mail_answer_seconds = KEPT_MAIL_ANSWER_SECONDS,
		.mail_idle_seconds = KEPT_MAIL_IDLE_SECONDS,
		.mail_connections = KEPT_MAIL_CONNECTIONS,
	};
}

struct sender *sender_new(const struct sender_settings *settings)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	const struct sender_limits *limits = &settings->limits;
	struct mail_settings mail = {
		.loop = settings->loop,
		.config = settings->config,
		.words = settings->words,
		.seconds = limits->mail_seconds,
		.answer_seconds = limits->mail_answer_seconds,
		.idle_seconds = limits->mail_idle_seconds,
		.connections = limits->mail_connections,
		.room = settings->room,
		.context = settings->context,
	};
	struct webhook_settings webhook = {
		.policy = settings->policy,
		.seal = settings->seal,
		.tls_authorities = settings->config->tls_authorities,
		.seconds = limits->webhook_seconds,
		.connect_seconds = limits->webhook_connect_seconds,
	};

	if (!sender)
		goto fail;
	sender->transport = transport_new(settings->loop);
	webhook.transport = sender->transport;
	if (!sender->transport || !(sender->webhook = webhook_new(&webhook)))
		goto fail;
	sender->mail = mail_new(&mail);
	if (!sender->mail)
		goto fail;
	return sender;
fail:
	sender_free(sender);
	return NULL;
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	mail_free(sender->mail);
	webhook_free(sender->webhook);
	transport_free(sender->transport);
	free(sender);
}

bool sender_ready(const struct sender *sender, const struct send_job *job)
{
	return job->channel != CHANNEL_EMAIL || mail_ready(sender->mail);
}

void sender_send(struct sender *sender, const struct send_job *job, send_done *done, void *context)
{
	if (job->channel == CHANNEL_EMAIL)
		mail_send(sender->mail, job, done, context);
	else
		webhook_send(sender->webhook, job, done, context);
}

bool sender_busy(const struct sender *sender)
{
	return mail_busy(sender->mail) || webhook_busy(sender->webhook);
}

void sender_stop(struct sender *sender)
{
	mail_stop(sender->mail);
	webhook_stop(sender->webhook);
}
