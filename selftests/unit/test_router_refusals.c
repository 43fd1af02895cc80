/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_router_refusals.c - rtnetlink messages that the router passes over or refuses, and what is then left.
 */
#include "selftests/unit/router_fixture.h"

#include <errno.h>
#include <stdlib.h>

/* A route as the test likes it, changed by hand before it is applied. */
struct raw {
	struct nlbuf b;
	struct nlmsghdr *nlh;
	struct rtmsg *rtm;
};

static void raw_begin(struct raw *r)
{
	r->b.len = 0;
	r->nlh = nl_begin(&r->b, RTM_NEWROUTE);
	r->rtm = mnl_nlmsg_put_extra_header(r->nlh, sizeof(*r->rtm));
	r->rtm->rtm_family = AF_INET;
	r->rtm->rtm_dst_len = 8;
	r->rtm->rtm_table = RT_TABLE_MAIN;
	r->rtm->rtm_type = RTN_UNICAST;
	put_ip(r->nlh, RTA_DST, AF_INET, "10.0.0.0");
	mnl_attr_put_u32(r->nlh, RTA_OIF, 1);
}

static int raw_apply(struct pdp_dataplane *dp, struct raw *r)
{
	nl_end(&r->b, r->nlh);
	return nl_apply(dp, &r->b);
}

static void of_no_interest(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct raw r;

	(void)state;
	raw_begin(&r);
	r.rtm->rtm_table = 100;
	assert_int_equal(raw_apply(dp, &r), 0);
	raw_begin(&r);
	mnl_attr_put_u32(r.nlh, RTA_TABLE, 1000);
	assert_int_equal(raw_apply(dp, &r), 0);
	raw_begin(&r);
	r.rtm->rtm_flags = RTM_F_CLONED;
	assert_int_equal(raw_apply(dp, &r), 0);
	assert_int_equal(add(dp, "fe80::", 64, 1, 256), 0);
	assert_int_equal(add(dp, "ff00::", 8, 1, 256), 0);
	assert_routes(dp, 0, 0);
	pdp_router.fini(dp);
}

static void what_is_refused(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct raw r;

	(void)state;
	raw_begin(&r);
	r.rtm->rtm_family = AF_UNIX;
	assert_int_equal(raw_apply(dp, &r), -EAFNOSUPPORT);
	raw_begin(&r);
	r.rtm->rtm_family = AF_INET6; /* with a four-byte destination */
	assert_int_equal(raw_apply(dp, &r), -EBADMSG);
	raw_begin(&r);
	r.rtm->rtm_dst_len = 33;
	assert_int_equal(raw_apply(dp, &r), -EINVAL);
	raw_begin(&r);
	r.rtm->rtm_dst_len = 4; /* 10.0.0.0 has bits after the fourth */
	assert_int_equal(raw_apply(dp, &r), -EINVAL);
	raw_begin(&r);
	r.rtm->rtm_tos = 0x10;
	assert_int_equal(raw_apply(dp, &r), -EOPNOTSUPP);
	raw_begin(&r);
	r.rtm->rtm_src_len = 8;
	assert_int_equal(raw_apply(dp, &r), -EOPNOTSUPP);
	raw_begin(&r);
	r.rtm->rtm_type = RTN_NAT;
	assert_int_equal(raw_apply(dp, &r), -EOPNOTSUPP);
	raw_begin(&r);
	mnl_attr_put_u16(r.nlh, RTA_ENCAP_TYPE, 1);
	assert_int_equal(raw_apply(dp, &r), -EOPNOTSUPP);
	raw_begin(&r);
	mnl_attr_put_u32(r.nlh, RTA_OIF, 2); /* twice */
	assert_int_equal(raw_apply(dp, &r), -EBADMSG);
	raw_begin(&r);
	mnl_attr_put_u16(r.nlh, RTA_PRIORITY, 2);
	assert_int_equal(raw_apply(dp, &r), -EBADMSG);
	raw_begin(&r);
	mnl_attr_put_u16(r.nlh, RTA_GATEWAY, 2);
	assert_int_equal(raw_apply(dp, &r), -EBADMSG);
	raw_begin(&r);
	mnl_attr_put_u16(r.nlh, RTA_VIA, AF_INET6);
	assert_int_equal(raw_apply(dp, &r), -EBADMSG);
	raw_begin(&r);
	mnl_attr_put_u32(r.nlh, RTA_MULTIPATH, 2); /* a next hop that ends in its header */
	assert_int_equal(raw_apply(dp, &r), -EBADMSG);
	assert_int_equal(add(dp, "10.0.0.0", 8, 0, 0), -ENODEV);
	assert_int_equal(add(dp, "10.0.0.0", 8, 65536, 0), -ENODEV);
	raw_begin(&r);
	r.nlh->nlmsg_type = RTM_NEWLINK;
	assert_int_equal(raw_apply(dp, &r), -EOPNOTSUPP);
	assert_routes(dp, 0, 0);
	pdp_router.fini(dp);
}

static void first_error_is_told_the_rest_applies(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};

	(void)state;
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.1.0.0", 16, NULL, 1, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_NAT, "10.2.0.0", 16, NULL, 1, 0);
	nl_route(&b, RTM_DELROUTE, RTN_UNICAST, "10.9.0.0", 16, NULL, 1, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.3.0.0", 16, NULL, 1, 0);
	assert_int_equal(nl_apply(dp, &b), -EOPNOTSUPP);
	assert_routes(dp, 2, 0);
	pdp_router.fini(dp);
}

/* A message cut anywhere is refused and changes nothing. */
static void cut_messages(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	size_t whole, len;
	void *copy;

	(void)state;
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.1.0.0", 16, "10.0.0.1", 1, 7);
	whole = b.len;
	for (len = 1; len < whole; len++) {
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, b.bytes, len);
		assert_int_equal(pdp_router.netlink(dp, copy, len, NULL), -EBADMSG);
		if (len >= sizeof(struct nlmsghdr)) {
			/* The header says so too; then what is missing is an attribute. */
			((struct nlmsghdr *)copy)->nlmsg_len = len;
			assert_int_not_equal(pdp_router.netlink(dp, copy, len, NULL), 0);
		}
		free(copy);
		assert_routes(dp, 0, 0);
	}
	pdp_router.fini(dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_no_interest),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(first_error_is_told_the_rest_applies),
		cmocka_unit_test(cut_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
