/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_write.h - a model to the YAML node file that reads back as the same model. Pure.
 */
#ifndef PDP_NODEFILE_WRITE_H
#define PDP_NODEFILE_WRITE_H

#include <yaml.h>

#include "ctl/model.h"

/*
 * The whole file as text, in the order of the model; what is the default is left out, except for
 * policies. The caller's to free; NULL without memory.
 */
char *pdp_nodefile_write(const struct pdp_model *model);

/*
 * The same as a tree, for who changes it before it is written (edit.c). 0 or -ENOMEM; the caller's to
 * yaml_document_delete() on success.
 */
int pdp_nodefile_tree(yaml_document_t *doc, const struct pdp_model *model);

#endif
