/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd.c - from words to a command: the table of objects, unique prefixes, help. Of pdp-ctl.
 */
#include <errno.h>
#include <string.h>

#include "ctl/cmd.h"

const struct pdp_object pdp_objects[] = {
	{"node", "the node as a whole", pdp_cmd_node},
	{"port", "external network interfaces", pdp_cmd_port},
	{"fe", "forwarding engines and what they carry", pdp_cmd_fe},
	{"vnet", "virtual networks", pdp_cmd_vnet},
	{"vif", "virtual interfaces: ends of tunnels", pdp_cmd_vif},
	{"guest", "FE guests: containers that carry a slice of a vnet", pdp_cmd_guest},
	{"route", "routes of a vnet: static ones, and what is in force", pdp_cmd_route},
	{"neighbour", "static neighbours on a vnet's vxlan vifs", pdp_cmd_neighbour},
	{"alloc", "which FEs carry which vnet, and what would fit", pdp_cmd_alloc},
	{"stats", "the ledger: where each packet of a vnet went", pdp_cmd_stats},
	{"map", "the BPF maps, decoded", pdp_cmd_map},
	{"event", "what happened to the node, and what happens", pdp_cmd_event},
	{"apply", "make the node what a node file says", pdp_cmd_apply},
	{"plan", "what would change", pdp_cmd_plan},
	{"export", "the node as a node file", pdp_cmd_export},
	{"completion", "what shells and manuals are told of all this", pdp_cmd_completion},
	{NULL, NULL, NULL},
};

const struct pdp_option pdp_options[] = {
	{'j', "json", NULL, "JSON instead of tables"},
	{'p', "pretty", NULL, "JSON over several lines"},
	{'b', "batch", "FILE", "run the lines of FILE (- is stdin) up to the first that fails"},
	{PDP_OPTION_FORCE, "force", NULL, "with -b: go on after a line that fails"},
	{PDP_OPTION_DRY_RUN, "dry-run", NULL, "show what would change, change nothing"},
	{PDP_OPTION_RUN_DIR, "run-dir", "DIR", "where pdpd's socket is (default /run/pdp)"},
	{PDP_OPTION_PINS, "pins", "DIR", "where the maps are pinned (default " PDP_PIN_ROOT ")"},
	{'V', "version", NULL, "the version"},
	{'h', "help", NULL, "this text"},
	{0, NULL, NULL, NULL},
};

/* A word against a list of names: which one is meant, or why none is. */
struct search {
	const char *word;
	int found; /* index; -1 = none so far */
	int n; /* that it may be */
	bool exact;
	char all[256], several[256];
};

static void append(char *text, size_t size, const char *name)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len ? ", " : "", name);
}

static void try(struct search *search, int index, const char *name)
{
	append(search->all, sizeof(search->all), name);
	if (search->exact || !*search->word ||
	    strncmp(search->word, name, strlen(search->word)) != 0)
		return;
	search->found = index;
	search->exact = !strcmp(search->word, name);
	search->n = search->exact ? 1 : search->n + 1;
	append(search->several, sizeof(search->several), name);
}

const struct pdp_object *pdp_object_find(const char *word, struct pdp_error *err)
{
	struct search search = {.word = word};
	int i;

	for (i = 0; pdp_objects[i].name; i++)
		try(&search, i, pdp_objects[i].name);
	if (search.n == 1)
		return &pdp_objects[search.found];
	if (search.n)
		pdp_fail(err, 0, "object '%s' may be any of %s", word, search.several);
	else
		pdp_fail(err, 0, "object '%s' is unknown: it may be %s", word, search.all);
	return NULL;
}

const struct pdp_cmd *pdp_cmd_find(const struct pdp_object *object, const char *word,
				   struct pdp_error *err)
{
	struct search search = {.word = word};
	int i;

	for (i = 0; object->cmds[i].name; i++)
		try(&search, i, object->cmds[i].name);
	if (search.n == 1)
		return &object->cmds[search.found];
	if (search.n)
		pdp_fail(err, 0, "command '%s' of %s may be any of %s", word, object->name,
			 search.several);
	else
		pdp_fail(err, 0, "command '%s' of %s is unknown: it may be %s, help", word,
			 object->name, search.all);
	return NULL;
}

bool pdp_object_is_verb(const struct pdp_object *object)
{
	return !*object->cmds->name;
}

static void print_option(FILE *file, const struct pdp_option *o)
{
	char text[48];

	if (o->letter > 255)
		snprintf(text, sizeof(text), "    --%s%s%s", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
	else
		snprintf(text, sizeof(text), "-%c, --%s%s%s", o->letter, o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
	fprintf(file, "  %-19s %s\n", text, o->help);
}

void pdp_help_all(FILE *file)
{
	const struct pdp_option *option;
	const struct pdp_object *o;

	fprintf(file, "Usage: pdp-ctl [OPTIONS] OBJECT { COMMAND | help }\n\n"
		      "Objects:\n");
	for (o = pdp_objects; o->name; o++)
		fprintf(file, "  %-11s %s\n", o->name, o->help);
	fprintf(file, "\nOptions:\n");
	for (option = pdp_options; option->name; option++)
		print_option(file, option);
	fprintf(file,
		"\nObjects and commands may be cut short as long as one is meant.\n"
		"Exit code: 0 done, 1 failed, 2 usage, 3 pdpd cannot be reached, 4 plan shows "
		"changes.\n");
}

static void print_usage(FILE *file, const struct pdp_object *object, const struct pdp_cmd *cmd)
{
	fprintf(file, "  pdp-ctl %s%s%s%s%s\n      %s\n", object->name, *cmd->name ? " " : "",
		cmd->name, *cmd->args ? " " : "", cmd->args, cmd->help);
}

void pdp_help_object(FILE *file, const struct pdp_object *object)
{
	const struct pdp_cmd *c;

	fprintf(file, "%s: %s\n\n", object->name, object->help);
	for (c = object->cmds; c->name; c++)
		print_usage(file, object, c);
}

void pdp_help_cmd(FILE *file, const struct pdp_object *object, const struct pdp_cmd *cmd)
{
	print_usage(file, object, cmd);
	if (cmd->more)
		fprintf(file, "\n%s\n", cmd->more);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "-h") || !strcmp(word, "--help");
}

/* Stats has one command, and a word that is not that is its argument. */
static bool takes_names(const struct pdp_object *object, const char *word)
{
	return object->cmds == pdp_cmd_stats && !is_help(word) && !pdp_cmd_find(object, word, NULL);
}

static enum pdp_outcome run_or_help(struct pdp_ctl *ctl, const struct pdp_object *object,
				    const struct pdp_cmd *cmd, int argc, char **argv)
{
	ctl->object = object;
	ctl->cmd = cmd;
	if (argc == 0 || !is_help(argv[0]))
		return cmd->run(ctl, argc, argv);
	pdp_help_cmd(ctl->out.file, object, cmd);
	return PDP_DONE;
}

enum pdp_outcome pdp_cmd_run(struct pdp_ctl *ctl, int argc, char **argv)
{
	const struct pdp_object *object;
	const struct pdp_cmd *cmd;

	if (argc == 0) {
		pdp_help_all(stderr);
		return PDP_USAGE;
	}
	if (is_help(argv[0])) {
		pdp_help_all(ctl->out.file);
		return PDP_DONE;
	}
	object = pdp_object_find(argv[0], &ctl->err);
	if (!object)
		return PDP_USAGE;
	if (pdp_object_is_verb(object))
		return run_or_help(ctl, object, object->cmds, argc - 1, argv + 1);
	if (argc == 1)
		return object->cmds->run(ctl, 0, argv + 1);
	/* `stats red --check` is what fingers type. */
	if (takes_names(object, argv[1]))
		return object->cmds->run(ctl, argc - 1, argv + 1);
	if (is_help(argv[1])) {
		pdp_help_object(ctl->out.file, object);
		return PDP_DONE;
	}
	cmd = pdp_cmd_find(object, argv[1], &ctl->err);
	return cmd ? run_or_help(ctl, object, cmd, argc - 2, argv + 2) : PDP_USAGE;
}

enum pdp_outcome pdp_outcome_of(int error)
{
	if (!error)
		return PDP_DONE;
	return error == -ECONNREFUSED ? PDP_UNREACHABLE : PDP_FAILED;
}

enum pdp_outcome pdp_cmd_at_most(struct pdp_ctl *ctl, int max, int argc, char **argv)
{
	if (argc <= max)
		return PDP_DONE;
	pdp_fail(&ctl->err, 0, "'%s' is one word too many", argv[max]);
	return PDP_USAGE;
}
