/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * audit.c - finds and mends what others did to maps, links and pins. Beside the packet's path.
 */
#include "ctl/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/apply.h"
#include "ctl/control.h"
#include "ctl/enforce.h"
#include "ctl/follow.h"

static void repaired(struct pdp_node *node, const char *object, int code, const char *what)
{
	pdp_event(node->events, code ? PDP_LOG_ERROR : PDP_LOG_WARNING, PDP_EVENT_REPAIRED, object,
		  "%s%s", code ? "cannot be repaired: " : "", what);
}

static void check_maps(struct pdp_node *node)
{
	uint64_t before = pdp_publish_writes(node->store), mended;
	struct pdp_error err;
	char text[96];

	if (pdp_enforce_add(node, &err))
		repaired(node, "maps", -1, err.text);
	pdp_enforce_close(node);
	pdp_enforce_forget(node);
	mended = pdp_publish_writes(node->store) - before;
	if (!mended)
		return;
	snprintf(text, sizeof(text), "%" PRIu64 " entries were not as published, and are again",
		 mended);
	repaired(node, "maps", 0, text);
}

static void check_guests(struct pdp_node *node)
{
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++) {
		for (j = 0; j < node->vnets[i].n_guests; j++) {
			struct pdp_node_guest *guest = node->vnets[i].guests[j];
			struct pdp_error what;
			bool mended = false;
			char object[80];
			int code;

			if (!guest->box || guest->state != PDP_GUEST_READY)
				continue;
			code = pdp_guest_mend(guest->box, &mended, &what);
			snprintf(object, sizeof(object), "guest %s", guest->name);
			if (code || mended)
				repaired(node, object, code, what.text);
		}
	}
}

static void check_ports(struct pdp_node *node)
{
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
}

static void check_pins(struct pdp_node *node)
{
	struct pdp_error err;
	unsigned int n = 0;
	char text[64];

	if (pdp_loader_repin(node->loader, &n, &err))
		repaired(node, "pins", -1, err.text);
	if (!n)
		return;
	snprintf(text, sizeof(text), "%u were gone, and are there again", n);
	repaired(node, "pins", 0, text);
}

/* A node of a thousand vnets takes longer to look at: never more than a hundredth of the time. */
void pdp_audit(struct pdp_node *node)
{
	uint64_t begun = pdp_now_ns();

	if (node->state != PDP_NODE_FORWARDING || pdp_node_applying(node) ||
	    begun < node->audit_due_ns)
		return;
	check_pins(node);
	pdp_control_audit(node, repaired);
	check_maps(node);
	check_ports(node);
	check_guests(node);
	node->audit_due_ns = begun + 100 * (pdp_now_ns() - begun);
}
