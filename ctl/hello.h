/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * hello.h - an agent's first message, looked at with distrust.
 */
#ifndef PDP_HELLO_H
#define PDP_HELLO_H

#include <stddef.h>
#include <stdint.h>

#include "fe-agent/channel.h"
#include "loader/loader.h"

#define PDP_HELLO_FDS 2 /* the AF_XDP socket, the counters; in this order */

/* What the guest's agent must have said and sent. */
struct pdp_hello_want {
	int ifindex; /* of eth0 in the guest */
	uint32_t queues;
	uint64_t netns_cookie; /* of the guest */
	const char *dataplane;
};

/*
 * pdp_hello_check() - is this the agent of this guest, with its own socket?
 * @body: what follows struct pdp_msg.  @fds, @n_fds: what came with it; they stay the caller's.
 *
 * The socket must be of AF_XDP and of the guest's own network namespace. The kernel does not tell
 * what an AF_XDP socket is bound to (getsockname: EOPNOTSUPP), and need not: a frame redirected to one
 * bound to another device or queue is dropped in the guest's own receive path, so a lie costs the
 * liar alone. The counters must be a memfd sealed against resizing. 0, or -EPROTO, -EPERM with the reason in err.
 */
int pdp_hello_check(const void *body, size_t len, const int *fds, unsigned int n_fds,
		    const struct pdp_hello_want *want, struct pdp_error *err);

#endif
