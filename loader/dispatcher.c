/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dispatcher.c - a port shared with other XDP programs, through libxdp's dispatcher.
 *
 * libxdp puts a dispatcher program on the device and each component in the place of one of its
 * functions (freplace). It has no replacement of a component: the new program is added, then the old
 * one taken out, and each step is an atomic change of the whole dispatcher. Packets that pdp_classify
 * passes go on to the other programs, those it redirects do not.
 *
 * The program is pinned as shared/<link>/<ifindex>, which is all that detach needs to know. What a
 * crash leaves unpinned is found on the device by its name.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "loader/internal.h"

/* Put pdp_probe_ext in the place of a function of pdp_probe_xdp. */
static int probe(struct bpf_object *target, struct bpf_object *extension)
{
	struct bpf_program *host = bpf_object__find_program_by_name(target, "pdp_probe_xdp");
	struct bpf_program *unused = bpf_object__find_program_by_name(target, "pdp_probe_ext");
	struct bpf_program *ext = bpf_object__find_program_by_name(extension, "pdp_probe_ext");
	struct bpf_program *other = bpf_object__find_program_by_name(extension, "pdp_probe_xdp");
	struct bpf_link *link;
	int rc;

	bpf_program__set_autoload(unused, false);
	bpf_program__set_autoload(other, false);
	rc = bpf_object__load(target);
	if (rc)
		return rc;
	rc = bpf_program__set_attach_target(ext, bpf_program__fd(host), "pdp_probe_hole");
	if (!rc && bpf_object__load(extension))
		return 0;
	if (rc)
		return rc;
	link = bpf_program__attach_freplace(ext, bpf_program__fd(host), "pdp_probe_hole");
	bpf_link__destroy(link);
	return link ? 1 : 0;
}

int pdp_kernel_has_freplace(void)
{
	struct bpf_object *target = NULL, *extension = NULL;
	int rc;

	rc = pdp_object_open(&target, PDP_OBJECT_FREPLACE, NULL);
	if (!rc)
		rc = pdp_object_open(&extension, PDP_OBJECT_FREPLACE, NULL);
	if (!rc)
		rc = probe(target, extension);
	bpf_object__close(extension);
	bpf_object__close(target);
	return rc;
}

static enum xdp_attach_mode mode_of(unsigned int flags)
{
	return flags & PDP_ATTACH_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE;
}

/* Take out of the dispatcher on a device all components of this name but one. */
static int detach_others(int ifindex, const char *program, uint32_t keep_id)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *part = NULL, *old;
	uint32_t ids[16];
	size_t n = 0;
	enum xdp_attach_mode mode;
	int rc = libxdp_get_error(mp);

	if (rc)
		return rc == -ENOENT || rc == -ENODEV ? 0 : rc;
	mode = xdp_multiprog__attach_mode(mp);
	while (!xdp_multiprog__is_legacy(mp) && n < sizeof(ids) / sizeof(*ids) &&
	       (part = xdp_multiprog__next_prog(part, mp)))
		if (!strcmp(xdp_program__name(part), program) && xdp_program__id(part) != keep_id)
			ids[n++] = xdp_program__id(part);
	xdp_multiprog__close(mp);
	for (size_t i = 0; !rc && i < n; i++) {
		old = xdp_program__from_id(ids[i]);
		rc = libxdp_get_error(old);
		if (rc)
			break;
		rc = xdp_program__detach(old, ifindex, mode, 0);
		xdp_program__close(old);
	}
	return rc;
}

/* Pin the program that was attached, in place of the one before. */
static int record(struct pdp_loader *ld, const char *link, int ifindex, int fd,
		  struct pdp_error *err)
{
	char name[PDP_PATH_MAX], path[PDP_PATH_MAX];
	int rc = pdp_pins_mkdir(ld, "shared", err);

	snprintf(name, sizeof(name), "shared/%s", link);
	pdp_pins_path(ld, path, "%s", name);
	if (!rc)
		rc = pdp_pins_remove(path, err);
	if (!rc)
		rc = pdp_pins_mkdir(ld, name, err);
	snprintf(name, sizeof(name), "shared/%s/%d", link, ifindex);
	return rc ? rc : pdp_pins_publish(ld, fd, name, err);
}

static bool has_dispatcher(int ifindex)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	bool is;

	if (libxdp_get_error(mp))
		return false;
	is = !xdp_multiprog__is_legacy(mp);
	xdp_multiprog__close(mp);
	return is;
}

/* libxdp takes the device for itself, without a word, when it finds no bpffs or no dispatcher. */
static int add(struct xdp_program *part, int ifindex, unsigned int flags, struct pdp_error *err)
{
	char device[PDP_DEV_NAME_LEN];
	int rc = pdp_device_name(ifindex, device, err);

	if (rc)
		return rc;
	rc = xdp_program__attach(part, ifindex, mode_of(flags), 0);
	if (rc)
		return pdp_fail(err, rc,
				"%s: libxdp cannot add %s to the dispatcher: %s; a program that "
				"was not put there by libxdp cannot be shared with",
				device, xdp_program__name(part), strerror(-rc));
	if (has_dispatcher(ifindex))
		return 0;
	xdp_program__detach(part, ifindex, mode_of(flags), 0);
	return pdp_fail(err, -EOPNOTSUPP,
			"%s: libxdp would take the device for %s alone; is its xdp-dispatcher.o "
			"installed, and bpffs mounted at /sys/fs/bpf?",
			device, xdp_program__name(part));
}

static int attach(struct pdp_loader *ld, struct bpf_object *object, const char *program,
		  const char *link, int ifindex, unsigned int flags, struct pdp_error *err)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = object, .prog_name = program);
	struct xdp_program *part = xdp_program__create(&opts);
	int rc = libxdp_get_error(part);

	if (rc)
		return pdp_fail(err, rc, "libxdp cannot take program %s: %s", program,
				strerror(-rc));
	rc = add(part, ifindex, flags, err);
	if (!rc)
		rc = record(ld, link, ifindex, xdp_program__fd(part), err);
	if (!rc) {
		rc = detach_others(ifindex, program, xdp_program__id(part));
		if (rc)
			pdp_fail(err, rc, "cannot take the old %s out of the dispatcher: %s",
				 program, strerror(-rc));
	}
	xdp_program__close(part);
	return rc;
}

int pdp_dispatcher_attach(struct pdp_loader *ld, enum pdp_hook hook, const char *link, int ifindex,
			  unsigned int flags, struct pdp_error *err)
{
	struct bpf_object *object = NULL;
	int rc = pdp_kernel_has_freplace();

	if (rc < 0)
		return pdp_fail(err, rc, "cannot find out whether the kernel takes freplace: %s",
				strerror(-rc));
	if (!rc)
		return pdp_fail(err, -EOPNOTSUPP,
				"this kernel refuses freplace programs, which libxdp's dispatcher "
				"stands on; attach without --dispatcher, alone on the device");
	/* A link of its own would keep the dispatcher from the device. */
	rc = pdp_link_detach(ld, link, err);
	if (!rc)
		rc = pdp_object_open(&object, pdp_hook_object(hook), err);
	if (!rc)
		rc = pdp_maps_share(ld, object, err);
	if (!rc)
		rc = attach(ld, object, pdp_hook_program(hook), link, ifindex, flags, err);
	bpf_object__close(object);
	return rc;
}

struct visit {
	const struct pdp_loader *ld;
	const char *link;
	int (*fn)(const struct pdp_link_info *info, void *arg);
	void *arg;
};

static int visit_device(const char *ifindex, void *arg)
{
	const struct visit *visit = arg;
	struct pdp_link_info out = {.ifindex = strtoul(ifindex, NULL, 10)};
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	char path[PDP_PATH_MAX];
	int fd;

	snprintf(out.name, sizeof(out.name), "%s", visit->link);
	pdp_pins_path(visit->ld, path, "shared/%s/%s", visit->link, ifindex);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len)) {
		out.prog_id = info.id;
		memcpy(out.prog_name, info.name, sizeof(out.prog_name));
		pdp_program_version(info.id, out.version);
	}
	close(fd);
	return visit->fn(&out, visit->arg);
}

static int visit_link(const char *link, void *arg)
{
	struct visit visit = *(struct visit *)arg;
	char path[PDP_PATH_MAX];

	visit.link = link;
	pdp_pins_path(visit.ld, path, "shared/%s", link);
	return pdp_pins_each(path, visit_device, &visit);
}

int pdp_dispatcher_each(const struct pdp_loader *ld,
			int (*fn)(const struct pdp_link_info *info, void *arg), void *arg)
{
	struct visit visit = {ld, NULL, fn, arg};
	char path[PDP_PATH_MAX];

	pdp_pins_path(ld, path, "shared");
	return pdp_pins_each(path, visit_link, &visit);
}

static int detach_device(const struct pdp_link_info *info, void *arg)
{
	(void)arg;
	return detach_others(info->ifindex, info->prog_name, 0);
}

int pdp_dispatcher_detach(struct pdp_loader *ld, const char *link, struct pdp_error *err)
{
	struct visit visit = {ld, link, detach_device, NULL};
	char path[PDP_PATH_MAX];
	int rc;

	pdp_pins_path(ld, path, "shared/%s", link);
	rc = pdp_pins_each(path, visit_device, &visit);
	if (rc)
		return pdp_fail(err, rc, "cannot take link %s out of the dispatcher: %s", link,
				strerror(-rc));
	return pdp_pins_remove(path, err);
}
