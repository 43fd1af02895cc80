/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * netdev.h - what the kernel tells of a device in its generic netlink family "netdev", and threaded NAPI.
 *
 * All of them are about the calling thread's network namespace.
 */
#ifndef PDP_NETDEV_H
#define PDP_NETDEV_H

#include <stdbool.h>
#include <sys/types.h>

#include "loader/loader.h"

/*
 * Does a device take frames that an XDP program redirects to it? 1; 0: no, as a veth whose far end has
 * neither an XDP program nor GRO; -EOPNOTSUPP: the kernel cannot tell (before 6.3); -errno.
 */
int pdp_netdev_takes_redirects(int ifindex);

/*
 * Have a device's packets processed by a kernel thread of its own, or by softirqs again. A veth must run an
 * XDP program (or GRO) by then. 0 or -errno.
 */
int pdp_netdev_set_threaded(const char *ifname, bool on, struct pdp_error *err);

/*
 * That thread's pid; 0: there is none. -EOPNOTSUPP: the kernel cannot tell which it is (before 6.8). A device
 * with one receive queue, as a guest's eth0, has one thread.
 */
int pdp_netdev_thread(int ifindex, pid_t *pid, struct pdp_error *err);

#endif
