/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * prefix.h - addresses, prefixes, tunnel end points and MACs as people write them. Pure.
 *
 * An address is a struct pdp_prefix of full length. IPv4-mapped IPv6 (::ffff:0:0/96) is refused
 * everywhere: it is how the maps hold IPv4 (bpf/maps.h), and would stand for two addresses.
 */
#ifndef PDP_PREFIX_H
#define PDP_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/model.h"

/* Room for any of the texts below, with the NUL. */
#define PDP_ADDR_STRLEN 64

/* "10.0.0.1/24", "fd00::1/64"; without a length it is the address's full one. 0 or -EINVAL. */
int pdp_prefix_parse(struct pdp_prefix *out, const char *text);
/* The same without a length: "10.0.0.1", "fd00::1". */
int pdp_addr_parse(struct pdp_prefix *out, const char *text);
/*
 * "192.0.2.1:5001", "[2001:db8::1]:5001"; or no port, "192.0.2.1", "2001:db8::1", "[2001:db8::1]":
 * *port is 0 then. Port in host order. 0 or -EINVAL; a port that is written must be 1..65535.
 */
int pdp_endpoint_parse(struct pdp_prefix *addr, uint16_t *port, const char *text);
/* "02:00:5e:10:00:01", two digits each, either case. */
int pdp_mac_parse(uint8_t mac[6], const char *text);

/* Each prints what its parser reads, and returns buf. */
const char *pdp_prefix_print(char buf[PDP_ADDR_STRLEN], const struct pdp_prefix *prefix);
const char *pdp_addr_print(char buf[PDP_ADDR_STRLEN], const struct pdp_prefix *addr);
const char *pdp_endpoint_print(char buf[PDP_ADDR_STRLEN], const struct pdp_prefix *addr,
			       uint16_t port);
const char *pdp_mac_print(char buf[PDP_ADDR_STRLEN], const uint8_t mac[6]);

/* Full length of the family: 32 or 128; 0 for family 0. */
uint8_t pdp_prefix_full(uint8_t family);
/* Are all bits below the length 0, as in a route's destination? */
bool pdp_prefix_is_network(const struct pdp_prefix *prefix);
/* Could one host bear this address: not 0/8, ::, loopback, multicast, class E or broadcast? */
bool pdp_addr_is_unicast(const struct pdp_prefix *addr);
bool pdp_mac_is_unicast(const uint8_t mac[6]);
/* A total order: family, address, length; < 0, 0, > 0. */
int pdp_prefix_compare(const struct pdp_prefix *a, const struct pdp_prefix *b);

/* To and from the maps' form. */
struct pdp_addr pdp_addr_to_map(const struct pdp_prefix *addr);
struct pdp_prefix pdp_addr_from_map(const struct pdp_addr *addr);

#endif
