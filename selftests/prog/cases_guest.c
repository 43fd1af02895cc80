/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_guest.c - frames on eth0 of an FE guest. */
#include "selftests/prog/cases.h"

#define GUEST .way = WAY_GUEST, .vif = 1
#define TAKEN .verdict = XDP_REDIRECT, .counter = offsetof(struct pdp_guest_stats, rx_packets)
#define REFUSED(reason) .verdict = XDP_DROP, .counter = offsetof(struct pdp_guest_stats, reason)

static const struct packet_case rows[] = {
	{"guest: tagged frame", GUEST, TAKEN},
	{"guest: tag cut, which is the agent's to see", GUEST, EDIT(CUT(TAG, 3)), TAKEN},
	{"guest: no socket on the queue", GUEST, .queue = 1, REFUSED(drop_no_socket)},
	{"guest: IPv4", GUEST, EDIT(SET16(L2, 12, 0x0800)), REFUSED(drop_not_tagged)},
	{"guest: IPv6, neighbour discovery", GUEST, EDIT(SET16(L2, 12, 0x86dd)),
	 REFUSED(drop_not_tagged)},
	{"guest: ARP", GUEST, EDIT(SET16(L2, 12, 0x0806)), REFUSED(drop_not_tagged)},
	{"guest: PdP's EtherType in a VLAN", GUEST,
	 EDIT(GAP(TAG, 4), SET32(L2, 12, 0x81000001), SET16(L2, 16, PDP_ETHERTYPE)),
	 REFUSED(drop_not_tagged)},
	{"guest: other experimental EtherType", GUEST, EDIT(SET16(L2, 12, 0x88b6)),
	 REFUSED(drop_not_tagged)},
	{"guest: Ethernet header alone", GUEST, EDIT(SET16(L2, 12, 0), CUT(L2, 14)),
	 REFUSED(drop_not_tagged)},
};

const struct case_table cases_guest = {rows, sizeof(rows) / sizeof(*rows)};
