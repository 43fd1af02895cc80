/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_kept.h - what the next controller must know of a guest that runs on without this one.
 *
 * One file per guest, RUN_DIR/kept/NAME, mapped into memory: what is saved survives a SIGKILL, and goes
 * with the machine, as guests do. There are two copies, and a word that says which one counts, so that
 * no moment to die leaves half of one.
 */
#ifndef PDP_GUEST_KEPT_H
#define PDP_GUEST_KEPT_H

#include "ctl/agentlink.h"
#include "ctl/guest.h"

#define PDP_GUEST_CPUS_MAX 128

struct pdp_guest_kept {
	/* As it was asked for. */
	uint16_t id; /* first, in every build: pdp_kept_id() */
	uint16_t pad;
	uint32_t power; /* millicores */
	uint32_t memory_mib;
	uint32_t link_mtu;
	char name[48];
	char cpus[PDP_GUEST_CPUS_MAX];
	char dataplane[16];

	/* How it went. */
	uint32_t agents; /* that have ever arrived */
	uint32_t stats_map; /* id of the map whose counters at_first is of */
	uint32_t tables; /* the set that its agent has in force; 0 = memory of its own */
	uint32_t pad2;
	uint64_t cpu_ns_before; /* of containers that have gone */
	uint64_t thread_ns_before; /* of their links' threads */
	uint64_t softirq_ns; /* charged to it, of eth0's program */
	uint64_t rx_drops_before; /* of links that have gone */
	uint64_t rx_drops_seen; /* of this one: a device that is deleted takes its counter along */
	uint64_t tx_drops_before; /* as rx_drops, of what the fast half sent */
	uint64_t tx_drops_seen;
	uint64_t died_packets;
	uint64_t made; /* came back beyond what agents say they have sent, when agent.seen was */
	struct pdp_guest_stats at_first; /* the maps outlive controllers, and ids are used again */
	struct pdp_agent_past agent;
	struct pdp_guest_note note;
};

struct pdp_kept_file;

/* Make the file, in the place of an earlier one, or open the one that is there. 0 or -errno. */
int pdp_kept_make(struct pdp_kept_file **out, const char *run_dir,
		  const struct pdp_guest_kept *kept, struct pdp_error *err);
/* -ENOENT: there is none; -EINVAL: not of this build's making. */
int pdp_kept_open(struct pdp_kept_file **out, const char *run_dir, const char *name,
		  struct pdp_guest_kept *kept, struct pdp_error *err);

/* The id, of a file of any build; 0 when it does not tell. */
uint16_t pdp_kept_id(const char *run_dir, const char *name);

/* Cheap: a copy and a word. NULL is fine, for both. */
void pdp_kept_save(struct pdp_kept_file *file, const struct pdp_guest_kept *kept);
void pdp_kept_close(struct pdp_kept_file *file);

void pdp_kept_remove(const char *run_dir, const char *name);

#endif
