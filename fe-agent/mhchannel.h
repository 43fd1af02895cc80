/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhchannel.h - what the controller and process 1 of an MH guest say to each other.
 *
 * PDP_MH_CONTROL is what to run, lines of a word and a value: "kind none|static|frr|bird|command",
 * "config DIR" (for people; PDP_MH_CONFIG is its copy), "command PATH ARGUMENTS". The controller
 * replaces it whole.
 *
 * PDP_MH_SOCK is a SOCK_SEQPACKET unix socket that the controller listens on and init connects to, again
 * and again while there is no controller. A message is a line of text without its end:
 *
 *   init -> controller   hello NAME...   the programs that run now
 *                        up NAME         one was started
 *                        down NAME TEXT  one has ended: how, and the last it said; it will be again
 *                        trouble TEXT    something else is not well
 *   controller -> init   reload          PDP_MH_CONTROL or the configuration are others: start anew
 *
 * Whatever goes wrong inside is told, and is no reason for init to end: the guest's network, and what its
 * kernel knows, is to outlive daemons.
 */
#ifndef PDP_MHCHANNEL_H
#define PDP_MHCHANNEL_H

#define PDP_MH_DIR "/pdp/guest" /* inside the guest */
#define PDP_MH_CONTROL PDP_MH_DIR "/control"
#define PDP_MH_SOCK PDP_MH_DIR "/init.sock"
#define PDP_MH_CONFIG "/pdp/etc/config"
#define PDP_MH_LINE_MAX 1024

/* Ids inside, as its /etc/passwd and /etc/group have them. */
#define PDP_MH_UID_FRR 1
#define PDP_MH_UID_BIRD 2
#define PDP_MH_GID_FRRVTY 3

#endif
