/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * audit.h - is the kernel as the controller left it?
 */
#ifndef PDP_AUDIT_H
#define PDP_AUDIT_H

#include "ctl/node.h"

struct pdp_audit;

/* 0 or -ENOMEM. */
int pdp_audit_new(struct pdp_audit **out, struct pdp_node *node);
/* A round that is under way is given up. NULL is fine. */
void pdp_audit_free(struct pdp_audit *audit);

/*
 * Compare maps, links and pins with what they are to be, put back what is not, and make an event of
 * it. Once a second; reads only, as long as nobody meddled. Waits while a change is under way.
 *
 * A round takes as many turns of the event loop as it needs, each some milliseconds long, and begins no
 * sooner than after a hundred times what the last one took.
 */
void pdp_audit(struct pdp_audit *audit);

/* Is a round under way? */
bool pdp_audit_busy(const struct pdp_audit *audit);

#endif
