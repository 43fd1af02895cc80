/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* hops.c - see hops.h. Owns nothing. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "ctl/hops.h"

const char *pdp_hop_kind_name(enum pdp_hop_kind kind)
{
	return kind == PDP_HOP_LOCAL ? "local" : kind == PDP_HOP_DELAY ? "delay" : "port";
}

static uint16_t vnet_of_vif(const struct pdp_loader *ld, uint32_t vif)
{
	const struct pdp_vif *vifs = pdp_loader_map_memory(ld, PDP_MAP_VIFS);

	return vif <= PDP_MAX_VIFS ? vifs[vif].owner.vnet : 0;
}

uint16_t pdp_hop_vnet(const struct pdp_loader *ld, uint32_t from_ifindex)
{
	uint32_t vif;

	if (from_ifindex & PDP_HOP_GONE)
		return (uint16_t)from_ifindex;
	if (bpf_map_lookup_elem(pdp_loader_map_fd(ld, PDP_MAP_VIF_SENDERS), &from_ifindex, &vif))
		return 0;
	return vnet_of_vif(ld, vif);
}

enum pdp_hop_kind pdp_hop_kind(const struct pdp_loader *ld, uint32_t to_ifindex)
{
	uint32_t id, ifindex = 0;

	if (to_ifindex & PDP_HOP_GONE)
		return (enum pdp_hop_kind)(to_ifindex & ~PDP_HOP_GONE);
	if (!bpf_map_lookup_elem(pdp_loader_map_fd(ld, PDP_MAP_VIF_SENDERS), &to_ifindex, &id))
		return PDP_HOP_LOCAL;
	id = 0;
	if (!bpf_map_lookup_elem(pdp_loader_map_fd(ld, PDP_MAP_DELAY_LINK), &id, &ifindex) &&
	    ifindex == to_ifindex)
		return PDP_HOP_DELAY;
	return PDP_HOP_PORT;
}

/* Call fn for each; fn may delete or add. */
static void each(const struct pdp_loader *ld,
		 void (*fn)(int fd, const struct pdp_hop *hop, void *arg), void *arg)
{
	int fd = pdp_loader_map_fd(ld, PDP_MAP_XMIT_DROPS);
	struct pdp_hop hop, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more) {
		hop = next;
		more = !bpf_map_get_next_key(fd, &hop, &next);
		fn(fd, &hop, arg);
	}
}

uint64_t pdp_hops_between(const struct pdp_loader *ld, int from_ifindex, int to_ifindex)
{
	const struct pdp_hop hop = {(uint32_t)from_ifindex, (uint32_t)to_ifindex};
	uint64_t packets = 0;

	bpf_map_lookup_elem(pdp_loader_map_fd(ld, PDP_MAP_XMIT_DROPS), &hop, &packets);
	return packets;
}

int pdp_hops_read(struct pdp_hops *out, const struct pdp_loader *ld)
{
	int fd = pdp_loader_map_fd(ld, PDP_MAP_XMIT_DROPS);
	struct pdp_hop_count now, *grown;
	struct pdp_hop *last = NULL;
	size_t room = 0;

	*out = (struct pdp_hops){0};
	while (!bpf_map_get_next_key(fd, last, &now.hop)) {
		if (out->n == room) {
			room = room ? 2 * room : 64;
			grown = reallocarray(out->at, room, sizeof(*grown));
			if (!grown) {
				pdp_hops_free(out);
				return -ENOMEM;
			}
			out->at = grown;
		}
		if (bpf_map_lookup_elem(fd, &now.hop, &now.packets))
			now.packets = 0;
		out->at[out->n++] = now;
		last = &out->at[out->n - 1].hop;
	}
	return 0;
}

void pdp_hops_free(struct pdp_hops *hops)
{
	free(hops->at);
	*hops = (struct pdp_hops){0};
}

struct burial {
	const struct pdp_loader *ld;
	uint32_t ifindex;
	uint16_t vnet;
	bool with_ports;
};

static void add(int fd, const struct pdp_hop *hop, uint64_t packets)
{
	uint64_t sum = 0;

	bpf_map_lookup_elem(fd, hop, &sum);
	sum += packets;
	bpf_map_update_elem(fd, hop, &sum, BPF_ANY);
}

static void bury(int fd, const struct pdp_hop *hop, void *arg)
{
	const struct burial *b = arg;
	enum pdp_hop_kind kind = pdp_hop_kind(b->ld, hop->to_ifindex);
	const struct pdp_hop grave = {PDP_HOP_GONE | b->vnet, PDP_HOP_GONE | kind};
	uint64_t packets = 0;
	bool keep;

	if (hop->from_ifindex != b->ifindex && hop->to_ifindex != b->ifindex)
		return;
	/* What is lost towards an FE guest's link is in its guest's books. */
	keep = kind != PDP_HOP_PORT || (hop->from_ifindex == b->ifindex && b->with_ports);
	if (keep && !bpf_map_lookup_elem(fd, hop, &packets))
		add(fd, &grave, packets);
	bpf_map_delete_elem(fd, hop);
}

void pdp_hops_bury(const struct pdp_loader *ld, uint32_t ifindex, uint16_t vnet, bool with_ports)
{
	struct burial b = {ld, ifindex, vnet, with_ports};

	each(ld, bury, &b);
}

static void bury_delay(int fd, const struct pdp_hop *hop, void *arg)
{
	const struct pdp_hop grave = {hop->from_ifindex, PDP_HOP_GONE | PDP_HOP_DELAY};
	uint64_t packets = 0;

	if (hop->to_ifindex != *(const uint32_t *)arg)
		return;
	if (!bpf_map_lookup_elem(fd, hop, &packets))
		add(fd, &grave, packets);
	bpf_map_delete_elem(fd, hop);
}

void pdp_hops_bury_delay(const struct pdp_loader *ld, uint32_t ifindex)
{
	each(ld, bury_delay, &ifindex);
}

static void forget(int fd, const struct pdp_hop *hop, void *arg)
{
	if (hop->from_ifindex == (PDP_HOP_GONE | *(const uint16_t *)arg))
		bpf_map_delete_elem(fd, hop);
}

void pdp_hops_forget(const struct pdp_loader *ld, uint16_t vnet)
{
	each(ld, forget, &vnet);
}
