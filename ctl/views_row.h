/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* views_row.h - inside the views (views.h): what is said in the rows of several of them. */
#ifndef PDP_VIEWS_ROW_H
#define PDP_VIEWS_ROW_H

#include <jansson.h>

#include "ctl/node.h"

json_t *pdp_row_integer(uint64_t value);

/* Set a field; NULL, and a MAC that is all zero, are null. */
void pdp_row_int(json_t *row, const char *key, uint64_t value);
void pdp_row_str(json_t *row, const char *key, const char *value);
void pdp_row_mac(json_t *row, const char *key, const uint8_t mac[6]);

/* Every field of a counter element but its id, into row. */
void pdp_row_counters(json_t *row, const struct pdp_node *node, enum pdp_map map, uint16_t id,
		      const char *id_key);

/* The name of a guest's state. */
const char *pdp_row_guest_state(const struct pdp_node_guest *guest);
/* How long nearly all packets were with it lately; null: not measured. */
json_t *pdp_row_transit(const struct pdp_node_guest *guest);

/* A limit by power; null for 0, while all that comes is let in. */
void pdp_row_limit(json_t *row, uint64_t pps);

#endif
