/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * maps.h - keys, values and limits of PdP's BPF maps.
 *
 * One of the three headers shared by BPF programs and user space. The controller is the only
 * writer of all but the counters and the run-time state at the end. Labels are for people; maps
 * hold small dense ids that index arrays. Id 0 is never given out, so a zeroed element means none.
 *
 *   pdp_tunnels    hash     pdp_tunnel_key -> pdp_tunnel      classifier: whose packet is it
 *   pdp_vnets      array    vnet id  -> pdp_vnet              classifier: policy, police
 *   pdp_slots      array    vnet*2+half -> pdp_slot_table     classifier: slot -> guest id
 *   pdp_keys       array    vnet id  -> pdp_key               classifier: bytes of the flow key
 *   pdp_guests     array    guest id -> pdp_guest             both: MACs, vnet and limit of an FE guest
 *   pdp_fe_links   devmap   guest id -> ifindex               classifier: where to redirect
 *   pdp_senders    hash     ifindex  -> guest id              dispatcher: who sent it
 *   pdp_vifs       array    vif id   -> pdp_vif               dispatcher: tunnel of the egress vif
 *   pdp_ports      devmap   port id  -> ifindex               dispatcher: where to redirect
 *   pdp_vif_links  devmap   vif id   -> ifindex               dispatcher: where the control plane is
 *   pdp_vif_senders hash    ifindex  -> vif id                vif-out: through which vif it sends
 *   pdp_delay_link devmap   0        -> ifindex               both: where packets wait
 *   pdp_port_ids   hash     ifindex  -> port id               classifier: for pdp_port_stats alone
 *   pdp_xsks       xskmap   queue    -> AF_XDP socket         guest receive, one map per guest
 *   pdp_xmit_drops hash     pdp_hop  -> packets               kernel's own losses at a redirect
 *   pdp_seqs, pdp_newest, pdp_turns, pdp_flowlets, pdp_police: run-time state per vnet id
 *   pdp_transits   array    guest id -> pdp_transit           both: run-time state, how long it takes
 *   pdp_paces      array    guest id -> pdp_pace              classifier: run-time state, when its next is due
 *   pdp_*_stats: counters.h
 *
 * Keys are __u32. An ifindex, a guest id, a vif id and a port id that stand alone as a value are __u32 too.
 *
 * The arrays of configuration are BPF_F_MMAPABLE. An array element of more than 8 bytes is not
 * replaced atomically by bpf(2), so the controller maps these arrays and publishes each change with
 * one aligned 8-byte store: pdp_vnet.table last, pdp_vif.owner last, pdp_vif.next_hop, .guest and
 * .impair at once.
 */
#ifndef PDP_MAPS_H
#define PDP_MAPS_H

#include <linux/types.h>
#include <stddef.h>

/* Version of everything in this file; the pins' directory is named by it. */
#define PDP_ABI 4

#define PDP_MAX_VNETS 4096
#define PDP_MAX_VIFS 16384
#define PDP_MAX_GUESTS 8192
#define PDP_GUEST_DELAY \
	0 /* the delay line among the guests' counters and XSKMAPs: none is called so */
#define PDP_MAX_PORTS 64
#define PDP_MAX_QUEUES 16 /* of a guest's link */
#define PDP_SLOTS 1024 /* most slots of a vnet's table */

#define PDP_DEV_NAME_LEN 16 /* IFNAMSIZ */

enum pdp_encap {
	PDP_ENCAP_UDP = 1,
	PDP_ENCAP_VXLAN = 2,
};

enum pdp_policy {
	PDP_POLICY_ROUND_ROBIN = 1,
	PDP_POLICY_WEIGHTED = 2,
	PDP_POLICY_FLOW_HASH = 3,
	PDP_POLICY_FLOWLET = 4, /* by hash, but a flow that paused may go elsewhere */
	PDP_POLICY_SPRAY = 5, /* in turn, but a TCP connection's ends all to one guest */
};

/* What of an inner packet tells its flow. */
enum pdp_key_kind {
	PDP_KEY_5TUPLE = 0,
	PDP_KEY_L3 = 1, /* addresses alone */
	PDP_KEY_BYTES = 2, /* as pdp_keys says */
};

/* What may be in a vnet's udp tunnels. */
enum pdp_payload {
	PDP_PAYLOAD_IP = 0,
	PDP_PAYLOAD_ANY = 1, /* what is not IP is bytes */
};

/* Where a byte of a flow key is counted from; what is not there is a byte 0. */
enum pdp_key_layer {
	PDP_KEY_END = 0, /* no byte, and none behind it */
	PDP_KEY_INNER = 1, /* behind the tunnel's header: an Ethernet frame, an IP packet */
	PDP_KEY_NETWORK = 2, /* the IPv4 or IPv6 header */
	PDP_KEY_TRANSPORT = 3, /* what follows it and its extensions; not in a fragment */
};

struct pdp_key_byte {
	__u8 layer; /* enum pdp_key_layer */
	__u8 offset;
	__u8 mask;
	__u8 pad;
};

#define PDP_KEY_BYTES_MAX 32

struct pdp_key {
	struct pdp_key_byte byte[PDP_KEY_BYTES_MAX];
};

/* An IPv6 address, or an IPv4 one mapped into ::ffff:0:0/96. */
struct pdp_addr {
	__be32 word[4];
};

/* vni is the VNI in its place on the wire (upper 24 bits), or this for a UDP port as a whole. */
#define PDP_VNI_NONE 0xffffffff

/*
 * The end of a tunnel on this node. A udp tunnel has one entry with vni = PDP_VNI_NONE. A vxlan
 * tunnel has its own with its VNI, and its (address, port) has one with PDP_VNI_NONE, encap
 * PDP_ENCAP_VXLAN and vif 0, which tells the classifier to read on to the VNI.
 */
struct pdp_tunnel_key {
	struct pdp_addr local;
	__be16 port;
	__be16 pad;
	__be32 vni;
};

#define PDP_TUNNEL_DOWN 0x01 /* the vif is set down: nothing comes in */

struct pdp_tunnel {
	__u16 vif;
	__u16 vnet;
	__u8 encap; /* enum pdp_encap */
	__u8 flags; /* PDP_TUNNEL_... */
	__be16 remote_port; /* udp: the source port that must be; vxlan: 0, any */
	__u32 vlans; /* as in struct pdp_vif */
	__u32 pad2;
	struct pdp_addr remote;
};

_Static_assert(sizeof(struct pdp_tunnel_key) == 24, "no padding: a hash key is compared as bytes");
_Static_assert(sizeof(struct pdp_tunnel) == 32, "tunnel layout");

/*
 * Which table is in force. Read and written as one 8-byte word, so that a packet sees the old table
 * or the new one, whole. n_slots = 0 is a vnet that is not there, or has no guest yet.
 */
struct pdp_table {
	__u16 n_slots;
	__u8 half; /* 0 or 1: which of the vnet's two slot tables */
	__u8 policy; /* enum pdp_policy */
	__u32 generation; /* counts changes */
};

/* Time in the policer is in units of 1/16 ns. */
#define PDP_POLICE_SHIFT 4

/* How much is let in. Read and written as one 8-byte word. */
struct pdp_limit {
	__u32 cost; /* of a packet, 1/16 ns; 0 = there is no limit */
	__u32 burst; /* most that a packet may be early, 1/16 ns */
};

struct pdp_vnet {
	struct pdp_table table;
	struct pdp_limit rate; /* of what comes in from outside */
	struct pdp_limit local; /* of what goes to the control plane */
	__u32 flowlet_gap; /* a flow that pauses longer may move; units of 1024 ns */
	__u8 key; /* enum pdp_key_kind */
	__u8 payload; /* enum pdp_payload */
	__u8 pad[2];
};

struct pdp_slot_table {
	__u16 guest[PDP_SLOTS];
};

/* An FE guest: (link, MAC). Frames to it bear mac as destination and md_mac as source. */
struct pdp_guest {
	__u8 mac[6];
	__u8 md_mac[6];
	__u16 vnet;
	__u16 timed; /* 1: how long its packets take is measured (pdp_transits) */
	struct pdp_limit power; /* what its power can process */
};

/* 8-byte words of struct pdp_vif, each stored at once. */
struct pdp_vif_owner {
	__u16 vnet; /* 0: no such vif */
	__u16 port; /* port id that it leaves through */
	__u8 encap; /* enum pdp_encap */
	__u8 family; /* of the underlay: 4 or 6 */
	__u16 mtu; /* largest outer IP packet, that is the port's MTU */
};

struct pdp_vif_mac {
	__u8 mac[6]; /* all zero: not known */
	__u16 pad;
};

/* What is done to packets on the way out, so that a link seems longer and worse than it is. */
struct pdp_vif_impair {
	__u32 loss; /* lost when a random __u32 is not above it; 0 = none is */
	__u16 delay_ms;
	__u8 down; /* all are lost; on the way in, see PDP_TUNNEL_DOWN */
	__u8 pad;
};

/*
 * A vif's tunnel as seen on the way out. vlans holds the tags to push on the way out and to expect
 * on the way in: outer VID in the upper half, inner VID in the lower, 0 = none; one tag stands in
 * the upper half.
 */
struct pdp_vif {
	struct pdp_vif_owner owner;
	struct pdp_vif_mac next_hop;
	struct pdp_vif_mac source;
	struct pdp_vif_mac guest; /* of the vif in its MH guest; all zero: no control plane */
	struct pdp_vif_impair impair;
	__u32 vlans;
	__be32 vni; /* upper 24 bits, as on the wire; 0 for udp */
	__be16 local_port; /* vxlan: the destination port of what comes in */
	__be16 remote_port;
	__u32 pad;
	struct pdp_addr local;
	struct pdp_addr remote;
};

_Static_assert(sizeof(struct pdp_table) == 8, "stored at once");
_Static_assert(sizeof(struct pdp_vif_owner) == 8, "stored at once");
_Static_assert(sizeof(struct pdp_vif_mac) == 8, "stored at once");
_Static_assert(sizeof(struct pdp_vif_impair) == 8, "stored at once");
_Static_assert(sizeof(struct pdp_vnet) == 32, "vnet layout");
_Static_assert(sizeof(struct pdp_key) == 128, "key layout");
_Static_assert(offsetof(struct pdp_vnet, table) % 8 == 0, "stored at once");
_Static_assert(offsetof(struct pdp_vnet, rate) % 8 == 0, "stored at once");
_Static_assert(offsetof(struct pdp_vnet, local) % 8 == 0, "stored at once");
_Static_assert(offsetof(struct pdp_vnet, flowlet_gap) % 8 == 0, "stored at once");
_Static_assert(sizeof(struct pdp_limit) == 8, "stored at once");
_Static_assert(sizeof(struct pdp_guest) == 24, "guest layout");
_Static_assert(offsetof(struct pdp_guest, power) % 8 == 0, "stored at once");
_Static_assert(sizeof(struct pdp_slot_table) == 2 * PDP_SLOTS, "slot table layout");
_Static_assert(sizeof(struct pdp_vif) == 88, "vif layout");
_Static_assert(offsetof(struct pdp_vif, next_hop) == 8, "stored at once");
_Static_assert(offsetof(struct pdp_vif, local) == 56, "vif layout");

/*
 * Key of pdp_xmit_drops: a redirect of this node from one device to another that lost packets. Of
 * devices that have gone only the vnet is kept, and where to (ctl/hops.h), each with this bit.
 */
#define PDP_HOP_GONE (1U << 31)

struct pdp_hop {
	__u32 from_ifindex;
	__u32 to_ifindex;
};

/* Run-time state: next seq per flow bucket of a vnet (see struct pdp_tag). */
struct pdp_seqs {
	__u32 next[256];
};

/*
 * Run-time state: the newest number that came back of each flow, by hash; order.bpf.h says how. A word is the
 * flow's hash in the upper half, the number in the lower. 0: free.
 */
#define PDP_NEWEST_SETS 64
#define PDP_NEWEST_WAYS 4

struct pdp_newest {
	__u64 of[PDP_NEWEST_SETS][PDP_NEWEST_WAYS];
};

/* Run-time state, per CPU: slot that the next packet of a round-robin or weighted vnet takes. */
struct pdp_turn {
	__u32 next;
};

/*
 * Run-time state: flowlets of a vnet (Kandula et al., "Dynamic Load Balancing Without Packet Reordering",
 * CCR 2007), by hash. Each is one word, so that CPUs that share it read what one of them wrote: when its last
 * packet came in the upper bits, in units of 1024 ns, its slot in the lower 16. 0: none yet.
 */
#define PDP_FLOWLETS 512
#define PDP_FLOWLET_SHIFT 10

struct pdp_flowlets {
	__u64 flowlet[PDP_FLOWLETS];
};

/*
 * Run-time state: how long packets are with an FE guest, of vnets of policy flowlet alone; transit.bpf.h says how. Times
 * are CLOCK_MONOTONIC.
 */
#define PDP_TRANSIT_TIMED 8 /* at once */
#define PDP_TRANSIT_LOST_NS (1U << 27) /* then a packet is taken for lost, and another timed */
#define PDP_TRANSIT_BUCKETS 64
#define PDP_TRANSIT_SHIFT 12

struct pdp_timed {
	__u64 packet; /* hash in the upper half, not 0, number in the lower; 0: none */
	__u64 when; /* it went to the guest, ns */
};

struct pdp_transit {
	struct pdp_timed timed[PDP_TRANSIT_TIMED];
	__u32 count[PDP_TRANSIT_BUCKETS];
};

_Static_assert(sizeof(struct pdp_transit) == 384, "transit layout");

/*
 * Run-time state: theoretical arrival times (GCRA, ITU-T I.371), 1/16 ns, of the vnet's next packet
 * from outside, and of the next one to its control plane.
 */
struct pdp_police {
	__u64 tat;
	__u64 local_tat;
};

/* Run-time state: the same of an FE guest's next packet; last bit: see police.bpf.h. */
struct pdp_pace {
	__u64 tat;
};

#endif
