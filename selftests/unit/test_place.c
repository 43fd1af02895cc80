/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_place - numbers and FEs of random models that follow each other: what must hold after each. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/place.h"
#include "selftests/unit/model_fixture.h"

#define ROUNDS 400

static const struct pdp_placed_guest *guest_by_id(const struct pdp_placement *p, uint16_t id)
{
	for (size_t i = 0; i < p->n_vnets; i++)
		for (size_t j = 0; j < p->vnets[i].n_guests; j++)
			if (p->vnets[i].guests[j].id == id)
				return &p->vnets[i].guests[j];
	return NULL;
}

/* Each guest on an FE that takes guests, once per vnet, with a number of its own. */
static void check_guests(const struct pdp_model *model, const struct pdp_placed_vnet *vnet)
{
	uint32_t power = 0;

	for (size_t i = 0; i < vnet->n_guests; i++) {
		const struct pdp_placed_guest *guest = &vnet->guests[i];

		assert_non_null(pdp_model_fe(model, guest->fe));
		assert_false(pdp_model_fe(model, guest->fe)->drain);
		assert_true(guest->id && guest->number && guest->power);
		power += guest->power;
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(vnet->guests[j].fe, guest->fe);
			assert_int_not_equal(vnet->guests[j].number, guest->number);
		}
	}
	assert_int_equal(power, pdp_model_vnet(model, vnet->name)->power);
}

static void check_fes(const struct pdp_model *model, const struct pdp_placement *p)
{
	for (size_t f = 0; f < model->n_fes; f++) {
		uint32_t used = 0;

		for (size_t i = 0; i < p->n_vnets; i++)
			for (size_t j = 0; j < p->vnets[i].n_guests; j++)
				if (!strcmp(p->vnets[i].guests[j].fe, model->fes[f].name))
					used += p->vnets[i].guests[j].power;
		assert_true(used <= model->fes[f].capacity);
	}
}

static void check_ids(const struct pdp_placement *p)
{
	static uint8_t vif[PDP_MAX_VIFS], guest[PDP_MAX_GUESTS], vnet[PDP_MAX_VNETS];

	memset(vif, 0, sizeof(vif));
	memset(guest, 0, sizeof(guest));
	memset(vnet, 0, sizeof(vnet));
	for (size_t i = 0; i < p->n_vnets; i++) {
		assert_int_equal(vnet[p->vnets[i].id]++, 0);
		for (size_t j = 0; j < p->vnets[i].n_vifs; j++)
			assert_int_equal(vif[p->vnets[i].vifs[j].id]++, 0);
		for (size_t j = 0; j < p->vnets[i].n_guests; j++)
			assert_int_equal(guest[p->vnets[i].guests[j].id]++, 0);
	}
}

/* An id that both have is the same thing's: of this vnet, on this FE. */
static void check_followed(const struct pdp_placement *had, const struct pdp_placement *now)
{
	for (size_t i = 0; i < now->n_vnets; i++) {
		const struct pdp_placed_vnet *vnet = &now->vnets[i];
		const struct pdp_placed_vnet *old = pdp_placed_vnet(had, vnet->name);

		for (size_t k = 0; k < had->n_vnets; k++)
			assert_int_equal(had->vnets[k].id == vnet->id, &had->vnets[k] == old);
		for (size_t j = 0; j < vnet->n_guests; j++) {
			const struct pdp_placed_guest *guest = &vnet->guests[j];
			const struct pdp_placed_guest *was = guest_by_id(had, guest->id);

			if (!was)
				continue;
			assert_non_null(old);
			assert_true(was >= old->guests && was < old->guests + old->n_guests);
			assert_string_equal(was->fe, guest->fe);
			assert_int_equal(was->number, guest->number);
		}
	}
}

static void random_models_follow_each_other(void **state)
{
	struct pdp_model was = {0};
	struct pdp_placement had = {0};
	int placed = 0;

	(void)state;
	srand(7);
	for (int round = 0; round < ROUNDS; round++) {
		struct pdp_placement now;
		struct pdp_model model;
		struct pdp_error err = {""};
		int code;

		draw_model(&model, 5);
		code = pdp_place(&now, &model, &was, &had, &err);
		if (code) {
			assert_int_equal(code, -ENOSPC);
			assert_true(err.text[0]);
			assert_int_equal(now.n_vnets, 0);
			pdp_model_free(&model);
			continue;
		}
		placed++;
		for (size_t i = 0; i < now.n_vnets; i++)
			check_guests(&model, &now.vnets[i]);
		check_fes(&model, &now);
		check_ids(&now);
		check_followed(&had, &now);
		pdp_model_free(&was);
		pdp_placement_free(&had);
		was = model;
		had = now;
	}
	assert_true(placed > ROUNDS / 4);
	pdp_model_free(&was);
	pdp_placement_free(&had);
}

static void the_same_again_is_the_same(void **state)
{
	(void)state;
	srand(11);
	for (int round = 0; round < ROUNDS; round++) {
		struct pdp_placement none = {0}, first, again;
		struct pdp_model model, nothing = {0};
		char *before, *after;

		draw_model(&model, 3);
		if (pdp_place(&first, &model, &nothing, &none, NULL)) {
			pdp_model_free(&model);
			continue;
		}
		assert_int_equal(pdp_place(&again, &model, &model, &first, NULL), 0);
		before = describe(&model, &first);
		after = describe(&model, &again);
		assert_string_equal(before, after);
		free(before);
		free(after);
		pdp_placement_free(&first);
		pdp_placement_free(&again);
		pdp_model_free(&model);
	}
}

/* One vnet on FEs of 1000m each. */
static void small_model(struct pdp_model *model, size_t n_fes, uint32_t power)
{
	*model = (struct pdp_model){.n_fes = n_fes, .n_vnets = 1};
	set_text(model->node, "node");
	model->fes = calloc(n_fes, sizeof(*model->fes));
	for (size_t i = 0; i < n_fes; i++) {
		snprintf(model->fes[i].name, sizeof(model->fes[i].name), "fe%zu", i + 1);
		set_text(model->fes[i].cpus, "1");
		model->fes[i].capacity = 1000;
	}
	model->vnets = calloc(1, sizeof(*model->vnets));
	set_text(model->vnets[0].name, "red");
	set_text(model->vnets[0].data.kind, "router");
	model->vnets[0].power = power;
}

static void guests_of_other_memory_or_cpus_are_new(void **state)
{
	struct pdp_model was, model, nothing = {0};
	struct pdp_placement none = {0}, had, now;

	(void)state;
	small_model(&was, 2, 1500);
	small_model(&model, 2, 1500);
	assert_int_equal(pdp_place(&had, &was, &nothing, &none, NULL), 0);
	model.vnets[0].memory_mib = 99;
	assert_int_equal(pdp_place(&now, &model, &was, &had, NULL), 0);
	assert_int_equal(now.vnets[0].n_guests, 2);
	assert_null(guest_by_id(&had, now.vnets[0].guests[0].id));
	assert_int_equal(now.vnets[0].guests[0].number, 3);
	assert_string_equal(now.vnets[0].guests[0].fe, had.vnets[0].guests[0].fe);
	pdp_placement_free(&now);

	model.vnets[0].memory_mib = 0;
	set_text(model.fes[1].cpus, "2");
	assert_int_equal(pdp_place(&now, &model, &was, &had, NULL), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(!guest_by_id(&had, now.vnets[0].guests[i].id),
				 !strcmp(now.vnets[0].guests[i].fe, "fe2"));
	pdp_placement_free(&now);

	/* Nothing of it changes, but another build made it. */
	set_text(model.fes[1].cpus, was.fes[1].cpus);
	had.vnets[0].guests[1].outdated = true;
	assert_int_equal(pdp_place(&now, &model, &was, &had, NULL), 0);
	assert_int_equal(now.vnets[0].n_guests, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct pdp_placed_guest *guest = &now.vnets[0].guests[i];

		assert_int_equal(!guest_by_id(&had, guest->id),
				 !strcmp(guest->fe, had.vnets[0].guests[1].fe));
		assert_false(guest->outdated);
	}
	pdp_placement_free(&now);
	pdp_placement_free(&had);
	pdp_model_free(&was);
	pdp_model_free(&model);
}

static uint16_t vif_id_after(const struct pdp_model *model, const struct pdp_model *was,
			     const struct pdp_placement *had)
{
	struct pdp_placement now;
	uint16_t id;

	assert_int_equal(pdp_place(&now, model, was, had, NULL), 0);
	id = now.vnets[0].vifs[0].id;
	pdp_placement_free(&now);
	return id;
}

static void add_vif(struct pdp_model *model)
{
	struct pdp_vif_conf *vif = calloc(1, sizeof(*vif));

	model->ports = calloc(1, sizeof(*model->ports));
	model->n_ports = 1;
	set_text(model->ports[0].name, "A");
	model->vnets[0].vifs = vif;
	model->vnets[0].n_vifs = 1;
	set_text(vif->name, "v0");
	set_text(vif->port, "A");
	*vif->mac = 2;
	vif->encap = PDP_ENCAP_UDP;
	vif->local_port = 5001;
}

/* So that both tunnels are there while agents change over. */
static void a_vif_with_another_tunnel_is_another(void **state)
{
	struct pdp_model was, model, nothing = {0};
	struct pdp_placement none = {0}, had;
	struct pdp_vif_conf *vif;
	uint16_t id;

	(void)state;
	small_model(&was, 1, 500);
	small_model(&model, 1, 500);
	add_vif(&was);
	add_vif(&model);
	vif = &model.vnets[0].vifs[0];
	assert_int_equal(pdp_place(&had, &was, &nothing, &none, NULL), 0);
	id = had.vnets[0].vifs[0].id;
	vif->mtu = 1400;
	assert_int_equal(vif_id_after(&model, &was, &had), id);
	vif->local_port = 5002;
	assert_int_not_equal(vif_id_after(&model, &was, &had), id);
	vif->local_port = 5001;
	vif->remote.addr[3] = 9;
	assert_int_not_equal(vif_id_after(&model, &was, &had), id);
	/* A control plane knows it by a device that bears the number; so does a made-up MAC. */
	model.vnets[0].control.kind = PDP_CONTROL_STATIC;
	assert_int_equal(vif_id_after(&model, &was, &had), id);
	model.vnets[0].control.kind = PDP_CONTROL_NONE;
	vif->encap = was.vnets[0].vifs[0].encap = PDP_ENCAP_VXLAN;
	assert_int_not_equal(vif_id_after(&model, &was, &had), id);
	*vif->mac = 0;
	assert_int_equal(vif_id_after(&model, &was, &had), id);
	vif->remote.addr[3] = 0;
	*vif->mac = 2;
	model.ports[0].vlan[0] = 7;
	assert_int_not_equal(vif_id_after(&model, &was, &had), id);
	pdp_placement_free(&had);
	pdp_model_free(&was);
	pdp_model_free(&model);
}

static void what_does_not_fit_is_refused_by_name(void **state)
{
	struct pdp_model was, model, nothing = {0};
	struct pdp_placement none = {0}, had, now;
	struct pdp_error err;

	(void)state;
	small_model(&was, 2, 2000);
	assert_int_equal(pdp_place(&had, &was, &nothing, &none, &err), 0);
	small_model(&model, 2, 2500);
	assert_int_equal(pdp_place(&now, &model, &was, &had, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "vnet red: "));
	model.vnets[0].power = 2000;
	model.fes[0].drain = true;
	assert_int_equal(pdp_place(&now, &model, &was, &had, &err), -ENOSPC);
	model.fes[0].drain = false;
	model.fes[0].capacity = 900;
	assert_int_equal(pdp_place(&now, &model, &was, &had, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "FE fe1: "));
	pdp_placement_free(&had);
	pdp_model_free(&was);
	pdp_model_free(&model);
}

/* Vnets of these powers on FEs of 1000m, one after the other; 0 ends them. */
static void many_model(struct pdp_model *model, size_t n_fes, const uint32_t *powers)
{
	static const char *const names[] = {"red", "green", "blue", "grey", "pink"};

	small_model(model, n_fes, 1);
	free(model->vnets);
	model->vnets = calloc(5, sizeof(*model->vnets));
	for (model->n_vnets = 0; powers[model->n_vnets]; model->n_vnets++) {
		struct pdp_vnet_conf *vnet = &model->vnets[model->n_vnets];

		snprintf(vnet->name, sizeof(vnet->name), "%s", names[model->n_vnets]);
		set_text(vnet->data.kind, "router");
		vnet->power = powers[model->n_vnets];
	}
}

/* "fe1 1000 (why); fe2 500" of the vnet at i. */
static const char *told(const struct pdp_placement *p, size_t i)
{
	static char text[1024];
	size_t at = 0;

	text[0] = '\0';
	for (size_t j = 0; j < p->vnets[i].n_guests; j++) {
		const struct pdp_placed_guest *g = &p->vnets[i].guests[j];

		at += (size_t)sprintf(text + at, "%s%s %u%s%s%s", j ? "; " : "", g->fe, g->power,
				      *g->why ? " (" : "", g->why, *g->why ? ")" : "");
	}
	return text;
}

static void a_new_place_has_a_reason(void **state)
{
	struct pdp_model was, model, more, nothing = {0};
	struct pdp_placement none = {0}, had, now;

	(void)state;
	many_model(&was, 4, (const uint32_t[]){1500, 300, 500, 0});
	assert_int_equal(pdp_place(&had, &was, &nothing, &none, NULL), 0);
	assert_string_equal(told(&had, 0),
			    "fe1 1000 (a whole FE, the tightest of 4 that fit; fe2 and others tie, "
			    "the lowest name wins); fe2 500 (the tightest of 3 that fit, 500m left "
			    "after; fe3 and others tie, the lowest name wins)");
	assert_string_equal(told(&had, 1), "fe2 300 (the tightest of 3 that fit, 200m left after)");
	assert_string_equal(told(&had, 2), "fe3 500 (the tightest of 2 that fit, 500m left after; "
					   "fe4 ties, the lowest name wins)");

	/* What stays has none; what grows where it is neither. */
	many_model(&model, 4, (const uint32_t[]){1500, 400, 500, 0});
	assert_int_equal(pdp_place(&now, &model, &was, &had, NULL), 0);
	assert_string_equal(told(&now, 0), "fe1 1000; fe2 500");
	assert_string_equal(told(&now, 1), "fe2 400");
	pdp_placement_free(&now);
	many_model(&more, 4, (const uint32_t[]){2500, 300, 500, 0});
	assert_int_equal(pdp_place(&now, &more, &was, &had, NULL), 0);
	assert_string_equal(told(&now, 0),
			    "fe1 1000; fe2 500; fe4 1000 (a whole FE, the only one that fits)");
	pdp_placement_free(&now);
	pdp_model_free(&more);

	model.vnets[1].power = 300;
	model.fes[2].drain = true;
	assert_int_equal(pdp_place(&now, &model, &was, &had, NULL), 0);
	assert_string_equal(told(&now, 2), "fe4 500 (from fe3, which is drained: the only one that "
					   "fits, 500m left after)");
	pdp_placement_free(&now);
	model.fes[2].drain = false;
	model.fes[1].drain = true;
	assert_int_equal(pdp_place(&now, &model, &was, &had, NULL), 0);
	assert_string_equal(told(&now, 0), "fe1 1000; fe3 500 (from fe2, which is drained: the "
					   "tightest of 2 that fit, 0m left after)");
	pdp_placement_free(&now);
	pdp_placement_free(&had);
	pdp_model_free(&was);
	pdp_model_free(&model);
}

static void a_guest_moves(void **state)
{
	const struct pdp_place_move to_own = {"red", "fe3", "fe2", 500, "to see"};
	const struct pdp_place_move to_other = {"green", "fe2", "fe3", 300, "to see"};
	const struct pdp_place_move wrong[] = {
		{"grey", "fe2", "fe3", 300, ""}, /* no such vnet */
		{"green", "fe1", "fe3", 300, ""}, /* not there */
		{"green", "fe2", "fe3", 299, ""}, /* not so much */
		{"green", "fe2", "fe9", 300, ""}, /* no such FE */
		{"red", "fe1", "fe2", 1000, ""}, /* no room */
		{"green", "fe2", "fe4", 300, ""}, /* drained */
	};
	struct pdp_model model, nothing = {0};
	struct pdp_placement none = {0}, had, now, then;
	struct pdp_error err;

	(void)state;
	many_model(&model, 4, (const uint32_t[]){1500, 300, 0});
	model.fes[3].drain = true;
	assert_int_equal(pdp_place(&had, &model, &nothing, &none, NULL), 0);
	assert_int_equal(pdp_place_move(&now, &model, &had, &to_other, NULL), 0);
	assert_string_equal(told(&now, 1), "fe3 300 (from fe2, to see: one of 2 that fit, 700m "
					   "left after)");
	check_fes(&model, &now);
	check_ids(&now);
	check_followed(&had, &now);
	assert_string_equal(told(&now, 0), "fe1 1000; fe2 500");
	assert_int_equal(now.vnets[0].guests[0].id, had.vnets[0].guests[0].id);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(pdp_place_move(&then, &model, &had, &wrong[i], &err), -ESTALE);
		assert_int_equal(then.n_vnets, 0);
	}
	/* To an FE where red has a guest, which stays the one it is. */
	had.vnets[0].guests[1].power = 200;
	had.vnets[0].guests = realloc(had.vnets[0].guests, 3 * sizeof(*had.vnets[0].guests));
	had.vnets[0].guests[2] = (struct pdp_placed_guest){60, 3, "fe3", 500};
	had.vnets[0].n_guests = 3;
	pdp_placement_free(&now);
	assert_int_equal(pdp_place_move(&now, &model, &had, &to_own, NULL), 0);
	assert_string_equal(told(&now, 0),
			    "fe1 1000; fe2 700 (from fe3, to see: joins the guest there)");
	assert_int_equal(now.vnets[0].guests[1].id, had.vnets[0].guests[1].id);
	pdp_placement_free(&now);
	pdp_placement_free(&had);
	pdp_model_free(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_models_follow_each_other),
		cmocka_unit_test(the_same_again_is_the_same),
		cmocka_unit_test(guests_of_other_memory_or_cpus_are_new),
		cmocka_unit_test(a_vif_with_another_tunnel_is_another),
		cmocka_unit_test(what_does_not_fit_is_refused_by_name),
		cmocka_unit_test(a_new_place_has_a_reason),
		cmocka_unit_test(a_guest_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
