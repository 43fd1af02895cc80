/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile.h - the YAML node file to a checked model. Reads one file; touches nothing else.
 */
#ifndef PDP_NODEFILE_H
#define PDP_NODEFILE_H

#include "ctl/model.h"
#include "loader/loader.h"

/*
 * pdp_nodefile_load() - read, parse and check a node file.
 *
 * Everything that can be judged without the kernel is judged here: syntax, unknown keys (with the
 * likely meaning), types, ranges, names, duplicates, references, tunnels that collide, powers that no
 * node of these FEs could ever hold. Messages begin with FILE:LINE. On success *out is the caller's
 * to free; on failure it is zeroed. 0, -EINVAL (the file is wrong), -EFBIG (over 16 MiB), -errno.
 */
int pdp_nodefile_load(struct pdp_model *out, const char *path, struct pdp_error *err);

/*
 * The same from memory; name stands for the path in messages. NULL: nobody wrote this text (edit.c),
 * and messages tell who is meant and no place.
 */
int pdp_nodefile_parse(struct pdp_model *out, const char *name, const char *text, size_t len,
		       struct pdp_error *err);

#endif
