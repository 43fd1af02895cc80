/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rtjson.h - a route, neighbour or address that agents are told, as JSON and as words. Pure.
 */
#ifndef PDP_RTJSON_H
#define PDP_RTJSON_H

#include <jansson.h>
#include <linux/netlink.h>
#include <stdint.h>

/* The name of a vif by its id; NULL: none has it. */
typedef const char *(*pdp_rt_name_fn)(uint16_t vif, void *arg);

/*
 * pdp_rt_json() - one message as an object, as docs/api.md has it; the caller's reference.
 *
 * NULL: without memory, or it is about nothing that agents know.
 */
json_t *pdp_rt_json(const struct nlmsghdr *nlh, pdp_rt_name_fn name, void *arg);

/* The object as ip(8) would say it: "10.0.0.0/24 via 10.1.1.2 dev v0 metric 20". Returns text. */
char *pdp_rt_text(const json_t *row, char *text, size_t size);

#endif
