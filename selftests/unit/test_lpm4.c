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

static void change(struct pdp_lpm4 *lpm, struct model *m)
{
	unsigned int len = draw(33), i;
	uint32_t addr = draw_addr() & mask(len), old = 0, value = 1 + draw(PDP_RT_VALUE);
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
	/* Nothing is left: every group is free or on its way to be. */
	assert_int_equal(lpm.set.used, 0);
	assert_int_equal(lpm.group_ids.fresh - 1, lpm.group_ids.n_free + lpm.group_ids.n_retired);
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
	assert_int_equal(pdp_lpm4_add(&lpm, &fine, 0, 1 << 24, &old), -EINVAL);
	assert_int_equal(pdp_lpm4_del(&lpm, &fine, 0, &old), -ENOENT);
	assert_int_equal(lpm.set.used, 0);
	end_table(&lpm);
}

/* One group for each /24 with a /32 in it and one for its /16: the last that fits, and the first not. */
static void groups_run_out(void **state)
{
	uint32_t i, n = 0, old, groups;
	struct pdp_lpm_prefix p;
	struct pdp_lpm4 lpm;

	(void)state;
	make_table(&lpm);
	groups = memory.sizes.groups4 - 1;
	for (i = 1; groups > 1; i++) {
		groups -= i % 256 && i > 1 ? 1 : 2;
		p = prefix(i << 8 | 1, 32);
		assert_int_equal(pdp_lpm4_add(&lpm, &p, 0, i, &old), 0);
		n++;
	}
	p = prefix(0xf0000001, 32);
	assert_int_equal(pdp_lpm4_add(&lpm, &p, 0, 7, &old), -ENOSPC);
	assert_int_equal(lookup(&lpm, 0xf0000001), 0);
	assert_int_equal(lpm.set.used, n);
	/* Groups that are let go can be had again, after the grace period that this waits for. */
	for (i = 5; i < 7; i++) {
		p = prefix(i << 8 | 1, 32);
		assert_int_equal(pdp_lpm4_del(&lpm, &p, 0, &old), 0);
	}
	p = prefix(0xf0000001, 32);
	assert_int_equal(pdp_lpm4_add(&lpm, &p, 0, 7, &old), 0);
	assert_int_equal(lookup(&lpm, 0xf0000001), 7);
	assert_int_equal(lookup(&lpm, 0xf0000002), 0);
	assert_int_equal(lookup(&lpm, 5 << 8 | 1), 0);
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
	make_table(&r->lpm);
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
	assert_true(r->lpm.group_ids.fresh < 2048);
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
		struct many r = {.len = 17 + draw(12), .value = 1 + draw(PDP_RT_VALUE)};
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
	assert_int_equal(lpm.set.used, 0);
	end_table(&lpm);
	free(routes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_model),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(groups_run_out),
		cmocka_unit_test(a_part_fills_and_empties),
		cmocka_unit_test(reader_sees_old_or_new),
	};

	return cmocka_run_group_tests_name("lpm4", tests, NULL, NULL);
}
