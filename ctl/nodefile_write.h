/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_write.h - a model to the YAML node file that reads back as the same model. Pure.
 */
#ifndef PDP_NODEFILE_WRITE_H
#define PDP_NODEFILE_WRITE_H

#include "ctl/model.h"

/*
 * The whole file as text, in the order of the model, values that are the default left out. The
 * caller's to free; NULL without memory.
 */
char *pdp_nodefile_write(const struct pdp_model *model);

#endif
