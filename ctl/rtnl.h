/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rtnl.h - links and queueing disciplines through rtnetlink: one question, one answer.
 *
 * A thin layer over libmnl. A socket belongs to the network namespace that the calling thread is in
 * when it is opened, and stays there: open one inside a guest (netns.h) to work on its devices.
 * Not for more than one thread at a time. The kernel's own words (extended ACK) end up in pdp_error.
 */
#ifndef PDP_RTNL_H
#define PDP_RTNL_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "loader/loader.h"

struct pdp_rtnl;

/* A device as the kernel tells it. */
struct pdp_link {
	int ifindex;
	int peer; /* of a veth: the other end's, in its own namespace; 0 = none */
	char name[IFNAMSIZ];
	char kind[16]; /* "veth", "vxlan"; "" for hardware */
	char alias[64]; /* for people; cut when longer */
	uint8_t mac[6]; /* all zero when it has none of this length */
	uint32_t mtu;
	uint32_t flags; /* IFF_UP, IFF_RUNNING, IFF_LOOPBACK ... */
	uint32_t rx_queues;
	uint32_t tx_queues;
	uint32_t xdp_prog_id; /* 0 = none attached */
};

/* A veth pair to be: one queue in each direction. */
struct pdp_veth {
	const char *name;
	const char *peer_name;
	const uint8_t *mac; /* 6 bytes; NULL = the kernel's choice */
	const uint8_t *peer_mac;
	uint32_t mtu; /* of both ends */
	int peer_netns_fd; /* where the peer is made; -1 = here */
};

int pdp_rtnl_open(struct pdp_rtnl **out, struct pdp_error *err);
/* NULL is fine. */
void pdp_rtnl_close(struct pdp_rtnl *rtnl);

/*
 * pdp_rtnl_talk() - send one request and wait for the kernel's ACK.
 * @nlh: made by pdp_rtnl_request(); sequence number and flags are filled in here.
 * @what: printf text of what was tried, for the message: "set MTU of pdpfe1 to 9000".
 * 0 or the kernel's -errno.
 */
int pdp_rtnl_talk(struct pdp_rtnl *rtnl, struct nlmsghdr *nlh, struct pdp_error *err,
		  const char *what, ...) __attribute__((format(printf, 4, 5)));

/*
 * pdp_rtnl_ask() - send one request (a dump when NLM_F_DUMP is set) and hand each answer to fn.
 * fn returns 0 to go on or -errno, which is returned when the answers are through.
 */
typedef int (*pdp_rtnl_fn)(const struct nlmsghdr *nlh, void *arg);
int pdp_rtnl_ask(struct pdp_rtnl *rtnl, struct nlmsghdr *nlh, pdp_rtnl_fn fn, void *arg,
		 struct pdp_error *err, const char *what, ...)
	__attribute__((format(printf, 6, 7)));

/*
 * Begin a request in the socket's own buffer (8 KiB), good until the next call: header, then room for
 * the family's header (struct ifinfomsg, rtmsg, tcmsg ...) at mnl_nlmsg_get_payload(), zeroed.
 */
struct nlmsghdr *pdp_rtnl_request(struct pdp_rtnl *rtnl, uint16_t type, uint16_t flags,
				  size_t family_header_len);

/* By name or by index; -ENODEV when there is none. */
int pdp_rtnl_link(struct pdp_rtnl *rtnl, const char *name, struct pdp_link *out,
		  struct pdp_error *err);
int pdp_rtnl_link_by_index(struct pdp_rtnl *rtnl, int ifindex, struct pdp_link *out,
			   struct pdp_error *err);
/* Every link of the namespace, in the kernel's order. fn as for pdp_rtnl_ask(). */
int pdp_rtnl_each_link(struct pdp_rtnl *rtnl, int (*fn)(const struct pdp_link *link, void *arg),
		       void *arg, struct pdp_error *err);
/* Decode an RTM_NEWLINK or RTM_DELLINK, as a watcher of RTNLGRP_LINK gets them. */
void pdp_rtnl_parse_link(const struct nlmsghdr *nlh, struct pdp_link *out);

int pdp_rtnl_add_veth(struct pdp_rtnl *rtnl, const struct pdp_veth *veth, struct pdp_error *err);
int pdp_rtnl_delete_link(struct pdp_rtnl *rtnl, int ifindex, struct pdp_error *err);
int pdp_rtnl_set_up(struct pdp_rtnl *rtnl, int ifindex, bool up, struct pdp_error *err);
/* Some of its flags (IFF_NOARP ...), and no others. */
int pdp_rtnl_set_flags(struct pdp_rtnl *rtnl, int ifindex, uint32_t mask, uint32_t flags,
		       struct pdp_error *err);
int pdp_rtnl_set_mac(struct pdp_rtnl *rtnl, int ifindex, const uint8_t mac[6],
		     struct pdp_error *err);
int pdp_rtnl_set_mtu(struct pdp_rtnl *rtnl, int ifindex, uint32_t mtu, struct pdp_error *err);
int pdp_rtnl_set_name(struct pdp_rtnl *rtnl, int ifindex, const char *name, struct pdp_error *err);
int pdp_rtnl_set_txqueuelen(struct pdp_rtnl *rtnl, int ifindex, uint32_t packets,
			    struct pdp_error *err);
/* A name for people, as `ip link` shows it; up to 255 bytes. */
int pdp_rtnl_set_alias(struct pdp_rtnl *rtnl, int ifindex, const char *alias,
		       struct pdp_error *err);
/* Move a device into the namespace behind an open descriptor. */
int pdp_rtnl_set_netns(struct pdp_rtnl *rtnl, int ifindex, int netns_fd, struct pdp_error *err);
/* The device gets no IPv6 link-local address when it goes up. -EAFNOSUPPORT without IPv6. */
int pdp_rtnl_set_no_ipv6_address(struct pdp_rtnl *rtnl, int ifindex, struct pdp_error *err);

/* Make a pfifo of this many packets the device's root queueing discipline. */
int pdp_rtnl_set_pfifo(struct pdp_rtnl *rtnl, int ifindex, uint32_t packets, struct pdp_error *err);

#endif
