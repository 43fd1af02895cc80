/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * power.h - processing power as people write it, and the CPU lists it comes from. Pure.
 */
#ifndef PDP_POWER_H
#define PDP_POWER_H

#include <stddef.h>
#include <stdint.h>

/*
 * "1500m", or cores with at most three decimals: "1.5", "2". In millicores. 0; -EINVAL when it is no
 * power at all; -ERANGE when it is one, but 0, negative, or more than UINT32_MAX millicores.
 */
int pdp_power_parse(uint32_t *out, const char *text);

#define PDP_CPU_MAX 8191

/*
 * A cpuset list, "2" or "2-3,6": how many CPUs it names. -EINVAL for another syntax, a range that
 * runs backwards or a CPU that is named twice; -ERANGE for a CPU over PDP_CPU_MAX.
 */
int pdp_cpus_count(const char *list);

/* The lowest CPU of a list that is not in the other; -ENOENT when there is none, -EINVAL for no lists. */
int pdp_cpus_missing(const char *list, const char *there);

/* Whether each is named, of such a list. As pdp_cpus_count(). */
int pdp_cpus_read(uint8_t named[PDP_CPU_MAX + 1], const char *list);

#endif
