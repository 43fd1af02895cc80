/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * yamltree.h - where in a YAML file something stands, for messages. Pure.
 *
 * libcyaml fills structs and forgets the lines; this keeps libyaml's own tree beside it. A place is
 * named by a path of keys and indices, "vnets[0].vifs[1].local"; a path that leads to nothing means
 * the nearest thing above it.
 */
#ifndef PDP_YAMLTREE_H
#define PDP_YAMLTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "loader/loader.h"

#define PDP_YAML_PATH_MAX 160

struct pdp_yaml {
	const char *file; /* the caller's; for messages. NULL: the text is from no file */
	yaml_document_t doc;
};

/*
 * Parse text, which must be one document, without aliases, not nested deeply. 0; -EINVAL with
 * FILE:LINE in err, or -ENOMEM; *yaml is the caller's to free only on success.
 */
int pdp_yaml_load(struct pdp_yaml *yaml, const char *file, const char *text, size_t len,
		  struct pdp_error *err);
void pdp_yaml_free(struct pdp_yaml *yaml);

/* A child of a node; both live as long as the tree. NULL when there is none. */
const yaml_node_t *pdp_yaml_root(const struct pdp_yaml *yaml);
const yaml_node_t *pdp_yaml_node(const struct pdp_yaml *yaml, int id);

uint32_t pdp_yaml_line(const struct pdp_yaml *yaml, const char *path);
/* " (line 12)", to point at another place in a sentence; "" when there is no file. Returns buf. */
#define PDP_YAML_WHERE_MAX 24
const char *pdp_yaml_where(char buf[PDP_YAML_WHERE_MAX], const struct pdp_yaml *yaml,
			   uint32_t line);
/* Text of a scalar; NULL when there is none at this path. */
const char *pdp_yaml_scalar(const struct pdp_yaml *yaml, const char *path);

/*
 * pdp_yaml_fail() - a sentence about a place: "FILE:LINE: vif red/v1: SENTENCE". Returns -EINVAL.
 *
 * Without a file it begins with who is meant, and routes go by their prefix, not by their number. Who is
 * meant (vnet red, vif red/v1, route 2 of vnet red) is read off the path. What came from the
 * file may stand in the sentence as it is: control characters are made visible.
 */
int pdp_yaml_fail(const struct pdp_yaml *yaml, struct pdp_error *err, const char *path,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same for another line than the path's own. */
int pdp_yaml_fail_line(const struct pdp_yaml *yaml, struct pdp_error *err, uint32_t line,
		       const char *path, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Returns -ENOMEM. */
int pdp_yaml_no_memory(const struct pdp_yaml *yaml, struct pdp_error *err);

#endif
