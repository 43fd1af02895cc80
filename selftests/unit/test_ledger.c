/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_ledger - books that add up, books that do not, and where they part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/ledger.h"

static struct pdp_ledger_guest guests[2];
static struct pdp_ledger_in in;
static struct pdp_ledger ledger;

/* Two guests that carried 600 and 400 of 1000 packets, all forwarded. */
static int set_up(void **state)
{
	static const uint64_t share[] = {600, 400};

	(void)state;
	memset(guests, 0, sizeof(guests));
	memset(&in, 0, sizeof(in));
	in.guests = guests;
	in.n_guests = 2;
	in.vnet.rx_packets = in.vnet.tx_packets = 1000;
	for (int i = 0; i < 2; i++) {
		struct pdp_ledger_guest *guest = &guests[i];

		memcpy(guest->name, i ? "red-2" : "red-1", sizeof("red-1"));
		guest->stats.to_packets = guest->stats.rx_packets = share[i];
		guest->stats.from_packets = share[i];
		guest->inside_known = true;
		guest->agent.rx_packets = guest->agent.forward_packets = share[i];
		guest->agent.tx_packets = share[i];
		guest->agent.frames_total = 4096;
	}
	return 0;
}

static void close_books(enum pdp_ledger_verdict want)
{
	pdp_ledger_close(&ledger, &in);
	assert_int_equal(ledger.verdict, want);
	/* What the header of ledger.h promises, whatever the verdict. */
	assert_int_equal((int64_t)(ledger.rx + ledger.control + ledger.made),
			 (int64_t)(ledger.tx + ledger.local + ledger.drops) + ledger.in_flight);
}

static uint64_t drop(const char *name)
{
	for (size_t i = 0; i < ledger.n_drops; i++)
		if (!strcmp(ledger.drop[i].name, name))
			return ledger.drop[i].packets;
	fail_msg("no drop is called %s", name);
	return 0;
}

static void all_forwarded_balances(void **state)
{
	(void)state;
	close_books(PDP_LEDGER_BALANCED);
	assert_int_equal(ledger.in_flight, 0);
	assert_int_equal(ledger.drops, 0);
	assert_null(pdp_ledger_where(&ledger));
}

static void nothing_at_all_balances(void **state)
{
	(void)state;
	memset(&in, 0, sizeof(in));
	close_books(PDP_LEDGER_BALANCED);
}

/* One packet lost at each place that has a name; each must be told under it, and only there. */
static void every_loss_has_its_name(void **state)
{
	(void)state;
	in.vnet.rx_packets += 2; /* dropped by the classifier */
	in.vnet.drop_policed = 2;

	in.vnet.rx_packets += 11; /* went to the first guest and did not come out */
	guests[0].stats.to_packets += 11;
	guests[0].stats.fast_packets += 2;
	guests[0].eth0_tx_drops = 2;
	guests[0].lost_to = 1;
	guests[0].stats.drop_no_socket = 1;
	guests[0].lost_with_link = 1;
	guests[0].stats.rx_packets += 6;
	guests[0].eth0_rx_drops = 1;
	guests[0].agent.rx_packets += 5;
	guests[0].agent.drop_bad_tag = 1;
	guests[0].agent.dp_drops[dp_blackhole] = 1;
	guests[0].agent_died_packets = 1;
	guests[0].agent.forward_packets += 2;
	guests[0].agent.tx_packets += 2;
	guests[0].agent.drop_tx_lost = 1;
	guests[0].stats.from_packets += 1;
	in.vnet.drop_forged_outer = 1;

	guests[1].lost_from = 3; /* sent by the dispatcher, refused by the port */

	close_books(PDP_LEDGER_BALANCED);
	assert_int_equal(drop("drop_policed"), 2);
	assert_int_equal(drop("drop_link_full"), 1);
	assert_int_equal(drop("drop_no_socket"), 1);
	assert_int_equal(drop("drop_link_gone"), 1);
	assert_int_equal(drop("drop_socket_full"), 1);
	assert_int_equal(drop("drop_bad_tag"), 1);
	assert_int_equal(drop("dp_blackhole"), 1);
	assert_int_equal(drop("drop_agent_died"), 1);
	assert_int_equal(drop("drop_fast_full"), 2);
	assert_int_equal(drop("drop_tx_lost"), 1);
	assert_int_equal(drop("drop_forged_outer"), 1);
	assert_int_equal(drop("drop_port_full"), 3);
	assert_int_equal(ledger.tx, 997);
	assert_int_equal(ledger.drops, 16);
}

/* What the fast half sends back passes by the agent. */
static void fast_packets_are_no_guests_own(void **state)
{
	(void)state;
	guests[0].stats.rx_packets -= 300;
	guests[0].stats.fast_packets += 300;
	guests[0].stats.climb_packets += 7;
	guests[0].agent.rx_packets -= 300;
	guests[0].agent.forward_packets -= 300;
	guests[0].agent.tx_packets -= 300;
	close_books(PDP_LEDGER_BALANCED);
	assert_int_equal(ledger.made, 0);
	guests[0].inside_known = false;
	close_books(PDP_LEDGER_BALANCED);
	guests[0].inside_known = true;
	/* One is in the ring on the way back. */
	guests[0].stats.from_packets -= 1;
	in.vnet.tx_packets -= 1;
	close_books(PDP_LEDGER_IN_FLIGHT);
}

static void local_counts_as_delivered(void **state)
{
	(void)state;
	in.vnet.tx_packets -= 5;
	in.vnet.local_packets = 5;
	guests[0].agent.forward_packets -= 5;
	guests[0].agent.local_packets = 5;
	close_books(PDP_LEDGER_BALANCED);
	assert_int_equal(ledger.local, 5);
}

/* Past the FE guests: only the stage at the end knows of it. */
static void control_plane_sends_too(void **state)
{
	(void)state;
	in.vnet.control_packets = 10;
	in.vnet.tx_packets += 7;
	in.vnet.drop_control_not_ip = 1;
	in.vnet.drop_no_neighbour = 2;
	in.lost_control = 1;
	close_books(PDP_LEDGER_BALANCED);
	assert_int_equal(ledger.control, 10);
	assert_int_equal(ledger.tx, 1006);
	assert_int_equal(drop("drop_port_full"), 1);
	assert_int_equal(drop("drop_control_not_ip"), 1);
	in.vnet.control_packets--;
	close_books(PDP_LEDGER_BROKEN);
	assert_string_equal(pdp_ledger_where(&ledger)->name, "dispatcher");
}

static void lost_before_the_control_plane(void **state)
{
	(void)state;
	in.vnet.tx_packets -= 5;
	in.vnet.local_packets = 5;
	in.lost_local = 2;
	close_books(PDP_LEDGER_BALANCED);
	assert_int_equal(ledger.local, 3);
	assert_int_equal(drop("drop_local_full"), 2);
}

/* 100 packets wait: 60 have come back and gone to the port, 3 were refused at the door. */
static void delayed_packets_are_passed_twice(void **state)
{
	(void)state;
	in.vnet.delay_packets = 100;
	in.vnet.delayed_packets = 60;
	in.vnet.tx_packets -= 40;
	in.lost_delay = 3;
	close_books(PDP_LEDGER_UNKNOWN);
	assert_int_equal(ledger.in_flight, 37);
	assert_int_equal(drop("drop_delay_full"), 3);
	in.vnet.delayed_packets = 97;
	in.vnet.tx_packets = 997;
	close_books(PDP_LEDGER_BALANCED);
}

/* Of 100: 90 were seen, and 10 lost before that; 1 overflowed, 2 died, 7 wait, the rest came back. */
static void each_loss_in_the_delay_line_has_its_name(void **state)
{
	(void)state;
	in.vnet.delay_packets = 100;
	in.vnet.delayed_packets = 80;
	in.vnet.tx_packets -= 20;
	in.lost_delay = 3;
	in.delay_known = true;
	in.delay_frames = 4096;
	in.delay = (struct pdp_delay_vnet){
		.received = 90, .sent = 80, .drop_overflow = 1, .drop_died = 2};
	in.delay_unseen = 1000; /* other vnets' too */
	close_books(PDP_LEDGER_IN_FLIGHT);
	assert_int_equal(ledger.in_flight, 7);
	assert_int_equal(drop("drop_delay_full"), 3);
	assert_int_equal(drop("drop_delay_unseen"), 7);
	assert_int_equal(drop("drop_delay_overflow"), 1);
	assert_int_equal(drop("drop_delay_died"), 2);
	in.delay_unseen = 0; /* then they are on their way, as far as they can be */
	close_books(PDP_LEDGER_IN_FLIGHT);
	assert_int_equal(ledger.in_flight, 14);
	in.vnet.delay_packets += 5000;
	in.vnet.tx_packets -= 5000;
	close_books(PDP_LEDGER_BROKEN);
	assert_string_equal(pdp_ledger_where(&ledger)->name, "delay-line");
}

static void packets_under_way_are_in_flight(void **state)
{
	(void)state;
	guests[1].stats.from_packets -= 7;
	in.vnet.tx_packets -= 7;
	close_books(PDP_LEDGER_IN_FLIGHT);
	assert_int_equal(ledger.in_flight, 7);
	assert_string_equal(pdp_ledger_where(&ledger)->name, "guest");
	assert_string_equal(pdp_ledger_where(&ledger)->guest, "red-2");
}

static void more_than_the_rings_hold_is_lost(void **state)
{
	(void)state;
	in.vnet.rx_packets += PDP_LEDGER_LINK_MAX + 1;
	guests[0].stats.to_packets += PDP_LEDGER_LINK_MAX + 1;
	close_books(PDP_LEDGER_BROKEN);
	assert_string_equal(pdp_ledger_where(&ledger)->name, "fe-link");
	assert_string_equal(pdp_ledger_where(&ledger)->guest, "red-1");
	/* Unless as many came in while the books were read. */
	in.rx_while_reading = 1;
	close_books(PDP_LEDGER_IN_FLIGHT);
}

static void more_out_than_in_is_broken(void **state)
{
	(void)state;
	in.vnet.tx_packets += 1;
	close_books(PDP_LEDGER_BROKEN);
	assert_string_equal(pdp_ledger_where(&ledger)->name, "dispatcher");
	assert_int_equal(pdp_ledger_where(&ledger)->in_flight, -1);
}

static void uncounted_by_the_classifier_is_broken(void **state)
{
	(void)state;
	in.vnet.rx_packets += 1;
	close_books(PDP_LEDGER_BROKEN);
	assert_string_equal(pdp_ledger_where(&ledger)->name, "classifier");
}

/* A raw sender inside a guest: its frames die at the dispatcher, and are nobody's loss. */
static void frames_made_by_a_guest_are_told(void **state)
{
	(void)state;
	guests[0].stats.from_packets += 30;
	in.vnet.drop_foreign_vnet = 30;
	close_books(PDP_LEDGER_BALANCED);
	assert_int_equal(ledger.made, 30);
	assert_int_equal(ledger.drops, 30);
}

/* Without pdpd the agents' books are closed: what is inside a guest cannot be told. */
static void without_the_agents_books_it_is_unknown(void **state)
{
	(void)state;
	guests[0].inside_known = guests[1].inside_known = false;
	memset(&guests[0].agent, 0, sizeof(guests[0].agent));
	memset(&guests[1].agent, 0, sizeof(guests[1].agent));
	close_books(PDP_LEDGER_BALANCED);
	guests[0].stats.from_packets -= 2;
	in.vnet.tx_packets -= 2;
	close_books(PDP_LEDGER_UNKNOWN);
	assert_int_equal(ledger.in_flight, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_forwarded_balances, set_up),
		cmocka_unit_test_setup(nothing_at_all_balances, set_up),
		cmocka_unit_test_setup(every_loss_has_its_name, set_up),
		cmocka_unit_test_setup(fast_packets_are_no_guests_own, set_up),
		cmocka_unit_test_setup(local_counts_as_delivered, set_up),
		cmocka_unit_test_setup(control_plane_sends_too, set_up),
		cmocka_unit_test_setup(lost_before_the_control_plane, set_up),
		cmocka_unit_test_setup(delayed_packets_are_passed_twice, set_up),
		cmocka_unit_test_setup(each_loss_in_the_delay_line_has_its_name, set_up),
		cmocka_unit_test_setup(packets_under_way_are_in_flight, set_up),
		cmocka_unit_test_setup(more_than_the_rings_hold_is_lost, set_up),
		cmocka_unit_test_setup(more_out_than_in_is_broken, set_up),
		cmocka_unit_test_setup(uncounted_by_the_classifier_is_broken, set_up),
		cmocka_unit_test_setup(frames_made_by_a_guest_are_told, set_up),
		cmocka_unit_test_setup(without_the_agents_books_it_is_unknown, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
