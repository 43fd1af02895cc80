/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cmdline.h - words of a command line that pktgen, sink and redirect share. */
#ifndef PDP_BENCH_CMDLINE_H
#define PDP_BENCH_CMDLINE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/maps.h"

static inline bool cmdline_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *out >= min && *out <= max;
}

static inline bool cmdline_seconds(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && *end == '\0' && *out > 0 && *out < 1e6;
}

static inline bool cmdline_mac(const char *text, uint8_t mac[6])
{
	int len = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5], &len) == 6 &&
	       len == 17 && text[len] == '\0';
}

static inline bool cmdline_encap(const char *text, uint8_t *out)
{
	if (strcmp(text, "none") == 0)
		*out = 0;
	else if (strcmp(text, "udp") == 0)
		*out = PDP_ENCAP_UDP;
	else if (strcmp(text, "vxlan") == 0)
		*out = PDP_ENCAP_VXLAN;
	else
		return false;
	return true;
}

#endif
