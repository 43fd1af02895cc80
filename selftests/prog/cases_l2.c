/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_l2.c - link layer: good packets of every vif, VLAN tags, and what is not IP. */
#include "selftests/prog/cases.h"

static const struct packet_case rows[] = {
	{"udp over IPv4", IN(1), GOES},
	{"udp over IPv4, inner IPv6", IN(1), .inner = INNER_IPV6_UDP, GOES},
	{"udp over IPv6", IN(2), GOES},
	{"udp over IPv6, inner IPv6", IN(2), .inner = INNER_IPV6_UDP, GOES},
	{"udp in a VLAN", IN(3), GOES},
	{"udp in two VLANs, 88a8 and 8100", IN(4), GOES},
	{"udp in two VLANs, 8100 and 8100", IN(4), EDIT(SET16(L2, 12, 0x8100)), GOES},
	{"udp in a VLAN of EtherType 88a8", IN(3), EDIT(SET16(L2, 12, 0x88a8)), GOES},
	{"vxlan over IPv4", IN(5), GOES},
	{"vxlan over IPv4, inner IPv6", IN(5), .inner = INNER_IPV6_UDP, GOES},
	{"vxlan over IPv6", IN(6), GOES},
	{"weighted vnet", IN(7), GOES},
	{"on a device that is no port", IN(1), .unknown_device = true, GOES},

	{"priority and DEI bits of a VLAN tag do not matter", IN(3),
	 EDIT(SET16(L2, 14, 0xf000 | 100)), GOES},
	{"priority tag, VID 0, is no VLAN", IN(1),
	 EDIT(GAP(L3, 4), SET32(L2, 12, 0x81000000), SET16(L2, 16, 0x0800)), GOES},
	{"VLAN tag on an untagged vif", IN(1),
	 EDIT(GAP(L3, 4), SET32(L2, 12, 0x81000064), SET16(L2, 16, 0x0800)), DROP(drop_wrong_vlan)},
	{"another VLAN", IN(3), EDIT(SET16(L2, 14, 101)), DROP(drop_wrong_vlan)},
	{"a VLAN more than the vif's", IN(3),
	 EDIT(GAP(L3, 4), SET32(L2, 16, 0x810000c8), SET16(L2, 20, 0x0800)), DROP(drop_wrong_vlan)},
	{"other inner VLAN of two", IN(4), EDIT(SET16(L2, 18, 201)), DROP(drop_wrong_vlan)},
	{"other outer VLAN of two", IN(4), EDIT(SET16(L2, 14, 99)), DROP(drop_wrong_vlan)},
	{"no VLAN tag on a tagged vif", IN(3), EDIT(SET16(L2, 14, 0)), DROP(drop_wrong_vlan)},
	{"three VLAN tags", IN(4), EDIT(GAP(L3, 4), SET32(L2, 20, 0x81000001)),
	 PASS(pass_vlan_depth)},
	{"VLAN tag cut after 2 bytes", IN(3), EDIT(CUT(L2, 16)), PASS(pass_runt)},
	{"VLAN EtherType and no tag", IN(3), EDIT(CUT(L2, 14)), PASS(pass_runt)},
	{"second VLAN tag cut", IN(4), EDIT(CUT(L2, 20)), PASS(pass_runt)},

	{"Ethernet header alone", IN(1), EDIT(CUT(L2, 14)), PASS(pass_runt)},
	{"Ethernet header and a byte", IN(1), EDIT(CUT(L2, 15)), PASS(pass_runt)},
	{"ARP", IN(1), EDIT(SET16(L2, 12, 0x0806)), PASS(pass_not_ip)},
	{"LLDP", IN(1), EDIT(SET16(L2, 12, 0x88cc)), PASS(pass_not_ip)},
	{"802.3 length instead of an EtherType", IN(1), EDIT(SET16(L2, 12, 0x0026)),
	 PASS(pass_not_ip)},
	{"PdP tag from outside", IN(1), EDIT(SET16(L2, 12, PDP_ETHERTYPE)), PASS(pass_not_ip)},
	{"not IP on a device that is no port", IN(1), EDIT(SET16(L2, 12, 0x0806)),
	 .unknown_device = true, PASS(pass_not_ip)},
	{"IPv4 named IPv6", IN(1), EDIT(SET16(L2, 12, 0x86dd)), PASS(pass_bad_ipv6)},
	{"IPv6 named IPv4", IN(2), EDIT(SET16(L2, 12, 0x0800)), PASS(pass_bad_ipv4)},
	{"ARP in a VLAN", IN(3), EDIT(SET16(L2, 16, 0x0806)), PASS(pass_not_ip)},

	{"to the broadcast MAC", IN(1), EDIT(SET32(L2, 0, 0xffffffff), SET16(L2, 4, 0xffff)), GOES},
	{"to a multicast MAC", IN(1), EDIT(SET8(L2, 0, 0x01)), GOES},
	{"from MAC zero", IN(1), EDIT(SET32(L2, 6, 0), SET16(L2, 10, 0)), GOES},
	{"from the MAC that it goes to", IN(1), EDIT(SET16(L2, 10, 0x0001)), GOES},
	{"trailing padding is cut off", IN(1), EDIT(PAD(12)), GOES},
	{"trailing padding in two VLANs", IN(4), EDIT(PAD(1)), GOES},
	{"trailing padding over IPv6", IN(2), EDIT(PAD(7)), GOES},
	{"trailing padding of vxlan", IN(5), EDIT(PAD(4)), GOES},

	{"pdp_pass passes", .way = WAY_PASS, .vif = 1, .verdict = XDP_PASS},
};

const struct case_table cases_l2 = {rows, sizeof(rows) / sizeof(*rows)};
