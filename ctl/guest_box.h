/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_box.h - one guest, for the files that share its life:
 *
 *   guest.c        is made, ends, is made again
 *   guest_start.c  its container starts, beside those of others
 *   guest_adopt.c  is taken over from an earlier controller, and let go for the next
 *   guest_fast.c   the fast half of its data plane: its tables, and whether it stands on eth0
 *   guest_books.c  its counters, over the deaths of agents, links and controllers
 *   guest_limits.c its share of CPU and memory, its links as they must be
 *   guest_thread.c the kernel thread of its eth0, and that it is the guest's
 */
#ifndef PDP_GUEST_BOX_H
#define PDP_GUEST_BOX_H

#include "ctl/agentlink.h"
#include "ctl/cgroup.h"
#include "ctl/container.h"
#include "ctl/felink.h"
#include "ctl/guest_kept.h"
#include "ctl/guest_node.h"

/* Where the tables of its data plane are: arrays of this size, or memory of the agent's own. */
enum pdp_tables_level { PDP_TABLES_SMALL, PDP_TABLES_FULL, PDP_TABLES_OWN };

struct pdp_guest_box {
	LIST_ENTRY(pdp_guest_box) others; /* of the node */
	struct pdp_guests *guests;
	struct pdp_guest_kept k; /* as asked for, and how it went; saved in file */
	struct pdp_kept_file *file;
	char lxc_name[128];
	struct pdp_own *own; /* NULL = its data plane is PdP's */
	uid_t id_base;
	pdp_guest_fn fn;
	void *arg;

	enum pdp_guest_state state;
	struct pdp_felink link;
	struct pdp_agentlink *agent;
	struct pdp_cgroup cgroup;
	uint32_t agent_power; /* what of k.power is its agent's: its quota */
	pid_t init_pid;
	int init_pidfd;
	struct event *death_ev; /* init_pidfd is readable */
	struct event *retry_ev;
	struct event *adopt_ev; /* an adopted guest's agent does not come */
	unsigned int pause_ms;
	unsigned int starts; /* in a row, without READY */
	bool fresh; /* never was up */
	bool is_waiting; /* for its turn to start */
	TAILQ_ENTRY(pdp_guest_box) waits;
	struct pdp_container_starter starter; /* pid 0 = no start is under way */
	struct {
		uint32_t power, memory_mib;
	} begun; /* what it starts with */
	struct event *started_ev; /* the starter is done */
	struct {
		enum pdp_fast_half wish;
		enum pdp_tables_level level;
		const struct pdp_guest_tables *next; /* given to the agent, and not in force yet */
		uint32_t on; /* the set that the program on eth0 reads; 0 = it is pdp_guest_rx */
		uint32_t failed; /* the set that no program could be put upon; 0 = none */
		uint64_t off_ns; /* when it was replaced by that */
		struct pdp_error why; /* it could not be */
	} fast;
	struct {
		bool told; /* whether it is to be */
		bool on; /* it is to be */
		pid_t pid; /* 0 = there is none */
		uint64_t looked_ns; /* when it was last looked for */
		unsigned int tries; /* to move one that is new */
		struct pdp_cgroup cgroup;
		struct pdp_error why; /* there is none; "" */
	} thread;
	bool unwatched; /* adopted, and its agent has not come to this controller */
	uint64_t lost_at_ns; /* when the last agent was lost; 0 = booked */
	struct pdp_guest_stats drain; /* as last seen by pdp_guest_drained(); */
	uint64_t drain_ns; /* since when */
};

/* --- guest.c ------------------------------------------------------------------------------------- */

/* Change the state and tell it. */
void pdp_box_tell(struct pdp_guest_box *guest, enum pdp_guest_state state,
		  const struct pdp_error *err);
int pdp_box_new(struct pdp_guest_box **out, struct pdp_guests *guests,
		const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		struct pdp_error *err);
/* Memory and descriptors; what is running runs on. */
void pdp_box_free(struct pdp_guest_box *guest);
/* Everything but pins and what is remembered. Half-made is fine. */
void pdp_box_take_down(struct pdp_guest_box *guest);
/* The container is gone or did not start, err says so: another one later, if there is hope. */
void pdp_box_down_again(struct pdp_guest_box *guest, struct pdp_error *err);
int pdp_box_watch_init(struct pdp_guest_box *guest, struct pdp_error *err);

/* --- guest_start.c ------------------------------------------------------------------------------- */

int pdp_guest_starts_init(struct pdp_guests *guests, struct pdp_error *err);
void pdp_guest_starts_fini(struct pdp_guests *guests);
/* Container, link, programs, channel: when there is room for it. Tells STARTING when they are there. */
void pdp_box_bring_up(struct pdp_guest_box *guest);
/* Give up a start that waits, or wait for the end of one that is under way. */
void pdp_box_cancel(struct pdp_guest_box *guest);
/* What is found or made of a container that runs; the parts of a start, in its order. */
void pdp_box_owner(const struct pdp_guest_box *guest, char owner[160]);
int pdp_box_attach(struct pdp_guest_box *guest, int *xskmap_fd, struct pdp_error *err);
int pdp_box_open_channel(struct pdp_guest_box *guest, int xskmap_fd, struct pdp_error *err);
/* Name of the dispatcher's link. */
void pdp_box_dispatch_link(uint16_t id, char name[16]);

/* --- guest_fast.c -------------------------------------------------------------------------------- */

/* The program that belongs on eth0: the fast half where it is wanted and can be, or pdp_guest_rx. */
int pdp_box_attach_inner(struct pdp_guest_box *guest, int *xskmap_fd, struct pdp_error *err);
/* The agent has come: give it tables, if it is to have others than it has. */
void pdp_box_fast_connected(struct pdp_guest_box *guest);
/* Its tables are full: give it larger ones, if there are. */
void pdp_box_fast_full(struct pdp_guest_box *guest);
/* All that it was told is in force: so are its tables, and the fast half on them. */
int pdp_box_fast_synced(struct pdp_guest_box *guest, struct pdp_error *err);
/* It is gone; with a dead one goes the fast half. */
void pdp_box_fast_lost(struct pdp_guest_box *guest);
/* Wait, if it went a moment ago, until what it has sent has come through. */
void pdp_box_fast_settle(const struct pdp_guest_box *guest);
/* The limit that the agent is to keep to by itself. */
void pdp_box_tell_memory(const struct pdp_guest_box *guest);
void pdp_box_fast_look(const struct pdp_guest_box *guest, struct pdp_guest_fast *out);

/* --- guest_books.c ------------------------------------------------------------------------------- */

/* CLOCK_MONOTONIC. */
uint64_t pdp_box_now_ns(void);
struct pdp_guest_stats pdp_box_stats(const struct pdp_guest_box *guest);
uint32_t pdp_box_stats_map(const struct pdp_guest_box *guest);
uint64_t pdp_box_rx_drops(struct pdp_guest_box *guest);
/* What its fast half sent and the link had no room for. */
uint64_t pdp_box_tx_drops(struct pdp_guest_box *guest);
/* What agents had in hand when they died is lost: book it. Only while no socket is in the XSKMAP. */
void pdp_box_book_died(struct pdp_guest_box *guest);
/* The agent is gone: from now on, until booked, its frames settle. */
void pdp_box_agent_lost(struct pdp_guest_box *guest);
/* The link goes: its counters to those of the gone. */
void pdp_box_bury_link(struct pdp_guest_box *guest);
void pdp_box_save(struct pdp_guest_box *guest);

/* --- guest_thread.c ------------------------------------------------------------------------------ */

/* The link is there, and its program: make the thread what it is to be. True when something has changed. */
bool pdp_box_thread(struct pdp_guest_box *guest);
/* The link goes, and the thread with it: keep what it has used. */
void pdp_box_bury_thread(struct pdp_guest_box *guest);

#endif
