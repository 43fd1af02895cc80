/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_fast.c - the fast half of a guest's data plane: the arrays that both halves read, and when it stands
 * on eth0.
 *
 * An agent that comes is given empty arrays (PDP_MSG_TABLES) and told everything; with its SYNCED they are
 * in force, and the fast half takes the place of pdp_guest_rx. When they become too small it is given larger ones in
 * the same way, while both halves work on from the old, and when there are none large enough, memory of its
 * own, which the fast half cannot read. An agent that has died leaves tables that nobody keeps up to date:
 * the fast half goes with it. docs/fast-half.md.
 */
#include "ctl/guest.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/guest_box.h"
#include "ctl/netns.h"
#include "ctl/own.h"
#include "loader/tables.h"

#define SETTLE_NS 5000000 /* for what the fast half has sent to reach the dispatcher */
#define MEMORY_SHARE 2 /* the arrays may take one part of so many of a guest's memory */

static const struct pdp_router_sizes sizes[] = {
	[PDP_TABLES_SMALL] = PDP_ROUTER_SMALL,
	[PDP_TABLES_FULL] = PDP_ROUTER_FULL,
};

static bool exists(const struct pdp_guest_box *guest)
{
	return !strcmp(guest->k.dataplane, "router");
}

static bool is_wanted(const struct pdp_guest_box *guest)
{
	return exists(guest) && guest->fast.wish != PDP_FAST_HALF_OFF;
}

/* --- on eth0 -------------------------------------------------------------------------------------- */

static int attach(struct pdp_guest_box *guest, uint32_t tables, int *xskmap_fd,
		  struct pdp_error *err)
{
	const struct pdp_guest_program program = {
		.kind = tables ? PDP_GUEST_ROUTER : PDP_GUEST_RECEIVE,
		.tables = tables,
	};
	int back, code = pdp_netns_enter(guest->link.netns_fd, &back, err);

	if (code)
		return code;
	code = pdp_loader_attach_guest(guest->guests->loader, guest->k.id,
				       guest->link.inner_ifindex, &program, xskmap_fd, err);
	pdp_netns_leave(back);
	if (code)
		return code;
	if (guest->fast.on && !tables)
		guest->fast.off_ns = pdp_box_now_ns();
	guest->fast.on = tables;
	return 0;
}

/* The set that the fast half is to stand upon; 0: it is not to be there. One that has failed stays so. */
static uint32_t to_be_on(const struct pdp_guest_box *guest)
{
	return is_wanted(guest) && guest->k.tables != guest->fast.failed ? guest->k.tables : 0;
}

/* Its owner's program is the fast half of his data plane; there is no other. */
static int attach_own(struct pdp_guest_box *guest, int *xskmap_fd, struct pdp_error *err)
{
	int back, code = pdp_netns_enter(guest->link.netns_fd, &back, err);

	if (code)
		return code;
	code = pdp_own_attach(guest->own, guest->k.id, guest->link.inner_ifindex, xskmap_fd, err);
	pdp_netns_leave(back);
	return code;
}

int pdp_guest_renew_program(struct pdp_guest_box *guest, struct pdp_error *err)
{
	int xskmap_fd, code;

	if (guest->link.netns_fd < 0)
		return 0;
	code = attach_own(guest, &xskmap_fd, err);
	/* Whichever program is in force now, its maps are. */
	pdp_agentlink_own(guest->agent, guest->own);
	return code;
}

int pdp_box_attach_inner(struct pdp_guest_box *guest, int *xskmap_fd, struct pdp_error *err)
{
	const uint32_t tables = to_be_on(guest);

	if (guest->own)
		return attach_own(guest, xskmap_fd, err);
	if (tables && !attach(guest, tables, xskmap_fd, &guest->fast.why))
		return 0;
	if (tables) {
		guest->fast.failed = tables;
		fprintf(stderr, "guest %s: its fast half cannot be on: %s\n", guest->k.name,
			guest->fast.why.text);
	}
	return attach(guest, 0, xskmap_fd, err);
}

/* What is wanted takes the place of what stands there, if that is another. */
static int put_in_force(struct pdp_guest_box *guest, struct pdp_error *err)
{
	int xskmap_fd;

	if (!guest->link.ifindex || guest->fast.on == to_be_on(guest))
		return 0;
	return pdp_box_attach_inner(guest, &xskmap_fd, err);
}

void pdp_box_fast_settle(const struct pdp_guest_box *guest)
{
	const uint64_t since = pdp_box_now_ns() - guest->fast.off_ns;
	const struct timespec rest = {.tv_nsec = (long)(SETTLE_NS - since)};

	if (since < SETTLE_NS)
		nanosleep(&rest, NULL);
}

/* --- tables --------------------------------------------------------------------------------------- */

static bool fits(const struct pdp_guest_box *guest, enum pdp_tables_level level)
{
	const uint64_t room = ((uint64_t)guest->k.memory_mib << 20) / MEMORY_SHARE;

	return level < PDP_TABLES_OWN && pdp_router_sizes_bytes(&sizes[level]) <= room;
}

/* What the agent may take beside the arrays, which are not of its group. */
void pdp_box_tell_memory(const struct pdp_guest_box *guest)
{
	uint64_t bytes = 0;

	if (guest->k.tables && guest->fast.level < PDP_TABLES_OWN)
		bytes = pdp_router_sizes_bytes(&sizes[guest->fast.level]);
	pdp_agentlink_memory(guest->agent, guest->k.memory_mib - (uint32_t)(bytes >> 20));
}

/* Other tables for the agent, in force with its next SYNCED. */
static void give(struct pdp_guest_box *guest)
{
	static const struct pdp_guest_tables own;
	struct pdp_loader *loader = guest->guests->loader;
	const struct pdp_guest_tables *next = NULL;
	const bool elsewhere = guest->fast.next || pdp_agentlink_has_tables(guest->agent);

	pdp_loader_drop_tables(loader, guest->k.id, guest->k.tables);
	guest->fast.next = NULL;
	if (guest->fast.level < PDP_TABLES_OWN &&
	    pdp_loader_make_tables(loader, guest->k.id, &sizes[guest->fast.level], &next,
				   &guest->fast.why))
		guest->fast.level = PDP_TABLES_OWN;
	if (next)
		guest->fast.next = next;
	else if (elsewhere)
		guest->fast.next = &own;
	if (guest->fast.next)
		pdp_agentlink_tables(guest->agent, guest->fast.next);
}

void pdp_box_fast_full(struct pdp_guest_box *guest)
{
	const struct pdp_guest_tables *next = guest->fast.next;

	if (!(next ? next->id : guest->k.tables))
		return;
	guest->fast.level++;
	if (!fits(guest, guest->fast.level)) {
		pdp_fail(
			&guest->fast.why, 0,
			"its routes need more than arrays of %llu MiB, which is all that %u MiB of "
			"memory allow",
			(unsigned long long)pdp_router_sizes_bytes(&sizes[guest->fast.level - 1]) >>
				20,
			guest->k.memory_mib);
		guest->fast.level = PDP_TABLES_OWN;
	}
	give(guest);
}

void pdp_box_fast_connected(struct pdp_guest_box *guest)
{
	const uint32_t has = pdp_agentlink_has_tables(guest->agent);
	const struct pdp_guest_tables *found = NULL;

	guest->fast.next = NULL;
	if (has)
		pdp_loader_find_tables(guest->guests->loader, guest->k.id, has, &found, NULL);
	guest->k.tables = found ? has : 0;
	if (found && !memcmp(&found->sizes, &sizes[PDP_TABLES_FULL], sizeof(found->sizes)))
		guest->fast.level = PDP_TABLES_FULL;
	pdp_box_tell_memory(guest);
	if (guest->fast.level < PDP_TABLES_OWN)
		guest->fast.why.text[0] = '\0';
	/* Arrays that nobody knows are as bad as none. */
	if (has ? !found : is_wanted(guest) && fits(guest, guest->fast.level))
		give(guest);
}

int pdp_box_fast_synced(struct pdp_guest_box *guest, struct pdp_error *err)
{
	const uint32_t has = pdp_agentlink_has_tables(guest->agent);
	const struct pdp_guest_tables *given = guest->fast.next;
	int code;

	guest->fast.next = NULL;
	if (!given)
		return put_in_force(guest, err);
	guest->k.tables = has == given->id ? has : 0;
	if (given->id && !guest->k.tables)
		guest->fast.level = PDP_TABLES_OWN;
	pdp_box_save(guest);
	pdp_box_tell_memory(guest);
	code = put_in_force(guest, err);
	if (!code)
		pdp_loader_drop_tables(guest->guests->loader, guest->k.id, guest->k.tables);
	return code;
}

void pdp_box_fast_lost(struct pdp_guest_box *guest)
{
	guest->fast.next = NULL;
	if (pdp_agentlink_alive(guest->agent))
		return;
	guest->k.tables = 0;
	put_in_force(guest, NULL);
}

int pdp_guest_set_fast_half(struct pdp_guest_box *guest, enum pdp_fast_half wish,
			    struct pdp_error *err)
{
	struct pdp_error why;
	int code;

	if (guest->fast.wish == wish)
		return 0;
	guest->fast.wish = wish;
	guest->fast.failed = 0;
	if (is_wanted(guest) && !guest->k.tables && !guest->fast.next) {
		guest->fast.level = PDP_TABLES_SMALL;
		if (fits(guest, guest->fast.level))
			give(guest);
	}
	code = put_in_force(guest, &why);
	return code ? pdp_fail(err, code, "guest %s: %s", guest->k.name, why.text) : 0;
}

/* --- what is to be seen ---------------------------------------------------------------------------- */

static const char *why_not(const struct pdp_guest_box *guest)
{
	if (guest->fast.on || guest->own)
		return "";
	if (!exists(guest))
		return "the data plane has none";
	if (!is_wanted(guest))
		return "fast-half is off";
	if (*guest->fast.why.text)
		return guest->fast.why.text;
	if (guest->fast.next)
		return "its agent has not all its tables yet";
	if (guest->fast.level == PDP_TABLES_OWN)
		return "its agent cannot use arrays; agent.log says why";
	return fits(guest, guest->fast.level) ? "its agent is not there"
					      : "its memory is too small for arrays";
}

bool pdp_guest_has_fast_half(const struct pdp_guest_box *guest)
{
	return guest->fast.on || guest->own;
}

void pdp_box_fast_look(const struct pdp_guest_box *guest, struct pdp_guest_fast *out)
{
	*out = (struct pdp_guest_fast){.on = pdp_guest_has_fast_half(guest), .why = why_not(guest)};
	if (guest->k.tables && guest->fast.level < PDP_TABLES_OWN)
		out->table_bytes = pdp_router_sizes_bytes(&sizes[guest->fast.level]);
	if (out->on)
		pdp_loader_guest_runs(guest->guests->loader, guest->k.id, &out->runs, &out->run_ns);
}
