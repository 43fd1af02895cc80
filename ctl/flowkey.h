/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * flowkey.h - flow keys as people write them: 5tuple, l3, or bytes of the packet.
 *
 * A key of bytes is a list of fields, each a layer, an offset in it and a mask in hexadecimal whose length
 * is the field's: network:12:ffffff00 is an IPv4 source's /24. Pure.
 */
#ifndef PDP_FLOWKEY_H
#define PDP_FLOWKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/maps.h"

/* "unknown" for a number that is none. */
const char *pdp_key_name(enum pdp_key_kind kind);
const char *pdp_key_layer_name(enum pdp_key_layer layer);

struct pdp_key_field {
	enum pdp_key_layer layer;
	uint8_t offset;
	uint8_t len;
	uint8_t mask[PDP_KEY_BYTES_MAX];
};

/*
 * Append a field. 0; -EINVAL: the mask is empty, not hexadecimal, of odd length, all zero, or the field
 * goes beyond offset 255; -E2BIG: more than PDP_KEY_BYTES_MAX bytes in all.
 */
int pdp_key_add(struct pdp_key *key, enum pdp_key_layer layer, uint32_t offset, const char *mask);

/* The field that begins at *at, which moves behind it; false: that was all. Neighbours are one field. */
bool pdp_key_next(const struct pdp_key *key, size_t *at, struct pdp_key_field *field);

/* A field as one word, "network:12:ffffff00". As pdp_key_add(); -EINVAL also for what is no such word. */
int pdp_key_parse(struct pdp_key *key, const char *text);
#define PDP_KEY_FIELD_LEN (16 + 2 * PDP_KEY_BYTES_MAX)
const char *pdp_key_print(char buf[PDP_KEY_FIELD_LEN], const struct pdp_key_field *field);

/* A field's mask as text. */
void pdp_key_mask(const struct pdp_key_field *field, char text[2 * PDP_KEY_BYTES_MAX + 1]);

#endif
