/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_fast.c - the fast half of the router against its agent half: the same tables, the same frames, and the
 * same answers.
 *
 * Random tables of all kinds of vif, route and neighbour; random frames to and from them, of which about half is
 * spoiled somewhere; and what the classifier makes of every fixture of test_packets. The seed is fixed. While
 * routes change, no frame goes where it went neither before nor after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <pthread.h>
#include <urcu-qsbr.h>

#include "fe-agent/router.skel.h"
#include "selftests/prog/cases.h"
#include "selftests/prog/halves.h"
#include "selftests/prog/random_router.h"

#define TABLES 12
#define FRAMES 4000

static struct halves halves;

static void begin(const struct pdp_router_sizes *sizes)
{
	assert_int_equal(halves_start(&halves, sizes), 0);
}

static int end(void **unused)
{
	(void)unused;
	halves_stop(&halves);
	return 0;
}

/* Wide groups of the IPv4 table by how they say what they lead to. */
struct kinds {
	unsigned int pairs, values, palettes, blocks;
};

static bool is_pair(uint32_t id)
{
	const uint32_t line = id / 512;
	struct pdp_rt_kind4 kind;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(halves.object->maps.pdp_rt_kind4), &line,
					     &kind),
			 0);
	return pdp_rt_is_pair(&kind, id);
}

static void count_kinds(struct kinds *kinds, const struct pdp_router_sizes *sizes)
{
	const int fd = bpf_map__fd(halves.object->maps.pdp_rt_wide4);
	struct pdp_rt_group4 group;

	for (uint32_t id = 1; id < sizes->wides4; id++) {
		assert_int_equal(bpf_map_lookup_elem(fd, &id, &group), 0);
		if (is_pair(id))
			kinds->pairs++;
		else if (group.colours)
			kinds->palettes++;
		else if (group.blocks)
			kinds->blocks++;
		else if (group.starts[0] | group.starts[1] | group.starts[2] | group.starts[3])
			kinds->values++;
	}
}

static void random_tables(void **unused)
{
	struct kinds kinds = {0};
	const struct pdp_router_sizes sizes = PDP_ROUTER_SMALL;
	unsigned int sent = 0, wrong = 0, total = 0;
	uint8_t frame[HALVES_FRAME_MAX];

	(void)unused;
	begin(&sizes);
	for (int i = 0; i < TABLES; i++) {
		random_router(halves.dp);
		count_kinds(&kinds, &sizes);
		for (int j = 0; j < FRAMES; j++) {
			uint32_t len = random_frame(frame, sizeof(frame));
			bool forwarded;

			wrong += !!halves_differ(&halves, frame, len, &forwarded);
			sent += forwarded;
			total++;
		}
	}
	assert_int_equal(wrong, 0);
	/* Neither all good nor all bad. */
	assert_in_range(sent, total / 5, total - total / 5);
	print_message("# %u of %u frames were forwarded\n", sent, total);
	print_message("# groups: %u pairs, %u with values, %u with palettes, %u with blocks\n",
		      kinds.pairs, kinds.values, kinds.palettes, kinds.blocks);
	assert_true(kinds.pairs && kinds.values && kinds.palettes && kinds.blocks);
}

/* --- every fixture -------------------------------------------------------------------------------- */

static const struct case_table *const tables[] = {
	&cases_l2,    &cases_ipv4,  &cases_ipv6,  &cases_udp, &cases_tunnel,
	&cases_inner, &cases_bytes, &cases_guest, NULL,
};

/* The vifs of the node, as its guests are told of them, and routes for what the fixtures carry. */
static void fill_router(const struct node *node)
{
	for (uint16_t id = 1; id <= NODE_VIFS; id++) {
		const struct pdp_vif *v = &node->vif[id];
		bool v4 = v->owner.family == 4;
		struct pdp_dp_vif vif = {
			.id = id,
			.encap = v->owner.encap,
			.family = v->owner.family,
			.mtu = 1400,
			.local_port = v->local_port,
			.remote_port = v->remote_port,
			.vni = v->vni,
			/* As case_build() addresses its frames. */
			.mac = {0x02, 0xe0, 0, 0, 0, 2},
		};

		memcpy(vif.local, &v->local.word[v4 ? 3 : 0], v4 ? 4 : 16);
		memcpy(vif.remote, &v->remote.word[v4 ? 3 : 0], v4 ? 4 : 16);
		assert_int_equal(pdp_router.set_vif(halves.dp, &vif), 0);
	}
	random_default(halves.dp, 2);
}

static bool classify(struct node *node, const struct packet_case *c, struct packet *out)
{
	static struct packet in;

	node_fill(node);
	if (c->setup)
		c->setup(node);
	case_build(node, c, &in);
	for (int i = 0; i < CASE_EDITS; i++)
		packet_edit(&in, &c->edit[i]);
	return node_run(node, PROG_CLASSIFY, node->port_ifindex[node->vif[c->vif].owner.port], 0,
			&in, out) == XDP_REDIRECT;
}

static void fixtures(void **unused)
{
	const struct pdp_router_sizes sizes = PDP_ROUTER_SMALL;
	unsigned int sent = 0, wrong = 0, ran = 0;
	static struct packet out;
	struct node node;

	(void)unused;
	node_start(&node);
	begin(&sizes);
	node_fill(&node);
	fill_router(&node);
	for (int i = 0; tables[i]; i++) {
		for (size_t j = 0; j < tables[i]->n; j++) {
			const struct packet_case *c = &tables[i]->cases[j];
			bool forwarded;

			if (c->way != WAY_IN || c->unknown_device || !classify(&node, c, &out) ||
			    out.len > HALVES_FRAME_MAX)
				continue;
			ran++;
			if (halves_differ(&halves, out.data, out.len, &forwarded)) {
				fprintf(stderr, "# ... of '%s'\n", c->name);
				wrong++;
			}
			sent += forwarded;
		}
	}
	node_stop(&node);
	assert_int_equal(wrong, 0);
	assert_true(ran > 100 && sent > 30 && sent < ran);
	print_message("# %u fixtures, %u forwarded\n", ran, sent);
}

/* --- routes that change meanwhile ----------------------------------------------------------------- */

#define CHANGES 1000

struct changer {
	struct pdp_dataplane *dp;
	bool stop;
};

/* A /24 and a /32 within a /16 come and go; the /16 is always there. */
static void *change(void *arg)
{
	struct changer *c = arg;

	for (int i = 0; i < CHANGES && !__atomic_load_n(&c->stop, __ATOMIC_RELAXED); i++)
		random_flap(c->dp, i);
	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
	return NULL;
}

static void routes_change_meanwhile(void **unused)
{
	const struct pdp_router_sizes sizes = PDP_ROUTER_SMALL;
	unsigned int seen[FLAP_VIFS + 1] = {0}, total = 0;
	struct changer changer = {0};
	static struct outcome out;
	uint8_t frame[256];
	pthread_t thread;

	(void)unused;
	begin(&sizes);
	changer.dp = halves.dp;
	random_flap_vifs(halves.dp);
	/* The agent half does not run, and nobody is to wait for it. */
	pdp_router.offline(halves.dp);
	assert_int_equal(pthread_create(&thread, NULL, change, &changer), 0);
	while (!__atomic_load_n(&changer.stop, __ATOMIC_RELAXED)) {
		uint32_t len = random_flap_frame(frame);
		uint16_t vif;

		halves_run_fast(&halves, frame, len, &out);
		assert_true(out.sent);
		vif = out.frame[20] << 8 | out.frame[21];
		assert_in_range(vif, 1, FLAP_VIFS);
		seen[vif]++;
		total++;
	}
	pthread_join(thread, NULL);
	pdp_router.online(halves.dp);
	/* The route that is always there was seen, and those that come and go. */
	assert_true(seen[1] && seen[2] && seen[3]);
	print_message("# %u frames, by vif %u %u %u\n", total, seen[1], seen[2], seen[3]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(random_tables, end),
		cmocka_unit_test_teardown(routes_change_meanwhile, end),
		/* Last: it enters a namespace of its own. */
		cmocka_unit_test_teardown(fixtures, end),
	};

	return cmocka_run_group_tests_name("fast", tests, NULL, NULL);
}
