/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* views_row.c - what is said in the rows of several views. */
#include "ctl/views_row.h"

#include <string.h>

#include "ctl/mapdump.h"
#include "ctl/prefix.h"

json_t *pdp_row_integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

void pdp_row_int(json_t *row, const char *key, uint64_t value)
{
	json_object_set_new(row, key, pdp_row_integer(value));
}

void pdp_row_str(json_t *row, const char *key, const char *value)
{
	json_object_set_new(row, key, value ? json_string(value) : json_null());
}

void pdp_row_mac(json_t *row, const char *key, const uint8_t mac[6])
{
	static const uint8_t none[6];
	char text[PDP_ADDR_STRLEN];

	pdp_row_str(row, key, memcmp(mac, none, 6) ? pdp_mac_print(text, mac) : NULL);
}

void pdp_row_counters(json_t *row, const struct pdp_node *node, enum pdp_map map, uint16_t id,
		      const char *id_key)
{
	char value[sizeof(struct pdp_vnet_stats)] = {0};
	uint32_t key = id;
	json_t *counters;

	if (pdp_stats_read(node->loader, map, id, value, pdp_map_value_size(map)))
		return;
	/* Decoded also when nothing has been counted yet: the fields are always there. */
	counters = pdp_map_decode_zero(map, &key, value);
	json_object_del(counters, id_key);
	json_object_update_new(row, counters);
}

const char *pdp_row_guest_state(const struct pdp_node_guest *guest)
{
	switch (guest->state) {
	case PDP_GUEST_STARTING:
		return "starting";
	case PDP_GUEST_CONNECTED:
		return "connected";
	case PDP_GUEST_READY:
		return "ready";
	case PDP_GUEST_FAILED:
		return "failed";
	case PDP_GUEST_STOPPED:
		return "stopped";
	case PDP_GUEST_ADOPTED:
		return "adopted";
	case PDP_GUEST_STALLED:
		return "stalled";
	}
	return "unknown";
}

json_t *pdp_row_transit(const struct pdp_node_guest *guest)
{
	struct pdp_transit_span span;

	if (!pdp_transit_span(&guest->times, &span))
		return json_null();
	return json_pack("{s:I, s:I}", "low", (json_int_t)(span.low_ns / 1000), "high",
			 (json_int_t)(span.high_ns / 1000));
}

void pdp_row_limit(json_t *row, uint64_t pps)
{
	json_object_set_new(row, "power_limit_pps",
			    pps ? json_integer((json_int_t)pps) : json_null());
}
