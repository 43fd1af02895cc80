/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* seqpacket.c - listening, and messages with descriptors; see seqpacket.h. */
#include "ctl/seqpacket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int pdp_seqpacket_listen(const char *path, uid_t who, struct pdp_error *err)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int code, fd;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return pdp_fail(err, -errno, "open a unix socket: %s", strerror(errno));
	unlink(path);
	/* listen() comes before the name can be used: chown last. */
	if (!bind(fd, (struct sockaddr *)&sun, sizeof(sun)) && !chmod(path, 0600) &&
	    !listen(fd, 2) && !chown(path, who, (gid_t)who))
		return fd;
	code = pdp_fail(err, -errno, "listen on %s: %s", path, strerror(errno));
	close(fd);
	unlink(path);
	return code;
}

void pdp_inbox_receive(int fd, struct pdp_inbox *in)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(in->fds))];
	struct iovec iov = {in->data, sizeof(in->data)};
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control)};

	in->n_fds = 0;
	in->len = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (in->len < 0) {
		in->len = -errno;
		return;
	}
	in->cut = mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		in->n_fds = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(in->fds, CMSG_DATA(c), in->n_fds * sizeof(int));
	}
}

void pdp_inbox_close(struct pdp_inbox *in)
{
	for (unsigned int i = 0; i < in->n_fds; i++)
		close(in->fds[i]);
	in->n_fds = 0;
}
