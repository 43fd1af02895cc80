/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fe_check.h - the CPUs of FEs: are they on this machine?
 */
#ifndef PDP_FE_CHECK_H
#define PDP_FE_CHECK_H

#include "ctl/model.h"
#include "loader/loader.h"

/*
 * pdp_fe_check() - is each CPU that an FE of this model names online?
 * @now: what the node is; an FE of it that keeps its CPUs is not looked at again. May be empty.
 * @file: the node file that the model is from, for FILE:LINE; NULL = none.
 *
 * 0, or -ENODEV with the first FE and CPU. A kernel that does not tell what is online is believed.
 */
int pdp_fe_check(const struct pdp_model *wanted, const struct pdp_model *now, const char *file,
		 struct pdp_error *err);

#endif
