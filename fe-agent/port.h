/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * port.h - the AF_XDP socket of one queue of one device, with its UMEM and its four rings.
 *
 * Where the kernel and the agent meet: everything before it is the receive program's, everything
 * after it the worker's. Copy mode, need_wakeup, one UMEM per socket. Loads no program and touches no
 * map: the controller owns both. All but open and close is the worker's thread alone.
 */
#ifndef PDP_PORT_H
#define PDP_PORT_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <xdp/xsk.h>

#include "fe-agent/burst.h"

/* 8 MiB, all that RLIMIT_MEMLOCK allows by default; it is charged per host uid. */
#define PDP_FRAMES_MAX 4096U
#define PDP_FRAMES_MIN 512U

/*
 * Frames on the way out at once, so also the size of the completion ring. A veth without a qdisc
 * loses silently what does not fit into its ring of 256; half of that always fits.
 */
#define PDP_TX_RING 128U

struct pdp_port_conf {
	const char *dev;
	uint32_t queue;
	uint32_t frames; /* a power of two, PDP_FRAMES_MIN..PDP_FRAMES_MAX */
};

struct pdp_port {
	struct pdp_umem umem;
	struct xsk_umem *xsk_umem;
	struct xsk_socket *xsk;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completed;
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
	char dev[IFNAMSIZ];
	unsigned int ifindex;
	uint32_t queue;
	int fd; /* the socket's; stays the port's */
};

/*
 * Make UMEM and socket, fill the fill ring, bind. A queue that a dying agent still holds is tried
 * again for some seconds. Says on stderr what went wrong and what to do. 0 or -errno.
 */
int pdp_port_open(struct pdp_port **out, const struct pdp_port_conf *conf);
void pdp_port_close(struct pdp_port *port); /* NULL is fine */

/* Give free frames to the kernel, as many as the fill ring takes. */
void pdp_port_refill(struct pdp_port *port);

/* Take up to n received descriptors off the ring. */
unsigned int pdp_port_receive(struct pdp_port *port, struct xdp_desc *rx, unsigned int n);

/* Descriptors on the receive ring that wait to be taken. */
unsigned int pdp_port_waiting(const struct pdp_port *port);

/* How many descriptors pdp_port_send() would take now. */
unsigned int pdp_port_room(struct pdp_port *port);

/* Put n <= pdp_port_room() descriptors on the transmit ring; the kernel sends them when kicked. */
void pdp_port_send(struct pdp_port *port, const struct xdp_desc *tx, unsigned int n);

/* Descriptors on the transmit ring that the kernel has not taken yet. */
unsigned int pdp_port_pending(const struct pdp_port *port);

/*
 * Have the kernel send what is pending: one sendto. 0; -EAGAIN: the link or the completion ring is
 * full, or the budget of one call used up, so reclaim and kick again; -ENETDOWN: the device is down,
 * all is kept; -ENXIO: the device has gone. A frame that the kernel took and lost is counted.
 */
int pdp_port_kick(struct pdp_port *port, struct pdp_agent_stats *stats);

/* Take back frames that have been sent. */
void pdp_port_reclaim(struct pdp_port *port, struct pdp_agent_stats *stats);

/* Has the device been deleted? poll() does not tell. */
bool pdp_port_gone(const struct pdp_port *port);

/* Copy the kernel's counters of this socket and the account of the frames into stats. */
void pdp_port_look(const struct pdp_port *port, struct pdp_agent_stats *stats);

#endif
