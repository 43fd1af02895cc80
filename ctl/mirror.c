/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mirror.c - the socket in a guest's namespace, and the rounds; see mirror.h.
 *
 * What a message means is mirror_table.c's. Here: in which order tables are dumped, what belongs to a dump,
 * when a new round is due and not too often, and how much is done at a time.
 */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/mirror.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ctl/netns.h"

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

#define RECEIVE_BYTES (64 << 20) /* about 60,000 messages while we are elsewhere */
#define ANSWER_LEN 65536 /* the kernel packs up to 32 KiB of a dump together */
#define TURN_NS (3 * 1000000ULL) /* of work, then others have theirs */
#define LOOK_AT_CLOCK 16 /* receives */
#define CLOSE_NS (1 * 1000000ULL) /* what comes so soon after the last is one of many, */
#define BUNCH_NS (4 * 1000000ULL) /* and those of so long are taken together */
#define ROUND_PAUSE_NS (20 * 1000000ULL) /* between two rounds, at least, */
#define ROUND_SHARE 3 /* and this many times as long as the last one took */
#define FAILED_PAUSE_NS (1000 * 1000000ULL)
#define OVER_PAUSE_NS (5000 * 1000000ULL) /* until a table that was too large is looked at again */
#define FAILURES_TOLD 3 /* in a row */

/* In this order: what routes are understood by comes first. */
static const struct dump {
	uint16_t type;
	uint8_t family;
	uint8_t table;
} dumps[] = {
	{RTM_GETLINK, AF_UNSPEC},
	{RTM_GETNEXTHOP, AF_UNSPEC},
	{RTM_GETADDR, AF_INET},
	{RTM_GETADDR, AF_INET6},
	{RTM_GETNEIGH, AF_INET},
	{RTM_GETNEIGH, AF_INET6},
	{RTM_GETROUTE, AF_INET, RT_TABLE_LOCAL},
	{RTM_GETROUTE, AF_INET6, RT_TABLE_LOCAL},
	{RTM_GETROUTE, AF_INET, RT_TABLE_MAIN},
	{RTM_GETROUTE, AF_INET6, RT_TABLE_MAIN},
};
#define N_DUMPS (sizeof(dumps) / sizeof(dumps[0]))

enum state {
	FOLLOWING,
	DUMPING,
	SWEEPING,
};

struct pdp_mirror {
	struct event_base *base;
	struct event *read_ev;
	struct event *bunch_ev; /* timer: read again */
	struct event *round_ev; /* timer: a round is due */
	struct event *work_ev; /* timer: there is more to do that needs no message */
	struct pdp_mirror_table *table;
	struct pdp_agentconf *told;
	pdp_mirror_fn fn;
	void *arg;
	int fd;
	uint64_t read_ns; /* when it was last read, or was to be again */
	uint32_t port; /* ours, as the kernel numbers sockets */
	uint32_t seq;
	enum state state;
	size_t dump; /* the one under way */
	uint64_t begun_ns, ended_ns; /* of the round; of the last one */
	unsigned int failures; /* in a row */
	bool lost; /* messages, since the last round */
	bool over; /* as told */
	bool *freed; /* somebody wants to know */
	struct pdp_mirror_stats stats;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void after_ns(struct event *timer, uint64_t ns)
{
	const struct timeval wait = {.tv_sec = (time_t)(ns / 1000000000ULL),
				     .tv_usec = (suseconds_t)(ns % 1000000000ULL / 1000)};

	event_add(timer, &wait);
}

/* False: whoever was told has freed the mirror. */
static bool tell(struct pdp_mirror *m, enum pdp_mirror_event event, const struct pdp_error *err)
{
	bool freed = false;

	/* cppcheck-suppress autoVariables; taken back below */
	m->freed = &freed;
	m->fn(event, err, m->arg);
	if (!freed)
		m->freed = NULL;
	return !freed;
}

/* --- rounds ---------------------------------------------------------------------------------------- */

/* A guest that gives reason for round after round has us busy with it for a bounded part of the time. */
static void round_later(struct pdp_mirror *m, uint64_t least)
{
	uint64_t pause = m->stats.round_ns * ROUND_SHARE, since = now_ns() - m->ended_ns;

	pause = pause > least ? pause : least;
	if (m->state == FOLLOWING && !event_pending(m->round_ev, EV_TIMEOUT, NULL))
		after_ns(m->round_ev, since < pause ? pause - since : 0);
}

/* The round has failed: what it has not seen may be there all the same. */
static bool round_failed(struct pdp_mirror *m, int code, const char *what)
{
	struct pdp_error err;

	pdp_mirror_table_end_round(m->table);
	m->state = FOLLOWING;
	m->ended_ns = now_ns();
	m->stats.failures++;
	if (!event_pending(m->round_ev, EV_TIMEOUT, NULL))
		after_ns(m->round_ev, FAILED_PAUSE_NS);
	if (++m->failures != FAILURES_TOLD)
		return true;
	pdp_fail(&err, code, "%s: %s", what, strerror(-code));
	return tell(m, PDP_MIRROR_FAILED, &err);
}

static int request(struct pdp_mirror *m)
{
	const struct dump *dump = &dumps[m->dump];
	_Alignas(4) char buf[128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtgenmsg *gen;
	struct rtmsg *rtm;

	nlh->nlmsg_type = dump->type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++m->seq;
	/* The kernel is strict: each has its own header, of which all but the family is 0. */
	if (dump->type == RTM_GETROUTE) {
		rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
		rtm->rtm_family = dump->family;
		rtm->rtm_table = dump->table;
	} else {
		gen = mnl_nlmsg_put_extra_header(
			nlh, dump->type == RTM_GETLINK	    ? sizeof(struct ifinfomsg)
			     : dump->type == RTM_GETADDR    ? sizeof(struct ifaddrmsg)
			     : dump->type == RTM_GETNEXTHOP ? sizeof(struct nhmsg)
							    : sizeof(struct ndmsg));
		gen->rtgen_family = dump->family;
	}
	return send(m->fd, nlh, nlh->nlmsg_len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static bool request_next(struct pdp_mirror *m)
{
	int code;

	if (m->dump == N_DUMPS) {
		m->state = SWEEPING;
		event_active(m->work_ev, EV_TIMEOUT, 0);
		return true;
	}
	code = request(m);
	return code ? round_failed(m, code, "ask the kernel for its tables") : true;
}

static void on_round(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_mirror *m = arg;

	(void)fd, (void)what;
	/* What gave reason for the round is answered by it. */
	pdp_mirror_table_doubts(m->table);
	m->lost = false;
	m->state = DUMPING;
	m->dump = 0;
	m->begun_ns = now_ns();
	pdp_mirror_table_begin_round(m->table);
	request_next(m);
}

static bool tell_limit(struct pdp_mirror *m)
{
	const bool over = pdp_mirror_table_is_over(m->table);
	struct pdp_mirror_counts counts;
	struct pdp_agentconf_stats stats;
	struct pdp_error err;

	if (m->over == over)
		return true;
	m->over = over;
	pdp_agentconf_stats(m->told, &stats);
	pdp_mirror_table_counts(m->table, &counts);
	pdp_fail(&err, 0, "%zu routes are mirrored", stats.routes);
	return tell(m, over ? PDP_MIRROR_OVER : PDP_MIRROR_BELOW, &err);
}

static bool round_over(struct pdp_mirror *m)
{
	m->state = FOLLOWING;
	m->ended_ns = now_ns();
	m->failures = 0;
	m->stats.round_ns = m->ended_ns - m->begun_ns;
	m->stats.rounds++;
	m->stats.synced = true;
	return tell_limit(m) && tell(m, PDP_MIRROR_SYNCED, NULL);
}

/* What follows from what was taken. */
static void settle(struct pdp_mirror *m)
{
	if (!pdp_mirror_table_work(m->table))
		event_active(m->work_ev, EV_TIMEOUT, 0);
	/* That there are too many is told at once; that there are no more, by a round. */
	if (pdp_mirror_table_is_over(m->table) && !tell_limit(m))
		return;
	if (m->state != FOLLOWING)
		return;
	if (m->lost || pdp_mirror_table_doubts(m->table))
		round_later(m, ROUND_PAUSE_NS);
	else if (m->over)
		round_later(m, OVER_PAUSE_NS);
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_mirror *m = arg;

	(void)fd, (void)what;
	if (m->state == SWEEPING) {
		if (!pdp_mirror_table_sweep(m->table))
			event_active(m->work_ev, EV_TIMEOUT, 0);
		else if (!round_over(m))
			return;
	}
	settle(m);
}

/* --- messages -------------------------------------------------------------------------------------- */

static bool lost_some(struct pdp_mirror *m)
{
	const bool told = m->lost;

	m->stats.overruns++;
	m->lost = true;
	pdp_mirror_table_doubt(m->table);
	return told || tell(m, PDP_MIRROR_OVERRUN, NULL);
}

/* The end of a dump, with an error perhaps: of a table that was never used, or a family that is off. */
static bool dump_ended(struct pdp_mirror *m, int code)
{
	if (code == -ENOENT || code == -EOPNOTSUPP || code == -EAFNOSUPPORT)
		code = 0;
	if (code)
		return round_failed(m, code, "read the kernel's tables");
	m->dump++;
	return request_next(m);
}

static int error_of(const struct nlmsghdr *nlh)
{
	int code = 0;

	if (nlh->nlmsg_len >= MNL_NLMSG_HDRLEN + sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(nlh), sizeof(code));
	return code;
}

/* False: the mirror has been freed. */
static bool take(struct pdp_mirror *m, const struct nlmsghdr *nlh)
{
	const bool dumped =
		m->state == DUMPING && nlh->nlmsg_pid == m->port && nlh->nlmsg_seq == m->seq;

	if (dumped && nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		pdp_mirror_table_doubt(m->table);
	if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
		return dumped ? dump_ended(m, error_of(nlh)) : true;
	/* Without memory for it, it is as if it had been lost. */
	return pdp_mirror_table_take(m->table, nlh, dumped) ? lost_some(m) : true;
}

static bool take_all(struct pdp_mirror *m, const void *buf, ssize_t len)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (!take(m, nlh))
			return false;
	return true;
}

/* Not to be woken, and wake an agent, for each of a full table's routes. What is alone is not kept waiting. */
static void gather(struct pdp_mirror *m)
{
	const uint64_t now = now_ns();

	if (m->state == FOLLOWING && now - m->read_ns < CLOSE_NS && !event_del(m->read_ev))
		after_ns(m->bunch_ev, BUNCH_NS);
	m->read_ns = now;
}

static void on_bunch(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_mirror *m = arg;

	(void)fd, (void)what;
	m->read_ns = now_ns();
	event_add(m->read_ev, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	static _Alignas(8) uint8_t buf[ANSWER_LEN]; /* one thread, one answer at a time */
	const uint64_t until = now_ns() + TURN_NS;
	struct pdp_mirror *m = arg;

	(void)what;
	for (unsigned int i = 1;; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno == EAGAIN) {
			gather(m);
			break;
		}
		if (n < 0		      ? errno != EINTR && !lost_some(m)
		    : (size_t)n > sizeof(buf) ? !lost_some(m)
					      : !take_all(m, buf, n))
			return;
		/* The rest is there at the next turn. */
		if (i % LOOK_AT_CLOCK == 0 && now_ns() > until)
			break;
	}
	settle(m);
}

/* --- the socket ------------------------------------------------------------------------------------ */

static int listen_to_groups(int fd)
{
	static const int groups[] = {RTNLGRP_LINK,	  RTNLGRP_NEIGH,      RTNLGRP_IPV4_IFADDR,
				     RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
				     RTNLGRP_NEXTHOP};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(int)))
			return -errno;
	return 0;
}

int pdp_mirror_set_buffer(struct pdp_mirror *m, int bytes)
{
	if (setsockopt(m->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) &&
	    setsockopt(m->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)))
		return -errno;
	return 0;
}

static int set_up(struct pdp_mirror *m)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	socklen_t len = sizeof(address);
	int on = 1;

	if (pdp_mirror_set_buffer(m, RECEIVE_BYTES) ||
	    setsockopt(m->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)) ||
	    bind(m->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockname(m->fd, (struct sockaddr *)&address, &len))
		return -errno;
	m->port = address.nl_pid;
	return listen_to_groups(m->fd);
}

static int open_socket(struct pdp_mirror *m, int netns_fd, struct pdp_error *err)
{
	int back, code = pdp_netns_enter(netns_fd, &back, err);

	if (code)
		return code;
	m->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	code = m->fd < 0 ? -errno : set_up(m);
	pdp_netns_leave(back);
	return code ? pdp_fail(err, code, "open rtnetlink socket in the guest: %s", strerror(-code))
		    : 0;
}

/* --- from beginning to end ------------------------------------------------------------------------- */

int pdp_mirror_new(struct pdp_mirror **out, struct event_base *base, int netns_fd,
		   const struct pdp_mirror_table_conf *conf, pdp_mirror_fn fn, void *arg,
		   struct pdp_error *err)
{
	struct pdp_mirror *m = calloc(1, sizeof(*m));
	int code;

	*out = NULL;
	if (!m)
		return pdp_fail(err, -ENOMEM, "no memory for a mirror");
	m->base = base;
	m->told = conf->told;
	m->fn = fn;
	m->arg = arg;
	m->fd = -1;
	code = pdp_mirror_table_new(&m->table, conf);
	code = code ? pdp_fail(err, code, "no memory for a mirror") : open_socket(m, netns_fd, err);
	if (!code) {
		m->read_ev = event_new(base, m->fd, EV_READ | EV_PERSIST, on_readable, m);
		m->bunch_ev = event_new(base, -1, 0, on_bunch, m);
		m->round_ev = event_new(base, -1, 0, on_round, m);
		m->work_ev = event_new(base, -1, 0, on_work, m);
		if (!m->read_ev || !m->bunch_ev || !m->round_ev || !m->work_ev ||
		    event_add(m->read_ev, NULL))
			code = pdp_fail(err, -ENOMEM, "no memory for a mirror's events");
	}
	if (code) {
		pdp_mirror_free(m);
		return code;
	}
	after_ns(m->round_ev, 0);
	*out = m;
	return 0;
}

void pdp_mirror_free(struct pdp_mirror *m)
{
	if (!m)
		return;
	if (m->freed)
		*m->freed = true;
	if (m->read_ev)
		event_free(m->read_ev);
	if (m->bunch_ev)
		event_free(m->bunch_ev);
	if (m->round_ev)
		event_free(m->round_ev);
	if (m->work_ev)
		event_free(m->work_ev);
	if (m->fd >= 0)
		close(m->fd);
	pdp_mirror_table_free(m->table);
	free(m);
}

void pdp_mirror_resync(struct pdp_mirror *m)
{
	pdp_mirror_table_doubt(m->table);
	settle(m);
}

void pdp_mirror_set_max(struct pdp_mirror *m, uint32_t max_routes)
{
	pdp_mirror_table_set_max(m->table, max_routes);
	settle(m);
}

void pdp_mirror_stats(const struct pdp_mirror *m, struct pdp_mirror_stats *out)
{
	*out = m->stats;
	out->in_round = m->state != FOLLOWING;
	pdp_mirror_table_counts(m->table, &out->table);
}
