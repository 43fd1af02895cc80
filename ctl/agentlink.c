/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* agentlink.c - the controller's end of an agent's channel; see agentlink.h. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/agentlink.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/agentlink_talk.h"
#include "ctl/process.h"

#define HELLO_TIMEOUT_MS 5000
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define BURST 20 /* connections that may end at once, */
#define BURST_INTERVAL_MS 1000 /* and then one by one */

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
	al->tables_due = NULL;
	for (size_t i = 0; i < al->n_waiters; i++)
		al->waiters[i].asked = false;
	pdp_confreader_begin(&al->conf, false);
	pdp_agentasks_end(&al->asks, "its agent is gone");
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

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_agentlink *al = arg;
	struct pdp_error err;
	int code = pdp_agentlink_pump(al);

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
		code = pdp_agentlink_watch(al, err);
	if (code)
		return code;
	al->greeted = true;
	al->synced = false;
	al->error = 0;
	al->has_tables = hello.tables;
	al->tables_seq = al->sync_seq;
	al->complaints.told = al->complaints.taken = 0;
	al->pause_ms = PAUSE_MIN_MS;
	event_remove_timer(al->read_ev);
	pdp_agentlink_send(al, &start, sizeof(start));
	al->memory_due = true;
	al->own_due = al->own;
	pdp_confreader_begin(&al->conf, true);
	event_add(al->write_ev, NULL);
	al->fn(PDP_AGENT_CONNECTED, NULL, al->arg);
	return 0;
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
	return al->greeted ? pdp_agentlink_take(al, in, err) : greet(al, in, err);
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
	/* It is a reset if the agent has left something unread (unix(7)). */
	if (!in.len || in.len == -ECONNRESET) {
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
	pdp_agentasks_init(&al->asks);
	pdp_confreader_init(&al->conf, conf, pdp_agentlink_send_soon, al);
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

uint32_t pdp_agentlink_has_tables(const struct pdp_agentlink *al)
{
	return al->greeted ? al->has_tables : 0;
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
