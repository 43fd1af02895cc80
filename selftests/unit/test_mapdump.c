/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_mapdump - each map's entry in, named JSON out. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/mapdump.h"

static void check(enum pdp_map map, const void *key, const void *value, const char *want)
{
	json_t *got = pdp_map_decode(map, key, value);
	char *text = got ? json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
	json_decref(got);
}

static struct pdp_addr ipv4(const char *text)
{
	struct pdp_addr addr = {.word = {0, 0, htonl(0xffff)}};

	inet_pton(AF_INET, text, &addr.word[3]);
	return addr;
}

static struct pdp_addr ipv6(const char *text)
{
	struct pdp_addr addr;

	inet_pton(AF_INET6, text, addr.word);
	return addr;
}

static void tunnels(void **state)
{
	struct pdp_tunnel_key key = {
		.local = ipv4("192.0.2.1"), .port = htons(5001), .vni = PDP_VNI_NONE};
	struct pdp_tunnel tunnel = {.vif = 1,
				    .vnet = 2,
				    .encap = PDP_ENCAP_UDP,
				    .remote_port = htons(5002),
				    .remote = ipv4("192.0.2.2")};

	(void)state;
	check(PDP_MAP_TUNNELS, &key, &tunnel,
	      "{\"local\":\"192.0.2.1\",\"port\":5001,\"vni\":null,\"encap\":\"udp\",\"vnet\":2,"
	      "\"vif\":1,\"remote\":\"192.0.2.2\",\"remote_port\":5002,\"vlans\":[],"
	      "\"down\":false}");
	key.local = ipv6("2001:db8::1");
	key.vni = htonl(42 << 8);
	tunnel.encap = PDP_ENCAP_VXLAN;
	tunnel.remote = ipv6("2001:db8::2");
	tunnel.remote_port = 0;
	tunnel.vlans = 100U << 16 | 7;
	tunnel.flags = PDP_TUNNEL_DOWN;
	check(PDP_MAP_TUNNELS, &key, &tunnel,
	      "{\"local\":\"2001:db8::1\",\"port\":5001,\"vni\":42,\"encap\":\"vxlan\",\"vnet\":2,"
	      "\"vif\":1,\"remote\":\"2001:db8::2\",\"remote_port\":0,\"vlans\":[100,7],"
	      "\"down\":true}");
}

static void vnets(void **state)
{
	struct pdp_vnet vnet = {.table = {1021, 1, PDP_POLICY_FLOW_HASH, 3},
				.rate.cost = 16,
				.local.burst = 32,
				.flowlet_gap = 1000,
				.key = PDP_KEY_BYTES};
	uint32_t id = 7;

	(void)state;
	check(PDP_MAP_VNETS, &id, &vnet,
	      "{\"vnet\":7,\"policy\":\"flow-hash\",\"slots\":1021,\"half\":1,\"generation\":3,"
	      "\"rate_cost\":16,\"rate_burst\":0,\"local_cost\":0,"
	      "\"local_burst\":32,\"key\":\"bytes\",\"flowlet_gap_us\":1024}");
}

static void keys_are_fields(void **state)
{
	struct pdp_key key = {.byte = {{PDP_KEY_NETWORK, 12, 0xff},
				       {PDP_KEY_NETWORK, 13, 0xf0},
				       {PDP_KEY_TRANSPORT, 2, 0xff}}};
	uint32_t id = 7;

	(void)state;
	check(PDP_MAP_KEYS, &id, &key,
	      "{\"vnet\":7,\"fields\":[\"network:12:fff0\",\"transport:2:ff\"]}");
}

static void flowlets_are_counted(void **state)
{
	static struct pdp_flowlets flowlets = {.flowlet = {[3] = 1, [PDP_FLOWLETS - 1] = 2}};
	uint32_t id = 7;

	(void)state;
	check(PDP_MAP_FLOWLETS, &id, &flowlets, "{\"vnet\":7,\"flowlets\":2}");
}

static void slots_are_runs(void **state)
{
	struct pdp_slot_table slots = {.guest = {1, 1, 2, 1}};
	uint32_t index = 2 * 7 + 1;

	(void)state;
	check(PDP_MAP_SLOTS, &index, &slots,
	      "{\"vnet\":7,\"half\":1,\"slots\":4,\"shares\":{\"1\":3,\"2\":1},\"runs\":["
	      "{\"guest\":1,\"slots\":2},{\"guest\":2,\"slots\":1},{\"guest\":1,\"slots\":1}]}");
	for (int i = 0; i < PDP_SLOTS; i++)
		slots.guest[i] = 5;
	check(PDP_MAP_SLOTS, &index, &slots,
	      "{\"vnet\":7,\"half\":1,\"slots\":1024,\"shares\":{\"5\":1024},\"runs\":["
	      "{\"guest\":5,\"slots\":1024}]}");
}

static void guests(void **state)
{
	struct pdp_guest guest = {.mac = {2, 0, 0, 0, 0, 1}, .vnet = 3, .power = {17, 34}};
	uint32_t id = 9;

	(void)state;
	check(PDP_MAP_GUESTS, &id, &guest,
	      "{\"guest\":9,\"vnet\":3,\"mac\":\"02:00:00:00:00:01\",\"md_mac\":null,"
	      "\"timed\":false,\"power_cost\":17,\"power_burst\":34}");
}

static void vifs(void **state)
{
	struct pdp_vif vif = {
		.owner = {1, 2, PDP_ENCAP_VXLAN, 4, 1500},
		.source = {.mac = {2, 0, 0, 0, 0, 1}},
		.guest = {.mac = {2, 0, 0, 0, 0, 2}},
		.impair = {.loss = UINT32_MAX, .delay_ms = 20},
		.vni = htonl(42 << 8),
		.vlans = 100U << 16,
		.local_port = htons(4789),
		.remote_port = htons(4789),
		.local = ipv4("192.0.2.1"),
		.remote = ipv4("192.0.2.2"),
	};
	uint32_t id = 4;

	(void)state;
	check(PDP_MAP_VIFS, &id, &vif,
	      "{\"vif\":4,\"vnet\":1,\"port\":2,\"encap\":\"vxlan\",\"family\":4,\"mtu\":1500,"
	      "\"vni\":42,\"local\":\"192.0.2.1\",\"local_port\":4789,\"remote\":\"192.0.2.2\","
	      "\"remote_port\":4789,\"vlans\":[100],\"source_mac\":\"02:00:00:00:00:01\","
	      "\"next_hop_mac\":null,\"guest_mac\":\"02:00:00:00:00:02\",\"loss\":1.0,\"delay_ms\":20,"
	      "\"down\":false}");
}

static void small_ones(void **state)
{
	struct pdp_hop hop = {3, 4};
	struct pdp_police police = {.tat = 160, .local_tat = 320};
	struct pdp_pace pace = {.tat = 160};
	struct pdp_turn turn = {.next = 6};
	uint32_t a = 11, b = 12;
	uint64_t packets = 1ULL << 40;

	(void)state;
	check(PDP_MAP_FE_LINKS, &a, &b, "{\"guest\":11,\"ifindex\":12}");
	check(PDP_MAP_SENDERS, &a, &b, "{\"ifindex\":11,\"guest\":12}");
	check(PDP_MAP_PORTS, &a, &b, "{\"port\":11,\"ifindex\":12}");
	check(PDP_MAP_PORT_IDS, &a, &b, "{\"ifindex\":11,\"port\":12}");
	check(PDP_MAP_VIF_LINKS, &a, &b, "{\"vif\":11,\"ifindex\":12}");
	check(PDP_MAP_VIF_SENDERS, &a, &b, "{\"ifindex\":11,\"vif\":12}");
	check(PDP_MAP_DELAY_LINK, &a, &b, "{\"ifindex\":12}");
	check(PDP_MAP_POLICE, &a, &police,
	      "{\"vnet\":11,\"arrival_ns\":10,\"local_arrival_ns\":20}");
	check(PDP_MAP_PACES, &a, &pace, "{\"guest\":11,\"arrival_ns\":10}");
	check(PDP_MAP_TURNS, &a, &turn, "{\"vnet\":11,\"next\":6}");
	check(PDP_MAP_XMIT_DROPS, &hop, &packets,
	      "{\"from_ifindex\":3,\"to_ifindex\":4,\"packets\":1099511627776}");
}

/* Every counter of a stats struct has its field, under its name. */
static void counters_by_name(void **state)
{
	struct pdp_vnet_stats vnet = {.rx_packets = 5, .drop_forged_outer = 2, .drop_policed = 1};
	struct pdp_port_stats port = {.pass_not_udp = 8};
	struct pdp_node_stats node = {.drop_unknown_link = 4};
	uint32_t id = 1;
	json_t *got = pdp_map_decode(PDP_MAP_VNET_STATS, &id, &vnet);

	(void)state;
	assert_int_equal(json_object_size(got), 1 + sizeof(vnet) / sizeof(uint64_t));
	assert_int_equal(json_integer_value(json_object_get(got, "drop_forged_outer")), 2);
	assert_int_equal(json_integer_value(json_object_get(got, "drop_policed")), 1);
	json_decref(got);
	got = pdp_map_decode(PDP_MAP_PORT_STATS, &id, &port);
	assert_int_equal(json_object_size(got), 1 + sizeof(port) / sizeof(uint64_t));
	assert_int_equal(json_integer_value(json_object_get(got, "pass_not_udp")), 8);
	json_decref(got);
	got = pdp_map_decode(PDP_MAP_NODE_STATS, &id, &node);
	assert_int_equal(json_object_size(got), sizeof(node) / sizeof(uint64_t));
	assert_int_equal(json_integer_value(json_object_get(got, "drop_unknown_link")), 4);
	json_decref(got);
}

/* A zeroed element of an array means none; of a hash, an entry is an entry. */
static void empty_elements_are_skipped(void **state)
{
	static const char zero[sizeof(struct pdp_slot_table)];
	uint32_t id = 1;

	(void)state;
	assert_null(pdp_map_decode(PDP_MAP_VIFS, &id, zero));
	assert_null(pdp_map_decode(PDP_MAP_SLOTS, &id, zero));
	assert_null(pdp_map_decode(PDP_MAP_VNET_STATS, &id, zero));
	check(PDP_MAP_SENDERS, &id, zero, "{\"ifindex\":1,\"guest\":0}");
}

static void every_map_is_known(void **state)
{
	(void)state;
	for (int map = 0; map < PDP_MAP_COUNT; map++) {
		assert_true(pdp_map_value_size(map) > 0);
		assert_true(pdp_map_value_size(map) <= PDP_MAP_VALUE_MAX);
		assert_non_null(pdp_map_columns(map)[0].head);
		assert_int_equal(pdp_map_by_name(pdp_map_name(map)), map);
		assert_int_equal(pdp_map_by_name(pdp_map_name(map) + 4), map);
	}
	assert_int_equal(pdp_map_by_name("pdp_xsks"), PDP_MAP_COUNT);
	assert_int_equal(pdp_map_by_name(""), PDP_MAP_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnels),
		cmocka_unit_test(vnets),
		cmocka_unit_test(keys_are_fields),
		cmocka_unit_test(flowlets_are_counted),
		cmocka_unit_test(slots_are_runs),
		cmocka_unit_test(guests),
		cmocka_unit_test(vifs),
		cmocka_unit_test(small_ones),
		cmocka_unit_test(counters_by_name),
		cmocka_unit_test(empty_elements_are_skipped),
		cmocka_unit_test(every_map_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
