/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_ipv6.c - outer IPv6 header and its extension headers. */
#include "selftests/prog/cases.h"

/* Put 8 bytes of an extension header behind the IPv6 header. */
#define EXTENSION(type) GAP(L4, 8), SET8(L3, 6, type), SET8(L3, 40, 17)
#define CUT6(at)                                                                                \
	{                                                                                       \
		"outer IPv6 cut after " #at " bytes", IN(2), EDIT(CUT(L3, at)), PASS(pass_runt) \
	}

static const struct packet_case rows[] = {
	CUT6(0),
	CUT6(1),
	CUT6(20),
	CUT6(39),
	{"outer IPv6 header alone", IN(2), EDIT(CUT(L3, 40)), PASS(pass_bad_ipv6)},
	{"outer IPv6 version 5", IN(2), EDIT(SET8(L3, 0, 0x50)), PASS(pass_bad_ipv6)},
	{"outer IPv6 payload length 0, as a jumbogram's", IN(2), EDIT(SET16(L3, 4, 0)),
	 PASS(pass_runt)},
	{"outer IPv6 payload length 7", IN(2), EDIT(SET16(L3, 4, 7)), PASS(pass_runt)},
	{"outer IPv6 payload length one above the frame's", IN(2), EDIT(SET16(L3, 4, 45)),
	 PASS(pass_bad_ipv6)},
	{"outer IPv6 payload length 65535", IN(2), EDIT(SET16(L3, 4, 65535)), PASS(pass_bad_ipv6)},
	{"outer IPv6 payload length one below UDP's", IN(2), EDIT(SET16(L3, 4, 43)),
	 DROP(drop_udp_length)},
	{"outer IPv6 traffic class, ECN CE", IN(2), EDIT(SET16(L3, 0, 0x6bb0)), GOES},
	{"outer IPv6 flow label", IN(2), EDIT(SET32(L3, 0, 0x600abcde)), GOES},
	{"outer IPv6 hop limit 0", IN(2), EDIT(SET8(L3, 7, 0)), GOES},
	{"outer IPv6 hop limit 1", IN(2), EDIT(SET8(L3, 7, 1)), GOES},

	{"outer IPv6 atomic fragment", IN(2), EDIT(EXTENSION(44), FIT), DROP(drop_outer_fragment)},
	{"outer IPv6 first fragment", IN(2), EDIT(EXTENSION(44), SET16(L3, 42, 1), FIT),
	 DROP(drop_outer_fragment)},
	{"outer IPv6 first fragment of vxlan", IN(6), EDIT(EXTENSION(44), SET16(L3, 42, 1), FIT),
	 DROP(drop_outer_fragment)},
	{"outer IPv6 middle fragment", IN(2), EDIT(EXTENSION(44), SET16(L3, 42, 9), FIT),
	 PASS(pass_fragment)},
	{"outer IPv6 last fragment", IN(2), EDIT(EXTENSION(44), SET16(L3, 42, 8), FIT),
	 PASS(pass_fragment)},
	{"outer IPv6 fragment of TCP", IN(2), EDIT(EXTENSION(44), SET8(L3, 40, 6), FIT),
	 PASS(pass_not_udp)},
	{"outer IPv6 fragment header cut", IN(2), EDIT(SET8(L3, 6, 44), CUT(L4, 4), FIT_IP),
	 PASS(pass_runt)},
	{"outer IPv6 fragment header in a fragment", IN(2),
	 EDIT(EXTENSION(44), SET8(L3, 40, 44), FIT), PASS(pass_not_udp)},
	{"outer IPv6 fragment header, payload length 8", IN(2),
	 EDIT(EXTENSION(44), FIT, SET16(L3, 4, 8)), PASS(pass_runt)},
	{"outer IPv6 hop-by-hop options", IN(2), EDIT(EXTENSION(0), FIT), PASS(pass_not_udp)},
	{"outer IPv6 hop-by-hop past the end", IN(2), EDIT(EXTENSION(0), SET8(L3, 41, 255), FIT),
	 PASS(pass_not_udp)},
	{"outer IPv6 routing header", IN(2), EDIT(EXTENSION(43), FIT), PASS(pass_not_udp)},
	{"outer IPv6 destination options", IN(2), EDIT(EXTENSION(60), FIT), PASS(pass_not_udp)},
	{"outer IPv6 AH", IN(2), EDIT(EXTENSION(51), FIT), PASS(pass_not_udp)},
	{"ICMPv6 to us", IN(2), EDIT(SET8(L3, 6, 58)), PASS(pass_not_udp)},
	{"TCP over IPv6 to us", IN(2), EDIT(SET8(L3, 6, 6)), PASS(pass_not_udp)},
	{"IPv6 no next header", IN(2), EDIT(SET8(L3, 6, 59)), PASS(pass_not_udp)},

	{"outer IPv6 from ::", IN(2),
	 EDIT(SET32(L3, 8, 0), SET32(L3, 12, 0), SET32(L3, 16, 0), SET32(L3, 20, 0)),
	 DROP(drop_wrong_remote)},
	{"outer IPv6 from ::1", IN(2), EDIT(SET32(L3, 8, 0), SET32(L3, 20, 1)),
	 DROP(drop_wrong_remote)},
	{"outer IPv6 from ff02::2", IN(2), EDIT(SET32(L3, 8, 0xff020000)), DROP(drop_wrong_remote)},
	{"outer IPv6 from our own address", IN(2), EDIT(SET8(L3, 23, 1)), DROP(drop_wrong_remote)},
	{"outer IPv6 from another host of the prefix", IN(2), EDIT(SET8(L3, 16, 1)),
	 DROP(drop_wrong_remote)},
	{"outer IPv6 from a v4-mapped address", IN(2),
	 EDIT(SET32(L3, 8, 0), SET32(L3, 16, 0xffff), SET32(L3, 20, 0xc0000202)),
	 DROP(drop_wrong_remote)},
	{"outer IPv6 to another host", IN(2), EDIT(SET8(L3, 39, 0x63)), PASS(pass_no_tunnel)},
	{"outer IPv6 to ff02::1", IN(2), EDIT(SET32(L3, 24, 0xff020000)), PASS(pass_no_tunnel)},
	/* The tunnel over IPv4 is found by its mapped address, which no IPv6 packet may use. */
	{"outer IPv6 between the mapped addresses of an IPv4 tunnel", IN(2),
	 EDIT(SET32(L3, 8, 0), SET32(L3, 16, 0xffff), SET32(L3, 20, 0xc0000202), SET32(L3, 24, 0),
	      SET32(L3, 32, 0xffff), SET32(L3, 36, 0xc0000201), SET32(L4, 0, 6001 << 16 | 5001)),
	 PASS(pass_bad_ipv6)},
};

const struct case_table cases_ipv6 = {rows, sizeof(rows) / sizeof(*rows)};
