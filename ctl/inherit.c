/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* inherit.c - what an earlier controller left; see inherit.h. docs/pins.md is the prose. */
#include "ctl/inherit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/log.h"

static int note_port(const struct pdp_link_info *info, void *in_force)
{
	if (info->ifindex && !strncmp(info->name, "port-", strlen("port-")))
		*(bool *)in_force = true;
	return 0;
}

int pdp_inherit_look(struct pdp_node *node, struct pdp_error *err)
{
	struct pdp_loader *old;
	bool in_force = false;
	int code = pdp_loader_open_pins(&old, node->conf.pins, err);

	if (!code) {
		pdp_loader_each_link(old, note_port, &in_force);
		pdp_loader_close(old);
	}
	/* Once a port is ours, what stands beside is only to be cleared away. */
	if (!in_force)
		node->other_abi = pdp_loader_find_beside(node->conf.pins);
	node->forwards_without_us = !code || node->other_abi;
	return code == -ENOENT ? 0 : code;
}

static bool is_outdated(const struct pdp_node *node, const char *vnet, uint16_t number)
{
	char name[PDP_LABEL_MAX + 16];

	snprintf(name, sizeof(name), "%s-%u", vnet, number);
	return node->other_abi ||
	       pdp_guest_is_foreign(node->conf.run_dir, name, pdp_fe_link_mtu(PDP_PORT_MTU_MAX));
}

bool pdp_inherit_mark(const struct pdp_node *node, struct pdp_placement *had)
{
	bool any = false;
	size_t i, j;

	for (i = 0; node->forwards_without_us && i < had->n_vnets; i++) {
		struct pdp_placed_vnet *vnet = &had->vnets[i];

		for (j = 0; j < vnet->n_guests; j++) {
			vnet->guests[j].outdated =
				is_outdated(node, vnet->name, vnet->guests[j].number);
			any = any || vnet->guests[j].outdated;
		}
	}
	if (node->other_abi)
		pdp_log(PDP_LOG_NOTICE,
			"a node with maps of version %d forwards, and this build's are %d: its guests "
			"are made anew beside the old ones",
			node->other_abi, PDP_ABI);
	else if (any)
		pdp_log(PDP_LOG_NOTICE,
			"guests of another build, which this one cannot go on with, are made anew "
			"beside the old ones");
	return any;
}

void pdp_inherit_done(struct pdp_node *node)
{
	int other = pdp_loader_find_beside(node->conf.pins);
	struct pdp_error err;

	node->other_abi = 0;
	if (!other)
		return;
	if (pdp_loader_purge_beside(node->conf.pins, &err))
		pdp_log(PDP_LOG_ERROR, "what is left of maps of version %d: %s", other, err.text);
	else
		pdp_log(PDP_LOG_NOTICE, "the maps of version %d are not needed any more: removed",
			other);
}
