/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* hello.c - an agent's first message, checked; see hello.h. */
#include "ctl/hello.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/agentstats.h"
#include "ctl/netns.h"

static int check_words(const struct pdp_hello *hello, const struct pdp_hello_want *want,
		       struct pdp_error *err)
{
	if (hello->version != PDP_CHANNEL_VERSION)
		return pdp_fail(err, -EPROTO, "agent speaks channel version %u, not %u",
				hello->version, PDP_CHANNEL_VERSION);
	if (hello->wire_version != PDP_WIRE_VERSION)
		return pdp_fail(err, -EPROTO, "agent speaks tag version %u, not %u",
				hello->wire_version, PDP_WIRE_VERSION);
	if (hello->ifindex != (uint32_t)want->ifindex)
		return pdp_fail(err, -EPERM, "agent's device is %u, not eth0 (%d)", hello->ifindex,
				want->ifindex);
	if (hello->queue >= want->queues)
		return pdp_fail(err, -EPERM, "agent's queue %u is not one of eth0's %u",
				hello->queue, want->queues);
	if (strnlen(hello->dataplane, sizeof(hello->dataplane)) == sizeof(hello->dataplane) ||
	    strcmp(hello->dataplane, want->dataplane) != 0)
		return pdp_fail(err, -EPROTO, "agent runs data plane '%.*s', not %s",
				(int)sizeof(hello->dataplane), hello->dataplane, want->dataplane);
	return 0;
}

static int check_socket(int fd, uint64_t netns_cookie, struct pdp_error *err)
{
	socklen_t len = sizeof(int);
	uint64_t cookie = 0;
	int domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != AF_XDP)
		return pdp_fail(err, -EPERM, "agent's first descriptor is no AF_XDP socket");
	if (pdp_netns_cookie(fd, &cookie) || cookie != netns_cookie)
		return pdp_fail(err, -EPERM, "agent's socket is of another network namespace");
	return 0;
}

int pdp_hello_check(const void *body, size_t len, const int *fds, unsigned int n_fds,
		    const struct pdp_hello_want *want, struct pdp_error *err)
{
	struct pdp_hello hello;
	int code;

	if (len != sizeof(hello))
		return pdp_fail(err, -EPROTO, "HELLO has %zu bytes, not %zu", len, sizeof(hello));
	if (n_fds != PDP_HELLO_FDS)
		return pdp_fail(err, -EPROTO, "HELLO came with %u descriptors, not %d", n_fds,
				PDP_HELLO_FDS);
	memcpy(&hello, body, sizeof(hello));
	code = check_words(&hello, want, err);
	if (!code)
		code = check_socket(fds[0], want->netns_cookie, err);
	return code ? code : pdp_agentstats_check(fds[1], err);
}
