/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_endpoint.c - the addresses a person types: tunnel endpoints and prefixes. Pure.
 */
#include "ctl/tun_endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits alone: strtoul() would take a sign and blanks. */
static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return false;
	*out = strtoul(text, NULL, 10);
	return *out <= max;
}

/* Split host:port or [host]:port; host loses its brackets. */
static bool split_endpoint(const char *text, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(text, ':');
	const char *from = text;
	const char *to = colon;

	if (!colon)
		return false;
	if (*from == '[') {
		from++;
		to--;
		if (to < from || *to != ']')
			return false;
	} else if (memchr(from, ':', to - from)) {
		return false;
	}
	if (to <= from || (size_t)(to - from) >= size)
		return false;
	memcpy(host, from, to - from);
	host[to - from] = '\0';
	*port = colon + 1;
	return true;
}

static bool is_unicast(const union pdp_tun_endpoint *end)
{
	uint32_t addr = ntohl(end->in4.sin_addr.s_addr);

	if (end->sa.sa_family == AF_INET)
		return addr >> 24 != 0 && addr >> 28 < 0xe;
	return !IN6_IS_ADDR_UNSPECIFIED(&end->in6.sin6_addr) &&
	       !IN6_IS_ADDR_MULTICAST(&end->in6.sin6_addr) &&
	       !IN6_IS_ADDR_V4MAPPED(&end->in6.sin6_addr);
}

int pdp_tun_endpoint_parse(const char *text, union pdp_tun_endpoint *out, struct pdp_error *err)
{
	char host[INET6_ADDRSTRLEN];
	unsigned long number;
	const char *port;

	memset(out, 0, sizeof(*out));
	if (!split_endpoint(text, host, sizeof(host), &port))
		return pdp_fail(err, -EINVAL,
				"endpoint '%s': write it as 192.0.2.1:5001 or [2001:db8::1]:5001",
				text);
	if (!parse_number(port, 65535, &number) || number == 0)
		return pdp_fail(err, -EINVAL, "endpoint '%s': the port must be 1 to 65535", text);
	if (text[0] != '[' && inet_pton(AF_INET, host, &out->in4.sin_addr) == 1) {
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons(number);
	} else if (text[0] == '[' && inet_pton(AF_INET6, host, &out->in6.sin6_addr) == 1) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(number);
	} else {
		return pdp_fail(err, -EINVAL, "endpoint '%s': '%s' is not an IP address", text,
				host);
	}
	if (!is_unicast(out))
		return pdp_fail(err, -EINVAL, "endpoint '%s': the address must be a unicast one",
				text);
	return 0;
}

const char *pdp_tun_endpoint_print(const union pdp_tun_endpoint *end,
				   char text[PDP_TUN_ENDPOINT_LEN])
{
	char host[INET6_ADDRSTRLEN];

	if (end->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &end->in4.sin_addr, host, sizeof(host));
		snprintf(text, PDP_TUN_ENDPOINT_LEN, "%s:%u", host, ntohs(end->in4.sin_port));
	} else {
		inet_ntop(AF_INET6, &end->in6.sin6_addr, host, sizeof(host));
		snprintf(text, PDP_TUN_ENDPOINT_LEN, "[%s]:%u", host, ntohs(end->in6.sin6_port));
	}
	return text;
}

socklen_t pdp_tun_endpoint_size(const union pdp_tun_endpoint *end)
{
	return end->sa.sa_family == AF_INET ? sizeof(end->in4) : sizeof(end->in6);
}

size_t pdp_tun_address_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

int pdp_tun_prefix_parse(const char *text, struct pdp_tun_prefix *out, struct pdp_error *err)
{
	const char *slash = strchr(text, '/');
	size_t host_len = slash ? (size_t)(slash - text) : strlen(text);
	char host[INET6_ADDRSTRLEN];
	unsigned long len;

	memset(out, 0, sizeof(*out));
	if (host_len >= sizeof(host))
		return pdp_fail(err, -EINVAL, "'%s' is not an IP address", text);
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (inet_pton(AF_INET, host, out->addr) == 1)
		out->family = AF_INET;
	else if (inet_pton(AF_INET6, host, out->addr) == 1)
		out->family = AF_INET6;
	else
		return pdp_fail(err, -EINVAL, "'%s' is not an IP address", text);
	len = 8 * pdp_tun_address_size(out->family);
	if (slash && !parse_number(slash + 1, len, &len))
		return pdp_fail(err, -EINVAL, "'%s': the prefix length must be 0 to %zu", text,
				8 * pdp_tun_address_size(out->family));
	out->len = len;
	return 0;
}

void pdp_tun_prefix_mask(struct pdp_tun_prefix *prefix)
{
	for (unsigned int bit = prefix->len; bit < 8 * sizeof(prefix->addr); bit++)
		prefix->addr[bit / 8] &= ~(0x80 >> bit % 8);
}
