/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cmd_completion.c - pdp-ctl completion: what shells and manuals are told of the command table. */
#include <string.h>

#include "ctl/client.h"
#include "ctl/cmd.h"
#include "ctl/mapdump.h"

static enum pdp_outcome bash(struct pdp_ctl *ctl, int argc, char **argv)
{
	if (pdp_cmd_at_most(ctl, 0, argc, argv))
		return PDP_USAGE;
	pdp_completion_bash(ctl->out.file);
	return PDP_DONE;
}

static enum pdp_outcome man(struct pdp_ctl *ctl, int argc, char **argv)
{
	if (pdp_cmd_at_most(ctl, 0, argc, argv))
		return PDP_USAGE;
	pdp_manual(ctl->out.file);
	return PDP_DONE;
}

static const struct kind {
	const char *name;
	const char *path;
} kinds[] = {
	{"port", "/v1/ports"}, {"fe", "/v1/fes"},	{"vnet", "/v1/vnets"},
	{"vif", "/v1/vifs"},   {"guest", "/v1/guests"},
};

static void print_maps(FILE *file)
{
	int map;

	for (map = 0; map < PDP_MAP_COUNT; map++)
		fprintf(file, "%s\n", pdp_map_name(map));
}

/* A vif is known by its vnet as well. */
static void print_names(FILE *file, const struct kind *kind, const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (!strcmp(kind->name, "vif"))
			fprintf(file, "%s/", json_string_value(json_object_get(row, "vnet")));
		fprintf(file, "%s\n", json_string_value(json_object_get(row, "name")));
	}
}

static enum pdp_outcome names_of(struct pdp_ctl *ctl, const struct kind *kind)
{
	json_t *rows = NULL;
	int code = pdp_client_get(&rows, ctl->run_dir, kind->path, &ctl->err);

	if (!code)
		print_names(ctl->out.file, kind, rows);
	json_decref(rows);
	return pdp_outcome_of(code);
}

static enum pdp_outcome names(struct pdp_ctl *ctl, int argc, char **argv)
{
	size_t i;

	if (argc == 1 && !strcmp(argv[0], "map")) {
		print_maps(ctl->out.file);
		return PDP_DONE;
	}
	for (i = 0; argc == 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[0], kinds[i].name))
			return names_of(ctl, &kinds[i]);
	pdp_fail(&ctl->err, 0, "completion names wants one of port, fe, vnet, vif, guest, map");
	return PDP_USAGE;
}

const struct pdp_cmd pdp_cmd_completion[] = {
	{"bash", "", "a completion script for bash", bash,
	 "Installed as /usr/share/bash-completion/completions/pdp-ctl; for one shell:\n"
	 "source <(pdp-ctl completion bash)"},
	{"man", "", "the commands and options of pdp-ctl(8), in the words of man(7)", man},
	{"names", "port|fe|vnet|vif|guest|map", "names that there are, one a line", names},
	{NULL},
};
