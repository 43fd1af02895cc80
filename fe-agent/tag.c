/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tag.c - Ethernet and tag, off and on; see tag.h. */
#include <arpa/inet.h>
#include <string.h>

#include "fe-agent/tag.h"

bool pdp_tag_strip(uint8_t *frame, uint32_t len, struct pdp_arrival *in, struct pdp_packet *pkt)
{
	if (len < PDP_TAG_ROOM)
		return false;
	memcpy(&in->eth, frame, ETH_HLEN);
	memcpy(&in->tag, frame + ETH_HLEN, sizeof(in->tag));
	if (in->eth.h_proto != htons(PDP_ETHERTYPE) ||
	    in->tag.version_op != pdp_tag_version_op(PDP_OP_INPUT) ||
	    (in->tag.flags & ~PDP_TAG_ECN_MASK))
		return false;
	in->data = frame + PDP_TAG_ROOM;
	in->len = len - PDP_TAG_ROOM;
	*pkt = (struct pdp_packet){
		.data = in->data,
		.len = in->len,
		.hash = ntohl(in->tag.hash),
		.seq = ntohl(in->tag.seq),
		.proto = ntohs(in->tag.proto),
		.vif = ntohs(in->tag.vif),
		.ecn = in->tag.flags & PDP_TAG_ECN_MASK,
		.op = PDP_OP_DROP,
		.drop = dp_none,
	};
	return true;
}

bool pdp_tag_push(const struct pdp_arrival *in, const struct pdp_packet *pkt, const uint8_t *low,
		  const uint8_t *high, uint8_t **frame, uint32_t *len)
{
	struct pdp_tag tag = in->tag;
	uint8_t *data = in->data;
	struct ethhdr eth;

	*len = in->len;
	if (pkt->op == PDP_OP_FORWARD) {
		tag.vif = htons(pkt->vif);
		tag.proto = htons(pkt->proto);
		data = pkt->data;
		*len = pkt->len;
	} else if (pkt->op != PDP_OP_LOCAL) {
		return false;
	}
	if (data < low + PDP_TAG_ROOM || data > high || *len > (size_t)(high - data))
		return false;

	tag.version_op = pdp_tag_version_op(pkt->op);
	tag.flags = 0;
	memcpy(eth.h_dest, in->eth.h_source, ETH_ALEN);
	memcpy(eth.h_source, in->eth.h_dest, ETH_ALEN);
	eth.h_proto = in->eth.h_proto;
	*frame = data - PDP_TAG_ROOM;
	*len += PDP_TAG_ROOM;
	memcpy(*frame, &eth, ETH_HLEN);
	memcpy(*frame + ETH_HLEN, &tag, sizeof(tag));
	return true;
}
