/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * node_fixture.h - the one node (node.h) of a test program: there before its first test, gone after its last.
 */
#ifndef PDP_PROG_NODE_FIXTURE_H
#define PDP_PROG_NODE_FIXTURE_H

#include "selftests/prog/node.h"

static struct node node;

/* Set-up and tear-down of the group. */
static inline int start_node(void **unused)
{
	(void)unused;
	node_start(&node);
	return 0;
}

static inline int stop_node(void **unused)
{
	(void)unused;
	node_stop(&node);
	return 0;
}

#endif
