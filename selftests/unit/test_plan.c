/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_plan - a plan, followed step by step, leads from one model to the other and never through one
 * where something stands on what is not there; and what it says to people and programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/nodefile.h"
#include "ctl/plan.h"
#include "selftests/unit/model_fixture.h"

/* --- following a plan ------------------------------------------------------------------------ */

/* A list of a model, and the element of it that a change is about. */
struct place {
	void **list;
	size_t *n, size, at; /* at == *n: not there */
};

static struct pdp_vnet_conf *vnet_of(struct pdp_model *model, const struct pdp_change *change)
{
	const struct pdp_vnet_conf *vnet =
		change->vnet_after ? change->vnet_after : change->vnet_before;
	struct pdp_vnet_conf *found = (struct pdp_vnet_conf *)pdp_model_vnet(model, vnet->name);

	assert_non_null(found);
	return found;
}

static bool is_it(const struct pdp_change *change, const void *element)
{
	const union pdp_thing_conf conf = change->before.any ? change->before : change->after;
	const struct pdp_neighbour_conf *neighbour = element;

	switch (change->thing) {
	case PDP_THING_ROUTE:
		return !pdp_prefix_compare(&((const struct pdp_route_conf *)element)->prefix,
					   &conf.route->prefix);
	case PDP_THING_NEIGHBOUR:
		return !pdp_prefix_compare(&neighbour->address, &conf.neighbour->address) &&
		       !strcmp(neighbour->vif, conf.neighbour->vif);
	default:
		return !strcmp(element, conf.any);
	}
}

static struct place find_place(struct pdp_model *model, const struct pdp_change *change)
{
	struct place p = {0};
	struct pdp_vnet_conf *vnet;

	switch (change->thing) {
	case PDP_THING_PORT:
		p = (struct place){(void **)&model->ports, &model->n_ports, sizeof(*model->ports)};
		break;
	case PDP_THING_FE:
		p = (struct place){(void **)&model->fes, &model->n_fes, sizeof(*model->fes)};
		break;
	case PDP_THING_VNET:
		p = (struct place){(void **)&model->vnets, &model->n_vnets, sizeof(*model->vnets)};
		break;
	case PDP_THING_VIF:
		vnet = vnet_of(model, change);
		p = (struct place){(void **)&vnet->vifs, &vnet->n_vifs, sizeof(*vnet->vifs)};
		break;
	case PDP_THING_ROUTE:
		vnet = vnet_of(model, change);
		p = (struct place){(void **)&vnet->routes, &vnet->n_routes, sizeof(*vnet->routes)};
		break;
	case PDP_THING_NEIGHBOUR:
		vnet = vnet_of(model, change);
		p = (struct place){(void **)&vnet->neighbours, &vnet->n_neighbours,
				   sizeof(*vnet->neighbours)};
		break;
	case PDP_THING_NODE:
		abort();
	}
	while (p.at < *p.n && !is_it(change, (char *)*p.list + p.at * p.size))
		p.at++;
	return p;
}

/* What a list has of its own is copied; what a vnet is made of comes by changes of its own. */
static void copy_element(const struct pdp_change *change, void *to, const void *from, size_t size,
			 bool is_new)
{
	struct pdp_vnet_conf kept = {0};

	if (change->thing == PDP_THING_VNET && !is_new)
		kept = *(struct pdp_vnet_conf *)to;
	if (change->thing == PDP_THING_VIF && !is_new)
		free(((struct pdp_vif_conf *)to)->address);
	memcpy(to, from, size);
	if (change->thing == PDP_THING_VNET) {
		struct pdp_vnet_conf *vnet = to;

		vnet->vifs = kept.vifs;
		vnet->n_vifs = kept.n_vifs;
		vnet->routes = kept.routes;
		vnet->n_routes = kept.n_routes;
		vnet->neighbours = kept.neighbours;
		vnet->n_neighbours = kept.n_neighbours;
	}
	if (change->thing == PDP_THING_VIF) {
		struct pdp_vif_conf *vif = to;
		struct pdp_prefix *own = calloc(vif->n_address + 1, sizeof(*own));

		memcpy(own, vif->address, vif->n_address * sizeof(*own));
		vif->address = own;
	}
}

static void remove_element(const struct pdp_change *change, struct place *p)
{
	char *at = (char *)*p->list + p->at * p->size;

	if (change->thing == PDP_THING_VNET) {
		struct pdp_vnet_conf *vnet = (struct pdp_vnet_conf *)at;

		assert_int_equal(vnet->n_vifs + vnet->n_routes + vnet->n_neighbours, 0);
		free(vnet->vifs);
		free(vnet->routes);
		free(vnet->neighbours);
	}
	if (change->thing == PDP_THING_VIF)
		free(((struct pdp_vif_conf *)at)->address);
	memmove(at, at + p->size, (*p->n - p->at - 1) * p->size);
	--*p->n;
}

static void follow(struct pdp_model *model, const struct pdp_change *change)
{
	struct place p;

	if (change->thing == PDP_THING_NODE) {
		set_text(model->node, change->label);
		return;
	}
	p = find_place(model, change);
	assert_int_equal(change->kind != PDP_ADD, p.at < *p.n);
	switch (change->kind) {
	case PDP_ADD:
		*p.list = realloc(*p.list, (*p.n + 1) * p.size);
		memset((char *)*p.list + *p.n * p.size, 0, p.size);
		copy_element(change, (char *)*p.list + *p.n * p.size, change->after.any, p.size,
			     true);
		++*p.n;
		break;
	case PDP_CHANGE:
		copy_element(change, (char *)*p.list + p.at * p.size, change->after.any, p.size,
			     false);
		break;
	case PDP_REMOVE:
		remove_element(change, &p);
		break;
	}
}

/* Nothing stands on what is not there. */
static void assert_sound(const struct pdp_model *model)
{
	for (size_t i = 0; i < model->n_vnets; i++) {
		const struct pdp_vnet_conf *vnet = &model->vnets[i];

		for (size_t j = 0; j < vnet->n_vifs; j++)
			assert_non_null(pdp_model_port(model, vnet->vifs[j].port));
		for (size_t j = 0; j < vnet->n_routes; j++)
			if (*vnet->routes[j].vif)
				assert_non_null(pdp_vnet_vif(vnet, vnet->routes[j].vif));
		for (size_t j = 0; j < vnet->n_neighbours; j++)
			assert_non_null(pdp_vnet_vif(vnet, vnet->neighbours[j].vif));
	}
}

static void follow_guests(struct pdp_placement *placement, const struct pdp_change *change)
{
	struct pdp_placed_vnet *vnet = pdp_placed_vnet(placement, change->label);

	assert_non_null(vnet);
	for (size_t i = 0; i < change->n_guests; i++) {
		const struct pdp_guest_change *guest = &change->guests[i];
		size_t at = 0;

		while (at < vnet->n_guests && (vnet->guests[at].id != guest->id ||
					       strcmp(vnet->guests[at].fe, guest->fe) != 0))
			at++;
		assert_int_equal(at < vnet->n_guests, guest->from != 0);
		if (guest->from)
			assert_int_equal(vnet->guests[at].power, guest->from);
		if (!guest->to) {
			memmove(&vnet->guests[at], &vnet->guests[at + 1],
				(vnet->n_guests - at - 1) * sizeof(vnet->guests[0]));
			vnet->n_guests--;
			continue;
		}
		if (!guest->from) {
			vnet->guests = realloc(vnet->guests,
					       (vnet->n_guests + 2) * sizeof(vnet->guests[0]));
			vnet->n_guests++;
		}
		vnet->guests[at].id = guest->id;
		vnet->guests[at].number = guest->number;
		vnet->guests[at].power = guest->to;
		memcpy(vnet->guests[at].fe, guest->fe, strlen(guest->fe) + 1);
	}
}

/* In the order that was promised: kinds; within adds what others stand on first. */
static void assert_ordered(const struct pdp_plan *plan)
{
	size_t n[3] = {0};

	for (size_t i = 0; i < plan->n; i++) {
		if (i)
			assert_true(plan->changes[i - 1].kind <= plan->changes[i].kind);
		n[plan->changes[i].kind]++;
	}
	assert_int_equal(n[PDP_ADD], plan->n_add);
	assert_int_equal(n[PDP_CHANGE], plan->n_change);
	assert_int_equal(n[PDP_REMOVE], plan->n_remove);
}

static void assert_leads(const struct pdp_model *from, const struct pdp_model *to)
{
	struct pdp_plan_side before = {.model = from}, after = {.model = to};
	struct pdp_plan plan;
	struct pdp_model model;
	char *want, *found;

	assert_int_equal(pdp_plan_make(&plan, &before, &after), 0);
	assert_ordered(&plan);
	assert_int_equal(pdp_model_copy(&model, from), 0);
	for (size_t i = 0; i < plan.n; i++) {
		follow(&model, &plan.changes[i]);
		assert_sound(&model);
	}
	want = describe(to, NULL);
	found = describe(&model, NULL);
	assert_string_equal(found, want);
	free(want);
	free(found);
	pdp_model_free(&model);
	pdp_plan_free(&plan);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void test_any_to_any(void **arg)
{
	struct pdp_model from = {.node = "node1"}, to;

	(void)arg;
	srand(1);
	for (int i = 0; i < 300; i++) {
		draw_model(&to, 6);
		assert_leads(&from, &to);
		pdp_model_free(&from);
		from = to;
	}
	pdp_model_free(&from);
}

static void shuffle(void *list, size_t n, size_t size)
{
	char spare[sizeof(struct pdp_vnet_conf)];

	assert_true(size <= sizeof(spare));
	for (size_t i = n; i > 1; i--) {
		char *a = (char *)list + (i - 1) * size,
		     *b = (char *)list + draw((uint32_t)i) * size;

		memcpy(spare, a, size);
		memmove(a, b, size);
		memcpy(b, spare, size);
	}
}

static void test_same(void **arg)
{
	(void)arg;
	srand(2);
	for (int i = 0; i < 200; i++) {
		struct pdp_model model, copy;
		struct pdp_placement placement;
		struct pdp_plan plan;
		struct pdp_plan_side from = {&model, &placement}, to = {&copy, &placement};

		draw_model(&model, 6);
		draw_placement(&placement, &model);
		assert_int_equal(pdp_model_copy(&copy, &model), 0);
		shuffle(copy.ports, copy.n_ports, sizeof(*copy.ports));
		shuffle(copy.fes, copy.n_fes, sizeof(*copy.fes));
		shuffle(copy.vnets, copy.n_vnets, sizeof(*copy.vnets));
		for (size_t j = 0; j < copy.n_vnets; j++) {
			struct pdp_vnet_conf *vnet = &copy.vnets[j];

			shuffle(vnet->vifs, vnet->n_vifs, sizeof(*vnet->vifs));
			shuffle(vnet->routes, vnet->n_routes, sizeof(*vnet->routes));
			shuffle(vnet->neighbours, vnet->n_neighbours, sizeof(*vnet->neighbours));
		}
		assert_int_equal(pdp_plan_make(&plan, &from, &to), 0);
		assert_int_equal(plan.n, 0);
		pdp_plan_free(&plan);
		pdp_placement_free(&placement);
		pdp_model_free(&model);
		pdp_model_free(&copy);
	}
}

/* The guests of a plan lead from one placement to the other. */
static void test_placements(void **arg)
{
	(void)arg;
	srand(3);
	for (int i = 0; i < 200; i++) {
		struct pdp_model model;
		struct pdp_placement from, to, at;
		struct pdp_plan plan;
		struct pdp_plan_side before = {&model, &from}, after = {&model, &to};

		draw_model(&model, 6);
		draw_placement(&from, &model);
		draw_placement(&to, &model);
		/* An id is never another guest's at once: what is not the same has other ids. */
		for (size_t v = 0; v < model.n_vnets; v++)
			for (size_t g = 0; g < to.vnets[v].n_guests; g++)
				to.vnets[v].guests[g].id += 1000;
		for (size_t v = 0; v < model.n_vnets; v++)
			for (size_t g = 0; g < to.vnets[v].n_guests && draw(2); g++)
				if (g < from.vnets[v].n_guests)
					to.vnets[v].guests[g] = from.vnets[v].guests[g];
		assert_int_equal(pdp_plan_make(&plan, &before, &after), 0);
		assert_int_equal(plan.n, plan.n_change);
		assert_int_equal(pdp_placement_copy(&at, &from), 0);
		for (size_t c = 0; c < plan.n; c++)
			follow_guests(&at, &plan.changes[c]);
		for (size_t v = 0; v < model.n_vnets; v++) {
			assert_int_equal(at.vnets[v].n_guests, to.vnets[v].n_guests);
			for (size_t g = 0; g < to.vnets[v].n_guests; g++) {
				size_t h = 0;

				while (h < at.vnets[v].n_guests &&
				       at.vnets[v].guests[h].id != to.vnets[v].guests[g].id)
					h++;
				assert_true(h < at.vnets[v].n_guests);
				assert_string_equal(at.vnets[v].guests[h].fe,
						    to.vnets[v].guests[g].fe);
				assert_int_equal(at.vnets[v].guests[h].power,
						 to.vnets[v].guests[g].power);
			}
		}
		pdp_placement_free(&at);
		pdp_plan_free(&plan);
		pdp_placement_free(&from);
		pdp_placement_free(&to);
		pdp_model_free(&model);
	}
}

/* --- texts ----------------------------------------------------------------------------------- */

#define NODE                                              \
	"version: 1\nnode: n1\n"                          \
	"ports:\n"                                        \
	"  - {name: A, ifname: eth0}\n"                   \
	"  - {name: B, ifname: eth1, vlan: 100}\n"        \
	"fes:\n"                                          \
	"  - {name: fe1, cpus: \"2\", capacity: 1000m}\n" \
	"  - {name: fe2, cpus: 3-4, capacity: 1000m}\n"   \
	"  - {name: fe3, cpus: \"5\", capacity: 1000m}\n"

static const char bare[] = NODE;
static const char before[] =
	NODE "vnets:\n"
	     "  - name: red\n"
	     "    power: 1500m\n"
	     "    vifs:\n"
	     "      - {name: v0, port: A, encap: udp, local: \"192.0.2.1:5001\", remote: "
	     "\"192.0.2.2:5001\"}\n"
	     "      - {name: v1, port: B, encap: vxlan, vni: 42, local: 198.51.100.1, remote: "
	     "198.51.100.9, mtu: 1400}\n"
	     "    routes:\n"
	     "      - {to: 203.0.113.0/24, via: 10.0.1.2, vif: v1}\n"
	     "      - {to: 10.99.0.0/16, blackhole: true}\n"
	     "    neighbours:\n"
	     "      - {address: 10.0.1.2, mac: \"02:00:5e:00:01:02\", vif: v1}\n";
static const char after[] = NODE
	"vnets:\n"
	"  - name: red\n"
	"    power: 3000m\n"
	"    policy: weighted\n"
	"    memory: 128M\n"
	"    rate: {pps: 1000}\n"
	"    vifs:\n"
	"      - {name: v0, port: A, encap: vxlan, vni: 7, local: 192.0.2.1, remote: 192.0.2.2}\n"
	"      - {name: v1, port: A, encap: vxlan, vni: 42, local: 198.51.100.1, remote: "
	"198.51.100.9, address: [10.0.1.1/24, \"fd00::1/64\"]}\n"
	"    routes:\n"
	"      - {to: 203.0.113.0/24, vif: v1}\n"
	"    neighbours:\n"
	"      - {address: 10.0.1.2, mac: \"02:00:5e:00:01:03\", vif: v1}\n";

static void parse(struct pdp_model *out, const char *text)
{
	struct pdp_error err = {""};

	if (pdp_nodefile_parse(out, "f", text, strlen(text), &err))
		fail_msg("%s", err.text);
}

static void place_red(struct pdp_placement *out, const struct pdp_placed_guest *guests, size_t n)
{
	*out = (struct pdp_placement){.vnets = calloc(1, sizeof(*out->vnets)), .n_vnets = 1};
	set_text(out->vnets[0].name, "red");
	out->vnets[0].guests = calloc(n, sizeof(*guests));
	out->vnets[0].n_guests = n;
	memcpy(out->vnets[0].guests, guests, n * sizeof(*guests));
}

static void assert_text(const struct pdp_plan_side *from, const struct pdp_plan_side *to,
			const char *want)
{
	struct pdp_plan plan;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_int_equal(pdp_plan_make(&plan, from, to), 0);
	pdp_plan_print(&plan, file);
	fclose(file);
	assert_string_equal(text, want);
	free(text);
	pdp_plan_free(&plan);
}

static void test_text(void **arg)
{
	const struct pdp_placed_guest few[] = {{1, 1, "fe1", 1000, "a whole FE"},
					       {2, 2, "fe2", 500}};
	const struct pdp_placed_guest many[] = {
		{1, 1, "fe1", 1000}, {2, 2, "fe2", 1000}, {3, 3, "fe3", 1000, "a whole FE"}};
	const struct pdp_placed_guest moved[] = {
		{1, 1, "fe1", 1000, "not told: it was there"},
		{4, 3, "fe3", 500, "from fe2, which is drained: the only one that fits"}};
	const uint32_t mtu[] = {1500, 9000};
	struct pdp_placement p1, p2, p3;
	struct pdp_model m0, m1, m2;
	struct pdp_plan_side none = {0}, s0 = {&m0}, s1 = {&m1, &p1, mtu}, s2 = {&m2, &p2, mtu};
	struct pdp_plan_side drained = {&m1, &p3};

	(void)arg;
	parse(&m0, bare);
	parse(&m1, before);
	parse(&m2, after);
	place_red(&p1, few, 2);
	place_red(&p2, many, 3);
	place_red(&p3, moved, 2);
	assert_text(&none, &s0,
		    "+ port      A    eth0\n"
		    "+ port      B    eth1 VLAN 100\n"
		    "+ fe        fe1  1000m on CPU 2\n"
		    "+ fe        fe2  1000m on CPUs 3-4\n"
		    "+ fe        fe3  1000m on CPU 5\n"
		    "5 to add, 0 to change, 0 to remove\n");
	assert_text(
		&s0, &s1,
		"+ vnet      red                 1500m flow-hash -> fe1 1000m (a whole FE), fe2 500m\n"
		"+ vif       red/v0              udp 192.0.2.1:5001 <-> 192.0.2.2:5001 on A, MTU "
		"1472\n"
		"+ vif       red/v1              vxlan 42 198.51.100.1 <-> 198.51.100.9 on B, MTU "
		"1400\n"
		"+ route     red 10.99.0.0/16    blackhole\n"
		"+ route     red 203.0.113.0/24  via 10.0.1.2 on v1\n"
		"+ neighbour red 10.0.1.2 on v1  02:00:5e:00:01:02\n"
		"6 to add, 0 to change, 0 to remove\n");
	assert_text(
		&s1, &s2,
		"~ vnet      red                 memory none -> 128M, power 1500m -> 3000m, policy "
		"flow-hash -> weighted, rate.pps none -> 1000, rate.burst none -> 100; fe2 500m "
		"-> 1000m, +1 guest on fe3 (1000m: a whole FE); makes its FE guests anew\n"
		"~ vif       red/v0              encap udp -> vxlan, vni none -> 7, local "
		"192.0.2.1:5001 -> 192.0.2.1:4789, remote 192.0.2.2:5001 -> 192.0.2.2:4789; "
		"replaces vif red/v0\n"
		"~ vif       red/v1              port B -> A, mtu 1400 -> none, address none -> "
		"10.0.1.1/24, fd00::1/64\n"
		"~ route     red 203.0.113.0/24  via 10.0.1.2 -> none\n"
		"~ neighbour red 10.0.1.2 on v1  mac 02:00:5e:00:01:02 -> 02:00:5e:00:01:03\n"
		"- route     red 10.99.0.0/16    blackhole\n"
		"0 to add, 5 to change, 1 to remove\n");
	assert_text(
		&s1, &drained,
		"~ vnet      red  +1 guest on fe3 (500m: from fe2, which is drained: the only one "
		"that fits), -1 guest on fe2 (500m)\n"
		"0 to add, 1 to change, 0 to remove\n");
	assert_text(
		&s1, &s0,
		"- neighbour red 10.0.1.2 on v1  02:00:5e:00:01:02\n"
		"- route     red 203.0.113.0/24  via 10.0.1.2 on v1\n"
		"- route     red 10.99.0.0/16    blackhole\n"
		"- vif       red/v1              vxlan 42 198.51.100.1 <-> 198.51.100.9 on B, MTU "
		"1400\n"
		"- vif       red/v0              udp 192.0.2.1:5001 <-> 192.0.2.2:5001 on A, MTU "
		"1472\n"
		"- vnet      red                 1500m flow-hash on fe1 1000m, fe2 500m\n"
		"0 to add, 0 to change, 6 to remove\n");
	assert_text(&s1, &s1, "0 to add, 0 to change, 0 to remove\n");
	pdp_placement_free(&p1);
	pdp_placement_free(&p2);
	pdp_placement_free(&p3);
	pdp_model_free(&m0);
	pdp_model_free(&m1);
	pdp_model_free(&m2);
}

static void test_many_routes(void **arg)
{
	struct pdp_model m0, m1;
	struct pdp_plan_side from = {&m0}, to = {&m1};

	(void)arg;
	parse(&m0, before);
	parse(&m1, before);
	m1.vnets[0].routes = realloc(m1.vnets[0].routes, 1002 * sizeof(struct pdp_route_conf));
	for (uint32_t i = 0; i < 1000; i++) {
		struct pdp_route_conf *route = &m1.vnets[0].routes[m1.vnets[0].n_routes++];

		*route = (struct pdp_route_conf){.vif = "v0"};
		route->prefix = an_address("10.%u.%u.0/24", i / 250, i % 250);
	}
	assert_text(&from, &to,
		    "+ route     red                1000 routes\n"
		    "1000 to add, 0 to change, 0 to remove\n");
	pdp_model_free(&m0);
	pdp_model_free(&m1);
}

static void test_json(void **arg)
{
	const struct pdp_placed_guest few[] = {{1, 1, "fe1", 1000}, {2, 2, "fe2", 500}};
	const struct pdp_placed_guest many[] = {{1, 1, "fe1", 1000}, {2, 2, "fe2", 1000, "joins"}};
	struct pdp_placement p1, p2;
	struct pdp_model m1, m2;
	struct pdp_plan_side s1 = {&m1, &p1}, s2 = {&m2, &p2};
	struct pdp_plan plan;
	json_t *json, *want;

	(void)arg;
	parse(&m1, before);
	parse(&m2, before);
	m2.vnets[0].power = 2000;
	place_red(&p1, few, 2);
	place_red(&p2, many, 2);
	assert_int_equal(pdp_plan_make(&plan, &s1, &s2), 0);
	json = pdp_plan_json(&plan);
	want = json_loads(
		"{\"changes\": [{\"change\": \"change\", \"object\": \"vnet\", \"label\": \"red\","
		" \"text\": \"power 1500m -> 2000m; fe2 500m -> 1000m (joins)\","
		" \"values\": {\"power\": {\"from\": \"1500m\", \"to\": \"2000m\"}},"
		" \"guests\": [{\"id\": 2, \"number\": 2, \"fe\": \"fe2\","
		" \"from_millicores\": 500, \"to_millicores\": 1000, \"why\": \"joins\"}],"
		" \"effects\": [\"placement\"]}], \"add\": 0, \"change\": 1, \"remove\": 0}",
		0, NULL);
	assert_non_null(json);
	assert_non_null(want);
	assert_true(json_equal(json, want));
	json_decref(json);
	json_decref(want);
	pdp_plan_free(&plan);
	pdp_placement_free(&p1);
	pdp_placement_free(&p2);
	pdp_model_free(&m1);
	pdp_model_free(&m2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_to_any),  cmocka_unit_test(test_same),
		cmocka_unit_test(test_placements),  cmocka_unit_test(test_text),
		cmocka_unit_test(test_many_routes), cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
