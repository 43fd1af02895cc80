/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest.h - FE guests: unprivileged LXC containers with a link to the MD and an agent inside.
 *
 * Knows liblxc, cgroups, veth and the agent's channel; knows nothing of vnets' tunnels, slots or
 * ports. A guest is identified by its id (maps) and its name (people, LXC). Owned by pdpd's main
 * thread; all I/O is on its event loop. docs/guests.md says why it is built so.
 */
#ifndef PDP_GUEST_H
#define PDP_GUEST_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fe-agent/channel.h"
#include "loader/loader.h"

struct event_base;
struct pdp_guests;
struct pdp_guest_box;

/* What all guests of a node have in common. */
struct pdp_guests_conf {
	struct event_base *base;
	struct pdp_loader *loader;
	const char *node; /* LXC names are pdp-NODE-VNET-N */
	const char *run_dir; /* /run/pdp: guest/NAME/agent.sock, lxc/ (the lxcpath) below it */
	const char *agent_path; /* pdp-fe-agent, copied for guests; pdp-fe-init stands beside it */
	uint32_t link_mtu; /* of FE links */
};

/* What one guest is to be. Copied. */
struct pdp_guest_spec {
	uint16_t id;
	char name[48]; /* VNET-N: for people; the LXC name adds pdp-NODE- */
	const char *cpus; /* cpuset list */
	uint32_t power; /* millicores: CFS quota */
	uint32_t memory_mib;
	const char *dataplane;
};

enum pdp_guest_state {
	PDP_GUEST_STARTING, /* container made, or about to be made again; no agent */
	PDP_GUEST_CONNECTED, /* said HELLO, its socket is in the XSKMAP */
	PDP_GUEST_READY, /* SYNCED once: all that was sent is in force */
	PDP_GUEST_FAILED, /* gave up; the error says why */
	PDP_GUEST_STOPPED,
};

/*
 * Told on the event loop whenever the state changes, and for each fault without a change. err is set
 * for FAILED, for STARTING after a lost agent, a container that ended or somebody turned away, and
 * for READY when the agent could not apply all of its configuration. link_ifindex may be another at
 * each CONNECTED (0 in between): the container was made anew. Id, name and MACs stay. The guest may
 * be stopped from within.
 */
typedef void (*pdp_guest_fn)(struct pdp_guest_box *guest, enum pdp_guest_state state,
			     const struct pdp_error *err, void *arg);

int pdp_guests_new(struct pdp_guests **out, const struct pdp_guests_conf *conf,
		   struct pdp_error *err);
void pdp_guests_free(struct pdp_guests *guests);

/*
 * Stop and remove every container, link and directory of this node's name that an earlier pdpd left
 * behind. *n = how many there were.
 */
int pdp_guests_reap(struct pdp_guests *guests, unsigned int *n, struct pdp_error *err);

/*
 * pdp_guest_start() - make the container, its link and its channel, and start it.
 *
 * In this order: veth pair (MTU, one queue, no addresses, no IPv6, offloads off, pfifo on the inside),
 * container start, receive program on eth0, dispatcher on the MH side. Returns when the container
 * runs (about 0.1 s); the agent's HELLO comes later as a change of state. On failure nothing is left.
 */
int pdp_guest_start(struct pdp_guest_box **out, struct pdp_guests *guests,
		    const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		    struct pdp_error *err);

/* Stop the container, remove link, pins, directories. NULL is fine. Errors are told and passed over. */
void pdp_guest_stop(struct pdp_guest_box *guest);

/*
 * Configuration for the agent: kept, in order, and sent again whole whenever an agent connects anew,
 * followed by SYNC. Cheap to call before the agent is there.
 */
int pdp_guest_set_vif(struct pdp_guest_box *guest, const struct pdp_dp_vif *vif);
int pdp_guest_netlink(struct pdp_guest_box *guest, const void *msgs, size_t len);

/* For maps and for show. */
struct pdp_guest_view {
	uint16_t id;
	const char *name;
	const char *lxc_name;
	enum pdp_guest_state state;
	pid_t init_pid; /* on the host; 0 = none */
	char link[IFNAMSIZ]; /* MH side */
	int link_ifindex; /* MH side */
	uint8_t mac[6]; /* eth0 */
	uint8_t md_mac[6]; /* MH side */
	uint32_t power;
	uint32_t quota_us; /* as read back from the cgroup; 0 = unlimited */
	uint32_t period_us;
	uint64_t cpu_ns; /* used so far, from the cgroup */
	uint64_t memory_bytes;
	unsigned int restarts;
	uint64_t eth0_rx_drops; /* ethtool's rx_queue_*_drops: AF_XDP socket full or gone */
	uint64_t agent_died_packets; /* in flight when agents died, booked then */
};
void pdp_guest_look(struct pdp_guest_box *guest, struct pdp_guest_view *out);

/* Counters of the agents of this guest, the dead ones' included. */
void pdp_guest_agent_stats(struct pdp_guest_box *guest, struct pdp_agent_stats *out);

#endif
