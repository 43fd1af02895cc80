/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_tag.c - the tag of a frame from a guest: nothing in it is believed. */
#include "selftests/prog/cases.h"

/* Drop counts as "no counter of a vnet": the frame cannot be laid at any vnet's door. */
#define STRANGER .verdict = XDP_DROP, .unknown_device = true

static void vif1_gone(struct node *node)
{
	uint32_t id = 1;

	node_set(node, MAP_VIFS, &id, &(struct pdp_vif){0});
}

static void vif1_moved(struct node *node)
{
	struct pdp_vif vif = node->vif[1];
	uint32_t id = 1;

	vif.owner.vnet = 3;
	node_set(node, MAP_VIFS, &id, &vif);
}

static const struct packet_case rows[] = {
	{"from a link that is no guest's", OUT(1), STRANGER},
	{"untagged, from a link that is no guest's", OUT(1), EDIT(SET16(L2, 12, 0x0800)), STRANGER},

	{"untagged: IPv4", OUT(1), EDIT(SET16(L2, 12, 0x0800)), DROP(drop_untagged)},
	{"untagged: IPv6, router solicitation", OUT(1), EDIT(SET16(L2, 12, 0x86dd)),
	 DROP(drop_untagged)},
	{"untagged: ARP", OUT(1), EDIT(SET16(L2, 12, 0x0806)), DROP(drop_untagged)},
	{"untagged: LLC", OUT(1), EDIT(SET16(L2, 12, 0x0026)), DROP(drop_untagged)},
	{"untagged: tag in a VLAN", OUT(1),
	 EDIT(GAP(TAG, 4), SET32(L2, 12, 0x81000064), SET16(L2, 16, PDP_ETHERTYPE)),
	 DROP(drop_untagged)},
	{"untagged: Ethernet header alone", OUT(1), EDIT(SET16(L2, 12, 0x0800), CUT(L2, 14)),
	 DROP(drop_untagged)},
	{"untagged: other experimental EtherType", OUT(1), EDIT(SET16(L2, 12, 0x88b6)),
	 DROP(drop_untagged)},

	{"tag cut to nothing", OUT(1), EDIT(CUT(TAG, 0)), DROP(drop_tag_version)},
	{"tag cut after 1 byte", OUT(1), EDIT(CUT(TAG, 1)), DROP(drop_tag_version)},
	{"tag cut after 15 bytes", OUT(1), EDIT(CUT(TAG, 15)), DROP(drop_tag_version)},
	{"tag of version 0", OUT(1), EDIT(SET8(TAG, 0, 0x02)), DROP(drop_tag_version)},
	{"tag of version 2", OUT(1), EDIT(SET8(TAG, 0, 0x22)), DROP(drop_tag_version)},
	{"tag of version 15", OUT(1), EDIT(SET8(TAG, 0, 0xf2)), DROP(drop_tag_version)},
	{"tag flags: ECN, as on INPUT", OUT(1), EDIT(SET8(TAG, 1, 0x03)), DROP(drop_tag_flags)},
	{"tag flags: reserved bit", OUT(1), EDIT(SET8(TAG, 1, 0x80)), DROP(drop_tag_flags)},
	{"tag op 0", OUT(1), EDIT(SET8(TAG, 0, 0x10)), DROP(drop_tag_op)},
	{"tag op INPUT, as it came", OUT(1), EDIT(SET8(TAG, 0, 0x11)), DROP(drop_tag_op)},
	{"tag op 5", OUT(1), EDIT(SET8(TAG, 0, 0x15)), DROP(drop_tag_op)},
	{"tag op 15", OUT(1), EDIT(SET8(TAG, 0, 0x1f)), DROP(drop_tag_op)},

	{"vnet 0", OUT(1), EDIT(SET16(TAG, 4, 0)), DROP(drop_foreign_vnet)},
	{"vnet of another guest, with its vif", OUT(7), .sender = 1, DROP(drop_foreign_vnet)},
	{"vnet of another guest, own vif", OUT(1), EDIT(SET16(TAG, 4, 3)), DROP(drop_foreign_vnet)},
	{"vnet that does not exist", OUT(1), EDIT(SET16(TAG, 4, PDP_MAX_VNETS)),
	 DROP(drop_foreign_vnet)},
	{"vnet beyond the highest", OUT(1), EDIT(SET16(TAG, 4, PDP_MAX_VNETS + 1)),
	 DROP(drop_foreign_vnet)},
	{"vnet 65535", OUT(1), EDIT(SET16(TAG, 4, 65535)), DROP(drop_foreign_vnet)},
	{"LOCAL to the control plane of another vnet", OUT(1),
	 EDIT(SET8(TAG, 0, 0x13), SET16(TAG, 4, 2)), DROP(drop_foreign_vnet)},
	{"DROP in the name of another vnet", OUT(1), EDIT(SET8(TAG, 0, 0x14), SET16(TAG, 4, 2)),
	 DROP(drop_foreign_vnet)},
	{"any guest of the vnet may send", OUT(1), .sender = 2, GOES},
	{"wrong source MAC: the link says who sent it", OUT(1), EDIT(SET8(L2, 11, 0x77)), GOES},

	{"vif 0", OUT(1), EDIT(SET16(TAG, 6, 0)), DROP(drop_foreign_vif)},
	{"vif of another vnet", OUT(1), EDIT(SET16(TAG, 6, 7)), DROP(drop_foreign_vif)},
	{"vif that does not exist", OUT(1), EDIT(SET16(TAG, 6, NODE_VIFS + 1)),
	 DROP(drop_foreign_vif)},
	{"vif at the highest id", OUT(1), EDIT(SET16(TAG, 6, PDP_MAX_VIFS)),
	 DROP(drop_foreign_vif)},
	{"vif beyond the highest", OUT(1), EDIT(SET16(TAG, 6, PDP_MAX_VIFS + 1)),
	 DROP(drop_foreign_vif)},
	{"vif 65535", OUT(1), EDIT(SET16(TAG, 6, 65535)), DROP(drop_foreign_vif)},
	{"vif removed meanwhile", OUT(1), .setup = vif1_gone, DROP(drop_foreign_vif)},
	{"vif given to another vnet meanwhile", OUT(1), .setup = vif1_moved,
	 DROP(drop_foreign_vif)},
	{"LOCAL from a foreign vif", OUT(1), EDIT(SET8(TAG, 0, 0x13), SET16(TAG, 6, 7)),
	 DROP(drop_foreign_vif)},
	{"DROP of a foreign vif", OUT(1), EDIT(SET8(TAG, 0, 0x14), SET16(TAG, 6, 7)),
	 DROP(drop_foreign_vif)},
	{"own vif of the other address family", OUT(1), EDIT(SET16(TAG, 6, 2)),
	 DROP(drop_tag_proto)},

	{"proto of the other address family", OUT(1), EDIT(SET16(TAG, 2, 0x86dd)),
	 DROP(drop_tag_proto)},
	{"proto IPv4 on an IPv6 underlay", OUT(2), EDIT(SET16(TAG, 2, 0x0800)),
	 DROP(drop_tag_proto)},
	{"proto Ethernet", OUT(5), EDIT(SET16(TAG, 2, PDP_PROTO_ETHERNET)), DROP(drop_tag_proto)},
	{"proto 0", OUT(1), EDIT(SET16(TAG, 2, 0)), DROP(drop_tag_proto)},

	{"LOCAL without an MH guest", OUT(7), EDIT(SET8(TAG, 0, 0x13)), DROP(drop_local_no_guest)},
	{"DROP, returned for the account", OUT(1), EDIT(SET8(TAG, 0, 0x14)), DROP(drop_by_guest)},
	{"DROP with nothing behind the tag", OUT(1), EDIT(SET8(TAG, 0, 0x14), CUT(L3, 0)),
	 DROP(drop_by_guest)},

	{"tag stacked twice", OUT(1),
	 EDIT(GAP(L3, 16), SET32(TAG, 16, 0x12000800), SET32(TAG, 20, 0x00010001)),
	 DROP(drop_forged_outer)},
	{"hash and seq are not looked at", OUT(1),
	 EDIT(SET32(TAG, 8, 0xffffffff), SET32(TAG, 12, 0xffffffff)), GOES},
};

const struct case_table cases_tag = {rows, sizeof(rows) / sizeof(*rows)};
