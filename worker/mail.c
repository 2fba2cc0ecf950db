/* mail.c: see mail.h. */
#include "worker/mail.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/log.h"
#include "kept/steady.h"
#include "kept/text.h"
#include "worker/compose.h"
#include "worker/folder.h"
#include "worker/smtp.h"

/* One mail on its way through a thread; in one list at a time. */
struct item {
	struct item *next;
	struct letter letter;
	const struct send_job *job;
	bool to_folder;
	send_done *done;
	void *context;
};

struct mail {
	struct mail_settings settings;
	struct compose_sender from;
	struct smtp_settings smtp;
	bool to_folder; /* KEPT_MAIL_URL is a folder */
	ev_async ended;
	int under_way; /* items not given back; loop's thread only */
	bool was_full;
	pthread_t *threads;
	int thread_count;
	atomic_bool stop;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work;
	struct item *to_do, **to_do_end;
	struct item *finished;
	bool closing;
};

static void item_free(struct item *item)
{
	text_release(&item->letter.bytes);
	text_release(&item->letter.answer);
	free(item);
}

/* The next item for this thread; NULL: the time to close an idle connection has come, or the end (then closing is set).
 */
static struct item *next_item(struct mail *mail, bool connected)
{
	double end = steady_seconds() + mail->settings.idle_seconds;
	struct timespec until = {.tv_sec = (time_t)end, .tv_nsec = (long)((end - (double)(time_t)end) * 1e9)};
	struct item *item;
	int code = 0;

	while (!mail->to_do && !mail->closing && code == 0) {
		if (connected)
			code = pthread_cond_timedwait(&mail->work, &mail->lock, &until);
		else
			pthread_cond_wait(&mail->work, &mail->lock);
	}
	item = mail->to_do;
	if (item) {
		mail->to_do = item->next;
		if (!mail->to_do)
			mail->to_do_end = &mail->to_do;
	}
	return item;
}

static void write_to_folder(const struct mail *mail, struct item *item)
{
	struct letter *letter = &item->letter;
	double began = steady_seconds();
	const char *why = NULL;
	bool written = folder_write(mail->settings.config->mail_folder, item->job->message_id, letter->bytes.bytes,
				    letter->bytes.length, &why);

	letter->duration_ms = (long)((steady_seconds() - began) * 1000);
	letter->error = written ? SEND_OK : SEND_LOCAL;
	letter->phase = MAIL_PHASE_DATA;
	if (!written)
		log_write(LOG_ERROR_LEVEL, "mail_folder_not_written", "swhy", why, NULL);
}

static void carry(struct mail *mail, struct smtp **smtp, struct item *item)
{
	if (item->to_folder) {
		write_to_folder(mail, item);
		return;
	}
	if (!*smtp)
		*smtp = smtp_new(&mail->smtp);
	if (*smtp)
		smtp_send(*smtp, &item->letter);
	else
		item->letter.error = SEND_LOCAL;
}

static void *carrier(void *context)
{
	struct mail *mail = context;
	struct smtp *smtp = NULL;

	pthread_mutex_lock(&mail->lock);
	while (!mail->closing) {
		struct item *item = next_item(mail, smtp != NULL);

		pthread_mutex_unlock(&mail->lock);
		if (item) {
			carry(mail, &smtp, item);
		} else {
			smtp_free(smtp);
			smtp = NULL;
		}
		pthread_mutex_lock(&mail->lock);
		if (item) {
			item->next = mail->finished;
			mail->finished = item;
			ev_async_send(mail->settings.loop, &mail->ended);
		}
	}
	pthread_mutex_unlock(&mail->lock);
	smtp_free(smtp);
	return NULL;
}

static void report(struct item *item)
{
	struct letter *letter = &item->letter;
	struct send_result result = {0};
	struct attempt_end end;

	if (letter->stopped) {
		attempt_unknown(letter->duration_ms, item->done, item->context);
		return;
	}
	attempt_end_init(&end, item->job, letter->duration_ms);
	end.error = letter->error;
	end.status = letter->status;
	outcome_smtp(&result, &end, letter->phase);
	result.duration_ms = letter->duration_ms;
	result.answer = attempt_answer(letter->answer.bytes, letter->answer.length);
	item->done(item->context, &result);
	send_result_release(&result);
}

static void items_ended(struct ev_loop *loop, ev_async *async, int revents)
{
	struct mail *mail = async->data;
	struct item *item, *next;

	(void)loop;
	(void)revents;
	pthread_mutex_lock(&mail->lock);
	item = mail->finished;
	mail->finished = NULL;
	pthread_mutex_unlock(&mail->lock);
	for (; item; item = next) {
		next = item->next;
		mail->under_way--;
		report(item);
		item_free(item);
	}
	if (mail->was_full && mail->under_way < mail->settings.connections) {
		mail->was_full = false;
		mail->settings.room(mail->settings.context);
	}
}

/* Threads take no signals: they are for the loop. */
static bool start_thread(struct mail *mail)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&mail->threads[mail->thread_count], NULL, carrier, mail);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code == 0)
		mail->thread_count++;
	return code == 0;
}

struct mail *mail_new(const struct mail_settings *settings)
{
	struct mail *mail = calloc(1, sizeof(*mail));
	pthread_condattr_t attributes;

	if (!mail || !(mail->threads = calloc((size_t)settings->connections, sizeof(*mail->threads))))
		goto fail;
	mail->settings = *settings;
	mail->from = (struct compose_sender){settings->config->mail_from_name, settings->config->mail_from_address};
	mail->to_folder = text_starts(settings->config->mail_url, "file://");
	mail->smtp = (struct smtp_settings){
		.url = settings->config->mail_url,
		.user = settings->config->mail_user,
		.password = settings->config->mail_password,
		.from = mail->from.address,
		.tls_authorities = settings->config->tls_authorities,
		.tls = settings->config->mail_tls,
		.seconds = settings->seconds,
		.answer_seconds = settings->answer_seconds,
		.stop = &mail->stop,
	};
	mail->to_do_end = &mail->to_do;
	pthread_mutex_init(&mail->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&mail->work, &attributes);
	pthread_condattr_destroy(&attributes);
	ev_async_init(&mail->ended, items_ended);
	mail->ended.data = mail;
	ev_async_start(settings->loop, &mail->ended);
	return mail;
fail:
	if (mail)
		free(mail->threads);
	free(mail);
	return NULL;
}

static void free_items(struct item *item)
{
	struct item *next;

	for (; item; item = next) {
		next = item->next;
		item_free(item);
	}
}

void mail_free(struct mail *mail)
{
	if (!mail)
		return;
	atomic_store(&mail->stop, true);
	pthread_mutex_lock(&mail->lock);
	mail->closing = true;
	pthread_cond_broadcast(&mail->work);
	pthread_mutex_unlock(&mail->lock);
	for (int i = 0; i < mail->thread_count; i++)
		pthread_join(mail->threads[i], NULL);
	ev_async_stop(mail->settings.loop, &mail->ended);
	free_items(mail->to_do);
	free_items(mail->finished);
	pthread_cond_destroy(&mail->work);
	pthread_mutex_destroy(&mail->lock);
	free(mail->threads);
	free(mail);
}

void mail_stop(struct mail *mail)
{
	atomic_store(&mail->stop, true);
}

bool mail_ready(const struct mail *mail)
{
	return mail->under_way < mail->settings.connections;
}

bool mail_busy(const struct mail *mail)
{
	return mail->under_way > 0;
}

/* Makes sure that a thread is there for one more item. */
static bool thread_is_there(struct mail *mail)
{
	if (mail->under_way < mail->thread_count)
		return true;
	return start_thread(mail) || mail->thread_count > 0;
}

static void hand_over(struct mail *mail, struct item *item)
{
	if (!thread_is_there(mail)) {
		attempt_refuse(item->job, SEND_LOCAL, NULL, item->done, item->context);
		item_free(item);
		return;
	}
	mail->under_way++;
	mail->was_full = mail->under_way >= mail->settings.connections;
	pthread_mutex_lock(&mail->lock);
	*mail->to_do_end = item;
	mail->to_do_end = &item->next;
	pthread_cond_signal(&mail->work);
	pthread_mutex_unlock(&mail->lock);
}

void mail_send(struct mail *mail, const struct send_job *job, send_done *done, void *context)
{
	struct item *item = calloc(1, sizeof(*item));
	const char *why = NULL;
	enum compose_status status;

	if (!item) {
		attempt_refuse(job, SEND_LOCAL, NULL, done, context);
		return;
	}
	item->job = job;
	item->to_folder = mail->to_folder || job->demonstration;
	item->done = done;
	item->context = context;
	text_init(&item->letter.bytes, KEPT_MAIL_BYTES);
	text_init(&item->letter.answer, KEPT_MAIL_ANSWER_BYTES);
	/* libcurl hands CR and LF in an address on as they are. */
	if (!job->content || !text_is_email(job->destination)) {
		attempt_refuse(job, SEND_COMPOSE, "the address or the facts are malformed", done, context);
		item_free(item);
		return;
	}
	item->letter.recipient = job->destination;
	status = compose_mail(mail->settings.words, &mail->from, job->message_id, job->destination, job->content,
			      &item->letter.bytes, &why);
	if (status != COMPOSE_OK) {
		attempt_refuse(job, status == COMPOSE_FACTS ? SEND_COMPOSE : SEND_LOCAL, why, done, context);
		item_free(item);
	} else {
		hand_over(mail, item);
	}
}
