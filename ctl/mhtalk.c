/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mhtalk.c - the controller's end of an MH guest's init; see mhtalk.h. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/mhtalk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/bucket.h"
#include "ctl/seqpacket.h"

/* What init says becomes events, and there is room for so many. */
#define BURST 20
#define BURST_INTERVAL_MS 1000
#define STRANGER_MS 100 /* before the next is let in */

struct pdp_mhtalk {
	struct event_base *base;
	pdp_mhtalk_fn fn;
	void *arg;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	pid_t init;
	int listen_fd;
	int fd;
	struct event *accept_ev; /* while init is not there */
	struct event *pause_ev;
	struct event *read_ev;
	struct pdp_bucket lines;
	bool reload; /* to be told when it comes */
};

/* Who knocks while init is there waits in the backlog: nobody else has anything to say. */
static void end_connection(struct pdp_mhtalk *talk)
{
	if (talk->read_ev)
		event_free(talk->read_ev);
	talk->read_ev = NULL;
	if (talk->fd >= 0)
		close(talk->fd);
	talk->fd = -1;
	if (talk->accept_ev)
		event_add(talk->accept_ev, NULL);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_mhtalk *talk = arg;

	(void)fd, (void)what;
	if (talk->fd < 0)
		event_add(talk->accept_ev, NULL);
}

/* Printable ASCII alone: it ends up on terminals. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			*text = '?';
}

static void judge(struct pdp_mhtalk *talk, char *text)
{
	static const struct {
		const char *word;
		enum pdp_mhtalk_event event;
	} words[] = {
		{"hello", PDP_MHTALK_HELLO},
		{"up ", PDP_MHTALK_UP},
		{"down ", PDP_MHTALK_DOWN},
		{"trouble ", PDP_MHTALK_TROUBLE},
	};

	clean(text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t len = strlen(words[i].word);

		if (strncmp(text, words[i].word, len) != 0)
			continue;
		talk->fn(words[i].event, text + len + strspn(text + len, " "), talk->arg);
		return;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_mhtalk *talk = arg;
	char text[PDP_MH_LINE_MAX];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_connection(talk);
		return;
	}
	if (!pdp_bucket_take(&talk->lines, pdp_bucket_now_ms()))
		return;
	text[n] = '\0';
	judge(talk, text);
}

static void send_reload(struct pdp_mhtalk *talk)
{
	static const char word[] = "reload";

	if (talk->fd >= 0 && send(talk->fd, word, strlen(word), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		talk->reload = false;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval pause = {.tv_usec = STRANGER_MS * 1000};
	struct pdp_mhtalk *talk = arg;
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;
	int new = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (new < 0)
		return;
	event_del(talk->accept_ev);
	if (getsockopt(new, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.pid != talk->init) {
		close(new);
		event_add(talk->pause_ev, &pause);
		return;
	}
	talk->fd = new;
	talk->read_ev = event_new(talk->base, new, EV_READ | EV_PERSIST, on_readable, talk);
	if (!talk->read_ev || event_add(talk->read_ev, NULL))
		end_connection(talk);
	else if (talk->reload)
		send_reload(talk);
}

int pdp_mhtalk_new(struct pdp_mhtalk **out, struct event_base *base, pdp_mhtalk_fn fn, void *arg,
		   struct pdp_error *err)
{
	struct pdp_mhtalk *talk = calloc(1, sizeof(*talk));

	*out = talk;
	if (!talk)
		return pdp_fail(err, -ENOMEM, "no memory for the channel of an MH guest");
	talk->base = base;
	talk->fn = fn;
	talk->arg = arg;
	talk->listen_fd = talk->fd = -1;
	talk->lines = (struct pdp_bucket){.depth = BURST, .interval_ms = BURST_INTERVAL_MS};
	return 0;
}

void pdp_mhtalk_free(struct pdp_mhtalk *talk)
{
	if (!talk)
		return;
	pdp_mhtalk_shut(talk);
	free(talk);
}

int pdp_mhtalk_listen(struct pdp_mhtalk *talk, const char *path, uid_t root, pid_t init,
		      struct pdp_error *err)
{
	if (strlen(path) >= sizeof(talk->path))
		return pdp_fail(err, -ENAMETOOLONG,
				"socket path %s has more than %zu characters; use a shorter run "
				"directory",
				path, sizeof(talk->path) - 1);
	snprintf(talk->path, sizeof(talk->path), "%s", path);
	talk->init = init;
	talk->listen_fd = pdp_seqpacket_listen(path, root, err);
	if (talk->listen_fd < 0)
		return talk->listen_fd;
	talk->accept_ev =
		event_new(talk->base, talk->listen_fd, EV_READ | EV_PERSIST, on_acceptable, talk);
	talk->pause_ev = event_new(talk->base, -1, 0, on_pause_over, talk);
	if (talk->accept_ev && talk->pause_ev && !event_add(talk->accept_ev, NULL))
		return 0;
	pdp_mhtalk_shut(talk);
	return pdp_fail(err, -ENOMEM, "no memory for the events of %s", path);
}

void pdp_mhtalk_shut(struct pdp_mhtalk *talk)
{
	if (!talk)
		return;
	if (talk->accept_ev)
		event_free(talk->accept_ev);
	if (talk->pause_ev)
		event_free(talk->pause_ev);
	talk->accept_ev = talk->pause_ev = NULL;
	end_connection(talk);
	if (talk->listen_fd >= 0) {
		close(talk->listen_fd);
		unlink(talk->path);
	}
	talk->listen_fd = -1;
	talk->reload = false;
}

void pdp_mhtalk_reload(struct pdp_mhtalk *talk)
{
	talk->reload = true;
	send_reload(talk);
}
