/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* route_check.c - compare agents' tables with the control plane's; see route_check.h. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/route_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/agentconf.h"
#include "ctl/guest.h"
#include "ctl/layout.h"
#include "ctl/mirror.h"
#include "ctl/route_diff.h"
#include "ctl/rtjson.h"
#include "ctl/tables.h"

#define TRIES 3
#define TRY_AGAIN_MS 300
#define TIMEOUT_S 55 /* less than clients wait */
#define ANSWER_TIMEOUT_S 5
#define STEPS_AT_ONCE 4
#define FOUND_MAX 100 /* differences of a guest that are told one by one */
#define STRAY_ENTRIES \
	100000 /* that an agent may have beyond what it should, before it is cut short */

struct pdp_route_check {
	struct pdp_node *node;
	char vnet[PDP_LABEL_MAX]; /* by name: it may go meanwhile */
	pdp_route_check_fn fn;
	void *arg;
	struct pdp_agentconf *truth, *have;
	struct pdp_mirror *fresh; /* fills truth */
	size_t guest; /* whose turn it is */
	struct pdp_guest_box *asked; /* that will answer; NULL = none */
	struct pdp_route_diff diff;
	bool comparing;
	bool cut; /* the agent has too much */
	unsigned int tries;
	size_t differences; /* of the guest */
	size_t all; /* of all guests, and those that did not answer */
	json_t *found; /* of the guest */
	json_t *rows;
	struct event *turn, *timeout, *silence;
};

static void next_guest(struct pdp_route_check *c);

/* --- beginning and end ----------------------------------------------------------------------------- */

static void drop_tables(struct pdp_route_check *c)
{
	pdp_mirror_free(c->fresh);
	c->fresh = NULL;
	pdp_agentconf_unref(c->truth);
	pdp_agentconf_unref(c->have);
	c->truth = c->have = NULL;
}

void pdp_route_check_cancel(struct pdp_route_check *c)
{
	if (!c)
		return;
	if (c->asked)
		pdp_guest_forget_asked(c->asked, c);
	drop_tables(c);
	if (c->turn)
		event_free(c->turn);
	if (c->timeout)
		event_free(c->timeout);
	if (c->silence)
		event_free(c->silence);
	json_decref(c->found);
	json_decref(c->rows);
	free(c);
}

static void end(struct pdp_route_check *c, const struct pdp_error *err)
{
	json_t *rows = err ? NULL : json_incref(c->rows);
	pdp_route_check_fn fn = c->fn;
	void *arg = c->arg;

	pdp_route_check_cancel(c);
	fn(rows, err, arg);
}

static void end_with(struct pdp_route_check *c, int code, const char *why)
{
	struct pdp_error err;

	pdp_fail(&err, code, "vnet %s: %s", c->vnet, why);
	end(c, &err);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	end_with(arg, -ETIMEDOUT, "its tables could not be compared in time");
}

static void turn_after(struct pdp_route_check *c, unsigned int ms)
{
	const struct timeval wait = {.tv_usec = (suseconds_t)ms * 1000};

	event_add(c->turn, &wait);
}

/* --- what should be -------------------------------------------------------------------------------- */

static uint16_t vif_of(uint32_t ifindex, void *arg)
{
	const struct pdp_route_check *c = arg;
	const struct pdp_node_vnet *vnet = pdp_node_vnet(c->node, c->vnet);

	return vnet && vnet->control && vnet->control->box
		       ? pdp_mh_vif_of(vnet->control->box, (int)ifindex)
		       : 0;
}

static void on_fresh(enum pdp_mirror_event event, const struct pdp_error *err, void *arg)
{
	struct pdp_route_check *c = arg;

	if (event == PDP_MIRROR_FAILED) {
		end(c, err);
	} else if (event == PDP_MIRROR_SYNCED) {
		pdp_mirror_free(c->fresh);
		c->fresh = NULL;
		c->guest = 0;
		next_guest(c);
	}
}

static int put_canonical(const void *msgs, size_t len, void *table)
{
	return pdp_route_diff_put(table, msgs, len);
}

static int read_kernel(struct pdp_route_check *c, const struct pdp_node_control *control,
		       struct pdp_error *err)
{
	const struct pdp_mirror_table_conf conf = {
		.told = c->truth,
		.max_routes = control->vnet->conf->control.max_routes,
		.vif_of = vif_of,
		.arg = c,
	};
	int netns_fd = pdp_mh_netns(control->box, err);
	int code;

	if (netns_fd < 0)
		return netns_fd;
	code = pdp_mirror_new(&c->fresh, c->node->base, netns_fd, &conf, on_fresh, c, err);
	close(netns_fd);
	return code;
}

static void begin_try(struct pdp_route_check *c)
{
	const struct pdp_node_vnet *vnet = pdp_node_vnet(c->node, c->vnet);
	struct pdp_error err = {0};
	int code = 0;

	c->tries++;
	c->all = 0;
	json_array_clear(c->rows);
	drop_tables(c);
	c->truth = pdp_agentconf_new();
	if (!vnet || !c->truth) {
		end_with(c, vnet ? -ENOMEM : -ENOENT, vnet ? "no memory" : "it is gone");
		return;
	}
	if (vnet->control) {
		code = vnet->control->box ? read_kernel(c, vnet->control, &err)
					  : pdp_fail(&err, -ENOENT, "it is not there");
		if (code)
			end_with(c, code, err.text);
		return;
	}
	code = pdp_tables_routes(vnet, put_canonical, c->truth);
	c->guest = 0;
	if (code)
		end_with(c, code, "no memory");
	else
		next_guest(c);
}

/* --- what is --------------------------------------------------------------------------------------- */

static void differ(const struct nlmsghdr *want, const struct nlmsghdr *have, void *arg)
{
	struct pdp_route_check *c = arg;
	const struct pdp_node_vnet *vnet = pdp_node_vnet(c->node, c->vnet);
	json_t *row;

	if (c->differences++ >= FOUND_MAX)
		return;
	row = json_object();
	json_object_set_new(row, "control",
			    want ? pdp_rt_json(want, pdp_route_vif_name, (void *)vnet)
				 : json_null());
	json_object_set_new(row, "agent",
			    have ? pdp_rt_json(have, pdp_route_vif_name, (void *)vnet)
				 : json_null());
	json_array_append_new(c->found, row);
}

static void add_row(struct pdp_route_check *c, const char *state, const char *error)
{
	const struct pdp_node_vnet *vnet = pdp_node_vnet(c->node, c->vnet);
	struct pdp_agentconf_stats stats = {0};

	if (c->have)
		pdp_agentconf_stats(c->have, &stats);
	json_array_append_new(
		c->rows,
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:O, s:o}", "vnet", c->vnet, "guest",
			  vnet && c->guest < vnet->n_guests ? vnet->guests[c->guest]->name : "",
			  "state", state, "routes", (json_int_t)stats.routes, "addresses",
			  (json_int_t)stats.addresses, "neighbours", (json_int_t)stats.neighbours,
			  "differences", (json_int_t)c->differences, "found", c->found, "error",
			  error ? json_string(error) : json_null()));
	pdp_agentconf_unref(c->have);
	c->have = NULL;
	c->guest++;
}

static void compared(struct pdp_route_check *c)
{
	c->comparing = false;
	c->all += c->differences;
	add_row(c, c->differences ? "differs" : "same",
		c->cut ? "it has so much more that not all of it was read" : NULL);
	next_guest(c);
}

static void compare(struct pdp_route_check *c)
{
	for (int i = 0; i < STEPS_AT_ONCE; i++) {
		if (pdp_route_diff_step(&c->diff)) {
			compared(c);
			return;
		}
	}
	turn_after(c, 0);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_route_check *c = arg;

	(void)fd, (void)what;
	if (c->comparing)
		compare(c);
	else
		begin_try(c);
}

static void unanswered(struct pdp_route_check *c, const char *why)
{
	c->all++;
	add_row(c, "unanswered", why);
	next_guest(c);
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_route_check *c = arg;

	(void)fd, (void)what;
	pdp_guest_forget_asked(c->asked, c);
	c->asked = NULL;
	unanswered(c, "its agent does not answer");
}

static void wait_for_answer(const struct pdp_route_check *c)
{
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};

	event_add(c->silence, &timeout);
}

static void on_answer(const void *msgs, size_t len, bool last, const struct pdp_error *err,
		      void *arg)
{
	struct pdp_route_check *c = arg;
	struct pdp_agentconf_stats have, truth;

	wait_for_answer(c);
	if (last) {
		c->asked = NULL;
		event_del(c->silence);
	}
	if (err) {
		unanswered(c, err->text);
		return;
	}
	pdp_agentconf_stats(c->have, &have);
	pdp_agentconf_stats(c->truth, &truth);
	c->cut = have.entries > 2 * truth.entries + STRAY_ENTRIES;
	if (!c->cut && pdp_route_diff_put(c->have, msgs, len))
		c->cut = true;
	if (!last)
		return;
	c->comparing = true;
	c->diff =
		(struct pdp_route_diff){.want = c->truth, .have = c->have, .fn = differ, .arg = c};
	turn_after(c, 0);
}

static void all_asked(struct pdp_route_check *c)
{
	if (c->all && c->tries < TRIES)
		turn_after(c, TRY_AGAIN_MS);
	else
		end(c, NULL);
}

static void next_guest(struct pdp_route_check *c)
{
	const struct pdp_node_vnet *vnet = pdp_node_vnet(c->node, c->vnet);
	struct pdp_guest_box *box;
	struct pdp_error err;

	if (!vnet || c->guest >= vnet->n_guests) {
		all_asked(c);
		return;
	}
	box = vnet->guests[c->guest]->box;
	c->differences = 0;
	c->cut = false;
	json_decref(c->found);
	c->found = json_array();
	c->have = pdp_agentconf_new();
	if (!c->have || !c->found || !box) {
		unanswered(c, box ? "no memory" : "it is not there");
		return;
	}
	if (pdp_guest_dump(box, on_answer, c, &err)) {
		unanswered(c, err.text);
		return;
	}
	c->asked = box;
	wait_for_answer(c);
}

int pdp_route_check_begin(struct pdp_route_check **out, struct pdp_node *node, const char *vnet,
			  pdp_route_check_fn fn, void *arg, struct pdp_error *err)
{
	const struct timeval timeout = {.tv_sec = TIMEOUT_S};
	struct pdp_route_check *c;

	*out = NULL;
	if (!pdp_node_vnet(node, vnet))
		return pdp_fail(err, -ENOENT, "no vnet is called '%s'", vnet);
	c = calloc(1, sizeof(*c));
	if (!c)
		return pdp_fail(err, -ENOMEM, "no memory for a check");
	c->node = node;
	c->fn = fn;
	c->arg = arg;
	snprintf(c->vnet, sizeof(c->vnet), "%s", vnet);
	c->rows = json_array();
	c->turn = event_new(node->base, -1, 0, on_turn, c);
	c->timeout = event_new(node->base, -1, 0, on_timeout, c);
	c->silence = event_new(node->base, -1, 0, on_silence, c);
	if (!c->rows || !c->turn || !c->timeout || !c->silence || event_add(c->timeout, &timeout)) {
		pdp_route_check_cancel(c);
		return pdp_fail(err, -ENOMEM, "no memory for a check");
	}
	turn_after(c, 0);
	*out = c;
	return 0;
}

const char *pdp_route_vif_name(uint16_t id, void *arg)
{
	const struct pdp_node_vnet *vnet = arg;
	size_t i;

	for (i = 0; vnet && i < vnet->n_vifs; i++)
		if (vnet->vifs[i].id == id)
			return vnet->vifs[i].conf->name;
	return NULL;
}
