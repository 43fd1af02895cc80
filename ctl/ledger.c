/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * ledger.c - closes the books of a vnet. After the packet's life, beside it: pure sums.
 *
 *   classifier   rx            = drops + to the guests
 *   fe-link      to guest      = lost at the redirect + no socket + gone with the link
 *                                + received, by the agent's socket or the fast half
 *   guest        received      = socket full + agent's drops + lost in sending + died with an agent
 *                                + came back to the dispatcher
 *   dispatcher   came back + from the control plane + from the delay line
 *                              = drops + tx + local + to the delay line
 *   delay-line   to it         = lost at the redirect + not seen by the process + its drops
 *                                + came back from it
 *
 * Summed up, what stands on both sides falls out and the line of the header is left.
 */
#include <string.h>

#include "ctl/ledger.h"

static void add_drop(struct pdp_ledger *out, const char *where, const char *name, const char *help,
		     uint64_t packets)
{
	struct pdp_ledger_drop *drop;
	size_t i;

	out->drops += packets;
	for (i = 0; i < out->n_drops; i++)
		if (!strcmp(out->drop[i].name, name))
			break;
	if (i == PDP_LEDGER_DROPS_MAX)
		return;
	drop = &out->drop[i];
	if (i == out->n_drops)
		out->n_drops++;
	drop->where = where;
	drop->name = name;
	drop->help = help;
	drop->packets += packets;
}

static void add_stage(struct pdp_ledger *out, const char *name, const char *guest, uint64_t in,
		      uint64_t gone, uint64_t lost, uint64_t most)
{
	struct pdp_ledger_stage *stage;

	if (out->n_stages == PDP_LEDGER_STAGES_MAX)
		return;
	stage = &out->stage[out->n_stages++];
	stage->name = name;
	stage->guest = guest;
	stage->in = in;
	stage->out = gone;
	stage->lost = lost;
	stage->in_flight = (int64_t)(in - gone - lost);
	stage->most = most;
	out->in_flight += stage->in_flight;
}

static uint64_t classify_drops(struct pdp_ledger *out, const struct pdp_vnet_stats *vnet)
{
	uint64_t before = out->drops;

#define ADD(name, help) add_drop(out, "classifier", #name, help, vnet->name);
	PDP_CLASSIFY_DROPS(ADD)
#undef ADD
	return out->drops - before;
}

static uint64_t dispatch_drops(struct pdp_ledger *out, const struct pdp_vnet_stats *vnet)
{
	uint64_t before = out->drops;

#define ADD(name, help) add_drop(out, "dispatcher", #name, help, vnet->name);
	PDP_DISPATCH_DROPS(ADD)
#undef ADD
#define ADD(name, help) add_drop(out, "control", #name, help, vnet->name);
	PDP_VIF_OUT_DROPS(ADD)
#undef ADD
	return out->drops - before;
}

static uint64_t link_drops(struct pdp_ledger *out, const struct pdp_ledger_guest *guest)
{
	uint64_t before = out->drops;

	add_drop(out, "fe-link", "drop_link_full", "no room in the ring of the FE guest's link",
		 guest->lost_to);
	add_drop(out, "fe-link", "drop_no_socket", "no agent has a socket on the guest's queue",
		 guest->stats.drop_no_socket);
	add_drop(out, "fe-link", "drop_by_program", "dropped by the vnet owner's own program",
		 guest->stats.drop_by_program);
	add_drop(out, "fe-link", "drop_verdict",
		 "the owner's program said neither TX, DROP nor REDIRECT",
		 guest->stats.drop_verdict);
	add_drop(out, "fe-link", "drop_link_gone",
		 "in the link's ring when that went away, or sent to it when it was down",
		 guest->lost_with_link);
	return out->drops - before;
}

static uint64_t agent_drops(struct pdp_ledger *out, const struct pdp_ledger_guest *guest)
{
	static const char *const name[] = {[dp_none] = "dp_none",
#define NAME(name, help) [name] = #name,
					   PDP_DP_DROPS(NAME)
#undef NAME
	};
	static const char *const why[] = {
		[dp_none] = "dropped by the data plane, which did not say why",
#define HELP(name, help) [name] = help,
		PDP_DP_DROPS(HELP)
#undef HELP
	};
	uint64_t before = out->drops;
	int i;

	for (i = dp_none; i < dp_drop_count; i++)
		add_drop(out, "agent", name[i], why[i], guest->agent.dp_drops[i]);
	add_drop(out, "agent", "drop_bad_tag", "the agent got a frame without a good tag",
		 guest->agent.drop_bad_tag);
	add_drop(out, "agent", "drop_bad_desc",
		 "the agent got a descriptor that was none of its own", guest->agent.drop_bad_desc);
	add_drop(out, "agent", "drop_bad_verdict", "the data plane's answer could not be sent",
		 guest->agent.drop_bad_verdict);
	return out->drops - before;
}

static uint64_t guest_drops(struct pdp_ledger *out, const struct pdp_ledger_guest *guest)
{
	uint64_t before = out->drops;

	add_drop(out, "guest", "drop_socket_full",
		 "the agent's socket had no room or no free frame", guest->eth0_rx_drops);
	agent_drops(out, guest);
	add_drop(out, "guest", "drop_fast_full",
		 "no room in the link's ring for what the fast half sent", guest->eth0_tx_drops);
	add_drop(out, "guest", "drop_tx_lost", "the kernel lost it on the guest's way out",
		 guest->agent.drop_tx_lost);
	add_drop(out, "guest", "drop_agent_died",
		 "in an agent when it died, or refused by its socket just before",
		 guest->agent_died_packets);
	return out->drops - before;
}

/* By the agent's socket, or by the fast half. */
static uint64_t received(const struct pdp_guest_stats *stats)
{
	return stats->rx_packets + stats->fast_packets;
}

/* More on the way back than the agent put there is of somebody's own making. */
static uint64_t made_by(const struct pdp_ledger_guest *guest)
{
	uint64_t sent = guest->agent.forward_packets + guest->agent.local_packets -
			guest->agent.drop_tx_lost + guest->stats.fast_packets -
			guest->eth0_tx_drops;

	if (!guest->inside_known)
		sent = received(&guest->stats);
	return guest->stats.from_packets > sent ? guest->stats.from_packets - sent : 0;
}

static uint64_t close_guest(struct pdp_ledger *out, const struct pdp_ledger_guest *guest,
			    uint64_t skew)
{
	const struct pdp_guest_stats *stats = &guest->stats;
	uint64_t made = made_by(guest), lost = link_drops(out, guest);

	add_stage(out, "fe-link", guest->name, stats->to_packets, received(stats), lost,
		  PDP_LEDGER_LINK_MAX + skew);
	lost = guest->inside_known ? guest_drops(out, guest) : 0;
	add_stage(out, "guest", guest->name, received(stats) + made, stats->from_packets, lost,
		  guest->inside_known ? guest->agent.frames_total + PDP_LEDGER_LINK_MAX + skew
				      : UINT64_MAX);
	out->made += made;
	return guest->lost_from;
}

static bool stage_is_broken(const struct pdp_ledger_stage *stage)
{
	return stage->in_flight < 0 || (uint64_t)stage->in_flight > stage->most;
}

static enum pdp_ledger_verdict judge(const struct pdp_ledger *out)
{
	enum pdp_ledger_verdict verdict = PDP_LEDGER_BALANCED;
	size_t i;

	for (i = 0; i < out->n_stages; i++) {
		const struct pdp_ledger_stage *stage = &out->stage[i];

		if (stage_is_broken(stage))
			return PDP_LEDGER_BROKEN;
		if (stage->in_flight && stage->most == UINT64_MAX)
			verdict = PDP_LEDGER_UNKNOWN;
		else if (stage->in_flight && verdict == PDP_LEDGER_BALANCED)
			verdict = PDP_LEDGER_IN_FLIGHT;
	}
	return verdict;
}

/* pdp_dispatch, pdp_vif_out and pdp_delayed share the way to the ports, and so one stage. */
static void close_way_out(struct pdp_ledger *out, const struct pdp_ledger_in *in, uint64_t from,
			  uint64_t lost_at_ports)
{
	const struct pdp_vnet_stats *vnet = &in->vnet;
	uint64_t lost = dispatch_drops(out, vnet);

	add_stage(out, "dispatcher", "", from + vnet->control_packets + vnet->delayed_packets,
		  vnet->tx_packets + vnet->local_packets + vnet->delay_packets, lost,
		  in->rx_while_reading);
	/* It has counted as sent what the kernel then could not hand on. */
	add_drop(out, "port", "drop_port_full", "no room in the egress port's ring",
		 lost_at_ports + in->lost_control);
	add_drop(out, "control", "drop_local_full",
		 "no room in the ring of the vif's link to its MH guest, or larger than its MTU",
		 in->lost_local);
	out->tx = vnet->tx_packets - lost_at_ports - in->lost_control;
	out->local = vnet->local_packets - in->lost_local;
	out->control = vnet->control_packets;
}

/*
 * Whose packet the kernel could not hand to the process is known to nobody. But what a vnet sent there and
 * the process did not see is such a one, if there are any, or on its way.
 */
static uint64_t unseen(const struct pdp_ledger_in *in)
{
	uint64_t accounted = in->lost_delay + in->delay.received;
	uint64_t missing =
		in->vnet.delay_packets > accounted ? in->vnet.delay_packets - accounted : 0;

	return missing < in->delay_unseen ? missing : in->delay_unseen;
}

static void close_delay_line(struct pdp_ledger *out, const struct pdp_ledger_in *in, uint64_t skew)
{
	uint64_t before = out->drops;

	if (!in->vnet.delay_packets)
		return;
	add_drop(out, "delay-line", "drop_delay_full",
		 "no room in the ring of the delay line's link, or larger than its MTU",
		 in->lost_delay);
	if (in->delay_known) {
		add_drop(out, "delay-line", "drop_delay_unseen",
			 "the delay line's process was too slow, or not there", unseen(in));
		add_drop(out, "delay-line", "drop_delay_overflow",
			 "more packets were to wait than the delay line can hold",
			 in->delay.drop_overflow);
		add_drop(out, "delay-line", "drop_delay_died",
			 "waited in the delay line when it died", in->delay.drop_died);
	}
	add_stage(out, "delay-line", "", in->vnet.delay_packets, in->vnet.delayed_packets,
		  out->drops - before,
		  in->delay_known ? in->delay_frames + PDP_LEDGER_LINK_MAX + skew : UINT64_MAX);
}

void pdp_ledger_close(struct pdp_ledger *out, const struct pdp_ledger_in *in)
{
	uint64_t to = 0, from = 0, lost_at_ports = 0, skew = in->rx_while_reading, lost;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < in->n_guests; i++) {
		to += in->guests[i].stats.to_packets;
		from += in->guests[i].stats.from_packets;
	}
	out->rx = in->vnet.rx_packets;
	lost = classify_drops(out, &in->vnet);
	add_stage(out, "classifier", "", out->rx, to, lost, skew);
	for (i = 0; i < in->n_guests; i++)
		lost_at_ports += close_guest(out, &in->guests[i], skew);
	close_way_out(out, in, from, lost_at_ports);
	close_delay_line(out, in, skew);
	out->verdict = judge(out);
}

const struct pdp_ledger_stage *pdp_ledger_where(const struct pdp_ledger *ledger)
{
	const struct pdp_ledger_stage *rest = NULL;
	size_t i;

	for (i = 0; i < ledger->n_stages; i++) {
		if (stage_is_broken(&ledger->stage[i]))
			return &ledger->stage[i];
		if (!rest && ledger->stage[i].in_flight)
			rest = &ledger->stage[i];
	}
	return rest;
}

const char *pdp_ledger_verdict_name(enum pdp_ledger_verdict verdict)
{
	switch (verdict) {
	case PDP_LEDGER_BALANCED:
		return "balanced";
	case PDP_LEDGER_IN_FLIGHT:
		return "in-flight";
	case PDP_LEDGER_UNKNOWN:
		return "unknown";
	case PDP_LEDGER_BROKEN:
		return "broken";
	}
	return "broken";
}
