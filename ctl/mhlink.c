/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mhlink.c - a vif as a device of an MH guest: both ends and their settings; see mhlink.h. */
#include "ctl/mhlink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ethtool.h"
#include "ctl/netns.h"

#define PFIFO_PACKETS 1000

/* One look at a pair and what was done about it. */
struct work {
	struct pdp_mhlink *link;
	const struct pdp_mhlinks *links;
	struct pdp_link outer, inner;
	char outer_name[IFNAMSIZ];
	unsigned int *news;
	struct pdp_error *what;
};

/* Told once: the first thing that was wrong. */
static void mended(struct work *w, const char *what)
{
	if (!(*w->news & (PDP_MHLINK_MADE | PDP_MHLINK_MENDED)))
		pdp_fail(w->what, 0, "%s: %s", w->link->vif.name, what);
	*w->news |= PDP_MHLINK_MENDED;
}

static void name_outer(char name[IFNAMSIZ], uint16_t vif)
{
	snprintf(name, IFNAMSIZ, PDP_MHLINK_PREFIX "%u", vif);
}

static void name_pins(uint16_t vif, char out[16], char in[16])
{
	snprintf(out, 16, "vif-%u", vif);
	snprintf(in, 16, "vif-%u-in", vif);
}

/* The MH side's: what udp vifs' packets come from. */
static void outer_mac(uint8_t mac[6], const struct pdp_mh_vif *vif)
{
	memcpy(mac, vif->mac, 6);
	mac[5] ^= 1;
}

/* --- the pair ------------------------------------------------------------------------------------- */

static bool is_owned(const struct pdp_link *outer, const char *owner)
{
	return !strncmp(outer->alias, owner, sizeof(outer->alias) - 1);
}

/* The other end must be in the guest, and point back. */
static bool find_inner(struct work *w)
{
	memset(&w->inner, 0, sizeof(w->inner));
	return w->outer.peer &&
	       !pdp_rtnl_link_by_index(w->links->inside, w->outer.peer, &w->inner, NULL) &&
	       w->inner.peer == w->outer.ifindex && !strcmp(w->inner.kind, "veth");
}

static int find_pair(struct work *w, bool *found, struct pdp_error *err)
{
	int code = pdp_rtnl_link(w->links->outside, w->outer_name, &w->outer, err);

	*found = false;
	if (code == -ENODEV)
		return 0;
	if (code)
		return code;
	if (*w->outer.alias && !is_owned(&w->outer, w->links->owner))
		return pdp_fail(err, -EEXIST, "device %s is not of '%s' but of '%s'", w->outer_name,
				w->links->owner, w->outer.alias);
	*found = find_inner(w);
	/* One end without the other: of a guest that has gone. */
	return *found ? 0 : pdp_rtnl_delete_link(w->links->outside, w->outer.ifindex, err);
}

static int make_pair(struct work *w, struct pdp_error *err)
{
	uint8_t mac[6];
	const struct pdp_veth veth = {
		.name = w->outer_name,
		.peer_name = w->link->vif.name,
		.mac = mac,
		.peer_mac = w->link->vif.mac,
		.mtu = w->link->vif.mtu,
		.peer_netns_fd = w->links->netns_fd,
	};
	int code;

	outer_mac(mac, &w->link->vif);
	mended(w, "its device is gone");
	code = pdp_rtnl_add_veth(w->links->outside, &veth, err);
	if (!code)
		code = pdp_rtnl_link(w->links->outside, w->outer_name, &w->outer, err);
	if (!code)
		code = pdp_rtnl_set_alias(w->links->outside, w->outer.ifindex, w->links->owner,
					  err);
	if (!code && !find_inner(w))
		code = pdp_fail(err, -ENODEV, "%s is gone as soon as it is made",
				w->link->vif.name);
	*w->news |= PDP_MHLINK_MADE;
	w->link->mtu = w->link->vif.mtu;
	return code;
}

/* --- settings ------------------------------------------------------------------------------------- */

/* Of the calling thread's network namespace. 0 also where the kernel has no such setting. */
static int put_sysctl(const char *name, const char *want, bool *other, struct pdp_error *err)
{
	char path[128], have[32] = "";
	ssize_t n;
	int fd, code = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : pdp_fail(err, -errno, "open %s: %s", path, strerror(errno));
	n = read(fd, have, sizeof(have) - 1);
	if (n <= 0 || strcspn(have, "\n") != strlen(want) ||
	    memcmp(have, want, strlen(want)) != 0) {
		*other = true;
		if (pwrite(fd, want, strlen(want), 0) < 0)
			code = pdp_fail(err, -errno, "write %s to %s: %s", want, path,
					strerror(errno));
	}
	close(fd);
	return code;
}

/* Nothing of the host's own on the MH side: no address, and so no neighbours and no reports. */
static int set_outer(struct work *w, struct pdp_error *err)
{
	struct pdp_rtnl *rtnl = w->links->outside;
	const int ifindex = w->outer.ifindex;
	char disable[64];
	uint8_t mac[6];
	bool other = false;
	int code = 0;

	if (*w->news & PDP_MHLINK_MADE) {
		code = pdp_rtnl_set_no_ipv6_address(rtnl, ifindex, err);
		if (code == -EAFNOSUPPORT)
			code = 0;
	}
	snprintf(disable, sizeof(disable), "ipv6/conf/%s/disable_ipv6", w->outer_name);
	if (!code)
		code = put_sysctl(disable, "1", &other, err);
	outer_mac(mac, &w->link->vif);
	if (!code && memcmp(mac, w->outer.mac, 6) != 0) {
		mended(w, "its MH side has another MAC");
		code = pdp_rtnl_set_mac(rtnl, ifindex, mac, err);
	}
	if (!code && w->outer.mtu != w->link->vif.mtu) {
		mended(w, "its MH side has another MTU");
		code = pdp_rtnl_set_mtu(rtnl, ifindex, w->link->vif.mtu, err);
	}
	if (!code &&
	    pdp_ethtool_on(w->links->ethtool_outside, w->outer_name, PDP_OFFLOAD_ALL, NULL) > 0) {
		mended(w, "its MH side has offloads");
		code = pdp_ethtool_off(w->links->ethtool_outside, w->outer_name, PDP_OFFLOAD_ALL,
				       err);
	}
	return code;
}

/*
 * The MTU is the owner's to lower, until the node file has another. A pfifo, so that whoever sends in
 * the guest is held up, and loses nothing, when the MH is behind.
 */
static int set_inner(struct work *w, struct pdp_error *err)
{
	const struct pdp_mh_vif *vif = &w->link->vif;
	struct pdp_rtnl *rtnl = w->links->inside;
	const int ifindex = w->inner.ifindex;
	const uint32_t noarp = vif->ethernet ? 0 : IFF_NOARP;
	int code = 0;

	if (strcmp(w->inner.name, vif->name) != 0) {
		mended(w, "it has another name inside");
		code = pdp_rtnl_set_name(rtnl, ifindex, vif->name, err);
	}
	if (!code && memcmp(w->inner.mac, vif->mac, 6) != 0) {
		mended(w, "it has another MAC inside");
		code = pdp_rtnl_set_mac(rtnl, ifindex, vif->mac, err);
	}
	if (!code && (w->link->mtu != vif->mtu || w->inner.mtu > vif->mtu)) {
		mended(w, "it has another MTU inside");
		code = pdp_rtnl_set_mtu(rtnl, ifindex, vif->mtu, err);
		w->link->mtu = vif->mtu;
	}
	if (!code && (w->inner.flags & IFF_NOARP) != noarp) {
		mended(w, vif->ethernet ? "it asks for no neighbours" : "it asks for neighbours");
		code = pdp_rtnl_set_flags(rtnl, ifindex, IFF_NOARP, noarp, err);
	}
	if (!code &&
	    pdp_ethtool_on(w->links->ethtool_inside, vif->name, PDP_OFFLOAD_ALL, NULL) > 0) {
		mended(w, "it has offloads inside");
		code = pdp_ethtool_off(w->links->ethtool_inside, vif->name, PDP_OFFLOAD_ALL, err);
	}
	if (code || !(*w->news & PDP_MHLINK_MADE))
		return code;
	code = pdp_rtnl_set_txqueuelen(rtnl, ifindex, PFIFO_PACKETS, err);
	return code ? code : pdp_rtnl_set_pfifo(rtnl, ifindex, PFIFO_PACKETS, err);
}

static int attach_inner(struct work *w, const char *pin, struct pdp_error *err)
{
	struct pdp_error why;
	int back, code = pdp_netns_enter(w->links->netns_fd, &back, err);

	if (code)
		return code;
	if (pdp_loader_check_link(w->links->loader, pin, w->inner.ifindex, &why)) {
		mended(w, why.text);
		code = pdp_loader_attach(w->links->loader, PDP_HOOK_PASS, pin, w->inner.ifindex,
					 PDP_ATTACH_FORCE, err);
	}
	pdp_netns_leave(back);
	return code;
}

/* Inside first: what is redirected to a veth whose far end runs no program is lost. */
static int attach(struct work *w, struct pdp_error *err)
{
	char out[16], in[16];
	struct pdp_error why;
	int code;

	name_pins(w->link->vif.id, out, in);
	code = attach_inner(w, in, err);
	if (code || !pdp_loader_check_link(w->links->loader, out, w->outer.ifindex, &why))
		return code;
	mended(w, why.text);
	return pdp_loader_attach(w->links->loader, PDP_HOOK_VIF_OUT, out, w->outer.ifindex,
				 PDP_ATTACH_FORCE, err);
}

static int set_up(struct work *w, struct pdp_error *err)
{
	const bool up = w->inner.flags & IFF_UP;
	int code = 0;

	/* After that it is the owner's. */
	if (*w->news & PDP_MHLINK_MADE)
		code = pdp_rtnl_set_up(w->links->inside, w->inner.ifindex, true, err);
	else if (up && !w->link->was_up)
		*w->news |= PDP_MHLINK_CAME_UP;
	w->link->was_up = up || *w->news & PDP_MHLINK_MADE;
	if (!code && !(w->outer.flags & IFF_UP) != !w->link->vif.carrier)
		code = pdp_mhlink_carrier(w->link, w->links, w->link->vif.carrier, err);
	return code;
}

int pdp_mhlink_ensure(struct pdp_mhlink *link, const struct pdp_mhlinks *links, unsigned int *news,
		      struct pdp_error *what, struct pdp_error *err)
{
	struct work w = {.link = link, .links = links, .news = news, .what = what};
	struct pdp_error why;
	bool found;
	int code;

	*news = 0;
	name_outer(w.outer_name, link->vif.id);
	code = find_pair(&w, &found, &why);
	if (!code && !found)
		code = make_pair(&w, &why);
	if (!code) {
		link->ifindex = w.outer.ifindex;
		link->inner_ifindex = w.inner.ifindex;
		code = set_outer(&w, &why);
	}
	if (!code)
		code = set_inner(&w, &why);
	if (!code)
		code = attach(&w, &why);
	if (!code)
		code = set_up(&w, &why);
	return code ? pdp_fail(err, code, "vif %s: %s", link->vif.name, why.text) : 0;
}

int pdp_mhlink_carrier(struct pdp_mhlink *link, const struct pdp_mhlinks *links, bool up,
		       struct pdp_error *err)
{
	link->vif.carrier = up;
	return link->ifindex ? pdp_rtnl_set_up(links->outside, link->ifindex, up, err) : 0;
}

/* --- the end -------------------------------------------------------------------------------------- */

static void unpin(struct pdp_loader *loader, uint16_t vif)
{
	struct pdp_error err;
	char out[16], in[16];

	name_pins(vif, out, in);
	if (pdp_loader_detach(loader, out, &err) || pdp_loader_detach(loader, in, &err))
		fprintf(stderr, "vif %u: %s\n", vif, err.text);
}

void pdp_mhlink_remove(struct pdp_mhlink *link, struct pdp_loader *loader, struct pdp_rtnl *rtnl)
{
	char name[IFNAMSIZ];
	struct pdp_link now;

	name_outer(name, link->vif.id);
	/* The index may have been given to another device since. */
	if (link->ifindex && !pdp_rtnl_link(rtnl, name, &now, NULL) && now.ifindex == link->ifindex)
		pdp_rtnl_delete_link(rtnl, link->ifindex, NULL);
	link->ifindex = link->inner_ifindex = 0;
	unpin(loader, link->vif.id);
}

struct reap {
	const char *owner;
	const struct pdp_mhlink *keep;
	size_t n_keep;
	struct {
		int ifindex;
		uint16_t vif;
	} found[256];
	size_t n;
};

static int note_stray(const struct pdp_link *link, void *arg)
{
	const size_t prefix = strlen(PDP_MHLINK_PREFIX);
	struct reap *reap = arg;

	if (strncmp(link->name, PDP_MHLINK_PREFIX, prefix) != 0 || !is_owned(link, reap->owner) ||
	    reap->n == sizeof(reap->found) / sizeof(reap->found[0]))
		return 0;
	for (size_t i = 0; i < reap->n_keep; i++)
		if (reap->keep[i].ifindex == link->ifindex)
			return 0;
	reap->found[reap->n].vif = (uint16_t)strtoul(link->name + prefix, NULL, 10);
	reap->found[reap->n++].ifindex = link->ifindex;
	return 0;
}

int pdp_mhlink_reap(struct pdp_rtnl *rtnl, struct pdp_loader *loader, const char *owner,
		    const struct pdp_mhlink *keep, size_t n_keep, unsigned int *n,
		    struct pdp_error *err)
{
	struct reap reap = {.owner = owner, .keep = keep, .n_keep = n_keep};
	int code;

	do {
		reap.n = 0;
		code = pdp_rtnl_each_link(rtnl, note_stray, &reap, err);
		for (size_t i = 0; i < reap.n && !code; i++) {
			code = pdp_rtnl_delete_link(rtnl, reap.found[i].ifindex, err);
			/* Its guest may have gone in between, and the link with it. */
			if (code == -ENODEV)
				code = 0;
			unpin(loader, reap.found[i].vif);
			++*n;
		}
	} while (!code && reap.n);
	return code;
}

/* --- the guest's network as a whole --------------------------------------------------------------- */

/*
 * A router, whose addresses are in use at once, that takes no advice from others, is not surprised by
 * packets that come another way than they would go, does not use a line that is down, and has its IPv6
 * addresses again when it is back.
 */
static const struct {
	const char *name, *value;
	bool kept; /* put back when it is another; the rest is the owner's */
} sysctls[] = {
	{"ipv4/ip_forward", "1", true},
	{"ipv6/conf/all/forwarding", "1", true},
	{"ipv6/conf/default/forwarding", "1", false},
	{"ipv4/conf/all/rp_filter", "0", false},
	{"ipv4/conf/default/rp_filter", "0", false},
	{"ipv4/conf/all/accept_redirects", "0", false},
	{"ipv4/conf/default/accept_redirects", "0", false},
	{"ipv4/conf/all/send_redirects", "0", false},
	{"ipv4/conf/default/send_redirects", "0", false},
	{"ipv4/conf/all/ignore_routes_with_linkdown", "1", false},
	{"ipv4/conf/default/ignore_routes_with_linkdown", "1", false},
	{"ipv4/conf/all/promote_secondaries", "1", false},
	{"ipv4/conf/default/promote_secondaries", "1", false},
	{"ipv4/fib_multipath_hash_policy", "1", false},
	{"ipv4/igmp_max_memberships", "1024", false},
	{"ipv6/conf/all/accept_redirects", "0", false},
	{"ipv6/conf/default/accept_redirects", "0", false},
	{"ipv6/conf/all/accept_dad", "0", false},
	{"ipv6/conf/default/accept_dad", "0", false},
	{"ipv6/conf/default/accept_ra", "0", false},
	{"ipv6/conf/default/autoconf", "0", false},
	{"ipv6/conf/all/keep_addr_on_down", "1", false},
	{"ipv6/conf/default/keep_addr_on_down", "1", false},
	{"ipv6/conf/all/ignore_routes_with_linkdown", "1", false},
	{"ipv6/conf/default/ignore_routes_with_linkdown", "1", false},
	{"ipv6/fib_multipath_hash_policy", "1", false},
};

int pdp_mhlink_sysctls(const struct pdp_mhlinks *links, bool *mended_any, struct pdp_error *err)
{
	const bool first = !mended_any;
	int back, code = pdp_netns_enter(links->netns_fd, &back, err);
	bool other = false;

	if (code)
		return code;
	for (size_t i = 0; !code && i < sizeof(sysctls) / sizeof(sysctls[0]); i++)
		if (first || sysctls[i].kept)
			code = put_sysctl(sysctls[i].name, sysctls[i].value, &other, err);
	pdp_netns_leave(back);
	if (!first)
		*mended_any = other;
	return code;
}
