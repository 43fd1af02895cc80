/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tables.c - a vnet in the words of the agents' channel. Decides nothing; agentconf.c keeps it.
 */
#include "ctl/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/agentconf.h"
#include "ctl/fib.h"
#include "ctl/layout.h"
#include "ctl/own.h"

#define OUTER_TTL 64

static struct pdp_dp_vif agent_vif(const struct pdp_node_vif *vif)
{
	const struct pdp_vif_conf *conf = vif->conf;
	struct pdp_dp_vif out;

	memset(&out, 0, sizeof(out)); /* compared as bytes */
	out.id = vif->id;
	out.encap = conf->encap;
	out.family = conf->local.family;
	out.mtu = vif->mtu;
	out.local_port = htobe16(conf->local_port);
	out.remote_port = htobe16(conf->remote_port);
	out.ttl = OUTER_TTL;
	out.vni = htobe32(conf->vni << 8);
	memcpy(out.mac, vif->mac, sizeof(out.mac));
	memcpy(out.local, conf->local.addr, sizeof(out.local));
	memcpy(out.remote, conf->remote.addr, sizeof(out.remote));
	return out;
}

/* Of the vnet's vifs, in their order; the caller's. */
static uint16_t *vif_ids(const struct pdp_node_vnet *vnet)
{
	uint16_t *ids = calloc(vnet->n_vifs + 1, sizeof(*ids));
	size_t i;

	for (i = 0; ids && i < vnet->n_vifs; i++)
		ids[i] = vnet->vifs[i].id;
	return ids;
}

static int send_netlink(const void *msgs, size_t len, void *conf)
{
	return pdp_agentconf_netlink(conf, msgs, len);
}

static int fail(const struct pdp_node_vnet *vnet, int code, struct pdp_error *err)
{
	return code ? pdp_fail(err, code, "vnet %s: note its tables: %s", vnet->conf->name,
			       strerror(-code))
		    : 0;
}

/* What is said of routes by the vnet's own configuration: an MH guest's kernel has it, and is mirrored. */
static int build(const struct pdp_node_vnet *vnet, const uint16_t *ids, pdp_fib_fn fn, void *arg)
{
	return vnet->control ? 0 : pdp_fib_build(vnet->conf, ids, fn, arg);
}

/* To its agents, and to its owner's program. */
static int say_vif(const struct pdp_node_vnet *vnet, const struct pdp_dp_vif *vif)
{
	int code = pdp_agentconf_vif(vnet->told, vif);

	return code || !vnet->own ? code : pdp_own_vif(vnet->own, vif, NULL);
}

int pdp_tables_send(const struct pdp_node_vnet *vnet, struct pdp_error *err)
{
	uint16_t *ids = vif_ids(vnet);
	int code = ids ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !code && i < vnet->n_vifs; i++) {
		struct pdp_dp_vif vif = agent_vif(&vnet->vifs[i]);

		code = say_vif(vnet, &vif);
	}
	if (!code)
		code = build(vnet, ids, send_netlink, vnet->told);
	free(ids);
	return fail(vnet, code, err);
}

/* Whatever has been mirrored, and is not in the vnet's own configuration. */
static int withdraw_mirrored(const struct pdp_node_vnet *vnet, const uint16_t *ids)
{
	int code;

	pdp_agentconf_begin_round(vnet->told);
	code = build(vnet, ids, send_netlink, vnet->told);
	if (code)
		pdp_agentconf_end_round(vnet->told);
	else
		while (!pdp_agentconf_sweep(vnet->told, SIZE_MAX, NULL))
			;
	return code;
}

int pdp_tables_withdraw(const struct pdp_node_vnet *old, const struct pdp_node_vnet *vnet,
			struct pdp_error *err)
{
	uint16_t *old_ids = vif_ids(old), *ids = vif_ids(vnet);
	int code = old_ids && ids ? 0 : -ENOMEM;
	size_t i;

	/* Where there is a mirror, it removes by itself. */
	if (!code && old->control && !vnet->control)
		code = withdraw_mirrored(vnet, ids);
	else if (!code && !vnet->control)
		code = pdp_fib_withdraw(old->conf, old_ids, vnet->conf, ids, send_netlink,
					vnet->told);
	for (i = 0; !code && i < old->n_vifs; i++) {
		const struct pdp_dp_vif none = {.id = old->vifs[i].id};

		if (!pdp_layout_vif_by_id(vnet, none.id))
			code = say_vif(vnet, &none);
	}
	free(old_ids);
	free(ids);
	return fail(vnet, code, err);
}

struct text {
	char *buf;
	size_t len;
};

static int append(const void *msgs, size_t len, void *arg)
{
	struct text *text = arg;
	char *grown = realloc(text->buf, text->len + len);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + text->len, msgs, len);
	text->buf = grown;
	text->len += len;
	return 0;
}

static int write_out(struct text *text, const struct pdp_node_vnet *vnet)
{
	uint16_t *ids = vif_ids(vnet);
	int code = ids ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !code && i < vnet->n_vifs; i++) {
		struct pdp_dp_vif vif = agent_vif(&vnet->vifs[i]);

		code = append(&vif, sizeof(vif), text);
	}
	if (!code)
		code = build(vnet, ids, append, text);
	free(ids);
	return code;
}

int pdp_tables_routes(const struct pdp_node_vnet *vnet, pdp_fib_fn fn, void *arg)
{
	uint16_t *ids = vif_ids(vnet);
	int code = ids ? build(vnet, ids, fn, arg) : -ENOMEM;

	free(ids);
	return code;
}

bool pdp_tables_same(const struct pdp_node_vnet *a, const struct pdp_node_vnet *b)
{
	struct text left = {0}, right = {0};
	bool same = !a->control == !b->control && !write_out(&left, a) && !write_out(&right, b) &&
		    left.len == right.len && (!left.len || !memcmp(left.buf, right.buf, left.len));

	free(left.buf);
	free(right.buf);
	return same;
}
