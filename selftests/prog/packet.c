/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* packet.c - build a frame, layer by layer, and edit it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftests/prog/packet.h"

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "packet: %s\n", what);
	abort();
}

void packet_put(struct packet *p, const void *bytes, size_t len)
{
	need(p->len + len <= sizeof(p->data), "frame larger than PACKET_ROOM");
	memcpy(p->data + p->len, bytes, len);
	p->len += len;
	p->at[AT_END] = p->len;
}

void packet_put8(struct packet *p, uint8_t value)
{
	packet_put(p, &value, sizeof(value));
}

void packet_put16(struct packet *p, uint16_t value)
{
	packet_put8(p, value >> 8);
	packet_put8(p, value & 0xff);
}

void packet_put32(struct packet *p, uint32_t value)
{
	packet_put16(p, value >> 16);
	packet_put16(p, value & 0xffff);
}

void packet_mark(struct packet *p, enum anchor anchor)
{
	p->at[anchor] = p->len;
}

void packet_put_ipv4(struct packet *p, uint8_t proto, const void *saddr, const void *daddr)
{
	packet_put16(p, 0x4500);
	packet_put16(p, 0); /* length */
	packet_put32(p, 0x00004000); /* DF */
	packet_put8(p, 64);
	packet_put8(p, proto);
	packet_put16(p, 0); /* checksum */
	packet_put(p, saddr, 4);
	packet_put(p, daddr, 4);
}

void packet_put_ipv6(struct packet *p, uint8_t proto, const void *saddr, const void *daddr)
{
	packet_put32(p, 0x60000000);
	packet_put16(p, 0); /* length */
	packet_put8(p, proto);
	packet_put8(p, 64);
	packet_put(p, saddr, 16);
	packet_put(p, daddr, 16);
}

static void set16(struct packet *p, size_t at, uint16_t value)
{
	need(at + 2 <= p->len, "edit behind the end");
	p->data[at] = value >> 8;
	p->data[at + 1] = value & 0xff;
}

void packet_ipv4_checksum(struct packet *p, size_t at)
{
	size_t words = (p->data[at] & 15) * 2;
	uint32_t sum = 0;

	set16(p, at + 10, 0);
	for (size_t i = 0; i < words && at + 2 * i + 1 < p->len; i++)
		sum += p->data[at + 2 * i] << 8 | p->data[at + 2 * i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	set16(p, at + 10, ~sum);
}

/* Write an IP header's length, by its version, and an IPv4 header's checksum. */
static void fit_ip(struct packet *p, size_t at, size_t end)
{
	if (p->data[at] >> 4 == 6) {
		set16(p, at + 4, end - at - 40);
		return;
	}
	set16(p, at + 2, end - at);
	packet_ipv4_checksum(p, at);
}

static void insert(struct packet *p, enum anchor anchor, size_t n)
{
	size_t at = p->at[anchor];

	need(p->len + n <= sizeof(p->data), "frame larger than PACKET_ROOM");
	memmove(p->data + at + n, p->data + at, p->len - at);
	memset(p->data + at, 0, n);
	for (int i = anchor; i < ANCHORS; i++)
		p->at[i] += n;
	p->len += n;
}

void packet_edit(struct packet *p, const struct edit *edit)
{
	size_t at = p->at[edit->anchor] + edit->offset;
	static const uint8_t pad[PACKET_ROOM];

	switch (edit->op) {
	case EDIT_SET8:
		need(at < p->len, "edit behind the end");
		p->data[at] = edit->value;
		break;
	case EDIT_SET16:
		set16(p, at, edit->value);
		break;
	case EDIT_SET32:
		set16(p, at, edit->value >> 16);
		set16(p, at + 2, edit->value & 0xffff);
		break;
	case EDIT_CUT:
		need(at <= p->len, "cut behind the end");
		p->len = at;
		break;
	case EDIT_PAD:
		packet_put(p, pad, edit->value);
		p->padding += edit->value;
		break;
	case EDIT_GAP:
		insert(p, edit->anchor, edit->value);
		break;
	case EDIT_FIT_IP:
		fit_ip(p, p->at[AT_L3], p->len);
		break;
	case EDIT_FIT:
		fit_ip(p, p->at[AT_L3], p->len - p->padding);
		set16(p, p->at[AT_L4] + 4, p->len - p->padding - p->at[AT_L4]);
		break;
	case EDIT_CSUM:
		packet_ipv4_checksum(p, p->at[AT_L3]);
		break;
	case EDIT_FIT_INNER:
		fit_ip(p, p->at[AT_INNER_L3], p->len - p->padding);
		break;
	case EDIT_NONE:
		break;
	}
}

void packet_dump(const char *title, const uint8_t *bytes, size_t len)
{
	fprintf(stderr, "# %s, %zu bytes:", title, len);
	for (size_t i = 0; i < len && i < 256; i++)
		fprintf(stderr, "%s%02x", i % 32 ? " " : "\n#   ", bytes[i]);
	fprintf(stderr, "\n");
}
