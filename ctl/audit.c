/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * audit.c - finds and mends what others did to maps, links and pins. Beside the packet's path.
 *
 * A round is a list of steps, some of which go through vnets or guests one by one. It ends a turn of the
 * event loop whenever that has taken long enough, and goes on in the next.
 */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/apply.h"
#include "ctl/control.h"
#include "ctl/enforce.h"
#include "ctl/follow.h"

#define TURN_NS (5 * 1000000ULL)
#define SHARE 100 /* at most one part in so many of the time */

struct pdp_audit {
	struct pdp_node *node;
	struct event *turn;
	size_t step, next; /* next: of what the step goes through */
	uint64_t generation; /* of the node that is looked at */
	uint64_t begun_ns, spent_ns, due_ns; /* due: no round before */
	uint64_t mended; /* entries of maps */
};

static void repaired(struct pdp_node *node, const char *object, int code, const char *what)
{
	pdp_event(node->events, code ? PDP_LOG_ERROR : PDP_LOG_WARNING, PDP_EVENT_REPAIRED, object,
		  "%s%s", code ? "cannot be repaired: " : "", what);
}

/* --- steps: each looks at one more thing, and says whether there is another ----------------------- */

static bool check_ways_out(struct pdp_audit *audit)
{
	struct pdp_node *node = audit->node;
	uint64_t before = pdp_publish_writes(node->store);
	struct pdp_error err;

	if (pdp_enforce_ways_out(node, &err))
		repaired(node, "maps", -1, err.text);
	audit->mended += pdp_publish_writes(node->store) - before;
	return false;
}

static bool check_vnet(struct pdp_audit *audit)
{
	struct pdp_node *node = audit->node;
	uint64_t before = pdp_publish_writes(node->store);
	struct pdp_error err;

	if (audit->next >= node->model.n_vnets)
		return false;
	if (pdp_enforce_vnet(node, &node->vnets[audit->next], &err))
		repaired(node, "maps", -1, err.text);
	audit->mended += pdp_publish_writes(node->store) - before;
	return true;
}

static bool check_rest(struct pdp_audit *audit)
{
	struct pdp_node *node = audit->node;
	uint64_t before = pdp_publish_writes(node->store);
	struct pdp_error err;
	char text[96];

	if (pdp_enforce_ports(node, &err))
		repaired(node, "maps", -1, err.text);
	pdp_enforce_close(node);
	pdp_enforce_forget(node);
	audit->mended += pdp_publish_writes(node->store) - before;
	if (!audit->mended)
		return false;
	snprintf(text, sizeof(text), "%" PRIu64 " entries were not as published, and are again",
		 audit->mended);
	repaired(node, "maps", 0, text);
	return false;
}

static void check_guest(struct pdp_node *node, struct pdp_node_guest *guest)
{
	struct pdp_error what;
	bool mended = false;
	char object[80];
	int code;

	if (!guest->box || guest->state != PDP_GUEST_READY)
		return;
	code = pdp_guest_mend(guest->box, &mended, &what);
	snprintf(object, sizeof(object), "guest %s", guest->name);
	if (code || mended)
		repaired(node, object, code, what.text);
	/* Without its program a link takes nothing, and the kernel does not tell. */
	if (mended)
		pdp_follow_link_down(guest);
}

static bool check_guests(struct pdp_audit *audit)
{
	struct pdp_node *node = audit->node;
	const struct pdp_node_vnet *vnet;

	if (audit->next >= node->model.n_vnets)
		return false;
	vnet = &node->vnets[audit->next];
	for (size_t i = 0; i < vnet->n_guests; i++)
		check_guest(node, vnet->guests[i]);
	return true;
}

static bool check_ports(struct pdp_audit *audit)
{
	struct pdp_node *node = audit->node;
	size_t i;

	for (i = 0; i < node->model.n_ports; i++) {
		struct pdp_node_port *port = &node->ports[i];
		struct pdp_error why, err;
		char object[80];

		if (!port->ifindex || node->conf.attach & PDP_ATTACH_DISPATCHER ||
		    !pdp_loader_check_link(node->loader, port->link, port->ifindex, &why))
			continue;
		snprintf(object, sizeof(object), "port %s", port->conf->name);
		if (pdp_follow_attach(node, port, &err))
			repaired(node, object, -1, err.text);
		else
			repaired(node, object, 0, why.text);
	}
	return false;
}

static bool check_pins(struct pdp_audit *audit)
{
	struct pdp_node *node = audit->node;
	struct pdp_error err;
	unsigned int n = 0;
	char text[64];

	if (pdp_loader_repin(node->loader, &n, &err))
		repaired(node, "pins", -1, err.text);
	if (!n)
		return false;
	snprintf(text, sizeof(text), "%u were gone, and are there again", n);
	repaired(node, "pins", 0, text);
	return false;
}

static bool check_controls(struct pdp_audit *audit)
{
	pdp_control_audit(audit->node, repaired);
	return false;
}

/* --- the round ------------------------------------------------------------------------------------ */

static bool (*const steps[])(struct pdp_audit *audit) = {
	check_pins, check_controls, check_ways_out, check_vnet,
	check_rest, check_ports,    check_guests,
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

/* A node that has changed since is looked at from the beginning, another time. */
static bool is_void(const struct pdp_audit *audit)
{
	const struct pdp_node *node = audit->node;

	return node->state != PDP_NODE_FORWARDING || pdp_node_applying(node) ||
	       node->generation != audit->generation;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval now = {0};
	struct pdp_audit *audit = arg;
	uint64_t begun = pdp_now_ns(), spent = 0;

	(void)fd;
	(void)what;
	if (is_void(audit))
		audit->step = N_STEPS;
	while (audit->step < N_STEPS && spent < TURN_NS) {
		bool more = steps[audit->step](audit);

		audit->next = more ? audit->next + 1 : 0;
		audit->step += !more;
		spent = pdp_now_ns() - begun;
	}
	audit->spent_ns += spent;
	if (audit->step < N_STEPS)
		evtimer_add(audit->turn, &now);
	else
		audit->due_ns = audit->begun_ns + SHARE * audit->spent_ns;
}

bool pdp_audit_busy(const struct pdp_audit *audit)
{
	return audit->step < N_STEPS;
}

void pdp_audit(struct pdp_audit *audit)
{
	if (pdp_audit_busy(audit) || pdp_now_ns() < audit->due_ns)
		return;
	audit->generation = audit->node->generation;
	audit->begun_ns = pdp_now_ns();
	audit->spent_ns = audit->mended = 0;
	audit->step = audit->next = 0;
	on_turn(-1, 0, audit);
}

int pdp_audit_new(struct pdp_audit **out, struct pdp_node *node)
{
	struct pdp_audit *audit = calloc(1, sizeof(*audit));

	*out = audit;
	if (!audit)
		return -ENOMEM;
	audit->node = node;
	audit->step = N_STEPS;
	audit->turn = evtimer_new(node->base, on_turn, audit);
	if (audit->turn)
		return 0;
	pdp_audit_free(audit);
	*out = NULL;
	return -ENOMEM;
}

void pdp_audit_free(struct pdp_audit *audit)
{
	if (!audit)
		return;
	if (audit->turn)
		event_free(audit->turn);
	free(audit);
}
