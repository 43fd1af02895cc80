/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_underlay.c - the UDP socket of pdp-tun.
 */
#include "ctl/tun_underlay.h"

#include <errno.h>
#include <linux/udp.h>
#include <netinet/ip.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Room for some milliseconds of a fast link; netdev's default is 208 KiB. */
#define BUFFER_BYTES (4 << 20)

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static void set_buffers(int fd)
{
	if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES))
		set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES))
		set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

/* DF always; the ECN field and DSCP of what comes in are told. */
static bool set_options(int fd, int family)
{
	set_buffers(fd);
	if (family == AF_INET)
		return set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO) &&
		       set(fd, IPPROTO_IP, IP_RECVTOS, 1);
	return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
	       set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO) &&
	       set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
	       set(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1);
}

static int explain_bind(const char *local, struct pdp_error *err)
{
	if (errno == EADDRINUSE)
		return pdp_fail(err, -errno, "local endpoint %s is in use by another socket",
				local);
	if (errno == EADDRNOTAVAIL)
		return pdp_fail(err, -errno, "local endpoint %s: no device here has this address",
				local);
	return pdp_fail(err, -errno, "local endpoint %s: %s", local, strerror(errno));
}

/* What came from anywhere between bind() and connect(). */
static void drain(int fd)
{
	char byte;

	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		;
}

int pdp_tun_underlay_open(int *out, const union pdp_tun_endpoint *local,
			  const union pdp_tun_endpoint *remote, struct pdp_error *err)
{
	char from[PDP_TUN_ENDPOINT_LEN], to[PDP_TUN_ENDPOINT_LEN];
	int ret, fd;

	pdp_tun_endpoint_print(local, from);
	pdp_tun_endpoint_print(remote, to);
	if (local->sa.sa_family != remote->sa.sa_family)
		return pdp_fail(err, -EINVAL, "endpoints %s and %s are not of one IP version", from,
				to);
	fd = socket(local->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd < 0)
		return pdp_fail(err, -errno, "open a UDP socket: %s", strerror(errno));
	if (!set_options(fd, local->sa.sa_family))
		ret = pdp_fail(err, -errno, "set up the UDP socket: %s", strerror(errno));
	else if (bind(fd, &local->sa, pdp_tun_endpoint_size(local)))
		ret = explain_bind(from, err);
	else if (connect(fd, &remote->sa, pdp_tun_endpoint_size(remote)))
		ret = pdp_fail(err, -errno, "remote endpoint %s: %s", to, strerror(errno));
	else
		ret = 0;
	if (ret) {
		close(fd);
		return ret;
	}
	drain(fd);
	*out = fd;
	return 0;
}

unsigned int pdp_tun_overhead(int family)
{
	return (family == AF_INET ? 20 : 40) + 8;
}

int pdp_tun_underlay_mtu(int fd, int family)
{
	socklen_t size = sizeof(int);
	int mtu;

	if (getsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		       family == AF_INET ? IP_MTU : IPV6_MTU, &mtu, &size))
		return -errno;
	return mtu;
}
