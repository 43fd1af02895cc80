/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * worker.c - the loop; see worker.h.
 *
 * Each turn takes in only as much as the transmit ring has room for: under overload packets are
 * lost, and counted, on the receive ring, before any work has been spent on them. What is pending on
 * the transmit ring is kicked until it is gone, a bounded number of times per turn; when the kernel
 * takes nothing more the worker dozes instead of spinning. It sleeps in poll() only with an empty
 * transmit ring, since poll() would send too, and lose without telling.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "fe-agent/worker.h"

#define KICKS_PER_TURN 4 /* one sends what one burst has; the rest is for a full link */
#define DOZE_NS 50000 /* while the link is full: a quarter of its ring drains in that time */
#define DOZE_DOWN_NS 10000000 /* while the device is down */
#define TICK_NS 100000000 /* housekeeping, and the longest sleep: poll() is blind to deletion */
#define STALL_NS 1000000000 /* no frame taken for this long */
#define GIVE_PAUSE_NS 1000000
#define TURNS_PER_CLOCK 64 /* look at the clock so seldom while busy */

/* What the loop remembers from turn to turn. */
struct turn {
	unsigned int until_clock; /* turns until the next look at it */
	uint64_t next_tick_ns;
	uint64_t sent; /* tx_packets then */
	uint64_t progress_ns; /* when that last moved, or nothing was pending */
	unsigned int rx_waiting, tx_waiting; /* most since the last tick */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void doze(uint64_t ns)
{
	struct timespec ts = {.tv_nsec = ns};

	nanosleep(&ts, NULL);
}

/* Kick until all is sent, the kernel takes no more, or the turn's share of kicks is used up. */
static int flush(struct pdp_worker *w)
{
	unsigned int before, pending = pdp_port_pending(w->port);
	int rc = 0;

	for (int i = 0; i < KICKS_PER_TURN && pending; i++) {
		before = pending;
		rc = pdp_port_kick(w->port, w->stats);
		pdp_port_reclaim(w->port, w->stats);
		pending = pdp_port_pending(w->port);
		if (rc == -ENXIO || rc == -ENETDOWN || pending == before)
			break;
	}
	return pending ? rc : 0;
}

static unsigned int forward(struct pdp_worker *w, struct pdp_dataplane *dp)
{
	struct xdp_desc rx[PDP_BURST], tx[PDP_BURST];
	unsigned int room = pdp_port_room(w->port), n;

	n = pdp_port_receive(w->port, rx, room < PDP_BURST ? room : PDP_BURST);
	if (!n)
		return 0;
	pdp_port_send(w->port, tx, pdp_burst(&w->port->umem, w->ops, dp, rx, n, tx, w->stats));
	w->ops->quiescent(dp);
	return n;
}

/* The data plane of now, if there is one: the one given last. Between bursts. */
static struct pdp_dataplane *look_for_dataplane(struct pdp_worker *w, struct pdp_dataplane *dp)
{
	struct pdp_dataplane *given = atomic_load_explicit(&w->given, memory_order_acquire);

	if (given == dp)
		return dp;
	w->ops->online(given);
	atomic_store_explicit(&w->serving, given, memory_order_release);
	return given;
}

/* Without a data plane only the channel's thread can wake us; packets wait on the receive ring. */
static void sleep_until_work(struct pdp_worker *w, struct pdp_dataplane *dp)
{
	struct pollfd fds[] = {
		{.fd = w->wake_fd, .events = POLLIN},
		{.fd = w->port->fd, .events = POLLIN},
	};
	eventfd_t count;

	if (dp)
		w->ops->offline(dp);
	if (poll(fds, dp ? 2 : 1, TICK_NS / 1000000) > 0) {
		w->stats->rx_wakeups += !!(fds[1].revents & POLLIN);
		if (fds[0].revents)
			eventfd_read(w->wake_fd, &count);
	}
	if (dp)
		w->ops->online(dp);
}

/* What waited, most of late (channel.h), now that another tick has passed. */
static void fade(uint64_t *shown, unsigned int *most)
{
	const uint64_t faded = *shown - (*shown + 7) / 8;

	*shown = *most > faded ? *most : faded;
	*most = 0;
}

static int keep_house(struct pdp_worker *w, struct turn *turn)
{
	uint64_t now = now_ns();

	turn->until_clock = TURNS_PER_CLOCK;
	if (!pdp_port_pending(w->port) || turn->sent != w->stats->tx_packets) {
		turn->sent = w->stats->tx_packets;
		turn->progress_ns = now;
	} else if (now - turn->progress_ns > STALL_NS) {
		w->stats->tx_stalled++;
		turn->progress_ns = now;
	}
	if (now < turn->next_tick_ns)
		return 0;
	turn->next_tick_ns = now + TICK_NS;
	assert(pdp_pool_balanced(&w->port->umem.pool));
	fade(&w->stats->rx_waiting, &turn->rx_waiting);
	fade(&w->stats->tx_waiting, &turn->tx_waiting);
	pdp_port_look(w->port, w->stats);
	return pdp_port_gone(w->port) ? -ENXIO : 0;
}

static void note_most(unsigned int *most, unsigned int now)
{
	if (now > *most)
		*most = now;
}

/* One turn: take back, refill, a burst, send. */
static int take_turn(struct pdp_worker *w, struct pdp_dataplane *dp, struct turn *turn)
{
	unsigned int n;
	int rc;

	pdp_port_reclaim(w->port, w->stats);
	pdp_port_refill(w->port);
	note_most(&turn->rx_waiting, pdp_port_waiting(w->port));
	n = dp ? forward(w, dp) : 0;
	rc = flush(w);
	note_most(&turn->tx_waiting, pdp_port_pending(w->port));
	if (rc == -ENXIO)
		return rc;
	if (rc == -ENETDOWN)
		doze(DOZE_DOWN_NS);
	else if (!n && pdp_port_pending(w->port))
		doze(DOZE_NS);
	else if (!n)
		sleep_until_work(w, dp);
	return n && --turn->until_clock ? 0 : keep_house(w, turn);
}

static int serve(struct pdp_worker *w)
{
	struct pdp_dataplane *dp = NULL;
	struct turn turn = {.until_clock = 1};
	int rc = 0;

	while (!rc && !atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		dp = look_for_dataplane(w, dp);
		rc = take_turn(w, dp, &turn);
	}
	if (dp)
		w->ops->offline(dp);
	pdp_port_look(w->port, w->stats);
	return rc;
}

static void close_fds(struct pdp_worker *w)
{
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	if (w->done_fd >= 0)
		close(w->done_fd);
	w->wake_fd = w->done_fd = -1;
}

static void *run(void *arg)
{
	struct pdp_worker *w = arg;

	w->rc = serve(w);
	atomic_store(&w->ended, true);
	eventfd_write(w->done_fd, 1);
	return NULL;
}

int pdp_worker_start(struct pdp_worker *w)
{
	int rc;

	atomic_init(&w->given, NULL);
	atomic_init(&w->serving, NULL);
	atomic_init(&w->stop, false);
	atomic_init(&w->ended, false);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0 || w->done_fd < 0)
		rc = -errno;
	else
		rc = -pthread_create(&w->thread, NULL, run, w);
	if (rc)
		close_fds(w);
	return rc;
}

void pdp_worker_give(struct pdp_worker *w, struct pdp_dataplane *dp)
{
	atomic_store(&w->given, dp);
	eventfd_write(w->wake_fd, 1);
	while (atomic_load(&w->serving) != dp && !atomic_load(&w->ended))
		doze(GIVE_PAUSE_NS);
}

int pdp_worker_stop(struct pdp_worker *w)
{
	atomic_store(&w->stop, true);
	eventfd_write(w->wake_fd, 1);
	pthread_join(w->thread, NULL);
	close_fds(w);
	return w->rc;
}
