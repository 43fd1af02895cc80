/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mirror_nexthop.c - next-hop objects and the routes by them; see mirror_nexthop.h. */
#include "ctl/mirror_nexthop.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "ctl/rtbuild.h"

#define BUCKETS 1024 /* daemons have some dozens, or one for each neighbour */

struct nexthop {
	LIST_ENTRY(nexthop) bucket;
	LIST_ENTRY(nexthop) group; /* of those with members */
	TAILQ_ENTRY(nexthop) changed; /* on it while some entries are stale */
	struct pdp_rt_nexthop is;
	bool is_changed;
	uint32_t round; /* that has seen it */
	struct pdp_kept_tagged users; /* said as it is now */
	struct pdp_kept_tagged stale; /* said as it was */
};

TAILQ_HEAD(changed, nexthop);
LIST_HEAD(bucket, nexthop);

struct pdp_mirror_nexthops {
	struct bucket buckets[BUCKETS];
	size_t n;
	struct bucket groups;
	struct changed changed;
	struct pdp_kept_tagged orphans; /* entries whose object is gone */
	uint32_t round;
};

static struct nexthop *find(const struct pdp_mirror_nexthops *nhs, uint32_t id)
{
	struct nexthop *nh;

	LIST_FOREACH(nh, &nhs->buckets[id % BUCKETS], bucket)
		if (nh->is.id == id)
			return nh;
	return NULL;
}

static void make_stale(struct pdp_mirror_nexthops *nhs, struct nexthop *nh)
{
	pdp_kept_move_all(&nh->users, &nh->stale);
	if (nh->is_changed || LIST_EMPTY(&nh->stale))
		return;
	TAILQ_INSERT_TAIL(&nhs->changed, nh, changed);
	nh->is_changed = true;
}

static void make_groups_stale(struct pdp_mirror_nexthops *nhs, uint32_t member)
{
	struct nexthop *nh;

	LIST_FOREACH(nh, &nhs->groups, group)
		for (unsigned int j = 0; j < nh->is.n_members; j++)
			if (nh->is.members[j].id == member)
				make_stale(nhs, nh);
}

/* It is so now; a group that becomes a single one, or the reverse, changes lists. */
static void become(struct pdp_mirror_nexthops *nhs, struct nexthop *nh,
		   const struct pdp_rt_nexthop *is)
{
	if (nh->is.n_members)
		LIST_REMOVE(nh, group);
	nh->is = *is;
	if (nh->is.n_members)
		LIST_INSERT_HEAD(&nhs->groups, nh, group);
}

static struct nexthop *add(struct pdp_mirror_nexthops *nhs, uint32_t id)
{
	struct nexthop *nh = calloc(1, sizeof(*nh));

	if (!nh)
		return NULL;
	nh->is.id = id;
	LIST_INIT(&nh->users);
	LIST_INIT(&nh->stale);
	LIST_INSERT_HEAD(&nhs->buckets[id % BUCKETS], nh, bucket);
	nhs->n++;
	return nh;
}

static bool is_same(const struct pdp_rt_nexthop *a, const struct pdp_rt_nexthop *b)
{
	if (a->blackhole != b->blackhole || a->encap != b->encap || a->n_members != b->n_members ||
	    a->path.dead != b->path.dead || pdp_rt_compare_paths(&a->path, &b->path) != 0)
		return false;
	for (unsigned int i = 0; i < a->n_members; i++)
		if (a->members[i].id != b->members[i].id ||
		    a->members[i].weight != b->members[i].weight)
			return false;
	return true;
}

int pdp_mirror_nexthops_set(struct pdp_mirror_nexthops *nhs, const struct pdp_rt_nexthop *is)
{
	struct nexthop *nh = find(nhs, is->id);

	if (nh && is_same(&nh->is, is)) {
		nh->round = nhs->round;
		return 0;
	}
	if (!nh && nhs->n >= PDP_MIRROR_NEXTHOPS)
		return -ENOSPC;
	if (nh)
		make_stale(nhs, nh);
	else
		nh = add(nhs, is->id);
	if (!nh)
		return -ENOMEM;
	become(nhs, nh, is);
	nh->round = nhs->round;
	if (!is->n_members)
		make_groups_stale(nhs, is->id);
	return 0;
}

static void drop(struct pdp_mirror_nexthops *nhs, struct nexthop *nh)
{
	pdp_kept_move_all(&nh->users, &nhs->orphans);
	pdp_kept_move_all(&nh->stale, &nhs->orphans);
	if (nh->is_changed)
		TAILQ_REMOVE(&nhs->changed, nh, changed);
	if (nh->is.n_members)
		LIST_REMOVE(nh, group);
	LIST_REMOVE(nh, bucket);
	nhs->n--;
	free(nh);
}

void pdp_mirror_nexthops_del(struct pdp_mirror_nexthops *nhs, uint32_t id)
{
	struct nexthop *nh = find(nhs, id);

	if (!nh)
		return;
	if (!nh->is.n_members)
		make_groups_stale(nhs, id);
	drop(nhs, nh);
}

static void add_path(struct pdp_rt_route *route, const struct nexthop *nh, uint16_t weight)
{
	if (route->n_paths == PDP_NEXTHOP_PATHS)
		return;
	route->encap = route->encap || nh->is.encap;
	route->paths[route->n_paths] = nh->is.path;
	route->paths[route->n_paths++].weight = weight;
}

bool pdp_mirror_nexthops_resolve(const struct pdp_mirror_nexthops *nhs, struct pdp_rt_route *route)
{
	const struct nexthop *nh = find(nhs, route->nexthop), *member;

	if (!nh)
		return false;
	route->n_paths = 0;
	route->encap = false;
	if (nh->is.blackhole) {
		route->type = RTN_BLACKHOLE;
		return true;
	}
	route->type = RTN_UNICAST;
	if (!nh->is.n_members)
		add_path(route, nh, 1);
	for (unsigned int i = 0; i < nh->is.n_members; i++) {
		member = find(nhs, nh->is.members[i].id);
		if (member && member->is.blackhole)
			route->type = RTN_BLACKHOLE;
		else if (member && !member->is.n_members)
			add_path(route, member, nh->is.members[i].weight);
	}
	if (route->type == RTN_BLACKHOLE)
		route->n_paths = 0;
	return true;
}

struct pdp_kept_tagged *pdp_mirror_nexthops_users(struct pdp_mirror_nexthops *nhs, uint32_t id)
{
	struct nexthop *nh = find(nhs, id);

	return nh ? &nh->users : NULL;
}

const struct nlmsghdr *pdp_mirror_nexthops_due(struct pdp_mirror_nexthops *nhs, uint32_t *id,
					       const struct pdp_rtkey **key)
{
	const struct nlmsghdr *msg = pdp_kept_first(&nhs->orphans, key);
	struct nexthop *nh;

	*id = 0;
	while (!msg && (nh = TAILQ_FIRST(&nhs->changed))) {
		*id = nh->is.id;
		msg = pdp_kept_first(&nh->stale, key);
		if (msg)
			break;
		TAILQ_REMOVE(&nhs->changed, nh, changed);
		nh->is_changed = false;
	}
	return msg;
}

void pdp_mirror_nexthops_begin_round(struct pdp_mirror_nexthops *nhs)
{
	nhs->round++;
}

void pdp_mirror_nexthops_sweep(struct pdp_mirror_nexthops *nhs)
{
	struct nexthop *nh, *next;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (nh = LIST_FIRST(&nhs->buckets[i]); nh; nh = next) {
			next = LIST_NEXT(nh, bucket);
			if (nh->round == nhs->round)
				continue;
			make_groups_stale(nhs, nh->is.id);
			drop(nhs, nh);
		}
	}
}

struct pdp_mirror_nexthops *pdp_mirror_nexthops_new(void)
{
	struct pdp_mirror_nexthops *nhs = calloc(1, sizeof(*nhs));

	if (nhs)
		TAILQ_INIT(&nhs->changed);
	return nhs;
}

void pdp_mirror_nexthops_free(struct pdp_mirror_nexthops *nhs)
{
	if (!nhs)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (!LIST_EMPTY(&nhs->buckets[i]))
			drop(nhs, LIST_FIRST(&nhs->buckets[i]));
	pdp_kept_untag_all(&nhs->orphans);
	free(nhs);
}
