/* stage_receive.c: what the peers got, compared with what is recorded; see stage.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/stage.h"

#define SQL_BYTES (16 * 1024 * 1024)
/* What is for people and organisations. */
#define TOLD                                                                                                           \
	"(select district_id, message_id, channel, contact_id from kept.reminder where channel in ('email', "          \
	"'webhook')"                                                                                                   \
	" union all select district_id, message_id, channel, contact_id from kept.notice)"

struct receiving {
	struct text sql;
	int rows;
};

static void add_row(struct receiving *receiving, const char *id, const char *channel, const char *recipient,
		    const void *bytes, size_t length)
{
	uint8_t hash[32];

	hash_sha256(hash, bytes, length);
	text_addf(&receiving->sql, "%s('%s', '%s', '%s', '", receiving->rows++ ? "," : " values ", id, channel,
		  recipient);
	text_add_hex(&receiving->sql, hash, sizeof(hash));
	text_adds(&receiving->sql, "')");
}

static void receive_mails(struct receiving *receiving, struct smtp_peer *peer)
{
	static const char field[] = "\r\nMessage-ID: <";
	struct smtp_mail mail;

	for (int i = 0; smtp_peer_mail(peer, i, &mail); i++) {
		const char *at = strstr(mail.bytes, field);
		char id[STAGE_ID_SIZE];

		ck_assert_ptr_nonnull(at);
		snprintf(id, sizeof(id), "%s", at + strlen(field));
		ck_assert(text_is_uuid(id));
		add_row(receiving, id, "email", mail.to, mail.bytes, mail.length);
		smtp_mail_release(&mail);
	}
}

static void receive_posts(struct receiving *receiving, struct http_peer *peer)
{
	struct http_request request;
	char id[64];

	for (int i = 0; http_peer_request(peer, i, &request); i++) {
		ck_assert(http_request_header(&request, "webhook-id", id, sizeof(id)) && text_starts(id, "msg_"));
		add_row(receiving, id + strlen("msg_"), "webhook", request.path, request.body, request.length);
		http_request_release(&request);
	}
}

void stage_receive(struct stage *stage, struct http_peer *const *more)
{
	struct receiving receiving = {.rows = 0};

	stage_change(stage,
		     "drop table if exists public.received;"
		     "create table public.received (message_id uuid, channel text, recipient text, digest text)");
	text_init(&receiving.sql, SQL_BYTES);
	text_adds(&receiving.sql, "insert into public.received");
	receive_mails(&receiving, stage->mail);
	receive_posts(&receiving, stage->hooks);
	for (; more && *more; more++)
		receive_posts(&receiving, *more);
	ck_assert(text_ok(&receiving.sql));
	if (receiving.rows > 0)
		query_run(stage->superuser, receiving.sql.bytes);
	text_release(&receiving.sql);
}

void stage_complete(struct stage *stage, long long messages, struct http_peer *const *more)
{
	stage_receive(stage, more);
	ck_assert_int_eq(stage_number(stage, "select count(*) from kept.batch"), 0);
	ck_assert_int_eq(stage_number(stage, "select count(*) from kept.waiting"), 0);
	ck_assert_int_eq(stage_number(stage, "select count(message_id) from " TOLD " r"), messages);
	ck_assert_int_eq(stage_number(stage, "select count(*) from " TOLD
					     " r join kept.delivery d using (district_id, message_id)"
					     " where d.outcome = 'sent'"),
			 messages);
	ck_assert_int_eq(stage_number(stage, "select count(*) from kept.delivery where outcome <> 'sent'"), 0);
	/* Each was got, by the one for whom it is. */
	ck_assert_int_eq(stage_number(stage,
				      "select count(distinct r.message_id) from " TOLD " r"
				      " join kept.contact k on k.district_id = r.district_id and k.id = r.contact_id"
				      " join public.received g on g.message_id = r.message_id and g.channel = r.channel"
				      " and k.address like '%%' || g.recipient"),
			 messages);
	ck_assert_int_eq(stage_number(stage, "select count(*) from public.received g where not exists"
					     " (select from kept.delivery d where d.message_id = g.message_id)"),
			 0);
	/* One attempt that succeeded, and a repeat only where nobody knew. */
	ck_assert_int_eq(stage_number(stage,
				      "select count(*) from (select message_id from kept.attempt where outcome = 'sent'"
				      " group by message_id having count(*) > 1) twice"),
			 0);
	ck_assert_int_eq(stage_number(stage,
				      "select count(*) from (select message_id, count(*) as times, count(distinct "
				      "(recipient, digest)) as kinds"
				      " from public.received group by message_id) g where kinds > 1 or times > 1 +"
				      " (select count(*) from kept.attempt a where a.message_id = g.message_id and "
				      "a.outcome = 'unknown')"),
			 0);
	/* Attempts are numbered without gap and without repetition. */
	ck_assert_int_eq(stage_number(stage,
				      "select count(*) from (select message_id from kept.attempt group by message_id"
				      " having count(*) <> max(number) or count(distinct number) <> count(*)) odd"),
			 0);
}

void stage_no_repeats(struct stage *stage)
{
	ck_assert_int_eq(stage_number(stage, "select count(*) - count(distinct message_id) from public.received"), 0);
}
