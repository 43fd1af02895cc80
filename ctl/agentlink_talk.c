/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* agentlink_talk.c - what is said over an agent's channel; see agentlink.h. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/agentlink_talk.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "ctl/own.h"
#include "loader/tables.h"

#define SEND_BURST 64 /* messages in one turn of the event loop */
#define WATCH_MS 250
#define REMOVALS_MAX 500000 /* that wait for an agent that does not read */

static struct timeval milliseconds(unsigned int ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

/* What the last error means. */
static int not_sent(struct pdp_agentlink *al)
{
	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	event_add(al->write_ev, NULL);
	return 0;
}

int pdp_agentlink_send(struct pdp_agentlink *al, const void *msg, size_t len)
{
	if (send(al->fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 1;
	return not_sent(al);
}

static int send_sync(struct pdp_agentlink *al)
{
	const struct pdp_msg sync = {.type = PDP_MSG_SYNC, .seq = al->sync_seq + 1};
	int sent = pdp_agentlink_send(al, &sync, sizeof(sync));

	if (sent != 1)
		return sent;
	al->sync_seq++;
	al->synced = true;
	for (size_t i = 0; i < al->n_waiters; i++) {
		if (al->waiters[i].asked)
			continue;
		al->waiters[i].asked = true;
		al->waiters[i].seq = al->sync_seq;
	}
	return sent;
}

static int send_memory(struct pdp_agentlink *al)
{
	const struct {
		struct pdp_msg msg;
		struct pdp_memory memory;
	} out = {.msg.type = PDP_MSG_MEMORY, .memory.bytes = al->memory};
	int sent = pdp_agentlink_send(al, &out, sizeof(out));

	al->memory_due = sent != 1;
	return sent;
}

/* As pdp_agentlink_send(), with descriptors, of which there are PDP_OWN_FDS at most. */
static int send_fds(struct pdp_agentlink *al, const void *msg, size_t len, const int *fds,
		    unsigned int n_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(PDP_OWN_FDS * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)msg, len};
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = CMSG_SPACE(n_fds * sizeof(int))};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);

	if (!n_fds)
		return pdp_agentlink_send(al, msg, len);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	return sendmsg(al->fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? not_sent(al) : 1;
}

_Static_assert(PDP_ROUTER_N_TABLES <= PDP_OWN_FDS, "send_fds() has room for all tables");

static int send_tables(struct pdp_agentlink *al)
{
	const struct pdp_guest_tables *tables = al->tables_due;
	const struct {
		struct pdp_msg msg;
		struct pdp_tables tables;
	} out = {.msg.type = PDP_MSG_TABLES, .tables = {tables->id, tables->sizes}};
	int sent =
		send_fds(al, &out, sizeof(out), tables->fd, tables->id ? PDP_ROUTER_N_TABLES : 0);

	if (sent == 1)
		al->tables_due = NULL;
	return sent;
}

static int send_own(struct pdp_agentlink *al)
{
	struct {
		struct pdp_msg msg;
		struct pdp_own_parts parts;
	} out = {.msg.type = PDP_MSG_OWN};
	int fds[PDP_OWN_FDS], sent;
	unsigned int n = pdp_own_parts(al->own, &out.parts, fds);

	sent = send_fds(al, &out, sizeof(out), fds, n);
	al->own_due = sent != 1;
	return sent;
}

/* Questions go first: they are short, and somebody waits. */
static int send_asks(struct pdp_agentlink *al)
{
	_Alignas(8) uint8_t out[PDP_AGENTASK_MAX];
	int sent = 1;
	size_t len;

	while (sent == 1 && (len = pdp_agentasks_next(&al->asks, out))) {
		sent = pdp_agentlink_send(al, out, len);
		if (sent == 1)
			pdp_agentasks_sent(&al->asks);
	}
	return sent;
}

int pdp_agentlink_pump(struct pdp_agentlink *al)
{
	static _Alignas(8) uint8_t out[PDP_CHANNEL_MAX]; /* one thread, one message at a time */
	int sent = al->memory_due ? send_memory(al) : 1;
	size_t len;

	if (sent == 1 && al->tables_due)
		sent = send_tables(al);
	if (sent == 1 && al->own_due)
		sent = send_own(al);
	if (sent == 1)
		sent = send_asks(al);
	if (sent != 1)
		return sent;
	for (int i = 0; i < SEND_BURST; i++) {
		len = pdp_confreader_next(&al->conf, out, sizeof(out));
		if (!len)
			break;
		sent = pdp_agentlink_send(al, out, len);
		if (sent != 1)
			return sent;
		pdp_confreader_sent(&al->conf);
		al->synced = false;
		al->complaints.told++;
	}
	if (pdp_confreader_due(&al->conf))
		event_add(al->write_ev, NULL);
	else if (!al->synced && !pdp_agentconf_held(al->conf.conf))
		sent = send_sync(al);
	return sent;
}

/* --- signs of life ------------------------------------------------------------------------------- */

static void alive(struct pdp_agentlink *al)
{
	al->quiet = 0;
}

/* Is the agent at work on what was sent: is less of it unread than at the last look, or other? */
static bool reads(struct pdp_agentlink *al)
{
	int unread = 0, before = al->unread;

	ioctl(al->fd, SIOCOUTQ, &unread);
	al->unread = unread;
	return unread != before;
}

/*
 * What is removed is kept for whoever has not been told. One that is stopped must not make that grow for
 * ever: it hears everything anew when it comes back.
 */
static void cut_off_if_too_late(const struct pdp_agentlink *al)
{
	struct pdp_agentconf_stats stats;

	pdp_agentconf_stats(al->conf.conf, &stats);
	if (stats.removals > 2 * stats.entries + REMOVALS_MAX)
		shutdown(al->fd, SHUT_RDWR);
}

/* Counted in turns, not by the clock: a controller that was held up itself has seen nothing. */
static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_agentlink *al = arg;
	struct pdp_error err;

	(void)fd, (void)what;
	if (al->answered_seq == al->sync_seq && al->synced) {
		alive(al);
		send_sync(al);
		return;
	}
	/* Nothing that it could answer was asked. */
	if (reads(al) || (al->answered_seq == al->sync_seq && pdp_agentconf_held(al->conf.conf))) {
		alive(al);
		return;
	}
	if (++al->quiet > al->patience)
		cut_off_if_too_late(al);
	if (al->quiet != al->patience)
		return;
	pdp_fail(&err, 0, "agent (pid %d) has not answered for %u ms", (int)al->pid,
		 al->quiet * WATCH_MS);
	al->fn(PDP_AGENT_STALLED, &err, al->arg);
}

int pdp_agentlink_watch(struct pdp_agentlink *al, struct pdp_error *err)
{
	const struct timeval interval = milliseconds(WATCH_MS);

	al->quiet = 0;
	al->patience = PDP_AGENT_WATCH_TURNS_FIRST;
	al->unread = 0;
	al->watch_ev = event_new(al->base, -1, EV_PERSIST, on_watch, al);
	if (!al->watch_ev || event_add(al->watch_ev, &interval))
		return pdp_fail(err, -ENOMEM, "no memory for a timer");
	return 0;
}

/* --- what agents say --------------------------------------------------------------------------------- */

/* Call and forget those whose SYNC is answered; each may ask anew from within. */
static void answer_waiters(struct pdp_agentlink *al, uint32_t seq, const struct pdp_error *err)
{
	struct waiter now;

	for (size_t i = 0; i < al->n_waiters;) {
		if (!al->waiters[i].asked || (int32_t)(al->waiters[i].seq - seq) > 0) {
			i++;
			continue;
		}
		now = al->waiters[i];
		memmove(&al->waiters[i], &al->waiters[i + 1], (--al->n_waiters - i) * sizeof(now));
		now.fn(err, now.arg);
	}
}

/* Is an answer to this SYNC still of interest, or of tables that are not in force any more? */
static bool is_past(const struct pdp_agentlink *al, uint32_t seq)
{
	return (int32_t)(seq - al->tables_seq) <= 0;
}

static int take_synced(struct pdp_agentlink *al, const struct pdp_msg *msg, size_t len,
		       struct pdp_error *err)
{
	struct pdp_synced synced;
	struct pdp_error why, *told = NULL;

	if (len != sizeof(synced))
		return pdp_fail(err, -EPROTO, "SYNCED has %zu bytes, not %zu", len, sizeof(synced));
	memcpy(&synced, msg + 1, sizeof(synced));
	if ((int32_t)(msg->seq - al->answered_seq) <= 0 || (int32_t)(msg->seq - al->sync_seq) > 0)
		return pdp_fail(err, -EPROTO,
				"SYNCED for SYNC %u, which is answered or was never sent",
				msg->seq);
	al->answered_seq = msg->seq;
	alive(al);
	if (is_past(al, msg->seq))
		return 0;
	al->has_tables = synced.tables;
	if (!al->error)
		al->error = synced.error < 0 ? -synced.error : synced.error;
	if (al->error) {
		pdp_fail(&why, 0, "the agent could not apply all of its configuration: %s",
			 strerror(al->error));
		told = &why;
	}
	if (al->error == ENOSPC)
		al->fn(PDP_AGENT_FULL, told, al->arg);
	if (is_past(al, msg->seq))
		return 0;
	answer_waiters(al, msg->seq, told);
	/* More was sent since: the answer to that will come. */
	if (msg->seq != al->sync_seq || !al->synced)
		return 0;
	al->error = 0;
	al->patience = PDP_AGENT_WATCH_TURNS;
	al->fn(PDP_AGENT_SYNCED, told, al->arg);
	return 0;
}

int pdp_agentlink_take(struct pdp_agentlink *al, const struct pdp_inbox *in, struct pdp_error *err)
{
	const struct pdp_msg *msg = (const struct pdp_msg *)in->data;
	const size_t len = (size_t)in->len - sizeof(*msg);

	if (in->n_fds)
		return pdp_fail(err, -EPROTO, "message of type %u came with descriptors",
				msg->type);
	if (msg->type == PDP_MSG_SYNCED)
		return take_synced(al, msg, len, err);
	if (msg->type == PDP_MSG_ROUTES || msg->type == PDP_MSG_DUMPED ||
	    msg->type == PDP_MSG_FOUND) {
		alive(al);
		/* The next dump may be due. */
		event_add(al->write_ev, NULL);
		return pdp_agentasks_answer(&al->asks, msg, len, err);
	}
	if (msg->type != PDP_MSG_ERROR)
		return pdp_fail(err, -EPROTO, "agents do not send messages of type %u", msg->type);
	return pdp_complaints_take(&al->complaints, al->path, (const char *)(msg + 1), len, err);
}

/* --- what they are told and asked -------------------------------------------------------------------- */

void pdp_agentlink_send_soon(void *arg)
{
	struct pdp_agentlink *al = arg;

	if (al->greeted)
		event_add(al->write_ev, NULL);
}

void pdp_agentlink_memory(struct pdp_agentlink *al, uint32_t memory_mib)
{
	al->memory = (uint64_t)memory_mib << 20;
	if (!al->greeted)
		return;
	al->memory_due = true;
	event_add(al->write_ev, NULL);
}

void pdp_agentlink_own(struct pdp_agentlink *al, struct pdp_own *own)
{
	al->own = own;
	al->own_due = true;
	pdp_agentlink_send_soon(al);
}

void pdp_agentlink_tables(struct pdp_agentlink *al, const struct pdp_guest_tables *tables)
{
	if (!al->greeted)
		return;
	al->tables_due = tables;
	al->tables_seq = al->sync_seq;
	al->synced = false;
	al->error = 0;
	al->patience = PDP_AGENT_WATCH_TURNS_FIRST;
	for (size_t i = 0; i < al->n_waiters; i++)
		al->waiters[i].asked = false;
	pdp_confreader_begin(&al->conf, true);
	event_add(al->write_ev, NULL);
}

int pdp_agentlink_vif(struct pdp_agentlink *al, const struct pdp_dp_vif *vif)
{
	return pdp_agentconf_vif(al->conf.conf, vif);
}

int pdp_agentlink_netlink(struct pdp_agentlink *al, const void *msgs, size_t len)
{
	return pdp_agentconf_netlink(al->conf.conf, msgs, len);
}

int pdp_agentlink_sync(struct pdp_agentlink *al, pdp_agent_sync_fn fn, void *arg)
{
	struct waiter *waiters = realloc(al->waiters, (al->n_waiters + 1) * sizeof(*waiters));

	if (!waiters)
		return -ENOMEM;
	al->waiters = waiters;
	waiters[al->n_waiters++] = (struct waiter){.fn = fn, .arg = arg};
	al->synced = false;
	pdp_agentlink_send_soon(al);
	return 0;
}

static int asked(struct pdp_agentlink *al, int code, struct pdp_error *err)
{
	pdp_agentlink_send_soon(al);
	return code ? pdp_fail(err, code, "no memory for a question") : 0;
}

int pdp_agentlink_dump(struct pdp_agentlink *al, pdp_agent_answer_fn fn, void *arg,
		       struct pdp_error *err)
{
	if (!al->greeted)
		return pdp_fail(err, -ENOTCONN, "it has no agent");
	return asked(al, pdp_agentasks_dump(&al->asks, fn, arg), err);
}

int pdp_agentlink_lookup(struct pdp_agentlink *al, const struct pdp_lookup *what,
			 pdp_agent_answer_fn fn, void *arg, struct pdp_error *err)
{
	if (!al->greeted)
		return pdp_fail(err, -ENOTCONN, "it has no agent");
	return asked(al, pdp_agentasks_lookup(&al->asks, what, fn, arg), err);
}

void pdp_agentlink_forget_asked(struct pdp_agentlink *al, const void *arg)
{
	pdp_agentasks_forget(&al->asks, arg);
}
