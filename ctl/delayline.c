/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* delayline.c - the delay line's links, programs and life; see delayline.h. Its process: delayproc.c. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/delayline.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/delayfile.h"
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
	bool up; /* both ends */
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
static void drained(struct pdp_delayline *line);

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
	snprintf(line->stats, sizeof(line->stats), "%s/" PDP_DELAYFILE, conf->run_dir);
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

/* The pair that is there, if it is ours. What another's link had refused stays in the books. */
static int find_pair(struct pdp_delayline *line, struct pdp_rtnl *rtnl, struct pdp_error *err)
{
	struct pdp_link mh = {0}, end = {0};
	int was = line->mh_ifindex, code = pdp_rtnl_link(rtnl, MH_SIDE, &mh, err);

	line->mh_ifindex = line->line_ifindex = 0;
	if (was && was != mh.ifindex)
		pdp_hops_bury_delay(line->conf.loader, (uint32_t)was);
	if (code)
		return code;
	/* The kernel may have more of the alias than struct pdp_link has room for. */
	if (strncmp(mh.alias, line->owner, sizeof(mh.alias) - 1) != 0)
		return pdp_fail(err, -EEXIST,
				"device " MH_SIDE " is not this node's ('%s', not '%s'); "
				"remove it: ip link del " MH_SIDE,
				mh.alias, line->owner);
	line->mh_ifindex = mh.ifindex;
	code = pdp_rtnl_link(rtnl, LINE_SIDE, &end, err);
	if (code)
		return code;
	line->line_ifindex = end.ifindex;
	line->up = mh.flags & end.flags & IFF_UP;
	return 0;
}

static int look_for_pair(struct pdp_delayline *line, struct pdp_error *err)
{
	struct pdp_rtnl *rtnl;
	int code = pdp_rtnl_open(&rtnl, err);

	if (code)
		return code;
	code = find_pair(line, rtnl, err);
	pdp_rtnl_close(rtnl);
	return code;
}

static int add_pair(struct pdp_delayline *line, struct pdp_error *err)
{
	struct pdp_rtnl *rtnl;
	int code = pdp_rtnl_open(&rtnl, err);

	if (code)
		return code;
	code = make_pair(line, rtnl, err);
	if (!code)
		code = find_pair(line, rtnl, err);
	pdp_rtnl_close(rtnl);
	return code;
}

static void remove_pair(struct pdp_delayline *line)
{
	struct pdp_rtnl *rtnl;

	if (pdp_rtnl_open(&rtnl, NULL))
		return;
	find_pair(line, rtnl, NULL);
	if (line->mh_ifindex) {
		pdp_rtnl_delete_link(rtnl, line->mh_ifindex, NULL);
		pdp_hops_bury_delay(line->conf.loader, (uint32_t)line->mh_ifindex);
	}
	line->mh_ifindex = line->line_ifindex = 0;
	pdp_rtnl_close(rtnl);
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
	tell(line, PDP_LOG_WARNING, why);
	if (line->state == DRAINING) {
		drained(line);
		return;
	}
	line->state = LOST;
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

/* One that runs, ours or an earlier controller's. */
static bool has_process(struct pdp_delayline *line)
{
	struct pdp_error err;

	if (line->ended)
		return true;
	if (line->process.pidfd < 0 && pdp_delayproc_find(&line->process, line->stats))
		return false;
	return !follow_process(line, &err);
}

static int add_process(struct pdp_delayline *line, struct pdp_error *err)
{
	struct pdp_delayproc_conf conf = {
		.agent = line->conf.agent,
		.dev = LINE_SIDE,
		.stats = line->stats,
	};
	int code;

	snprintf(conf.xsks, sizeof(conf.xsks), "%s/v%d/guests/%d/pdp_xsks", line->conf.pins,
		 PDP_ABI, PDP_GUEST_DELAY);
	code = pdp_delayproc_spawn(&line->process, &conf, err);
	return code ? code : follow_process(line, err);
}

/* --- start and stop ------------------------------------------------------------------------------- */

/* The books last: only what is gone does not move any more. */
static void tear_down(struct pdp_delayline *line)
{
	pdp_publish_delay(line->conf.store, 0, NULL);
	if (line->ended)
		event_del(line->ended);
	if (line->process.pidfd >= 0 || !pdp_delayproc_find(&line->process, line->stats))
		pdp_delayproc_end(&line->process, line->state == DRAINING, END_WAIT_MS);
	forget_process(line);
	remove_pair(line);
	pdp_loader_detach(line->conf.loader, LINK_NAME, NULL);
	pdp_loader_detach_guest(line->conf.loader, PDP_GUEST_DELAY, NULL);
	pdp_delayfile_close(line->conf.run_dir, line->conf.loader);
}

static void take_away(struct pdp_delayline *line)
{
	evtimer_del(line->timer);
	tear_down(line);
	line->state = OFF;
	line->restart_us = RESTART_FIRST_US;
}

/* An earlier controller may have left one that is no longer wanted. */
static bool is_there(struct pdp_delayline *line)
{
	look_for_pair(line, NULL);
	return line->mh_ifindex;
}

/* 0: a pair that is up and its process; -ENODEV: not all of it. */
static int look(struct pdp_delayline *line, struct pdp_error *err)
{
	int was = line->mh_ifindex, code = look_for_pair(line, err);

	if (code)
		return code;
	return line->up && (!was || was == line->mh_ifindex) && has_process(line) ? 0 : -ENODEV;
}

static int make(struct pdp_delayline *line, struct pdp_error *err)
{
	int code = add_pair(line, err);

	if (!code)
		code = attach(line, err);
	if (!code)
		code = add_process(line, err);
	if (code)
		tear_down(line);
	return code;
}

static int make_anew(struct pdp_delayline *line, struct pdp_error *err)
{
	if (line->state == RUNNING)
		tell(line, PDP_LOG_WARNING, "its link is gone or down; it is made anew");
	tear_down(line);
	return make(line, err);
}

int pdp_delayline_start(struct pdp_delayline *line, struct pdp_error *err)
{
	bool was_running = line->state == RUNNING;
	struct pdp_error why;
	int code = look(line, &why);

	if (code == -ENODEV) {
		was_running = false;
		code = make_anew(line, &why);
	} else if (!code && !is_attached(line)) {
		code = attach(line, &why);
	}
	if (!code)
		code = pdp_publish_delay(line->conf.store, line->mh_ifindex, &why);
	if (code) {
		if (line->state == RUNNING) {
			line->state = LOST;
			in_us(line, line->restart_us);
		}
		return pdp_fail(err, code, "delay line: %s", why.text);
	}
	evtimer_del(line->timer);
	line->state = RUNNING;
	if (!was_running)
		tell(line, PDP_LOG_NOTICE, "packets of vifs with a delay can wait");
	return 0;
}

static void drained(struct pdp_delayline *line)
{
	take_away(line);
	tell(line, PDP_LOG_NOTICE, "no vif has a delay any more");
}

static void drain_turn(struct pdp_delayline *line)
{
	if (!pdp_delayfile_is_empty(line->conf.run_dir, line->conf.loader) &&
	    ++line->ticks < DRAIN_TICKS) {
		in_us(line, DRAIN_TICK_US);
		return;
	}
	drained(line);
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

void pdp_delayline_link_down(struct pdp_delayline *line, int ifindex)
{
	struct pdp_error err;

	if (!line || line->state != RUNNING ||
	    (ifindex != line->mh_ifindex && ifindex != line->line_ifindex))
		return;
	if (pdp_delayline_start(line, &err))
		tell(line, PDP_LOG_ERROR, err.text);
}

void pdp_delayline_stop(struct pdp_delayline *line)
{
	if (line->state == DRAINING || (line->state == OFF && line->looked))
		return;
	line->looked = true;
	if (!is_there(line) || !has_process(line)) {
		take_away(line);
		return;
	}
	pdp_publish_delay(line->conf.store, 0, NULL);
	pdp_hops_bury_delay(line->conf.loader, (uint32_t)line->mh_ifindex);
	line->state = DRAINING;
	line->ticks = 0;
	/* A tick at least, for what is on its way there. */
	in_us(line, DRAIN_TICK_US);
}

void pdp_delayline_clear(struct pdp_delayline *line)
{
	line->state = OFF; /* not DRAINING: at once */
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
