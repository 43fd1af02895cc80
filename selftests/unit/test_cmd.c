/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_cmd - words to commands, rows to tables. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/cmd.h"

static struct pdp_error err;

static void objects_by_unique_prefix(void **state)
{
	(void)state;
	assert_string_equal(pdp_object_find("vnet", &err)->name, "vnet");
	assert_string_equal(pdp_object_find("vn", &err)->name, "vnet");
	assert_string_equal(pdp_object_find("n", &err)->name, "node");
	assert_null(pdp_object_find("v", &err));
	assert_string_equal(err.text, "object 'v' may be any of vnet, vif");
	assert_null(pdp_object_find("frobnicate", &err));
	assert_non_null(strstr(err.text, "'frobnicate' is unknown"));
	assert_null(pdp_object_find("", &err));
	assert_null(pdp_object_find("vnets", &err));
}

static void commands_by_unique_prefix(void **state)
{
	const struct pdp_object *map = pdp_object_find("map", &err);

	(void)state;
	assert_string_equal(pdp_cmd_find(map, "s", &err)->name, "show");
	assert_string_equal(pdp_cmd_find(map, "dump", &err)->name, "dump");
	assert_null(pdp_cmd_find(map, "set", &err));
	assert_string_equal(err.text,
			    "command 'set' of map is unknown: it may be show, dump, help");
}

/* Runs pdp-ctl's words against a run directory in which no pdpd is. Returns the output. */
static enum pdp_outcome run(char **out, int argc, char **argv)
{
	struct pdp_ctl ctl = {.run_dir = "/nonexistent", .pins = "/nonexistent"};
	enum pdp_outcome outcome;
	size_t len;

	ctl.out.file = open_memstream(out, &len);
	outcome = pdp_cmd_run(&ctl, argc, argv);
	fclose(ctl.out.file);
	err = ctl.err;
	return outcome;
}

#define RUN(out, ...) \
	run(out, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *), (char *[]){__VA_ARGS__})

static void help_at_every_level(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(RUN(&text, "help"), PDP_DONE);
	for (const struct pdp_object *o = pdp_objects; o->name; o++)
		assert_non_null(strstr(text, o->name));
	free(text);
	for (const struct pdp_object *o = pdp_objects; o->name; o++) {
		assert_int_equal(RUN(&text, (char *)o->name, "help"), PDP_DONE);
		for (const struct pdp_cmd *c = o->cmds; c->name; c++)
			assert_non_null(strstr(text, c->help));
		free(text);
	}
	assert_int_equal(RUN(&text, "vnet", "show", "help"), PDP_DONE);
	assert_non_null(strstr(text, "pdp-ctl vnet show [ NAME ]"));
	free(text);
}

static void outcomes(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(RUN(&text, "frobnicate"), PDP_USAGE);
	free(text);
	assert_int_equal(RUN(&text, "vnet", "show", "red", "green"), PDP_USAGE);
	assert_string_equal(err.text, "'green' is one word too many");
	free(text);
	assert_int_equal(RUN(&text, "map", "dump", "nosuch"), PDP_USAGE);
	free(text);
	assert_int_equal(RUN(&text, "stats", "show", "--chekc"), PDP_USAGE);
	free(text);
	assert_int_equal(RUN(&text, "node", "show"), PDP_UNREACHABLE);
	assert_non_null(strstr(err.text, "pdpd is not running (nothing answers at "
					 "/nonexistent/pdpd.sock); stats and map work without it"));
	free(text);
	assert_int_equal(RUN(&text, "vnet"), PDP_UNREACHABLE); /* show is the default */
	free(text);
}

static void numbers_in_thin_groups(void **state)
{
	const struct pdp_output people = {.groups = true}, pipe = {0};
	char text[64];

	(void)state;
	assert_string_equal(pdp_number(412003, &pipe, text, sizeof(text)), "412003");
	assert_string_equal(pdp_number(412003, &people, text, sizeof(text)), "412\u2009003");
	assert_string_equal(pdp_number(9999, &people, text, sizeof(text)), "9999");
	assert_string_equal(pdp_number(1234567, &people, text, sizeof(text)),
			    "1\u2009234\u2009567");
	assert_string_equal(pdp_number(0, &people, text, sizeof(text)), "0");
	assert_string_equal(pdp_number(UINT64_MAX, &pipe, text, sizeof(text)),
			    "18446744073709551615");
	/* Too little room cuts, and does not overrun. */
	pdp_number(1234567, &people, text, 6);
	assert_true(strlen(text) < 6);
}

static char *print_to(struct pdp_output out, const char *json, const struct pdp_column *columns)
{
	json_t *rows = json_loads(json, 0, NULL);
	char *text;
	size_t len;

	out.file = open_memstream(&text, &len);
	assert_int_equal(pdp_table_print(rows, columns, &out), 0);
	fclose(out.file);
	json_decref(rows);
	return text;
}

static char *print(const char *json, const struct pdp_column *columns, bool as_json)
{
	return print_to((struct pdp_output){.json = as_json}, json, columns);
}

static void tables(void **state)
{
	static const struct pdp_column counted[] = {
		{"PID", "pid"}, PDP_COUNT_COLUMN("PACKETS", "packets"), {NULL}};
	static const struct pdp_column columns[] = {
		{"NAME", "name"}, {"PACKETS", "packets"}, {"MAC", "mac"}, {NULL}};
	static const char rows[] = "[{\"name\":\"red\",\"packets\":5,\"mac\":null},"
				   "{\"name\":\"green\",\"packets\":12345,\"mac\":\"x\"}]";
	char *text = print(rows, columns, false);

	(void)state;
	assert_string_equal(text, "NAME   PACKETS  MAC\n"
				  "red          5  -\n"
				  "green    12345  x\n");
	free(text);
	text = print(rows, columns, true);
	assert_memory_equal(text, rows, strlen(rows));
	free(text);
	/* On a terminal quantities are grouped; what is no quantity, a pid or a UDP port, is not. */
	text = print_to((struct pdp_output){.groups = true}, "[{\"pid\":31869,\"packets\":31869}]",
			counted);
	assert_string_equal(text, "  PID  PACKETS\n"
				  "31869   31\u2009869\n");
	free(text);
	/* One is an array too, and so is none. */
	text = print("[]", columns, true);
	assert_string_equal(text, "[]\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_by_unique_prefix),
		cmocka_unit_test(commands_by_unique_prefix),
		cmocka_unit_test(help_at_every_level),
		cmocka_unit_test(outcomes),
		cmocka_unit_test(numbers_in_thin_groups),
		cmocka_unit_test(tables),
	};

	/* A thin space is one column wide where the locale knows it. */
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
