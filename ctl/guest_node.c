/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* guest_node.c - all guests of a node: their run directory, and what an earlier controller left. */
#include "ctl/guest_node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/container.h"
#include "ctl/guest_box.h"
#include "ctl/felink.h"
#include "ctl/rootfs.h"

struct stray {
	LIST_ENTRY(stray) others;
	char name[48];
};
LIST_HEAD(strays, stray);

bool pdp_guest_name_ok(const char *name)
{
	return *name && *name != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static int check_conf(const struct pdp_guests_conf *conf, struct pdp_error *err)
{
	if (!pdp_guest_name_ok(conf->node) || strlen(conf->node) > 40)
		return pdp_fail(err, -EINVAL, "node name '%s' is not of 1 to 40 of [a-z0-9-]",
				conf->node);
	if (*conf->run_dir != '/' || strpbrk(conf->run_dir, " \t\n\\:"))
		return pdp_fail(err, -EINVAL,
				"run directory '%s' is not an absolute path without blanks, "
				"colons and backslashes",
				conf->run_dir);
	return 0;
}

/* Guests' mapped root and agent walk through it. */
static int make_run_dir(struct pdp_guests *guests, struct pdp_error *err)
{
	struct stat st;

	if (mkdir(guests->run_dir, 0711) && errno != EEXIST)
		return pdp_fail(err, -errno, "make run directory %s: %s", guests->run_dir,
				strerror(errno));
	if (stat(guests->run_dir, &st))
		return pdp_fail(err, -errno, "run directory %s: %s", guests->run_dir,
				strerror(errno));
	if (chmod(guests->run_dir, (st.st_mode & 07777) | 0111))
		return pdp_fail(err, -errno, "let guests through %s: %s", guests->run_dir,
				strerror(errno));
	return 0;
}

int pdp_guests_new(struct pdp_guests **out, const struct pdp_guests_conf *conf,
		   struct pdp_error *err)
{
	struct pdp_guests *guests = NULL;
	int code = check_conf(conf, err);

	*out = NULL;
	if (code)
		return code;
	guests = calloc(1, sizeof(*guests));
	if (!guests)
		return pdp_fail(err, -ENOMEM, "no memory for guests");
	LIST_INIT(&guests->boxes);
	guests->base = conf->base;
	guests->loader = conf->loader;
	guests->link_mtu = conf->link_mtu;
	guests->id_block = conf->id_block;
	snprintf(guests->node, sizeof(guests->node), "%s", conf->node);
	snprintf(guests->run_dir, sizeof(guests->run_dir), "%s", conf->run_dir);
	snprintf(guests->lxc_prefix, sizeof(guests->lxc_prefix), "pdp-%s-", conf->node);
	snprintf(guests->owner_prefix, sizeof(guests->owner_prefix), "pdp %s ", conf->node);
	snprintf(guests->pivot, sizeof(guests->pivot), "pdp-%s.pivot", conf->node);
	code = pdp_guest_starts_init(guests, err);
	if (!code)
		code = make_run_dir(guests, err);
	if (!code)
		code = pdp_rootfs_make(guests->run_dir, conf->agent_path, err);
	if (!code)
		code = pdp_rtnl_open(&guests->rtnl, err);
	if (code)
		pdp_guests_free(guests);
	else
		*out = guests;
	return code;
}

void pdp_guests_free(struct pdp_guests *guests)
{
	if (!guests)
		return;
	pdp_rtnl_close(guests->rtnl);
	pdp_guest_starts_fini(guests);
	if (LIST_EMPTY(&guests->boxes) && !guests->released)
		pdp_rootfs_remove(guests->run_dir);
	free(guests);
}

static int note_stray(const struct pdp_guest_found *found, void *arg)
{
	struct strays *strays = arg;
	struct stray *stray = malloc(sizeof(*stray));

	if (!stray)
		return -ENOMEM;
	memcpy(stray->name, found->name, sizeof(stray->name));
	LIST_INSERT_HEAD(strays, stray, others);
	return 0;
}

/* First all names, then all ends: what is found changes with what is removed. */
static int discard_all(struct pdp_guests *guests, struct strays *strays, unsigned int *n,
		       struct pdp_error *err)
{
	struct stray *stray;
	int code = 0;

	while ((stray = LIST_FIRST(strays))) {
		if (!code)
			code = pdp_guest_discard(guests, stray->name, err);
		LIST_REMOVE(stray, others);
		free(stray);
		++*n;
	}
	return code;
}

int pdp_guests_reap(struct pdp_guests *guests, unsigned int *n, struct pdp_error *err)
{
	struct strays strays = LIST_HEAD_INITIALIZER(strays);
	unsigned int links = 0;
	int code;

	*n = 0;
	code = pdp_guests_each_found(guests, note_stray, &strays, err);
	if (!code)
		code = discard_all(guests, &strays, n, err);
	if (!code && LIST_EMPTY(&guests->boxes))
		code = pdp_felink_reap(guests->rtnl, guests->owner_prefix, &links, err);
	if (links > *n)
		*n = links;
	if (LIST_EMPTY(&guests->boxes))
		pdp_guest_dirs_remove(guests->run_dir);
	return code;
}
