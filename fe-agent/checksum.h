/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * checksum.h - the Internet checksum (RFC 1071) and its incremental update (RFC 1624), and loads and
 * stores of header fields at any alignment.
 *
 * Pure functions on bytes. Sums are kept in the machine's byte order, which RFC 1071 section 2 (B)
 * allows: a folded sum stored as it is, is right on the wire.
 */
#ifndef PDP_CHECKSUM_H
#define PDP_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t pdp_load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t pdp_load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t pdp_load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void pdp_store16(void *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void pdp_store32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* One's complement addition of 64-bit words: the carry comes in again at the low end. */
static inline uint64_t pdp_sum_add(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* Add len bytes to a sum; an odd last byte is padded with zero (RFC 1071 section 1). */
static inline uint64_t pdp_sum_bytes(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t tail = 0;

	for (; len >= 8; p += 8, len -= 8)
		sum = pdp_sum_add(sum, pdp_load64(p));
	memcpy(&tail, p, len);
	return pdp_sum_add(sum, tail);
}

/* Fold a sum to 16 bits. Zero only if every word was zero. */
static inline uint16_t pdp_sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* What goes into the checksum field, as it is stored. */
static inline uint16_t pdp_sum_finish(uint64_t sum)
{
	return ~pdp_sum_fold(sum);
}

/*
 * pdp_checksum_update() - a checksum after one 16-bit word under it changed.
 * All three as loaded from the wire. RFC 1624, equation 3, which is right where RFC 1141 is not:
 * at 0x0000 and 0xffff.
 */
static inline uint16_t pdp_checksum_update(uint16_t check, uint16_t from, uint16_t to)
{
	uint32_t sum = (uint16_t)~check + (uint32_t)(uint16_t)~from + to;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

#endif
