/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * affinity.h - where pdpd itself runs: not on CPUs of FEs, if there are others.
 *
 * An FE's capacity is that of its CPUs, and the allocator may give all of it away. Each per cent that pdpd took
 * there would be missing in the guests' powers, and in one guest's alone where it is the last to get its share.
 * Owns the affinity that pdpd was started with. Off the packet's path.
 */
#ifndef PDP_AFFINITY_H
#define PDP_AFFINITY_H

#include "ctl/model.h"

/*
 * pdpd's thread keeps off the CPUs of these FEs; where nothing would be left, it runs where it might when it was
 * started. So it does where the kernel refuses.
 */
void pdp_affinity_keep_off(const struct pdp_fe_conf *fes, size_t n);

/* For a process that pdpd has forked and that is not a part of it: where pdpd might run when it was started. */
void pdp_affinity_restore(void);

#endif
