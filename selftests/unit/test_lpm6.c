/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_lpm6.c - IPv6 longest-prefix match against a naive model, and under a reader that never stops.
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

#include "fe-agent/lpm6.h"

#define MODEL_MAX 400

/* As large as can be, for one table at a time. */
static struct pdp_router_memory memory;

static void make_table(struct pdp_lpm6 *lpm)
{
	assert_int_equal(pdp_router_memory_anonymous(&memory), 0);
	assert_int_equal(pdp_lpm6_init(lpm, &memory), 0);
}

static void end_table(struct pdp_lpm6 *lpm)
{
	pdp_lpm6_fini(lpm);
	pdp_router_memory_unmap(&memory);
}

struct model {
	struct {
		struct pdp_lpm_prefix p;
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

static struct pdp_lpm_prefix host(uint64_t hi, uint64_t lo)
{
	return (struct pdp_lpm_prefix){.hi = hi, .lo = lo, .len = 128};
}

static struct pdp_lpm_prefix prefix(uint64_t hi, uint64_t lo, unsigned int len)
{
	struct pdp_lpm_prefix p = host(hi, lo);

	return pdp_lpm_prefix_shorten(&p, len);
}

static uint32_t lookup(const struct pdp_lpm6 *lpm, uint64_t hi, uint64_t lo)
{
	struct pdp_lpm6_key key = {.hi = hi, .lo = lo};
	uint32_t value;

	pdp_lpm6_lookup_burst(lpm, &key, &value, 1);
	return value;
}

static bool equal(const struct pdp_lpm_prefix *a, const struct pdp_lpm_prefix *b)
{
	return a->hi == b->hi && a->lo == b->lo && a->len == b->len;
}

static uint32_t model_lookup(const struct model *m, const struct pdp_lpm_prefix *addr)
{
	uint64_t rank = UINT64_MAX;
	uint32_t value = 0;
	int len = -1;
	unsigned int i;

	for (i = 0; i < m->n; i++) {
		int l = m->routes[i].p.len;
		struct pdp_lpm_prefix s = pdp_lpm_prefix_shorten(addr, l);

		if (!equal(&s, &m->routes[i].p) || l < len)
			continue;
		if (l > len || m->routes[i].rank < rank) {
			len = l;
			rank = m->routes[i].rank;
			value = m->routes[i].value;
		}
	}
	return value;
}

static unsigned int model_find(const struct model *m, const struct pdp_lpm_prefix *p, uint64_t rank)
{
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (equal(&m->routes[i].p, p) && m->routes[i].rank == rank)
			break;
	return i;
}

/* Few bits vary, at all depths, so that prefixes nest and share nodes. */
static struct pdp_lpm_prefix draw_addr(void)
{
	static const uint64_t bases[] = {0x20010db800000000, 0x20010db800010000, 0, ~0ULL};
	uint64_t hi = bases[draw(4)], lo = draw(2) ? 0 : ~0ULL;

	hi ^= (uint64_t)draw(4) << draw(62);
	lo ^= (uint64_t)draw(4) << draw(62);
	return host(hi, lo);
}

static void change(struct pdp_lpm6 *lpm, struct model *m)
{
	uint32_t old = 0, value = 1 + draw(PDP_RT_VALUE);
	struct pdp_lpm_prefix addr = draw_addr(), p = pdp_lpm_prefix_shorten(&addr, draw(129));
	uint64_t rank = draw(3);
	unsigned int i = model_find(m, &p, rank);

	if (draw(100) < 60 && m->n < MODEL_MAX) {
		assert_int_equal(pdp_lpm6_add(lpm, &p, rank, value, &old), 0);
		assert_int_equal(old, i < m->n ? m->routes[i].value : 0);
		m->routes[i].p = p;
		m->routes[i].rank = rank;
		m->routes[i].value = value;
		m->n += i == m->n;
	} else if (m->n) {
		if (i == m->n) {
			assert_int_equal(pdp_lpm6_del(lpm, &p, rank, &old), -ENOENT);
			i = draw(m->n);
		}
		p = m->routes[i].p;
		assert_int_equal(pdp_lpm6_del(lpm, &p, m->routes[i].rank, &old), 0);
		assert_int_equal(old, m->routes[i].value);
		m->routes[i] = m->routes[--m->n];
	}
}

static void compare_at(const struct pdp_lpm6 *lpm, const struct model *m, uint64_t hi, uint64_t lo)
{
	struct pdp_lpm_prefix addr = host(hi, lo);

	assert_int_equal(lookup(lpm, hi, lo), model_lookup(m, &addr));
}

static void compare_burst(const struct pdp_lpm6 *lpm)
{
	struct pdp_lpm6_key keys[PDP_LPM6_BURST];
	uint32_t values[PDP_LPM6_BURST];
	unsigned int i, n = draw(PDP_LPM6_BURST + 1);

	for (i = 0; i < n; i++) {
		struct pdp_lpm_prefix p = draw_addr();

		keys[i] = (struct pdp_lpm6_key){.hi = p.hi, .lo = p.lo};
		values[i] = draw(100);
	}
	pdp_lpm6_lookup_burst(lpm, keys, values, n);
	for (i = 0; i < n; i++)
		assert_int_equal(values[i], lookup(lpm, keys[i].hi, keys[i].lo));
}

/* At the edges of a random route, and at a random address. */
static void compare(const struct pdp_lpm6 *lpm, const struct model *m)
{
	struct pdp_lpm_prefix p = draw_addr(), one;

	compare_at(lpm, m, p.hi, p.lo);
	if (!m->n)
		return;
	p = m->routes[draw(m->n)].p;
	compare_at(lpm, m, p.hi, p.lo);
	compare_at(lpm, m, p.hi - !p.lo, p.lo - 1);
	/* The last address: all ones where the prefix's mask has zeros. */
	one = prefix(~0ULL, ~0ULL, p.len);
	compare_at(lpm, m, p.hi | ~one.hi, p.lo | ~one.lo);
}

static void same_as_model(void **state)
{
	struct model m = {.n = 0};
	struct pdp_lpm6 lpm;
	unsigned int i, j;

	(void)state;
	make_table(&lpm);
	for (i = 0; i < 6000; i++) {
		change(&lpm, &m);
		for (j = 0; j < 4; j++)
			compare(&lpm, &m);
		compare_burst(&lpm);
	}
	assert_true(m.n > 100);
	while (m.n) {
		struct pdp_lpm_prefix p = m.routes[--m.n].p;
		uint32_t old;

		assert_int_equal(pdp_lpm6_del(&lpm, &p, m.routes[m.n].rank, &old), 0);
		for (j = 0; j < 4; j++)
			compare(&lpm, &m);
	}
	/* Nothing is left: every node is free or on its way to be. */
	assert_int_equal(lpm.set.used, 0);
	assert_int_equal(lpm.node_ids.fresh - 1, lpm.node_ids.n_free + lpm.node_ids.n_retired);
	for (i = 0; i < 1 << 16; i++)
		assert_int_equal(lpm.root[i], 0);
	end_table(&lpm);
}

static void every_length(void **state)
{
	struct pdp_lpm6 lpm;
	struct pdp_lpm_prefix p;
	unsigned int len;
	uint32_t old;

	(void)state;
	make_table(&lpm);
	for (len = 0; len <= 128; len++) {
		p = prefix(0x20010db8a5a5a5a5, 0x5a5a5a5a5a5a5a5a, len);
		assert_int_equal(pdp_lpm6_add(&lpm, &p, 0, len + 1, &old), 0);
		assert_int_equal(lookup(&lpm, 0x20010db8a5a5a5a5, 0x5a5a5a5a5a5a5a5a), len + 1);
	}
	for (len = 128; len; len--) {
		p = prefix(0x20010db8a5a5a5a5, 0x5a5a5a5a5a5a5a5a, len);
		assert_int_equal(pdp_lpm6_del(&lpm, &p, 0, &old), 0);
		assert_int_equal(old, len + 1);
		assert_int_equal(lookup(&lpm, 0x20010db8a5a5a5a5, 0x5a5a5a5a5a5a5a5a), len);
	}
	end_table(&lpm);
}

static void refuses_nonsense(void **state)
{
	struct pdp_lpm_prefix host_bits = {.hi = 0x20010db800000000, .lo = 1, .len = 64};
	struct pdp_lpm_prefix too_long = {.len = 129};
	struct pdp_lpm6 lpm;
	uint32_t old;

	(void)state;
	make_table(&lpm);
	assert_int_equal(pdp_lpm6_add(&lpm, &host_bits, 0, 1, &old), -EINVAL);
	assert_int_equal(pdp_lpm6_add(&lpm, &too_long, 0, 1, &old), -EINVAL);
	assert_int_equal(pdp_lpm6_del(&lpm, &too_long, 0, &old), -ENOENT);
	assert_int_equal(lpm.set.used, 0);
	end_table(&lpm);
}

struct race {
	struct pdp_lpm6 lpm;
	bool stop;
	unsigned long looked;
	unsigned long wrong;
};

/* 2001:db8::/32 is always 32; a /64 in it comes and goes with 64. */
static void *read_on(void *arg)
{
	struct race *r = arg;
	uint32_t v;

	rcu_register_thread();
	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		v = lookup(&r->lpm, 0x20010db800010002, 3);
		r->wrong += v != 32 && v != 64;
		r->looked++;
		rcu_quiescent_state();
	}
	rcu_unregister_thread();
	return NULL;
}

static void reader_sees_old_or_new(void **state)
{
	struct pdp_lpm_prefix p32 = prefix(0x20010db800000000, 0, 32);
	struct pdp_lpm_prefix p64 = prefix(0x20010db800010002, 0, 64);
	struct pdp_lpm_prefix elsewhere = prefix(0x2a00000000010002, 3, 128);
	struct race *r = calloc(1, sizeof(*r));
	pthread_t thread;
	uint32_t i, old;

	(void)state;
	assert_non_null(r);
	make_table(&r->lpm);
	assert_int_equal(pdp_lpm6_add(&r->lpm, &p32, 0, 32, &old), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_on, r), 0);
	for (i = 0; i < 5000; i++) {
		assert_int_equal(pdp_lpm6_add(&r->lpm, &p64, 0, 64, &old), 0);
		assert_int_equal(pdp_lpm6_del(&r->lpm, &p64, 0, &old), 0);
		/* Takes the nodes that were let go, and fills them with something else. */
		assert_int_equal(pdp_lpm6_add(&r->lpm, &elsewhere, 0, 99, &old), 0);
		assert_int_equal(pdp_lpm6_del(&r->lpm, &elsewhere, 0, &old), 0);
	}
	while (!__atomic_load_n(&r->looked, __ATOMIC_RELAXED))
		;
	__atomic_store_n(&r->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(r->wrong, 0);
	/* Nodes went round instead of using up the table: after some 8192 that were let go, of the more than 100,000. */
	assert_true(r->lpm.node_ids.fresh < 20000);
	end_table(&r->lpm);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_model),
		cmocka_unit_test(every_length),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(reader_sees_old_or_new),
	};

	return cmocka_run_group_tests_name("lpm6", tests, NULL, NULL);
}
