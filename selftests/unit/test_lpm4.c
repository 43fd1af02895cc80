/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_lpm4.c - IPv4 longest-prefix match against a naive model, and under a reader that never stops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "fe-agent/lpm4.h"

#define MODEL_MAX 512

/* As large as can be, for one table at a time. */
static struct pdp_router_memory memory;

static void make_table(struct pdp_lpm4 *lpm)
{
	assert_int_equal(pdp_router_memory_anonymous(&memory), 0);
	assert_int_equal(pdp_lpm4_init(lpm, &memory), 0);
}

/* A smaller one. */
static void make_small_table(struct pdp_lpm4 *lpm, uint32_t wides, uint32_t narrows,
			     uint32_t blocks)
{
	struct pdp_router_memory part;

	assert_int_equal(pdp_router_memory_anonymous(&memory), 0);
	part = memory;
	part.sizes.wides4 = wides;
	part.sizes.narrows4 = narrows;
	part.sizes.blocks4 = blocks;
	assert_int_equal(pdp_lpm4_init(lpm, &part), 0);
}

static void end_table(struct pdp_lpm4 *lpm)
{
	pdp_lpm4_fini(lpm);
	pdp_router_memory_unmap(&memory);
}

static uint32_t lookup(const struct pdp_lpm4 *lpm, uint32_t addr)
{
	uint32_t value;

	pdp_lpm4_lookup_burst(lpm, &addr, &value, 1);
	return value;
}

static void nothing_is_used(const struct pdp_lpm4 *lpm)
{
	assert_int_equal(lpm->set.used, 0);
	assert_int_equal(pdp_rcu_ids_used(&lpm->wide.ids), 0);
	assert_int_equal(pdp_rcu_ids_used(&lpm->narrow.ids), 0);
	assert_int_equal(pdp_rcu_ids_used(&lpm->blocks.ids), 0);
	assert_int_equal(lpm->blocks.promised, 0);
}

struct model {
	struct {
		uint32_t addr;
		uint8_t len;
		uint64_t rank;
		uint32_t value;
	} routes[MODEL_MAX];
	unsigned int n;
};

static uint64_t seed = 88172645463325252ULL;

static uint32_t draw(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 32) % n;
}

static uint32_t mask(unsigned int len)
{
	return len ? ~0u << (32 - len) : 0;
}

static struct pdp_lpm_prefix prefix(uint32_t addr, unsigned int len)
{
	return (struct pdp_lpm_prefix){.hi = (uint64_t)(addr & mask(len)) << 32, .len = len};
}

static uint32_t model_lookup(const struct model *m, uint32_t addr)
{
	uint64_t rank = UINT64_MAX;
	uint32_t value = 0;
	int len = -1;
	unsigned int i;

	for (i = 0; i < m->n; i++) {
		if ((addr & mask(m->routes[i].len)) != m->routes[i].addr)
			continue;
		if (m->routes[i].len > len ||
		    (m->routes[i].len == len && m->routes[i].rank < rank)) {
			len = m->routes[i].len;
			rank = m->routes[i].rank;
			value = m->routes[i].value;
		}
	}
	return value;
}

static unsigned int model_find(const struct model *m, uint32_t addr, unsigned int len,
			       uint64_t rank)
{
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (m->routes[i].addr == addr && m->routes[i].len == len &&
		    m->routes[i].rank == rank)
			break;
	return i;
}

/* Few bits vary, so that prefixes nest, meet and share groups. */
static uint32_t draw_addr(void)
{
	static const uint32_t bases[] = {0x0a000000, 0x0a010000, 0xc0a80000, 0xffffff00, 0};

	return bases[draw(5)] ^ (draw(4) << 22) ^ (draw(4) << 14) ^ (draw(8) << 7) ^ draw(256);
}

/* Few, so that neighbours have the same, or many. */
static uint32_t draw_value(void)
{
	return 1 + draw(draw(2) ? 2 : PDP_NEXTHOPS - 1);
}

static void change(struct pdp_lpm4 *lpm, struct model *m)
{
	unsigned int len = draw(33), i;
	uint32_t addr = draw_addr() & mask(len), old = 0, value = draw_value();
	struct pdp_lpm_prefix p = prefix(addr, len);
	uint64_t rank = draw(3);

	i = model_find(m, addr, len, rank);
	if (draw(100) < 55 && m->n < MODEL_MAX) {
		assert_int_equal(pdp_lpm4_add(lpm, &p, rank, value, &old), 0);
		assert_int_equal(old, i < m->n ? m->routes[i].value : 0);
		m->routes[i].addr = addr;
		m->routes[i].len = len;
		m->routes[i].rank = rank;
		m->routes[i].value = value;
		m->n += i == m->n;
	} else if (i < m->n) {
		assert_int_equal(pdp_lpm4_del(lpm, &p, rank, &old), 0);
		assert_int_equal(old, m->routes[i].value);
		m->routes[i] = m->routes[--m->n];
	} else {
		assert_int_equal(pdp_lpm4_del(lpm, &p, rank, &old), -ENOENT);
	}
}

static void delete_any(struct pdp_lpm4 *lpm, struct model *m)
{
	unsigned int i = draw(m->n);
	struct pdp_lpm_prefix p = prefix(m->routes[i].addr, m->routes[i].len);
	uint32_t old;

	assert_int_equal(pdp_lpm4_del(lpm, &p, m->routes[i].rank, &old), 0);
	m->routes[i] = m->routes[--m->n];
}

/* At the edges of a random route, and at a random address. */
static void compare(const struct pdp_lpm4 *lpm, const struct model *m)
{
	uint32_t addr = draw_addr();
	unsigned int i;

	assert_int_equal(lookup(lpm, addr), model_lookup(m, addr));
	if (!m->n)
		return;
	i = draw(m->n);
	addr = m->routes[i].addr;
	assert_int_equal(lookup(lpm, addr), model_lookup(m, addr));
	assert_int_equal(lookup(lpm, addr - 1), model_lookup(m, addr - 1));
	addr |= ~mask(m->routes[i].len);
	assert_int_equal(lookup(lpm, addr), model_lookup(m, addr));
	assert_int_equal(lookup(lpm, addr + 1), model_lookup(m, addr + 1));
}

static void same_as_model(void **state)
{
	struct model m = {.n = 0};
	struct pdp_lpm4 lpm;
	unsigned int i, j;

	(void)state;
	make_table(&lpm);
	for (i = 0; i < 6000; i++) {
		change(&lpm, &m);
		for (j = 0; j < 8; j++)
			compare(&lpm, &m);
	}
	assert_true(m.n > 100);
	while (m.n) {
		delete_any(&lpm, &m);
		for (j = 0; j < 4; j++)
			compare(&lpm, &m);
	}
	nothing_is_used(&lpm);
	for (i = 0; i < 1 << 16; i++)
		assert_int_equal(lpm.root[i], 0);
	end_table(&lpm);
}

static void refuses_nonsense(void **state)
{
	struct pdp_lpm_prefix host_bits = {.hi = 0x0a00000100000000ULL, .len = 24};
	struct pdp_lpm_prefix too_long = {.len = 33};
	struct pdp_lpm_prefix fine = prefix(0x0a000000, 8);
	struct pdp_lpm4 lpm;
	uint32_t old;

	(void)state;
	make_table(&lpm);
	assert_int_equal(pdp_lpm4_add(&lpm, &host_bits, 0, 1, &old), -EINVAL);
	assert_int_equal(pdp_lpm4_add(&lpm, &too_long, 0, 1, &old), -EINVAL);
	assert_int_equal(pdp_lpm4_add(&lpm, &fine, 0, 0, &old), -EINVAL);
	assert_int_equal(pdp_lpm4_add(&lpm, &fine, 0, PDP_NEXTHOPS, &old), -EINVAL);
	assert_int_equal(pdp_lpm4_del(&lpm, &fine, 0, &old), -ENOENT);
	assert_int_equal(lpm.set.used, 0);
	end_table(&lpm);
}

/* --- runs ----------------------------------------------------------------------------------------- */

static void add(struct pdp_lpm4 *lpm, uint32_t addr, unsigned int len, uint32_t value, int want)
{
	struct pdp_lpm_prefix p = prefix(addr, len);
	uint32_t old;

	assert_int_equal(pdp_lpm4_add(lpm, &p, 0, value, &old), want);
}

static void del(struct pdp_lpm4 *lpm, uint32_t addr, unsigned int len)
{
	struct pdp_lpm_prefix p = prefix(addr, len);
	uint32_t old;

	assert_int_equal(pdp_lpm4_del(lpm, &p, 0, &old), 0);
}

/* The groups of 10.9.0.0/16, whose entries are 256 addresses apart, and of 10.9.9.0/24, where step is 1. */
#define RUNS_WIDE 0x0a090000
#define RUNS_NARROW 0x0a090900

static void has_values(const struct pdp_lpm4 *lpm, uint32_t base, uint32_t step,
		       const uint32_t values[256])
{
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(lookup(lpm, base + i * step), values[i]);
	assert_int_equal(lookup(lpm, base - 1), 0);
	assert_int_equal(lookup(lpm, base + 256 * step), 0);
}

static const struct pdp_rt_group4 *group_at(const struct pdp_lpm4 *lpm, uint32_t step)
{
	uint32_t wide = lpm->groups[RUNS_WIDE >> 16], value;

	if (step > 1)
		return wide ? &lpm->wide.t.group[wide] : NULL;
	value = *pdp_group4_value(&lpm->wide.t, wide, RUNS_NARROW >> 8 & 0xff);
	return value < PDP_NEXTHOPS ? NULL : &lpm->narrow.t.group[value - PDP_NEXTHOPS];
}

/* Entry after entry gets a value of its own, from the last to the first, then loses it. */
static void fill_and_empty(uint32_t base, uint32_t step, unsigned int len)
{
	uint32_t values[256] = {0}, i;
	struct pdp_lpm4 lpm;

	make_table(&lpm);
	for (i = 256; i-- > 0;) {
		unsigned int runs = 256 - i + !!i;
		unsigned int blocks = runs <= PDP_RT_GROUP_RUNS ? 0 : (runs + 31) / 32;

		values[i] = 1 + i;
		add(&lpm, base + i * step, len, values[i], 0);
		has_values(&lpm, base, step, values);
		assert_int_equal(group_at(&lpm, step)->blocks, blocks);
	}
	for (i = 0; i < 256; i += 2)
		values[i] = 0, del(&lpm, base + i * step, len);
	has_values(&lpm, base, step, values);
	for (i = 1; i < 256; i += 2) {
		values[i] = 0;
		del(&lpm, base + i * step, len);
		has_values(&lpm, base, step, values);
	}
	assert_null(group_at(&lpm, step));
	nothing_is_used(&lpm);
	end_table(&lpm);
}

static void from_one_run_to_256(void **state)
{
	(void)state;
	fill_and_empty(RUNS_WIDE, 256, 24);
	fill_and_empty(RUNS_NARROW, 1, 32);
}

/* As long as no run begins or ends elsewhere, a value is written where it stands. */
static void values_change_in_place(void **state)
{
	static const unsigned int n[] = {5, 40, 128};
	const struct pdp_rt_group4 *group;
	uint32_t values[256] = {0}, i;
	struct pdp_lpm4 lpm;

	(void)state;
	make_table(&lpm);
	for (size_t k = 0; k < sizeof(n) / sizeof(*n); k++) {
		for (i = 0; i < n[k]; i++) {
			values[2 * i] = 1 + i;
			add(&lpm, RUNS_WIDE + 2 * i * 256, 24, 1 + i, 0);
		}
		group = group_at(&lpm, 256);
		for (i = 0; i < n[k]; i++) {
			values[2 * i] = 1000 + i;
			add(&lpm, RUNS_WIDE + 2 * i * 256, 24, 1000 + i, 0);
			assert_ptr_equal(group_at(&lpm, 256), group);
		}
		has_values(&lpm, RUNS_WIDE, 256, values);
	}
	end_table(&lpm);
}

/* Few values take a palette and no block, as long as there are not too many runs for that. */
static void few_values_take_a_palette(void **state)
{
	uint32_t values[256] = {0}, i;
	struct pdp_lpm4 lpm;

	(void)state;
	make_table(&lpm);
	for (i = 0; i < 63; i++) {
		values[2 * i] = 7 + i % 3;
		add(&lpm, RUNS_WIDE + 2 * i * 256, 24, values[2 * i], 0);
	}
	/* 127 runs, of which every other leads nowhere. */
	assert_int_equal(group_at(&lpm, 256)->colours, 0);
	assert_int_equal(group_at(&lpm, 256)->blocks, 4);
	for (i = 32; i < 63; i++)
		values[2 * i] = 0, del(&lpm, RUNS_WIDE + 2 * i * 256, 24);
	has_values(&lpm, RUNS_WIDE, 256, values);
	assert_int_equal(pdp_rt_run(group_at(&lpm, 256), 255), 63);
	assert_int_equal(group_at(&lpm, 256)->colours, 4);
	assert_int_equal(group_at(&lpm, 256)->blocks, 0);
	/* One of the four goes to another hop, all of it one by one. */
	for (i = 0; i < 32; i += 3) {
		values[2 * i] = 20;
		add(&lpm, RUNS_WIDE + 2 * i * 256, 24, 20, 0);
		has_values(&lpm, RUNS_WIDE, 256, values);
		assert_int_equal(group_at(&lpm, 256)->colours, i == 30 ? 4 : 0);
	}
	/* A fifth value, and it goes. */
	values[0] = 21;
	add(&lpm, RUNS_WIDE, 24, 21, 0);
	assert_int_equal(group_at(&lpm, 256)->colours, 0);
	has_values(&lpm, RUNS_WIDE, 256, values);
	values[0] = 0;
	del(&lpm, RUNS_WIDE, 24);
	assert_int_equal(group_at(&lpm, 256)->colours, 4);
	has_values(&lpm, RUNS_WIDE, 256, values);
	for (i = 1; i < 32; i++)
		del(&lpm, RUNS_WIDE + 2 * i * 256, 24);
	nothing_is_used(&lpm);
	end_table(&lpm);
}

/* What leads to the same everywhere in a /16 the root says; no reader comes to the group, which yet knows all. */
static void alike_is_said_by_the_root(void **state)
{
	const uint32_t at = RUNS_WIDE >> 16;
	uint32_t values[256], i;
	struct pdp_lpm4 lpm;

	(void)state;
	make_table(&lpm);
	add(&lpm, RUNS_WIDE, 17, 3, 0);
	add(&lpm, RUNS_WIDE | 0x8000, 18, 3, 0);
	assert_true(lpm.root[at] >= PDP_NEXTHOPS);
	add(&lpm, RUNS_WIDE | 0xc000, 18, 3, 0);
	assert_int_equal(lpm.root[at], 3);
	/* Shorter prefixes have nothing to say here. */
	add(&lpm, RUNS_WIDE & mask(16), 16, 9, 0);
	assert_int_equal(lpm.root[at], 3);
	for (i = 0; i < 256; i++)
		values[i] = 3;
	has_values(&lpm, RUNS_WIDE, 256, values);
	/* Each of all lengths to another hop, and another. */
	add(&lpm, RUNS_WIDE | 0x0500, 24, 4, 0);
	values[5] = 4;
	has_values(&lpm, RUNS_WIDE, 256, values);
	add(&lpm, RUNS_WIDE | 0x0500, 24, 3, 0);
	assert_int_equal(lpm.root[at], 3);
	/* The /16 shows where a longer one goes. */
	del(&lpm, RUNS_WIDE | 0xc000, 18);
	values[5] = 3;
	for (i = 192; i < 256; i++)
		values[i] = 9;
	has_values(&lpm, RUNS_WIDE, 256, values);
	del(&lpm, RUNS_WIDE & mask(16), 16);
	for (i = 192; i < 256; i++)
		values[i] = 0;
	has_values(&lpm, RUNS_WIDE, 256, values);
	/* A longer one than /24 in it. */
	add(&lpm, RUNS_WIDE | 0xc000, 18, 3, 0);
	assert_int_equal(lpm.root[at], 3);
	add(&lpm, RUNS_WIDE | 0x0707, 32, 3, 0);
	assert_true(lpm.root[at] >= PDP_NEXTHOPS);
	assert_int_equal(lookup(&lpm, RUNS_WIDE | 0x0707), 3);
	del(&lpm, RUNS_WIDE | 0x0707, 32);
	assert_int_equal(lpm.root[at], 3);
	del(&lpm, RUNS_WIDE, 17);
	del(&lpm, RUNS_WIDE | 0x8000, 18);
	del(&lpm, RUNS_WIDE | 0xc000, 18);
	del(&lpm, RUNS_WIDE | 0x0500, 24);
	nothing_is_used(&lpm);
	end_table(&lpm);
}

/* Prefixes of several lengths that lead to the same are one run, and yet each can go or change alone. */
static void alike_is_one_run(void **state)
{
	uint32_t values[256] = {0}, i;
	struct pdp_lpm4 lpm;

	(void)state;
	make_table(&lpm);
	add(&lpm, RUNS_WIDE, 17, 3, 0);
	add(&lpm, RUNS_WIDE | 0x4000, 18, 3, 0);
	add(&lpm, RUNS_WIDE | 0x8000, 24, 3, 0);
	for (i = 0; i <= 128; i++)
		values[i] = 3;
	has_values(&lpm, RUNS_WIDE, 256, values);
	assert_int_equal(pdp_rt_run(group_at(&lpm, 256), 255), 1);
	del(&lpm, RUNS_WIDE | 0x4000, 18);
	has_values(&lpm, RUNS_WIDE, 256, values);
	add(&lpm, RUNS_WIDE | 0x4000, 18, 4, 0);
	for (i = 64; i < 128; i++)
		values[i] = 4;
	has_values(&lpm, RUNS_WIDE, 256, values);
	del(&lpm, RUNS_WIDE, 17);
	for (i = 0; i < 64; i++)
		values[i] = 0;
	has_values(&lpm, RUNS_WIDE, 256, values);
	add(&lpm, RUNS_WIDE | 0x4000, 18, 3, 0);
	for (i = 64; i < 128; i++)
		values[i] = 3;
	has_values(&lpm, RUNS_WIDE, 256, values);
	assert_int_equal(pdp_rt_run(group_at(&lpm, 256), 255), 2);
	end_table(&lpm);
}

/* What a narrow group got from around it changes with that, and when it goes stays in the wide one. */
static void narrow_comes_and_goes(void **state)
{
	uint32_t values[256] = {0}, i;
	struct pdp_lpm4 lpm;

	(void)state;
	make_table(&lpm);
	for (i = 0; i < 256; i++)
		values[i] = i == 7 ? 32 : i & 0x80 ? 25 : 22;
	add(&lpm, RUNS_NARROW + 7, 32, 32, 0);
	add(&lpm, RUNS_NARROW + 128, 25, 25, 0);
	assert_non_null(group_at(&lpm, 1));
	add(&lpm, RUNS_NARROW & mask(22), 22, 22, 0);
	for (i = 0; i < 256; i++)
		assert_int_equal(lookup(&lpm, RUNS_NARROW + i), values[i]);
	add(&lpm, RUNS_NARROW, 24, 24, 0);
	assert_int_equal(lookup(&lpm, RUNS_NARROW), 24);
	assert_int_equal(lookup(&lpm, RUNS_NARROW - 1), 22);
	del(&lpm, RUNS_NARROW + 7, 32);
	assert_non_null(group_at(&lpm, 1));
	del(&lpm, RUNS_NARROW + 128, 25);
	assert_null(group_at(&lpm, 1));
	assert_int_equal(lookup(&lpm, RUNS_NARROW + 128), 24);
	assert_int_equal(lookup(&lpm, RUNS_NARROW + 256), 22);
	del(&lpm, RUNS_NARROW, 24);
	assert_int_equal(lookup(&lpm, RUNS_NARROW + 128), 22);
	del(&lpm, RUNS_NARROW & mask(22), 22);
	nothing_is_used(&lpm);
	end_table(&lpm);
}

/* --- room ----------------------------------------------------------------------------------------- */

/* One of 10 groups is for changes of the others, and 0 is none: 8. */
static void groups_run_out(void **state)
{
	struct pdp_lpm4 lpm;
	uint32_t i;

	(void)state;
	make_small_table(&lpm, 10, 10, 64);
	for (i = 0; i < 8; i++)
		add(&lpm, i << 16 | 0x100, 24, 1 + i, 0);
	add(&lpm, 0xf0000100, 24, 7, -ENOSPC);
	add(&lpm, 0xf0000001, 32, 7, -ENOSPC);
	assert_int_equal(lpm.set.used, 8);
	for (i = 0; i < 8; i++)
		add(&lpm, i << 16 | 0x201, 32, 101 + i, 0);
	add(&lpm, 0x301, 32, 7, -ENOSPC);
	add(&lpm, 0x202, 32, 8, 0);
	assert_int_equal(lpm.set.used, 17);
	assert_int_equal(lookup(&lpm, 0xf0000100), 0);
	assert_int_equal(lookup(&lpm, 0x301), 0);
	/* What is let go can be had again, after the grace period that this waits for. */
	del(&lpm, 5 << 16 | 0x201, 32);
	add(&lpm, 0x301, 32, 7, 0);
	assert_int_equal(lookup(&lpm, 0x301), 7);
	assert_int_equal(lookup(&lpm, 0x300), 0);
	del(&lpm, 5 << 16 | 0x100, 24);
	add(&lpm, 0xf0000100, 24, 9, 0);
	assert_int_equal(lookup(&lpm, 0xf0000100), 9);
	assert_int_equal(lookup(&lpm, 5 << 16 | 0x100), 0);
	end_table(&lpm);
}

/*
 * /24s beside each other, all of one value: one run. Room is kept for as many as they can become, so that each can
 * be changed and taken out when there is no room for one more.
 */
static void blocks_run_out(void **state)
{
	struct pdp_lpm4 lpm;
	uint32_t i, n = 0, old;

	(void)state;
	/* Room for 20 blocks: two groups with 128 prefixes or more, which may need 8, and one with 63, for 4. */
	make_small_table(&lpm, 20, 20, 20 + 17);
	for (;;) {
		struct pdp_lpm_prefix p = prefix(n << 8, 24);
		int rc = pdp_lpm4_add(&lpm, &p, 0, 5, &old);

		if (rc) {
			assert_int_equal(rc, -ENOSPC);
			break;
		}
		n++;
	}
	assert_int_equal(n, 512 + 63);
	assert_int_equal(lookup(&lpm, n << 8), 0);
	assert_int_equal(lookup(&lpm, (n - 1) << 8), 5);
	assert_int_equal(lpm.set.used, n);
	/* What needs no block is let in. */
	add(&lpm, 0x0a000100, 24, 6, 0);
	for (i = 0; i < n; i += 2)
		add(&lpm, i << 8, 24, 6 + i % 1000, 0);
	for (i = 0; i < n; i++)
		assert_int_equal(lookup(&lpm, i << 8), i % 2 ? 5 : 6 + i % 1000);
	for (i = 1; i < n; i += 2)
		del(&lpm, i << 8, 24);
	for (i = 0; i < n; i++)
		assert_int_equal(lookup(&lpm, i << 8), i % 2 ? 0 : 6 + i % 1000);
	for (i = 0; i < n; i += 2)
		del(&lpm, i << 8, 24);
	del(&lpm, 0x0a000100, 24);
	nothing_is_used(&lpm);
	end_table(&lpm);
}

struct race {
	struct pdp_lpm4 lpm;
	bool stop;
	unsigned long looked;
	unsigned long wrong;
};

/* 10.0.0.0/8 is always 8; 10.1.2.0/24 comes and goes with 24, 10.1.2.128/25 with 25 or 26. */
static void *read_on(void *arg)
{
	struct race *r = arg;
	uint32_t a, b;

	rcu_register_thread();
	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		a = lookup(&r->lpm, 0x0a010201);
		b = lookup(&r->lpm, 0x0a010281);
		r->wrong += a != 8 && a != 24;
		r->wrong += b != 8 && b != 24 && b != 25 && b != 26;
		r->looked++;
		rcu_quiescent_state();
	}
	rcu_unregister_thread();
	return NULL;
}

static void reader_sees_old_or_new(void **state)
{
	struct pdp_lpm_prefix p8 = prefix(0x0a000000, 8), p24 = prefix(0x0a010200, 24);
	struct pdp_lpm_prefix p25 = prefix(0x0a010280, 25), elsewhere = prefix(0x0b000000, 32);
	struct race *r = calloc(1, sizeof(*r));
	pthread_t thread;
	uint32_t i, old;

	(void)state;
	assert_non_null(r);
	make_small_table(&r->lpm, 4096, 4096, 4096);
	assert_int_equal(pdp_lpm4_add(&r->lpm, &p8, 0, 8, &old), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_on, r), 0);
	for (i = 0; i < 20000; i++) {
		assert_int_equal(pdp_lpm4_add(&r->lpm, &p25, 0, 25, &old), 0);
		assert_int_equal(pdp_lpm4_add(&r->lpm, &p24, 0, 24, &old), 0);
		assert_int_equal(pdp_lpm4_add(&r->lpm, &p25, 0, 26, &old), 0);
		assert_int_equal(pdp_lpm4_del(&r->lpm, &p24, 0, &old), 0);
		assert_int_equal(pdp_lpm4_del(&r->lpm, &p25, 0, &old), 0);
		/* Takes the groups that were let go, and fills them with something else. */
		assert_int_equal(pdp_lpm4_add(&r->lpm, &elsewhere, 0, 99, &old), 0);
		assert_int_equal(pdp_lpm4_del(&r->lpm, &elsewhere, 0, &old), 0);
	}
	while (!__atomic_load_n(&r->looked, __ATOMIC_RELAXED))
		;
	__atomic_store_n(&r->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(r->wrong, 0);
	/* Groups went round instead of using up the table. */
	assert_true(r->lpm.wide.ids.fresh < 1024);
	assert_true(r->lpm.narrow.ids.fresh < 1024);
	end_table(&r->lpm);
	free(r);
}

/* --- a part that fills up and goes to huge pages -------------------------------------------------- */

#define MANY 6000

struct many {
	uint32_t addr;
	uint8_t len; /* 0: taken out */
	uint32_t value;
};

static uint32_t many_lookup(const struct many *routes, uint32_t addr)
{
	uint32_t value = 0;
	unsigned int i, len = 0;

	for (i = 0; i < MANY; i++) {
		if (routes[i].len <= len || (addr & mask(routes[i].len)) != routes[i].addr)
			continue;
		len = routes[i].len;
		value = routes[i].value;
	}
	return value;
}

static void compare_many(const struct pdp_lpm4 *lpm, const struct many *routes)
{
	unsigned int i;

	for (i = 0; i < 500; i++) {
		const struct many *r = &routes[draw(MANY)];
		uint32_t addr = r->addr ^ draw(2) << draw(16);

		assert_int_equal(lookup(lpm, addr), many_lookup(routes, addr));
	}
}

static void a_part_fills_and_empties(void **state)
{
	struct many *routes = calloc(MANY, sizeof(*routes));
	struct pdp_lpm4 lpm;
	uint32_t old;
	unsigned int i = 0;

	(void)state;
	assert_non_null(routes);
	make_table(&lpm);
	while (i < MANY) {
		struct many r = {.len = 17 + draw(12), .value = draw_value()};
		struct pdp_lpm_prefix p;

		/* Within 8.0.0.0/5. */
		r.addr = (8u << 24 | (draw(1 << 27) & 0x07ffffff)) & mask(r.len);
		p = prefix(r.addr, r.len);
		if (pdp_prefix_set_get(&lpm.set, &p, 0))
			continue;
		assert_int_equal(pdp_lpm4_add(&lpm, &p, 0, r.value, &old), 0);
		routes[i++] = r;
		if (i % 1000 == 0)
			compare_many(&lpm, routes);
	}
	while (i--) {
		struct pdp_lpm_prefix p = prefix(routes[i].addr, routes[i].len);

		assert_int_equal(pdp_lpm4_del(&lpm, &p, 0, &old), 0);
		assert_int_equal(old, routes[i].value);
		routes[i].len = 0;
		if (i % 1000 == 0)
			compare_many(&lpm, routes);
	}
	nothing_is_used(&lpm);
	end_table(&lpm);
	free(routes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_model),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(from_one_run_to_256),
		cmocka_unit_test(values_change_in_place),
		cmocka_unit_test(few_values_take_a_palette),
		cmocka_unit_test(alike_is_one_run),
		cmocka_unit_test(alike_is_said_by_the_root),
		cmocka_unit_test(narrow_comes_and_goes),
		cmocka_unit_test(groups_run_out),
		cmocka_unit_test(blocks_run_out),
		cmocka_unit_test(a_part_fills_and_empties),
		cmocka_unit_test(reader_sees_old_or_new),
	};

	return cmocka_run_group_tests_name("lpm4", tests, NULL, NULL);
}
