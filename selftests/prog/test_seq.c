/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_seq.c - the numbers that the classifier gives to a vnet's packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "selftests/prog/classify_fixture.h"

/* seq counts per vnet and bucket of the hash, without a gap. */
static void test_seq(void **unused)
{
	uint32_t next[PDP_SEQ_BUCKETS] = {0};

	(void)unused;
	for (uint32_t i = 0; i < 500; i++) {
		struct sent sent = classify_flow(i % 100);

		assert_int_equal(sent.seq, next[sent.hash % PDP_SEQ_BUCKETS]++);
	}
	assert_int_equal(classify(7, NULL, 0).seq, 0);
}

static void test_seq_wraps(void **unused)
{
	uint32_t id = 1, hash = hash_of_flow(0);
	struct pdp_seqs seqs = {0};

	(void)unused;
	seqs.next[hash % PDP_SEQ_BUCKETS] = UINT32_MAX;
	node_set(&node, MAP_SEQS, &id, &seqs);
	assert_int_equal(classify_flow(0).seq, UINT32_MAX);
	assert_int_equal(classify_flow(0).seq, 0);
}

/* What is not sent takes no sequence number. */
static void test_drop_takes_no_seq(void **unused)
{
	static const uint16_t none[1];
	uint32_t id = 1, hash = hash_of_flow(0);
	struct pdp_seqs seqs;

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOW_HASH, none, 1);
	assert_int_equal(classify_flow(0).verdict, XDP_DROP);
	node_get(&node, MAP_SEQS, &id, &seqs);
	assert_int_equal(seqs.next[hash % PDP_SEQ_BUCKETS], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_seq, refill),
		cmocka_unit_test_setup(test_seq_wraps, refill),
		cmocka_unit_test_setup(test_drop_takes_no_seq, refill),
	};

	return cmocka_run_group_tests_name("seq", tests, start_on_one_cpu, stop_node);
}
