/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * own.h - a vnet owner's own XDP program (data-plane kind xdp) as the controller keeps it.
 *
 * One for a vnet, shared by its guests and, while a change is under way, by both layouts. It holds what was
 * accepted last: the object's bytes, not its path, so that a guest that is made again months later runs what
 * its siblings run. RUN_DIR/own/VNET is a copy for the next controller, RUN_DIR/own/VNET.agent one of the owner's
 * agent, if there is one, RUN_DIR/own/VNET.log what the verifier said of the last object that was refused.
 */
#ifndef PDP_OWN_H
#define PDP_OWN_H

#include "bpf/vif.h"
#include "ctl/model.h"
#include "loader/loader.h"

struct pdp_own;
struct pdp_own_parts;

/*
 * One that has nothing yet; NULL without memory. run_dir and where the loader is must stay; it may come later,
 * before all below.
 */
struct pdp_own *pdp_own_new(struct pdp_loader *const *loader, const char *run_dir,
			    const char *vnet);
struct pdp_own *pdp_own_ref(struct pdp_own *own); /* NULL is fine */
void pdp_own_unref(struct pdp_own *own);

/* What the program is told of a vif: kept, and put into its map. Family 0 removes. */
int pdp_own_vif(struct pdp_own *own, const struct pdp_dp_vif *vif, struct pdp_error *err);

/*
 * Have something to give to guests: what an earlier controller kept, or else what conf says, read and tried.
 * 0 also when there is something already.
 */
int pdp_own_prepare(struct pdp_own *own, const struct pdp_data_conf *conf, struct pdp_error *err);

/* Is what it has of this object, program and agent? */
bool pdp_own_is(const struct pdp_own *own, const struct pdp_data_conf *conf);

/*
 * pdp_own_take() - read conf's object, try it, and have it in the place of what was; that is put back by
 * pdp_own_back(), or let go by pdp_own_keep(), which also makes the copy for the next controller.
 *
 * -errno: it is refused, err says why and where the verifier's log is; nothing has changed.
 */
int pdp_own_take(struct pdp_own *own, const struct pdp_data_conf *conf, struct pdp_error *err);
void pdp_own_back(struct pdp_own *own);
int pdp_own_keep(struct pdp_own *own, struct pdp_error *err);

/* Put it on a guest's eth0; as pdp_loader_attach_guest(). */
int pdp_own_attach(struct pdp_own *own, uint16_t guest, int ifindex, int *xskmap_fd,
		   struct pdp_error *err);

/*
 * pdp_own_parts() - what the owner's agent is and has, for OWN (fe-agent/channel.h).
 * @fds: PDP_OWN_FDS, program first; they stay own's and the loader's.
 * Returns how many; 0 = there is no agent.
 */
unsigned int pdp_own_parts(const struct pdp_own *own, struct pdp_own_parts *parts, int *fds);

/* The vnet has no such program any more: its maps and files go. */
void pdp_own_forget(struct pdp_own *own);

/* Why the object that was wanted last was refused; "" when it was not. */
const char *pdp_own_refused(const struct pdp_own *own);
/* Where the verifier's log of that is; it may be that it said nothing, and there is none. */
void pdp_own_log_path(const struct pdp_own *own, char path[PDP_PATH_LEN]);

#endif
