/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_fib_withdraw - an agent that had one vnet's tables and was led to another's forwards as one that
 * only ever had the other's: random vnets, the agent's own tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <urcu-qsbr.h>

#include "ctl/fib.h"
#include "fe-agent/fib.h"
#include "selftests/unit/model_fixture.h"

#define ROUNDS 60

struct told {
	struct pdp_fib *fib;
	size_t messages;
};

static int tell(const void *msgs, size_t len, void *arg)
{
	struct told *told = arg;

	told->messages++;
	return pdp_fib_netlink(told->fib, msgs, len, NULL);
}

static void build(struct pdp_fib *fib, const struct pdp_vnet_conf *vnet, const uint16_t *ids)
{
	struct told told = {fib, 0};

	assert_int_equal(pdp_fib_build(vnet, ids, tell, &told), 0);
}

static uint64_t half(const uint8_t *bytes)
{
	uint64_t out = 0;

	for (int i = 0; i < 8; i++)
		out = out << 8 | bytes[i];
	return out;
}

static const struct pdp_nexthop *look_up(const struct pdp_fib *fib, const struct pdp_prefix *addr)
{
	const struct pdp_lpm6_key key = {half(addr->addr), half(addr->addr + 8)};
	const uint32_t addr4 = (uint32_t)(key.hi >> 32);
	uint32_t id;

	if (addr->family == 4)
		pdp_lpm4_lookup_burst(&fib->lpm4, &addr4, &id, 1);
	else
		pdp_lpm6_lookup_burst(&fib->lpm6, &key, &id, 1);
	return id ? pdp_nexthops_get(&fib->hops, id) : NULL;
}

/* The address, and one beside it, lead to the same place. */
static void check_address(const struct pdp_fib *a, const struct pdp_fib *b, struct pdp_prefix addr)
{
	for (int beside = 0; beside < 2; beside++) {
		const struct pdp_nexthop *left, *right;

		addr.addr[addr.family == 4 ? 3 : 15] ^= (uint8_t)(beside * 77);
		left = look_up(a, &addr);
		right = look_up(b, &addr);
		assert_int_equal(!left, !right);
		if (left)
			assert_memory_equal(left, right, sizeof(*left));
	}
}

static void check_neighbours(const struct pdp_fib *a, const struct pdp_fib *b,
			     const struct pdp_vnet_conf *vnet, const uint16_t *ids)
{
	for (size_t i = 0; i < vnet->n_neighbours; i++) {
		const struct pdp_neighbour_conf *n = &vnet->neighbours[i];
		struct pdp_neighbour_key key = {.family = n->address.family};
		uint8_t left[6] = {0}, right[6] = {0};

		key.vif = ids[pdp_vnet_vif(vnet, n->vif) - vnet->vifs];
		memcpy(key.addr, n->address.addr, sizeof(key.addr));
		assert_int_equal(pdp_neighbours_find(&a->neighbours, &key, left),
				 pdp_neighbours_find(&b->neighbours, &key, right));
		assert_memory_equal(left, right, 6);
	}
}

static void check_vnet(const struct pdp_fib *a, const struct pdp_fib *b,
		       const struct pdp_vnet_conf *vnet, const uint16_t *ids)
{
	for (size_t i = 0; i < vnet->n_routes; i++)
		check_address(a, b, vnet->routes[i].prefix);
	for (size_t i = 0; i < vnet->n_vifs; i++)
		for (size_t j = 0; j < vnet->vifs[i].n_address; j++)
			check_address(a, b, vnet->vifs[i].address[j]);
	check_neighbours(a, b, vnet, ids);
}

static void draw_one(struct pdp_model *model)
{
	do {
		pdp_model_free(model);
		draw_model(model, 1);
	} while (!model->n_vnets);
}

static void led_over_is_as_new(void **state)
{
	static const uint16_t old_ids[] = {1, 2, 3, 4}, new_ids[] = {1, 2, 7, 8};
	size_t withdrawn = 0;

	(void)state;
	srand(3);
	for (int round = 0; round < ROUNDS; round++) {
		struct pdp_model old = {0}, now = {0};
		struct pdp_fib led, fresh;
		struct pdp_router_memory memory[2];
		struct told told = {&led, 0};

		draw_one(&old);
		draw_one(&now);
		assert_int_equal(pdp_router_memory_anonymous(&memory[0]), 0);
		assert_int_equal(pdp_router_memory_anonymous(&memory[1]), 0);
		assert_int_equal(pdp_fib_init(&led, &memory[0]), 0);
		assert_int_equal(pdp_fib_init(&fresh, &memory[1]), 0);
		build(&led, old.vnets, old_ids);
		build(&led, now.vnets, new_ids);
		assert_int_equal(
			pdp_fib_withdraw(old.vnets, old_ids, now.vnets, new_ids, tell, &told), 0);
		withdrawn += told.messages;
		build(&fresh, now.vnets, new_ids);
		check_vnet(&led, &fresh, old.vnets, old_ids);
		check_vnet(&led, &fresh, now.vnets, new_ids);
		pdp_fib_fini(&led);
		pdp_fib_fini(&fresh);
		pdp_router_memory_unmap(&memory[0]);
		pdp_router_memory_unmap(&memory[1]);
		pdp_model_free(&old);
		pdp_model_free(&now);
	}
	assert_true(withdrawn > 2 * ROUNDS);
}

static void nothing_is_withdrawn_from_itself(void **state)
{
	static const uint16_t ids[] = {1, 2, 3, 4};
	struct pdp_model model = {0};
	struct pdp_router_memory memory;
	struct pdp_fib fib;
	struct told told = {&fib, 0};

	(void)state;
	srand(5);
	assert_int_equal(pdp_router_memory_anonymous(&memory), 0);
	assert_int_equal(pdp_fib_init(&fib, &memory), 0);
	draw_one(&model);
	assert_int_equal(pdp_fib_withdraw(model.vnets, ids, model.vnets, ids, tell, &told), 0);
	assert_int_equal(told.messages, 0);
	pdp_model_free(&model);
	pdp_fib_fini(&fib);
	pdp_router_memory_unmap(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(led_over_is_as_new),
		cmocka_unit_test(nothing_is_withdrawn_from_itself),
	};
	int failed;

	rcu_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_unregister_thread();
	return failed;
}
