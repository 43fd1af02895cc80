/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_nodefile_write - what is written reads back as the same model, and looks as people write it. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/nodefile.h"
#include "ctl/nodefile_write.h"
#include "selftests/unit/model_fixture.h"

/* Read, and fail the test with the sentence and the text when it cannot be. */
static void read_text(struct pdp_model *out, const char *text)
{
	struct pdp_error err = {""};

	if (pdp_nodefile_parse(out, "written", text, strlen(text), &err))
		fail_msg("%s\n%s", err.text, text);
}

static void assert_round_trip(const struct pdp_model *model)
{
	char *text = pdp_nodefile_write(model), *again, *want, *found;
	struct pdp_model back;

	assert_non_null(text);
	read_text(&back, text);
	want = describe(model, NULL);
	found = describe(&back, NULL);
	assert_string_equal(found, want);
	again = pdp_nodefile_write(&back);
	assert_string_equal(again, text);
	pdp_model_free(&back);
	free(again);
	free(want);
	free(found);
	free(text);
}

static void test_random_models(void **arg)
{
	(void)arg;
	srand(1);
	for (int i = 0; i < 400; i++) {
		struct pdp_model model;

		draw_model(&model, 6);
		assert_round_trip(&model);
		pdp_model_free(&model);
	}
}

static void test_examples(void **arg)
{
	glob_t files;

	(void)arg;
	assert_int_equal(glob("examples/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct pdp_error err = {""};
		struct pdp_model model;

		if (pdp_nodefile_load(&model, files.gl_pathv[i], &err))
			fail_msg("%s", err.text);
		assert_round_trip(&model);
		pdp_model_free(&model);
	}
	globfree(&files);
}

static void test_empty(void **arg)
{
	struct pdp_model model = {.node = "n1"};
	char *text = pdp_nodefile_write(&model);

	(void)arg;
	assert_string_equal(text, "version: 1\nnode: n1\nports: []\nfes: []\nvnets: []\n");
	free(text);
	assert_round_trip(&model);
}

/* Names that YAML readers take for numbers, dates and truths. */
static void test_names(void **arg)
{
	static const char *const names[] = {"1",	  "007", "1e5",	 "0x1f", "0b1",
					    "2001-01-02", "on",	 "null", "yes",	 "true",
					    "12",	  "n",	 "0o7",	 "1-2"};

	(void)arg;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pdp_model model = {.node = ""};
		char *text, want[64];

		snprintf(model.node, sizeof(model.node), "%s", names[i]);
		text = pdp_nodefile_write(&model);
		snprintf(want, sizeof(want), "node: \"%s\"\n", names[i]);
		assert_non_null(strstr(text, want));
		free(text);
		assert_round_trip(&model);
	}
}

static const char as_written[] =
	"version: 1\n"
	"node: amherst\n"
	"ports:\n"
	"  - {name: A, ifname: enp1s0}\n"
	"  - {name: B, ifname: enp2s0, vlan: \"100.200\"}\n"
	"fes:\n"
	"  - {name: fe1, cpus: \"2\", capacity: 1000m}\n"
	"  - {name: fe2, cpus: \"3-4,6\", capacity: 1500m, drain: true}\n"
	"vnets:\n"
	"  - name: red\n"
	"    power: 1000m\n"
	"    policy: weighted\n"
	"    rate: {pps: 1000, burst: 10}\n"
	"    memory: 1G\n"
	"    vifs:\n"
	"      - name: v0\n"
	"        port: A\n"
	"        encap: udp\n"
	"        local: \"192.0.2.1:5001\"\n"
	"        remote: \"192.0.2.2:5001\"\n"
	"        mtu: 1400\n"
	"        address: [10.0.0.1/24, \"fd00::1/64\"]\n"
	"      - {name: v1, port: B, encap: vxlan, vni: 42, local: 198.51.100.1, remote: 198.51.100.9}\n"
	"    routes:\n"
	"      - {to: default, via: 10.0.1.2, vif: v1}\n"
	"      - {to: 10.99.0.0/16, blackhole: true}\n"
	"    neighbours:\n"
	"      - {address: 10.0.1.2, mac: \"02:00:5e:00:01:02\", vif: v1}\n"
	"  - {name: blue, power: 500m, policy: flow-hash}\n";

static void test_looks(void **arg)
{
	struct pdp_model model;
	char *text;

	(void)arg;
	read_text(&model, as_written);
	text = pdp_nodefile_write(&model);
	assert_string_equal(text, as_written);
	free(text);
	pdp_model_free(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_models), cmocka_unit_test(test_examples),
		cmocka_unit_test(test_empty),	      cmocka_unit_test(test_names),
		cmocka_unit_test(test_looks),
	};

	return cmocka_run_group_tests_name("nodefile_write", tests, NULL, NULL);
}
