/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * publish.h - the map store: what the node is, written into the BPF maps.
 *
 * The only writer of the configuration maps. What is there already is not written again. Decides nothing: ids,
 * guests and slots come from its caller. Each call leaves a packet either the old state or the new one (bpf/maps.h); the caller keeps
 * the order: guests, vifs and slots before the tunnels that lead to them, and the reverse on the way
 * down.
 */
#ifndef PDP_PUBLISH_H
#define PDP_PUBLISH_H

#include <stdbool.h>

#include "bpf/maps.h"
#include "ctl/model.h"
#include "ctl/rebalance.h"
#include "ctl/slots.h"
#include "loader/loader.h"

struct pdp_publish;

/* The loader stays the caller's, and outlives the store. 0 or -ENOMEM. */
int pdp_publish_open(struct pdp_publish **out, struct pdp_loader *loader, struct pdp_error *err);
/* Leaves the maps as they are. NULL is fine. */
void pdp_publish_close(struct pdp_publish *store);

/* A port's device, by ifindex; 0 when it is gone. `was` = the one before, 0 = none. */
int pdp_publish_port(struct pdp_publish *store, uint16_t port, int ifindex, int was,
		     struct pdp_error *err);

/*
 * An FE guest behind a link. The same again, with another link, replaces it. A link that is not up leads
 * nowhere: the classifier drops what is for it, and counts it.
 */
int pdp_publish_guest(struct pdp_publish *store, uint16_t id, const struct pdp_guest *guest,
		      int link_ifindex, int was, bool up, struct pdp_error *err);

/* What the maps say of a guest. -ENOENT. */
struct pdp_guest_place {
	uint16_t vnet;
	int link_ifindex; /* 0 = none */
};
int pdp_publish_find_guest(const struct pdp_publish *store, uint16_t id,
			   struct pdp_guest_place *out);
/* Nothing goes to it any more, and nothing comes from its link (0 = none, or not known). */
void pdp_publish_no_guest(struct pdp_publish *store, uint16_t id, int was);
/* What the guest's power can process (ctl/powerloop.h); 0 = as much as comes. */
void pdp_publish_power(struct pdp_publish *store, uint16_t guest, uint64_t pps);
/* As last published, by an earlier controller too. */
uint64_t pdp_publish_power_pps(const struct pdp_publish *store, uint16_t guest);

/* owner is stored last; a vif that is there with another tunnel is first taken out of use. */
void pdp_publish_vif(struct pdp_publish *store, uint16_t id, const struct pdp_vif *vif);
/* At once: what guests send through it is dropped from now on. */
void pdp_publish_no_vif(struct pdp_publish *store, uint16_t id);
/* What is left of it in the map. After all that go, so that the wait for packets on their way is one. */
void pdp_publish_wipe_vif(struct pdp_publish *store, uint16_t id);
/* At once, while packets pass. All zero: not known. */
void pdp_publish_next_hop(struct pdp_publish *store, uint16_t vif, const uint8_t mac[6]);
void pdp_publish_source(struct pdp_publish *store, uint16_t vif, const uint8_t mac[6]);

/* At once, on the way out; the way in is pdp_tunnel.flags. */
void pdp_publish_impair(struct pdp_publish *store, uint16_t vif, struct pdp_vif_impair impair);

/*
 * The link from a vif to its MH guest: LOCAL packets go to mh_ifindex, the end on this host, for
 * guest_mac, the other end's; what comes from there leaves through the vif. The far end must run an XDP
 * program by now. The same again, with another link, replaces it; pdp_publish_no_vif() ends it too.
 */
int pdp_publish_vif_link(struct pdp_publish *store, uint16_t vif, int mh_ifindex,
			 const uint8_t guest_mac[6], struct pdp_error *err);
/* LOCAL packets of the vif are dropped from now on, and what comes from the link is. */
void pdp_publish_no_vif_link(struct pdp_publish *store, uint16_t vif);

/* Where packets wait that a vif delays; 0: they are dropped. */
int pdp_publish_delay(struct pdp_publish *store, int ifindex, struct pdp_error *err);

/* What the classifier lets a vnet send: rate_pps 0 = all. */
void pdp_publish_police(struct pdp_publish *store, uint16_t vnet, uint64_t rate_pps,
			uint32_t burst_packets);
/* The same, of what the dispatcher lets through to the vnet's control plane. */
void pdp_publish_local_police(struct pdp_publish *store, uint16_t vnet, uint64_t rate_pps,
			      uint32_t burst_packets);

/*
 * What tells a flow of the vnet, and what may be in its udp tunnels. With other bytes, packets may for a moment be
 * told by old and new ones.
 */
void pdp_publish_flow(struct pdp_publish *store, uint16_t vnet, const struct pdp_flow_conf *flow,
		      uint32_t gap_us, enum pdp_payload payload);
/* The pause of a flowlet that is in force, be it an earlier controller's. */
uint32_t pdp_publish_gap_us(const struct pdp_publish *store, uint16_t vnet);

/*
 * A vnet's slot table from its guests' shares, into the half that is not in force, which then is.
 * Shares without power get no slot; without any, the vnet drops with drop_no_guest. What has moved is
 * put over the table of a policy that picks by hash.
 */
int pdp_publish_slots(struct pdp_publish *store, uint16_t vnet, enum pdp_policy policy,
		      const struct pdp_share *shares, size_t n_shares,
		      const struct pdp_rebalance *moved, struct pdp_error *err);
/* The slots in force, be it an earlier controller's. */
void pdp_publish_find_slots(const struct pdp_publish *store, uint16_t vnet,
			    struct pdp_slot_table *out);
/* No slot: the vnet drops. */
void pdp_publish_no_slots(struct pdp_publish *store, uint16_t vnet);
/* Nothing at all; packets of it must have come to rest. */
void pdp_publish_no_vnet(struct pdp_publish *store, uint16_t vnet);
/* The table in force. */
struct pdp_table pdp_publish_table(const struct pdp_publish *store, uint16_t vnet);

int pdp_publish_tunnel(struct pdp_publish *store, const struct pdp_tunnel_key *key,
		       const struct pdp_tunnel *tunnel, struct pdp_error *err);

/* Delete the keys of a hash (TUNNELS, SENDERS, PORT_IDS) that are not wanted. */
void pdp_publish_keep(struct pdp_publish *store, enum pdp_map map, size_t key_size,
		      bool (*wanted)(const void *key, void *arg), void *arg);

/* Counters of an id that begins anew; nothing may count on it. 0 or -errno. */
int pdp_publish_zero(struct pdp_publish *store, enum pdp_map map, uint32_t id, size_t size);

/* How often a map was written so far; what was there already does not count. */
uint64_t pdp_publish_writes(const struct pdp_publish *store);

#endif
