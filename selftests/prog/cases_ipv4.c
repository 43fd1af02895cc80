/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_ipv4.c - outer IPv4 header. */
#include "selftests/prog/cases.h"

#define CUT4(at)                                                                                \
	{                                                                                       \
		"outer IPv4 cut after " #at " bytes", IN(1), EDIT(CUT(L3, at)), PASS(pass_runt) \
	}

static void without_vif1(struct node *node)
{
	struct pdp_tunnel_key key = node_tunnel_key(node, 1);

	node_delete(node, MAP_TUNNELS, &key);
}

static const struct packet_case rows[] = {
	CUT4(0),
	CUT4(1),
	CUT4(8),
	CUT4(19),
	{"outer IPv4 header alone", IN(1), EDIT(CUT(L3, 20)), PASS(pass_bad_ipv4)},
	{"outer IPv4 version 5", IN(1), EDIT(SET8(L3, 0, 0x55), CSUM), PASS(pass_bad_ipv4)},
	{"outer IPv4 IHL 0", IN(1), EDIT(SET8(L3, 0, 0x40)), PASS(pass_bad_ipv4)},
	{"outer IPv4 IHL 4", IN(1), EDIT(SET8(L3, 0, 0x44), CSUM), PASS(pass_bad_ipv4)},
	{"outer IPv4 options, one word", IN(1), EDIT(GAP(L4, 4), SET8(L3, 0, 0x46), FIT), GOES},
	{"outer IPv4 options, NOPs", IN(1),
	 EDIT(GAP(L4, 4), SET8(L3, 0, 0x46), SET32(L3, 20, 0x01010101), FIT), GOES},
	{"outer IPv4 record route", IN(1),
	 EDIT(GAP(L4, 8), SET8(L3, 0, 0x47), SET32(L3, 20, 0x07070400), FIT), GOES},
	{"outer IPv4 loose source route, to us", IN(1),
	 EDIT(GAP(L4, 8), SET8(L3, 0, 0x47), SET32(L3, 20, 0x83070800), FIT), GOES},
	{"outer IPv4 options, 40 bytes", IN(1),
	 EDIT(GAP(L4, 40), SET8(L3, 0, 0x4f), SET32(L3, 56, 0x01020304), FIT), GOES},
	{"outer IPv4 options in two VLANs", IN(4), EDIT(GAP(L4, 8), SET8(L3, 0, 0x47), FIT), GOES},
	{"vxlan behind outer IPv4 options", IN(5), EDIT(GAP(L4, 12), SET8(L3, 0, 0x48), FIT), GOES},
	{"outer IPv4 options with bad checksum", IN(1),
	 EDIT(GAP(L4, 4), SET8(L3, 0, 0x46), FIT, SET32(L3, 20, 0x01010101)), PASS(pass_bad_ipv4)},
	{"outer IPv4 IHL past the frame", IN(1), EDIT(SET8(L3, 0, 0x4f), CUT(L3, 40)),
	 PASS(pass_runt)},
	{"outer IPv4 length 0", IN(1), EDIT(SET16(L3, 2, 0), CSUM), PASS(pass_bad_ipv4)},
	{"outer IPv4 length below the header's", IN(1), EDIT(SET16(L3, 2, 19), CSUM),
	 PASS(pass_bad_ipv4)},
	{"outer IPv4 length one above the frame's", IN(1), EDIT(SET16(L3, 2, 65), CSUM),
	 PASS(pass_bad_ipv4)},
	{"outer IPv4 length 65535", IN(1), EDIT(SET16(L3, 2, 65535), CSUM), PASS(pass_bad_ipv4)},
	{"outer IPv4 length has no room for UDP", IN(1), EDIT(SET16(L3, 2, 27), CSUM),
	 PASS(pass_runt)},
	{"outer IPv4 length one below the UDP length", IN(1), EDIT(SET16(L3, 2, 63), CSUM),
	 DROP(drop_udp_length)},
	{"outer IPv4 checksum wrong", IN(1), EDIT(SET16(L3, 10, 0x1234)), PASS(pass_bad_ipv4)},
	{"outer IPv4 checksum zero", IN(1), EDIT(SET16(L3, 10, 0)), PASS(pass_bad_ipv4)},
	{"outer IPv4 TTL changed, checksum not", IN(1), EDIT(SET8(L3, 8, 63)), PASS(pass_bad_ipv4)},
	{"outer IPv4 TTL 0", IN(1), EDIT(SET8(L3, 8, 0), CSUM), GOES},
	{"outer IPv4 TTL 1", IN(1), EDIT(SET8(L3, 8, 1), CSUM), GOES},
	{"outer IPv4 DSCP and ECN CE", IN(1), EDIT(SET8(L3, 1, 0xbb), CSUM), GOES},
	{"outer IPv4 ECN ECT(0)", IN(1), EDIT(SET8(L3, 1, 0x02), CSUM), GOES},
	{"outer IPv4 without DF", IN(1), EDIT(SET16(L3, 6, 0), CSUM), GOES},
	{"outer IPv4 reserved bit", IN(1), EDIT(SET16(L3, 6, 0x8000), CSUM), GOES},

	{"outer IPv4 first fragment", IN(1), EDIT(SET16(L3, 6, 0x2000), CSUM),
	 DROP(drop_outer_fragment)},
	{"outer IPv4 first fragment with DF", IN(1), EDIT(SET16(L3, 6, 0x6000), CSUM),
	 DROP(drop_outer_fragment)},
	{"outer IPv4 first fragment, UDP header alone", IN(1),
	 EDIT(SET16(L3, 6, 0x2000), CUT(L4, 8), FIT_IP), DROP(drop_outer_fragment)},
	{"outer IPv4 first fragment, UDP header cut", IN(1),
	 EDIT(SET16(L3, 6, 0x2000), CUT(L4, 4), FIT_IP), PASS(pass_runt)},
	{"outer IPv4 first fragment of vxlan", IN(5), EDIT(SET16(L3, 6, 0x2000), CSUM),
	 DROP(drop_outer_fragment)},
	{"outer IPv4 first fragment, no tunnel's", IN(1),
	 EDIT(SET16(L3, 6, 0x2000), SET16(L4, 2, 22), CSUM), PASS(pass_no_tunnel)},
	{"outer IPv4 middle fragment", IN(1), EDIT(SET16(L3, 6, 0x2001), CSUM),
	 PASS(pass_fragment)},
	{"outer IPv4 last fragment", IN(1), EDIT(SET16(L3, 6, 0x00b9), CSUM), PASS(pass_fragment)},
	{"outer IPv4 overlapping fragment, offset 8", IN(1), EDIT(SET16(L3, 6, 0x2001), CSUM),
	 PASS(pass_fragment)},
	{"outer IPv4 last fragment, 8 bytes", IN(1), EDIT(SET16(L3, 6, 0x1fff), CUT(L4, 8), FIT_IP),
	 PASS(pass_fragment)},

	{"outer IPv4 from 0.0.0.0", IN(1), EDIT(SET32(L3, 12, 0), CSUM), DROP(drop_wrong_remote)},
	{"outer IPv4 from 127.0.0.1", IN(1), EDIT(SET32(L3, 12, 0x7f000001), CSUM),
	 DROP(drop_wrong_remote)},
	{"outer IPv4 from 224.0.0.1", IN(1), EDIT(SET32(L3, 12, 0xe0000001), CSUM),
	 DROP(drop_wrong_remote)},
	{"outer IPv4 from 240.0.0.1", IN(1), EDIT(SET32(L3, 12, 0xf0000001), CSUM),
	 DROP(drop_wrong_remote)},
	{"outer IPv4 from 255.255.255.255", IN(1), EDIT(SET32(L3, 12, 0xffffffff), CSUM),
	 DROP(drop_wrong_remote)},
	{"outer IPv4 from our own address", IN(1), EDIT(SET32(L3, 12, 0xc0000201), CSUM),
	 DROP(drop_wrong_remote)},
	{"outer IPv4 from the remote end of another vnet", IN(1),
	 EDIT(SET32(L3, 12, 0xc0000207), CSUM), DROP(drop_wrong_remote)},
	{"outer IPv4 to another host", IN(1), EDIT(SET32(L3, 16, 0xc0000263), CSUM),
	 PASS(pass_no_tunnel)},
	{"outer IPv4 to 224.0.0.5", IN(1), EDIT(SET32(L3, 16, 0xe0000005), CSUM),
	 PASS(pass_no_tunnel)},
	{"outer IPv4 to 255.255.255.255", IN(1), EDIT(SET32(L3, 16, 0xffffffff), CSUM),
	 PASS(pass_no_tunnel)},
	{"outer IPv4 to 0.0.0.0", IN(1), EDIT(SET32(L3, 16, 0), CSUM), PASS(pass_no_tunnel)},
	{"tunnel removed", IN(1), .setup = without_vif1, PASS(pass_no_tunnel)},
	{"ICMP to us", IN(1), EDIT(SET8(L3, 9, 1), CSUM), PASS(pass_not_udp)},
	{"IPIP to us", IN(1), EDIT(SET8(L3, 9, 4), CSUM), PASS(pass_not_udp)},
	{"TCP to us, on a tunnel's port number", IN(1), EDIT(SET8(L3, 9, 6), CSUM),
	 PASS(pass_not_udp)},
	{"6in4 to us", IN(1), EDIT(SET8(L3, 9, 41), CSUM), PASS(pass_not_udp)},
	{"GRE to us", IN(1), EDIT(SET8(L3, 9, 47), CSUM), PASS(pass_not_udp)},
	{"IPv4 protocol 255 to us", IN(1), EDIT(SET8(L3, 9, 255), CSUM), PASS(pass_not_udp)},
};

const struct case_table cases_ipv4 = {rows, sizeof(rows) / sizeof(*rows)};
