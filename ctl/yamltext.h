/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * yamltext.h - a tree of libyaml to text as a person would write it. Pure.
 */
#ifndef PDP_YAMLTEXT_H
#define PDP_YAMLTEXT_H

#include <yaml.h>

/*
 * pdp_yaml_text() - one item a line where it fits into 100 columns, one key a line where it does not.
 *
 * A scalar of YAML_PLAIN_SCALAR_STYLE is written as it is; any other is quoted when a YAML reader could
 * take it for something else than a text. The
 * root is a mapping, and a list in a list fits on a line. The caller's to free; NULL
 * without memory.
 */
char *pdp_yaml_text(yaml_document_t *doc);

#endif
