/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * beside.c - a node of another ABI, in a directory beside ours: found, and taken away once it is not needed.
 *
 * What has another layout has another directory, so both can stand at once: packets go on meeting the old
 * programs and maps until ours are filled and take the links over (links.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/internal.h"

struct beside {
	const char *root;
	int abi; /* the highest but ours; 0 = none */
};

static int find_one(const char *name, void *arg)
{
	struct beside *beside = arg;
	char maps[PDP_PATH_MAX], *end;
	long abi = *name == 'v' ? strtol(name + 1, &end, 10) : 0;

	if (abi <= 0 || abi > 9999 || *end || abi == PDP_ABI)
		return 0;
	snprintf(maps, sizeof(maps), "%.*s/v%ld/maps", PDP_ROOT_MAX, beside->root, abi);
	if (!access(maps, F_OK) && abi > beside->abi)
		beside->abi = (int)abi;
	return 0;
}

int pdp_loader_find_beside(const char *root)
{
	struct beside beside = {.root = root};

	pdp_pins_each(root, find_one, &beside);
	return beside.abi;
}

int pdp_loader_purge_beside(const char *root, struct pdp_error *err)
{
	struct pdp_loader *ld;
	int rc = 0, abi;

	while (!rc && (abi = pdp_loader_find_beside(root))) {
		rc = pdp_loader_open_abi(&ld, root, abi, err);
		if (rc)
			return rc;
		rc = pdp_loader_purge(ld, err);
		pdp_loader_close(ld);
	}
	return rc;
}
