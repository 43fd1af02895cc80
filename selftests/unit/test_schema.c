/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_schema - the JSON Schema that is shipped has the keys, words and limits that PdP reads by, and a
 * validator takes and refuses with it the files that PdP takes and refuses.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "ctl/nodefile.h"
#include "ctl/nodefile_raw.h"
#include "ctl/nodefile_write.h"
#include "selftests/unit/model_fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SCHEMA "docs/schema/pdp.schema.json"

static json_t *root;

static int load(void **arg)
{
	json_error_t error;

	(void)arg;
	srand(1);
	root = json_load_file(SCHEMA, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		print_error("%s:%d: %s\n", SCHEMA, error.line, error.text);
	return root ? 0 : -1;
}

static int unload(void **arg)
{
	(void)arg;
	json_decref(root);
	return 0;
}

/* --- both schemas side by side --------------------------------------------------------------- */

static const json_t *resolve(const json_t *schema)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *found = schema;

	if (ref) {
		assert_memory_equal(ref, "#/$defs/", 8);
		found = json_object_get(json_object_get(root, "$defs"), ref + 8);
	}
	assert_non_null(found);
	return found;
}

static bool has_string(const json_t *list, const char *text)
{
	bool found = false;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		found = found || !strcmp(json_string_value(item), text);
	}
	return found;
}

static size_t n_fields;

static void compare(const char *path, const json_t *json, const cyaml_schema_value_t *schema);

static void compare_mapping(const char *path, const json_t *json,
			    const cyaml_schema_field_t *fields)
{
	const json_t *properties = json_object_get(json, "properties");
	size_t n = 0, n_required = 0;

	assert_true(json_is_false(json_object_get(json, "additionalProperties")));
	for (const cyaml_schema_field_t *field = fields; field->key; field++) {
		const json_t *property = json_object_get(properties, field->key);
		bool required = !(field->value.flags & CYAML_FLAG_OPTIONAL);
		char deeper[256];

		snprintf(deeper, sizeof(deeper), "%s.%s", path, field->key);
		if (!property)
			fail_msg("%s is not in " SCHEMA, deeper);
		if (!json_object_get(property, "description"))
			fail_msg("%s has no description in " SCHEMA, deeper);
		if (required != has_string(json_object_get(json, "required"), field->key))
			fail_msg("%s: required or not?", deeper);
		compare(deeper, resolve(property), &field->value);
		n++;
		n_required += required;
	}
	if (n != json_object_size(properties))
		fail_msg("%s: " SCHEMA " has %zu keys, PdP reads %zu", path,
			 json_object_size(properties), n);
	assert_int_equal(json_array_size(json_object_get(json, "required")), n_required);
	n_fields += n;
}

static void compare_words(const char *path, const json_t *json, const cyaml_schema_value_t *schema)
{
	const json_t *words = json_object_get(json, "enum");

	if (json_array_size(words) != schema->enumeration.count)
		fail_msg("%s: %zu words in " SCHEMA ", %u in PdP", path, json_array_size(words),
			 schema->enumeration.count);
	for (uint32_t i = 0; i < schema->enumeration.count; i++)
		if (!has_string(words, schema->enumeration.strings[i].str))
			fail_msg("%s: '%s' is not in " SCHEMA, path,
				 schema->enumeration.strings[i].str);
}

static void compare(const char *path, const json_t *json, const cyaml_schema_value_t *schema)
{
	const char *type = json_string_value(json_object_get(json, "type"));
	json_int_t most;

	switch (schema->type) {
	case CYAML_MAPPING:
		assert_string_equal(type, "object");
		compare_mapping(path, json, schema->mapping.fields);
		break;
	case CYAML_SEQUENCE:
		assert_string_equal(type, "array");
		most = json_integer_value(json_object_get(json, "maxItems"));
		if (most != (schema->sequence.max == CYAML_UNLIMITED ? 0 : schema->sequence.max))
			fail_msg("%s: at most %lld in " SCHEMA ", %u in PdP", path, (long long)most,
				 schema->sequence.max);
		compare(path, resolve(json_object_get(json, "items")), schema->sequence.entry);
		break;
	case CYAML_ENUM:
		compare_words(path, json, schema);
		break;
	case CYAML_BOOL:
		assert_string_equal(type, "boolean");
		break;
	case CYAML_UINT:
		if (!json_object_get(json, "const"))
			assert_string_equal(type, "integer");
		break;
	default:
		if (!json_object_get(json, "pattern"))
			fail_msg("%s: no pattern in " SCHEMA, path);
	}
}

static void test_no_drift(void **arg)
{
	(void)arg;
	compare("", root, &pdp_nodefile_schema);
	assert_true(n_fields > 40);
	assert_int_equal(
		json_integer_value(json_object_get(
			json_object_get(json_object_get(root, "properties"), "version"), "const")),
		PDP_NODEFILE_VERSION);
}

/* --- a validator ----------------------------------------------------------------------------- */

/* What the validator says to each of the texts, a line each; NULL when there is none. */
static char *validate(json_t *texts)
{
	char path[64], command[256], *verdicts = NULL;
	size_t size = 0;
	int fd;
	FILE *pipe;

	if (system("python3 -c 'import jsonschema, yaml; jsonschema.Draft202012Validator' "
		   "2>/dev/null"))
		return NULL;
	snprintf(path, sizeof(path), "/tmp/pdp-schema-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(json_dump_file(texts, path, 0), 0);
	snprintf(command, sizeof(command), "python3 selftests/unit/validate.py %s %s", SCHEMA,
		 path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_true(getdelim(&verdicts, &size, '\0', pipe) > 0);
	assert_int_equal(pclose(pipe), 0);
	unlink(path);
	return verdicts;
}

/* Hold every text against the schema: all are good, or all are bad. */
static void assert_all(json_t *texts, bool good)
{
	char *verdicts = validate(texts), *line, *rest;
	size_t n = 0;

	if (!verdicts) {
		json_decref(texts);
		print_message("# SKIP no python3-jsonschema or python3-yaml\n");
		skip();
	}
	for (line = strtok_r(verdicts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *text = json_string_value(json_array_get(texts, n++));

		if (good != !strcmp(line, "ok"))
			fail_msg("%s\n%s", line, text);
	}
	assert_int_equal(n, json_array_size(texts));
	free(verdicts);
	json_decref(texts);
}

static void test_good_files(void **arg)
{
	json_t *texts = json_array();
	glob_t files;

	(void)arg;
	assert_int_equal(glob("examples/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *file = fopen(files.gl_pathv[i], "r");

		assert_true(getdelim(&text, &size, '\0', file) > 0);
		fclose(file);
		json_array_append_new(texts, json_string(text));
		free(text);
	}
	globfree(&files);
	for (int i = 0; i < 60; i++) {
		struct pdp_model model;
		char *text;

		draw_model(&model, 5);
		text = pdp_nodefile_write(&model);
		json_array_append_new(texts, json_string(text));
		free(text);
		pdp_model_free(&model);
	}
	assert_all(texts, true);
}

static const char base[] =
	"version: 1\n"
	"node: n1\n"
	"ports:\n"
	"  - {name: A, ifname: eth0, vlan: 100}\n"
	"fes:\n"
	"  - {name: fe1, cpus: 0-1, capacity: 1.5}\n"
	"vnets:\n"
	"  - name: red\n"
	"    power: 500m\n"
	"    policy: weighted\n"
	"    flow-key: 5tuple\n"
	"    data-plane: {kind: router}\n"
	"    control-plane: {kind: frr, config: /etc/pdp/red, max-routes: 5000, rate: {pps: 100}}\n"
	"    rate: {pps: 1000, burst: 10}\n"
	"    memory: 64M\n"
	"    vifs:\n"
	"      - {name: v0, port: A, encap: udp, local: \"192.0.2.1:5001\", remote: \"192.0.2.2:5002\", mtu: 1400, impair: {delay-ms: 20, loss: 0.01, down: true}}\n"
	"      - {name: v1, port: A, encap: vxlan, vni: 42, local: 192.0.2.1, remote: 192.0.2.9, mac: \"02:00:00:00:00:01\", address: [10.0.0.1/24]}\n"
	"    routes:\n"
	"      - {to: 203.0.113.0/24, via: 10.0.1.2, vif: v1}\n"
	"      - {to: 10.99.0.0/16, blackhole: true}\n"
	"    neighbours:\n"
	"      - {address: 10.0.1.2, mac: \"02:00:00:00:00:02\", vif: v1}\n";

static const struct {
	const char *from, *to;
} spoilt[] = {
	{"version: 1", "version: 2"},
	{"version: 1\n", ""},
	{"node: n1\n", ""},
	{"node: n1", "node: ../n1"},
	{"node: n1", "node: N1"},
	{"node: n1", "node: a123456789012345678901234567890x"},
	{"node: n1", "node: n1\nmetrics: {}"},
	{"policy:", "polcy:"},
	{"{name: A, ifname", "{name: A/B, ifname"},
	{"ifname: eth0", "ifname: sixteen-letters-"},
	{"ifname: eth0", "ifname: a/b"},
	{", ifname: eth0", ""},
	{"vlan: 100", "vlan: 0"},
	{"vlan: 100", "vlan: 4095.1.1"},
	{"cpus: 0-1", "cpus: 0-"},
	{"cpus: 0-1", "cpus: all"},
	{"capacity: 1.5", "capacity: 0"},
	{"capacity: 1.5", "capacity: 1.5, drain: maybe"},
	{"power: 500m", "power: -1"},
	{"power: 500m", "power: 0m"},
	{"power: 500m", "power: 500k"},
	{"power: 500m", "power: [500m]"},
	{"    power: 500m\n", ""},
	{"policy: weighted", "policy: random"},
	{"5tuple", "l4"},
	{"flow-key: 5tuple", "flowlet-gap-us: 0"},
	{"flow-key: 5tuple", "flow-key: bytes\n    flow-bytes: [link:0:ff]"},
	{"flow-key: 5tuple", "flow-bytes: [inner:0:ff]"},
	{"flow-key: 5tuple", "flow-key: bytes"},
	{"kind: router", "kind: switch"},
	{"kind: router", "kind: xdp"},
	{"kind: router", "kind: xdp, object: x.o, program: label"},
	{"kind: router", "kind: xdp, object: /x.o, program: my-label"},
	{"kind: router", "kind: router, object: /x.o"},
	{"flow-key: 5tuple", "fast-half: true"},
	{"flow-key: 5tuple", "rebalance: auto"},
	{"flow-key: 5tuple", "flowlet-gap-us: never"},
	{"{kind: router}", "router"},
	{"kind: frr", "kind: quagga"},
	{"kind: frr", "kind: static"},
	{"kind: frr", "kind: command"},
	{"kind: frr,", "kind: frr, command: /bin/x,"},
	{"kind: frr, ", ""},
	{"config: /etc/pdp/red, ", ""},
	{"/etc/pdp/red", "red"},
	{"max-routes: 5000", "max-routes: 0"},
	{"max-routes: 5000", "memory: 5"},
	{"max-routes: 5000", "power: 0"},
	{"{pps: 100}", "{pps: 3}"},
	{"{pps: 100}", "{burst: 3}"},
	{"delay-ms: 20", "delay-ms: 10001"},
	{"loss: 0.01", "loss: 1.1"},
	{"loss: 0.01", "loss: -0.1"},
	{"loss: 0.01", "loss: none"},
	{"down: true", "down: 1"},
	{"pps: 1000", "pps: 3"},
	{"pps: 1000", "pps: many"},
	{"pps: 1000, ", ""},
	{"memory: 64M", "memory: 64"},
	{"encap: udp", "encap: gre"},
	{"encap: udp", "encap: udp, vni: 7"},
	{"encap: udp", "encap: udp, mac: \"02:00:00:00:00:03\""},
	{"vni: 42, ", ""},
	{"vni: 42", "vni: 0"},
	{"vni: 42", "vni: 16777216"},
	{"\"192.0.2.1:5001\"", "192.0.2.1"},
	{"local: 192.0.2.1,", "local: here,"},
	{"local: 192.0.2.1,", ""},
	{"mtu: 1400", "mtu: 67"},
	{"02:00:00:00:00:01", "03:00:00:00:00:01"},
	{"02:00:00:00:00:01", "02:00:00:00:00"},
	{"[10.0.0.1/24]", "10.0.0.1/24"},
	{"[10.0.0.1/24]", "[10.0.0.1]"},
	{"to: 203.0.113.0/24", "to: everywhere"},
	{", via: 10.0.1.2, vif: v1", ", via: 10.0.1.2"},
	{"blackhole: true", "blackhole: true, vif: v0"},
	{"blackhole: true", "blackhole: sure"},
	{"{address: 10.0.1.2, mac", "{mac"},
};

/* Each is refused by PdP too, so that this list tells no lies. */
static void test_spoilt_files(void **arg)
{
	json_t *texts = json_array();
	struct pdp_model model;
	struct pdp_error err = {""};

	(void)arg;
	if (pdp_nodefile_parse(&model, "base", base, strlen(base), &err))
		fail_msg("%s", err.text);
	pdp_model_free(&model);
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		const char *at = strstr(base, spoilt[i].from);
		char text[2 * sizeof(base)];

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - base), base, spoilt[i].to,
			 at + strlen(spoilt[i].from));
		if (!pdp_nodefile_parse(&model, "spoilt", text, strlen(text), NULL))
			fail_msg("PdP takes '%s'", spoilt[i].to);
		json_array_append_new(texts, json_string(text));
	}
	assert_all(texts, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_spoilt_files),
	};

	return cmocka_run_group_tests_name("schema", tests, load, unload);
}
