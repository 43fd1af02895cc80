/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhtalk.h - the controller's end of what process 1 of an MH guest tells (fe-agent/mhchannel.h).
 *
 * Only that process is listened to: whatever else runs in the guest is the owner's, and could tell
 * anything. What it says is for people, and bounded.
 */
#ifndef PDP_MHTALK_H
#define PDP_MHTALK_H

#include <sys/types.h>

#include "fe-agent/mhchannel.h"
#include "loader/loader.h"

struct event_base;
struct pdp_mhtalk;

enum pdp_mhtalk_event {
	PDP_MHTALK_HELLO, /* init is there; text: what it runs */
	PDP_MHTALK_UP, /* text: the program's name */
	PDP_MHTALK_DOWN, /* text: its name, how it ended and its last words */
	PDP_MHTALK_TROUBLE, /* text: what it is about, and what is wrong */
};

/* Told on the event loop; text is clean. */
typedef void (*pdp_mhtalk_fn)(enum pdp_mhtalk_event event, const char *text, void *arg);

int pdp_mhtalk_new(struct pdp_mhtalk **out, struct event_base *base, pdp_mhtalk_fn fn, void *arg,
		   struct pdp_error *err);
void pdp_mhtalk_free(struct pdp_mhtalk *talk);

/* @root: host uid of the guest's root; @init: its process 1 on the host. */
int pdp_mhtalk_listen(struct pdp_mhtalk *talk, const char *path, uid_t root, pid_t init,
		      struct pdp_error *err);
void pdp_mhtalk_shut(struct pdp_mhtalk *talk);

/* Have it read its configuration again and start all programs anew; when it comes, if it is not there. */
void pdp_mhtalk_reload(struct pdp_mhtalk *talk);

#endif
