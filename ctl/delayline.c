/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* delayline.c - the delay line's links, programs and life; see delayline.h. Its process: delayproc.c. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/delayline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/delayproc.h"
#include "ctl/ethtool.h"
#include "ctl/felink.h"
#include "ctl/hops.h"
#include "ctl/rtnl.h"

#define MH_SIDE "pdpdelay0"
#define LINE_SIDE "pdpdelay1"
#define LINK_NAME "delay" /* of pdp_delayed's pin */
#define DRAIN_TICK_US 100000
#define RESTART_FIRST_US 100000
#define RESTART_LAST_US 5000000
#define DRAIN_TICKS ((PDP_DELAY_MAX_MS + 1000) * 1000 / DRAIN_TICK_US)
#define END_WAIT_MS 1000

enum state { OFF, RUNNING, DRAINING, LOST };

struct pdp_delayline {
	struct pdp_delayline_conf conf;
	enum state state;
	struct pdp_delayproc process;
	int mh_ifindex;
	int line_ifindex;
	struct event *ended; /* the process */
	struct event *timer; /* LOST: start again. DRAINING: look whether it is empty */
	unsigned int restart_us;
	time_t started; /* CLOCK_MONOTONIC: a process that lived long is no bad sign */
	unsigned int ticks;
	bool looked; /* for what an earlier controller left */
	char owner[80];
	char stats[256];
};

static void on_timer(evutil_socket_t fd, short what, void *arg);

int pdp_delayline_new(struct pdp_delayline **out, const struct pdp_delayline_conf *conf,
		      struct pdp_error *err)
{
	struct pdp_delayline *line = calloc(1, sizeof(*line));

	if (line)
		line->timer = evtimer_new(conf->base, on_timer, line);
	if (!line || !line->timer) {
		free(line);
		return pdp_fail(err, -ENOMEM, "no memory for a delay line");
	}
	line->conf = *conf;
	line->restart_us = RESTART_FIRST_US;
	pdp_delayproc_init(&line->process);
	snprintf(line->owner, sizeof(line->owner), "pdp %s delay line", conf->node);
	snprintf(line->stats, sizeof(line->stats), "%s/" PDP_DELAYLINE_STATS, conf->run_dir);
	*out = line;
	return 0;
}

static void forget_process(struct pdp_delayline *line)
{
	if (line->ended)
		event_free(line->ended);
	line->ended = NULL;
	pdp_delayproc_forget(&line->process);
}

void pdp_delayline_release(struct pdp_delayline *line)
{
	if (!line)
		return;
	forget_process(line);
	event_free(line->timer);
	free(line);
}

static void in_us(struct pdp_delayline *line, unsigned int us)
{
	const struct timeval wait = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};

	evtimer_add(line->timer, &wait);
}

static void tell(struct pdp_delayline *line, enum pdp_log_level level, const char *text)
{
	pdp_event(line->conf.events, level, PDP_EVENT_DELAY_LINE, "delay line", "%s", text);
}

/* --- links ---------------------------------------------------------------------------------------- */

static int make_pair(struct pdp_delayline *line, struct pdp_rtnl *rtnl, struct pdp_error *err)
{
	const struct pdp_veth veth = {
		.name = MH_SIDE, .peer_name = LINE_SIDE, .mtu = PDP_DELAY_MTU, .peer_netns_fd = -1};
	struct pdp_link mh = {0}, end = {0};
	int fd, code = pdp_rtnl_add_veth(rtnl, &veth, err);

	if (!code)
		code = pdp_rtnl_link(rtnl, MH_SIDE, &mh, err);
	if (!code)
		code = pdp_rtnl_set_alias(rtnl, mh.ifindex, line->owner, err);
	if (!code)
		code = pdp_rtnl_link(rtnl, LINE_SIDE, &end, err);
	if (code)
		return code;
	fd = pdp_ethtool_open(err);
	if (fd < 0)
		return fd;
	code = pdp_felink_configure_end(rtnl, fd, MH_SIDE, mh.ifindex, err);
	if (!code)
		code = pdp_felink_configure_end(rtnl, fd, LINE_SIDE, end.ifindex, err);
	if (!code)
		code = pdp_felink_set_queue(rtnl, end.ifindex, err);
	close(fd);
	return code;
}

/* The pair that is there, if it is ours. */
static int find_pair(struct pdp_delayline *line, struct pdp_rtnl *rtnl, struct pdp_error *err)
{
	struct pdp_link mh = {0}, end = {0};
	int code = pdp_rtnl_link(rtnl, MH_SIDE, &mh, err);

	if (code)
		return code;
	/* The kernel may have more of the alias than struct pdp_link has room for. */
	if (strncmp(mh.alias, line->owner, sizeof(mh.alias) - 1) != 0)
		return pdp_fail(err, -EEXIST,
				"device " MH_SIDE " is not this node's ('%s', not '%s'); "
				"remove it: ip link del " MH_SIDE,
				mh.alias, line->owner);
	code = pdp_rtnl_link(rtnl, LINE_SIDE, &end, err);
	if (code)
		return code;
	line->mh_ifindex = mh.ifindex;
	line->line_ifindex = end.ifindex;
	return 0;
}

static int ensure_pair(struct pdp_delayline *line, struct pdp_error *err)
{
	int code, was = line->mh_ifindex;
	struct pdp_rtnl *rtnl;

	code = pdp_rtnl_open(&rtnl, err);
	if (code)
		return code;
	code = find_pair(line, rtnl, err);
	if (code == -ENODEV) {
		code = make_pair(line, rtnl, err);
		if (!code)
			code = find_pair(line, rtnl, err);
	}
	pdp_rtnl_close(rtnl);
	if (was && was != line->mh_ifindex)
		pdp_hops_bury_delay(line->conf.loader, (uint32_t)was);
	return code;
}

static void remove_pair(struct pdp_delayline *line)
{
	struct pdp_rtnl *rtnl;

	if (pdp_rtnl_open(&rtnl, NULL))
		return;
	if (!find_pair(line, rtnl, NULL))
		pdp_rtnl_delete_link(rtnl, line->mh_ifindex, NULL);
	pdp_rtnl_close(rtnl);
	if (line->mh_ifindex)
		pdp_hops_bury_delay(line->conf.loader, (uint32_t)line->mh_ifindex);
	line->mh_ifindex = line->line_ifindex = 0;
}

/* The receive program first: what is redirected to a veth whose other end has none is lost. */
static int attach(struct pdp_delayline *line, struct pdp_error *err)
{
	const struct pdp_guest_program program = {.kind = PDP_GUEST_RECEIVE};
	int xsks, code;

	code = pdp_loader_attach_guest(line->conf.loader, PDP_GUEST_DELAY, line->line_ifindex,
				       &program, &xsks, err);
	return code ? code
		    : pdp_loader_attach(line->conf.loader, PDP_HOOK_DELAYED, LINK_NAME,
					line->mh_ifindex, PDP_ATTACH_FORCE, err);
}

static bool is_attached(const struct pdp_delayline *line)
{
	char link[32];

	snprintf(link, sizeof(link), "guest-%d", PDP_GUEST_DELAY);
	return !pdp_loader_check_link(line->conf.loader, LINK_NAME, line->mh_ifindex, NULL) &&
	       !pdp_loader_check_link(line->conf.loader, link, line->line_ifindex, NULL);
}

/* --- process -------------------------------------------------------------------------------------- */

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_delayline *line = arg;
	char why[96];

	(void)fd;
	(void)what;
	pdp_delayproc_reap(&line->process, why, sizeof(why));
	forget_process(line);
	line->state = LOST;
	tell(line, PDP_LOG_WARNING, why);
	if (now_s() - line->started > RESTART_LAST_US / 1000000)
		line->restart_us = RESTART_FIRST_US;
	in_us(line, line->restart_us);
	line->restart_us *= 2;
	if (line->restart_us > RESTART_LAST_US)
		line->restart_us = RESTART_LAST_US;
}

static int follow_process(struct pdp_delayline *line, struct pdp_error *err)
{
	line->started = now_s();
	line->ended = event_new(line->conf.base, line->process.pidfd, EV_READ, on_end, line);
	if (!line->ended || event_add(line->ended, NULL))
		return pdp_fail(err, -ENOMEM, "no memory to watch pdp-delay");
	return 0;
}

/* What the receive program gave to a socket and no process took from it. */
static uint64_t left_in_sockets(const struct pdp_delayline *line,
				const struct pdp_delay_stats *stats)
{
	uint64_t seen =
		pdp_delay_received(stats) + stats->socket_drops + stats->socket_drops_before;
	struct pdp_guest_stats guest;

	if (pdp_stats_read(line->conf.loader, PDP_MAP_GUEST_STATS, PDP_GUEST_DELAY, &guest,
			   sizeof(guest)) ||
	    guest.rx_packets < seen)
		return 0;
	return guest.rx_packets - seen;
}

/* What its socket held when the last one ended nobody takes any more. */
static void book_socket(struct pdp_delayline *line)
{
	struct pdp_delay_stats *stats =
		(struct pdp_delay_stats *)pdp_delayline_map(line->conf.run_dir);
	uint64_t left;

	if (!stats)
		return;
	left = left_in_sockets(line, stats);
	if (left)
		stats->socket_died = left;
	pdp_delayline_unmap(stats);
}

static int ensure_process(struct pdp_delayline *line, struct pdp_error *err)
{
	struct pdp_delayproc_conf conf = {
		.agent = line->conf.agent,
		.dev = LINE_SIDE,
		.stats = line->stats,
	};
	int code = 0;

	if (line->ended)
		return 0;
	snprintf(conf.xsks, sizeof(conf.xsks), "%s/v%d/guests/%d/pdp_xsks", line->conf.pins,
		 PDP_ABI, PDP_GUEST_DELAY);
	if (line->process.pidfd < 0)
		code = pdp_delayproc_find(&line->process, line->stats);
	if (code) {
		book_socket(line);
		code = pdp_delayproc_spawn(&line->process, &conf, err);
	}
	if (!code)
		code = follow_process(line, err);
	if (code)
		forget_process(line);
	return code;
}

/* --- start and stop ------------------------------------------------------------------------------- */

static void take_away(struct pdp_delayline *line)
{
	evtimer_del(line->timer);
	if (line->ended)
		event_del(line->ended);
	if (line->process.pidfd >= 0)
		pdp_delayproc_end(&line->process, line->state == DRAINING, END_WAIT_MS);
	book_socket(line);
	forget_process(line);
	pdp_publish_delay(line->conf.store, 0, NULL);
	pdp_loader_detach(line->conf.loader, LINK_NAME, NULL);
	pdp_loader_detach_guest(line->conf.loader, PDP_GUEST_DELAY, NULL);
	remove_pair(line);
	line->state = OFF;
	line->restart_us = RESTART_FIRST_US;
}

/* An earlier controller may have left one that is no longer wanted. */
static bool is_there(struct pdp_delayline *line)
{
	struct pdp_rtnl *rtnl;
	bool there;

	if (pdp_rtnl_open(&rtnl, NULL))
		return false;
	there = !find_pair(line, rtnl, NULL);
	pdp_rtnl_close(rtnl);
	return there;
}

int pdp_delayline_start(struct pdp_delayline *line, struct pdp_error *err)
{
	bool was_running = line->state == RUNNING, was_there = line->state != OFF || is_there(line);
	struct pdp_error why;
	int code = ensure_pair(line, &why);

	if (!code && !is_attached(line))
		code = attach(line, &why);
	if (!code)
		code = ensure_process(line, &why);
	if (!code)
		code = pdp_publish_delay(line->conf.store, line->mh_ifindex, &why);
	if (code) {
		if (!was_there)
			take_away(line);
		return pdp_fail(err, code, "delay line: %s", why.text);
	}
	evtimer_del(line->timer);
	line->state = RUNNING;
	if (!was_running)
		tell(line, PDP_LOG_NOTICE, "packets of vifs with a delay can wait");
	return 0;
}

static bool is_empty(const struct pdp_delayline *line)
{
	const struct pdp_delay_stats *stats = pdp_delayline_map(line->conf.run_dir);
	bool empty = !stats || (!pdp_delay_waiting(stats) &&
				left_in_sockets(line, stats) <= stats->socket_died);

	pdp_delayline_unmap(stats);
	return empty;
}

static void drain_turn(struct pdp_delayline *line)
{
	if (!is_empty(line) && ++line->ticks < DRAIN_TICKS) {
		in_us(line, DRAIN_TICK_US);
		return;
	}
	take_away(line);
	tell(line, PDP_LOG_NOTICE, "no vif has a delay any more");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_delayline *line = arg;
	struct pdp_error err;

	(void)fd;
	(void)what;
	if (line->state == DRAINING) {
		drain_turn(line);
	} else if (line->state == LOST && pdp_delayline_start(line, &err)) {
		tell(line, PDP_LOG_ERROR, err.text);
		in_us(line, line->restart_us);
	}
}

void pdp_delayline_stop(struct pdp_delayline *line)
{
	if (line->state == DRAINING || (line->state == OFF && line->looked))
		return;
	line->looked = true;
	if (line->state == OFF && !is_there(line))
		return;
	if (line->process.pidfd < 0 && pdp_delayproc_find(&line->process, line->stats)) {
		take_away(line);
		return;
	}
	pdp_publish_delay(line->conf.store, 0, NULL);
	line->state = DRAINING;
	line->ticks = 0;
	/* A tick at least, for what is on its way there. */
	in_us(line, DRAIN_TICK_US);
}

void pdp_delayline_clear(struct pdp_delayline *line)
{
	if (line->state == OFF)
		pdp_delayproc_find(&line->process, line->stats);
	line->state = RUNNING; /* not DRAINING: at once */
	take_away(line);
	unlink(line->stats);
}

void pdp_delayline_end(struct pdp_delayline *line)
{
	if (line)
		pdp_delayline_clear(line);
	pdp_delayline_release(line);
}

const char *pdp_delayline_state(const struct pdp_delayline *line)
{
	static const char *const names[] = {"off", "running", "draining", "lost"};

	return names[line ? line->state : OFF];
}

/* --- counters ------------------------------------------------------------------------------------- */

/* Read and written: book_socket() and zero have their words in it too. */
const struct pdp_delay_stats *pdp_delayline_map(const char *run_dir)
{
	const size_t size = sizeof(struct pdp_delay_stats);
	void *memory = MAP_FAILED;
	struct stat st;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/" PDP_DELAYLINE_STATS, run_dir);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && st.st_size == (off_t)size)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

void pdp_delayline_unmap(const struct pdp_delay_stats *stats)
{
	if (stats)
		munmap((void *)stats, sizeof(*stats));
}

void pdp_delayline_zero(const char *run_dir, uint16_t vnet)
{
	struct pdp_delay_stats *stats = (struct pdp_delay_stats *)pdp_delayline_map(run_dir);

	if (stats) {
		stats->received_gone += stats->vnet[vnet].received;
		memset(&stats->vnet[vnet], 0, sizeof(stats->vnet[vnet]));
	}
	pdp_delayline_unmap(stats);
}
