/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * owner.h - a vnet owner's own XDP program: what of it is allowed, and how it comes onto his guests' eth0.
 *
 * Stands beside loader.h. The owner is not trusted: his object is looked at before any of it is loaded
 * (owner_check.c), and his program becomes a function of pdp_owner_rx, which lets only packets out that go
 * back to the link or into the guest's own socket (owner.c). His maps are the vnet's (owner_maps.c). docs/own-data-plane.md is the prose.
 */
#ifndef PDP_OWNER_H
#define PDP_OWNER_H

#include <linux/bpf.h>

#include "bpf/vif.h"
#include "loader/loader.h"

struct bpf_object;

#define PDP_OWNER_VIFS "pdp_dp_vifs" /* the map that PdP fills, if the object has one */
#define PDP_OWNER_VNET_MAX 64 /* characters of its name, with the NUL */
#define PDP_OWNER_MAPS 32 /* most maps of an object, those of its global variables included */
#define PDP_OWNER_KEY_MAX 64 /* bytes */
#define PDP_OWNER_VALUE_MAX (64 * 1024)
#define PDP_OWNER_BYTES_MAX (64u << 20) /* of all maps of an object */
#define PDP_OWNER_OBJECT_MAX (4u << 20) /* of the file */
#define PDP_OWNER_LOG_SIZE (256 * 1024)

/* --- owner_check.c: pure, and not about files, kernels or guests -------------------------------- */

/* A map as the object declares it. */
struct pdp_owner_map {
	const char *name;
	enum bpf_map_type type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags; /* BPF_F_... */
	bool pinned; /* asks for a pin of its own */
	bool variables; /* .data, .bss or .rodata */
};

/* 0, or -EPERM, -E2BIG, -EINVAL and which map is refused for what. *bytes grows by what it takes. */
int pdp_owner_check_map(const struct pdp_owner_map *map, unsigned int n_cpus, uint64_t *bytes,
			struct pdp_error *err);

/*
 * Instructions as they go to the kernel, subprograms included. 0, or -EPERM and err says what the
 * instruction numbered *at does, as "calls bpf_redirect, which ...".
 */
int pdp_owner_check_insns(const struct bpf_insn *insns, size_t n, size_t *at,
			  struct pdp_error *err);

/* The file itself: does it want variables or functions of the kernel? */
int pdp_owner_check_externs(const void *file, size_t size, struct pdp_error *err);

/* The same file opened by libbpf, and not loaded: its programs and its maps. */
int pdp_owner_check_object(const struct bpf_object *object, const char *program,
			   unsigned int n_cpus, struct pdp_error *err);

/* --- owner.c, owner_maps.c ---------------------------------------------------------------------- */

/* Whose program, which, and what it is told. All of it stays the caller's. */
struct pdp_owner_conf {
	const char *vnet; /* its maps are pinned below this name */
	const void *elf;
	size_t size;
	const char *program;
	const struct pdp_dp_vif *vifs; /* all of the vnet's */
	size_t n_vifs;
	char *log; /* PDP_OWNER_LOG_SIZE bytes for the verifier's; "" when it said nothing */
};

/*
 * pdp_loader_try_owner() - would this kernel take it? Checked and loaded with maps of its own, nothing is
 * attached, pinned or kept. 0; -EPERM, -EINVAL, ...: err says why not.
 */
int pdp_loader_try_owner(struct pdp_loader *ld, const struct pdp_owner_conf *conf,
			 struct pdp_error *err);

/*
 * pdp_loader_attach_owner() - as pdp_loader_attach_guest(), with the owner's program.
 *
 * His maps are those of his vnet: what is pinned is used, if type and sizes are as the object has them,
 * and else made anew; pdp_dp_vifs is filled before the first packet. Another program on the link is replaced
 * in place. On failure that one stays, and so do the maps.
 */
int pdp_loader_attach_owner(struct pdp_loader *ld, uint16_t guest, int ifindex,
			    const struct pdp_owner_conf *conf, int *xskmap_fd,
			    struct pdp_error *err);

/*
 * Put a vif into the vnet's pdp_dp_vifs, or with family 0 take it out; 0 also when there is no such map in force
 * by this loader.
 */
int pdp_loader_owner_vif(const struct pdp_loader *ld, const char *vnet,
			 const struct pdp_dp_vif *vif, struct pdp_error *err);

/* The maps of a vnet's own program that are in force by this loader, whose the descriptors stay. */
int pdp_loader_each_owner_map(const struct pdp_loader *ld, const char *vnet,
			      int (*fn)(const char *name, int fd, void *arg), void *arg);

/* The vnet has gone, or has PdP's data plane now: its maps go too. 0 also when there are none. */
int pdp_loader_drop_owner(struct pdp_loader *ld, const char *vnet, struct pdp_error *err);

#endif
