/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cases_bytes.c - vnets whose udp tunnels carry what they like. What can be IP is tagged as IP, the rest as
 * bytes; only an empty datagram is refused.
 */
#include "selftests/prog/cases.h"

static void any_payload(struct node *node)
{
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(node, MAP_VNETS, &id, &vnet);
	vnet.payload = PDP_PAYLOAD_ANY;
	node_set(node, MAP_VNETS, &id, &vnet);
}

/* Bytes 2 and 3 of the payload, and what would be a transport header's first if there were one. */
static void any_payload_keyed(struct node *node)
{
	struct pdp_key key = {.byte = {{PDP_KEY_INNER, 2, 0xff, 0},
				       {PDP_KEY_INNER, 3, 0xf0, 0},
				       {PDP_KEY_TRANSPORT, 0, 0xff, 0},
				       {PDP_KEY_NETWORK, 0, 0xff, 0}}};
	struct pdp_vnet vnet;
	uint32_t id = 1;

	any_payload(node);
	node_get(node, MAP_VNETS, &id, &vnet);
	vnet.key = PDP_KEY_BYTES;
	node_set(node, MAP_VNETS, &id, &vnet);
	node_set(node, MAP_KEYS, &id, &key);
}

static void any_payload_by_hosts(struct node *node)
{
	struct pdp_vnet vnet;
	uint32_t id = 1;

	any_payload(node);
	node_get(node, MAP_VNETS, &id, &vnet);
	vnet.key = PDP_KEY_L3;
	node_set(node, MAP_VNETS, &id, &vnet);
}

/* All bytes are one flow, unless the vnet says which of them tell flows apart. */
#define BYTES .bytes = true, .key = &(const struct pdp_flow_key){}, GOES
#define KEYED(a, b)    \
	.bytes = true, \
	.key = &(const struct pdp_flow_key){.saddr = {bpf_htonl((a) << 24 | (b) << 16)}}, GOES

static const struct packet_case rows[] = {
	{"any payload: IPv4 is IPv4", IN(1), .setup = any_payload, GOES},
	{"any payload: IPv6 is IPv6", IN(1), .inner = INNER_IPV6_UDP, .setup = any_payload, GOES},
	{"any payload: a label", IN(1), EDIT(SET32(INNER, 0, 0x00064140)), .setup = any_payload,
	 BYTES},
	{"any payload: a label, over an IPv6 underlay", IN(2), EDIT(SET32(INNER, 0, 0x00064140)),
	 .setup = any_payload, BYTES},
	{"any payload: a label, in a VLAN", IN(3), EDIT(SET32(INNER, 0, 0x00064140)),
	 .setup = any_payload, BYTES},
	{"any payload: 1 byte", IN(1), EDIT(SET8(INNER, 0, 0xff), CUT(INNER, 1), FIT),
	 .setup = any_payload, BYTES},
	{"any payload: 1 byte, padded", IN(1),
	 EDIT(SET8(INNER, 0, 0xff), CUT(INNER, 1), FIT, PAD(17)), .setup = any_payload, BYTES},
	{"any payload: 1 byte that begins like IPv4", IN(1), EDIT(CUT(INNER, 1), FIT),
	 .setup = any_payload, BYTES},
	{"any payload: 19 bytes that begin like IPv4", IN(1), EDIT(CUT(INNER, 19), FIT),
	 .setup = any_payload, BYTES},
	{"any payload: 39 bytes that begin like IPv6", IN(1), .inner = INNER_IPV6_UDP,
	 EDIT(CUT(INNER, 39), FIT), .setup = any_payload, BYTES},
	{"any payload: none", IN(1), EDIT(CUT(INNER, 0), FIT), .setup = any_payload,
	 DROP(drop_inner_short)},
	{"any payload: none, padded", IN(1), EDIT(CUT(INNER, 0), FIT, PAD(18)),
	 .setup = any_payload, DROP(drop_inner_short)},
	{"any payload: of another vnet", IN(7), EDIT(SET8(INNER, 0, 0x05)), .setup = any_payload,
	 DROP(drop_inner_not_ip)},
	{"any payload: by addresses, of which there are none", IN(1),
	 EDIT(SET32(INNER, 0, 0x00064140)), .setup = any_payload_by_hosts, BYTES},
	{"any payload: by its third and fourth byte", IN(1), EDIT(SET32(INNER, 0, 0x00064143)),
	 .setup = any_payload_keyed, KEYED(0x41, 0x40)},
	{"any payload: by bytes that are not there", IN(1),
	 EDIT(SET32(INNER, 0, 0x00064143), CUT(INNER, 3), FIT), .setup = any_payload_keyed,
	 KEYED(0x41, 0)},
};

const struct case_table cases_bytes = {rows, sizeof(rows) / sizeof(*rows)};
