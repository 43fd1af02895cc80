/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_alloc_view - the allocation of a node, shown, explained and asked what if. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/alloc_view.h"

/* Three FEs of 1000m and vnets on them: "red 1:1000 2:500, green 2:600". */
static void open_state(struct pdp_alloc_state *state, const char *vnets)
{
	static const struct pdp_alloc_fe fes[] = {{"fe1", 1000}, {"fe2", 1000}, {"fe3", 1000}};
	int len;

	assert_int_equal(pdp_alloc_state_open(state, fes, 3, NULL), 0);
	while (*vnets) {
		struct pdp_slice slices[3];
		char name[8];
		size_t n = 0;

		assert_int_equal(sscanf(vnets, "%7s%n", name, &len), 1);
		vnets += len;
		while (sscanf(vnets, " %zu:%u%n", &slices[n].fe, &slices[n].power, &len) == 2) {
			slices[n++].fe--;
			vnets += len;
		}
		assert_int_equal(pdp_alloc_state_add(state, name, slices, n, NULL), 0);
		vnets += strspn(vnets, ", ");
	}
}

/* A view as text; the state's books are as they were. */
static char *text_of(struct pdp_alloc_state *state, json_t *view, const struct pdp_alloc_fe *before)
{
	size_t n;
	const struct pdp_alloc_fe *fes = pdp_alloc_fes(state->alloc, &n);
	char *text;

	assert_memory_equal(before, fes, n * sizeof(*fes));
	assert_non_null(view);
	text = json_dumps(view, 0);
	json_decref(view);
	return text;
}

static struct pdp_alloc_fe *snapshot(const struct pdp_alloc_state *state)
{
	static struct pdp_alloc_fe fes[8];
	size_t n;
	const struct pdp_alloc_fe *now = pdp_alloc_fes(state->alloc, &n);

	assert_true(n <= 8);
	return memcpy(fes, now, n * sizeof(*fes));
}

#define assert_view(state, view, want)                                \
	do {                                                          \
		const struct pdp_alloc_fe *before_ = snapshot(state); \
		char *text_ = text_of(state, view, before_);          \
                                                                      \
		assert_string_equal(text_, want);                     \
		free(text_);                                          \
	} while (0)

static void show(void **state)
{
	struct pdp_alloc_state s;

	(void)state;
	open_state(&s, "red 1:1000 2:500");
	pdp_alloc_set_closed(s.alloc, 2, true);
	assert_view(
		&s, pdp_alloc_view_show(&s),
		"[{\"name\": \"fe1\", \"capacity_millicores\": 1000, \"used_millicores\": 1000, "
		"\"free_millicores\": 0, \"closed\": false, \"guests\": [{\"vnet\": \"red\", "
		"\"power_millicores\": 1000}]}, "
		"{\"name\": \"fe2\", \"capacity_millicores\": 1000, \"used_millicores\": 500, "
		"\"free_millicores\": 500, \"closed\": false, \"guests\": [{\"vnet\": \"red\", "
		"\"power_millicores\": 500}]}, "
		"{\"name\": \"fe3\", \"capacity_millicores\": 1000, \"used_millicores\": 0, "
		"\"free_millicores\": 1000, \"closed\": true, \"guests\": []}]");
	pdp_alloc_state_free(&s);
}

/* The sentences of explain, one after the other. */
static char *why(struct pdp_alloc_state *s, const char *vnet)
{
	static char text[2048];
	const struct pdp_alloc_fe *before = snapshot(s);
	const json_t *line;
	json_t *view;
	size_t i = 0;

	while (strcmp(s->vnets[i].name, vnet) != 0)
		i++;
	view = pdp_alloc_view_explain(s, i);
	text[0] = '\0';
	json_array_foreach(json_object_get(view, "why"), i, line)
		sprintf(text + strlen(text), "%s%s", i ? "; " : "", json_string_value(line));
	free(text_of(s, view, before));
	return text;
}

static void explain(void **state)
{
	struct pdp_alloc_state s;

	(void)state;
	open_state(&s, "red 1:1000 2:500");
	assert_string_equal(why(&s, "red"), "1500m = 1 whole FE + 500m; "
					    "500m on fe2 by best fit: fe2 and fe3 tie, the lowest "
					    "name wins; placed now it would be the same");
	pdp_alloc_set_closed(s.alloc, 1, true);
	assert_string_equal(why(&s, "red"),
			    "1500m = 1 whole FE + 500m; "
			    "500m on fe2: it is closed and takes nothing new; "
			    "placed now it would be otherwise: fe1 1000m, fe3 500m");
	pdp_alloc_state_free(&s);
	open_state(&s, "red 1:300, green 2:600, blue 3:600 2:100");
	assert_string_equal(why(&s, "red"), "300m on fe1 leaves 700m: fe2 would leave only 0m now; "
					    "placed now it would be otherwise: fe2 300m");
	assert_string_equal(why(&s, "green"),
			    "600m on fe2 leaves 300m: fe1 would leave only 100m now; "
			    "placed now it would be otherwise: fe1 600m");
	assert_string_equal(why(&s, "blue"),
			    "700m = 600m + 100m; placed now it would be otherwise: fe1 700m");
	pdp_alloc_state_free(&s);
	open_state(&s, "red 1:300, green 2:600, pink 2:300");
	assert_string_equal(why(&s, "pink"),
			    "300m on fe2 by best fit: it leaves 100m, the next best "
			    "is fe1 with 400m; placed now it would be the same");
	pdp_alloc_state_free(&s);
}

/* Where else the remainder fits, and which it has. */
static void choices(void **state)
{
	struct pdp_alloc_state s;
	json_t *view;

	(void)state;
	open_state(&s, "red 1:300, green 2:600, pink 2:300");
	view = pdp_alloc_view_explain(&s, 2);
	assert_view(&s, json_incref(json_object_get(view, "choices")),
		    "[{\"fe\": \"fe2\", \"left_millicores\": 100, \"idle\": false, "
		    "\"current\": true}, "
		    "{\"fe\": \"fe1\", \"left_millicores\": 400, \"idle\": false, "
		    "\"current\": false}, "
		    "{\"fe\": \"fe3\", \"left_millicores\": 700, \"idle\": true, "
		    "\"current\": false}]");
	json_decref(view);
	pdp_alloc_state_free(&s);
}

static void what_if(void **state)
{
	struct pdp_alloc_state s;

	(void)state;
	open_state(&s, "red 1:1000 2:500");
	assert_view(&s, pdp_alloc_view_what_if(&s, 0, 3000),
		    "{\"power_millicores\": 3000, \"result\": \"placed\", \"guests\": ["
		    "{\"fe\": \"fe1\", \"change\": \"kept\", \"before_millicores\": 1000, "
		    "\"after_millicores\": 1000}, "
		    "{\"fe\": \"fe2\", \"change\": \"changed\", \"before_millicores\": 500, "
		    "\"after_millicores\": 1000}, "
		    "{\"fe\": \"fe3\", \"change\": \"added\", \"before_millicores\": 0, "
		    "\"after_millicores\": 1000}], \"reason\": null, \"vnet\": \"red\"}");
	assert_view(&s, pdp_alloc_view_what_if(&s, SIZE_MAX, 500),
		    "{\"power_millicores\": 500, \"result\": \"placed\", \"guests\": ["
		    "{\"fe\": \"fe2\", \"change\": \"added\", \"before_millicores\": 0, "
		    "\"after_millicores\": 500}], \"reason\": null}");
	assert_view(&s, pdp_alloc_view_what_if(&s, SIZE_MAX, 9000),
		    "{\"power_millicores\": 9000, \"result\": \"refused\", \"guests\": [], "
		    "\"reason\": \"power 9000m does not fit: the node has 3000m in all (fe1, fe2, "
		    "fe3)\", \"fits_after_moves\": null}");
	pdp_alloc_state_free(&s);
	/* One move makes an FE idle. */
	open_state(&s, "red 1:300, green 2:600, blue 3:600");
	assert_view(&s, pdp_alloc_view_what_if(&s, SIZE_MAX, 1000),
		    "{\"power_millicores\": 1000, \"result\": \"refused\", \"guests\": [], "
		    "\"reason\": \"power 1000m needs 1 idle FE of 1000m; no FE is idle\", "
		    "\"fits_after_moves\": 1}");
	assert_view(&s, pdp_alloc_view_defrag(&s),
		    "{\"fes_before\": 3, \"fes_after\": 2, \"exact\": true, \"moves\": [{\"vnet\": "
		    "\"red\", \"from\": \"fe1\", \"to\": \"fe2\", \"power_millicores\": 300}]}");
	pdp_alloc_state_free(&s);
}

/* What an FE has not got cannot have been taken. */
static void too_much(void **state)
{
	const struct pdp_slice slice = {1, 501};
	struct pdp_alloc_state s;
	struct pdp_error err = {""};

	(void)state;
	open_state(&s, "red 1:1000 2:500");
	assert_int_equal(pdp_alloc_state_add(&s, "green", &slice, 1, &err), -EOVERFLOW);
	assert_non_null(strstr(err.text, "fe2 has 500m free"));
	assert_int_equal(s.n_vnets, 1);
	pdp_alloc_state_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(show),	   cmocka_unit_test(explain),  cmocka_unit_test(choices),
		cmocka_unit_test(what_if), cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests_name("alloc_view", tests, NULL, NULL);
}
