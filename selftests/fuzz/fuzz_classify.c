/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_classify.c - the classifier's parsers, natively, on one frame: no byte outside it is read, what is
 * said to be there is there, and the flow key depends on the packet alone.
 *
 * The first byte: 1 = give the IPv4 header a good checksum.
 */
#include "bpf/flow.bpf.h"
#include "selftests/fuzz/fuzz.h"

static void mend_checksum(uint8_t *frame, size_t size)
{
	struct pdp_cursor cursor = {frame, frame + size};
	struct pdp_l2 l2;
	struct iphdr *ip;
	__u64 sum;

	if (pdp_parse_l2(&cursor, &l2) != PDP_PARSED || l2.ethertype != bpf_htons(ETH_P_IP))
		return;
	ip = pdp_take(&cursor, sizeof(*ip));
	if (!ip || ip->ihl < 5)
		return;
	ip->check = 0;
	sum = pdp_ipv4_sum(ip);
	if (pdp_ipv4_options_sum(cursor, ip->ihl - 5, &sum))
		ip->check = (uint16_t)~pdp_fold(sum);
}

static void read_ports(struct pdp_cursor cursor, const struct pdp_l3 *l3)
{
	struct udphdr *udp = pdp_take(&cursor, sizeof(*udp));
	struct pdp_flow_key key = {0};

	if (!udp || l3->proto != IPPROTO_UDP)
		return;
	pdp_flow_frame(cursor, &key);
}

static void parse(uint8_t *frame, size_t size)
{
	struct pdp_cursor cursor = {frame, frame + size};
	enum pdp_parsed parsed;
	struct pdp_l3 l3;
	struct pdp_l2 l2;
	uint8_t *ip;

	if (pdp_parse_l2(&cursor, &l2) != PDP_PARSED)
		return;
	must(cursor.pos <= cursor.end);
	ip = cursor.pos;
	if (l2.ethertype == bpf_htons(ETH_P_IP))
		parsed = pdp_parse_ipv4(&cursor, &l3);
	else if (l2.ethertype == bpf_htons(ETH_P_IPV6))
		parsed = pdp_parse_ipv6(&cursor, &l3);
	else
		return;
	if (parsed != PDP_PARSED)
		return;
	must(cursor.pos <= cursor.end);
	must(cursor.pos == ip + l3.header_len);
	must(l3.len <= cursor.end - ip);
	must(l3.ecn <= 3);
	read_ports(cursor, &l3);
}

/* As inside a tunnel: each kind of packet, twice. */
static void make_keys(uint8_t *packet, size_t size)
{
	struct pdp_cursor cursor = {packet, packet + size};
	struct pdp_flow_key a = {0}, b = {0};

	pdp_flow_frame(cursor, &a);
	pdp_flow_frame(cursor, &b);
	must(!memcmp(&a, &b, sizeof(a)));
	pdp_flow_ipv4(cursor, &a);
	pdp_flow_ipv6(cursor, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t mode = next_byte(&data, &size);
	uint8_t *frame = malloc(size);

	if (!frame)
		return 0;
	memcpy(frame, data, size);
	if (mode & 1)
		mend_checksum(frame, size);
	parse(frame, size);
	make_keys(frame, size);
	free(frame);
	return 0;
}
