/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mirror_table.c - a guest's routing made into what its vnet's agents are told; see mirror_table.h.
 *
 * A dump is not of one moment. What the kernel tells by itself is in the order of what happened, and a piece
 * of a dump may be a little older than what was told just before it. So what an event has said in a round,
 * no piece of that round's dump unsays; and if the two cannot both be true, there will be another round.
 */
#include "ctl/mirror_table.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/mirror_nexthop.h"
#include "ctl/rtbuild.h"

#define SWEEP_MOST 8192 /* places of the table with one call */
#define WORK_MOST 1024 /* entries with one call */
#define LINKS_MAX 65536

struct pdp_mirror_table {
	struct pdp_mirror_table_conf conf;
	struct pdp_agentconf *told;
	struct pdp_mirror_nexthops *nexthops;
	bool in_round;
	bool doubts;
	bool over;
	struct pdp_mirror_counts counts;
	uint8_t up[LINKS_MAX / 8]; /* links that are up, by index */
	uint8_t known[LINKS_MAX / 8];
};

/* One message to the agents, and what it is about. */
struct saying {
	_Alignas(4) uint8_t buf[PDP_RT_MESSAGE_MAX];
	size_t len;
	struct pdp_rtkey key;
	enum pdp_conf_mark mark; /* what this round knows of it */
	const struct nlmsghdr *before; /* what was said last, a removal included; NULL = nothing */
	bool in_force; /* before is, and no removal */
};

void pdp_mirror_table_doubt(struct pdp_mirror_table *t)
{
	t->doubts = true;
	t->counts.doubts++;
}

static const struct nlmsghdr *message(const struct saying *s)
{
	return (const struct nlmsghdr *)s->buf;
}

/* After its message has been built. */
static void look_up(const struct pdp_mirror_table *t, struct saying *s)
{
	pdp_rtkey_of(message(s), &s->key);
	s->mark = pdp_agentconf_mark(t->told, &s->key, &s->before);
	s->in_force = s->before && !pdp_rtkey_removes(s->before);
}

/* Whether it is new or a removal is not looked at. */
static bool says_as_before(const struct saying *s)
{
	return s->before && s->before->nlmsg_len == s->len &&
	       !memcmp(s->before + 1, message(s) + 1, s->len - sizeof(struct nlmsghdr));
}

static int say(struct pdp_mirror_table *t, const struct saying *s)
{
	return pdp_agentconf_netlink(t->told, s->buf, s->len);
}

/* In a round a removal is noted even of what is not known: a piece of the dump may be older than it. */
static int unsay(struct pdp_mirror_table *t, struct saying *s)
{
	int code = 0;

	if (!pdp_agentconf_remove(t->told, &s->key) && t->in_round && !s->before) {
		((struct nlmsghdr *)s->buf)->nlmsg_type = s->key.kind + 1; /* RTM_NEW to RTM_DEL */
		code = say(t, s);
	}
	pdp_agentconf_set_mark(t->told, &s->key);
	return code;
}

/* --- neighbours and addresses: what an event says is all there is to it ---------------------------- */

static int take_other(struct pdp_mirror_table *t, struct saying *s, bool there, bool dumped)
{
	struct pdp_agentconf_stats stats;
	int code;

	look_up(t, s);
	if (dumped && s->mark == PDP_CONF_SET)
		return 0;
	if (!there)
		return dumped ? 0 : unsay(t, s);
	pdp_agentconf_stats(t->told, &stats);
	if (!s->in_force && stats.neighbours + stats.addresses >= PDP_MIRROR_OTHERS_MAX)
		return 0;
	code = say(t, s);
	if (!code && !dumped)
		pdp_agentconf_set_mark(t->told, &s->key);
	return code;
}

static enum pdp_rt_verdict take_neighbour(struct pdp_mirror_table *t, const struct nlmsghdr *nlh,
					  bool dumped, int *code)
{
	struct pdp_rt_neighbour neighbour;
	enum pdp_rt_verdict verdict = pdp_rt_parse_neighbour(nlh, &neighbour);
	struct saying s;

	if (verdict != PDP_RT_taken)
		return verdict;
	neighbour.link = t->conf.vif_of(neighbour.link, t->conf.arg);
	if (!neighbour.link)
		return PDP_RT_device;
	s.len = pdp_rt_build_neighbour(&neighbour, RTM_NEWNEIGH, s.buf);
	*code = take_other(t, &s, neighbour.usable, dumped);
	return verdict;
}

static enum pdp_rt_verdict take_address(struct pdp_mirror_table *t, const struct nlmsghdr *nlh,
					bool dumped, int *code)
{
	struct pdp_rt_address address;
	enum pdp_rt_verdict verdict = pdp_rt_parse_address(nlh, &address);
	struct saying s;

	if (verdict == PDP_RT_mangled || verdict == PDP_RT_family)
		return verdict;
	/* The kernel drops the IPv4 routes that prefer it as their source, without a word. */
	if (address.family == AF_INET && nlh->nlmsg_type == RTM_DELADDR)
		pdp_mirror_table_doubt(t);
	if (verdict != PDP_RT_taken)
		return verdict;
	address.link = t->conf.vif_of(address.link, t->conf.arg);
	if (!address.link)
		return PDP_RT_device;
	s.len = pdp_rt_build_address(&address, RTM_NEWADDR, s.buf);
	*code = take_other(t, &s, nlh->nlmsg_type == RTM_NEWADDR, dumped);
	return verdict;
}

/* --- links ----------------------------------------------------------------------------------------- */

static bool get_bit(const uint8_t *bits, uint32_t i)
{
	return bits[i / 8] >> i % 8 & 1;
}

static void set_bit(uint8_t *bits, uint32_t i, bool value)
{
	bits[i / 8] = (uint8_t)(value ? bits[i / 8] | 1 << i % 8 : bits[i / 8] & ~(1 << i % 8));
}

/*
 * With a link that goes down or away the kernel drops the IPv4 routes through it, and with one that comes up
 * dead paths of multipath routes live again, without a word. Of one that is new to us, messages may have
 * been taken before it was known for a vif.
 */
static enum pdp_rt_verdict take_link(struct pdp_mirror_table *t, const struct nlmsghdr *nlh,
				     bool dumped)
{
	struct pdp_rt_link link;
	enum pdp_rt_verdict verdict = pdp_rt_parse_link(nlh, &link);
	bool there = nlh->nlmsg_type == RTM_NEWLINK;

	if (verdict != PDP_RT_taken)
		return verdict;
	if (link.link >= LINKS_MAX) {
		if (!dumped)
			pdp_mirror_table_doubt(t);
		return verdict;
	}
	if (!dumped &&
	    (get_bit(t->up, link.link) != link.up || get_bit(t->known, link.link) != there))
		pdp_mirror_table_doubt(t);
	set_bit(t->up, link.link, link.up);
	set_bit(t->known, link.link, there);
	return verdict;
}

/* --- routes: where they lead ----------------------------------------------------------------------- */

static void lead_to_kernel(struct pdp_rt_route *route)
{
	route->type = RTN_LOCAL;
	route->n_paths = 0;
}

/*
 * Paths to vifs, in an order of their own: the kernel tells them in different ones. A route with one path
 * that is none of a vif is the kernel's.
 */
static void lead_to_vifs(const struct pdp_mirror_table *t, struct pdp_rt_route *route,
			 bool with_dead)
{
	unsigned int n = 0, i;
	bool foreign = route->encap || !route->n_paths;

	if (route->type != RTN_UNICAST) {
		route->n_paths = 0;
		return;
	}
	for (i = 0; i < route->n_paths; i++) {
		struct pdp_rt_path path = route->paths[i];

		if (path.dead && !with_dead)
			continue;
		path.dead = false;
		path.link = t->conf.vif_of(path.link, t->conf.arg);
		foreign = foreign || !path.link;
		route->paths[n++] = path;
	}
	route->n_paths = n;
	if (!foreign && !n)
		route->type = RTN_UNREACHABLE;
	else if (foreign)
		lead_to_kernel(route);
	else
		pdp_rt_sort_paths(route);
}

/* False: by a next-hop object that is not known. */
static bool resolve(const struct pdp_mirror_table *t, struct pdp_rt_route *route, bool with_dead)
{
	bool known = !route->nexthop || pdp_mirror_nexthops_resolve(t->nexthops, route);

	/* The kernel may have said the paths beside the object. */
	if (!known && route->n_paths)
		known = true;
	if (known)
		lead_to_vifs(t, route, with_dead);
	else
		lead_to_kernel(route);
	return known;
}

static void build(const struct pdp_mirror_table *t, struct saying *s,
		  const struct pdp_rt_route *route)
{
	s->len = pdp_rt_build_route(route, RTM_NEWROUTE, s->buf);
	look_up(t, s);
}

static void list_user(struct pdp_mirror_table *t, const struct pdp_rtkey *key, uint32_t nexthop)
{
	struct pdp_kept_tagged *users =
		nexthop ? pdp_mirror_nexthops_users(t->nexthops, nexthop) : NULL;

	if (users)
		pdp_agentconf_tag(t->told, key, users);
	else
		pdp_agentconf_untag(t->told, key);
}

static int say_route(struct pdp_mirror_table *t, const struct saying *s,
		     const struct pdp_rt_route *route)
{
	int code = say(t, s);

	list_user(t, &s->key, route->nexthop);
	return code;
}

/*
 * What is in the kernel under this key is not known for sure: until the next round the kernel shall have the
 * packets.
 */
static int ask_kernel(struct pdp_mirror_table *t, const struct pdp_rt_route *about)
{
	struct pdp_rt_route route = *about;
	struct saying s;
	int code;

	pdp_mirror_table_doubt(t);
	lead_to_kernel(&route);
	route.nexthop = 0;
	build(t, &s, &route);
	code = say_route(t, &s, &route);
	pdp_agentconf_set_mark(t->told, &s.key);
	return code;
}

/* --- routes: new ones ------------------------------------------------------------------------------ */

static bool has_path(const struct pdp_rt_route *route, const struct pdp_rt_path *path)
{
	for (unsigned int i = 0; i < route->n_paths; i++)
		if (!pdp_rt_compare_paths(&route->paths[i], path))
			return true;
	return false;
}

/* Does `more` lead everywhere where `less` does? */
static bool includes(const struct pdp_rt_route *more, const struct pdp_rt_route *less)
{
	if (more->type != less->type)
		return false;
	for (unsigned int i = 0; i < less->n_paths; i++)
		if (!has_path(more, &less->paths[i]))
			return false;
	return true;
}

/* Room for one that is not there yet? */
static bool has_room(struct pdp_mirror_table *t, const struct saying *s, bool counts)
{
	struct pdp_agentconf_stats stats;

	pdp_agentconf_stats(t->told, &stats);
	if (s->in_force || !t->conf.max_routes || stats.routes < t->conf.max_routes)
		return true;
	t->over = true;
	if (counts)
		t->counts.refused++;
	return false;
}

static int take_dumped_route(struct pdp_mirror_table *t, const struct saying *s,
			     const struct pdp_rt_route *route)
{
	if (s->mark == PDP_CONF_SET) {
		/* One that an event has removed since, or that is as an event has said it. */
		if (says_as_before(s))
			return 0;
		if (s->in_force) {
			pdp_mirror_table_doubt(t);
			return 0;
		}
		pdp_mirror_table_doubt(t);
	} else if (s->mark == PDP_CONF_SEEN && s->in_force) {
		/* The kernel has several of them, and uses the first. */
		if (!says_as_before(s))
			pdp_agentconf_set_shadows(t->told, &s->key, true);
		return 0;
	}
	if (!has_room(t, s, true))
		return 0;
	if (s->in_force)
		pdp_agentconf_set_shadows(t->told, &s->key, false);
	return say_route(t, s, route);
}

/* The kernel has added one to others of its prefix and metric: behind them, or before them. */
static int take_one_more(struct pdp_mirror_table *t, const struct saying *s,
			 const struct pdp_rt_route *route, uint16_t flags)
{
	int code = 0;

	if (!(flags & NLM_F_APPEND))
		code = say_route(t, s, route);
	pdp_agentconf_set_shadows(t->told, &s->key, true);
	return code;
}

/* An IPv6 multipath route that grows is told whole. */
static bool has_grown(const struct saying *s, const struct pdp_rt_route *route)
{
	struct pdp_rt_route before;

	return route->family == AF_INET6 &&
	       pdp_rt_parse_route(s->before, &before) == PDP_RT_taken && includes(route, &before);
}

static int take_told_route(struct pdp_mirror_table *t, const struct saying *s,
			   const struct pdp_rt_route *route, uint16_t flags)
{
	const bool replaces = flags & NLM_F_REPLACE;
	const bool shadows = pdp_agentconf_shadows(t->told, &s->key);
	int code;

	if (!has_room(t, s, !replaces))
		return 0;
	/* Which one of those on other links it has replaced is not told. */
	if (replaces && pdp_agentconf_beside(t->told, &s->key))
		pdp_mirror_table_doubt(t);
	if (s->in_force && !replaces && !says_as_before(s) && !has_grown(s, route)) {
		code = take_one_more(t, s, route, flags);
	} else {
		code = say_route(t, s, route);
		pdp_agentconf_set_shadows(t->told, &s->key, shadows);
	}
	pdp_agentconf_set_mark(t->told, &s->key);
	return code;
}

/* --- routes: removals ------------------------------------------------------------------------------ */

static int take_removed_route(struct pdp_mirror_table *t, struct saying *s,
			      const struct pdp_rt_route *route)
{
	struct pdp_rt_route rest;
	unsigned int n = 0;

	if (!s->in_force) {
		if (t->counts.refused)
			t->counts.refused--;
		return unsay(t, s);
	}
	if (pdp_rt_parse_route(s->before, &rest) != PDP_RT_taken)
		return ask_kernel(t, route);
	for (unsigned int i = 0; i < rest.n_paths; i++)
		if (!has_path(route, &rest.paths[i]))
			rest.paths[n++] = rest.paths[i];
	/* Not the one that we know of its kind; or there are more. */
	if (rest.type != route->type || (n && (n == rest.n_paths || rest.family == AF_INET)) ||
	    (!n && pdp_agentconf_shadows(t->told, &s->key)))
		return ask_kernel(t, route);
	if (!n)
		return unsay(t, s);
	rest.n_paths = n;
	rest.nexthop = 0;
	build(t, s, &rest);
	n = (unsigned int)say_route(t, s, &rest);
	pdp_agentconf_set_mark(t->told, &s->key);
	return (int)n;
}

static enum pdp_rt_verdict take_route(struct pdp_mirror_table *t, const struct nlmsghdr *nlh,
				      bool dumped, int *code)
{
	struct pdp_rt_route route;
	enum pdp_rt_verdict verdict = pdp_rt_parse_route(nlh, &route);
	const bool removed = nlh->nlmsg_type == RTM_DELROUTE;
	struct saying s;

	if (verdict != PDP_RT_taken)
		return verdict;
	if (!resolve(t, &route, removed))
		pdp_mirror_table_doubt(t);
	build(t, &s, &route);
	if (removed)
		*code = take_removed_route(t, &s, &route);
	else if (dumped)
		*code = take_dumped_route(t, &s, &route);
	else
		*code = take_told_route(t, &s, &route, nlh->nlmsg_flags);
	return verdict;
}

/* --- next-hop objects ------------------------------------------------------------------------------ */

static enum pdp_rt_verdict take_nexthop(struct pdp_mirror_table *t, const struct nlmsghdr *nlh,
					int *code)
{
	struct pdp_rt_nexthop nexthop;
	enum pdp_rt_verdict verdict = pdp_rt_parse_nexthop(nlh, &nexthop);

	if (verdict != PDP_RT_taken)
		return verdict;
	if (nlh->nlmsg_type == RTM_DELNEXTHOP)
		pdp_mirror_nexthops_del(t->nexthops, nexthop.id);
	else
		*code = pdp_mirror_nexthops_set(t->nexthops, &nexthop);
	/* Routes by it go to the kernel. */
	if (*code == -ENOSPC)
		*code = 0;
	return verdict;
}

/* Its object has changed: it leads elsewhere now, or, on an IPv6 link, is another's. */
static int say_anew(struct pdp_mirror_table *t, const struct nlmsghdr *before,
		    const struct pdp_rtkey *key, uint32_t nexthop)
{
	struct pdp_rt_route route = {0};
	struct saying s;
	int code;

	if (pdp_rt_parse_route(before, &route) != PDP_RT_taken) {
		pdp_agentconf_untag(t->told, key);
		return 0;
	}
	route.nexthop = nexthop;
	route.n_paths = 0;
	resolve(t, &route, false);
	build(t, &s, &route);
	if (memcmp(key, &s.key, sizeof(*key)) != 0)
		pdp_agentconf_remove(t->told, key);
	code = say_route(t, &s, &route);
	pdp_agentconf_set_mark(t->told, &s.key);
	return code;
}

bool pdp_mirror_table_work(struct pdp_mirror_table *t)
{
	const struct nlmsghdr *msg;
	const struct pdp_rtkey *at;
	struct pdp_rtkey key;
	uint32_t nexthop;
	int i;

	for (i = 0; i < WORK_MOST; i++) {
		msg = pdp_mirror_nexthops_due(t->nexthops, &nexthop, &at);
		if (!msg)
			return true;
		key = *at;
		if (nexthop) {
			if (say_anew(t, msg, &key, nexthop))
				pdp_mirror_table_doubt(t);
			continue;
		}
		pdp_agentconf_remove(t->told, &key);
		pdp_agentconf_set_mark(t->told, &key);
	}
	return false;
}

/* --- all of them ----------------------------------------------------------------------------------- */

int pdp_mirror_table_take(struct pdp_mirror_table *t, const struct nlmsghdr *nlh, bool dumped)
{
	enum pdp_rt_verdict verdict;
	int code = 0;

	t->counts.messages++;
	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		verdict = take_route(t, nlh, dumped, &code);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		verdict = take_neighbour(t, nlh, dumped, &code);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		verdict = take_address(t, nlh, dumped, &code);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		verdict = take_link(t, nlh, dumped);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		verdict = take_nexthop(t, nlh, &code);
		break;
	default:
		t->counts.unknown++;
		return 0;
	}
	t->counts.verdicts[verdict]++;
	return code;
}

void pdp_mirror_table_begin_round(struct pdp_mirror_table *t)
{
	t->in_round = true;
	t->counts.refused = 0;
	t->counts.swept = 0;
	pdp_agentconf_begin_round(t->told);
	pdp_mirror_nexthops_begin_round(t->nexthops);
}

bool pdp_mirror_table_sweep(struct pdp_mirror_table *t)
{
	size_t removed = 0;
	bool done;

	pdp_mirror_nexthops_sweep(t->nexthops);
	done = pdp_agentconf_sweep(t->told, SWEEP_MOST, &removed);
	t->counts.swept += removed;
	if (done) {
		t->in_round = false;
		t->over = t->counts.refused;
	}
	return done;
}

void pdp_mirror_table_end_round(struct pdp_mirror_table *t)
{
	t->in_round = false;
	pdp_agentconf_end_round(t->told);
}

bool pdp_mirror_table_doubts(struct pdp_mirror_table *t)
{
	struct pdp_agentconf_stats stats;
	bool doubts = t->doubts;

	pdp_agentconf_stats(t->told, &stats);
	if (t->over && !t->in_round && stats.routes + t->counts.refused <= t->conf.max_routes)
		doubts = true;
	t->doubts = false;
	return doubts;
}

bool pdp_mirror_table_is_over(const struct pdp_mirror_table *t)
{
	return t->over;
}

void pdp_mirror_table_set_max(struct pdp_mirror_table *t, uint32_t max_routes)
{
	if (t->conf.max_routes != max_routes)
		pdp_mirror_table_doubt(t);
	t->conf.max_routes = max_routes;
}

void pdp_mirror_table_counts(const struct pdp_mirror_table *t, struct pdp_mirror_counts *out)
{
	*out = t->counts;
}

int pdp_mirror_table_new(struct pdp_mirror_table **out, const struct pdp_mirror_table_conf *conf)
{
	struct pdp_mirror_table *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (!t)
		return -ENOMEM;
	t->nexthops = pdp_mirror_nexthops_new();
	if (!t->nexthops) {
		free(t);
		return -ENOMEM;
	}
	t->conf = *conf;
	t->told = pdp_agentconf_ref(conf->told);
	*out = t;
	return 0;
}

void pdp_mirror_table_free(struct pdp_mirror_table *t)
{
	if (!t)
		return;
	if (t->in_round)
		pdp_mirror_table_end_round(t);
	pdp_mirror_nexthops_free(t->nexthops);
	pdp_agentconf_unref(t->told);
	free(t);
}
