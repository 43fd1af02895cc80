/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * power.c - processing power as people write it, and the CPU lists it comes from.
 *
 * Off the packet's path: between the node file or the command line and the allocator.
 */
#include "ctl/power.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define FRACTION_DIGITS 3

/* Digits at *text, moved past; saturates well above any power. -EINVAL when there is none. */
static int take_digits(uint64_t *value, const char **text)
{
	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (*value = 0; isdigit((unsigned char)**text); (*text)++)
		if (*value <= UINT32_MAX)
			*value = *value * 10 + (uint64_t)(**text - '0');
	return 0;
}

int pdp_power_parse(uint32_t *out, const char *text)
{
	bool negative = *text == '-';
	uint64_t value;
	int digits = 0;

	text += negative;
	if (take_digits(&value, &text))
		return -EINVAL;
	if (*text == 'm') {
		text++;
	} else {
		if (*text == '.')
			for (text++; digits < FRACTION_DIGITS && isdigit((unsigned char)*text);
			     digits++)
				value = value * 10 + (uint64_t)(*text++ - '0');
		if (text[-1] == '.')
			return -EINVAL;
		for (; digits < FRACTION_DIGITS; digits++)
			value *= 10;
	}
	if (*text)
		return -EINVAL;
	if (negative || value == 0 || value > UINT32_MAX)
		return -ERANGE;
	*out = (uint32_t)value;
	return 0;
}

/* "2" or "2-3" at *list, moved past, into the set. How many, or -errno. */
static int take_range(uint8_t set[PDP_CPU_MAX + 1], const char **list)
{
	uint64_t first, last;

	if (take_digits(&first, list))
		return -EINVAL;
	last = first;
	if (**list == '-') {
		(*list)++;
		if (take_digits(&last, list))
			return -EINVAL;
	}
	if (last > PDP_CPU_MAX)
		return -ERANGE;
	if (first > last)
		return -EINVAL;
	for (uint64_t cpu = first; cpu <= last; cpu++)
		if (set[cpu]++)
			return -EINVAL;
	return (int)(last - first + 1);
}

int pdp_cpus_read(uint8_t named[PDP_CPU_MAX + 1], const char *list)
{
	int count = 0;

	memset(named, 0, PDP_CPU_MAX + 1);
	for (;;) {
		int n = take_range(named, &list);

		if (n < 0)
			return n;
		count += n;
		if (!*list)
			return count;
		if (*list++ != ',')
			return -EINVAL;
	}
}

int pdp_cpus_count(const char *list)
{
	uint8_t named[PDP_CPU_MAX + 1];

	return pdp_cpus_read(named, list);
}

int pdp_cpus_missing(const char *list, const char *there)
{
	uint8_t wanted[PDP_CPU_MAX + 1], have[PDP_CPU_MAX + 1];

	if (pdp_cpus_read(wanted, list) < 0 || pdp_cpus_read(have, there) < 0)
		return -EINVAL;
	for (int cpu = 0; cpu <= PDP_CPU_MAX; cpu++)
		if (wanted[cpu] && !have[cpu])
			return cpu;
	return -ENOENT;
}
