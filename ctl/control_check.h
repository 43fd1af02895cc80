/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * control_check.h - what control planes are to read and run: is it on this machine?
 */
#ifndef PDP_CONTROL_CHECK_H
#define PDP_CONTROL_CHECK_H

#include "ctl/model.h"
#include "loader/loader.h"

/*
 * pdp_control_check() - can the MH guests that this model would make read their configuration?
 * @now: what the node is; what a vnet of it has already is not looked at again. May be empty.
 * @file: the node file that the model is from, for FILE:LINE; NULL = none.
 *
 * 0, or -errno of the first that cannot be read (-ENOENT, -ENOTDIR, -EACCES, ...), with its vnet.
 */
int pdp_control_check(const struct pdp_model *wanted, const struct pdp_model *now, const char *file,
		      struct pdp_error *err);

#endif
