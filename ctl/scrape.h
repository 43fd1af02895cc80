/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * scrape.h - GET /metrics, on the API's socket and, when told so, on a TCP port of its own.
 */
#ifndef PDP_SCRAPE_H
#define PDP_SCRAPE_H

#include <stdbool.h>

#include "ctl/node.h"
#include "loader/loader.h"

struct event_base;
struct evhttp_request;
struct pdp_scrape;

/* Answer a GET from whom may read: OpenMetrics, or the older Prometheus format when it is asked for. */
void pdp_scrape_answer(struct evhttp_request *req, struct pdp_node *node);

/*
 * pdp_scrape_open() - serve /metrics, and nothing else, on a TCP port.
 * @where: "127.0.0.1:9464", "[::1]:9464".
 * @any: also on an address that others can reach. Whoever reaches it may read, and nothing is
 * encrypted: an address that is not the loopback's is refused without this.
 *
 * 0; -EINVAL for what is no address and port, -EPERM for one that others reach, -errno.
 */
int pdp_scrape_open(struct pdp_scrape **out, struct event_base *base, struct pdp_node *node,
		    const char *where, bool any, struct pdp_error *err);
/* Would where and any be refused? As pdp_scrape_open(), before there is a node. */
int pdp_scrape_check(const char *where, bool any, struct pdp_error *err);
/* NULL is fine. */
void pdp_scrape_close(struct pdp_scrape *scrape);

#endif
