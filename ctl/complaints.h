/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * complaints.h - what an agent says that it could not apply: to standard error, clean and in bounds.
 */
#ifndef PDP_COMPLAINTS_H
#define PDP_COMPLAINTS_H

#include <stddef.h>

#include "ctl/bucket.h"
#include "loader/loader.h"

/* The first two begin anew with each connection. */
struct pdp_complaints {
	unsigned int told; /* messages that were sent to the agent, */
	unsigned int taken; /* and its complaints: at most one about each */
	struct pdp_bucket lines;
	unsigned int unsaid; /* since the last that was shown */
};

/*
 * Twenty are shown at once, then one a second. -EPROTO for more complaints than messages. from: in front
 * of the line; text: any bytes.
 */
int pdp_complaints_take(struct pdp_complaints *c, const char *from, const char *text, size_t len,
			struct pdp_error *err);

#endif
