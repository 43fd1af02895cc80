/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * firewall.h - what firewall.bpf.c and firewall_agent.c share: the table of hosts on the outside, by a hash of their
 * addresses.
 */
#ifndef FIREWALL_H
#define FIREWALL_H

#include <linux/types.h>

#define FW_HOSTS_BITS 12
#define FW_HOSTS (1 << FW_HOSTS_BITS)

/* Each word is written by one side alone. */
struct fw_host {
	__u32 unasked; /* packets that nobody on the inside asked for, so far */
	__u32 banned; /* by the agent: nothing of it comes in */
};

#endif
