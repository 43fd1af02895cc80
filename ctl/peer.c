/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* peer.c - a peer's credentials to its role; see peer.h. */
#include "ctl/peer.h"

#include <grp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS_MAX 256

struct peer {
	struct ucred cred;
	gid_t groups[GROUPS_MAX];
	size_t n_groups;
};

static bool look(struct peer *peer, int fd)
{
	socklen_t len = sizeof(peer->cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer->cred, &len))
		return false;
	len = sizeof(peer->groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &len))
		len = 0; /* in more groups than anybody is: its own one counts */
	peer->n_groups = len / sizeof(gid_t);
	return true;
}

static bool is_member(const struct peer *peer, gid_t group)
{
	size_t i;

	if (group == PDP_NO_GROUP)
		return false;
	for (i = 0; i < peer->n_groups; i++)
		if (peer->groups[i] == group)
			return true;
	return peer->cred.gid == group;
}

enum pdp_role pdp_peer_role(int fd, gid_t readers, gid_t writers)
{
	struct peer peer;

	if (!look(&peer, fd))
		return PDP_ROLE_NONE;
	if (peer.cred.uid == 0 || peer.cred.uid == geteuid() || is_member(&peer, writers))
		return PDP_ROLE_WRITER;
	return is_member(&peer, readers) ? PDP_ROLE_READER : PDP_ROLE_NONE;
}

uid_t pdp_peer_uid(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ? (uid_t)-1 : cred.uid;
}

gid_t pdp_group_find(const char *name)
{
	const struct group *group = getgrnam(name);

	return group ? group->gr_gid : PDP_NO_GROUP;
}
