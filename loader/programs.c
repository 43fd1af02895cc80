/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * programs.c - the BPF objects, embedded as skeletons: open, give them the node's maps, load.
 *
 * Owns the objects of a node as long as a loader is open; what is attached outlives them.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/classify.skel.h"
#include "bpf/delayed.skel.h"
#include "bpf/dispatch.skel.h"
#include "bpf/drops.skel.h"
#include "bpf/freplace.skel.h"
#include "bpf/guest.skel.h"
#include "bpf/owner.skel.h"
#include "bpf/pass.skel.h"
#include "bpf/vif_out.skel.h"
#include "fe-agent/router.skel.h"
#include "loader/internal.h"

#define VERIFIER_LOG_SIZE (64 * 1024)
#define RODATA_MAX 256 /* of an object with constants to set */

static const struct {
	const char *name;
	const void *(*elf)(size_t *size);
} objects[PDP_OBJECT_COUNT] = {
	[PDP_OBJECT_CLASSIFY] = {"classify", classify_bpf__elf_bytes},
	[PDP_OBJECT_DISPATCH] = {"dispatch", dispatch_bpf__elf_bytes},
	[PDP_OBJECT_VIF_OUT] = {"vif_out", vif_out_bpf__elf_bytes},
	[PDP_OBJECT_DELAYED] = {"delayed", delayed_bpf__elf_bytes},
	[PDP_OBJECT_PASS] = {"pass", pass_bpf__elf_bytes},
	[PDP_OBJECT_DROPS] = {"drops", drops_bpf__elf_bytes},
	[PDP_OBJECT_GUEST] = {"guest", guest_bpf__elf_bytes},
	[PDP_OBJECT_OWNER] = {"owner", owner_bpf__elf_bytes},
	[PDP_OBJECT_ROUTER] = {"router", router_bpf__elf_bytes},
	[PDP_OBJECT_FREPLACE] = {"freplace", freplace_bpf__elf_bytes},
};

static const struct {
	enum pdp_object object;
	const char *program;
} hooks[] = {
	[PDP_HOOK_CLASSIFY] = {PDP_OBJECT_CLASSIFY, "pdp_classify"},
	[PDP_HOOK_DISPATCH] = {PDP_OBJECT_DISPATCH, "pdp_dispatch"},
	[PDP_HOOK_VIF_OUT] = {PDP_OBJECT_VIF_OUT, "pdp_vif_out"},
	[PDP_HOOK_DELAYED] = {PDP_OBJECT_DELAYED, "pdp_delayed"},
	[PDP_HOOK_PASS] = {PDP_OBJECT_PASS, "pdp_pass"},
};

enum pdp_object pdp_hook_object(enum pdp_hook hook)
{
	return hooks[hook].object;
}

const char *pdp_hook_program(enum pdp_hook hook)
{
	return hooks[hook].program;
}

int pdp_object_open(struct bpf_object **out, enum pdp_object which, struct pdp_error *err)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = objects[which].name);
	size_t size;
	const void *elf = objects[which].elf(&size);

	*out = bpf_object__open_mem(elf, size, &opts);
	if (!*out)
		return pdp_fail(err, -errno, "cannot open the BPF object '%s': %s",
				objects[which].name, strerror(errno));
	return 0;
}

/* The end of a verifier's log says what it refused; its statistics come after that. */
const char *pdp_last_words(const char *log, size_t *len)
{
	const char *end = strstr(log, "\nprocessed "), *line;

	if (!end)
		end = log + strlen(log);
	while (end > log && end[-1] == '\n')
		end--;
	line = end;
	while (line > log && line[-1] != '\n')
		line--;
	*len = end - line;
	return line;
}

/* Load, with a log that libbpf fills only if the verifier says no, and then stops. */
static int load(struct bpf_object *object, struct pdp_error *err)
{
	char *log = calloc(1, VERIFIER_LOG_SIZE);
	struct bpf_program *program;
	const char *words;
	size_t len;
	int rc;

	if (!log)
		return pdp_fail(err, -ENOMEM, "out of memory");
	bpf_object__for_each_program(program, object)
		bpf_program__set_log_buf(program, log, VERIFIER_LOG_SIZE);
	rc = bpf_object__load(object);
	words = pdp_last_words(log, &len);
	if (rc && *log)
		pdp_fail(err, rc, "the kernel refused the BPF object '%s': %s (%.*s)",
			 bpf_object__name(object), strerror(-rc), (int)len, words);
	else if (rc)
		pdp_fail(err, rc, "cannot load the BPF object '%s': %s%s", bpf_object__name(object),
			 strerror(-rc), rc == -EPERM ? " (it takes root)" : "");
	bpf_object__for_each_program(program, object)
		bpf_program__set_log_buf(program, NULL, 0);
	free(log);
	return rc;
}

int pdp_object_load(const struct pdp_loader *ld, struct bpf_object *object, struct pdp_error *err)
{
	int rc = pdp_maps_share(ld, object, err);

	return rc ? rc : load(object, err);
}

int pdp_object_set_rodata(struct bpf_object *object, size_t offset, const void *data, size_t size,
			  struct pdp_error *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	size_t room = 0;
	const void *initial = map ? bpf_map__initial_value(map, &room) : NULL;
	char value[RODATA_MAX];
	int rc = -ENOENT;

	if (initial && room <= sizeof(value) && offset + size <= room) {
		memcpy(value, initial, room);
		memcpy(value + offset, data, size);
		rc = bpf_map__set_initial_value(map, value, room);
	}
	if (rc)
		return pdp_fail(err, rc, "cannot set the constants of the BPF object '%s': %s",
				bpf_object__name(object), strerror(-rc));
	return 0;
}

int pdp_programs_open(struct pdp_loader *ld, struct pdp_error *err)
{
	int rc = 0;

	for (enum pdp_object i = 0; !rc && i < PDP_NODE_OBJECTS; i++)
		rc = pdp_object_open(&ld->object[i], i, err);
	for (enum pdp_object i = 0; !rc && i < PDP_NODE_OBJECTS; i++)
		rc = pdp_maps_check(ld, ld->object[i], err);
	return rc;
}

int pdp_programs_load(struct pdp_loader *ld, struct pdp_error *err)
{
	int rc = 0;

	for (enum pdp_object i = 0; !rc && i < PDP_NODE_OBJECTS; i++) {
		if (i == PDP_OBJECT_DROPS)
			rc = pdp_drops_load(ld, err);
		else
			rc = pdp_object_load(ld, ld->object[i], err);
		if (!rc)
			rc = pdp_maps_take(ld, ld->object[i], err);
	}
	return rc;
}

void pdp_programs_close(struct pdp_loader *ld)
{
	for (enum pdp_object i = 0; i < PDP_NODE_OBJECTS; i++) {
		bpf_object__close(ld->object[i]);
		ld->object[i] = NULL;
	}
}

void pdp_program_name(uint32_t id, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	snprintf(name, BPF_OBJ_NAME_LEN, "?");
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	close(fd);
}
