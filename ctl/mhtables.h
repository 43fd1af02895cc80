/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhtables.h - the node file's addresses, routes and neighbours in the kernel of an MH guest.
 *
 * What was put is known, and only that is taken away again: whatever daemons and the owner have there is
 * theirs. Connected and local routes are the kernel's own doing.
 */
#ifndef PDP_MHTABLES_H
#define PDP_MHTABLES_H

#include <stddef.h>

#include "ctl/fib.h"
#include "ctl/rtnl.h"

/* rtnetlink messages of fib.h, one after the other; interface indexes are vif ids. */
struct pdp_mhtables {
	char *buf;
	size_t len;
};

/* What a vnet wants; the caller's to free. @vif_ids: of conf->vifs. 0 or -ENOMEM, with *out zeroed. */
int pdp_mhtables_build(struct pdp_mhtables *out, const struct pdp_vnet_conf *conf,
		       const uint16_t *vif_ids);
void pdp_mhtables_free(struct pdp_mhtables *tables);

/* How the guest's namespace is reached: its socket, and the ifindex of a vif, 0 = none. */
struct pdp_mhtables_way {
	struct pdp_rtnl *rtnl;
	int (*ifindex)(uint16_t vif, void *arg);
	void *arg;
};

/*
 * pdp_mhtables_put() - put what `want` has and `had` (NULL: nothing) has not.
 *
 * Goes on past an error and returns the first. Of a vif that is down or gone nothing can be said in the
 * kernel: that is passed over, and to be put when it comes back.
 */
int pdp_mhtables_put(const struct pdp_mhtables_way *way, const struct pdp_mhtables *want,
		     const struct pdp_mhtables *had, struct pdp_error *err);
/* Take away what `had` has under a name that `want` has nothing under. What is gone already is fine. */
void pdp_mhtables_withdraw(const struct pdp_mhtables_way *way, const struct pdp_mhtables *had,
			   const struct pdp_mhtables *want);
/* All of want, and what of had would be withdrawn, into *had. 0 or -ENOMEM. */
int pdp_mhtables_join(struct pdp_mhtables *had, const struct pdp_mhtables *want);

/* From and to a file, for the next controller; what cannot be read is empty. */
void pdp_mhtables_load(struct pdp_mhtables *out, const char *path);
int pdp_mhtables_save(const struct pdp_mhtables *tables, const char *path, struct pdp_error *err);

#endif
