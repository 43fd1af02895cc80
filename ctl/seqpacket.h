/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * seqpacket.h - a unix socket of datagrams with a connection: where agents knock, what they send.
 */
#ifndef PDP_SEQPACKET_H
#define PDP_SEQPACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/hello.h"
#include "fe-agent/channel.h"
#include "loader/loader.h"

/*
 * Listen at a path, in the place of whatever was there; only uid and gid `who` may connect. The
 * directory must be one that only root may write to. A descriptor or -errno.
 */
int pdp_seqpacket_listen(const char *path, uid_t who, struct pdp_error *err);

/* A message that came in, with its descriptors. */
struct pdp_inbox {
	ssize_t len; /* 0 = the end; -errno */
	unsigned int n_fds;
	int fds[PDP_HELLO_FDS];
	bool cut; /* it, or its descriptors, were more than fits */
	_Alignas(8) uint8_t data[PDP_CHANNEL_MAX];
};

/* One message. Descriptors over what fits are never installed: the kernel says MSG_CTRUNC. */
void pdp_inbox_receive(int fd, struct pdp_inbox *in);
/* Its descriptors. */
void pdp_inbox_close(struct pdp_inbox *in);

#endif
