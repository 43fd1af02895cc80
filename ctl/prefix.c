/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * prefix.c - addresses, prefixes, tunnel end points and MACs as people write them.
 *
 * Off the packet's path: between the node file or the command line and the model.
 */
#include "ctl/prefix.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

uint8_t pdp_prefix_full(uint8_t family)
{
	return family == 4 ? 32 : family == 6 ? 128 : 0;
}

/* A decimal number from 0 to max, nothing before or after it, no leading zero. */
static int parse_decimal(uint32_t *out, const char *text, uint32_t max)
{
	uint32_t value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		value = value * 10 + (uint32_t)(*text - '0');
		if (value > max)
			return -EINVAL;
	}
	*out = value;
	return 0;
}

int pdp_addr_parse(struct pdp_prefix *out, const char *text)
{
	struct pdp_prefix addr = {0};

	if (inet_pton(AF_INET, text, addr.addr) == 1)
		addr.family = 4;
	else if (inet_pton(AF_INET6, text, addr.addr) == 1)
		addr.family = 6;
	else
		return -EINVAL;
	if (addr.family == 6 && !memcmp(addr.addr, mapped_prefix, sizeof(mapped_prefix)))
		return -EINVAL;
	addr.len = pdp_prefix_full(addr.family);
	*out = addr;
	return 0;
}

int pdp_prefix_parse(struct pdp_prefix *out, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char host[PDP_ADDR_STRLEN];
	struct pdp_prefix prefix;
	uint32_t len;

	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (pdp_addr_parse(&prefix, host))
		return -EINVAL;
	if (slash) {
		if (parse_decimal(&len, slash + 1, prefix.len))
			return -EINVAL;
		prefix.len = (uint8_t)len;
	}
	*out = prefix;
	return 0;
}

/*
 * Cut text at the colon before the port: host gets the address, the text of the port is returned,
 * NULL when there is none. A bare IPv6 address has more than one colon, and so no port.
 */
static const char *split_endpoint(char host[PDP_ADDR_STRLEN], const char *text, size_t n)
{
	const char *port;
	size_t host_len;

	if (text[0] == '[') {
		const char *close = strchr(text, ']');

		if (!close || !strchr(text + 1, ':') || (close[1] && close[1] != ':')) {
			host[0] = '\0';
			return NULL;
		}
		host_len = (size_t)(close - text) - 1;
		memcpy(host, text + 1, host_len);
		host[host_len] = '\0';
		return close[1] ? close + 2 : NULL;
	}
	port = strchr(text, ':');
	if (port && strchr(port + 1, ':'))
		port = NULL;
	host_len = port ? (size_t)(port - text) : n;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	return port ? port + 1 : NULL;
}

int pdp_endpoint_parse(struct pdp_prefix *addr, uint16_t *port, const char *text)
{
	char host[PDP_ADDR_STRLEN];
	size_t n = strlen(text);
	struct pdp_prefix parsed;
	const char *port_text;
	uint32_t number = 0;

	if (n >= sizeof(host))
		return -EINVAL;
	port_text = split_endpoint(host, text, n);
	if (pdp_addr_parse(&parsed, host) || (text[0] == '[' && parsed.family != 6))
		return -EINVAL;
	if (port_text && (parse_decimal(&number, port_text, UINT16_MAX) || number == 0))
		return -EINVAL;
	*addr = parsed;
	*port = (uint16_t)number;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int pdp_mac_parse(uint8_t mac[6], const char *text)
{
	uint8_t parsed[6];

	if (strlen(text) != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++, text += 3) {
		int high = hex_digit(text[0]), low = hex_digit(text[1]);

		if (high < 0 || low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		parsed[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(mac, parsed, sizeof(parsed));
	return 0;
}

const char *pdp_addr_print(char buf[PDP_ADDR_STRLEN], const struct pdp_prefix *addr)
{
	buf[0] = '\0';
	if (addr->family)
		inet_ntop(addr->family == 4 ? AF_INET : AF_INET6, addr->addr, buf, PDP_ADDR_STRLEN);
	return buf;
}

const char *pdp_prefix_print(char buf[PDP_ADDR_STRLEN], const struct pdp_prefix *prefix)
{
	size_t n = strlen(pdp_addr_print(buf, prefix));

	if (n)
		snprintf(buf + n, PDP_ADDR_STRLEN - n, "/%u", prefix->len);
	return buf;
}

const char *pdp_endpoint_print(char buf[PDP_ADDR_STRLEN], const struct pdp_prefix *addr,
			       uint16_t port)
{
	char host[INET6_ADDRSTRLEN + 1] = "";

	if (!port || !addr->family)
		return pdp_addr_print(buf, addr);
	inet_ntop(addr->family == 4 ? AF_INET : AF_INET6, addr->addr, host, sizeof(host));
	snprintf(buf, PDP_ADDR_STRLEN, addr->family == 4 ? "%s:%u" : "[%s]:%u", host, port);
	return buf;
}

const char *pdp_mac_print(char buf[PDP_ADDR_STRLEN], const uint8_t mac[6])
{
	snprintf(buf, PDP_ADDR_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buf;
}

bool pdp_prefix_is_network(const struct pdp_prefix *prefix)
{
	for (unsigned int bit = prefix->len; bit < pdp_prefix_full(prefix->family); bit++)
		if (prefix->addr[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

bool pdp_addr_is_unicast(const struct pdp_prefix *addr)
{
	static const uint8_t zero[15];
	const uint8_t *a = addr->addr;

	if (addr->family == 4)
		return a[0] != 0 && a[0] != 127 && a[0] < 224;
	if (addr->family != 6 || a[0] == 0xff)
		return false;
	return memcmp(a, zero, 15) != 0 || a[15] > 1;
}

bool pdp_mac_is_unicast(const uint8_t mac[6])
{
	return !(mac[0] & 1) && (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

int pdp_prefix_compare(const struct pdp_prefix *a, const struct pdp_prefix *b)
{
	int order;

	if (a->family != b->family)
		return a->family - b->family;
	order = memcmp(a->addr, b->addr, sizeof(a->addr));
	return order ? order : a->len - b->len;
}

struct pdp_addr pdp_addr_to_map(const struct pdp_prefix *addr)
{
	struct pdp_addr out = {0};

	if (addr->family == 6) {
		memcpy(out.word, addr->addr, 16);
	} else if (addr->family == 4) {
		memcpy(out.word, mapped_prefix, sizeof(mapped_prefix));
		memcpy(&out.word[3], addr->addr, 4);
	}
	return out;
}

struct pdp_prefix pdp_addr_from_map(const struct pdp_addr *addr)
{
	struct pdp_prefix out = {.family = 6, .len = 128};

	memcpy(out.addr, addr->word, 16);
	if (!memcmp(addr->word, mapped_prefix, sizeof(mapped_prefix))) {
		out = (struct pdp_prefix){.family = 4, .len = 32};
		memcpy(out.addr, &addr->word[3], 4);
	}
	return out;
}
