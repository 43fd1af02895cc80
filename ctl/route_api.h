/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * route_api.h - /v1/vnets/NAME/routes and below: what is in force, where a packet goes, whether all agree.
 *
 * Tables may be long: they are answered as lines of JSON, as many at a time as the client reads.
 */
#ifndef PDP_ROUTE_API_H
#define PDP_ROUTE_API_H

#include <stdbool.h>

#include "ctl/node.h"

struct evhttp_request;
struct pdp_route_api;

int pdp_route_api_new(struct pdp_route_api **out, struct pdp_node *node);
/* Requests that are not answered never will be. NULL is fine. */
void pdp_route_api_free(struct pdp_route_api *api);

bool pdp_route_api_is(const char *path);
/* Takes the request over; it may take up to a minute. */
void pdp_route_api_request(struct pdp_route_api *api, struct evhttp_request *req);

#endif
