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
	set_text(model->vnets[0].data_plane, "router");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_models_follow_each_other),
		cmocka_unit_test(the_same_again_is_the_same),
		cmocka_unit_test(guests_of_other_memory_or_cpus_are_new),
		cmocka_unit_test(what_does_not_fit_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
