/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_pump.h - the loop of pdp-tun: TUN device <-> UDP socket, in batches, and its counters.
 *
 * "out" is from the host into the tunnel, "in" the way back.
 */
#ifndef PDP_TUN_PUMP_H
#define PDP_TUN_PUMP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "loader/loader.h"

/* X(name, what it means): each packet read ends in one of its direction's. */
#define PDP_TUN_COUNTERS(X)                                                        \
	X(out_packets, "sent into the tunnel")                                     \
	X(out_bytes, "inner bytes of those")                                       \
	X(in_packets, "came out of the tunnel")                                    \
	X(in_bytes, "inner bytes of those")                                        \
	X(out_drop_not_ip, "from the host, neither IPv4 nor IPv6")                 \
	X(out_drop_too_big, "do not fit the underlay's path")                      \
	X(out_drop_unreachable, "the underlay has no way to the remote end")       \
	X(out_drop_failed, "refused by the UDP socket for another reason")         \
	X(in_drop_not_ip, "from the tunnel, neither IPv4 nor IPv6")                \
	X(in_drop_congested, "marked on the way, transport without ECN, RFC 6040") \
	X(in_drop_device, "refused by the TUN device, as when it is down")

/* Not packets: what the underlay said. */
#define PDP_TUN_EVENTS(X)                                                           \
	X(underlay_errors, "ICMP errors and missing routes, as the underlay tells") \
	X(send_blocked, "times the UDP socket's buffer was full")

#define PDP_TUN_FIELD(name, help) uint64_t name;

struct pdp_tun_stats {
	PDP_TUN_COUNTERS(PDP_TUN_FIELD)
	PDP_TUN_EVENTS(PDP_TUN_FIELD)
};

/* One JSON object, or a line for people with the counters that are not 0; ends with a newline. */
void pdp_tun_stats_print(const struct pdp_tun_stats *stats, bool json, FILE *out);

struct pdp_tun_pump;

/* tun_fd and udp_fd, both non-blocking, and signal_fd (a signalfd) stay the caller's. */
int pdp_tun_pump_new(struct pdp_tun_pump **out, int tun_fd, int udp_fd, int signal_fd, int family,
		     struct pdp_error *err);
void pdp_tun_pump_free(struct pdp_tun_pump *pump);

/*
 * Carry packets until a signal is there to be read from signal_fd (0), or the device has gone
 * (-ENODEV and a sentence). Errors of the underlay are counted, never fatal.
 */
int pdp_tun_pump_run(struct pdp_tun_pump *pump, struct pdp_error *err);

const struct pdp_tun_stats *pdp_tun_pump_stats(const struct pdp_tun_pump *pump);

#endif
