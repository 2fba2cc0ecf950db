/* Which addresses webhooks may reach: worker/address.h as tables, with the edges of each range. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "kept/limits.h"
#include "worker/address.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool permitted(const struct address_policy *policy, const char *ip, int port, bool https)
{
	struct sockaddr_storage storage;
	memset(&storage, 0, sizeof(storage));
	struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return address_permitted(policy, (struct sockaddr *)&storage, sizeof(*v4), https);
	}
	memset(&storage, 0, sizeof(storage));
	ck_assert_msg(inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1, "%s is no address", ip);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	return address_permitted(policy, (struct sockaddr *)&storage, sizeof(*v6), https);
}

static struct address_policy *policy_of(const char *allow)
{
	char *error;
	struct address_policy *policy = address_policy_new(allow, &error);
	ck_assert_msg(policy != NULL, "%s: %s", allow, error == NULL ? "no memory" : error);
	return policy;
}

static const struct {
	const char *ip;
	bool yes;
} defaults[] = {
	{"0.0.0.0", false},
	{"0.255.255.255", false},
	{"1.0.0.0", true},
	{"9.255.255.255", true},
	{"10.0.0.0", false},
	{"10.255.255.255", false},
	{"11.0.0.0", true},
	{"100.63.255.255", true},
	{"100.64.0.0", false},
	{"100.100.100.200", false},
	{"100.127.255.255", false},
	{"100.128.0.0", true},
	{"126.255.255.255", true},
	{"127.0.0.0", false},
	{"127.0.0.1", false},
	{"127.255.255.255", false},
	{"128.0.0.0", true},
	{"168.63.129.15", true},
	{"168.63.129.16", false},
	{"168.63.129.17", true},
	{"169.253.255.255", true},
	{"169.254.0.0", false},
	{"169.254.169.254", false},
	{"169.254.255.255", false},
	{"169.255.0.0", true},
	{"172.15.255.255", true},
	{"172.16.0.0", false},
	{"172.31.255.255", false},
	{"172.32.0.0", true},
	{"191.255.255.255", true},
	{"192.0.0.0", false},
	{"192.0.0.255", false},
	{"192.0.1.0", true},
	{"192.0.2.0", false},
	{"192.0.2.255", false},
	{"192.0.3.0", true},
	{"192.88.98.255", true},
	{"192.88.99.0", false},
	{"192.88.99.255", false},
	{"192.88.100.0", true},
	{"192.167.255.255", true},
	{"192.168.0.0", false},
	{"192.168.255.255", false},
	{"192.169.0.0", true},
	{"198.17.255.255", true},
	{"198.18.0.0", false},
	{"198.19.255.255", false},
	{"198.20.0.0", true},
	{"198.51.99.255", true},
	{"198.51.100.0", false},
	{"198.51.100.255", false},
	{"198.51.101.0", true},
	{"203.0.112.255", true},
	{"203.0.113.0", false},
	{"203.0.113.255", false},
	{"203.0.114.0", true},
	{"223.255.255.255", true},
	{"224.0.0.0", false},
	{"239.255.255.255", false},
	{"240.0.0.0", false},
	{"255.255.255.255", false},
	{"93.184.216.34", true},
	{"::", false},
	{"::1", false},
	{"::2", false},
	{"::7f00:1", false},
	{"::ffff:127.0.0.1", false},
	{"::ffff:10.1.2.3", false},
	{"::ffff:169.254.169.254", false},
	{"::ffff:93.184.216.34", true},
	{"::ffff:0:93.184.216.34", false},
	{"64:ff9b::7f00:1", false},
	{"64:ff9b::5db8:d822", false},
	{"64:ff9b:1::1", false},
	{"100::1", false},
	{"1fff:ffff::1", false},
	{"2000::", true},
	{"2000::1", true},
	{"2001::", false},
	{"2001:0:4136:e378:8000:63bf:3fff:fdd2", false},
	{"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false},
	{"2001:200::", true},
	{"2001:db7:ffff::1", true},
	{"2001:db8::1", false},
	{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false},
	{"2001:db9::", true},
	{"2001:ffff:ffff::1", true},
	{"2002::", false},
	{"2002:7f00:1::1", false},
	{"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
	{"2003::", true},
	{"2606:4700:4700::1111", true},
	{"3ffe:ffff::1", true},
	{"3fff::", false},
	{"3fff:fff:ffff::1", false},
	{"3fff:1000::", true},
	{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
	{"4000::", false},
	{"5f00::1", false},
	{"8000::1", false},
	{"fc00::1", false},
	{"fd00:ec2::254", false},
	{"fdff:ffff::1", false},
	{"fe80::1", false},
	{"febf::1", false},
	{"fec0::1", false},
	{"ff02::1", false},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
};

START_TEST(without_a_list_only_public_addresses_are_reached)
{
	struct address_policy *policy = policy_of("");
	for (size_t i = 0; i < COUNT(defaults); i++) {
		ck_assert_msg(permitted(policy, defaults[i].ip, 443, true) == defaults[i].yes, "%s", defaults[i].ip);
		ck_assert_msg(permitted(policy, defaults[i].ip, 8443, true) == defaults[i].yes, "%s 8443",
			      defaults[i].ip);
		ck_assert_msg(!permitted(policy, defaults[i].ip, 443, false), "%s over http", defaults[i].ip);
		ck_assert_msg(!permitted(policy, defaults[i].ip, 5432, true), "%s 5432", defaults[i].ip);
	}
	static const int ports[] = {0, 22, 25, 80, 442, 444, 8080, 8442, 8444, 65535};
	for (size_t i = 0; i < COUNT(ports); i++)
		ck_assert_msg(!permitted(policy, "93.184.216.34", ports[i], true), "port %d", ports[i]);
	address_policy_free(policy);
}
END_TEST

static const struct {
	const char *allow;
	const char *ip;
	int port;
	bool https;
	bool yes;
} lists[] = {
	{"10.20.0.15/32:443", "10.20.0.15", 443, true, true},
	{"10.20.0.15/32:443", "10.20.0.15", 443, false, true},
	{"10.20.0.15/32:443", "10.20.0.15", 8443, true, false},
	{"10.20.0.15/32:443", "10.20.0.14", 443, true, false},
	{"10.20.0.15:443", "10.20.0.15", 443, true, true},
	{"10.20.0.0/16:*", "10.20.255.255", 81, false, true},
	{"10.20.0.0/16:*", "10.21.0.0", 443, true, false},
	{"10.20.0.0/16:*", "::ffff:10.20.1.1", 9000, false, true},
	{" 10.0.0.0/8:443 , 192.168.1.0/24:8080 ", "192.168.1.7", 8080, false, true},
	{"10.0.0.0/8:443,192.168.1.0/24:8080", "192.168.1.7", 443, true, false},
	{"93.184.216.34/32:80", "93.184.216.34", 80, false, true},
	{"93.184.216.34/32:80", "93.184.216.34", 443, true, true},
	{"0.0.0.0/0:*", "192.168.3.4", 22, false, true},
	{"0.0.0.0/0:*", "127.0.0.1", 443, true, false},
	{"0.0.0.0/0:*", "169.254.169.254", 443, true, false},
	{"0.0.0.0/0:*", "168.63.129.16", 443, true, false},
	{"0.0.0.0/0:*", "100.100.100.200", 443, true, false},
	{"0.0.0.0/0:*", "0.0.0.0", 443, true, false},
	{"0.0.0.0/0:*", "224.0.0.1", 443, true, false},
	{"0.0.0.0/0:*", "255.255.255.255", 443, true, false},
	{"0.0.0.0/0:*", "2606:4700:4700::1111", 80, true, false},
	{"127.0.0.0/8:*", "127.0.0.1", 8422, false, true},
	{"127.0.0.0/8:*", "127.255.255.255", 1, true, true},
	{"127.0.0.0/8:*", "::ffff:127.0.0.1", 8422, false, true},
	{"127.0.0.0/8:*", "::1", 8422, false, false},
	{"127.0.0.0/8:*", "128.0.0.1", 8422, false, false},
	{"127.0.0.1:8422", "127.0.0.1", 8422, false, true},
	{"127.0.0.1:8422", "127.0.0.1", 8423, false, false},
	{"127.0.0.1:8422", "127.0.0.2", 8422, false, false},
	{"126.0.0.0/7:*", "127.0.0.1", 443, true, false},
	{"169.254.0.0/16:*", "169.254.169.254", 80, false, false},
	{"169.254.169.254/32:80", "169.254.169.254", 80, false, true},
	{"169.254.169.254/31:80", "169.254.169.254", 80, false, false},
	{"168.63.129.0/24:443", "168.63.129.16", 443, true, false},
	{"168.63.129.16/32:443", "168.63.129.16", 443, true, true},
	{"100.64.0.0/10:443", "100.100.100.200", 443, true, false},
	{"100.64.0.0/10:443", "100.100.100.201", 443, true, true},
	{"0.0.0.0/32:443", "0.0.0.0", 443, true, false},
	{"224.0.0.0/4:*", "239.1.1.1", 443, true, false},
	{"[::1]:8422", "::1", 8422, false, true},
	{"[::1]/128:8422", "::1", 8422, false, true},
	{"[::]/0:*", "::1", 443, true, false},
	{"[::]/0:*", "fe80::1", 443, true, false},
	{"[::]/0:*", "fd00:ec2::254", 443, true, false},
	{"[::]/0:*", "::", 443, true, false},
	{"[::]/0:*", "ff02::1", 443, true, false},
	{"[::]/0:*", "fd00::5", 443, true, true},
	{"[::]/0:*", "::ffff:10.0.0.1", 443, true, false},
	{"[fd12:3456::/32]:443", "fd12:3456:1::9", 443, true, true},
	{"[fd12:3456::]/32:443", "fd12:3457::9", 443, true, false},
	{"[fd00:ec2::254]:80", "fd00:ec2::254", 80, false, true},
	{"[fe80::1]:443", "fe80::1", 443, true, true},
};

START_TEST(the_list_opens_what_it_names_and_no_more)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct address_policy *policy = policy_of(lists[i].allow);
		ck_assert_msg(permitted(policy, lists[i].ip, lists[i].port, lists[i].https) == lists[i].yes,
			      "%s: %s %d", lists[i].allow, lists[i].ip, lists[i].port);
		address_policy_free(policy);
	}
}
END_TEST

START_TEST(a_malformed_list_is_refused_with_its_entry)
{
	static const char *const bad[] = {
		"10.0.0.0/8",
		"10.0.0.0/8:",
		"10.0.0.0/8:0",
		"10.0.0.0/8:65536",
		"10.0.0.0/8:https",
		"10.0.0.0/33:443",
		"10.0.0.0/:443",
		"10.0.0.0/-1:443",
		"10.0.0.1/8:443",
		"10.0.0/8:443",
		"010.0.0.1/32:443",
		"ten:443",
		":443",
		"*:443",
		"fd00::/8:443",
		"[fd00::/8:443",
		"[fd00::]x/8:443",
		"[fd00::]/129:443",
		"[fd00::1]/8:443",
		"[fe80::1%lo]:443",
		"[::ffff:10.0.0.1]:443",
		"10.0.0.0/8:443,x",
		"[]:443",
		"[fd00::/8]/8:443",
		"10.0.0.0/8:443 443",
		"10.0.0.0/8:+443",
		"10.0.0.0/8:4433333333",
		"]:443",
		"[fd00::1]443",
		"example.org:443",
		"1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111:443",
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *error = NULL;
		struct address_policy *policy = address_policy_new(bad[i], &error);
		ck_assert_msg(policy == NULL, "%s was taken", bad[i]);
		ck_assert_msg(error != NULL && strstr(error, "the entry") != NULL && strchr(error, '\n') == NULL, "%s",
			      bad[i]);
		free(error);
	}
}
END_TEST

START_TEST(the_list_has_a_ceiling)
{
	char list[80 * (KEPT_EGRESS_ENTRIES + 1)] = "";
	size_t used = 0;
	for (int i = 0; i < KEPT_EGRESS_ENTRIES; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "10.0.%d.0/24:443,", i);
	struct address_policy *policy = policy_of(list);
	ck_assert(permitted(policy, "10.0.63.1", 443, true));
	address_policy_free(policy);
	snprintf(list + used, sizeof(list) - used, "10.1.0.0/24:443");
	char *error = NULL;
	ck_assert_ptr_null(address_policy_new(list, &error));
	ck_assert_ptr_nonnull(strstr(error, "too many"));
	free(error);
}
END_TEST

START_TEST(other_families_and_cut_addresses_are_denied)
{
	struct address_policy *policy = policy_of("0.0.0.0/0:*,[::]/0:*");
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	ck_assert(!address_permitted(policy, (struct sockaddr *)&local, sizeof(local), true));
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(443)};
	ck_assert_int_eq(inet_pton(AF_INET, "93.184.216.34", &v4.sin_addr), 1);
	ck_assert(address_permitted(policy, (struct sockaddr *)&v4, sizeof(v4), true));
	ck_assert(!address_permitted(policy, (struct sockaddr *)&v4, sizeof(v4) - 1, true));
	ck_assert(!address_permitted(policy, (struct sockaddr *)&v4, 1, true));
	ck_assert(!address_permitted(policy, (struct sockaddr *)&v4, 0, true));
	address_policy_free(policy);
}
END_TEST

START_TEST(own_addresses_are_denied_unless_listed)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(1)};
	ck_assert_int_eq(inet_pton(AF_INET, "93.184.216.34", &own.sin_addr), 1);
	struct address_policy *policy = policy_of("");
	ck_assert(address_policy_deny(policy, (struct sockaddr *)&own));
	ck_assert(!permitted(policy, "93.184.216.34", 443, true));
	ck_assert(!permitted(policy, "::ffff:93.184.216.34", 443, true));
	ck_assert(permitted(policy, "93.184.216.35", 443, true));
	ck_assert(address_policy_deny_own(policy));
	address_policy_free(policy);

	policy = policy_of("93.184.216.34/32:443");
	ck_assert(address_policy_deny(policy, (struct sockaddr *)&own));
	ck_assert(permitted(policy, "93.184.216.34", 443, true));
	ck_assert(!permitted(policy, "93.184.216.34", 8443, true));
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	ck_assert(!address_policy_deny(policy, (struct sockaddr *)&local));
	address_policy_free(policy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("address");
	TCase *tests = tcase_create("address");
	tcase_add_test(tests, without_a_list_only_public_addresses_are_reached);
	tcase_add_test(tests, the_list_opens_what_it_names_and_no_more);
	tcase_add_test(tests, a_malformed_list_is_refused_with_its_entry);
	tcase_add_test(tests, the_list_has_a_ceiling);
	tcase_add_test(tests, other_families_and_cut_addresses_are_denied);
	tcase_add_test(tests, own_addresses_are_denied_unless_listed);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
