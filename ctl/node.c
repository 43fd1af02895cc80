/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * node.c - a node's beginning and end. What happens in between is apply.c's and follow.c's.
 *
 * To come up is to apply the wanted model to what is there: to nothing, or to guests, maps and links
 * that run on from an earlier controller. To leave is to let go of them; to go down is to take all away.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/apply_steps.h"
#include "ctl/audit.h"
#include "ctl/booksfile.h"
#include "ctl/container.h"
#include "ctl/control.h"
#include "ctl/control_check.h"
#include "ctl/delayline.h"
#include "ctl/ethtool.h"
#include "ctl/fe_check.h"
#include "ctl/follow.h"
#include "ctl/inherit.h"
#include "ctl/log.h"
#include "ctl/node.h"
#include "ctl/nodefile.h"
#include "ctl/nodelock.h"
#include "ctl/own.h"
#include "ctl/place.h"
#include "ctl/plan.h"
#include "ctl/powerkeep.h"
#include "ctl/rundir.h"
#include "ctl/store.h"

uint64_t pdp_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void set_state(struct pdp_node *node, enum pdp_node_state state)
{
	node->state = state;
	node->since_ns = pdp_now_ns();
}

/* --- what is there -------------------------------------------------------------------------------- */

static int check_agent(struct pdp_node *node, struct pdp_error *err)
{
	const char *path = node->conf.agent;

	if (access(path, X_OK))
		return pdp_fail(err, -errno, "agent %s: %s; name another with --agent", path,
				strerror(errno));
	return 0;
}

/* What lies in it of guests is ours alone. */
static int lock_run_dir(struct pdp_node *node, struct pdp_error *err)
{
	node->run_fd = pdp_rundir_lock(node->conf.run_dir, err);
	return node->run_fd < 0 ? node->run_fd : 0;
}

static int open_underlay(struct pdp_node *node, struct pdp_error *err)
{
	return pdp_underlay_open(&node->underlay, node->base, &pdp_follow_underlay, node, err);
}

static int open_ethtool(struct pdp_node *node, struct pdp_error *err)
{
	node->ethtool_fd = pdp_ethtool_open(err);
	return node->ethtool_fd < 0 ? node->ethtool_fd : 0;
}

static int open_loader(struct pdp_node *node, struct pdp_error *err)
{
	struct pdp_error why;
	int code = pdp_loader_open(&node->loader, node->conf.pins, err);

	if (!code)
		code = pdp_publish_open(&node->store, node->loader, err);
	if (!code && pdp_loader_xmit_drops(node->loader, &why))
		pdp_log(PDP_LOG_WARNING, "the ledger has a gap: %s", why.text);
	return code;
}

static int open_delay_line(struct pdp_node *node, struct pdp_error *err)
{
	const struct pdp_delayline_conf conf = {
		.base = node->base,
		.loader = node->loader,
		.store = node->store,
		.events = node->events,
		.node = node->name,
		.run_dir = node->conf.run_dir,
		.pins = node->conf.pins,
		.agent = node->conf.agent,
	};

	return pdp_delayline_new(&node->delay, &conf, err);
}

static int open_guests(struct pdp_node *node, const struct pdp_layout *layout,
		       struct pdp_error *err)
{
	struct pdp_guests_conf conf = {
		.base = node->base,
		.loader = node->loader,
		.node = layout->model.node,
		.run_dir = node->conf.run_dir,
		.agent_path = node->conf.agent,
		/* Whatever becomes of ports: a device's MTU costs nothing. */
		.link_mtu = pdp_fe_link_mtu(PDP_PORT_MTU_MAX),
		.id_block = node->id_block,
	};
	const struct pdp_mh_conf mh = {
		.base = conf.base,
		.loader = conf.loader,
		.node = conf.node,
		.run_dir = conf.run_dir,
		.agent_path = conf.agent_path,
		.id_block = node->id_block,
	};
	int code;

	code = pdp_guests_new(&node->guests, &conf, err);
	return code ? code : pdp_mh_guests_new(&node->mh_guests, &mh, err);
}

/* Without pins nothing forwards any more: what is left of guests is in the way. */
static int clear_guests(struct pdp_node *node, struct pdp_error *err)
{
	unsigned int n = 0, n_mh = 0;
	int code = node->forwards_without_us ? 0 : pdp_mh_reap(node->mh_guests, &n_mh, err);

	if (!code && !node->forwards_without_us)
		code = pdp_guests_reap(node->guests, &n, err);

	/* They go on from counters that are gone. */
	if (!node->forwards_without_us || node->other_abi) {
		pdp_booksfile_remove(node->conf.run_dir, NULL);
		pdp_delayline_clear(node->delay);
	}
	if (!code && n + n_mh)
		pdp_log(PDP_LOG_NOTICE, "removed %u things of guests that an earlier pdpd left",
			n + n_mh);
	return code;
}

/* --- what is wanted ------------------------------------------------------------------------------- */

/* On a machine where nobody has installed PdP, the store's usual place is not there. */
static int make_state_dir(const struct pdp_node *node, struct pdp_error *err)
{
	static const char usual[] = PDP_STORE_PATH;
	char dir[sizeof(usual)];

	if (strcmp(node->conf.state, usual) != 0)
		return 0;
	memcpy(dir, usual, sizeof(usual));
	*strrchr(dir, '/') = '\0';
	if (mkdir(dir, 0700) && errno != EEXIST)
		return pdp_fail(err, -errno, "cannot make directory %s: %s; use another --state",
				dir, strerror(errno));
	return 0;
}

static int open_state(struct pdp_node *node, struct pdp_state *state, struct pdp_error *err)
{
	int code = make_state_dir(node, err);

	if (!code)
		code = pdp_store_open(&node->db, node->conf.state, err);
	if (!code)
		code = pdp_store_load(node->db, state, err);
	node->generation = state->generation;
	return code;
}

/* A node file that was named comes first of all: what is wrong with it has nothing to do with the rest. */
static int read_config(const struct pdp_node *node, struct pdp_model *wanted, struct pdp_error *err)
{
	return node->conf.config ? pdp_nodefile_load(wanted, node->conf.config, err) : 0;
}

/* The node file when it was named, else what was last applied, else the node file where it always is. */
static int find_wanted(const struct pdp_node *node, const struct pdp_state *state,
		       struct pdp_model *wanted, struct pdp_error *err)
{
	if (node->conf.config)
		return 0;
	if (state->generation)
		return pdp_model_copy(wanted, &state->model);
	return pdp_nodefile_load(wanted, PDP_NODE_FILE, err);
}

static int check_name(const struct pdp_node *node, const struct pdp_state *state,
		      const struct pdp_model *wanted, struct pdp_error *err)
{
	if (!state->generation || !strcmp(state->model.node, wanted->node))
		return 0;
	return pdp_fail(err, -EINVAL,
			"%s is the state of node %s, and %s is wanted; use another --state, or "
			"remove it once that node is down",
			node->conf.state, state->model.node, wanted->node);
}

/* Containers and links bear it: no other pdpd of this machine may have one of that name. */
static int lock_name(struct pdp_node *node, const struct pdp_model *wanted, struct pdp_error *err)
{
	memcpy(node->name, wanted->node, sizeof(node->name));
	node->id_block = pdp_id_block(node->name, node->conf.run_dir);
	node->name_fd = pdp_nodelock_take(PDP_NODELOCK_DIR, node->name, node->conf.run_dir,
					  &node->id_block, err);
	return node->name_fd < 0 ? node->name_fd : 0;
}

/* A restart with what was there changes nothing, and says nothing to the history. */
static void compare(struct pdp_node *node, const struct pdp_state *state,
		    const struct pdp_model *wanted, const struct pdp_placement *placement)
{
	const struct pdp_plan_side from = {.model = &state->model, .placement = &state->placement};
	const struct pdp_plan_side to = {.model = wanted, .placement = placement};
	struct pdp_plan plan = {0};

	node->stored = state->generation && !pdp_plan_make(&plan, &from, &to) && !plan.n;
	node->resumed = node->stored;
	pdp_plan_free(&plan);
}

/* --- up ------------------------------------------------------------------------------------------- */

struct outcome {
	bool done;
	int code;
	struct pdp_error err;
};

static void on_applied(struct pdp_node *node, int code, const struct pdp_error *err, void *arg)
{
	struct outcome *outcome = arg;

	(void)node;
	outcome->done = true;
	outcome->code = code;
	if (err)
		outcome->err = *err;
}

static void wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static int wait_until_applied(struct pdp_node *node, struct outcome *outcome, struct pdp_error *err)
{
	const struct timeval step = {.tv_usec = 50000};
	struct event *alarm = event_new(node->base, -1, EV_PERSIST, wake, NULL);

	if (alarm)
		event_add(alarm, &step);
	while (!outcome->done) {
		if (*node->conf.cancel)
			pdp_apply_cancel(node, -ECANCELED, "interrupted");
		event_base_loop(node->base, EVLOOP_ONCE);
	}
	if (alarm)
		event_free(alarm);
	if (outcome->code && err)
		*err = outcome->err;
	return outcome->code;
}

static void load_books(const char *run_dir, const struct pdp_layout *layout)
{
	size_t i;

	for (i = 0; i < layout->model.n_vnets; i++)
		pdp_booksfile_load(run_dir, layout->vnets[i].conf->name, &layout->vnets[i].gone);
}

static int open_all(struct pdp_node *node, struct pdp_error *err)
{
	const struct pdp_layout *layout = &node->apply->other;
	int code = open_loader(node, err);

	if (!code)
		code = open_delay_line(node, err);
	if (!code && node->forwards_without_us && !node->other_abi)
		load_books(node->conf.run_dir, layout);
	if (!code)
		code = open_guests(node, layout, err);
	if (!code)
		code = clear_guests(node, err);
	return code;
}

static int apply_first(struct pdp_node *node, struct pdp_state *state, struct pdp_model *wanted,
		       struct pdp_error *err)
{
	struct pdp_placement placement = {0};
	struct outcome outcome = {0};
	int code = find_wanted(node, state, wanted, err);
	bool renewing = false;

	if (!code)
		code = check_name(node, state, wanted, err);
	if (!code && !node->forwards_without_us)
		code = pdp_fe_check(wanted, &state->model, node->conf.config, err);
	/* What forwards is not to wait for a directory. */
	if (!code && !node->forwards_without_us)
		code = pdp_control_check(wanted, &state->model, node->conf.config, err);
	if (!code)
		code = lock_name(node, wanted, err);
	if (!code) {
		renewing = pdp_inherit_mark(node, &state->placement);
		code = pdp_place(&placement, wanted, &state->model, &state->placement, err);
	}
	if (!code) {
		compare(node, state, wanted, &placement);
		code = pdp_apply_begin(node, wanted, &placement, "the node comes up", on_applied,
				       &outcome, err);
	}
	if (!code) {
		node->apply->adopting = node->forwards_without_us;
		node->apply->renewing = renewing;
		code = open_all(node, err);
	}
	if (code && node->apply)
		node->apply->fn = NULL; /* nobody waits for it any more */
	pdp_placement_free(&placement);
	if (!code)
		code = wait_until_applied(node, &outcome, err);
	if (!code)
		pdp_inherit_done(node);
	return code;
}

static void on_sample(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_node *node = arg;

	(void)fd;
	(void)what;
	pdp_follow_sample(node);
	pdp_audit(node->audit);
}

static int start_sampling(struct pdp_node *node, struct pdp_error *err)
{
	const struct timeval second = {.tv_sec = 1};

	node->sampled_ns = pdp_now_ns();
	node->sample = event_new(node->base, -1, EV_PERSIST, on_sample, node);
	if (!node->sample || event_add(node->sample, &second) ||
	    pdp_audit_new(&node->audit, node) || pdp_powerkeep_new(&node->power, node))
		return pdp_fail(err, -ENOMEM, "no memory for a timer");
	return 0;
}

/* Whatever can be refused is refused before anything is made. */
static int bring_up(struct pdp_node *node, struct pdp_error *err)
{
	static int (*const steps[])(struct pdp_node *, struct pdp_error *) = {
		check_agent, lock_run_dir, pdp_inherit_look, open_underlay, open_ethtool,
	};
	struct pdp_state state = {0};
	struct pdp_model wanted = {0};
	int code = read_config(node, &wanted, err);
	size_t i;

	for (i = 0; !code && i < sizeof(steps) / sizeof(steps[0]); i++)
		code = steps[i](node, err);
	/* What was there before us, or cannot be read, is not ours to remove because we fail. */
	node->keep_state = true;
	if (!code)
		code = open_state(node, &state, err);
	if (!code) {
		node->keep_state = state.generation > 0;
		code = apply_first(node, &state, &wanted, err);
	}
	pdp_model_free(&wanted);
	pdp_state_free(&state);
	return code ? code : start_sampling(node, err);
}

/* What forwarded before is not to stop because a new controller could not come up. */
static void give_up(struct pdp_node *node)
{
	struct pdp_error why;

	if (node->forwards_without_us) {
		/* Beside another ABI's, ours have not been in force. */
		if (node->other_abi && node->loader && pdp_loader_purge(node->loader, &why))
			pdp_log(PDP_LOG_ERROR, "%s", why.text);
		pdp_node_leave(node);
	} else if (pdp_node_down(node, &why))
		pdp_log(PDP_LOG_ERROR, "taking down what was made: %s", why.text);
	pdp_node_free(node);
}

int pdp_node_up(struct pdp_node **out, struct event_base *base, const struct pdp_node_conf *conf,
		struct pdp_error *err)
{
	struct pdp_node *node = calloc(1, sizeof(*node));
	int code;

	*out = NULL;
	if (!node)
		return pdp_fail(err, -ENOMEM, "no memory for a node");
	node->conf = *conf;
	node->base = base;
	node->ethtool_fd = -1;
	node->run_fd = -1;
	node->name_fd = -1;
	node->asker = geteuid();
	node->events = pdp_events_new();
	set_state(node, PDP_NODE_STARTING);
	code = bring_up(node, err);
	if (code) {
		give_up(node);
		return code;
	}
	node->keep_state = false;
	set_state(node, PDP_NODE_FORWARDING);
	*out = node;
	return 0;
}

/* --- down ----------------------------------------------------------------------------------------- */

static void end_guests(struct pdp_node *node, void (*end)(struct pdp_guest_box *box),
		       void (*end_control)(struct pdp_mh_guest *box))
{
	size_t i, j;

	for (i = node->vnets ? node->model.n_vnets : 0; i-- > 0;) {
		for (j = node->vnets[i].n_guests; j-- > 0;) {
			end(node->vnets[i].guests[j]->box);
			node->vnets[i].guests[j]->box = NULL;
		}
	}
	pdp_control_end(node, end_control);
	pdp_guests_free(node->guests);
	node->guests = NULL;
}

static int detach_ports(struct pdp_node *node, struct pdp_error *err)
{
	size_t i;
	int code, first = 0;

	for (i = 0; node->ports && i < node->model.n_ports; i++) {
		code = pdp_loader_detach(node->loader, node->ports[i].link, first ? NULL : err);
		first = first ? first : code;
	}
	return first;
}

static void stop_sampling(struct pdp_node *node)
{
	if (node->sample)
		event_free(node->sample);
	node->sample = NULL;
	pdp_audit_free(node->audit);
	node->audit = NULL;
	pdp_powerkeep_free(node->power);
	node->power = NULL;
}

static void unlock(struct pdp_node *node, bool down)
{
	pdp_nodelock_leave(PDP_NODELOCK_DIR, node->name, node->name_fd, down);
	node->name_fd = -1;
	if (down)
		pdp_rundir_unlock(node->conf.run_dir, node->run_fd);
	else if (node->run_fd >= 0)
		close(node->run_fd);
	node->run_fd = -1;
}

/* Everything that is only ours: nothing of it is on a packet's path. */
static void close_all(struct pdp_node *node)
{
	pdp_underlay_close(node->underlay);
	node->underlay = NULL;
	pdp_publish_close(node->store);
	node->store = NULL;
	pdp_loader_close(node->loader);
	node->loader = NULL;
	if (node->ethtool_fd >= 0)
		close(node->ethtool_fd);
	node->ethtool_fd = -1;
	pdp_store_close(node->db);
	node->db = NULL;
}

void pdp_node_leave(struct pdp_node *node)
{
	set_state(node, PDP_NODE_STOPPING);
	stop_sampling(node);
	pdp_apply_abandon(node, "pdpd left");
	end_guests(node, pdp_guest_release, pdp_mh_release);
	pdp_delayline_release(node->delay);
	node->delay = NULL;
	close_all(node);
	unlock(node, false);
}

/* A state that lives in the run directory is the state of one life of the node. */
static void forget_state(struct pdp_node *node)
{
	const char *run_dir = node->conf.run_dir, *state = node->conf.state;

	pdp_booksfile_remove(run_dir, NULL);
	if (!strncmp(state, run_dir, strlen(run_dir)) && state[strlen(run_dir)] == '/')
		unlink(state);
}

int pdp_node_down(struct pdp_node *node, struct pdp_error *err)
{
	int code = 0, purged = 0;

	set_state(node, PDP_NODE_STOPPING);
	stop_sampling(node);
	if (node->loader)
		code = detach_ports(node, err);
	pdp_apply_abandon(node, "the node went down");
	end_guests(node, pdp_guest_stop, pdp_mh_stop);
	pdp_delayline_end(node->delay);
	node->delay = NULL;
	for (size_t i = 0; node->loader && i < node->model.n_vnets; i++)
		if (node->vnets[i].own)
			pdp_own_forget(node->vnets[i].own);
	if (node->loader)
		purged = pdp_loader_purge(node->loader, code ? NULL : err);
	close_all(node);
	if (node->run_fd >= 0 && !node->keep_state)
		forget_state(node);
	unlock(node, true);
	return code ? code : purged;
}

void pdp_node_free(struct pdp_node *node)
{
	struct pdp_layout last = {0};

	if (!node)
		return;
	pdp_layout_enter(node, &last);
	pdp_layout_free(&last);
	pdp_events_free(node->events);
	free(node);
}
