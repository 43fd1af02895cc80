/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest.h - FE guests: unprivileged LXC containers with a link to the MD and an agent inside.
 *
 * Knows liblxc, cgroups, veth and the agent's channel; knows nothing of vnets' tunnels, slots or
 * ports. A guest is identified by its id (maps) and its name (people, LXC). Owned by pdpd's main
 * thread; all I/O is on its event loop. docs/guests.md says why it is built so.
 */
#ifndef PDP_GUEST_H
#define PDP_GUEST_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/agentasks.h"
#include "ctl/model.h"
#include "fe-agent/channel.h"
#include "loader/loader.h"

struct event_base;
struct pdp_agentconf;
struct pdp_guests;
struct pdp_guest_box;

/* What all guests of a node have in common. */
struct pdp_guests_conf {
	struct event_base *base;
	struct pdp_loader *loader;
	const char *node; /* LXC names are pdp-NODE-VNET-N */
	const char *run_dir; /* /run/pdp: guest/NAME/agent.sock, lxc/ (the lxcpath) below it */
	const char *agent_path; /* pdp-fe-agent, copied for guests; pdp-fe-init stands beside it */
	uint32_t link_mtu; /* of FE links */
	unsigned int id_block; /* container.h; no other node of this machine has it */
};

/* What one guest is to be. Copied. */
struct pdp_guest_spec {
	uint16_t id;
	char name[48]; /* VNET-N: for people; the LXC name adds pdp-NODE- */
	const char *cpus; /* cpuset list */
	uint32_t power; /* millicores; its agent's CFS quota, less what pdp_guest_share_power() has taken */
	uint32_t memory_mib;
	const char *dataplane;
	enum pdp_fast_half fast_half;
	struct pdp_own *own; /* the program of its eth0 if it is the owner's, else NULL */
	struct pdp_agentconf
		*conf; /* what its agent is told, shared with its siblings; NULL = its own */
};

enum pdp_guest_state {
	PDP_GUEST_STARTING, /* container made, or about to be made again; no agent */
	PDP_GUEST_CONNECTED, /* said HELLO, its socket is in the XSKMAP */
	PDP_GUEST_READY, /* SYNCED once: all that was sent is in force */
	PDP_GUEST_FAILED, /* gave up; the error says why */
	PDP_GUEST_STOPPED,
	PDP_GUEST_ADOPTED, /* runs on from an earlier controller and forwards; not READY again yet */
	PDP_GUEST_STALLED, /* its agent is there and does not answer: stopped, frozen, starved */
};

/* Does it forward, as far as one can tell: are its slots to lead to it? */
static inline bool pdp_guest_forwards(enum pdp_guest_state state)
{
	return state == PDP_GUEST_READY || state == PDP_GUEST_ADOPTED;
}

/*
 * Told on the event loop whenever the state changes, and for each fault without a change. err is set
 * for FAILED, for STARTING after a lost agent, a container that ended or somebody turned away, and
 * for READY when the agent could not apply all of its configuration. link_ifindex may be another at
 * each CONNECTED (0 in between): the container was made anew. Id, name and MACs stay. The guest may
 * be stopped from within.
 *
 * A READY guest whose agent has not answered for 0.75 s is STALLED, with err, and READY again when it
 * does. An ADOPTED one goes to READY when its agent has connected again and has all that it is to have,
 * forwarding all the while; to STARTING when it turns out to be dead, or does not come within 5 s.
 */
typedef void (*pdp_guest_fn)(struct pdp_guest_box *guest, enum pdp_guest_state state,
			     const struct pdp_error *err, void *arg);

int pdp_guests_new(struct pdp_guests **out, const struct pdp_guests_conf *conf,
		   struct pdp_error *err);
void pdp_guests_free(struct pdp_guests *guests);

/*
 * Stop and remove every container, link and directory of this node's name that an earlier pdpd left
 * behind. *n = how many there were. For those alone that are not wanted: pdp_guest_discard().
 */
int pdp_guests_reap(struct pdp_guests *guests, unsigned int *n, struct pdp_error *err);

/*
 * pdp_guest_start() - make the container, its link and its channel, and start it.
 *
 * In this order: container start, veth pair (MTU, one queue, no addresses, no IPv6, offloads off, pfifo on
 * the inside), receive program on eth0, dispatcher on the MH side. Some guests start at once, the others
 * wait for their turn, and nothing waits for them: STARTING without err is told when all of it is there
 * (about 0.1 s), FAILED when it cannot be made, and nothing but the box is left then; the agent's HELLO
 * comes later. On failure nothing is left.
 */
int pdp_guest_start(struct pdp_guest_box **out, struct pdp_guests *guests,
		    const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		    struct pdp_error *err);

/*
 * pdp_guest_adopt() - take over a guest that an earlier controller left running, without touching its
 * traffic.
 *
 * Container, link, receive program, XSKMAP and dispatcher are found, not made; programs are replaced in
 * place by this build's. Power and memory may be others than they were: they are set. Its counters go
 * on from where they stood. The callback is not called from within; the state is ADOPTED, or STARTING
 * when its agent is not there. Configuration is to be given anew, as after a start, and all of it before
 * the event loop runs again: what the agent has when it is told to SYNC takes the place of what it had.
 *
 * A guest whose container has ended meanwhile is made anew at once, as after any death, and its counters
 * go on: its id and figures are what is taken over.
 *
 * 0; -ENOENT: no such guest is known; -ESTALE: it is otherwise than wanted (id, cpus, data plane, MTU of
 * its link) or its counters are gone, err says in what; -errno: part of it cannot be found. Then nothing
 * has been changed but perhaps a program, and pdp_guest_discard() makes room for a start.
 */
int pdp_guest_adopt(struct pdp_guest_box **out, struct pdp_guests *guests,
		    const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		    struct pdp_error *err);

/* What an earlier controller left, as it was asked for. */
struct pdp_guest_found {
	char name[48];
	bool running; /* its container */
	uint16_t id; /* 0 = nothing is known of it but its name; it cannot be adopted */
	uint32_t power;
	uint32_t memory_mib;
	uint32_t link_mtu;
	char cpus[128];
	char dataplane[16];
};

/* Each guest of this node's name that no box of this controller stands for. fn as for scandir: 0 goes on. */
int pdp_guests_each_found(struct pdp_guests *guests,
			  int (*fn)(const struct pdp_guest_found *found, void *arg), void *arg,
			  struct pdp_error *err);

/*
 * Was this guest left by a build that this one cannot go on with, or with a link of another MTU? Then it can
 * only be discarded.
 */
bool pdp_guest_is_foreign(const char *run_dir, const char *name, uint32_t link_mtu);

/* Stop such a guest and remove all of it. 0 also when there is none. */
int pdp_guest_discard(struct pdp_guests *guests, const char *name, struct pdp_error *err);

/* Stop the container, remove link, pins, directories. NULL is fine. Errors are told and passed over. */
void pdp_guest_stop(struct pdp_guest_box *guest);

/* Let go of it, running as it is, for the next controller to adopt. NULL is fine. */
void pdp_guest_release(struct pdp_guest_box *guest);

/*
 * Other limits, in force when this returns; its restarts keep them. -ERANGE when the kernel has made
 * something else of them, with both figures. While there is no container, they are for the next one.
 */
int pdp_guest_set_power(struct pdp_guest_box *guest, uint32_t power, struct pdp_error *err);
int pdp_guest_set_memory(struct pdp_guest_box *guest, uint32_t memory_mib, struct pdp_error *err);

/*
 * pdp_guest_share_power() - its fast half, which no quota holds, has used fast_ns in the last ns: from now on its agent
 * has what that leaves of its power (powerloop.h). All of it again when its power is set, or its container made
 * anew. Cheap while nothing is to be changed.
 */
int pdp_guest_share_power(struct pdp_guest_box *guest, uint64_t fast_ns, uint64_t ns,
			  struct pdp_error *err);

/* Its owner has another program: it takes the place of the one on eth0, without a packet lost. */
int pdp_guest_renew_program(struct pdp_guest_box *guest, struct pdp_error *err);

/*
 * Switch the fast half of its data plane on or off, under traffic and without loss. Off at once; on when the
 * agent has its tables where the fast half can read them. That it cannot be on is no error, and pdp_guest_look()
 * tells why.
 */
int pdp_guest_set_fast_half(struct pdp_guest_box *guest, enum pdp_fast_half wish,
			    struct pdp_error *err);

/*
 * pdp_guest_set_threaded() - is eth0 to have a kernel thread of its own, charged to the guest?
 *
 * Then what its XDP program does is the guest's CPU time, on its FE's CPUs. Otherwise, or where the kernel
 * cannot, softirqs do it, at the cost of whoever is interrupted; pdp_guest_look() tells why. Until this is
 * called things stay as they are. To be called again now and then: the thread is another one whenever the
 * device was down, and is looked for once a second at most. True when something has changed.
 */
bool pdp_guest_set_threaded(struct pdp_guest_box *guest, bool on);

/*
 * CPU time used so far, by the container, by that thread, and by what eth0's program does in softirqs of others,
 * as it was charged. Cheap.
 */
struct pdp_guest_cpu {
	uint64_t agent_ns;
	uint64_t thread_ns;
	uint64_t softirq_ns;
};
bool pdp_guest_has_thread(const struct pdp_guest_box *guest);
struct pdp_guest_cpu pdp_guest_cpu(const struct pdp_guest_box *guest);

/* Stands the fast half of its data plane on eth0, or its owner's program? */
bool pdp_guest_has_fast_half(const struct pdp_guest_box *guest);
/* Its program has used that much CPU time, in softirqs of others. */
void pdp_guest_charge(struct pdp_guest_box *guest, uint64_t ns);

/*
 * pdp_guest_drained() - has every packet that went towards the guest come back, or is it booked?
 *
 * To be asked again and again after the last slot was taken away from it: true once its counters have
 * stood still for 20 ms and add up. A guest whose agent is gone is drained when what it held is booked.
 */
bool pdp_guest_drained(struct pdp_guest_box *guest);

/*
 * Configuration for the agent and those that share it: what is in force is kept, and sent whole whenever
 * an agent connects anew, followed by SYNC. Once it is there, changes go out at once, with a SYNC behind
 * them. A vif of family 0 removes. Cheap to call before the agent is there.
 */
int pdp_guest_set_vif(struct pdp_guest_box *guest, const struct pdp_dp_vif *vif);
int pdp_guest_netlink(struct pdp_guest_box *guest, const void *msgs, size_t len);

/*
 * pdp_guest_sync() - have fn called, once, on the event loop, when all configuration given so far is in
 * force at the agent. err: with what exception. Waits for an agent as long as there is none. fn must
 * not stop the guest; one that is stopped or released before calls it no more. -ENOMEM.
 */
typedef void (*pdp_guest_sync_fn)(const struct pdp_error *err, void *arg);
int pdp_guest_sync(struct pdp_guest_box *guest, pdp_guest_sync_fn fn, void *arg);

/* As pdp_agentlink_dump(), _lookup() and _forget_asked(). A guest that is stopped answers with an error. */
int pdp_guest_dump(struct pdp_guest_box *guest, pdp_agent_answer_fn fn, void *arg,
		   struct pdp_error *err);
int pdp_guest_lookup(struct pdp_guest_box *guest, const struct pdp_lookup *what,
		     pdp_agent_answer_fn fn, void *arg, struct pdp_error *err);
void pdp_guest_forget_asked(struct pdp_guest_box *guest, const void *arg);

/*
 * Words that the caller wants to find again after its own death; kept with the guest until it is
 * stopped. All 0 at first.
 */
struct pdp_guest_note {
	uint64_t word[4];
};
void pdp_guest_set_note(struct pdp_guest_box *guest, const struct pdp_guest_note *note);

/*
 * pdp_guest_mend() - are its link's programs and pins as this controller put them? Put back what is not.
 * 0: all is well, *what is untouched when nothing had to be done (*mended false); -errno: it cannot be
 * put back. In both cases but the first *what says what was wrong.
 */
int pdp_guest_mend(struct pdp_guest_box *guest, bool *mended, struct pdp_error *what);

/* The fast half of a guest's data plane. */
struct pdp_guest_fast {
	bool on;
	const char *why; /* it is not; "" when it is */
	uint64_t table_bytes; /* of the arrays that both halves read; 0 = there are none */
	uint64_t runs; /* of the program, since it stands there; as far as it was timed */
	uint64_t run_ns; /* what they took */
};

/* For maps and for show. */
struct pdp_guest_view {
	uint16_t id;
	const char *name;
	const char *lxc_name;
	enum pdp_guest_state state;
	pid_t init_pid; /* on the host; 0 = none */
	pid_t agent_pid; /* on the host, of the last one that came; 0 = none did */
	char link[IFNAMSIZ]; /* MH side */
	int link_ifindex; /* MH side */
	uint8_t mac[6]; /* eth0 */
	uint8_t md_mac[6]; /* MH side */
	uint32_t power;
	uint32_t quota_us; /* as read back from the cgroup; 0 = unlimited */
	uint32_t period_us;
	uint64_t cpu_ns; /* used so far: struct pdp_guest_cpu, all together */
	uint64_t thread_cpu_ns; /* of that, by the thread of its eth0, */
	uint64_t softirq_cpu_ns; /* and by eth0's program in softirqs of others */
	pid_t thread_pid; /* of that thread; 0 = it has none */
	const char *thread_why; /* it has none though it should; "" */
	uint64_t memory_bytes;
	unsigned int restarts;
	uint64_t eth0_rx_drops; /* ethtool's rx_queue_*_drops: AF_XDP socket full or gone */
	uint64_t eth0_tx_drops; /* rx_queue_*_xdp_tx_errors: sent by the fast half into a full link */
	struct pdp_guest_fast fast;
	uint64_t agent_died_packets; /* in flight when agents died, booked then */
	struct pdp_guest_note note;
};
void pdp_guest_look(struct pdp_guest_box *guest, struct pdp_guest_view *out);

/* Counters of the agents of this guest, the dead ones' included. */
void pdp_guest_agent_stats(struct pdp_guest_box *guest, struct pdp_agent_stats *out);

#endif
