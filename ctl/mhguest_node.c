/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mhguest_node.c - all MH guests of a node: what they share, and what an earlier controller left. */
#include "ctl/mhguest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/container.h"
#include "ctl/ethtool.h"
#include "ctl/mhguest_box.h"
#include "ctl/mhroot.h"

int pdp_mh_guests_new(struct pdp_mh_guests **out, const struct pdp_mh_conf *conf,
		      struct pdp_error *err)
{
	struct pdp_mh_guests *guests = calloc(1, sizeof(*guests));
	int code;

	*out = NULL;
	if (!guests)
		return pdp_fail(err, -ENOMEM, "no memory for MH guests");
	LIST_INIT(&guests->boxes);
	guests->base = conf->base;
	guests->loader = conf->loader;
	guests->ethtool_fd = -1;
	guests->id_block = conf->id_block;
	snprintf(guests->node, sizeof(guests->node), "%s", conf->node);
	snprintf(guests->run_dir, sizeof(guests->run_dir), "%s", conf->run_dir);
	snprintf(guests->agent_path, sizeof(guests->agent_path), "%s", conf->agent_path);
	snprintf(guests->lxc_prefix, sizeof(guests->lxc_prefix), "pdp-%s-", conf->node);
	snprintf(guests->owner_prefix, sizeof(guests->owner_prefix), "pdp %s ", conf->node);
	snprintf(guests->pivot, sizeof(guests->pivot), "pdp-%s.pivot", conf->node);
	code = pdp_rtnl_open(&guests->rtnl, err);
	if (!code) {
		guests->ethtool_fd = pdp_ethtool_open(err);
		code = guests->ethtool_fd < 0 ? guests->ethtool_fd : 0;
	}
	if (code)
		pdp_mh_guests_free(guests);
	else
		*out = guests;
	return code;
}

void pdp_mh_guests_free(struct pdp_mh_guests *guests)
{
	if (!guests)
		return;
	if (LIST_EMPTY(&guests->boxes) && !guests->released)
		pdp_mhroot_remove(guests->run_dir);
	pdp_rtnl_close(guests->rtnl);
	if (guests->ethtool_fd >= 0)
		close(guests->ethtool_fd);
	free(guests);
}

int pdp_mh_root(struct pdp_mh_guests *guests, struct pdp_error *err)
{
	int code = guests->rooted ? 0 : pdp_mhroot_make(guests->run_dir, guests->agent_path, err);

	guests->rooted |= !code;
	return code;
}

/* --- before it is made ---------------------------------------------------------------------------- */

/* Names that a device cannot have, or that mean something else where devices are named. */
static bool is_device_name(const char *name)
{
	static const char *const taken[] = {"lo", "all", "default"};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (!strcmp(name, taken[i]))
			return false;
	return strlen(name) < IFNAMSIZ;
}

int pdp_mh_check_vifs(const struct pdp_vnet_conf *conf, struct pdp_error *err)
{
	for (size_t i = 0; i < conf->n_vifs; i++)
		if (!is_device_name(conf->vifs[i].name))
			return pdp_fail(err, -EINVAL,
					"vnet %s: vif '%s' cannot be a device of its control "
					"plane: that takes 1 to %d characters, and is not lo, all "
					"or default",
					conf->name, conf->vifs[i].name, IFNAMSIZ - 1);
	return 0;
}

/* --- what is there -------------------------------------------------------------------------------- */

struct strays {
	const struct pdp_mh_guests *guests;
	char (*names)[128];
	size_t n;
};

static bool is_ours(const char *lxc_name)
{
	const size_t len = strlen(lxc_name), suffix = strlen(PDP_MH_SUFFIX);

	return len > suffix && !strcmp(lxc_name + len - suffix, PDP_MH_SUFFIX);
}

static int note_stray(const char *lxc_name, void *arg)
{
	struct strays *strays = arg;
	const struct pdp_mh_guest *guest;
	char(*grown)[128];

	if (!is_ours(lxc_name) || strlen(lxc_name) >= sizeof(*grown))
		return 0;
	LIST_FOREACH(guest, &strays->guests->boxes, others)
		if (!strcmp(guest->lxc_name, lxc_name))
			return 0;
	grown = realloc(strays->names, (strays->n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	strays->names = grown;
	snprintf(grown[strays->n++], sizeof(*grown), "%s", lxc_name);
	return 0;
}

static int remove_stray(struct pdp_mh_guests *guests, const char *lxc_name, struct pdp_error *err)
{
	const char *name = lxc_name + strlen(guests->lxc_prefix);
	unsigned int links = 0;
	char owner[160];
	int code;

	snprintf(owner, sizeof(owner), "%s%s", guests->owner_prefix, name);
	pdp_container_stop(guests->run_dir, lxc_name, guests->pivot);
	code = pdp_mhlink_reap(guests->rtnl, guests->loader, owner, NULL, 0, &links, err);
	pdp_mh_dir_remove(guests->run_dir, name);
	return code;
}

int pdp_mh_reap(struct pdp_mh_guests *guests, unsigned int *n, struct pdp_error *err)
{
	struct strays strays = {.guests = guests};
	int code =
		pdp_container_each(guests->run_dir, guests->lxc_prefix, note_stray, &strays, err);

	*n = 0;
	for (size_t i = 0; !code && i < strays.n; i++) {
		code = remove_stray(guests, strays.names[i], err);
		++*n;
	}
	free(strays.names);
	return code;
}
