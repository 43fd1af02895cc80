/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_delay - the delay line: the queue against a naive one, frames in and out, what overflows. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bpf/wire.h"
#include "fe-agent/delay.h"

#define MS 1000000ULL

static void push(struct pdp_delayq *q, uint64_t due, uint64_t addr)
{
	const struct pdp_delayed frame = {.due_ns = due, .addr = addr};

	assert_true(pdp_delayq_push(q, &frame));
}

static void equal_times_keep_their_order(void **state)
{
	struct pdp_delayed out;
	struct pdp_delayq q;

	(void)state;
	assert_int_equal(pdp_delayq_init(&q, 100), 0);
	for (uint64_t i = 0; i < 100; i++)
		push(&q, 5, i);
	assert_false(pdp_delayq_push(&q, &(struct pdp_delayed){.due_ns = 1}));
	assert_false(pdp_delayq_pop(&q, 4, &out));
	for (uint64_t i = 0; i < 100; i++) {
		assert_true(pdp_delayq_pop(&q, 5, &out));
		assert_int_equal(out.addr, i);
	}
	assert_int_equal(pdp_delayq_next(&q), UINT64_MAX);
	pdp_delayq_fini(&q);
	pdp_delayq_fini(&q);
}

/* The first due in a plain list, by looking at all of it. */
static size_t naive_first(const struct pdp_delayed *list, size_t n)
{
	size_t first = 0;

	for (size_t i = 1; i < n; i++)
		if (list[i].due_ns < list[first].due_ns)
			first = i;
	return first;
}

static void as_a_naive_queue(void **state)
{
	struct pdp_delayed list[64], out;
	struct pdp_delayq q;
	uint64_t now = 0;
	size_t n = 0;

	(void)state;
	srandom(1);
	assert_int_equal(pdp_delayq_init(&q, 64), 0);
	for (int round = 0; round < 50000; round++) {
		if (random() % 2) {
			const struct pdp_delayed frame = {.due_ns = now + random() % 8,
							  .addr = (uint64_t)round};

			assert_int_equal(pdp_delayq_push(&q, &frame), n < 64);
			if (n < 64)
				list[n++] = frame;
			continue;
		}
		now += random() % 3;
		while (n) {
			size_t first = naive_first(list, n);
			bool due = list[first].due_ns <= now;

			assert_int_equal(pdp_delayq_next(&q), list[first].due_ns);
			assert_int_equal(pdp_delayq_pop(&q, now, &out), due);
			if (!due)
				break;
			assert_int_equal(out.addr, list[first].addr);
			memmove(&list[first], &list[first + 1], (--n - first) * sizeof(*list));
		}
	}
	pdp_delayq_fini(&q);
}

#define FRAMES 512

static struct pdp_umem umem;
static struct pdp_delay line;
static struct pdp_delay_stats *stats;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(pdp_pool_init(&umem.pool, FRAMES), 0);
	umem.area = calloc(FRAMES, PDP_FRAME_SIZE);
	stats = calloc(1, sizeof(*stats));
	assert_non_null(umem.area);
	assert_non_null(stats);
	pdp_delay_begin(stats, FRAMES);
	return pdp_delay_init(&line, &umem, stats);
}

static int tear_down(void **state)
{
	(void)state;
	pdp_delay_fini(&line);
	pdp_pool_fini(&umem.pool);
	free(umem.area);
	free(stats);
	return 0;
}

/* As the kernel receives a frame of a vnet that is to wait. */
static struct xdp_desc arrive(uint16_t vnet, uint32_t ms)
{
	struct pdp_tag tag = {
		.version_op = pdp_tag_version_op(PDP_OP_FORWARD),
		.vnet = htobe16(vnet),
		.seq = htobe32(ms),
	};
	struct xdp_desc desc = {.len = 100};
	uint64_t addr;

	assert_true(pdp_pool_take(&umem.pool, PDP_FILL, &addr));
	desc.addr = addr + PDP_FRAME_HEADROOM;
	memcpy(umem.area + desc.addr + ETH_HLEN, &tag, sizeof(tag));
	return desc;
}

static void waits_and_goes_back_as_it_came(void **state)
{
	struct xdp_desc in[3] = {arrive(1, 20), arrive(2, 10), arrive(1, 20)}, out[3];

	(void)state;
	pdp_delay_take(&line, in, 3, 1000 * MS);
	assert_int_equal(pdp_delay_give(&line, out, 3, 1009 * MS), 0);
	assert_int_equal(pdp_delay_give(&line, out, 3, 1010 * MS), 1);
	assert_memory_equal(&out[0], &in[1], sizeof(out[0]));
	assert_int_equal(pdp_delay_give(&line, out, 1, 1020 * MS), 1);
	assert_memory_equal(&out[0], &in[0], sizeof(out[0]));
	assert_int_equal(umem.pool.count[PDP_HAND], 1);
	assert_int_equal(umem.pool.count[PDP_TX], 2);
	assert_int_equal(stats->vnet[1].received, 2);
	assert_int_equal(stats->vnet[1].sent, 1);
	assert_int_equal(stats->vnet[2].sent, 1);
}

static void what_it_cannot_hold_is_counted(void **state)
{
	const unsigned int room = FRAMES - PDP_DELAY_RESERVE(FRAMES);

	(void)state;
	for (unsigned int i = 0; i < FRAMES; i++) {
		struct xdp_desc desc = arrive(i % 2 ? 7 : 8, 20);

		pdp_delay_take(&line, &desc, 1, 0);
	}
	assert_int_equal(umem.pool.count[PDP_HAND], room);
	assert_int_equal(umem.pool.count[PDP_FREE], FRAMES - room);
	assert_int_equal(stats->vnet[7].received + stats->vnet[8].received, FRAMES);
	assert_int_equal(stats->vnet[7].drop_overflow + stats->vnet[8].drop_overflow,
			 FRAMES - room);
	assert_true(pdp_pool_balanced(&umem.pool));
}

static void what_has_no_tag_is_nobodys(void **state)
{
	struct xdp_desc cut = arrive(1, 20), other = arrive(1, 20), stray = {.addr = 0, .len = 64};

	(void)state;
	cut.len = 20;
	umem.area[other.addr + ETH_HLEN] = pdp_tag_version_op(PDP_OP_INPUT);
	pdp_delay_take(&line, &cut, 1, 0);
	pdp_delay_take(&line, &other, 1, 0);
	pdp_delay_take(&line, &stray, 1, 0); /* never handed out to be received into */
	assert_int_equal(line.queue.n, 0);
	assert_int_equal(stats->vnet[0].drop_overflow, 2);
	assert_int_equal(umem.pool.count[PDP_FREE], FRAMES);
}

static void a_delay_has_an_end(void **state)
{
	struct xdp_desc desc = arrive(1, UINT32_MAX), out;

	(void)state;
	pdp_delay_take(&line, &desc, 1, 0);
	assert_int_equal(pdp_delay_give(&line, &out, 1, PDP_DELAY_MAX_MS * MS), 1);
}

/* A killed process leaves its counters to the next one. */
static void counters_outlive_a_process(void **state)
{
	struct xdp_desc in[2] = {arrive(1, 20), arrive(1, 40)}, out;

	(void)state;
	pdp_delay_take(&line, in, 2, 0);
	assert_int_equal(pdp_delay_give(&line, &out, 1, 20 * MS), 1);
	stats->socket_drops = 5;
	pdp_delay_begin(stats, 2 * FRAMES);
	assert_int_equal(stats->vnet[1].received, 2);
	assert_int_equal(stats->vnet[1].sent, 1);
	assert_int_equal(stats->socket_drops, 0);
	assert_int_equal(stats->socket_drops_before, 5);
	assert_int_equal(stats->starts, 2);
	stats->layout = 99;
	pdp_delay_begin(stats, FRAMES);
	assert_int_equal(stats->vnet[1].received, 0);
	assert_int_equal(stats->starts, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_times_keep_their_order),
		cmocka_unit_test(as_a_naive_queue),
		cmocka_unit_test_setup_teardown(waits_and_goes_back_as_it_came, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_it_cannot_hold_is_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_no_tag_is_nobodys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_delay_has_an_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(counters_outlive_a_process, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
