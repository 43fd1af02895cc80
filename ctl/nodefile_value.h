/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_value.h - single values of a node file, for nodefile_read.c alone: text to number, with a
 * sentence about the place when it is none.
 *
 * A key is that of the element that is being read, "memory" or "control-plane.memory". All give 0 or -EINVAL.
 */
#ifndef PDP_NODEFILE_VALUE_H
#define PDP_NODEFILE_VALUE_H

#include "ctl/nodefile_raw.h"

/* Where in the file the reader is, and where it complains. */
struct pdp_reader {
	const struct pdp_yaml *yaml;
	struct pdp_error *err;
	char path[PDP_YAML_PATH_MAX]; /* of the element that is being read */
};

/* The path of a value of the element, in a buffer of its own. */
const char *pdp_value_path(const struct pdp_reader *r, const char *key,
			   char buf[PDP_YAML_PATH_MAX]);

/* A sentence about a value of the element; the value's own line is told. */
#define pdp_value_fail(r, key, ...)                                                              \
	pdp_yaml_fail((r)->yaml, (r)->err, pdp_value_path(r, key, (char[PDP_YAML_PATH_MAX]){0}), \
		      __VA_ARGS__)

bool pdp_value_given(const struct pdp_reader *r, const char *key);

/* [a-z0-9][a-z0-9-]*, and [A-Z] too where allowed. */
int pdp_value_label(struct pdp_reader *r, const char *key, char out[PDP_LABEL_MAX],
		    const char *text, bool upper);

/* What the kernel takes for a device's name (dev_valid_name). */
int pdp_value_ifname(struct pdp_reader *r, char out[PDP_DEV_NAME_LEN], const char *text);

int pdp_value_power(struct pdp_reader *r, const char *key, uint32_t *out, const char *text);
int pdp_value_mac(struct pdp_reader *r, uint8_t mac[6], const char *text);

/* "100", or "100.200" for two tags, the outer first. */
int pdp_value_vlan(struct pdp_reader *r, uint16_t vlan[2], const char *text);

/* "64M" or "1G", in powers of 1024. */
int pdp_value_memory(struct pdp_reader *r, const char *key, uint32_t *out, const char *text);

/* "500", or "auto", which is PDP_FLOWLET_GAP_AUTO. */
int pdp_value_gap(struct pdp_reader *r, uint32_t *out, const char *text);

/* The name of a function in C. */
int pdp_value_symbol(struct pdp_reader *r, const char *key, char out[PDP_NAME_MAX],
		     const char *text);

/* A path from the root; what follows it (arguments) is not looked at. */
int pdp_value_file(struct pdp_reader *r, const char *key, char out[PDP_PATH_LEN], const char *text);

/* What a policer in BPF can hold; a burst of 0 is not given. The keys are KEY.pps and KEY.burst. */
int pdp_value_rate(struct pdp_reader *r, const char *key, uint64_t pps, uint32_t burst);

#endif
