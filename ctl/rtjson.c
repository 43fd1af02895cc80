/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* rtjson.c - what agents are told, as JSON and as words; see rtjson.h. */
#include "ctl/rtjson.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/prefix.h"
#include "ctl/rtparse.h"

static const char *const types[] = {
	[RTN_UNICAST] = "unicast",
	[RTN_LOCAL] = "local",
	[RTN_BROADCAST] = "broadcast",
	[RTN_ANYCAST] = "anycast",
	[RTN_MULTICAST] = "multicast",
	[RTN_BLACKHOLE] = "blackhole",
	[RTN_UNREACHABLE] = "unreachable",
	[RTN_PROHIBIT] = "prohibit",
	[RTN_THROW] = "throw",
};

static json_t *vif_json(uint32_t id, pdp_rt_name_fn name, void *arg)
{
	const char *text = name((uint16_t)id, arg);

	return text ? json_string(text) : json_sprintf("#%u", id);
}

static json_t *addr_json(uint8_t family, const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN];

	return json_string(inet_ntop(family, addr, text, sizeof(text)));
}

static json_t *prefix_json(uint8_t family, const uint8_t *addr, unsigned int len)
{
	char text[INET6_ADDRSTRLEN];

	return json_sprintf("%s/%u", inet_ntop(family, addr, text, sizeof(text)), len);
}

static json_t *path_json(const struct pdp_rt_path *path, pdp_rt_name_fn name, void *arg)
{
	json_t *via =
		path->gateway_family ? addr_json(path->gateway_family, path->gateway) : json_null();

	return json_pack("{s:o, s:o, s:i}", "via", via, "vif", vif_json(path->link, name, arg),
			 "weight", (int)path->weight);
}

static json_t *route_json(const struct nlmsghdr *nlh, pdp_rt_name_fn name, void *arg)
{
	struct pdp_rt_route route;
	json_t *paths;

	if (pdp_rt_parse_route(nlh, &route) != PDP_RT_taken)
		return NULL;
	paths = json_array();
	for (unsigned int i = 0; i < route.n_paths; i++)
		json_array_append_new(paths, path_json(&route.paths[i], name, arg));
	return json_pack("{s:s, s:o, s:s, s:s, s:I, s:o}", "kind", "route", "prefix",
			 prefix_json(route.family, route.dst, route.len), "type", types[route.type],
			 "table", route.table == RT_TABLE_LOCAL ? "local" : "main", "metric",
			 (json_int_t)route.metric, "paths", paths);
}

static json_t *neighbour_json(const struct nlmsghdr *nlh, pdp_rt_name_fn name, void *arg)
{
	struct pdp_rt_neighbour neighbour;
	char mac[PDP_ADDR_STRLEN];

	if (pdp_rt_parse_neighbour(nlh, &neighbour) != PDP_RT_taken)
		return NULL;
	return json_pack("{s:s, s:o, s:s, s:o}", "kind", "neighbour", "address",
			 addr_json(neighbour.family, neighbour.addr), "mac",
			 pdp_mac_print(mac, neighbour.mac), "vif",
			 vif_json(neighbour.link, name, arg));
}

static json_t *address_json(const struct nlmsghdr *nlh, pdp_rt_name_fn name, void *arg)
{
	struct pdp_rt_address address;

	if (pdp_rt_parse_address(nlh, &address) != PDP_RT_taken)
		return NULL;
	return json_pack("{s:s, s:o, s:o}", "kind", "address", "prefix",
			 prefix_json(address.family, address.addr, address.len), "vif",
			 vif_json(address.link, name, arg));
}

json_t *pdp_rt_json(const struct nlmsghdr *nlh, pdp_rt_name_fn name, void *arg)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
		return route_json(nlh, name, arg);
	case RTM_NEWNEIGH:
		return neighbour_json(nlh, name, arg);
	case RTM_NEWADDR:
		return address_json(nlh, name, arg);
	default:
		return NULL;
	}
}

/* --- words ----------------------------------------------------------------------------------------- */

struct words {
	char *text;
	size_t size, len;
};

static void __attribute__((format(printf, 2, 3))) add(struct words *w, const char *fmt, ...)
{
	va_list args;
	int n;

	if (w->len >= w->size)
		return;
	va_start(args, fmt);
	n = vsnprintf(w->text + w->len, w->size - w->len, fmt, args);
	va_end(args);
	if (n > 0)
		w->len += (size_t)n;
}

static const char *string(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

static void add_path(struct words *w, const json_t *path)
{
	if (*string(path, "via"))
		add(w, " via %s", string(path, "via"));
	add(w, " dev %s", string(path, "vif"));
}

static void add_route(struct words *w, const json_t *row)
{
	const json_t *paths = json_object_get(row, "paths"), *path;
	const json_int_t metric = json_integer_value(json_object_get(row, "metric"));
	const char *type = string(row, "type");
	size_t i;

	add(w, "%s%s%s", !strcmp(type, "unicast") ? "" : type, !strcmp(type, "unicast") ? "" : " ",
	    string(row, "prefix"));
	json_array_foreach(paths, i, path) {
		if (json_array_size(paths) > 1)
			add(w, " nexthop");
		add_path(w, path);
		if (json_array_size(paths) > 1)
			add(w, " weight %" JSON_INTEGER_FORMAT,
			    json_integer_value(json_object_get(path, "weight")));
	}
	if (metric)
		add(w, " metric %" JSON_INTEGER_FORMAT, metric);
	if (!strcmp(string(row, "table"), "local"))
		add(w, " table local");
}

char *pdp_rt_text(const json_t *row, char *text, size_t size)
{
	struct words w = {text, size, 0};

	*text = '\0';
	if (!strcmp(string(row, "kind"), "neighbour"))
		add(&w, "neighbour %s dev %s lladdr %s", string(row, "address"), string(row, "vif"),
		    string(row, "mac"));
	else if (!strcmp(string(row, "kind"), "address"))
		add(&w, "address %s dev %s", string(row, "prefix"), string(row, "vif"));
	else if (!strcmp(string(row, "kind"), "route"))
		add_route(&w, row);
	return text;
}
