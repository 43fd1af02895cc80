/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_words - requests for changes to the words of a command. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/words.h"

static const struct {
	const char *verb, *path, *body;
	int code;
	const char *line; /* the words, or a part of the error */
} cases[] = {
	{"add", "vnets", "{'power': '1.5', 'name': 'red', 'rate': {'pps': 1000, 'burst': 5}}", 0,
	 "vnet add red power 1.5 rate.pps 1000 rate.burst 5"},
	{"add", "vifs", "{'vnet': 'red', 'name': 'v0', 'address': ['10.0.0.1/24', 'fd00::1/64']}",
	 0, "vif add red/v0 address 10.0.0.1/24,fd00::1/64"},
	{"add", "routes", "{'vnet': 'red', 'to': '10.0.0.0/8', 'blackhole': true}", 0,
	 "route add red 10.0.0.0/8 blackhole true"},
	{"set", "vnets/red", "{'rate': null, 'power': '1000m'}", 0,
	 "vnet set red rate default power 1000m"},
	{"set", "fes/fe1", "{'drain': false}", 0, "fe set fe1 drain false"},
	{"set", "vifs/red/v0", "{'name': 'v9'}", 0, "vif set red/v0 name v9"},
	{"del", "routes/red/10.0.0.0/8", NULL, 0, "route del red 10.0.0.0/8"},
	{"del", "neighbours/red/fd00::1", "{'vif': 'v0'}", 0, "neighbour del red fd00::1 vif v0"},
	{"del", "ports/A", NULL, 0, "port del A"},
	/* What cannot be. */
	{"add", "moons", "{'name': 'io'}", -ENOENT, "no such path"},
	{"add", "", "{}", -ENOENT, "no such path"},
	{"add", "vnet", "{'name': 'red'}", -ENOENT, "no such path"},
	{"add", "vnets/red", "{'name': 'red'}", -ENOENT, "no such path"},
	{"del", "vnets", NULL, -ENOENT, "no such path"},
	{"set", "vnets/", "{}", -ENOENT, "no such path"},
	{"add", "vnets", NULL, -EINVAL, "needs the key 'name'"},
	{"add", "vnets", "{'name': 7}", -EINVAL, "needs the key 'name', a string"},
	{"add", "vifs", "{'name': 'v0'}", -EINVAL, "needs the key 'vnet'"},
	{"add", "vnets", "['red']", -EINVAL, "one JSON object"},
	{"set", "vnets/red", "{'vifs': [{'name': 'v0'}]}", -EINVAL, "a list holds strings"},
	{"set", "vnets/red", "{'a': {'b': {'c': 1}}}", -EINVAL, "'a.b': nothing is nested so deep"},
	{"del", "routes/red", NULL, -EINVAL, "/v1/routes/VNET/to"},
	{"del", "routes/red/", NULL, -EINVAL, "/v1/routes/VNET/to"},
};

static json_t *parse(const char *text)
{
	char json[512];
	size_t i;

	if (!text)
		return NULL;
	for (i = 0; text[i]; i++)
		json[i] = text[i] == '\'' ? '"' : text[i];
	json[i] = '\0';
	return json_loads(json, 0, NULL);
}

static void requests_to_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *body = parse(cases[i].body);
		struct pdp_words words;
		struct pdp_error err;
		char line[512];

		assert_int_equal(pdp_words_make(&words, cases[i].verb, cases[i].path, body, &err),
				 cases[i].code);
		pdp_words_join(&words, line, sizeof(line));
		if (!cases[i].code)
			assert_string_equal(line, cases[i].line);
		else if (!strstr(err.text, cases[i].line))
			fail_msg("'%s' says nothing of '%s'", err.text, cases[i].line);
		pdp_words_free(&words);
		json_decref(body);
	}
}

static void more_than_there_is_room_for(void **state)
{
	json_t *body = json_object(), *list = json_array();
	struct pdp_words words;
	struct pdp_error err;
	char key[16], line[8];

	(void)state;
	for (int i = 0; i < PDP_WORDS_MAX; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		json_object_set_new(body, key, json_integer(i));
		json_array_append_new(list,
				      json_string("0123456789012345678901234567890123456789"));
	}
	assert_int_equal(pdp_words_make(&words, "set", "vnets/red", body, &err), -E2BIG);
	pdp_words_free(&words);
	json_object_clear(body);
	json_object_set_new(body, "address", list);
	assert_int_equal(pdp_words_make(&words, "set", "vifs/red/v0", body, &err), -E2BIG);
	pdp_words_join(&words, line, sizeof(line));
	assert_string_equal(line, "vif set");
	pdp_words_free(&words);
	json_decref(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_to_words),
		cmocka_unit_test(more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
