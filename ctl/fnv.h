/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fnv.h - FNV-1a, 64 bits: a hash for what is not made to deceive. Header only.
 */
#ifndef PDP_FNV_H
#define PDP_FNV_H

#include <stddef.h>
#include <stdint.h>

#define PDP_FNV_BASIS 0xcbf29ce484222325ULL

/* The hash of what came before (at first the basis) and of these bytes. */
static inline uint64_t pdp_fnv(uint64_t hash, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ULL;
	return hash;
}

#endif
