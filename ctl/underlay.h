/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * underlay.h - the network that tunnels run over: ports' devices, and the next hops of remote ends.
 *
 * Asks the kernel's routes and neighbours of the network namespace that pdpd runs in, and follows
 * them: what it tells its owner is what the kernel itself would use. Knows nothing of vnets and maps.
 */
#ifndef PDP_UNDERLAY_H
#define PDP_UNDERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/model.h"
#include "ctl/rtnl.h"
#include "loader/loader.h"

/* Largest MTU of a port: with the tag and an Ethernet header it fills an agent's frame of 2 KiB behind the
 * 256 bytes that XDP keeps.
 */
#define PDP_PORT_MTU_MAX (2048 - 256 - 14 - 16)

struct event_base;
struct pdp_underlay;

enum pdp_path_state {
	PDP_PATH_PORT_DOWN, /* the port's device is gone or down */
	PDP_PATH_NO_ROUTE, /* no route to the remote end leaves through the port */
	PDP_PATH_RESOLVING, /* the next hop does not answer (yet) */
	PDP_PATH_UP,
};

/* How a tunnel's packets leave. */
struct pdp_path {
	size_t port;
	struct pdp_prefix remote;
	enum pdp_path_state state;
	struct pdp_prefix next_hop; /* the remote end itself, or a gateway */
	uint8_t mac[6]; /* of the next hop; all zero = not known */
	int next_hop_ifindex; /* device with the neighbour: the port's, or a VLAN's above it */
	uint16_t nud_state;
	void *owner;
};

struct pdp_underlay_ops {
	/* A port's device came, changed or (ifindex 0) went. */
	void (*port)(size_t port, const struct pdp_link *link, void *arg);
	/* A device that is no port's: came or changed. */
	void (*device)(const struct pdp_link *link, void *arg);
	/* A path's mac or state changed. */
	void (*path)(const struct pdp_path *path, void *arg);
};

int pdp_underlay_open(struct pdp_underlay **out, struct event_base *base,
		      const struct pdp_underlay_ops *ops, void *arg, struct pdp_error *err);
/* NULL is fine. */
void pdp_underlay_close(struct pdp_underlay *underlay);

/*
 * pdp_underlay_add_port() - a port's device must be there and be Ethernet, its MTU one that FE links
 * and agents can carry. *port is its number here. -ENODEV, -EINVAL, -ERANGE (with the numbers),
 * -errno.
 */
int pdp_underlay_add_port(struct pdp_underlay *underlay, const struct pdp_port_conf *conf,
			  size_t *port, struct pdp_error *err);
/* Its paths must have gone. The number is given out again. */
void pdp_underlay_del_port(struct pdp_underlay *underlay, size_t port);
/* The device of a port as last seen; ifindex 0 = gone. */
const struct pdp_link *pdp_underlay_port(const struct pdp_underlay *underlay, size_t port);

/*
 * A path from a port to a tunnel's remote end: resolved at once as far as the kernel knows, resolution
 * is begun where it does not, and then followed. *out stays the underlay's, and at its place; its owner
 * may be set to another.
 */
int pdp_underlay_add_path(struct pdp_underlay *underlay, size_t port,
			  const struct pdp_prefix *remote, void *owner, struct pdp_path **out,
			  struct pdp_error *err);
/* NULL is fine. */
void pdp_underlay_del_path(struct pdp_underlay *underlay, struct pdp_path *path);

const char *pdp_path_state_name(enum pdp_path_state state);

#endif
