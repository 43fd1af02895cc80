/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * internal.h - what the files of loader/ say to each other.
 *
 *   pins.c       the directory: bpffs, lock, paths, publish by rename, remove
 *   maps.c       the catalog: which maps there are, adopt, check, pin, mmap
 *   programs.c   BPF objects: open, give them the shared maps, load
 *   version.c    which build a loaded program is of
 *   links.c      bpf_links on devices: create, replace, evict, detach
 *   held.c       the links that this loader made: are they in force, are they pinned?
 *   guest.c      the program on the eth0 of an FE guest and its XSKMAP
 *   tables.c     the arrays that a guest's fast half reads
 *   owner_check.c what a vnet owner's own program may do
 *   owner.c      that program in the frame that PdP puts around it
 *   owner_maps.c its maps
 *   drops.c      the kernel's own losses at a redirect
 *   dispatcher.c programs that share a device through libxdp's dispatcher
 *   beside.c     the node of another ABI beside ours
 *   loader.c     a node's open, close and purge, from the parts above
 */
#ifndef PDP_LOADER_INTERNAL_H
#define PDP_LOADER_INTERNAL_H

#include <bpf/libbpf.h>

#include "loader/loader.h"
#include "loader/tables.h"

#define PDP_PATH_MAX 256
#define PDP_ROOT_MAX 128 /* leaves room below for the longest pin */
#define PDP_LINK_NAME_MAX 32 /* with the NUL, as in struct pdp_link_info */

/* One bpf/NAME.bpf.c each; those before PDP_OBJECT_GUEST are loaded once per node, by open. */
enum pdp_object {
	PDP_OBJECT_CLASSIFY,
	PDP_OBJECT_DISPATCH,
	PDP_OBJECT_VIF_OUT,
	PDP_OBJECT_DELAYED,
	PDP_OBJECT_PASS,
	PDP_OBJECT_DROPS,
	PDP_OBJECT_GUEST,
	PDP_OBJECT_OWNER,
	PDP_OBJECT_ROUTER,
	PDP_OBJECT_FREPLACE,
	PDP_OBJECT_COUNT,
};
#define PDP_NODE_OBJECTS PDP_OBJECT_GUEST

/* A link of this loader's: what it put there, kept alive if its pin is taken away. */
struct pdp_held_link {
	char name[PDP_LINK_NAME_MAX];
	int fd;
	uint32_t prog_id;
};

struct pdp_loader {
	char dir[PDP_PATH_MAX]; /* <root>/v<ABI> */
	int dir_fd; /* holds the flock; -1 when only reading */
	int map_fd[PDP_MAP_COUNT];
	bool map_pinned[PDP_MAP_COUNT];
	uint32_t value_size[PDP_MAP_COUNT];
	void *memory[PDP_MAP_COUNT];
	size_t memory_size[PDP_MAP_COUNT];
	struct bpf_object *object[PDP_NODE_OBJECTS];
	struct pdp_error no_drops; /* why the kernel's own losses are not counted; "" if they are */
	int xsks_fd[PDP_MAX_GUESTS + 1];
	struct pdp_held_tables *tables; /* of guests, by this loader made or found */
	struct pdp_owner_held *owner_maps; /* of vnets with a program of their owner's */
	struct pdp_held_link *held;
	size_t n_held;
};

/* --- pins.c ----------------------------------------------------------------------------------- */

/* Make the directory of this ABI below root and lock it (create), or lock one that must be there. */
int pdp_pins_lock(struct pdp_loader *ld, const char *root, int abi, bool create,
		  struct pdp_error *err);
/* The directories that pins stand in; those that are there stay. */
int pdp_pins_make_tree(struct pdp_loader *ld, struct pdp_error *err);
/* The directory below root as it is, without a lock. */
int pdp_pins_find(struct pdp_loader *ld, const char *root, struct pdp_error *err);
void pdp_pins_path(const struct pdp_loader *ld, char path[PDP_PATH_MAX], const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int pdp_pins_mkdir(const struct pdp_loader *ld, const char *name, struct pdp_error *err);
/* Remove a file or a directory with all below it; nothing there is fine. */
int pdp_pins_remove(const char *path, struct pdp_error *err);
/* Pin fd as <dir>/<name>, in place of what was pinned there, if anything. */
int pdp_pins_publish(const struct pdp_loader *ld, int fd, const char *name, struct pdp_error *err);
/* Call fn for each name in a directory, sorted; a directory that is not there is empty. */
int pdp_pins_each(const char *path, int (*fn)(const char *name, void *arg), void *arg);
/* Is this name fit for a file in bpffs: [A-Za-z0-9_-], at most 31 characters? */
bool pdp_pins_name_ok(const char *name);

/* --- maps.c ----------------------------------------------------------------------------------- */

/* Take the descriptors of all maps that are pinned. */
int pdp_maps_adopt(struct pdp_loader *ld, bool readonly, struct pdp_error *err);
/* Are the adopted maps those that this object was built for? */
int pdp_maps_check(const struct pdp_loader *ld, const struct bpf_object *object,
		   struct pdp_error *err);
int pdp_map_check(const struct bpf_map *map, int fd, struct pdp_error *err);
/* Before an object's load: give it the maps that exist; after: take those that it made. */
int pdp_maps_share(const struct pdp_loader *ld, struct bpf_object *object, struct pdp_error *err);
int pdp_maps_take(struct pdp_loader *ld, const struct bpf_object *object, struct pdp_error *err);
/* Pin what is not pinned yet; a new node's maps appear all at once. */
int pdp_maps_publish(struct pdp_loader *ld, struct pdp_error *err);
int pdp_maps_map_memory(struct pdp_loader *ld, bool readonly, struct pdp_error *err);
void pdp_maps_close(struct pdp_loader *ld);

/* --- programs.c ------------------------------------------------------------------------------- */

int pdp_object_open(struct bpf_object **out, enum pdp_object which, struct pdp_error *err);
/* Load with the node's maps; names the program and the verifier's last words when refused. */
int pdp_object_load(const struct pdp_loader *ld, struct bpf_object *object, struct pdp_error *err);
/* A constant of an object that is not loaded yet; the others stay. */
int pdp_object_set_rodata(struct bpf_object *object, size_t offset, const void *data, size_t size,
			  struct pdp_error *err);
/* The line of a verifier's log that says what it refused; *len is without its newline. */
const char *pdp_last_words(const char *log, size_t *len);
enum pdp_object pdp_hook_object(enum pdp_hook hook);
const char *pdp_hook_program(enum pdp_hook hook);
int pdp_programs_open(struct pdp_loader *ld, struct pdp_error *err);
int pdp_programs_load(struct pdp_loader *ld, struct pdp_error *err);
void pdp_programs_close(struct pdp_loader *ld);
/* Name of a loaded program; "?" when it cannot be had. */
void pdp_program_name(uint32_t id, char name[BPF_OBJ_NAME_LEN]);

/* --- loader.c --------------------------------------------------------------------------------- */

/* As pdp_loader_open_pins(), of any ABI. */
int pdp_loader_open_abi(struct pdp_loader **out, const char *root, int abi, struct pdp_error *err);

/* --- version.c -------------------------------------------------------------------------------- */

/* Of the build that a loaded program is of (bpf/version.bpf.h); "?" when it does not say. */
void pdp_program_version(uint32_t id, char version[PDP_VERSION_LEN]);

/* --- links.c ---------------------------------------------------------------------------------- */

int pdp_link_attach(struct pdp_loader *ld, const char *link, int prog_fd, int ifindex,
		    unsigned int flags, struct pdp_error *err);
int pdp_link_detach(struct pdp_loader *ld, const char *link, struct pdp_error *err);
/* Pin those whose pins are gone; *n is raised by their number. */
int pdp_links_repin(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err);
void pdp_links_close(struct pdp_loader *ld);
/* Of an XDP link; -EINVAL for another. */
int pdp_link_info(int fd, struct bpf_link_info *info);
/* Name of a device of this network namespace; -ENODEV. */
int pdp_device_name(int ifindex, char name[PDP_DEV_NAME_LEN], struct pdp_error *err);

/* --- device.c --------------------------------------------------------------------------------- */

/* What stands on a device of this network namespace. prog_id 0: nothing. */
struct pdp_standing {
	uint32_t prog_id;
	uint32_t mode; /* XDP_FLAGS_..._MODE */
};
/* 0; -ENODEV: there is no such device; -errno. */
int pdp_device_look(int ifindex, struct pdp_standing *standing);

/* --- held.c ----------------------------------------------------------------------------------- */

/* Remember a link, instead of one with its name; fd stays the caller's. */
int pdp_held_add(struct pdp_loader *ld, const char *link, int fd, int prog_fd,
		 struct pdp_error *err);
void pdp_held_drop(struct pdp_loader *ld, const char *link);
const struct pdp_held_link *pdp_held_find(const struct pdp_loader *ld, const char *link);

/* --- owner.c, owner_maps.c -------------------------------------------------------------------- */

struct pdp_owner_conf;

/*
 * The owner's object, its program within the loaded frame (PDP_OBJECT_OWNER), on the vnet's maps or on its own.
 * *out is the caller's to close; NULL on failure.
 */
int pdp_owner_load(const struct pdp_loader *ld, const struct bpf_object *frame,
		   const struct pdp_owner_conf *conf, bool on_pinned, struct bpf_object **out,
		   struct pdp_error *err);
/* Before the object's load: give it the vnet's maps (NULL: none), and the guest's XSKMAP, which the frame has. */
int pdp_owner_share_maps(const struct pdp_loader *ld, struct bpf_object *object,
			 const struct bpf_object *frame, const char *vnet, struct pdp_error *err);
/* The map of vifs as the vnet is now, whatever was in it. */
int pdp_owner_fill_vifs(int fd, const struct pdp_owner_conf *conf, struct pdp_error *err);
/* Its program is in force: so are its maps, and no others. */
int pdp_owner_publish(struct pdp_loader *ld, const struct bpf_object *object, const char *vnet,
		      struct pdp_error *err);
/* As pdp_links_repin(). */
int pdp_owner_repin(const struct pdp_loader *ld, unsigned int *n, struct pdp_error *err);
void pdp_owner_close(struct pdp_loader *ld);

/* --- drops.c, guest.c, dispatcher.c ----------------------------------------------------------- */

#define PDP_DROPS_LINK "drops"

int pdp_drops_load(struct pdp_loader *ld, struct pdp_error *err);
int pdp_drops_attach(struct pdp_loader *ld, struct pdp_error *err);
/* As pdp_links_repin(). */
int pdp_guests_repin(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err);

/* --- tables.c --------------------------------------------------------------------------------- */

/* As pdp_links_repin(). */
int pdp_tables_repin(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err);
void pdp_tables_close(struct pdp_loader *ld);
/* Which table a map of this name is; PDP_ROUTER_N_TABLES: none. */
enum pdp_router_table pdp_tables_index(const char *map);
/* Before the object's load: give it the arrays. */
int pdp_tables_share(const struct pdp_guest_tables *set, struct bpf_object *object,
		     struct pdp_error *err);

int pdp_dispatcher_attach(struct pdp_loader *ld, enum pdp_hook hook, const char *link, int ifindex,
			  unsigned int flags, struct pdp_error *err);
/* 0 also when the link does not share a device. */
int pdp_dispatcher_detach(struct pdp_loader *ld, const char *link, struct pdp_error *err);
int pdp_dispatcher_each(const struct pdp_loader *ld,
			int (*fn)(const struct pdp_link_info *info, void *arg), void *arg);

#endif
