/* TLS to endpoints and to the relay: whom we trust, whom we do not, and that nothing goes out in clear. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/certificate.h"
#include "tests/support/http_peer.h"
#include "tests/support/sending.h"
#include "tests/support/smtp_peer.h"

#define LOGIN "kept:correct horse"

static struct sending sending;
static struct certificate certificate;
static struct http_peer *endpoint;
static struct smtp_peer *relay;

static void set(char **value, const char *to)
{
	free(*value);
	*value = strdup(to);
	ck_assert_ptr_nonnull(*value);
}

static void trust_authority(void)
{
	set(&sending.config.tls_authorities, certificate.authority);
	sending_again(&sending);
}

static void start_endpoint(enum certificate_kind kind)
{
	certificate_make(&certificate, kind);
	endpoint = http_peer_start_tls(&certificate);
	ck_assert_ptr_nonnull(endpoint);
	sending_start(&sending, "file:///nowhere", "/nowhere", MAIL_TLS_OFF, "127.0.0.1/32:*", NULL);
}

static void start_relay(enum certificate_kind kind, enum smtp_security security, enum mail_tls tls, const char *login)
{
	char url[64];

	certificate_make(&certificate, kind);
	relay = smtp_peer_start_tls(&certificate, security, login);
	ck_assert_ptr_nonnull(relay);
	snprintf(url, sizeof(url), "%s://127.0.0.1:%d", security == SMTP_TLS ? "smtps" : "smtp", smtp_peer_port(relay));
	sending_start(&sending, url, "/nowhere", tls, "", NULL);
}

static void stop(void)
{
	sending_stop(&sending);
	http_peer_stop(endpoint);
	smtp_peer_stop(relay);
	certificate_release(&certificate);
	endpoint = NULL;
	relay = NULL;
}

static struct send_result post(void)
{
	struct send_job job;
	struct send_result result;
	char url[80];

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/hook", http_peer_port(endpoint));
	sending_webhook(&sending, &job, url, "{}");
	ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 10), 1);
	send_job_release(&job);
	return result;
}

static struct send_result mail(void)
{
	struct send_job job;
	struct send_result result;

	sending_mail(&job, "maria@lakeview.example");
	ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 15), 1);
	send_job_release(&job);
	return result;
}

static void expect(struct send_result result, enum outcome outcome, enum send_error error)
{
	ck_assert_msg(result.outcome == outcome && result.error == error, "outcome %d, %s, %d %s", result.outcome,
		      send_error_word(result.error), result.status, result.answer ? result.answer : "");
	send_result_release(&result);
}

START_TEST(endpoint_with_a_certificate_of_a_trusted_authority_gets_its_webhook)
{
	start_endpoint(CERTIFICATE_GOOD);
	trust_authority();
	expect(post(), OUTCOME_SENT, SEND_OK);
	expect(post(), OUTCOME_SENT, SEND_OK);
	ck_assert_int_eq(http_peer_requests(endpoint), 2);
	ck_assert_int_eq(http_peer_connections(endpoint), 1);
}
END_TEST

START_TEST(endpoint_with_a_certificate_of_an_unknown_authority_gets_nothing)
{
	start_endpoint(CERTIFICATE_GOOD);
	expect(post(), OUTCOME_RETRY, SEND_TLS);
	ck_assert_int_eq(http_peer_requests(endpoint), 0);
}
END_TEST

START_TEST(endpoint_with_an_expired_certificate_gets_nothing)
{
	start_endpoint(CERTIFICATE_EXPIRED);
	trust_authority();
	expect(post(), OUTCOME_RETRY, SEND_TLS);
	ck_assert_int_eq(http_peer_requests(endpoint), 0);
}
END_TEST

START_TEST(endpoint_with_a_certificate_for_another_name_gets_nothing)
{
	start_endpoint(CERTIFICATE_OTHER_NAME);
	trust_authority();
	expect(post(), OUTCOME_RETRY, SEND_TLS);
	ck_assert_int_eq(http_peer_requests(endpoint), 0);
}
END_TEST

START_TEST(mail_goes_out_after_starttls)
{
	start_relay(CERTIFICATE_GOOD, SMTP_STARTTLS, MAIL_TLS_REQUIRED, NULL);
	trust_authority();
	expect(mail(), OUTCOME_SENT, SEND_OK);
	ck_assert_int_eq(smtp_peer_commands(relay, "STARTTLS"), 1);
	ck_assert_int_eq(smtp_peer_mails(relay), 1);
}
END_TEST

START_TEST(mail_goes_out_over_smtps)
{
	start_relay(CERTIFICATE_GOOD, SMTP_TLS, MAIL_TLS_REQUIRED, NULL);
	trust_authority();
	expect(mail(), OUTCOME_SENT, SEND_OK);
	ck_assert_int_eq(smtp_peer_mails(relay), 1);
}
END_TEST

START_TEST(mail_goes_out_after_a_login_over_tls)
{
	start_relay(CERTIFICATE_GOOD, SMTP_STARTTLS, MAIL_TLS_REQUIRED, LOGIN);
	set(&sending.config.mail_user, "kept");
	set(&sending.config.mail_password, "correct horse");
	trust_authority();
	expect(mail(), OUTCOME_SENT, SEND_OK);
	ck_assert_int_eq(smtp_peer_commands(relay, "AUTH"), 1);
	ck_assert_int_eq(smtp_peer_mails(relay), 1);
}
END_TEST

START_TEST(wrong_password_is_told_and_the_mail_waits)
{
	start_relay(CERTIFICATE_GOOD, SMTP_STARTTLS, MAIL_TLS_REQUIRED, LOGIN);
	set(&sending.config.mail_user, "kept");
	set(&sending.config.mail_password, "wrong horse");
	trust_authority();
	expect(mail(), OUTCOME_RETRY, SEND_AUTH);
	ck_assert_int_eq(smtp_peer_commands(relay, "MAIL"), 0);
}
END_TEST

static const enum certificate_kind doubtful[] = {CERTIFICATE_EXPIRED, CERTIFICATE_OTHER_NAME};

START_TEST(relay_with_a_doubtful_certificate_gets_neither_mail_nor_password)
{
	start_relay(doubtful[_i], SMTP_STARTTLS, MAIL_TLS_REQUIRED, LOGIN);
	set(&sending.config.mail_user, "kept");
	set(&sending.config.mail_password, "correct horse");
	trust_authority();
	expect(mail(), OUTCOME_RETRY, SEND_TLS);
	ck_assert_int_eq(smtp_peer_commands(relay, "AUTH"), 0);
	ck_assert_int_eq(smtp_peer_commands(relay, "MAIL"), 0);
}
END_TEST

START_TEST(relay_of_an_unknown_authority_gets_nothing)
{
	start_relay(CERTIFICATE_GOOD, SMTP_TLS, MAIL_TLS_REQUIRED, NULL);
	expect(mail(), OUTCOME_RETRY, SEND_TLS);
	ck_assert_int_eq(smtp_peer_commands(relay, "EHLO"), 0);
}
END_TEST

/* An answer to STARTTLS that somebody between us changed. */
START_TEST(refused_starttls_keeps_password_and_mail_here)
{
	start_relay(CERTIFICATE_GOOD, SMTP_STARTTLS, MAIL_TLS_REQUIRED, LOGIN);
	smtp_peer_script(relay, "STARTTLS", "454 4.7.0 not now\r\n", 0, -1);
	set(&sending.config.mail_user, "kept");
	set(&sending.config.mail_password, "correct horse");
	trust_authority();
	expect(mail(), OUTCOME_RETRY, SEND_TLS);
	ck_assert_int_eq(smtp_peer_commands(relay, "AUTH"), 0);
	ck_assert_int_eq(smtp_peer_commands(relay, "MAIL"), 0);
}
END_TEST

START_TEST(opportunistic_mail_is_encrypted_where_the_relay_can)
{
	start_relay(CERTIFICATE_EXPIRED, SMTP_STARTTLS, MAIL_TLS_OPPORTUNISTIC, NULL);
	expect(mail(), OUTCOME_SENT, SEND_OK);
	ck_assert_int_eq(smtp_peer_commands(relay, "STARTTLS"), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tls");
	TCase *tcase = tcase_create("tls");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, stop);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, endpoint_with_a_certificate_of_a_trusted_authority_gets_its_webhook);
	tcase_add_test(tcase, endpoint_with_a_certificate_of_an_unknown_authority_gets_nothing);
	tcase_add_test(tcase, endpoint_with_an_expired_certificate_gets_nothing);
	tcase_add_test(tcase, endpoint_with_a_certificate_for_another_name_gets_nothing);
	tcase_add_test(tcase, mail_goes_out_after_starttls);
	tcase_add_test(tcase, mail_goes_out_over_smtps);
	tcase_add_test(tcase, mail_goes_out_after_a_login_over_tls);
	tcase_add_test(tcase, wrong_password_is_told_and_the_mail_waits);
	tcase_add_loop_test(tcase, relay_with_a_doubtful_certificate_gets_neither_mail_nor_password, 0, 2);
	tcase_add_test(tcase, relay_of_an_unknown_authority_gets_nothing);
	tcase_add_test(tcase, refused_starttls_keeps_password_and_mail_here);
	tcase_add_test(tcase, opportunistic_mail_is_encrypted_where_the_relay_can);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
