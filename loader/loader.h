/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * loader.h - the BPF half of a node: its maps, programs, links and pins. No policy.
 *
 * Stands between bpf/ and whoever decides (pdpd, pdp-loader, the tests). Owns the pin directory
 * <root>/v<ABI>/ (mode 0700, flock) and everything below it:
 *
 *   maps/<map name>            every shared map
 *   links/<link name>          bpf_link of an attached program: port-A, fe-12, vif-3, guest-12, drops
 *   shared/<link name>/<ifindex> the same, for a program that shares its device through libxdp
 *   guests/<guest id>/pdp_xsks the XSKMAP of one FE guest
 *   vnets/<vnet>/<map>         what a vnet owner's own program has (owner.h)
 *   guests/<guest id>/tables-<set>/ the arrays that its fast half reads, pdp_rt_*
 *
 * Order of start-up: lock, adopt or load, fill maps (the caller), attach. Its death never touches
 * traffic: maps and links stay pinned.
 */
#ifndef PDP_LOADER_H
#define PDP_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/counters.h"
#include "bpf/maps.h"

#define PDP_PIN_ROOT "/sys/fs/bpf/pdp"
#define PDP_ERRLEN 512
#define PDP_VERSION_LEN 16

/*
 * Where a failed call says what was wrong, where, and what to do, as one sentence without a newline
 * or a capital at its head. Callees that fail always fill it; callers add context in front.
 */
struct pdp_error {
	char text[PDP_ERRLEN];
};

/* Format into err (may be NULL) and return code, so that a failing path is one line. */
int pdp_fail(struct pdp_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Every shared map, in the order of bpf/maps.h. */
enum pdp_map {
	PDP_MAP_TUNNELS,
	PDP_MAP_VNETS,
	PDP_MAP_SLOTS,
	PDP_MAP_KEYS,
	PDP_MAP_GUESTS,
	PDP_MAP_FE_LINKS,
	PDP_MAP_SENDERS,
	PDP_MAP_VIFS,
	PDP_MAP_PORTS,
	PDP_MAP_PORT_IDS,
	PDP_MAP_VIF_LINKS,
	PDP_MAP_VIF_SENDERS,
	PDP_MAP_DELAY_LINK,
	PDP_MAP_XMIT_DROPS,
	PDP_MAP_SEQS,
	PDP_MAP_NEWEST,
	PDP_MAP_TURNS,
	PDP_MAP_FLOWLETS,
	PDP_MAP_TRANSITS,
	PDP_MAP_POLICE,
	PDP_MAP_PACES,
	PDP_MAP_PORT_STATS,
	PDP_MAP_VNET_STATS,
	PDP_MAP_VIF_STATS,
	PDP_MAP_GUEST_STATS,
	PDP_MAP_NODE_STATS,
	PDP_MAP_COUNT,
};

/* "pdp_tunnels" and so on; NULL outside the enum. */
const char *pdp_map_name(enum pdp_map map);

/* Which program goes where. */
enum pdp_hook {
	PDP_HOOK_CLASSIFY, /* pdp_classify, on a port */
	PDP_HOOK_DISPATCH, /* pdp_dispatch, on the MH side of an FE link */
	PDP_HOOK_VIF_OUT, /* pdp_vif_out, on the MH side of a vif of an MH guest */
	PDP_HOOK_DELAYED, /* pdp_delayed, on the MH side of the delay line's link */
	PDP_HOOK_PASS, /* pdp_pass: makes a port that only sends able to receive redirects */
};

enum pdp_attach_flags {
	PDP_ATTACH_FORCE = 1 << 0, /* take the place of a foreign XDP program */
	PDP_ATTACH_DISPATCHER = 1 << 1, /* share the port through libxdp's dispatcher */
	PDP_ATTACH_GENERIC = 1 << 2, /* skb mode; native otherwise, never a silent fall back */
};

struct pdp_loader;

/*
 * pdp_loader_open() - lock the pins below root and load or adopt what belongs there.
 *
 * Mounts bpffs at /sys/fs/bpf when nothing is mounted there and root lies below it. Maps that are
 * pinned already are adopted (their type, key, value and size must be those of this build: -EINVAL
 * names the map and both figures otherwise, and nothing is touched); the rest is created and pinned.
 * Programs are loaded anew every time: pdp_loader_attach() replaces those in force atomically.
 *
 * Returns 0 and *out, which the caller closes; -EBUSY when another process holds the lock; -errno.
 */
int pdp_loader_open(struct pdp_loader **out, const char *root, struct pdp_error *err);

/*
 * Lock the pins of a node and load nothing: enough for detach and purge, also of pins that another
 * build left. -ENOENT: no node.
 */
int pdp_loader_open_pins(struct pdp_loader **out, const char *root, struct pdp_error *err);

/* Open the pinned maps of a node for reading only: no lock, no program is loaded. -ENOENT: no node. */
int pdp_loader_open_maps(struct pdp_loader **out, const char *root, struct pdp_error *err);

/* Give back descriptors and the lock; everything pinned stays. NULL is fine. */
void pdp_loader_close(struct pdp_loader *ld);

/* Remove all links and pins of this node: its traffic stops. Then close as ever. */
int pdp_loader_purge(struct pdp_loader *ld, struct pdp_error *err);

/*
 * Another build's node below root, which has maps of another ABI: its number; 0 = there is none. Our
 * pdp_loader_attach() takes its links over, one by one.
 */
int pdp_loader_find_beside(const char *root);
/* Remove what is left of such nodes. 0 also when there is none; -EBUSY: its pdpd runs. */
int pdp_loader_purge_beside(const char *root, struct pdp_error *err);

/* Descriptor of a map; stays the loader's. */
int pdp_loader_map_fd(const struct pdp_loader *ld, enum pdp_map map);

/*
 * The memory of one of the BPF_F_MMAPABLE maps (VNETS, SLOTS, GUESTS, VIFS), shared with the running
 * programs; stays the loader's. Element i is at i * value size rounded up to 8. NULL for the others.
 */
void *pdp_loader_map_memory(const struct pdp_loader *ld, enum pdp_map map);

/*
 * pdp_loader_attach() - put a program on a device by a pinned bpf_link.
 * @link: name of the pin in links/, one per attachment.
 * @ifindex: device in the calling thread's network namespace.
 *
 * The same device and link again: the program is replaced in place, without a packet lost. The link
 * exists but its device is gone: made anew. A foreign program stands there: -EBUSY, named with its
 * id in err, unless PDP_ATTACH_FORCE. PDP_ATTACH_DISPATCHER where the kernel refuses freplace:
 * -EOPNOTSUPP and why. MTU over what native XDP takes: -ERANGE with both numbers.
 */
int pdp_loader_attach(struct pdp_loader *ld, enum pdp_hook hook, const char *link, int ifindex,
		      unsigned int flags, struct pdp_error *err);

/* Detach and unpin; 0 also when there is no such link. */
int pdp_loader_detach(struct pdp_loader *ld, const char *link, struct pdp_error *err);

/*
 * What stands on an FE guest's eth0: pdp_guest_rx, which gives every frame to the agent's socket, or the fast
 * half of its data plane, which gives it what it does not do itself.
 */
struct pdp_guest_program {
	enum pdp_guest_program_kind {
		PDP_GUEST_RECEIVE,
		PDP_GUEST_ROUTER,
	} kind;
	uint32_t tables; /* of PDP_GUEST_ROUTER: the set that it reads, loader/tables.h */
};

/*
 * pdp_loader_attach_guest() - put a program with the guest's own XSKMAP on its eth0.
 *
 * In the place of the one that stands there, if there is one: each frame meets the old or the new. The
 * calling thread must be in the guest's network namespace. Adopts what is pinned for this guest id. *xskmap_fd
 * stays the loader's and lives until pdp_loader_detach_guest(). PDP_GUEST_DELAY: the delay line, in the
 * caller's namespace.
 */
int pdp_loader_attach_guest(struct pdp_loader *ld, uint16_t guest, int ifindex,
			    const struct pdp_guest_program *program, int *xskmap_fd,
			    struct pdp_error *err);
int pdp_loader_detach_guest(struct pdp_loader *ld, uint16_t guest, struct pdp_error *err);

/*
 * The kernel's statistics of the program that this loader put on the guest's eth0: how often it ran since then and for
 * how long in all, as far as the kernel took the time (pdp_loader_time_programs()). 0 or -errno.
 */
int pdp_loader_guest_runs(const struct pdp_loader *ld, uint16_t guest, uint64_t *runs,
			  uint64_t *ns);
/* Have the kernel time all programs for as long as the descriptor is open, which is the caller's. Needs no loader. */
int pdp_loader_time_programs(struct pdp_error *err);

/* Tell for each pinned link: name, ifindex (0 = its device has gone), program and whose build. */
struct pdp_link_info {
	char name[32];
	uint32_t ifindex;
	uint32_t prog_id;
	char prog_name[16];
	char version[PDP_VERSION_LEN]; /* of the build that the program is of; "?": it does not say */
};
int pdp_loader_each_link(const struct pdp_loader *ld,
			 int (*fn)(const struct pdp_link_info *info, void *arg), void *arg);

/*
 * pdp_loader_check_link() - is what pdp_loader_attach() or pdp_loader_attach_guest() put there in force?
 * @link: its pin ("guest-ID" for a guest's receive program).  @ifindex: in the calling thread's
 * namespace, which must be the device's.
 *
 * 0; -ENOENT: not pinned; -ENODEV: its device has gone; -EXDEV: it holds another device; -EBUSY: another
 * program stands on the device; -ESTALE: it holds a program that this loader did not load. why says so
 * with names and numbers. Attaching again mends all of them.
 */
int pdp_loader_check_link(const struct pdp_loader *ld, const char *link, int ifindex,
			  struct pdp_error *why);

/*
 * pdp_loader_repin() - pin again what is in force and was unpinned behind our back: maps, links, and
 * bpffs itself when it was unmounted. *n = how many pins. Traffic is not touched: this loader's
 * descriptors have kept maps and links alive.
 */
int pdp_loader_repin(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err);

/*
 * Are packets counted that the kernel itself loses between two devices (pdp_xmit_drops)? 0, or why
 * not; a node works without, but its ledger has a gap.
 */
int pdp_loader_xmit_drops(const struct pdp_loader *ld, struct pdp_error *why);

/* Does this kernel take freplace programs (what libxdp's dispatcher stands on)? 1, 0 or -errno. */
int pdp_kernel_has_freplace(void);

/* Sum a per-CPU element into out; the stat structs are all __u64 fields. 0 or -errno. */
int pdp_stats_read(const struct pdp_loader *ld, enum pdp_map map, uint32_t id, void *out,
		   size_t size);

/* The same of the elements 0..n-1 at once, into n structs. */
int pdp_stats_read_first(const struct pdp_loader *ld, enum pdp_map map, uint32_t n, void *out,
			 size_t size);

#endif
