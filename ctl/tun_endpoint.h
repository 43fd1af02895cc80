/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_endpoint.h - the addresses a person types: tunnel endpoints and prefixes. Pure.
 */
#ifndef PDP_TUN_ENDPOINT_H
#define PDP_TUN_ENDPOINT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "loader/loader.h"

/* One end of a udp tunnel: address and port. */
union pdp_tun_endpoint {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* Longest text of an endpoint: [IPv6 address]:65535, with its NUL. */
#define PDP_TUN_ENDPOINT_LEN (INET6_ADDRSTRLEN + 8)

/*
 * Read 192.0.2.1:5001 or [2001:db8::1]:5001. The port must be 1 to 65535, the address a unicast one.
 * -EINVAL and a sentence otherwise.
 */
int pdp_tun_endpoint_parse(const char *text, union pdp_tun_endpoint *out, struct pdp_error *err);

/* Write as it is read; returns text. */
const char *pdp_tun_endpoint_print(const union pdp_tun_endpoint *end,
				   char text[PDP_TUN_ENDPOINT_LEN]);

/* Size of the sockaddr in use, for bind() and connect(). */
socklen_t pdp_tun_endpoint_size(const union pdp_tun_endpoint *end);

/* An address with a prefix length; addr in network order, IPv4 in the first 4 bytes. */
struct pdp_tun_prefix {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t len;
	uint8_t addr[16];
};

/*
 * Read 192.0.2.0/24 or 2001:db8::/32; without a length it is the whole address. Bits after the
 * prefix are kept: an interface's address has them. -EINVAL and a sentence otherwise.
 */
int pdp_tun_prefix_parse(const char *text, struct pdp_tun_prefix *out, struct pdp_error *err);

/* Bytes of an address of this family: 4 or 16. */
size_t pdp_tun_address_size(uint8_t family);

/* Set the bits after the prefix to 0, as the kernel wants them in a route. */
void pdp_tun_prefix_mask(struct pdp_tun_prefix *prefix);

#endif
