/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* halves.c - both halves of the router over the same tables; see halves.h. */
#include "selftests/prog/halves.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/counters.h"
#include "fe-agent/router.skel.h"
#include "selftests/prog/packet.h"

#define GUEST 1

static int load(struct halves *h, const struct pdp_router_sizes *sizes, int fds[])
{
	struct bpf_map *map;
	int rc;

	h->object = router_bpf__open();
	if (!h->object)
		return -errno;
	h->object->rodata->guest_id = GUEST;
	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++) {
		map = bpf_object__find_map_by_name(h->object->obj, pdp_router_table_name(i));
		rc = bpf_map__set_max_entries(map, pdp_router_table_entries(i, sizes));
		if (rc)
			return rc;
	}
	rc = router_bpf__load(h->object);
	for (int i = 0; !rc && i < PDP_ROUTER_N_TABLES; i++)
		fds[i] = bpf_object__find_map_fd_by_name(h->object->obj, pdp_router_table_name(i));
	return rc;
}

static int make_agent(struct halves *h, const struct pdp_router_sizes *sizes, const int fds[])
{
	struct pdp_router_memory memory;
	int rc = pdp_router_memory_map(&memory, sizes, fds);

	if (rc)
		return rc;
	rc = pdp_router.init(&h->dp, &memory);
	if (rc) {
		pdp_router_memory_unmap(&memory);
		return rc;
	}
	h->umem.area = malloc(PDP_FRAME_SIZE);
	return h->umem.area ? pdp_pool_init(&h->umem.pool, 1) : -ENOMEM;
}

int halves_start(struct halves *h, const struct pdp_router_sizes *sizes)
{
	int fds[PDP_ROUTER_N_TABLES], rc;

	*h = (struct halves){0};
	rc = load(h, sizes, fds);
	if (!rc)
		rc = make_agent(h, sizes, fds);
	if (rc) {
		fprintf(stderr, "both halves of the router: %s\n", strerror(-rc));
		halves_stop(h);
	}
	return rc;
}

void halves_stop(struct halves *h)
{
	pdp_router.fini(h->dp);
	pdp_pool_fini(&h->umem.pool);
	free(h->umem.area);
	router_bpf__destroy(h->object);
	*h = (struct halves){0};
}

int halves_prog(const struct halves *h)
{
	return bpf_program__fd(h->object->progs.pdp_router);
}

void halves_run_agent(struct halves *h, const uint8_t *frame, uint32_t len, struct outcome *out)
{
	struct xdp_desc rx = {.addr = PDP_FRAME_HEADROOM, .len = len}, tx = {0};
	uint64_t addr;

	memset(out, 0, sizeof(*out));
	memcpy(h->umem.area + rx.addr, frame, len);
	pdp_pool_take(&h->umem.pool, PDP_FILL, &addr);
	out->sent = pdp_burst(&h->umem, &pdp_router, h->dp, &rx, 1, &tx, &h->stats) == 1;
	pdp_router.quiescent(h->dp);
	if (out->sent) {
		pdp_pool_move(&h->umem.pool, tx.addr, PDP_TX, PDP_FREE);
		out->len = tx.len;
		memcpy(out->frame, h->umem.area + tx.addr, tx.len);
		out->op = out->frame[14] & 0xf;
	}
}

void halves_run_fast(struct halves *h, const uint8_t *frame, uint32_t len, struct outcome *out)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len,
		    .data_out = out->frame, .data_size_out = sizeof(out->frame));
	int rc;

	memset(out, 0, sizeof(*out));
	rc = bpf_prog_test_run_opts(halves_prog(h), &opts);
	if (rc) {
		fprintf(stderr, "BPF_PROG_TEST_RUN: %s\n", strerror(-rc));
		abort();
	}
	out->sent = opts.retval == XDP_TX;
	out->len = opts.data_size_out;
	out->op = out->frame[14] & 0xf;
}

static const char *compare(const struct outcome *agent, const struct outcome *fast,
			   const uint8_t *frame, uint32_t len, bool forwarded)
{
	if (!fast->sent && (fast->len != len || memcmp(fast->frame, frame, len) != 0))
		return "what is left to the agent has changed";
	if (fast->sent && !forwarded)
		return "the fast half sends what the agent does not forward";
	if (!fast->sent && forwarded)
		return "the fast half leaves to the agent what is forwarded";
	if (fast->sent &&
	    (fast->len != agent->len || memcmp(fast->frame, agent->frame, agent->len) != 0))
		return "both forward, but not the same bytes";
	return NULL;
}

const char *halves_differ(struct halves *h, const uint8_t *frame, uint32_t len, bool *forwarded)
{
	static struct outcome agent, fast;
	const char *wrong;

	halves_run_fast(h, frame, len, &fast);
	halves_run_agent(h, frame, len, &agent);
	*forwarded = agent.sent && agent.op == PDP_OP_FORWARD;
	wrong = compare(&agent, &fast, frame, len, *forwarded);
	if (wrong) {
		fprintf(stderr, "# %s\n", wrong);
		packet_dump("in", frame, len);
		packet_dump("agent", agent.frame, agent.len);
		packet_dump("fast", fast.frame, fast.len);
	}
	return wrong;
}
