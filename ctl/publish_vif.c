/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * publish_vif.c - a vif in the maps: its tunnel, who owns it, its MACs, and its link to the MH guest.
 *
 * A struct's other words are written first, then the word that brings it into force.
 */
#include <bpf/bpf.h>
#include <stddef.h>
#include <string.h>

#include "ctl/hops.h"
#include "ctl/publish.h"
#include "ctl/publish_maps.h"

/* What is neither the owner nor a MAC, which have their own ways. */
static bool same_tunnel(const struct pdp_vif *a, const struct pdp_vif *b)
{
	const size_t from = offsetof(struct pdp_vif, vlans);

	return !memcmp((const char *)a + from, (const char *)b + from, sizeof(*a) - from);
}

static union pdp_word mac_word(const struct pdp_vif_mac *mac)
{
	return (union pdp_word){.mac = *mac};
}

/* Out of use from now on; packets that are with a program still read the rest of it for a moment. */
static void retire_vif(struct pdp_publish *st, struct pdp_vif *at)
{
	if (!__atomic_load_n((uint64_t *)(void *)&at->owner, __ATOMIC_RELAXED))
		return;
	pdp_publish_word(st, &at->owner, (union pdp_word){0});
	st->retired_ns = pdp_publish_now_ns();
}

void pdp_publish_vif(struct pdp_publish *st, uint16_t id, const struct pdp_vif *vif)
{
	struct pdp_vif *at = PDP_ELEMENT(st, PDP_MAP_VIFS, id, struct pdp_vif);

	if (!same_tunnel(at, vif)) {
		retire_vif(st, at);
		pdp_publish_settle(&st->retired_ns);
		memcpy(&at->vlans, &vif->vlans, sizeof(*vif) - offsetof(struct pdp_vif, vlans));
		st->writes++;
	}
	pdp_publish_word(st, &at->next_hop, mac_word(&vif->next_hop));
	pdp_publish_word(st, &at->source, mac_word(&vif->source));
	pdp_publish_word(st, &at->impair, (union pdp_word){.impair = vif->impair});
	pdp_publish_word(st, &at->owner, (union pdp_word){.owner = vif->owner});
}

void pdp_publish_no_vif(struct pdp_publish *st, uint16_t id)
{
	struct pdp_vif *at = PDP_ELEMENT(st, PDP_MAP_VIFS, id, struct pdp_vif);

	if (!__atomic_load_n((uint64_t *)(void *)&at->owner, __ATOMIC_RELAXED))
		return;
	pdp_publish_no_vif_link(st, id);
	retire_vif(st, at);
}

void pdp_publish_wipe_vif(struct pdp_publish *st, uint16_t id)
{
	static const struct pdp_vif none;
	struct pdp_vif *at = PDP_ELEMENT(st, PDP_MAP_VIFS, id, struct pdp_vif);

	if (!memcmp(at, &none, sizeof(*at)))
		return;
	pdp_publish_settle(&st->retired_ns);
	*at = none;
	st->writes++;
}

static void store_mac(struct pdp_publish *st, struct pdp_vif_mac *at, const uint8_t mac[6])
{
	union pdp_word word = {0};

	memcpy(word.mac.mac, mac, 6);
	pdp_publish_word(st, at, word);
}

void pdp_publish_next_hop(struct pdp_publish *st, uint16_t vif, const uint8_t mac[6])
{
	store_mac(st, &PDP_ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif)->next_hop, mac);
}

void pdp_publish_source(struct pdp_publish *st, uint16_t vif, const uint8_t mac[6])
{
	store_mac(st, &PDP_ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif)->source, mac);
}

void pdp_publish_impair(struct pdp_publish *st, uint16_t vif, struct pdp_vif_impair impair)
{
	pdp_publish_word(st, &PDP_ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif)->impair,
			 (union pdp_word){.impair = impair});
}

static uint32_t vif_link(const struct pdp_publish *st, uint32_t vif)
{
	uint32_t ifindex = 0;

	bpf_map_lookup_elem(pdp_loader_map_fd(st->loader, PDP_MAP_VIF_LINKS), &vif, &ifindex);
	return ifindex;
}

int pdp_publish_vif_link(struct pdp_publish *st, uint16_t vif, int mh_ifindex,
			 const uint8_t guest_mac[6], struct pdp_error *err)
{
	struct pdp_vif *at = PDP_ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif);
	uint32_t was = vif_link(st, vif);
	int code;

	if (was && was != (uint32_t)mh_ifindex)
		pdp_hops_bury(st->loader, was, at->owner.vnet, true);
	code = pdp_publish_devmap(st, PDP_MAP_VIF_LINKS, PDP_MAP_VIF_SENDERS, vif, mh_ifindex,
				  (int)was, err);
	if (!code)
		store_mac(st, &at->guest, guest_mac);
	return code;
}

void pdp_publish_no_vif_link(struct pdp_publish *st, uint16_t vif)
{
	struct pdp_vif *at = PDP_ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif);
	uint32_t was = vif_link(st, vif);

	pdp_publish_word(st, &at->guest, (union pdp_word){0});
	if (was)
		pdp_hops_bury(st->loader, was, at->owner.vnet, true);
	pdp_publish_devmap(st, PDP_MAP_VIF_LINKS, PDP_MAP_VIF_SENDERS, vif, 0, (int)was, NULL);
}
