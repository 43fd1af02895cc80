/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * handup.c - the data plane `xdp`: the agent half of a vnet owner's own XDP program.
 *
 * What the program on eth0 does not do itself, and lets climb to the socket, goes to the vnet's control plane as it
 * came. Bytes of a protocol of the owner's own have no kernel that could take them, and end here. There
 * are no tables: vifs and routes are heard and forgotten. What the owner has to do beside packets his own agent
 * does (own_agent.c).
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>

#include "fe-agent/dataplane.h"

struct pdp_dataplane {
	uint64_t unused;
};

static int init(struct pdp_dataplane **out, const struct pdp_router_memory *memory)
{
	(void)memory;
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void fini(struct pdp_dataplane *dp)
{
	free(dp);
}

static int set_vif(struct pdp_dataplane *dp, const struct pdp_dp_vif *vif)
{
	(void)dp, (void)vif;
	return 0;
}

static int netlink(struct pdp_dataplane *dp, const void *msgs, size_t len,
		   struct pdp_dp_refused *refused)
{
	(void)dp, (void)msgs, (void)len, (void)refused;
	return 0;
}

static void nothing(struct pdp_dataplane *dp)
{
	(void)dp;
}

static void routes(struct pdp_dataplane *dp, uint64_t *routes4, uint64_t *routes6)
{
	(void)dp;
	*routes4 = *routes6 = 0;
}

static bool dump(struct pdp_dataplane *dp, struct pdp_dp_cursor *cursor, void *buf, size_t size,
		 size_t *len)
{
	(void)dp, (void)cursor, (void)buf, (void)size;
	*len = 0;
	return true;
}

static size_t lookup(struct pdp_dataplane *dp, uint8_t family, const uint8_t addr[16],
		     uint32_t hash, void *buf, size_t size)
{
	(void)dp, (void)family, (void)addr, (void)hash, (void)buf, (void)size;
	return 0;
}

static void burst(struct pdp_dataplane *dp, struct pdp_packet *pkts, unsigned int n)
{
	(void)dp;
	for (unsigned int i = 0; i < n; i++) {
		pkts[i].op = PDP_OP_LOCAL;
		if (pkts[i].proto != ETH_P_IP && pkts[i].proto != ETH_P_IPV6 &&
		    pkts[i].proto != PDP_PROTO_ETHERNET) {
			pkts[i].op = PDP_OP_DROP;
			pkts[i].drop = dp_bytes;
		}
	}
}

const struct pdp_dataplane_ops pdp_handup = {
	.name = "xdp",
	.init = init,
	.fini = fini,
	.set_vif = set_vif,
	.netlink = netlink,
	.renew = nothing,
	.sweep = nothing,
	.routes = routes,
	.dump = dump,
	.lookup = lookup,
	.burst = burst,
	.quiescent = nothing,
	.offline = nothing,
	.online = nothing,
};
