/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhservices.h - what runs in an MH guest, by the kind of control plane. Reads files, starts nothing.
 */
#ifndef PDP_MHSERVICES_H
#define PDP_MHSERVICES_H

#include <stdbool.h>
#include <stddef.h>

#define PDP_MH_SERVICES 32
#define PDP_MH_ARGS 32

enum pdp_mh_ending {
	PDP_MH_END_KILL, /* at once: it must not take its routes out of the kernel */
	PDP_MH_END_TERM, /* so that it tells its peers */
};

/* A program that is to run all the time, or once. */
struct pdp_mh_service {
	char name[40];
	enum pdp_mh_ending ending;
	bool once; /* ends by itself; a status other than 0 is told, and it is not started again */
	char after[64]; /* not before this file is there; "" = at once */
	char dir[32]; /* where it begins; "" = / */
	const char *again; /* argument that is added when it has run before; NULL = none */
	char *argv[PDP_MH_ARGS]; /* into text, but for the last that may be `again` */
	size_t n_args;
	char text[1280];
};

struct pdp_mh_services {
	char kind[16];
	struct pdp_mh_service list[PDP_MH_SERVICES]; /* in the order in which they are started */
	size_t n;
	char trouble[256]; /* what was passed over, "" = nothing */
};

/*
 * pdp_mh_services_read() - what PDP_MH_CONTROL and the configuration ask for.
 * @control, @config: their paths. None when there is no control file yet.
 *
 * frr: zebra, staticd, and the daemons that the file `daemons` says yes to; without one those that have
 * a DAEMON.conf or whose "router" stands in frr.conf. An frr.conf is handed to each of them by vtysh.
 */
void pdp_mh_services_read(struct pdp_mh_services *out, const char *control, const char *config);

#endif
