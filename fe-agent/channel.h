/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * channel.h - what the controller and an FE agent say to each other.
 *
 * One SOCK_SEQPACKET unix socket per guest, in a directory that only this guest has
 * (/run/pdp/guest/NAME/agent.sock outside, /run/pdp/agent.sock inside): the path is the identity.
 * The controller listens, the agent connects. A message is one datagram: struct pdp_msg, then its
 * body; host byte order, both ends are one machine.
 *
 *   agent -> controller  HELLO   struct pdp_hello, with two descriptors: the agent's AF_XDP socket
 *                                and a memfd of struct pdp_agent_stats, sealed against resizing
 *   controller -> agent  VIF     struct pdp_dp_vif
 *                        MEMORY  struct pdp_memory; the guest's limit, before what takes memory
 *                        NETLINK rtnetlink messages, interface indexes are vif ids
 *                        SYNC    nothing; the agent answers when all before it is in force
 *                        START   nothing; the socket is in the XSKMAP (for the log)
 *                        DUMP    nothing; what is in the tables is asked for
 *                        LOOKUP  struct pdp_lookup; where a packet would go is asked for
 *                        TABLES  struct pdp_tables, with descriptors: other memory for the tables
 *                        OWN     struct pdp_own_parts, with descriptors: an owner's agent and maps
 *   agent -> controller  SYNCED  struct pdp_synced, the answer to SYNC with its seq
 *                        ERROR   text: what could not be applied; for people
 *                        ROUTES  rtnetlink messages, a part of the answer to DUMP with its seq
 *                        DUMPED  nothing: that was all, with the DUMP's seq
 *                        FOUND   the answer to LOOKUP with its seq: one RTM_NEWROUTE, or nothing
 *
 * With TABLES come BPF arrays, which the fast half on eth0 reads and the agent maps; it has no use for bpf(2).
 * All is said anew after it, into these, and is in force with the next SYNC; until then the tables of before
 * are. Without it the agent has memory of its own.
 *
 * OWN is of a vnet with a program of its owner's on eth0 (docs/own-data-plane.md): the first descriptor is a program
 * that the agent is to run, the others are the owner's arrays, which that maps. It replaces what the last OWN said.
 *
 * The agent takes no packet before the first SYNC: what arrives waits on the socket's receive ring.
 * The controller closing the socket, or dying, does not stop the agent: it forwards on and connects
 * again. The agent's descriptor of the AF_XDP socket goes to the controller because only it may
 * write the XSKMAP; the controller checks it, uses it once and closes it (design.md, section 10).
 *
 * A dump is RTM_NEWROUTE, RTM_NEWADDR and RTM_NEWNEIGH as the kernel would say them, with vif ids for
 * interface indexes; an agent that is sent it has the same tables. Protocol, scope, neighbour state
 * (NUD_PERMANENT) and what agents pass over are not in it. It is said bit by bit, between other messages: what
 * does not change until DUMPED is said at least once, what changes is said as before or as after.
 * One dump at a time: a new DUMP takes the place of one that is not done.
 */
#ifndef PDP_CHANNEL_H
#define PDP_CHANNEL_H

#include <stdint.h>

#include "fe-agent/dataplane.h"
#include "fe-agent/router_tables.h"

#define PDP_CHANNEL_VERSION 8
#define PDP_CHANNEL_MAX (64 * 1024) /* of a message with its header */
#define PDP_AGENT_DIR "/run/pdp" /* inside the guest */
#define PDP_AGENT_SOCK PDP_AGENT_DIR "/agent.sock"

enum pdp_msg_type {
	PDP_MSG_HELLO = 1,
	PDP_MSG_VIF,
	PDP_MSG_NETLINK,
	PDP_MSG_SYNC,
	PDP_MSG_START,
	PDP_MSG_SYNCED,
	PDP_MSG_ERROR,
	PDP_MSG_DUMP,
	PDP_MSG_ROUTES,
	PDP_MSG_DUMPED,
	PDP_MSG_LOOKUP,
	PDP_MSG_FOUND,
	PDP_MSG_MEMORY,
	PDP_MSG_TABLES,
	PDP_MSG_OWN,
};

struct pdp_msg {
	uint32_t type;
	uint32_t seq;
};

struct pdp_hello {
	uint32_t version; /* PDP_CHANNEL_VERSION */
	uint32_t wire_version;
	uint32_t ifindex; /* of the device that the socket is bound to, in the guest */
	uint32_t queue;
	uint32_t pid; /* in the guest's namespace, for the log */
	uint32_t tables; /* those that are in force; 0 = in memory of its own */
	char dataplane[16];
};

struct pdp_synced {
	int32_t error; /* 0, or -errno of the first message since the last SYNC that failed */
	uint32_t tables; /* as in struct pdp_hello */
};

/*
 * Memory for the tables of the router. The descriptors are those of enum pdp_router_table, in its order; without
 * any, memory of the agent's own is meant.
 */
struct pdp_tables {
	uint32_t id; /* of this memory; 0 = the agent's own */
	struct pdp_router_sizes sizes;
};

/*
 * Routes beyond the limit are refused with ENOMEM, the others kept. When a limit is raised after that,
 * the agent hangs up and comes again, to be told all once more.
 */
struct pdp_memory {
	uint64_t bytes; /* 0 = no limit, as until the first MEMORY */
};

#define PDP_OWN_MAPS 32
#define PDP_OWN_FDS (1 + PDP_OWN_MAPS)

/* An array that the owner's agent may map; value_size is as declared, elements are rounded up to 8 bytes. */
struct pdp_own_part {
	char name[16];
	uint32_t value_size;
	uint32_t entries;
};

/* What an owner's agent is and has. Without any descriptor there is none, or none any more. */
struct pdp_own_parts {
	uint64_t digest; /* of program and maps: one that is as before runs on */
	uint32_t n_maps;
	uint32_t pad;
	struct pdp_own_part maps[PDP_OWN_MAPS];
};

/*
 * FOUND has the route in force for the address; of a multipath route the one path that a flow with
 * this hash takes. An address that a vif has is a route of the local table.
 */
struct pdp_lookup {
	uint8_t family; /* 4 or 6 */
	uint8_t pad[3];
	uint32_t hash;
	uint8_t addr[16]; /* network order; IPv4 in the first four bytes */
};

/*
 * Counters that the agent keeps in shared memory, so that reading them costs it nothing and they
 * outlive it. Untrusted: the controller only shows and sums them. frames_* say where each frame of
 * the UMEM is; they add up to frames_total whenever the agent is between bursts.
 */
#define PDP_AGENT_COUNTS(X)                                                                  \
	X(rx_packets, "taken from the socket")                                               \
	X(tx_packets, "completed by the kernel")                                             \
	X(forward_packets, "verdict FORWARD, put on the transmit ring")                      \
	X(local_packets, "verdict LOCAL, put on the transmit ring")                          \
	X(drop_bad_tag, "frame without a tag, of another version or not INPUT")              \
	X(drop_bad_desc, "descriptor outside the UMEM, or of a frame not in the ring")       \
	X(drop_bad_verdict, "the data plane's answer cannot be sent")                        \
	X(drop_tx_lost, "the kernel took the frame and lost it (EBUSY)")                     \
	X(kernel_rx_dropped, "XDP_STATISTICS: frame too long for a chunk, or no fill frame") \
	X(kernel_rx_ring_full, "XDP_STATISTICS: the agent was too slow")                     \
	X(kernel_rx_fill_empty, "XDP_STATISTICS: times the fill ring was empty")             \
	X(kernel_tx_invalid, "XDP_STATISTICS: descriptors refused")                          \
	X(routes_refused, "rtnetlink messages that were not applied")                        \
	X(tx_stalled, "times that the kernel would not take more for long")                  \
	X(tx_kicks, "sendto calls")                                                          \
	X(rx_wakeups, "poll calls that found packets")                                       \
	X(bursts, "bursts processed")

/*
 * What is now, not what was so far. What waits is the most at once in the last 0.1 s, or what it was before less
 * an eighth, each 0.1 s, if that is more: so a look once a second does not miss a burst.
 */
#define PDP_AGENT_STATES(X)                                                             \
	X(frames_total, "frames in the UMEM")                                           \
	X(frames_free, "in the agent's pool")                                           \
	X(frames_fill, "with the kernel, to receive into")                              \
	X(frames_tx, "with the kernel, to send")                                        \
	X(rx_waiting, "received and not taken off the receive ring yet, most of late")  \
	X(tx_waiting,                                                                   \
	  "left on the transmit ring after the kernel was asked to send, most of late") \
	X(routes4, "IPv4 routes in force")                                              \
	X(routes6, "IPv6 routes in force")

#define PDP_AGENT_STATS(X) PDP_AGENT_COUNTS(X) PDP_AGENT_STATES(X)

#define PDP_AGENT_FIELD(name, help) uint64_t name;
struct pdp_agent_stats {
	PDP_AGENT_STATS(PDP_AGENT_FIELD)
	uint64_t dp_drops[32]; /* by enum pdp_dp_drop */
};

_Static_assert(dp_drop_count <= 32, "dp_drops holds every reason");

#endif
