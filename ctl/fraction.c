/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fraction.c - a part of a whole as a number of millionths, exact both ways.
 */
#include "ctl/fraction.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WHOLE 1000000u

int pdp_fraction_parse(uint32_t *millionths, const char *text)
{
	uint32_t value = 0, unit = WHOLE / 10;
	const char *c = text;

	for (; isdigit((unsigned char)*c); c++)
		value = value > 1 ? value : 10 * value + (uint32_t)(*c - '0');
	if (c == text || (*c && *c != '.'))
		return -EINVAL;
	value = value > 1 ? 2 * WHOLE : value * WHOLE;
	if (*c == '.' && !isdigit((unsigned char)*++c))
		return -EINVAL;
	for (; isdigit((unsigned char)*c); c++, unit /= 10) {
		if (!unit)
			return -EINVAL;
		value += unit * (uint32_t)(*c - '0');
	}
	if (*c)
		return -EINVAL;
	if (value > WHOLE)
		return -ERANGE;
	*millionths = value;
	return 0;
}

const char *pdp_fraction_print(char out[PDP_FRACTION_STRLEN], uint32_t millionths)
{
	size_t len = (size_t)snprintf(out, PDP_FRACTION_STRLEN, "%u.%06u", millionths / WHOLE % 10,
				      millionths % WHOLE);

	while (out[len - 1] == '0')
		out[--len] = '\0';
	if (out[len - 1] == '.')
		out[len - 1] = '\0';
	return out;
}
