/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * version.c - which build a loaded program is of: what bpf/version.bpf.h put among its constants.
 *
 * The constants are a map that is bound to the program; BTF tells where in it the version stands.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loader/internal.h"

#define PROGRAM_MAPS 32
#define VALUE_MAX 256

static const char variable[] = "bpf_metadata_version";

/* Where the variable stands in this .rodata; -1 when it is not there. */
static int offset_in(const struct bpf_map_info *info)
{
	struct btf *btf = btf__load_from_kernel_by_id(info->btf_id);
	const struct btf_type *section = btf ? btf__type_by_id(btf, info->btf_value_type_id) : NULL;
	int offset = -1;

	if (section && btf_is_datasec(section))
		for (int i = 0; i < btf_vlen(section); i++) {
			const struct btf_var_secinfo *var = &btf_var_secinfos(section)[i];
			const struct btf_type *type = btf__type_by_id(btf, var->type);

			if (!strcmp(btf__name_by_offset(btf, type->name_off), variable))
				offset = (int)var->offset;
		}
	btf__free(btf);
	return offset;
}

static bool read_from(int map_fd, char version[PDP_VERSION_LEN])
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info), key = 0;
	char value[VALUE_MAX + 1] = "";
	int offset;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &len) || !strstr(info.name, ".rodata") ||
	    !info.btf_id || info.value_size > VALUE_MAX)
		return false;
	offset = offset_in(&info);
	if (offset < 0 || bpf_map_lookup_elem(map_fd, &key, value))
		return false;
	snprintf(version, PDP_VERSION_LEN, "%.*s", PDP_VERSION_LEN - 1, value + offset);
	return true;
}

void pdp_program_version(uint32_t id, char version[PDP_VERSION_LEN])
{
	uint32_t maps[PROGRAM_MAPS] = {0}, len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {.nr_map_ids = PROGRAM_MAPS, .map_ids = (uintptr_t)maps};
	int fd = bpf_prog_get_fd_by_id(id);
	bool found = false;

	snprintf(version, PDP_VERSION_LEN, "?");
	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.nr_map_ids = 0;
	close(fd);
	for (uint32_t i = 0; !found && i < info.nr_map_ids && i < PROGRAM_MAPS; i++) {
		fd = bpf_map_get_fd_by_id(maps[i]);
		found = fd >= 0 && read_from(fd, version);
		if (fd >= 0)
			close(fd);
	}
}
