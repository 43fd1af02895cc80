/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * ethtool.c - offloads off and driver statistics, by SIOCETHTOOL.
 *
 * Off the packet's path. The old one-word-per-feature commands serve: each is one call, they
 * are in every kernel that has XDP, and the kernel maps them to its feature bits.
 */
#include "ctl/ethtool.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define STATS_MAX 4096 /* more statistics than any driver has */

/* An offload and its commands; those without a command of their own are a bit of ETHTOOL_?FLAGS. */
static const struct {
	const char *name;
	unsigned int offload;
	uint32_t get;
	uint32_t set;
	uint32_t flag;
} features[] = {
	{"rx", PDP_OFFLOAD_RX_CSUM, ETHTOOL_GRXCSUM, ETHTOOL_SRXCSUM, 0},
	{"tx", PDP_OFFLOAD_TX_CSUM, ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, 0},
	{"tso", PDP_OFFLOAD_TSO, ETHTOOL_GTSO, ETHTOOL_STSO, 0},
	{"gso", PDP_OFFLOAD_GSO, ETHTOOL_GGSO, ETHTOOL_SGSO, 0},
	{"gro", PDP_OFFLOAD_GRO, ETHTOOL_GGRO, ETHTOOL_SGRO, 0},
	{"rxvlan", PDP_OFFLOAD_RXVLAN, ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_RXVLAN},
	{"txvlan", PDP_OFFLOAD_TXVLAN, ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_TXVLAN},
};

int pdp_ethtool_open(struct pdp_error *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? pdp_fail(err, -errno, "open ethtool socket: %s", strerror(errno)) : fd;
}

static int call(int fd, const char *ifname, void *cmd)
{
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	ifr.ifr_data = cmd;
	return ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
}

/* 1 = on, 0 = off or unknown to the device, -errno. */
static int is_on(int fd, const char *ifname, size_t i)
{
	struct ethtool_value value = {.cmd = features[i].get};
	int code = call(fd, ifname, &value);

	if (code == -EOPNOTSUPP)
		return 0;
	if (code)
		return code;
	return features[i].flag ? !!(value.data & features[i].flag) : !!value.data;
}

static int turn_off(int fd, const char *ifname, size_t i)
{
	struct ethtool_value value = {.cmd = features[i].get};

	if (features[i].flag && !call(fd, ifname, &value))
		value.data &= ~features[i].flag;
	else
		value.data = 0;
	value.cmd = features[i].set;
	return call(fd, ifname, &value);
}

int pdp_ethtool_on(int fd, const char *ifname, unsigned int offloads, struct pdp_error *err)
{
	unsigned int on = 0;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		int state = 0;

		if (offloads & features[i].offload)
			state = is_on(fd, ifname, i);
		if (state < 0)
			return pdp_fail(err, state, "%s: read offload %s: %s", ifname,
					features[i].name, strerror(-state));
		if (state)
			on |= features[i].offload;
	}
	return (int)on;
}

static const char *first_name(unsigned int offloads)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (offloads & features[i].offload)
			return features[i].name;
	return "?";
}

int pdp_ethtool_off(int fd, const char *ifname, unsigned int offloads, struct pdp_error *err)
{
	int on = pdp_ethtool_on(fd, ifname, offloads, err);

	if (on <= 0)
		return on;
	/* A refusal shows below, as an offload that is still on. */
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if ((unsigned int)on & features[i].offload)
			turn_off(fd, ifname, i);
	on = pdp_ethtool_on(fd, ifname, offloads, err);
	if (on > 0)
		return pdp_fail(err, -EOPNOTSUPP,
				"%s: offload %s cannot be turned off; try 'ethtool -K %s %s off'",
				ifname, first_name((unsigned int)on), ifname,
				first_name((unsigned int)on));
	return on;
}

/* How many statistics the driver has. */
static int count_stats(int fd, const char *ifname, uint32_t *count)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t length;
	} sset = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_STATS}};
	int code = call(fd, ifname, &sset);

	*count = 0;
	if (code)
		return code == -EOPNOTSUPP ? 0 : code;
	if (sset.info.sset_mask)
		*count = sset.length;
	return *count > STATS_MAX ? -EOVERFLOW : 0;
}

static int sum_stats(int fd, const char *ifname, const char *pattern, uint32_t count,
		     struct ethtool_gstrings *names, struct ethtool_stats *values, uint64_t *sum)
{
	int code;

	*sum = 0;
	if (!count)
		return 0;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = count;
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = count;
	code = call(fd, ifname, names);
	if (!code)
		code = call(fd, ifname, values);
	if (code)
		return code;

	for (uint32_t i = 0; i < names->len && i < values->n_stats && i < count; i++) {
		char *name = (char *)names->data + (size_t)i * ETH_GSTRING_LEN;

		name[ETH_GSTRING_LEN - 1] = '\0';
		if (!fnmatch(pattern, name, FNM_EXTMATCH))
			*sum += values->data[i];
	}
	return 0;
}

int pdp_ethtool_stats(int fd, const char *ifname, const char *pattern, uint64_t *sum,
		      struct pdp_error *err)
{
	struct ethtool_gstrings *names = NULL;
	struct ethtool_stats *values = NULL;
	uint32_t count;
	int code = count_stats(fd, ifname, &count);

	if (!code) {
		names = calloc(1, sizeof(*names) + (size_t)(count + 1) * ETH_GSTRING_LEN);
		values = calloc(1, sizeof(*values) + (size_t)(count + 1) * sizeof(uint64_t));
		code = names && values ? sum_stats(fd, ifname, pattern, count, names, values, sum)
				       : -ENOMEM;
	}
	free(names);
	free(values);
	return code ? pdp_fail(err, code, "%s: read statistics: %s", ifname, strerror(-code)) : 0;
}
