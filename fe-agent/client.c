/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* client.c - the agent's end of the channel; see client.h. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fe-agent/client.h"
#include "fe-agent/memory.h"
#include "fe-agent/own_agent.h"
#include "fe-agent/router_memory.h"

#define PAUSE_MIN_MS 10
#define PAUSE_MAX_MS 1000
#define FDS_MAX (PDP_OWN_FDS > PDP_ROUTER_N_TABLES ? PDP_OWN_FDS : PDP_ROUTER_N_TABLES)
#define SEND_TIMEOUT_S 1 /* a controller that does not read is treated as gone */

struct pdp_client {
	struct pdp_client_conf conf;
	struct pdp_dataplane *dp; /* NULL before the first message that it is for; */
	uint32_t tables; /* where it has its tables; 0 = in memory of its own */
	bool serving; /* the worker has it */
	bool renewing; /* from HELLO to SYNC: all is said anew */
	struct pdp_dataplane *next; /* from TABLES to SYNC: where all is said to; else NULL */
	uint32_t next_tables;
	uint64_t memory; /* the limit that the controller told last */
	bool short_of_memory; /* something was refused for it */
	int fd; /* -1: not connected */
	int error; /* the first since the last SYNC */
	unsigned int pause_ms; /* before the next attempt to connect */
	struct pdp_own_agent *own; /* of a vnet owner's; NULL = OWN never came */
	bool dumping;
	uint32_t dump_seq;
	struct pdp_dp_cursor dump;
	size_t piece; /* bytes of the dump that wait in out */
	_Alignas(8) uint8_t buf[PDP_CHANNEL_MAX];
	_Alignas(8) uint8_t out[PDP_CHANNEL_MAX - sizeof(struct pdp_msg)];
};

static int try_send(struct pdp_client *c, enum pdp_msg_type type, uint32_t seq, const void *body,
		    size_t len, int flags)
{
	struct pdp_msg msg = {.type = type, .seq = seq};
	struct iovec iov[] = {{&msg, sizeof(msg)}, {(void *)body, len}};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};

	return sendmsg(c->fd, &mh, MSG_NOSIGNAL | flags) < 0 ? -errno : 0;
}

static int send_message(struct pdp_client *c, enum pdp_msg_type type, uint32_t seq,
			const void *body, size_t len)
{
	return try_send(c, type, seq, body, len, 0);
}

static int say_hello(struct pdp_client *c)
{
	const struct pdp_client_conf *conf = &c->conf;
	struct pdp_msg msg = {.type = PDP_MSG_HELLO};
	struct pdp_hello hello = {
		.version = PDP_CHANNEL_VERSION,
		.wire_version = PDP_WIRE_VERSION,
		.ifindex = conf->port->ifindex,
		.queue = conf->port->queue,
		.pid = getpid(),
		.tables = c->tables,
	};
	int fds[] = {conf->port->fd, conf->stats_fd};
	struct iovec iov[] = {{&msg, sizeof(msg)}, {&hello, sizeof(hello)}};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fds))] = {0};
	struct msghdr mh = {.msg_iov = iov,
			    .msg_iovlen = 2,
			    .msg_control = control,
			    .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);

	snprintf(hello.dataplane, sizeof(hello.dataplane), "%s", conf->ops->name);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
	return sendmsg(c->fd, &mh, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int open_socket(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
	int fd, rc;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun))) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* The next attempt to connect comes later than the last: the controller may be refusing us. */
static void lengthen_pause(struct pdp_client *c)
{
	c->pause_ms = c->pause_ms ? c->pause_ms * 2 : PAUSE_MIN_MS;
	if (c->pause_ms > PAUSE_MAX_MS)
		c->pause_ms = PAUSE_MAX_MS;
}

static void disconnect(struct pdp_client *c, const char *why)
{
	warnx("%s: %s; forwarding on, connecting again", c->conf.path, why);
	close(c->fd);
	c->fd = -1;
	c->dumping = false;
	lengthen_pause(c);
}

/* Whatever was said into other tables was not all. */
static void forget_next(struct pdp_client *c)
{
	c->conf.ops->fini(c->next);
	c->next = NULL;
}

static void try_connect(struct pdp_client *c)
{
	int rc = open_socket(c->conf.path);

	if (rc < 0) {
		if (!c->pause_ms)
			warnx("%s: %s; trying again", c->conf.path, strerror(-rc));
		lengthen_pause(c);
		return;
	}
	c->fd = rc;
	c->error = 0;
	c->short_of_memory = false;
	forget_next(c);
	rc = say_hello(c);
	if (rc) {
		disconnect(c, strerror(-rc));
		return;
	}
	if (c->dp)
		c->conf.ops->renew(c->dp);
	c->renewing = true;
}

/* What configuration is for: the first instance is made when there is some. NULL without memory. */
static struct pdp_dataplane *target(struct pdp_client *c)
{
	if (c->next)
		return c->next;
	if (!c->dp && !c->conf.ops->init(&c->dp, NULL))
		c->conf.ops->renew(c->dp);
	return c->dp;
}

/* What questions are for. */
static struct pdp_dataplane *in_force(struct pdp_client *c)
{
	return c->dp ? c->dp : target(c);
}

/* A message could not be applied: remember it for SYNCED, and tell people now. */
static int complain(struct pdp_client *c, const char *what, int error)
{
	char text[160];
	int len;

	if (!c->error)
		c->error = error;
	if (error == -ENOMEM)
		c->short_of_memory = true;
	len = snprintf(text, sizeof(text), "%s not applied: %s", what, strerror(-error));
	warnx("%s", text);
	return send_message(c, PDP_MSG_ERROR, 0, text, len);
}

static int apply_vif(struct pdp_client *c, struct pdp_dataplane *dp, const void *body, size_t len)
{
	struct pdp_dp_vif vif;
	char what[32];
	int rc;

	if (len != sizeof(vif))
		return complain(c, "vif of a wrong size", -EPROTO);
	memcpy(&vif, body, sizeof(vif));
	rc = c->conf.ops->set_vif(dp, &vif);
	if (!rc)
		return 0;
	snprintf(what, sizeof(what), "vif %u", vif.id);
	return complain(c, what, rc);
}

static void count_routes(struct pdp_client *c)
{
	struct pdp_agent_stats *stats = c->conf.worker->stats;

	c->conf.ops->routes(c->dp, &stats->routes4, &stats->routes6);
}

static int apply_netlink(struct pdp_client *c, struct pdp_dataplane *dp, const void *body,
			 size_t len)
{
	struct pdp_dp_refused refused = {0};
	char what[128] = "netlink message";
	int rc = c->conf.ops->netlink(dp, body, len, &refused);

	c->conf.worker->stats->routes_refused += refused.n;
	if (c->serving)
		count_routes(c);
	if (!rc)
		return 0;
	if (refused.n)
		snprintf(what, sizeof(what), "%s", refused.first);
	if (refused.n > 1)
		snprintf(what + strlen(what), sizeof(what) - strlen(what), " and %u more",
			 refused.n - 1);
	return complain(c, what, rc);
}

/* More memory than there was: what was refused may have room now, and is not known here. */
static int set_memory(struct pdp_client *c, const void *body, size_t len)
{
	struct pdp_memory memory;
	bool more;

	if (len != sizeof(memory))
		return -EPROTO;
	memcpy(&memory, body, sizeof(memory));
	more = !memory.bytes || memory.bytes > c->memory;
	c->memory = memory.bytes;
	pdp_memory_limit(memory.bytes);
	if (c->short_of_memory && more)
		disconnect(c, "there is more memory for routes");
	return 0;
}

static int make_next(struct pdp_client *c, const struct pdp_tables *tables, const int *fds)
{
	struct pdp_router_memory memory;
	int rc;

	if (!tables->id)
		return c->conf.ops->init(&c->next, NULL);
	rc = pdp_router_memory_map(&memory, &tables->sizes, fds);
	if (rc)
		return rc;
	rc = c->conf.ops->init(&c->next, &memory);
	if (rc)
		pdp_router_memory_unmap(&memory);
	return rc;
}

/*
 * Other memory for the tables, into which all is said anew. What cannot be used is told of by SYNCED: its
 * tables are the ones of before, and all is said into those.
 */
static int take_tables(struct pdp_client *c, const void *body, size_t len, const int *fds,
		       unsigned int n_fds)
{
	struct pdp_tables tables;
	int rc;

	if (len != sizeof(tables))
		return -EPROTO;
	memcpy(&tables, body, sizeof(tables));
	if (n_fds != (tables.id ? PDP_ROUTER_N_TABLES : 0))
		return -EPROTO;
	forget_next(c);
	c->error = 0;
	rc = make_next(c, &tables, fds);
	if (rc) {
		warnx("tables %u cannot be used: %s", tables.id, strerror(-rc));
		if (c->dp)
			c->conf.ops->renew(c->dp);
		c->renewing = true;
		return 0;
	}
	c->next_tables = tables.id;
	return 0;
}

/* The worker goes over from one burst to the next; what it had goes. */
static void change_over(struct pdp_client *c)
{
	pdp_worker_give(c->conf.worker, c->next);
	c->conf.ops->fini(c->dp);
	c->dp = c->next;
	c->next = NULL;
	c->tables = c->next_tables;
	c->serving = true;
	c->dump = (struct pdp_dp_cursor){0};
	c->piece = 0;
}

/* All that was sent is in the tables: nothing else shall be, and packets may come. */
static int sync_up(struct pdp_client *c, uint32_t seq)
{
	struct pdp_synced synced = {.error = c->error};

	if (c->next)
		change_over(c);
	else if (c->renewing)
		c->conf.ops->sweep(c->dp);
	if (!c->serving)
		pdp_worker_give(c->conf.worker, c->dp);
	synced.tables = c->tables;
	c->renewing = false;
	c->serving = true;
	c->error = 0;
	c->pause_ms = 0;
	count_routes(c);
	return send_message(c, PDP_MSG_SYNCED, seq, &synced, sizeof(synced));
}

static void begin_dump(struct pdp_client *c, uint32_t seq)
{
	c->dumping = true;
	c->dump_seq = seq;
	c->dump = (struct pdp_dp_cursor){0};
	c->piece = 0;
}

/*
 * One piece of the dump, if the controller takes it now. A socket is writable when three quarters of it
 * are free: so there is room for the answer to a SYNC beside a piece.
 */
static int send_piece(struct pdp_client *c)
{
	bool end = false;
	int rc = 0;

	if (!c->piece)
		end = c->conf.ops->dump(in_force(c), &c->dump, c->out, sizeof(c->out), &c->piece);
	if (c->piece)
		rc = try_send(c, PDP_MSG_ROUTES, c->dump_seq, c->out, c->piece, MSG_DONTWAIT);
	if (rc)
		return rc == -EAGAIN || rc == -EINTR ? 0 : rc;
	c->piece = 0;
	c->dumping = !end;
	return end ? send_message(c, PDP_MSG_DUMPED, c->dump_seq, NULL, 0) : 0;
}

static int look_up(struct pdp_client *c, uint32_t seq, const void *body, size_t len)
{
	_Alignas(8) uint8_t route[PDP_DP_MESSAGE];
	struct pdp_lookup want;

	if (len != sizeof(want))
		return -EPROTO;
	memcpy(&want, body, sizeof(want));
	if (want.family != 4 && want.family != 6)
		return -EPROTO;
	if (!in_force(c))
		return -ENOMEM;
	len = c->conf.ops->lookup(in_force(c), want.family, want.addr, want.hash, route,
				  sizeof(route));
	return send_message(c, PDP_MSG_FOUND, seq, route, len);
}

/* What goes into tables. */
static int configure(struct pdp_client *c, const struct pdp_msg *msg, const void *body, size_t len)
{
	struct pdp_dataplane *dp = target(c);

	if (!dp)
		return -ENOMEM;
	if (msg->type == PDP_MSG_VIF)
		return apply_vif(c, dp, body, len);
	if (msg->type == PDP_MSG_NETLINK)
		return apply_netlink(c, dp, body, len);
	return sync_up(c, msg->seq);
}

static int take_own(struct pdp_client *c, const void *body, size_t len, const int *fds,
		    unsigned int n_fds)
{
	struct pdp_own_parts parts;

	if (len != sizeof(parts))
		return -EPROTO;
	memcpy(&parts, body, sizeof(parts));
	if (parts.n_maps > PDP_OWN_MAPS || n_fds != (n_fds ? 1 + parts.n_maps : 0))
		return -EPROTO;
	if (!c->own)
		c->own = pdp_own_agent_new();
	return c->own ? pdp_own_agent_set(c->own, &parts, fds, n_fds) : -ENOMEM;
}

static int handle(struct pdp_client *c, const struct pdp_msg *msg, const void *body, size_t len,
		  const int *fds, unsigned int n_fds)
{
	switch (msg->type) {
	case PDP_MSG_VIF:
	case PDP_MSG_NETLINK:
	case PDP_MSG_SYNC:
		return configure(c, msg, body, len);
	case PDP_MSG_TABLES:
		return take_tables(c, body, len, fds, n_fds);
	case PDP_MSG_OWN:
		return take_own(c, body, len, fds, n_fds);
	case PDP_MSG_MEMORY:
		return set_memory(c, body, len);
	case PDP_MSG_START:
		warnx("queue %u is served", c->conf.port->queue);
		return 0;
	case PDP_MSG_DUMP:
		begin_dump(c, msg->seq);
		return in_force(c) ? 0 : -ENOMEM;
	case PDP_MSG_LOOKUP:
		return look_up(c, msg->seq, body, len);
	default:
		return -EPROTO;
	}
}

/* The descriptors that came with a message; they are the caller's to close. More than there is room for never come. */
static unsigned int take_fds(struct msghdr *mh, int fds[FDS_MAX])
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(mh);
	size_t bytes;

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	bytes = cmsg->cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(cmsg), bytes);
	return bytes / sizeof(int);
}

static void receive(struct pdp_client *c)
{
	struct iovec iov = {c->buf, sizeof(c->buf)};
	int fds[FDS_MAX];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fds))];
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(c->fd, &mh, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	unsigned int n_fds = n > 0 ? take_fds(&mh, fds) : 0;
	struct pdp_msg msg;
	int rc;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			disconnect(c, strerror(errno));
	} else if (n == 0) {
		disconnect(c, "the controller has closed the channel");
	} else if ((size_t)n < sizeof(msg) || (size_t)n > sizeof(c->buf)) {
		disconnect(c, "message of a length that cannot be");
	} else if (mh.msg_flags & MSG_CTRUNC) {
		disconnect(c, "message with more descriptors than any has");
	} else {
		memcpy(&msg, c->buf, sizeof(msg));
		rc = handle(c, &msg, c->buf + sizeof(msg), n - sizeof(msg), fds, n_fds);
		if (rc)
			disconnect(c, strerror(-rc));
	}
	while (n_fds)
		close(fds[--n_fds]);
}

static void dump_on(struct pdp_client *c)
{
	int rc = send_piece(c);

	if (rc)
		disconnect(c, strerror(-rc));
}

/* Until it is time to connect, or to start the owner's agent again; -1 = for ever. */
static int patience(const struct pdp_client *c)
{
	int own = pdp_own_agent_wait_ms(c->own);

	if (c->fd >= 0)
		return own;
	return own >= 0 && own < (int)c->pause_ms ? own : (int)c->pause_ms;
}

void pdp_client_run(struct pdp_client *c)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = c->conf.signal_fd, .events = POLLIN},
			{.fd = c->conf.worker->done_fd, .events = POLLIN},
			{.fd = c->fd, .events = c->dumping ? POLLIN | POLLOUT : POLLIN},
			{.fd = pdp_own_agent_fd(c->own), .events = POLLIN},
		};
		int n = poll(fds, 4, patience(c));

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && (fds[0].revents || fds[1].revents))
			return;
		pdp_own_agent_turn(c->own);
		if (n == 0 && c->fd < 0)
			try_connect(c);
		if (n > 0 && fds[2].revents & ~POLLOUT)
			receive(c);
		if (n > 0 && c->dumping && fds[2].revents & POLLOUT)
			dump_on(c);
	}
}

int pdp_client_new(struct pdp_client **out, const struct pdp_client_conf *conf)
{
	struct pdp_client *c;

	if (strlen(conf->path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -ENAMETOOLONG;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->conf = *conf;
	c->fd = -1;
	*out = c;
	return 0;
}

void pdp_client_free(struct pdp_client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	pdp_own_agent_free(c->own);
	forget_next(c);
	c->conf.ops->fini(c->dp);
	free(c);
}
