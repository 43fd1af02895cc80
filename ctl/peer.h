/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * peer.h - who is at the other end of a unix socket, and what that one may do.
 */
#ifndef PDP_PEER_H
#define PDP_PEER_H

#include <sys/types.h>

enum pdp_role {
	PDP_ROLE_NONE,
	PDP_ROLE_READER, /* may look */
	PDP_ROLE_WRITER, /* may change */
};

#define PDP_NO_GROUP ((gid_t)-1)

/*
 * The peer's role, by SO_PEERCRED and SO_PEERGROUPS: root and our own user write, and so do members of
 * `writers`; members of `readers` read. PDP_NO_GROUP has no members.
 */
enum pdp_role pdp_peer_role(int fd, gid_t readers, gid_t writers);

/* The peer's user; (uid_t)-1: nobody can tell. */
uid_t pdp_peer_uid(int fd);

/* By name; PDP_NO_GROUP when there is none. */
gid_t pdp_group_find(const char *name);

#endif
