/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* agentlink.c - the controller's end of an agent's channel; see agentlink.h. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/agentlink.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/bucket.h"
#include "ctl/complaints.h"
#include "ctl/hello.h"
#include "ctl/process.h"
#include "ctl/seqpacket.h"

#define HELLO_TIMEOUT_MS 5000
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define SEND_BURST 64 /* messages in one turn of the event loop */
#define BURST 20 /* connections that may end at once, */
#define BURST_INTERVAL_MS 1000 /* and then one by one */
#define WATCH_MS 250
#define WATCH_TURNS 3 /* without a sign of life: stalled */
#define WATCH_TURNS_FIRST 20 /* the first SYNC puts a whole configuration in force */

struct pdp_agentlink {
	struct event_base *base;
	pdp_agent_fn fn;
	void *arg;
	char dataplane[16];

	/* Of the guest as it is now. */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	uid_t agent;
	struct pdp_hello_want want;
	int xskmap_fd;
	uint64_t memory; /* its limit in bytes */
	int listen_fd;
	struct event *accept_ev;
	struct event *pause_ev;
	unsigned int pause_ms;
	struct pdp_bucket endings; /* of connections that were greeted */
	struct pdp_complaints complaints;

	/* The connection, if there is one. */
	int fd;
	struct event *read_ev;
	struct event *write_ev;
	bool greeted;
	uint32_t sync_seq; /* of the last SYNC sent */
	uint32_t answered_seq; /* of the last SYNCED */
	bool synced; /* nothing was sent since */
	bool memory_due; /* the agent has not been told its limit */
	int error; /* the first that was told since the last time all was in force */
	struct event *watch_ev;
	unsigned int quiet; /* turns of the watch without a sign of life */
	unsigned int patience; /* with them */
	int unread; /* bytes on their way when the watch looked last */

	/* The agent that greeted last. */
	pid_t pid; /* on the host */
	ino_t xsk_inode; /* tells a reconnect from a new agent */

	struct pdp_confreader conf;
	struct pdp_agentstats stats;
	struct waiter *waiters;
	size_t n_waiters;
};

/* Who wants to know when what was given so far is in force. */
struct waiter {
	uint32_t seq; /* of the SYNC that stands for it; */
	bool asked; /* if that was sent */
	pdp_agent_sync_fn fn;
	void *arg;
};

static struct timeval milliseconds(unsigned int ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

/* Off the books, and the door open again at once or after a pause. */
static void end_connection(struct pdp_agentlink *al, unsigned int pause_ms)
{
	if (al->read_ev)
		event_free(al->read_ev);
	if (al->write_ev)
		event_free(al->write_ev);
	if (al->watch_ev)
		event_free(al->watch_ev);
	al->read_ev = al->write_ev = al->watch_ev = NULL;
	if (al->fd >= 0)
		close(al->fd);
	al->fd = -1;
	al->greeted = false;
	for (size_t i = 0; i < al->n_waiters; i++)
		al->waiters[i].asked = false;
	pdp_confreader_begin(&al->conf, false);
	if (!al->accept_ev)
		return;
	if (pause_ms) {
		const struct timeval pause = milliseconds(pause_ms);

		event_add(al->pause_ev, &pause);
	} else {
		event_add(al->accept_ev, NULL);
	}
}

static void lose(struct pdp_agentlink *al, const struct pdp_error *err)
{
	const bool greeted = al->greeted;

	/* Each may flip a slot table and is told: a guest must not have us do only that. */
	end_connection(al,
		       pdp_bucket_take(&al->endings, pdp_bucket_now_ms()) ? 0 : BURST_INTERVAL_MS);
	if (greeted)
		al->fn(PDP_AGENT_LOST, err, al->arg);
}

static void refuse(struct pdp_agentlink *al, const struct pdp_error *err)
{
	end_connection(al, al->pause_ms);
	al->pause_ms = al->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : al->pause_ms * 2;
	al->fn(PDP_AGENT_REFUSED, err, al->arg);
}

/* 1 = sent, 0 = no room now (write_ev will tell), -errno. */
static int send_message(struct pdp_agentlink *al, const void *msg, size_t len)
{
	if (send(al->fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 1;
	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	event_add(al->write_ev, NULL);
	return 0;
}

static int send_sync(struct pdp_agentlink *al)
{
	const struct pdp_msg sync = {.type = PDP_MSG_SYNC, .seq = al->sync_seq + 1};
	int sent = send_message(al, &sync, sizeof(sync));

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
	int sent = send_message(al, &out, sizeof(out));

	al->memory_due = sent != 1;
	return sent;
}

/* Send what is due, in order, then SYNC; a bounded number at a time. */
static int pump(struct pdp_agentlink *al)
{
	static _Alignas(8) uint8_t out[PDP_CHANNEL_MAX]; /* one thread, one message at a time */
	int sent = al->memory_due ? send_memory(al) : 1;
	size_t len;

	if (sent != 1)
		return sent;
	for (int i = 0; i < SEND_BURST; i++) {
		len = pdp_confreader_next(&al->conf, out, sizeof(out));
		if (!len)
			break;
		sent = send_message(al, out, len);
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

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_agentlink *al = arg;
	struct pdp_error err;
	int code = pump(al);

	(void)fd, (void)what;
	if (code < 0) {
		pdp_fail(&err, code, "cannot send to the agent: %s", strerror(-code));
		lose(al, &err);
	}
}

/*
 * The socket goes into the XSKMAP; a new agent's counters take the place of the last one's. The same
 * agent may have come to an earlier controller first.
 */
static int admit(struct pdp_agentlink *al, const struct pdp_hello *hello, const int *fds,
		 struct pdp_error *err)
{
	const uint32_t queue = hello->queue;
	struct stat st;
	bool same;
	int code = 0;

	if (fstat(fds[0], &st))
		return pdp_fail(err, -errno, "stat the agent's socket: %s", strerror(errno));
	same = st.st_ino == al->xsk_inode;
	if (!same || !al->stats.live)
		code = pdp_agentstats_map(&al->stats, fds[1], same, err);
	if (code)
		return code;
	al->xsk_inode = st.st_ino;
	if (!same)
		al->fn(PDP_AGENT_ARRIVED, NULL, al->arg);
	if (bpf_map_update_elem(al->xskmap_fd, &queue, &fds[0], BPF_ANY))
		return pdp_fail(err, -errno, "put the agent's socket into the XSKMAP, queue %u: %s",
				queue, strerror(errno));
	return 0;
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
	if (++al->quiet != al->patience)
		return;
	pdp_fail(&err, 0, "agent (pid %d) has not answered for %u ms", (int)al->pid,
		 al->quiet * WATCH_MS);
	al->fn(PDP_AGENT_STALLED, &err, al->arg);
}

static int start_watch(struct pdp_agentlink *al, struct pdp_error *err)
{
	const struct timeval interval = milliseconds(WATCH_MS);

	al->quiet = 0;
	al->patience = WATCH_TURNS_FIRST;
	al->unread = 0;
	al->watch_ev = event_new(al->base, -1, EV_PERSIST, on_watch, al);
	if (!al->watch_ev || event_add(al->watch_ev, &interval))
		return pdp_fail(err, -ENOMEM, "no memory for a timer");
	return 0;
}

static int greet(struct pdp_agentlink *al, const struct pdp_inbox *in, struct pdp_error *err)
{
	const struct pdp_msg start = {.type = PDP_MSG_START};
	const struct pdp_msg *msg = (const struct pdp_msg *)in->data;
	struct pdp_hello hello;
	int code;

	if (msg->type != PDP_MSG_HELLO)
		return pdp_fail(err, -EPROTO, "first message is of type %u, not HELLO", msg->type);
	code = pdp_hello_check(msg + 1, (size_t)in->len - sizeof(*msg), in->fds, in->n_fds,
			       &al->want, err);
	if (code)
		return code;
	memcpy(&hello, msg + 1, sizeof(hello));
	code = admit(al, &hello, in->fds, err);
	if (!code)
		code = start_watch(al, err);
	if (code)
		return code;
	al->greeted = true;
	al->synced = false;
	al->error = 0;
	al->complaints.told = al->complaints.taken = 0;
	al->pause_ms = PAUSE_MIN_MS;
	event_remove_timer(al->read_ev);
	send_message(al, &start, sizeof(start));
	al->memory_due = true;
	pdp_confreader_begin(&al->conf, true);
	event_add(al->write_ev, NULL);
	al->fn(PDP_AGENT_CONNECTED, NULL, al->arg);
	return 0;
}

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
	if (!al->error)
		al->error = synced.error < 0 ? -synced.error : synced.error;
	if (al->error) {
		pdp_fail(&why, 0, "the agent could not apply all of its configuration: %s",
			 strerror(al->error));
		told = &why;
	}
	answer_waiters(al, msg->seq, told);
	/* More was sent since: the answer to that will come. */
	if (msg->seq != al->sync_seq || !al->synced)
		return 0;
	al->error = 0;
	al->patience = WATCH_TURNS;
	al->fn(PDP_AGENT_SYNCED, told, al->arg);
	return 0;
}

static int handle(struct pdp_agentlink *al, const struct pdp_inbox *in, struct pdp_error *err)
{
	const struct pdp_msg *msg = (const struct pdp_msg *)in->data;
	const size_t len = (size_t)in->len - sizeof(*msg);

	if (in->n_fds)
		return pdp_fail(err, -EPROTO, "message of type %u came with descriptors",
				msg->type);
	if (msg->type == PDP_MSG_SYNCED)
		return take_synced(al, msg, len, err);
	if (msg->type != PDP_MSG_ERROR)
		return pdp_fail(err, -EPROTO, "agents do not send messages of type %u", msg->type);
	return pdp_complaints_take(&al->complaints, al->path, (const char *)(msg + 1), len, err);
}

static int judge(struct pdp_agentlink *al, struct pdp_inbox *in, struct pdp_error *err)
{
	if (in->len < 0)
		return pdp_fail(err, (int)in->len, "receive from the agent: %s",
				strerror((int)-in->len));
	if (in->cut)
		return pdp_fail(err, -EPROTO, "message too long, or with too many descriptors");
	if ((size_t)in->len < sizeof(struct pdp_msg))
		return pdp_fail(err, -EPROTO, "message of %zd bytes", in->len);
	return al->greeted ? handle(al, in, err) : greet(al, in, err);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_agentlink *al = arg;
	struct pdp_error err = {0};
	struct pdp_inbox in;
	int code;

	if (what & EV_TIMEOUT) {
		pdp_fail(&err, 0, "no HELLO within %d ms", HELLO_TIMEOUT_MS);
		refuse(al, &err);
		return;
	}
	pdp_inbox_receive(fd, &in);
	if (in.len == -EAGAIN || in.len == -EINTR)
		return;
	if (!in.len) {
		pdp_fail(&err, 0, "agent (pid %d) %s", (int)al->pid,
			 pdp_agentlink_alive(al) ? "has closed its channel" : "has died");
		lose(al, &err);
		return;
	}
	code = judge(al, &in, &err);
	pdp_inbox_close(&in);
	if (!code)
		return;
	if (al->greeted)
		lose(al, &err);
	else
		refuse(al, &err);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval timeout = milliseconds(HELLO_TIMEOUT_MS);
	struct pdp_agentlink *al = arg;
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;
	struct pdp_error err;

	(void)what;
	al->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (al->fd < 0)
		return;
	/* One at a time: the next waits in the backlog. */
	event_del(al->accept_ev);
	if (getsockopt(al->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.uid != al->agent) {
		pdp_fail(&err, 0, "uid %u connected, who is not this guest's agent (%u)", peer.uid,
			 al->agent);
		refuse(al, &err);
		return;
	}
	al->pid = peer.pid;
	al->read_ev = event_new(al->base, al->fd, EV_READ | EV_PERSIST, on_readable, al);
	al->write_ev = event_new(al->base, al->fd, EV_WRITE, on_writable, al);
	if (!al->read_ev || !al->write_ev || event_add(al->read_ev, &timeout))
		end_connection(al, PAUSE_MAX_MS);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_agentlink *al = arg;

	(void)fd, (void)what;
	if (al->fd < 0)
		event_add(al->accept_ev, NULL);
}

/* After the caller has said all it has to say in this turn of the loop. */
static void send_soon(void *arg)
{
	struct pdp_agentlink *al = arg;

	if (al->greeted)
		event_add(al->write_ev, NULL);
}

int pdp_agentlink_new(struct pdp_agentlink **out, struct event_base *base, const char *dataplane,
		      struct pdp_agentconf *conf, pdp_agent_fn fn, void *arg, struct pdp_error *err)
{
	struct pdp_agentlink *al = calloc(1, sizeof(*al));

	*out = NULL;
	conf = conf ? pdp_agentconf_ref(conf) : pdp_agentconf_new();
	if (!al || !conf) {
		pdp_agentconf_unref(conf);
		free(al);
		return pdp_fail(err, -ENOMEM, "no memory for an agent's channel");
	}
	al->base = base;
	al->fn = fn;
	al->arg = arg;
	al->listen_fd = al->fd = al->xskmap_fd = -1;
	al->pause_ms = PAUSE_MIN_MS;
	al->endings = (struct pdp_bucket){.depth = BURST, .interval_ms = BURST_INTERVAL_MS};
	pdp_confreader_init(&al->conf, conf, send_soon, al);
	pdp_agentconf_unref(conf);
	snprintf(al->dataplane, sizeof(al->dataplane), "%s", dataplane);
	*out = al;
	return 0;
}

void pdp_agentlink_free(struct pdp_agentlink *al)
{
	if (!al)
		return;
	pdp_agentlink_shut(al);
	pdp_confreader_end(&al->conf);
	pdp_agentstats_unmap(&al->stats);
	free(al->waiters);
	free(al);
}

int pdp_agentlink_listen(struct pdp_agentlink *al, const char *path, uid_t agent,
			 const struct pdp_felink *link, int xskmap_fd, struct pdp_error *err)
{
	if (strlen(path) >= sizeof(al->path))
		return pdp_fail(err, -ENAMETOOLONG,
				"socket path %s has more than %zu characters; use a shorter run "
				"directory",
				path, sizeof(al->path) - 1);
	snprintf(al->path, sizeof(al->path), "%s", path);
	al->agent = agent;
	al->xskmap_fd = xskmap_fd;
	al->want = (struct pdp_hello_want){.ifindex = link->inner_ifindex,
					   .queues = PDP_FELINK_QUEUES,
					   .netns_cookie = link->netns_cookie,
					   .dataplane = al->dataplane};
	al->listen_fd = pdp_seqpacket_listen(path, agent, err);
	if (al->listen_fd < 0)
		return al->listen_fd;
	al->accept_ev = event_new(al->base, al->listen_fd, EV_READ | EV_PERSIST, on_acceptable, al);
	al->pause_ev = event_new(al->base, -1, 0, on_pause_over, al);
	if (!al->accept_ev || !al->pause_ev || event_add(al->accept_ev, NULL)) {
		pdp_agentlink_shut(al);
		return pdp_fail(err, -ENOMEM, "no memory for the events of %s", path);
	}
	return 0;
}

void pdp_agentlink_shut(struct pdp_agentlink *al)
{
	if (al->accept_ev)
		event_free(al->accept_ev);
	if (al->pause_ev)
		event_free(al->pause_ev);
	al->accept_ev = al->pause_ev = NULL;
	end_connection(al, 0);
	if (al->listen_fd >= 0) {
		close(al->listen_fd);
		unlink(al->path);
	}
	al->listen_fd = -1;
	al->xskmap_fd = -1;
}

void pdp_agentlink_memory(struct pdp_agentlink *al, uint32_t memory_mib)
{
	al->memory = (uint64_t)memory_mib << 20;
	if (!al->greeted)
		return;
	al->memory_due = true;
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
	send_soon(al);
	return 0;
}

void pdp_agentlink_past(const struct pdp_agentlink *al, struct pdp_agent_past *out)
{
	*out = (struct pdp_agent_past){
		.xsk = al->xsk_inode,
		.pid = al->pid,
		.dead = al->stats.dead,
	};
	pdp_agentstats_snapshot(&al->stats, &out->seen);
}

void pdp_agentlink_set_past(struct pdp_agentlink *al, const struct pdp_agent_past *past)
{
	al->xsk_inode = past->xsk;
	al->pid = past->pid;
	al->stats.dead = past->dead;
	al->stats.seen = past->seen;
}

void pdp_agentlink_credit(struct pdp_agentlink *al, uint64_t packets)
{
	al->stats.dead.forward_packets += packets;
}

pid_t pdp_agentlink_pid(const struct pdp_agentlink *al)
{
	return al->pid;
}

void pdp_agentlink_stats(const struct pdp_agentlink *al, struct pdp_agent_stats *out)
{
	pdp_agentstats_read(&al->stats, out);
}

bool pdp_agentlink_alive(const struct pdp_agentlink *al)
{
	struct pdp_process process;

	return !pdp_process_look(al->pid, &process) && !process.exiting;
}
