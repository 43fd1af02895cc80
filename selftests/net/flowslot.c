/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * flowslot.c - the slots of pktgen's flows, as the classifier picks them under flow-hash.
 *
 *   flowslot SRC DST FLOWS SLOTS   a JSON array: the slot of flow 0, of flow 1, ... (IPv4)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "bpf/wire.h"
#include "selftests/bench/traffic.h"

int main(int argc, char **argv)
{
	struct pdp_flow_key key = {.dport = htons(INNER_DPORT), .proto = IPPROTO_UDP, .family = 4};
	uint32_t flows, slots;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &key.saddr[0]) != 1 ||
	    inet_pton(AF_INET, argv[2], &key.daddr[0]) != 1) {
		fputs("Usage: flowslot SRC DST FLOWS SLOTS\n", stderr);
		return 2;
	}
	flows = (uint32_t)strtoul(argv[3], NULL, 10);
	slots = (uint32_t)strtoul(argv[4], NULL, 10);
	for (uint32_t i = 0; i < flows; i++) {
		key.sport = htons((uint16_t)(FLOW_SPORT + i));
		printf("%s%u", i ? ", " : "[", pdp_hash_slot(pdp_flow_hash(&key), slots));
	}
	puts("]");
	return 0;
}
