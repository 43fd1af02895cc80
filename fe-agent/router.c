/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router.c - the data plane `router`: IPv4 and IPv6 forwarding between the vifs of a vnet.
 *
 * A burst goes by in three steps: all packets are looked at, with the table entry of each destination
 * fetched ahead; those that may be forwarded are looked up; then each is sent on its way. Until a packet's verdict is FORWARD
 * none of its bytes has changed. Owns the vifs and the FIB; the worker's thread reads them in RCU
 * read-side sections (liburcu-qsbr: a section is what lies between two calls of quiescent), the
 * thread of the control channel writes them, one change at a time.
 */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "fe-agent/checksum.h"
#include "fe-agent/dataplane.h"
#include "fe-agent/encap.h"
#include "fe-agent/fib.h"
#include "fe-agent/router_memory.h"
#include "fe-agent/router_packet.h"
#include "fe-agent/router_rules.h"
#include "fe-agent/vifs.h"

_Static_assert(PDP_BURST <= PDP_LPM4_BURST, "a burst is looked up at once");
_Static_assert(PDP_BURST <= PDP_LPM6_BURST, "a burst is looked up at once");

struct pdp_dataplane {
	struct pdp_router_memory memory;
	struct pdp_vifs vifs;
	struct pdp_fib fib;
	pthread_mutex_t writer;
};

/*
 * A thread that runs bursts is an RCU reader from its first one until it ends. The key's destructor
 * is what tells of the end.
 */
static pthread_key_t reader_key;
static pthread_once_t reader_once = PTHREAD_ONCE_INIT;
static __thread bool is_reader;

static void end_reader(void *unused)
{
	(void)unused;
	rcu_unregister_thread();
	is_reader = false;
}

static void make_reader_key(void)
{
	if (pthread_key_create(&reader_key, end_reader))
		abort();
}

static void become_reader(void)
{
	if (is_reader)
		return;
	pthread_once(&reader_once, make_reader_key);
	rcu_register_thread();
	pthread_setspecific(reader_key, &reader_key);
	is_reader = true;
}

static int router_init(struct pdp_dataplane **out, const struct pdp_router_memory *memory)
{
	struct pdp_dataplane *dp = calloc(1, sizeof(*dp));
	int err = 0;

	if (!dp)
		return -ENOMEM;
	if (memory)
		dp->memory = *memory;
	else
		err = pdp_router_memory_anonymous(&dp->memory);
	if (err)
		goto free_dp;
	err = pdp_vifs_init(&dp->vifs, &dp->memory);
	if (err)
		goto unmap;
	err = pdp_fib_init(&dp->fib, &dp->memory);
	if (err)
		goto fini_vifs;
	pthread_mutex_init(&dp->writer, NULL);
	*out = dp;
	return 0;
fini_vifs:
	pdp_vifs_fini(&dp->vifs);
unmap:
	if (!memory)
		pdp_router_memory_unmap(&dp->memory);
free_dp:
	free(dp);
	return err;
}

static void router_fini(struct pdp_dataplane *dp)
{
	if (!dp)
		return;
	pdp_fib_fini(&dp->fib);
	pdp_vifs_fini(&dp->vifs);
	pdp_router_memory_unmap(&dp->memory);
	pthread_mutex_destroy(&dp->writer);
	free(dp);
}

static int router_set_vif(struct pdp_dataplane *dp, const struct pdp_dp_vif *from)
{
	int err = 0;

	if (!from->id)
		return -EINVAL;
	pthread_mutex_lock(&dp->writer);
	if (from->family)
		err = pdp_vifs_set(&dp->vifs, from);
	else
		pdp_vifs_del(&dp->vifs, from->id);
	pthread_mutex_unlock(&dp->writer);
	return err;
}

static int router_netlink(struct pdp_dataplane *dp, const void *msgs, size_t len,
			  struct pdp_dp_refused *refused)
{
	int err;

	pthread_mutex_lock(&dp->writer);
	err = pdp_fib_netlink(&dp->fib, msgs, len, refused);
	pthread_mutex_unlock(&dp->writer);
	return err;
}

static void router_renew(struct pdp_dataplane *dp)
{
	pthread_mutex_lock(&dp->writer);
	pdp_vifs_renew(&dp->vifs);
	pdp_fib_renew(&dp->fib);
	pthread_mutex_unlock(&dp->writer);
}

/* Routes first: what leads to a vif goes before the vif. */
static void router_sweep(struct pdp_dataplane *dp)
{
	pthread_mutex_lock(&dp->writer);
	pdp_fib_sweep(&dp->fib);
	pdp_vifs_sweep(&dp->vifs);
	pthread_mutex_unlock(&dp->writer);
}

static void router_routes(struct pdp_dataplane *dp, uint64_t *routes4, uint64_t *routes6)
{
	pthread_mutex_lock(&dp->writer);
	*routes4 = dp->fib.lpm4.set.used;
	*routes6 = dp->fib.lpm6.set.used;
	pthread_mutex_unlock(&dp->writer);
}

static bool router_dump(struct pdp_dataplane *dp, struct pdp_dp_cursor *cursor, void *buf,
			size_t size, size_t *len)
{
	bool end;

	pthread_mutex_lock(&dp->writer);
	end = pdp_fib_dump(&dp->fib, cursor, buf, size, len);
	pthread_mutex_unlock(&dp->writer);
	return end;
}

static size_t router_lookup(struct pdp_dataplane *dp, uint8_t family, const uint8_t addr[16],
			    uint32_t hash, void *buf, size_t size)
{
	size_t len;

	pthread_mutex_lock(&dp->writer);
	len = pdp_fib_lookup(&dp->fib, family, addr, hash, buf, size);
	pthread_mutex_unlock(&dp->writer);
	return len;
}

static bool look(struct pdp_dataplane *dp, struct pdp_packet *pkt, struct pdp_router_packet *p)
{
	const struct pdp_rt_vif *in = pdp_vifs_get(&dp->vifs, pkt->vif);

	if (!pdp_router_look(pkt, in && in->outer.vxlan ? in->mac : NULL, p))
		return false;
	if (p->family == 4)
		pdp_lpm4_prefetch(&dp->fib.lpm4, p->dst_hi >> 32);
	return true;
}

/* The next hops of a burst's destinations, by id; 0 = no route. */
static void look_up(const struct pdp_dataplane *dp, const struct pdp_router_packet *ps,
		    unsigned int n, uint32_t *hops)
{
	uint32_t addrs[PDP_BURST], values4[PDP_BURST], values6[PDP_BURST];
	unsigned int n4 = 0, n6 = 0, i;
	struct pdp_lpm6_key keys[PDP_BURST];

	for (i = 0; i < n; i++) {
		if (ps[i].family == 4)
			addrs[n4++] = ps[i].dst_hi >> 32;
		else
			keys[n6++] = (struct pdp_lpm6_key){.hi = ps[i].dst_hi, .lo = ps[i].dst_lo};
	}
	pdp_lpm4_lookup_burst(&dp->fib.lpm4, addrs, values4, n4);
	pdp_lpm6_lookup_burst(&dp->fib.lpm6, keys, values6, n6);
	for (i = 0, n4 = 0, n6 = 0; i < n; i++)
		hops[i] = ps[i].family == 4 ? values4[n4++] : values6[n6++];
}

/* The MAC address of the gateway, or of the destination itself where it is on the link. */
static bool resolve(struct pdp_dataplane *dp, const struct pdp_router_packet *p,
		    const struct pdp_nexthop_path *path, uint8_t mac[6])
{
	struct pdp_neighbour_key key = {.vif = path->vif};

	if (path->gateway_family) {
		key.family = path->gateway_family;
		memcpy(key.addr, path->gateway, sizeof(key.addr));
	} else {
		key.family = p->family;
		memcpy(key.addr, p->ip + (p->family == 4 ? 16 : 24), p->family == 4 ? 4 : 16);
	}
	return pdp_neighbours_find(&dp->fib.neighbours, &key, mac);
}

/* TTL and ECN of the inner header, its checksum brought up to date word by word. */
static void rewrite4(struct pdp_router_packet *p)
{
	uint16_t check = pdp_load16(p->ip + 10), tos = pdp_load16(p->ip);
	uint16_t ttl = pdp_load16(p->ip + 8);

	p->ip[8]--;
	check = pdp_checksum_update(check, ttl, pdp_load16(p->ip + 8));
	if (p->ip[1] != p->tos) {
		p->ip[1] = p->tos;
		check = pdp_checksum_update(check, tos, pdp_load16(p->ip));
	}
	pdp_store16(p->ip + 10, check);
}

static void rewrite6(struct pdp_router_packet *p)
{
	p->ip[7]--;
	p->ip[0] = 0x60 | p->tos >> 4;
	p->ip[1] = (p->tos & 0xf) << 4 | (p->ip[1] & 0xf);
}

static void forward(struct pdp_dataplane *dp, struct pdp_packet *pkt, struct pdp_router_packet *p,
		    const struct pdp_nexthop_path *path)
{
	const struct pdp_rt_vif *out = pdp_vifs_get(&dp->vifs, path->vif);
	uint8_t mac[6];
	struct pdp_inner inner = {
		.mac = mac,
		.hash = pkt->hash,
		.proto = p->family == 4 ? ETH_P_IP : ETH_P_IPV6,
		.id = pdp_outer_id(pkt->hash, pkt->seq),
		.tos = p->tos,
		.df = p->df,
	};

	if (!out) {
		pdp_packet_drop(pkt, dp_no_egress);
		return;
	}
	if (p->ttl <= 1 || p->len > out->mtu || (out->outer.vxlan && !resolve(dp, p, path, mac))) {
		pdp_packet_local(pkt);
		return;
	}
	if (p->family == 4)
		rewrite4(p);
	else
		rewrite6(p);
	pkt->data = pdp_outer_push(&out->outer, p->ip, p->len, &inner);
	pkt->len = out->outer.len + p->len;
	pkt->proto = out->outer.family == 4 ? ETH_P_IP : ETH_P_IPV6;
	pkt->vif = path->vif;
	pkt->op = PDP_OP_FORWARD;
	pkt->drop = dp_none;
}

/* No route, and everything that wants an answer: the MH guest's kernel knows the words. */
static void route(struct pdp_dataplane *dp, struct pdp_packet *pkt, struct pdp_router_packet *p,
		  uint32_t hop_id)
{
	enum pdp_nexthop_kind kind =
		hop_id ? pdp_nexthops_kind(&dp->fib.hops, hop_id) : PDP_NEXTHOP_LOCAL;

	if (kind == PDP_NEXTHOP_LOCAL)
		pdp_packet_local(pkt);
	else if (kind == PDP_NEXTHOP_BLACKHOLE)
		pdp_packet_drop(pkt, dp_blackhole);
	else if (p->on_link)
		pdp_packet_drop(pkt, dp_bad_address);
	else
		forward(dp, pkt, p, pdp_nexthops_path(&dp->fib.hops, hop_id, pkt->hash));
}

static void router_burst(struct pdp_dataplane *dp, struct pdp_packet *pkts, unsigned int n)
{
	struct pdp_router_packet ps[PDP_BURST];
	struct pdp_packet *undecided[PDP_BURST];
	uint32_t hops[PDP_BURST];
	unsigned int i, left = 0;

	become_reader();
	for (i = 0; i < n; i++)
		if (look(dp, &pkts[i], &ps[left]))
			undecided[left++] = &pkts[i];
	look_up(dp, ps, left, hops);
	for (i = 0; i < left; i++)
		route(dp, undecided[i], &ps[i], hops[i]);
}

static void router_quiescent(struct pdp_dataplane *dp)
{
	(void)dp;
	become_reader();
	rcu_quiescent_state();
}

static void router_offline(struct pdp_dataplane *dp)
{
	(void)dp;
	become_reader();
	rcu_thread_offline();
}

static void router_online(struct pdp_dataplane *dp)
{
	(void)dp;
	become_reader();
	rcu_thread_online();
}

const struct pdp_dataplane_ops pdp_router = {
	.name = "router",
	.init = router_init,
	.fini = router_fini,
	.set_vif = router_set_vif,
	.netlink = router_netlink,
	.renew = router_renew,
	.sweep = router_sweep,
	.routes = router_routes,
	.dump = router_dump,
	.lookup = router_lookup,
	.burst = router_burst,
	.quiescent = router_quiescent,
	.offline = router_offline,
	.online = router_online,
};
