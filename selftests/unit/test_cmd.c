/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_cmd - words to commands, rows to tables. */
#include <locale.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl/cmd.h"
#include "ctl/usage.h"

static struct pdp_error err;

static void objects_by_unique_prefix(void **state)
{
	(void)state;
	assert_string_equal(pdp_object_find("vnet", &err)->name, "vnet");
	assert_string_equal(pdp_object_find("vn", &err)->name, "vnet");
	assert_string_equal(pdp_object_find("no", &err)->name, "node");
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

/* Every command says what it does; each prefix of each name leads to it, or is told to be of several. */
static void every_command(void **state)
{
	(void)state;
	for (const struct pdp_object *o = pdp_objects; o->name; o++) {
		assert_true(*o->help && o->cmds->name);
		assert_ptr_equal(pdp_object_find(o->name, NULL), o);
		for (const struct pdp_cmd *c = o->cmds; c->name; c++) {
			assert_true(c->args && *c->help && c->run);
			/* One line, no full stop: help sets it after the usage, the manual ends it. */
			assert_null(strchr(c->help, '\n'));
			assert_int_not_equal(c->help[strlen(c->help) - 1], '.');
			if (pdp_object_is_verb(o))
				assert_null(o->cmds[1].name);
			else
				assert_ptr_equal(pdp_cmd_find(o, c->name, NULL), c);
		}
	}
}

static void every_prefix(void **state)
{
	(void)state;
	for (const struct pdp_object *o = pdp_objects; o->name; o++) {
		for (size_t len = 1; len < strlen(o->name); len++) {
			char prefix[32];
			const struct pdp_object *found;

			snprintf(prefix, sizeof(prefix), "%.*s", (int)len, o->name);
			err.text[0] = '\0';
			found = pdp_object_find(prefix, &err);
			if (found)
				assert_int_equal(strncmp(found->name, prefix, len), 0);
			else
				assert_non_null(strstr(err.text, o->name));
		}
	}
}

static char *text_by(void (*print)(FILE *))
{
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	print(file);
	fclose(file);
	return text;
}

static void completion_has_them_all(void **state)
{
	char *text = text_by(pdp_completion_bash), key[64];

	(void)state;
	for (const struct pdp_object *o = pdp_objects; o->name; o++) {
		for (const struct pdp_cmd *c = o->cmds; c->name; c++) {
			snprintf(key, sizeof(key), "\"%s %s\")", o->name, c->name);
			assert_non_null(strstr(text, key));
		}
	}
	for (const struct pdp_option *o = pdp_options; o->name; o++) {
		snprintf(key, sizeof(key), "--%s", o->name);
		assert_non_null(strstr(text, key));
	}
	free(text);
}

/* Completion and manual tell the args to their end. */
static void args_are_not_cut(void **state)
{
	struct pdp_token tokens[PDP_TOKENS_MAX];

	(void)state;
	for (const struct pdp_object *o = pdp_objects; o->name; o++) {
		for (const struct pdp_cmd *c = o->cmds; c->name; c++) {
			size_t n = pdp_usage_split(tokens, c->args);

			if (n)
				assert_string_equal(tokens[n - 1].text + tokens[n - 1].len, "");
		}
	}
}

/* From COMMANDS to OUTPUT the page is what the table says; `make man` makes it so. */
static void the_manual_is_the_table(void **state)
{
	char *made = text_by(pdp_manual), page[65536], *from, *to;
	FILE *file = fopen("docs/man/pdp-ctl.8", "re");

	(void)state;
	assert_non_null(file);
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	fclose(file);
	from = strstr(page, ".SH COMMANDS\n");
	to = strstr(page, ".SH OUTPUT\n");
	assert_true(from && to && from < to);
	*to = '\0';
	assert_string_equal(from, made);
	free(made);
}

static void words_of_a_line(void **state)
{
	static const struct {
		const char *line;
		const char *words;
		int n;
	} cases[] = {
		{"vnet set red power 2000m\n", "vnet|set|red|power|2000m", 5},
		{"  a\tb  # c d\n", "a|b", 2},
		{"# nothing\n", "", 0},
		{"\n", "", 0},
		{"", "", 0},
		{"a 'b c' \"d 'e\" f\"g h\"i\n", "a|b c|d 'e|fg hi", 4},
		{"a \"\" b#c", "a||b#c", 3},
		{"a 'b\n", "", -EINVAL},
		{"1 2 3 4 5 6 7 8 9", "", -E2BIG},
	};
	char line[64], words[64], *argv[9];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int n;

		snprintf(line, sizeof(line), "%s", cases[i].line);
		n = pdp_batch_split(line, argv, 8);
		assert_int_equal(n, cases[i].n);
		words[0] = '\0';
		for (int j = 0, at = 0; j < n; j++)
			at += snprintf(words + at, sizeof(words) - (size_t)at, "%s%s", j ? "|" : "",
				       argv[j]);
		if (n >= 0)
			assert_null(argv[n]);
		assert_string_equal(words, cases[i].words);
	}
}

static enum pdp_outcome batch(char **out, const char *lines, bool force)
{
	struct pdp_ctl ctl = {.run_dir = "/nonexistent", .pins = "/nonexistent"};
	char path[] = "/tmp/test_cmd.XXXXXX";
	enum pdp_outcome outcome;
	int fd = mkstemp(path);
	size_t len;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, lines, strlen(lines)), strlen(lines));
	close(fd);
	ctl.out.file = open_memstream(out, &len);
	ctl.out.json = true; /* errors that are passed over go there too */
	outcome = pdp_batch_run(&ctl, path, force);
	fclose(ctl.out.file);
	unlink(path);
	err = ctl.err;
	return outcome;
}

static void a_batch_stops_at_the_first_error(void **state)
{
	static const char lines[] = "# two good ones and bad ones\n"
				    "completion names map\n"
				    "vnet shwo\n"
				    "frobnicate\n"
				    "map help\n";
	char *out;

	(void)state;
	assert_int_equal(batch(&out, lines, false), PDP_USAGE);
	assert_non_null(strstr(err.text, ":3: command 'shwo' of vnet is unknown"));
	assert_non_null(strstr(out, "pdp_vnets"));
	assert_null(strstr(out, "pdp-ctl map dump"));
	free(out);
	assert_int_equal(batch(&out, lines, true), PDP_USAGE);
	assert_string_equal(err.text, ""); /* all has been said */
	assert_non_null(strstr(out, ":3: command 'shwo'"));
	assert_non_null(strstr(out, ":4: object 'frobnicate'"));
	assert_non_null(strstr(out, "pdp-ctl map dump"));
	free(out);
	assert_int_equal(batch(&out, "map help\n", false), PDP_DONE);
	free(out);
	assert_int_equal(pdp_batch_run(&(struct pdp_ctl){0}, "/nonexistent/batch", false),
			 PDP_FAILED);
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
		cmocka_unit_test(every_command),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(completion_has_them_all),
		cmocka_unit_test(args_are_not_cut),
		cmocka_unit_test(the_manual_is_the_table),
		cmocka_unit_test(words_of_a_line),
		cmocka_unit_test(a_batch_stops_at_the_first_error),
		cmocka_unit_test(numbers_in_thin_groups),
		cmocka_unit_test(tables),
	};

	/* A thin space is one column wide where the locale knows it. */
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
