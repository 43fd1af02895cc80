/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_state.c - FEs and vnets as they are, for questions about the allocation.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alloc_view.h"

int pdp_alloc_state_open(struct pdp_alloc_state *state, const struct pdp_alloc_fe *fes,
			 size_t n_fes, struct pdp_error *err)
{
	memset(state, 0, sizeof(*state));
	return pdp_alloc_open(&state->alloc, fes, n_fes, PDP_FIT_BEST, err);
}

void pdp_alloc_state_free(struct pdp_alloc_state *state)
{
	for (size_t v = 0; v < state->n_vnets; v++) {
		free((char *)state->vnets[v].name);
		free((struct pdp_slice *)state->vnets[v].slices);
	}
	free(state->vnets);
	pdp_alloc_free(state->alloc);
	memset(state, 0, sizeof(*state));
}

int pdp_alloc_state_add(struct pdp_alloc_state *state, const char *name,
			const struct pdp_slice *slices, size_t n_slices, struct pdp_error *err)
{
	struct pdp_alloc_vnet *vnets =
		reallocarray(state->vnets, state->n_vnets + 1, sizeof(*vnets));
	struct pdp_slice *copy = calloc(n_slices + 1, sizeof(*copy));
	char *label = strdup(name);
	int ret = -ENOMEM;

	if (vnets)
		state->vnets = vnets;
	if (!vnets || !copy || !label)
		pdp_fail(err, ret, "vnet %s: out of memory", name);
	else
		ret = pdp_alloc_take(state->alloc, slices, n_slices, err);
	if (ret) {
		free(copy);
		free(label);
		return ret;
	}
	memcpy(copy, slices, n_slices * sizeof(*copy));
	state->vnets[state->n_vnets++] = (struct pdp_alloc_vnet){label, copy, n_slices};
	return 0;
}

size_t pdp_alloc_state_vnet(const struct pdp_alloc_state *state, const char *name)
{
	for (size_t v = 0; v < state->n_vnets; v++)
		if (!strcmp(state->vnets[v].name, name))
			return v;
	return SIZE_MAX;
}

/* --- from JSON --------------------------------------------------------------------------------------- */

static int get_power(uint32_t *out, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);
	json_int_t power = json_integer_value(value);

	if (!json_is_integer(value) || power < 0 || power > UINT32_MAX)
		return -EPROTO;
	*out = (uint32_t)power;
	return 0;
}

static int read_fes(struct pdp_alloc_state *state, const json_t *rows, struct pdp_error *err)
{
	struct pdp_alloc_fe *fes = calloc(json_array_size(rows) + 1, sizeof(*fes));
	const json_t *row;
	int ret = fes ? 0 : -ENOMEM;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (ret)
			break;
		fes[i].name = json_string_value(json_object_get(row, "name"));
		ret = fes[i].name ? get_power(&fes[i].capacity, row, "capacity_millicores")
				  : -EPROTO;
	}
	if (!ret)
		ret = pdp_alloc_state_open(state, fes, json_array_size(rows), err);
	else
		pdp_fail(err, ret, ret == -EPROTO ? "pdpd's answer lists no FEs" : "out of memory");
	free(fes);
	return ret;
}

static size_t fe_by_name(const struct pdp_alloc_state *state, const char *name)
{
	size_t n, i;
	const struct pdp_alloc_fe *fes = pdp_alloc_fes(state->alloc, &n);

	for (i = 0; i < n && name && strcmp(fes[i].name, name) != 0; i++)
		;
	return name && i < n ? i : SIZE_MAX;
}

static int read_vnet(struct pdp_alloc_state *state, const json_t *row, struct pdp_error *err)
{
	const json_t *guest, *guests = json_object_get(row, "guests");
	const char *name = json_string_value(json_object_get(row, "name"));
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	size_t i;

	if (!name || json_array_size(guests) > PDP_VNET_GUESTS_MAX)
		return pdp_fail(err, -EPROTO, "pdpd's answer lists no vnets");
	json_array_foreach(guests, i, guest) {
		slices[i].fe = fe_by_name(state, json_string_value(json_object_get(guest, "fe")));
		if (slices[i].fe == SIZE_MAX ||
		    get_power(&slices[i].power, guest, "power_millicores"))
			return pdp_fail(err, -EPROTO,
					"vnet %s has a guest on no FE that pdpd lists; try again",
					name);
	}
	if (pdp_alloc_state_add(state, name, slices, json_array_size(guests), err))
		return -EPROTO;
	return 0;
}

int pdp_alloc_state_read(struct pdp_alloc_state *state, const json_t *fes, const json_t *vnets,
			 struct pdp_error *err)
{
	const json_t *row;
	size_t i;
	int ret;

	memset(state, 0, sizeof(*state));
	if (!json_is_array(fes) || !json_is_array(vnets))
		return pdp_fail(err, -EPROTO, "pdpd's answer lists no FEs or no vnets");
	ret = read_fes(state, fes, err);
	json_array_foreach(vnets, i, row)
		ret = ret ? ret : read_vnet(state, row, err);
	if (ret)
		pdp_alloc_state_free(state);
	return ret;
}
