/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fraction.h - a part of a whole, "0.01", as a number of millionths. Pure.
 */
#ifndef PDP_FRACTION_H
#define PDP_FRACTION_H

#include <stdint.h>

#define PDP_FRACTION_STRLEN 12

/* From 0 to 1, with at most six decimals. 0; -ERANGE: more than 1; -EINVAL: no such number. */
int pdp_fraction_parse(uint32_t *millionths, const char *text);

/* As short as it reads back: "0", "0.01", "1". Returns out. */
const char *pdp_fraction_print(char out[PDP_FRACTION_STRLEN], uint32_t millionths);

#endif
