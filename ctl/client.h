/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * client.h - questions to pdpd over its unix socket.
 */
#ifndef PDP_CLIENT_H
#define PDP_CLIENT_H

#include <jansson.h>

#include "loader/loader.h"

/*
 * GET or POST (without a body) a path at run_dir/pdpd.sock. On success *out is the caller's reference.
 * 0; -ECONNREFUSED when no pdpd answers there; -EPROTO for an answer that is no JSON; -EREMOTEIO when
 * pdpd refused, with its words in err; -errno.
 */
int pdp_client_get(json_t **out, const char *run_dir, const char *path, struct pdp_error *err);
int pdp_client_post(json_t **out, const char *run_dir, const char *path, struct pdp_error *err);

#endif
