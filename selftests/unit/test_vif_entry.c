/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_vif_entry - a vif of the model in the maps' form. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/prefix.h"
#include "ctl/vif_entry.h"

static const struct pdp_vif_ids ids = {.vnet = 1, .vif = 2, .port = 3};
static const struct pdp_port_conf plain = {.name = "A"};
static const uint8_t port_mac[6] = {2, 0, 0, 0, 0, 9};

static struct pdp_vif_conf vif_conf(enum pdp_encap encap, const char *local, const char *remote)
{
	struct pdp_vif_conf conf = {.encap = encap};

	assert_int_equal(pdp_endpoint_parse(&conf.local, &conf.local_port, local), 0);
	assert_int_equal(pdp_endpoint_parse(&conf.remote, &conf.remote_port, remote), 0);
	if (encap == PDP_ENCAP_VXLAN) {
		conf.vni = 0x123456;
		conf.local_port = conf.remote_port = 4789;
	}
	return conf;
}

static void udp_has_one_tunnel(void **state)
{
	struct pdp_vif_conf conf = vif_conf(PDP_ENCAP_UDP, "192.0.2.1:5001", "192.0.2.2:5002");
	struct pdp_tunnel_key keys[2];
	struct pdp_tunnel tunnels[2];
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};

	(void)state;
	assert_int_equal(pdp_tunnel_entries(&conf, &plain, &ids, keys, tunnels), 1);
	assert_memory_equal(&keys[0].local, mapped, 16);
	assert_int_equal(ntohs(keys[0].port), 5001);
	assert_int_equal(keys[0].vni, PDP_VNI_NONE);
	assert_int_equal(tunnels[0].vif, 2);
	assert_int_equal(tunnels[0].vnet, 1);
	assert_int_equal(ntohs(tunnels[0].remote_port), 5002);
	assert_int_equal(tunnels[0].vlans, 0);
}

/* The VNI's own, and one for the UDP port that says: read on to the VNI. */
static void vxlan_has_two(void **state)
{
	struct pdp_vif_conf conf = vif_conf(PDP_ENCAP_VXLAN, "2001:db8::1", "2001:db8::2");
	const struct pdp_port_conf tagged = {.name = "B", .vlan = {100, 7}};
	struct pdp_tunnel_key keys[2];
	struct pdp_tunnel tunnels[2];
	static const uint8_t wire[4] = {0x12, 0x34, 0x56, 0};

	(void)state;
	assert_int_equal(pdp_tunnel_entries(&conf, &tagged, &ids, keys, tunnels), 2);
	assert_memory_equal(&keys[0].vni, wire, 4);
	assert_int_equal(keys[1].vni, PDP_VNI_NONE);
	assert_memory_equal(&keys[0].local, &keys[1].local, 16);
	assert_int_equal(tunnels[0].remote_port, 0); /* varies by flow, RFC 7348 */
	assert_int_equal(tunnels[0].vlans, 100 << 16 | 7);
	assert_int_equal(tunnels[1].vif, 0);
	assert_int_equal(tunnels[1].encap, PDP_ENCAP_VXLAN);
}

static void vif_on_the_way_out(void **state)
{
	struct pdp_vif_conf conf = vif_conf(PDP_ENCAP_VXLAN, "192.0.2.1", "192.0.2.2");
	struct pdp_vif vif = pdp_vif_entry(&conf, &plain, &ids, 1500, port_mac);
	static const uint8_t none[6];

	(void)state;
	assert_int_equal(vif.owner.vnet, 1);
	assert_int_equal(vif.owner.port, 3);
	assert_int_equal(vif.owner.family, 4);
	assert_int_equal(vif.owner.mtu, 1500);
	assert_memory_equal(vif.source.mac, port_mac, 6);
	assert_memory_equal(vif.next_hop.mac, none, 6); /* until the underlay knows it */
	assert_int_equal(ntohl(vif.vni), 0x12345600);
	assert_int_equal(ntohs(vif.remote_port), 4789);
}

/* Of a million in the node file, of 2^32 in the map, where all is all. */
static void impairments(void **state)
{
	static const struct {
		struct pdp_impair_conf conf;
		struct pdp_vif_impair want;
	} cases[] = {
		{{0}, {0}},
		{{.delay_ms = PDP_IMPAIR_DELAY_MAX}, {.delay_ms = PDP_IMPAIR_DELAY_MAX}},
		{{.loss = 1}, {.loss = 4293}},
		{{.loss = 500000}, {.loss = 0x7fffffff}},
		{{.loss = PDP_IMPAIR_LOSS_ALL}, {.loss = 0xffffffff}},
		{{.down = true}, {.down = 1}},
	};
	struct pdp_vif_conf conf = vif_conf(PDP_ENCAP_UDP, "192.0.2.1:5001", "192.0.2.2:5002");
	struct pdp_tunnel_key keys[2];
	struct pdp_tunnel tunnels[2];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pdp_vif vif;

		conf.impair = cases[i].conf;
		vif = pdp_vif_entry(&conf, &plain, &ids, 1500, port_mac);
		assert_memory_equal(&vif.impair, &cases[i].want, sizeof(vif.impair));
		pdp_tunnel_entries(&conf, &plain, &ids, keys, tunnels);
		assert_int_equal(tunnels[0].flags, conf.impair.down ? PDP_TUNNEL_DOWN : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_has_one_tunnel),
		cmocka_unit_test(vxlan_has_two),
		cmocka_unit_test(vif_on_the_way_out),
		cmocka_unit_test(impairments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
