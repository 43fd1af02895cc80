/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * api_alloc.h - questions about the allocation: GET /v1/alloc and what is below it.
 */
#ifndef PDP_API_ALLOC_H
#define PDP_API_ALLOC_H

#include <stdbool.h>

#include "ctl/node.h"

struct evhttp_request;

/* Answer, if the path is one of /v1/alloc; false: it is not, and nothing was done. */
bool pdp_alloc_request(struct evhttp_request *req, struct pdp_node *node, const char *path);

#endif
