/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lazy.h - a library that few commands need, loaded when one of them runs. Of pdp-ctl, whose start takes longer with each
 * library that is linked, and with each that those need: two that next to no command calls brought 14 of 54.
 */
#ifndef PDP_LAZY_H
#define PDP_LAZY_H

#include "loader/loader.h"

struct pdp_lazy_symbol {
	const char *name; /* NULL ends a list */
	void *to; /* a pointer to such functions, which gets its value */
};

/* library: as its soname is. It stays until the process ends. 0 or -errno, and err says what is missing. */
int pdp_lazy_load(const char *library, const struct pdp_lazy_symbol *symbols,
		  struct pdp_error *err);

#endif
