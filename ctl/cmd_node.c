/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_node.c - pdp-ctl node: the whole in one line, and its end.
 */
#include "ctl/client.h"
#include "ctl/cmd.h"

static void power(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%lldm of %lldm",
		 (long long)json_integer_value(json_object_get(row, "used_millicores")),
		 (long long)json_integer_value(json_object_get(row, "capacity_millicores")));
}

static void guests(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%lld of %lld",
		 (long long)json_integer_value(json_object_get(row, "guests_ready")),
		 (long long)json_integer_value(json_object_get(row, "guests")));
}

static void uptime(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	long long s = json_integer_value(json_object_get(row, "uptime_s"));

	(void)out;
	if (s >= 86400)
		snprintf(text, len, "%lldd %lldh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(text, len, "%lldh %lldm", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(text, len, "%lldm %llds", s / 60, s % 60);
	else
		snprintf(text, len, "%llds", s);
}

static const struct pdp_column columns[] = {
	{"NODE", "name"},
	{"STATE", "state"},
	{"PORTS", "ports"},
	{"FES", "fes"},
	{"VNETS", "vnets"},
	{"GUESTS READY", NULL, guests, true},
	{"POWER", NULL, power, true},
	{"UP", NULL, uptime, true},
	PDP_COUNT_COLUMN("STRAY DROPS", "drop_unknown_link"),
	{NULL},
};

static enum pdp_outcome show(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *rows = NULL;
	int err;

	if (pdp_cmd_at_most(ctl, 0, argc, argv))
		return PDP_USAGE;
	err = pdp_client_get(&rows, ctl->run_dir, "/v1/node", &ctl->err);
	if (!err)
		err = pdp_table_print(rows, columns, &ctl->out);
	json_decref(rows);
	return pdp_outcome_of(err);
}

static enum pdp_outcome down(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *rows = NULL;
	int err;

	if (pdp_cmd_at_most(ctl, 0, argc, argv))
		return PDP_USAGE;
	err = pdp_client_post(&rows, ctl->run_dir, "/v1/node/down", &ctl->err);
	if (!err && ctl->out.json)
		pdp_json_print(rows, &ctl->out);
	else if (!err)
		fprintf(ctl->out.file, "%s: down\n",
			json_string_value(json_object_get(json_array_get(rows, 0), "name")));
	json_decref(rows);
	return pdp_outcome_of(err);
}

const struct pdp_cmd pdp_cmd_node[] = {
	{"show", "", "state, sizes and power of the node", show,
	 "STRAY DROPS are frames from a link that is no guest's."},
	{"history", "[ COUNT ]", "who changed what, and when, oldest first; the last 20 by default",
	 pdp_cmd_history,
	 "The last 200 are remembered, past pdpd's end. GENERATION counts changes; one that is KEPT can\n"
	 "be had as a node file, by export --generation. Times are local; UTC with -j."},
	{"down", "", "stop all guests, detach from all ports, remove all pins, end pdpd", down,
	 "Returns when that is done."},
	{NULL},
};
