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
	{"alloc", "which FEs carry which vnet, and what would fit", pdp_cmd_alloc},
	{"stats", "the ledger: where each packet of a vnet went", pdp_cmd_stats},
	{"map", "the BPF maps, decoded", pdp_cmd_map},
	{NULL, NULL, NULL},
};

/* How word meets name: 2 exactly, 1 as a prefix, 0 not. */
static int meets(const char *word, const char *name)
{
	if (!strcmp(word, name))
		return 2;
	return *word && !strncmp(word, name, strlen(word));
}

static void append(char *text, size_t size, const char *name)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len ? ", " : "", name);
}

const struct pdp_object *pdp_object_find(const char *word, struct pdp_error *err)
{
	const struct pdp_object *o, *found = NULL;
	char all[128] = "", several[128] = "";
	int n = 0;

	for (o = pdp_objects; o->name; o++) {
		int how = meets(word, o->name);

		append(all, sizeof(all), o->name);
		if (how == 2)
			return o;
		if (how) {
			found = o;
			n++;
			append(several, sizeof(several), o->name);
		}
	}
	if (n == 1)
		return found;
	if (n)
		pdp_fail(err, 0, "object '%s' may be any of %s", word, several);
	else
		pdp_fail(err, 0, "object '%s' is unknown: it may be %s", word, all);
	return NULL;
}

const struct pdp_cmd *pdp_cmd_find(const struct pdp_object *object, const char *word,
				   struct pdp_error *err)
{
	const struct pdp_cmd *c, *found = NULL;
	char all[128] = "", several[128] = "";
	int n = 0;

	for (c = object->cmds; c->name; c++) {
		int how = meets(word, c->name);

		append(all, sizeof(all), c->name);
		if (how == 2)
			return c;
		if (how) {
			found = c;
			n++;
			append(several, sizeof(several), c->name);
		}
	}
	if (n == 1)
		return found;
	if (n)
		pdp_fail(err, 0, "command '%s' of %s may be any of %s", word, object->name,
			 several);
	else
		pdp_fail(err, 0, "command '%s' of %s is unknown: it may be %s, help", word,
			 object->name, all);
	return NULL;
}

void pdp_help_all(FILE *file)
{
	const struct pdp_object *o;

	fprintf(file, "Usage: pdp-ctl [OPTIONS] OBJECT { COMMAND | help }\n\n"
		      "Objects:\n");
	for (o = pdp_objects; o->name; o++)
		fprintf(file, "  %-8s %s\n", o->name, o->help);
	fprintf(file, "\nOptions:\n"
		      "  -j, --json         JSON instead of tables\n"
		      "  -p, --pretty       JSON over several lines\n"
		      "      --run-dir DIR  where pdpd's socket is (default /run/pdp)\n"
		      "      --pins DIR     where the maps are pinned (default " PDP_PIN_ROOT ")\n"
		      "  -V, --version      the version\n"
		      "  -h, --help         this text\n\n"
		      "Objects and commands may be cut short as long as one is meant.\n"
		      "Exit code: 0 done, 1 failed, 2 usage, 3 pdpd cannot be reached.\n");
}

void pdp_help_object(FILE *file, const struct pdp_object *object)
{
	const struct pdp_cmd *c;

	fprintf(file, "%s: %s\n\n", object->name, object->help);
	for (c = object->cmds; c->name; c++)
		fprintf(file, "  pdp-ctl %s %s%s%s\n      %s\n", object->name, c->name,
			*c->args ? " " : "", c->args, c->help);
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
	if (argc == 1)
		return object->cmds->run(ctl, 0, argv + 1);
	/* `stats red --check` is what fingers type. */
	if (takes_names(object, argv[1]))
		return object->cmds->run(ctl, argc - 1, argv + 1);
	if (is_help(argv[1]) || (argc > 2 && is_help(argv[2]))) {
		pdp_help_object(ctl->out.file, object);
		return PDP_DONE;
	}
	cmd = pdp_cmd_find(object, argv[1], &ctl->err);
	return cmd ? cmd->run(ctl, argc - 2, argv + 2) : PDP_USAGE;
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
