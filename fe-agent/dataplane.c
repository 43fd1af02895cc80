/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* dataplane.c - the data planes that are built in, by name. */
#include <string.h>

#include "fe-agent/dataplane.h"

static const struct pdp_dataplane_ops *const dataplanes[] = {
	&pdp_router,
	&pdp_handup,
};

const struct pdp_dataplane_ops *pdp_dataplane_find(const char *name)
{
	for (size_t i = 0; i < sizeof(dataplanes) / sizeof(dataplanes[0]); i++)
		if (!strcmp(dataplanes[i]->name, name))
			return dataplanes[i];
	return NULL;
}
