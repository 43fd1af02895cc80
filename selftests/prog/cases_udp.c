/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_udp.c - the outer UDP header. */
#include "selftests/prog/cases.h"

static const struct packet_case rows[] = {
	{"UDP header cut to nothing", IN(1), EDIT(CUT(L4, 0), FIT_IP), PASS(pass_runt)},
	{"UDP header cut after 1 byte", IN(1), EDIT(CUT(L4, 1), FIT_IP), PASS(pass_runt)},
	{"UDP header cut after 7 bytes", IN(1), EDIT(CUT(L4, 7), FIT_IP), PASS(pass_runt)},
	{"UDP header cut over IPv6", IN(2), EDIT(CUT(L4, 7), FIT_IP), PASS(pass_runt)},
	{"UDP length 0", IN(1), EDIT(SET16(L4, 4, 0)), DROP(drop_udp_length)},
	{"UDP length 0 over IPv6", IN(2), EDIT(SET16(L4, 4, 0)), DROP(drop_udp_length)},
	{"UDP length 7", IN(1), EDIT(SET16(L4, 4, 7)), DROP(drop_udp_length)},
	{"UDP length 8, with bytes behind", IN(1), EDIT(SET16(L4, 4, 8)), DROP(drop_inner_short)},
	{"UDP length one above the IP packet's", IN(1), EDIT(SET16(L4, 4, 45)),
	 DROP(drop_udp_length)},
	{"UDP length one above, into the padding", IN(1), EDIT(SET16(L4, 4, 45), PAD(8)),
	 DROP(drop_udp_length)},
	{"UDP length 65535", IN(1), EDIT(SET16(L4, 4, 65535)), DROP(drop_udp_length)},
	{"UDP shorter than the IP packet: surplus is cut off", IN(1), EDIT(PAD(4), FIT_IP), GOES},
	{"UDP shorter than the IP packet, over IPv6", IN(2), EDIT(PAD(20), FIT_IP), GOES},
	{"UDP shorter than the IP packet, and padding", IN(1), EDIT(PAD(4), FIT_IP, PAD(4)), GOES},
	{"UDP checksum wrong: not looked at", IN(1), EDIT(SET16(L4, 6, 0x1234)), GOES},
	{"UDP checksum 0xffff", IN(1), EDIT(SET16(L4, 6, 0xffff)), GOES},
	{"UDP checksum zero over IPv6", IN(2), EDIT(SET16(L4, 6, 0)), GOES},
	{"UDP checksum wrong over IPv6", IN(2), EDIT(SET16(L4, 6, 0x1234)), GOES},
	{"to an unknown UDP port", IN(1), EDIT(SET16(L4, 2, 22)), PASS(pass_no_tunnel)},
	{"to UDP port 0", IN(1), EDIT(SET16(L4, 2, 0)), PASS(pass_no_tunnel)},
	{"from UDP port 0", IN(1), EDIT(SET16(L4, 0, 0)), DROP(drop_wrong_remote)},
	{"from another UDP port of the remote end", IN(1), EDIT(SET16(L4, 0, 6002)),
	 DROP(drop_wrong_remote)},
	{"from another UDP port over IPv6", IN(2), EDIT(SET16(L4, 0, 6001)),
	 DROP(drop_wrong_remote)},
	{"to the UDP port of another vnet", IN(1), EDIT(SET16(L4, 2, 5007)), .counted_vif = 7,
	 DROP(drop_wrong_remote)},
	{"to the UDP port of a vif in a VLAN", IN(1), EDIT(SET16(L4, 2, 5003)), .counted_vif = 3,
	 DROP(drop_wrong_remote)},
	{"vxlan from any UDP port", IN(5), EDIT(SET16(L4, 0, 1024)), GOES},
	{"vxlan from UDP port 0", IN(5), EDIT(SET16(L4, 0, 0)), GOES},
	{"ports swapped", IN(1), EDIT(SET16(L4, 0, 5001), SET16(L4, 2, 6001)),
	 PASS(pass_no_tunnel)},
};

const struct case_table cases_udp = {rows, sizeof(rows) / sizeof(*rows)};
