/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_map.c - pdp-ctl map: the pinned maps, with pdpd's labels where it runs and ids where not.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/cmd.h"
#include "ctl/mapdump.h"

static const struct pdp_column columns[] = {
	{"MAP", "name"},
	{"KIND", "kind"},
	{"ENTRIES", "max_entries"},
	{"VALUE BYTES", "value_size"},
	{"WHAT FOR", "help"},
	{NULL},
};

static int open_maps(struct pdp_ctl *ctl, struct pdp_loader **ld)
{
	int code = pdp_loader_open_maps(ld, ctl->pins, &ctl->err);

	if (code == -ENOENT)
		return pdp_fail(&ctl->err, code, "no maps are pinned below %s: no node is up there",
				ctl->pins);
	return code;
}

static enum pdp_outcome show(struct pdp_ctl *ctl, int argc, char **argv)
{
	struct pdp_loader *ld;
	json_t *rows = json_array();
	int map, code;

	if (pdp_cmd_at_most(ctl, 0, argc, argv))
		return PDP_USAGE;
	code = open_maps(ctl, &ld);
	for (map = 0; !code && map < PDP_MAP_COUNT; map++) {
		struct bpf_map_info info = {0};
		__u32 len = sizeof(info);

		if (bpf_obj_get_info_by_fd(pdp_loader_map_fd(ld, map), &info, &len))
			continue;
		json_array_append_new(rows, json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:s}", "name",
						      pdp_map_name(map), "id", (json_int_t)info.id,
						      "kind", pdp_map_kind(map), "max_entries",
						      (json_int_t)info.max_entries, "key_size",
						      (json_int_t)info.key_size, "value_size",
						      (json_int_t)info.value_size, "help",
						      pdp_map_help(map)));
	}
	if (!code) {
		pdp_loader_close(ld);
		code = pdp_table_print(rows, columns, &ctl->out);
	}
	json_decref(rows);
	return pdp_outcome_of(code);
}

/* A field that holds an id, and where pdpd tells its label. */
static const struct label {
	const char *key;
	const char *label_key;
	const char *path;
} labels[] = {
	{"vnet", "vnet_name", "/v1/vnets"},
	{"vif", "vif_name", "/v1/vifs"},
	{"guest", "guest_name", "/v1/guests"},
	{"port", "port_name", "/v1/ports"},
};

static const char *label_of(const json_t *things, json_int_t id)
{
	const json_t *thing;
	size_t i;

	json_array_foreach(things, i, thing)
		if (json_integer_value(json_object_get(thing, "id")) == id)
			return json_string_value(json_object_get(thing, "name"));
	return NULL;
}

static void add_label(json_t *rows, const struct label *label, const json_t *things)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const json_t *id = json_object_get(row, label->key);
		const char *name = id ? label_of(things, json_integer_value(id)) : NULL;

		if (name)
			json_object_set_new(row, label->label_key, json_string(name));
	}
}

/* In tunnels, a port is a UDP port. */
static bool has_label(enum pdp_map map, const struct label *label)
{
	return map != PDP_MAP_TUNNELS || strcmp(label->key, "port") != 0;
}

static void add_labels(struct pdp_ctl *ctl, json_t *rows, enum pdp_map map)
{
	size_t i;

	for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		json_t *things;

		if (!json_object_get(json_array_get(rows, 0), labels[i].key) ||
		    !has_label(map, &labels[i]))
			continue;
		if (pdp_client_get(&things, ctl->run_dir, labels[i].path, NULL))
			return;
		add_label(rows, &labels[i], things);
		json_decref(things);
	}
}

static int dump_one(struct pdp_ctl *ctl, enum pdp_map map, json_t **rows)
{
	struct pdp_loader *ld;
	int code = open_maps(ctl, &ld);

	if (code)
		return code;
	code = pdp_map_dump(rows, ld, map, &ctl->err);
	pdp_loader_close(ld);
	if (!code)
		add_labels(ctl, *rows, map);
	return code;
}

static enum pdp_outcome dump(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *rows = NULL;
	enum pdp_map map;
	int code;

	if (argc != 1) {
		pdp_fail(&ctl->err, 0,
			 "map dump wants the name of one map; `pdp-ctl map show` "
			 "lists them");
		return PDP_USAGE;
	}
	map = pdp_map_by_name(argv[0]);
	if (map == PDP_MAP_COUNT) {
		pdp_fail(&ctl->err, 0, "no map is called '%s'; `pdp-ctl map show` lists them",
			 argv[0]);
		return PDP_USAGE;
	}
	code = dump_one(ctl, map, &rows);
	if (!code)
		code = pdp_table_print(rows, pdp_map_columns(map), &ctl->out);
	json_decref(rows);
	return pdp_outcome_of(code);
}

const struct pdp_cmd pdp_cmd_map[] = {
	{"show", "", "every map, its kind and size", show},
	{"dump", "MAP", "what a map holds, decoded", dump,
	 "Addresses, MACs, policies in words, slots as runs. pdp_ may be left out of the name. Works\n"
	 "without pdpd; ids then stand in place of names."},
	{NULL},
};
