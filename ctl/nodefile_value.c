/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_value.c - single values of a node file: text to number, or a sentence.
 */
#include "ctl/nodefile_value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/wire.h"
#include "ctl/power.h"
#include "ctl/prefix.h"

#define VLAN_MAX 4094
#define MEMORY_MIN_MIB 16
#define MEMORY_MAX_MIB (1u << 20)
/* What the classifier's policer can hold in 32 bits of 1/16 ns. */
#define NS_PER_S 1000000000ULL
#define POLICE_TIME_MAX ((uint64_t)UINT32_MAX)
#define RATE_MIN_PPS 4
#define RATE_MAX_PPS NS_PER_S
#define KEY_MAX 38

const char *pdp_value_path(const struct pdp_reader *r, const char *key, char buf[PDP_YAML_PATH_MAX])
{
	snprintf(buf, PDP_YAML_PATH_MAX, "%.*s%s%s", PDP_YAML_PATH_MAX - 40, r->path,
		 *r->path ? "." : "", key);
	return buf;
}

bool pdp_value_given(const struct pdp_reader *r, const char *key)
{
	char path[PDP_YAML_PATH_MAX];

	return pdp_yaml_scalar(r->yaml, pdp_value_path(r, key, path));
}

/* "control-plane memory" of the key control-plane.memory. */
static const char *words(char buf[KEY_MAX], const char *key)
{
	snprintf(buf, KEY_MAX, "%s", key);
	for (char *dot = buf; (dot = strchr(dot, '.'));)
		*dot = ' ';
	return buf;
}

#define WORDS(key) words((char[KEY_MAX]){0}, key)

int pdp_value_label(struct pdp_reader *r, const char *key, char out[PDP_LABEL_MAX],
		    const char *text, bool upper)
{
	size_t len = strlen(text);

	if (len >= PDP_LABEL_MAX)
		return pdp_value_fail(r, key,
				      "%s '%.20s...' is too long: %zu characters, at most %d", key,
				      text, len, PDP_LABEL_MAX - 1);
	for (const char *c = text; *c; c++)
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') &&
		    !(upper && *c >= 'A' && *c <= 'Z') && !(*c == '-' && c > text))
			return pdp_value_fail(
				r, key,
				"%s '%s' must be made of %sa-z, 0-9 and -, and not begin with -",
				key, text, upper ? "A-Z, " : "");
	memcpy(out, text, len + 1);
	return 0;
}

int pdp_value_ifname(struct pdp_reader *r, char out[PDP_DEV_NAME_LEN], const char *text)
{
	size_t len = strlen(text);

	if (len >= PDP_DEV_NAME_LEN)
		return pdp_value_fail(r, "ifname",
				      "ifname '%.40s' is too long: %zu characters, at most %d",
				      text, len, PDP_DEV_NAME_LEN - 1);
	for (const char *c = text; *c; c++)
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c) ||
		    !isprint((unsigned char)*c))
			return pdp_value_fail(r, "ifname", "ifname '%s' is not a device's name",
					      text);
	if (!strcmp(text, ".") || !strcmp(text, ".."))
		return pdp_value_fail(r, "ifname", "ifname '%s' is not a device's name", text);
	memcpy(out, text, len + 1);
	return 0;
}

int pdp_value_power(struct pdp_reader *r, const char *key, uint32_t *out, const char *text)
{
	switch (pdp_power_parse(out, text)) {
	case 0:
		return 0;
	case -ERANGE:
		return pdp_value_fail(r, key, "%s %.40s is out of range: more than 0, at most %um",
				      WORDS(key), text, UINT32_MAX);
	default:
		return pdp_value_fail(
			r, key, "%s '%.40s' is no power; write millicores, 1500m, or cores, 1.5",
			WORDS(key), text);
	}
}

int pdp_value_mac(struct pdp_reader *r, uint8_t mac[6], const char *text)
{
	if (pdp_mac_parse(mac, text))
		return pdp_value_fail(
			r, "mac", "mac '%.40s' is no MAC address, as in 02:00:00:00:00:01", text);
	if (!pdp_mac_is_unicast(mac))
		return pdp_value_fail(r, "mac", "mac %s is no unicast address", text);
	return 0;
}

int pdp_value_vlan(struct pdp_reader *r, uint16_t vlan[2], const char *text)
{
	char *end = (char *)text;

	for (int i = 0; i < 2; i++) {
		unsigned long vid;

		if (!isdigit((unsigned char)*end))
			return pdp_value_fail(
				r, "vlan",
				"vlan '%.40s' is no VLAN; write 100, or 100.200 for two tags",
				text);
		vid = strtoul(end, &end, 10);
		if (vid < 1 || vid > VLAN_MAX)
			return pdp_value_fail(r, "vlan", "vlan %.40s is out of range: 1 to %d",
					      text, VLAN_MAX);
		vlan[i] = (uint16_t)vid;
		if (!*end)
			return 0;
		if (*end != '.')
			break;
		end++;
	}
	return pdp_value_fail(r, "vlan",
			      "vlan '%.40s' is no VLAN; write 100, or 100.200 for two tags", text);
}

int pdp_value_memory(struct pdp_reader *r, const char *key, uint32_t *out, const char *text)
{
	bool digit = isdigit((unsigned char)*text);
	unsigned long long mib;
	char *end;

	errno = 0;
	mib = strtoull(text, &end, 10);
	if (!digit || (*end != 'M' && *end != 'G') || end[1])
		return pdp_value_fail(r, key, "%s '%.40s' is no size; write 64M or 1G", WORDS(key),
				      text);
	if (*end == 'G' && mib <= MEMORY_MAX_MIB)
		mib *= 1024;
	if (errno || mib < MEMORY_MIN_MIB || mib > MEMORY_MAX_MIB)
		return pdp_value_fail(r, key, "%s %.40s is out of range: %dM to %uG", WORDS(key),
				      text, MEMORY_MIN_MIB, MEMORY_MAX_MIB / 1024);
	*out = (uint32_t)mib;
	return 0;
}

int pdp_value_gap(struct pdp_reader *r, uint32_t *out, const char *text)
{
	const bool digit = isdigit((unsigned char)*text);
	unsigned long gap;
	char *end;

	*out = PDP_FLOWLET_GAP_AUTO;
	if (!strcmp(text, "auto"))
		return 0;
	gap = strtoul(text, &end, 10);
	if (!digit || *end)
		return pdp_value_fail(r, "flowlet-gap-us",
				      "flowlet-gap-us '%.40s' is neither a number of microseconds "
				      "nor auto",
				      text);
	if (!gap || gap > PDP_FLOWLET_GAP_MAX_US)
		return pdp_value_fail(r, "flowlet-gap-us",
				      "flowlet-gap-us %.40s is out of range: 1 to %u", text,
				      PDP_FLOWLET_GAP_MAX_US);
	*out = (uint32_t)gap;
	return 0;
}

int pdp_value_symbol(struct pdp_reader *r, const char *key, char out[PDP_NAME_MAX],
		     const char *text)
{
	size_t len = strlen(text);

	if (len >= PDP_NAME_MAX)
		return pdp_value_fail(r, key,
				      "%s '%.20s...' is too long: %zu characters, at most %d",
				      WORDS(key), text, len, PDP_NAME_MAX - 1);
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return pdp_value_fail(r, key, "%s '%.60s' is no name of a function in C",
					      WORDS(key), text);
	memcpy(out, text, len + 1);
	return 0;
}

int pdp_value_file(struct pdp_reader *r, const char *key, char out[PDP_PATH_LEN], const char *text)
{
	size_t len = strlen(text);

	if (len >= PDP_PATH_LEN)
		return pdp_value_fail(r, key,
				      "%s '%.40s...' is too long: %zu characters, at most %d",
				      WORDS(key), text, len, PDP_PATH_LEN - 1);
	if (*text != '/')
		return pdp_value_fail(r, key,
				      "%s '%.60s' must begin with /: pdpd reads it, from "
				      "wherever it runs",
				      WORDS(key), text);
	for (const char *c = text; *c; c++)
		if (!isprint((unsigned char)*c))
			return pdp_value_fail(r, key,
					      "%s '%.60s' holds a character that is not "
					      "ASCII, or no letter",
					      WORDS(key), text);
	memcpy(out, text, len + 1);
	return 0;
}

int pdp_value_rate(struct pdp_reader *r, const char *key, uint64_t pps, uint32_t burst)
{
	uint64_t most = pps * POLICE_TIME_MAX / (NS_PER_S << PDP_POLICE_SHIFT);
	char place[KEY_MAX];

	snprintf(place, sizeof(place), "%s.pps", key);
	if (pps < RATE_MIN_PPS || pps > RATE_MAX_PPS)
		return pdp_value_fail(r, place, "%s %" PRIu64 " is out of range: %d to %llu",
				      WORDS(place), pps, RATE_MIN_PPS, RATE_MAX_PPS);
	snprintf(place, sizeof(place), "%s.burst", key);
	if (burst > most)
		return pdp_value_fail(r, place,
				      "%s %u is out of range: at most %" PRIu64
				      ", which is 268 ms of %" PRIu64 " pps",
				      WORDS(place), burst, most, pps);
	return 0;
}
