/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * packet.h - build a frame, layer by layer, and edit it.
 *
 * A frame is first built as it should be; a test then makes one thing wrong with it. Anchors
 * remember where each layer begins, so that an edit says "third byte of the IP header" and means it
 * under any VLAN tags.
 */
#ifndef PDP_PROG_PACKET_H
#define PDP_PROG_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_ROOM 4096

enum anchor {
	AT_L2,
	AT_TAG,
	AT_L3,
	AT_L4,
	AT_VXLAN,
	AT_INNER, /* what a tunnel carries: an IP packet or an Ethernet frame */
	AT_INNER_L3,
	AT_INNER_L4,
	AT_PAYLOAD,
	AT_END,
	ANCHORS,
};

struct packet {
	uint8_t data[PACKET_ROOM];
	size_t len;
	size_t padding; /* bytes at the end that belong to no packet */
	size_t at[ANCHORS];
};

/* Append; values are written in network order. */
void packet_put(struct packet *p, const void *bytes, size_t len);
void packet_put8(struct packet *p, uint8_t value);
void packet_put16(struct packet *p, uint16_t value);
void packet_put32(struct packet *p, uint32_t value);
void packet_mark(struct packet *p, enum anchor anchor);

/* Append an IP header without a length or checksum yet; addresses are in network order. */
void packet_put_ipv4(struct packet *p, uint8_t proto, const void *saddr, const void *daddr);
void packet_put_ipv6(struct packet *p, uint8_t proto, const void *saddr, const void *daddr);

/* Internet checksum of the IPv4 header at an offset, over as many words as its IHL says. */
void packet_ipv4_checksum(struct packet *p, size_t at);

enum edit_op {
	EDIT_NONE,
	EDIT_SET8,
	EDIT_SET16,
	EDIT_SET32,
	EDIT_CUT,
	EDIT_PAD,
	EDIT_GAP,
	EDIT_FIT_IP,
	EDIT_FIT,
	EDIT_CSUM,
	EDIT_FIT_INNER,
};

struct edit {
	enum edit_op op;
	enum anchor anchor;
	int offset;
	uint32_t value;
};

/* Write a value at an anchor, plus an offset. */
#define SET8(a, off, v)                   \
	{                                 \
		EDIT_SET8, AT_##a, off, v \
	}
#define SET16(a, off, v)                   \
	{                                  \
		EDIT_SET16, AT_##a, off, v \
	}
#define SET32(a, off, v)                   \
	{                                  \
		EDIT_SET32, AT_##a, off, v \
	}
/* The frame ends here. */
#define CUT(a, off)                      \
	{                                \
		EDIT_CUT, AT_##a, off, 0 \
	}
/* Append bytes that belong to no packet. */
#define PAD(n)                         \
	{                              \
		EDIT_PAD, AT_END, 0, n \
	}
/* Insert zeros; the anchor and those behind it move. */
#define GAP(a, n)                      \
	{                              \
		EDIT_GAP, AT_##a, 0, n \
	}
/* Make the outer lengths and checksum right again; padding is not covered. */
#define FIT                           \
	{                             \
		EDIT_FIT, AT_L3, 0, 0 \
	}
/* Let the outer IP length cover the padding too, and make its checksum right. */
#define FIT_IP                           \
	{                                \
		EDIT_FIT_IP, AT_L3, 0, 0 \
	}
/* Make the outer IPv4 checksum right again, and nothing else. */
#define CSUM                           \
	{                              \
		EDIT_CSUM, AT_L3, 0, 0 \
	}
/* Make the inner IP length and checksum right again. */
#define FIT_INNER                                 \
	{                                         \
		EDIT_FIT_INNER, AT_INNER_L3, 0, 0 \
	}

void packet_edit(struct packet *p, const struct edit *edit);

/* The bytes of a packet as hex, for a failure's message. */
void packet_dump(const char *title, const uint8_t *bytes, size_t len);

#endif
