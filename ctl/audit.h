/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * audit.h - is the kernel as the controller left it?
 */
#ifndef PDP_AUDIT_H
#define PDP_AUDIT_H

#include "ctl/node.h"

/*
 * Compare maps, links and pins with what they are to be, put back what is not, and make an event of
 * it. Once a second; reads only, as long as nobody meddled. Waits while a change is under way.
 */
void pdp_audit(struct pdp_node *node);

#endif
