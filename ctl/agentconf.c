/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* agentconf.c - what an agent has to be told, kept; see agentconf.h. */
#include "ctl/agentconf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (PDP_CHANNEL_MAX - sizeof(struct pdp_msg))

static struct pdp_msg *make_message(enum pdp_msg_type type, const void *body, size_t len)
{
	struct pdp_msg *msg = malloc(sizeof(*msg) + len);

	if (!msg)
		return NULL;
	*msg = (struct pdp_msg){.type = type};
	memcpy(msg + 1, body, len);
	return msg;
}

static int append(struct pdp_agentconf *conf, enum pdp_msg_type type, const void *body, size_t len)
{
	struct pdp_msg *msg;

	if (conf->n == conf->room) {
		const size_t room = conf->room ? conf->room * 2 : 16;
		struct pdp_kept *kept = realloc(conf->kept, room * sizeof(*kept));

		if (!kept)
			return -ENOMEM;
		conf->kept = kept;
		conf->room = room;
	}
	msg = make_message(type, body, len);
	if (!msg)
		return -ENOMEM;
	conf->kept[conf->n++] = (struct pdp_kept){.msg = msg, .len = sizeof(*msg) + len};
	return 0;
}

static struct pdp_dp_vif *vif_of(const struct pdp_kept *kept)
{
	return kept->msg->type == PDP_MSG_VIF ? (struct pdp_dp_vif *)(kept->msg + 1) : NULL;
}

int pdp_agentconf_vif(struct pdp_agentconf *conf, const struct pdp_dp_vif *vif)
{
	if (!vif->id)
		return -EINVAL;
	for (size_t i = 0; i < conf->n; i++) {
		struct pdp_dp_vif *old = vif_of(&conf->kept[i]);

		if (!old || old->id != vif->id)
			continue;
		*old = *vif;
		conf->kept[i].sent = false;
		if (conf->next > i)
			conf->next = i;
		return 0;
	}
	return append(conf, PDP_MSG_VIF, vif, sizeof(*vif));
}

/* Whole messages at the head of msgs that fit one piece; 0 when the first is cut or too long. */
static size_t piece_len(const void *msgs, size_t len)
{
	const struct nlmsghdr *nlh = msgs;
	size_t end = 0;
	int left = (int)len;

	while (mnl_nlmsg_ok(nlh, left)) {
		size_t next = end + MNL_ALIGN(nlh->nlmsg_len);

		if (next > len)
			next = len;
		if (next > BODY_MAX)
			break;
		end = next;
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	return end;
}

int pdp_agentconf_netlink(struct pdp_agentconf *conf, const void *msgs, size_t len)
{
	const uint8_t *at = msgs;
	size_t piece;
	int code = 0;

	if (len > INT32_MAX)
		return -EINVAL;
	for (size_t done = 0; done < len; done += piece) {
		piece = piece_len(at + done, len - done);
		if (!piece)
			return -EINVAL;
	}
	for (size_t done = 0; done < len && !code; done += piece) {
		piece = piece_len(at + done, len - done);
		code = append(conf, PDP_MSG_NETLINK, at + done, piece);
	}
	return code;
}

void pdp_agentconf_rewind(struct pdp_agentconf *conf)
{
	size_t n = 0;

	for (size_t i = 0; i < conf->n; i++) {
		const struct pdp_dp_vif *vif = vif_of(&conf->kept[i]);

		if (vif && !vif->family) {
			free(conf->kept[i].msg);
			continue;
		}
		conf->kept[n] = conf->kept[i];
		conf->kept[n++].sent = false;
	}
	conf->n = n;
	conf->next = 0;
}

struct pdp_kept *pdp_agentconf_next(struct pdp_agentconf *conf)
{
	while (conf->next < conf->n && conf->kept[conf->next].sent)
		conf->next++;
	return conf->next < conf->n ? &conf->kept[conf->next] : NULL;
}

void pdp_agentconf_clear(struct pdp_agentconf *conf)
{
	for (size_t i = 0; i < conf->n; i++)
		free(conf->kept[i].msg);
	free(conf->kept);
	*conf = (struct pdp_agentconf){0};
}
