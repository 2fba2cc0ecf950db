/* Where a request comes from, when proxies tell and when liars do. */
#include "api/limits/client_address.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

/* "unix" or an address; `out` takes it as text. */
static struct client_address address_of(const char *text)
{
	struct client_address address = {.kind = CLIENT_ADDRESS_UNIX};
	if (strcmp(text, "unix") != 0)
		ck_assert_msg(client_address_read(&address, text, strlen(text)), "%s", text);
	return address;
}

static const char *text_of(const struct client_address *address, char out[INET6_ADDRSTRLEN])
{
	if (address->kind == CLIENT_ADDRESS_UNIX)
		return "unix";
	return inet_ntop(address->kind == CLIENT_ADDRESS_4 ? AF_INET : AF_INET6, address->bytes, out, INET6_ADDRSTRLEN);
}

static const struct {
	const char *text, *address; /* NULL: no address */
} readings[] = {
	{"192.0.2.1", "192.0.2.1"},
	{"192.0.2.1:8080", "192.0.2.1"},
	{"2001:db8::1", "2001:db8::1"},
	{"[2001:db8::1]", "2001:db8::1"},
	{"[2001:db8::1]:443", "2001:db8::1"},
	{"::ffff:192.0.2.1", "192.0.2.1"},
	{"[::ffff:192.0.2.1]:1", "192.0.2.1"},
	{"", NULL},
	{"192.0.2.256", NULL},
	{"192.0.2", NULL},
	{"192.0.2.1:", NULL},
	{"192.0.2.1:port", NULL},
	{"192.0.2.1:123456", NULL},
	{"[192.0.2.1]", NULL},
	{"[2001:db8::1", NULL},
	{"2001:db8::1]", NULL},
	{"[2001:db8::1]443", NULL},
	{"fe80::1%eth0", NULL},
	{"unknown", NULL},
	{"_hidden", NULL},
	{"localhost", NULL},
	{"0x7f000001", NULL},
	{"2001:0db8:0000:0000:0000:0000:0000:0001:and:much:more:that:does:not:fit", NULL},
};

START_TEST(address_is_read_or_refused)
{
	struct client_address address;
	char out[INET6_ADDRSTRLEN];
	const char *text = readings[_i].text;
	bool read = client_address_read(&address, text, strlen(text));
	ck_assert_msg(read == (readings[_i].address != NULL), "%s", text);
	if (read)
		ck_assert_str_eq(text_of(&address, out), readings[_i].address);
}
END_TEST

START_TEST(peer_is_read_from_its_socket)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	char out[INET6_ADDRSTRLEN];
	ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr), 1);
	struct client_address address = client_address_of_peer((struct sockaddr *)&v4);
	ck_assert_str_eq(text_of(&address, out), "192.0.2.7");
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr), 1);
	address = client_address_of_peer((struct sockaddr *)&v6);
	ck_assert_str_eq(text_of(&address, out), "192.0.2.7");
	address = client_address_of_peer((struct sockaddr *)&name);
	ck_assert_int_eq(address.kind, CLIENT_ADDRESS_UNIX);
	ck_assert_int_eq(client_address_of_peer(NULL).kind, CLIENT_ADDRESS_UNIX);
}
END_TEST

static const struct {
	const char *a, *b;
	bool same;
} buckets[] = {
	{"192.0.2.1", "192.0.2.2", false},
	{"192.0.2.1", "::ffff:192.0.2.1", true},
	{"2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true},
	{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
	{"unix", "unix", true},
	{"unix", "0.0.0.0", false},
	{"0.0.0.0", "::", false},
};

START_TEST(clients_of_one_network_are_one)
{
	struct client_address a = address_of(buckets[_i].a), b = address_of(buckets[_i].b);
	a = client_address_bucket(&a);
	b = client_address_bucket(&b);
	ck_assert_msg(client_address_equal(&a, &b) == buckets[_i].same, "%s %s", buckets[_i].a, buckets[_i].b);
}
END_TEST

static const struct {
	const char *trusted, *address;
	bool yes;
} networks[] = {
	{"", "127.0.0.1", false},
	{"", "unix", false},
	{"unix", "unix", true},
	{"unix", "127.0.0.1", false},
	{"127.0.0.1", "127.0.0.1", true},
	{"127.0.0.1", "127.0.0.2", false},
	{"10.0.0.0/8,192.0.2.0/25", "10.255.0.1", true},
	{"10.0.0.0/8,192.0.2.0/25", "192.0.2.127", true},
	{"10.0.0.0/8,192.0.2.0/25", "192.0.2.128", false},
	{"10.0.0.0/8", "11.0.0.0", false},
	{"0.0.0.0/0", "192.0.2.1", true},
	{"0.0.0.0/0", "2001:db8::1", false},
	{"2001:db8::/33", "2001:db8:7fff::1", true},
	{"2001:db8::/33", "2001:db8:8000::1", false},
	{"::ffff:10.0.0.0/104", "10.1.2.3", true},
	{"::ffff:10.0.0.0/104", "11.1.2.3", false},
	{"::ffff:0.0.0.0/95", "10.1.2.3", false},
};

START_TEST(proxy_is_trusted_by_its_network)
{
	struct client_proxies *proxies = client_proxies_new(networks[_i].trusted);
	struct client_address address = address_of(networks[_i].address);
	ck_assert_ptr_nonnull(proxies);
	ck_assert_msg(client_proxies_trust(proxies, &address) == networks[_i].yes, "%s in %s", networks[_i].address,
		      networks[_i].trusted);
	client_proxies_free(proxies);
}
END_TEST

#define TRUSTED "10.0.0.0/8,fd00::/8"

static const struct {
	const char *trusted, *peer, *x, *forwarded, *client;
} chains[] = {
	/* From anybody else the headers are words in the wind. */
	{"", "192.0.2.1", "198.51.100.1", NULL, "192.0.2.1"},
	{TRUSTED, "192.0.2.1", "198.51.100.1", "for=198.51.100.1", "192.0.2.1"},
	{TRUSTED, "unix", "198.51.100.1", NULL, "unix"},
	/* From a proxy: */
	{TRUSTED, "10.0.0.1", NULL, NULL, "10.0.0.1"},
	{TRUSTED, "10.0.0.1", "", "", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", "198.51.100.1", NULL, "198.51.100.1"},
	{"unix", "unix", "198.51.100.1", NULL, "198.51.100.1"},
	{TRUSTED, "10.0.0.1", " 198.51.100.1 ", NULL, "198.51.100.1"},
	{TRUSTED, "10.0.0.1", "198.51.100.1:4711", NULL, "198.51.100.1"},
	{TRUSTED, "fd00::1", "[2001:db8::5]:4711", NULL, "2001:db8::5"},
	/* The rightmost that is not a proxy's; what a client wrote before it does not matter. */
	{TRUSTED, "10.0.0.1", "203.0.113.9, 198.51.100.1", NULL, "198.51.100.1"},
	{TRUSTED, "10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.3, fd00::3", NULL, "198.51.100.1"},
	{TRUSTED, "10.0.0.1", "garbage, 198.51.100.1", NULL, "198.51.100.1"},
	{TRUSTED, "10.0.0.1", "10.9.9.9, 198.51.100.1", NULL, "198.51.100.1"},
	{TRUSTED, "10.0.0.1", ",198.51.100.1,,", NULL, "198.51.100.1"},
	/* All trusted: the one that began. */
	{TRUSTED, "10.0.0.1", "10.0.0.7, 10.0.0.3", NULL, "10.0.0.7"},
	/* What cannot be read, to the right of all that could be relied on */
	{TRUSTED, "10.0.0.1", "garbage", NULL, "10.0.0.1"},
	{TRUSTED, "10.0.0.1", "198.51.100.1, unknown", NULL, "10.0.0.1"},
	{TRUSTED, "10.0.0.1", "198.51.100.1, unknown, 10.0.0.3", NULL, "10.0.0.1"},
	{TRUSTED, "10.0.0.1", "198.51.100.1 203.0.113.9", NULL, "10.0.0.1"},
	/* Forwarded */
	{TRUSTED, "10.0.0.1", NULL, "for=198.51.100.1", "198.51.100.1"},
	{TRUSTED, "10.0.0.1", NULL, "For=\"198.51.100.1:80\";proto=https;by=10.0.0.1", "198.51.100.1"},
	{TRUSTED, "10.0.0.1", NULL, "proto=https; for=\"[2001:db8::5]:80\"", "2001:db8::5"},
	{TRUSTED, "10.0.0.1", NULL, "for=203.0.113.9, for=198.51.100.1, for=10.0.0.3", "198.51.100.1"},
	{TRUSTED, "10.0.0.1", NULL, "for=\"a, for=203.0.113.9\", for=198.51.100.1", "198.51.100.1"},
	{TRUSTED, "10.0.0.1", NULL, "for=198.51.100.1;host=\"a,for=203.0.113.9;\\\"for=1\"", "198.51.100.1"},
	{TRUSTED, "10.0.0.1", NULL, "for=unknown", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", NULL, "for=_hidden", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", NULL, "proto=https", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", NULL, "for=198.51.100.1;for=203.0.113.9", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", NULL, "for=\"198.51.100.1", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", NULL, "for=", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", NULL, "for=\"\"", "10.0.0.1"},
	/* Both: they must agree, as a proxy passes on what it does not write. */
	{TRUSTED, "10.0.0.1", "198.51.100.1", "for=198.51.100.1", "198.51.100.1"},
	{TRUSTED, "10.0.0.1", "198.51.100.1", "for=203.0.113.9", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", "198.51.100.1", "nonsense", "10.0.0.1"},
	{TRUSTED, "10.0.0.1", "nonsense", "for=198.51.100.1", "10.0.0.1"},
};

START_TEST(client_is_what_a_trusted_proxy_says)
{
	struct client_proxies *proxies = client_proxies_new(chains[_i].trusted);
	struct client_address peer = address_of(chains[_i].peer);
	char out[INET6_ADDRSTRLEN];
	ck_assert_ptr_nonnull(proxies);
	struct client_address client = client_address_forwarded(proxies, &peer, chains[_i].x, chains[_i].forwarded);
	ck_assert_msg(strcmp(text_of(&client, out), chains[_i].client) == 0, "%s: %s / %s: %s", chains[_i].peer,
		      chains[_i].x, chains[_i].forwarded, text_of(&client, out));
	client_proxies_free(proxies);
}
END_TEST

START_TEST(only_this_host_is_this_host)
{
	static const char *const yes[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1"};
	static const char *const no[] = {"127.0.0.2", "10.0.0.1", "::2", "unix"};
	for (int i = 0; i < COUNT(yes); i++)
		ck_assert(client_address_is_this_host(&(struct client_address){0}) == false &&
			  client_address_is_this_host((struct client_address[]){address_of(yes[i])}));
	for (int i = 0; i < COUNT(no); i++)
		ck_assert(!client_address_is_this_host((struct client_address[]){address_of(no[i])}));
}
END_TEST

START_TEST(inside_is_this_host_and_private_networks)
{
	static const char *const yes[] = {
		"127.0.0.1",   "127.9.9.9", "::1",     "10.0.0.1", "172.16.0.1", "172.31.9.9",     "192.168.1.1",
		"169.254.1.1", "fd00::1",   "fc00::1", "fe80::1",  "febf::1",    "::ffff:10.1.1.1"};
	static const char *const no[] = {"172.15.0.1", "172.32.0.1", "192.167.1.1", "11.0.0.1",           "203.0.113.9",
					 "fe00::1",    "fec0::1",    "2001:db8::1", "::ffff:203.0.113.9", "unix"};
	for (int i = 0; i < COUNT(yes); i++)
		ck_assert_msg(client_address_is_inside((struct client_address[]){address_of(yes[i])}), "%s", yes[i]);
	for (int i = 0; i < COUNT(no); i++)
		ck_assert_msg(!client_address_is_inside((struct client_address[]){address_of(no[i])}), "%s", no[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client_address");
	TCase *all = tcase_create("client_address");
	tcase_add_loop_test(all, address_is_read_or_refused, 0, COUNT(readings));
	tcase_add_test(all, peer_is_read_from_its_socket);
	tcase_add_loop_test(all, clients_of_one_network_are_one, 0, COUNT(buckets));
	tcase_add_loop_test(all, proxy_is_trusted_by_its_network, 0, COUNT(networks));
	tcase_add_loop_test(all, client_is_what_a_trusted_proxy_says, 0, COUNT(chains));
	tcase_add_test(all, only_this_host_is_this_host);
	tcase_add_test(all, inside_is_this_host_and_private_networks);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
