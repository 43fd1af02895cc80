/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhguest.h - MH guests: the control plane of a vnet in an unprivileged LXC container on the MH.
 *
 * One for each vnet whose control-plane is not none. It has the vnet's vifs as real devices, named as
 * the vifs, each a veth whose MH side is the vif's end in the maps. Knows liblxc, cgroups, veths and
 * what runs inside; knows nothing of slots, agents or ports, and writes no map: whoever owns it
 * publishes what pdp_mh_vif_link() says. Owned by pdpd's main thread; all I/O is on its event loop.
 * docs/control-planes.md says why it is built so.
 */
#ifndef PDP_MHGUEST_H
#define PDP_MHGUEST_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/fib.h"
#include "loader/loader.h"

struct event_base;
struct pdp_mh_guests;
struct pdp_mh_guest;

/* What all MH guests of a node have in common. */
struct pdp_mh_conf {
	struct event_base *base;
	struct pdp_loader *loader;
	const char *node; /* LXC names are pdp-NODE-VNET-cp */
	const char *run_dir;
	const char *agent_path; /* pdp-fe-agent: pdp-mh-init stands beside it */
	unsigned int id_block; /* container.h; no other node of this machine has it */
};

/* A vif as a device of the guest. */
struct pdp_mh_vif {
	uint16_t id;
	bool ethernet; /* vxlan: frames, ARP and ND; else IP packets, and no neighbours to ask for */
	bool carrier; /* is its port up? */
	uint16_t mtu;
	uint8_t mac[6]; /* of the end in the guest */
	char name[IFNAMSIZ];
};

/* What a guest is to be. Only looked at during the call. */
struct pdp_mh_spec {
	uint16_t vnet; /* id */
	const struct pdp_vnet_conf *conf;
	const struct pdp_mh_vif *vifs; /* as conf->vifs, in their order */
	bool keep_trying; /* a first start that fails is not the last */
};

enum pdp_mh_state {
	PDP_MH_STARTING, /* no container: it is about to be made again */
	PDP_MH_READY, /* container, vifs, addresses and static routes are there */
	PDP_MH_FAILED, /* never was READY, and is not tried again; the error says why */
	PDP_MH_STOPPED,
};

/*
 * Told on the event loop whenever the state changes, and for each fault without a change. STARTING:
 * its network namespace is gone, err says why; whatever was opened in it is to be closed, it would keep
 * the namespace alive. READY: the namespace and each ifindex may be others than before. READY with err:
 * something in it is not well, such as a daemon that ended, with its last words. The guest may not be
 * stopped from within.
 */
typedef void (*pdp_mh_fn)(struct pdp_mh_guest *guest, enum pdp_mh_state state,
			  const struct pdp_error *err, void *arg);

int pdp_mh_guests_new(struct pdp_mh_guests **out, const struct pdp_mh_conf *conf,
		      struct pdp_error *err);
/* Removes what guests share, unless some were released and run on. NULL is fine. */
void pdp_mh_guests_free(struct pdp_mh_guests *guests);

/* Remove every MH guest of this node that nobody here stands for. *n = how many. */
int pdp_mh_reap(struct pdp_mh_guests *guests, unsigned int *n, struct pdp_error *err);

/* Can its vifs be devices, by their names? -EINVAL. */
int pdp_mh_check_vifs(const struct pdp_vnet_conf *conf, struct pdp_error *err);

/*
 * pdp_mh_start() - make the guest, or take over the one that an earlier controller left, which is not
 * touched as far as it is as wanted.
 *
 * One that is taken over is READY when this returns. Another is STARTING, and told as READY when its
 * container, vifs, addresses and static routes are there, or as FAILED with nothing left but to stop it.
 * Daemons come later and on their own. fn is not called from within.
 */
int pdp_mh_start(struct pdp_mh_guest **out, struct pdp_mh_guests *guests,
		 const struct pdp_mh_spec *spec, pdp_mh_fn fn, void *arg, struct pdp_error *err);

/*
 * pdp_mh_change() - make a guest what another spec says, while it runs.
 *
 * In two steps, with the switch of the data path between them: first what is new (vifs, addresses,
 * routes), then what is no more, with limits and daemons. Daemons are started anew only if their kind,
 * config directory or command are others. The first step fails or does all; the second tells and goes on.
 */
int pdp_mh_change(struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec,
		  struct pdp_error *err);
void pdp_mh_settle(struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec);

/* Copy the config directory again and start the daemons anew; vifs, routes and traffic stay. */
int pdp_mh_reload(struct pdp_mh_guest *guest, struct pdp_error *err);

/* A vif's port went up or down: so does its carrier inside. */
void pdp_mh_set_carrier(struct pdp_mh_guest *guest, uint16_t vif, bool up);

/* As pdp_guest_mend(): its vifs' devices, programs and settings, its sysctls. */
int pdp_mh_mend(struct pdp_mh_guest *guest, bool *mended, struct pdp_error *what);

/* Stop the container, remove links, pins, directories. NULL is fine. */
void pdp_mh_stop(struct pdp_mh_guest *guest);
/* Let go of it, running as it is, for the next controller. NULL is fine. */
void pdp_mh_release(struct pdp_mh_guest *guest);

/* --- for the FIB mirror and the maps -------------------------------------------------------------- */

/* A descriptor of its network namespace (O_CLOEXEC), the caller's to close; -ENOENT while STARTING. */
int pdp_mh_netns(const struct pdp_mh_guest *guest, struct pdp_error *err);

/* The vif behind an ifindex in the guest's namespace; 0 for lo and whatever else it has. */
uint16_t pdp_mh_vif_of(const struct pdp_mh_guest *guest, int ifindex);

/* The state that was told last, or would be. */
enum pdp_mh_state pdp_mh_state(const struct pdp_mh_guest *guest);

/* The MH side of a vif's veth, to be published; 0 when there is none. */
int pdp_mh_vif_link(const struct pdp_mh_guest *guest, uint16_t vif);

/* For show. */
struct pdp_mh_view {
	const char *name; /* VNET-cp */
	const char *lxc_name;
	enum pdp_mh_state state;
	pid_t init_pid; /* on the host; 0 = none */
	uint32_t power;
	uint32_t quota_us; /* as read back from the cgroup; 0 = unlimited */
	uint32_t period_us;
	uint32_t memory_mib;
	uint64_t cpu_ns;
	uint64_t memory_bytes;
	unsigned int restarts; /* of the container */
	unsigned int daemon_restarts;
};
void pdp_mh_look(const struct pdp_mh_guest *guest, struct pdp_mh_view *out);

#endif
