/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_ecn.c - DSCP and ECN between the inner and the outer header. Pure.
 */
#include "ctl/tun_ecn.h"

#define ECN_MASK 3
#define NOT_ECT 0
#define ECT_1 1
#define ECT_0 2
#define CE 3

bool pdp_tun_is_ip(const uint8_t *packet, size_t len)
{
	if (len < 20)
		return false;
	if (packet[0] >> 4 == 4)
		return (packet[0] & 0x0f) >= 5;
	return packet[0] >> 4 == 6 && len >= 40;
}

uint8_t pdp_tun_traffic_class(const uint8_t *packet)
{
	if (packet[0] >> 4 == 4)
		return packet[1];
	return packet[0] << 4 | packet[1] >> 4;
}

/* RFC 1624, equation 3, for the word of version, header length and TOS. */
static void set_ipv4_ecn(uint8_t *packet, uint8_t ecn)
{
	uint32_t sum = (uint16_t) ~(packet[10] << 8 | packet[11]);

	sum += (uint16_t) ~(packet[0] << 8 | packet[1]);
	packet[1] = (packet[1] & ~ECN_MASK) | ecn;
	sum += packet[0] << 8 | packet[1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	packet[10] = sum >> 8;
	packet[11] = sum;
}

static void set_ecn(uint8_t *packet, uint8_t ecn)
{
	if (packet[0] >> 4 == 4)
		set_ipv4_ecn(packet, ecn);
	else
		packet[1] = (packet[1] & ~(ECN_MASK << 4)) | ecn << 4;
}

/* RFC 6040, figure 4. */
bool pdp_tun_decapsulate_ecn(uint8_t *packet, uint8_t outer)
{
	uint8_t inner = pdp_tun_traffic_class(packet) & ECN_MASK;

	outer &= ECN_MASK;
	if (outer == CE && inner == NOT_ECT)
		return false;
	if (outer == CE && inner != CE)
		set_ecn(packet, CE);
	else if (outer == ECT_1 && inner == ECT_0)
		set_ecn(packet, ECT_1);
	return true;
}
