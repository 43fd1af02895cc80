/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* flowkey.c - flow keys as people write them; see flowkey.h. */
#include "ctl/flowkey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *pdp_key_name(enum pdp_key_kind kind)
{
	static const char *const names[] = {
		[PDP_KEY_5TUPLE] = "5tuple",
		[PDP_KEY_L3] = "l3",
		[PDP_KEY_BYTES] = "bytes",
	};

	return (unsigned int)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

const char *pdp_key_layer_name(enum pdp_key_layer layer)
{
	static const char *const names[] = {
		[PDP_KEY_END] = "none",
		[PDP_KEY_INNER] = "inner",
		[PDP_KEY_NETWORK] = "network",
		[PDP_KEY_TRANSPORT] = "transport",
	};

	return (unsigned int)layer < sizeof(names) / sizeof(names[0]) ? names[layer] : "unknown";
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static size_t key_len(const struct pdp_key *key)
{
	size_t n = 0;

	while (n < PDP_KEY_BYTES_MAX && key->byte[n].layer != PDP_KEY_END)
		n++;
	return n;
}

int pdp_key_add(struct pdp_key *key, enum pdp_key_layer layer, uint32_t offset, const char *mask)
{
	size_t len = strlen(mask), n = key_len(key);
	struct pdp_key_byte bytes[PDP_KEY_BYTES_MAX];
	int any = 0;

	if (!len || len % 2 || offset + len / 2 > UINT8_MAX + 1U)
		return -EINVAL;
	if (n + len / 2 > PDP_KEY_BYTES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(mask[2 * i]), low = hex_digit(mask[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (struct pdp_key_byte){.layer = (uint8_t)layer,
						 .offset = (uint8_t)(offset + i),
						 .mask = (uint8_t)(high << 4 | low)};
		any |= bytes[i].mask;
	}
	if (!any)
		return -EINVAL;
	memcpy(&key->byte[n], bytes, len / 2 * sizeof(bytes[0]));
	return 0;
}

bool pdp_key_next(const struct pdp_key *key, size_t *at, struct pdp_key_field *field)
{
	const struct pdp_key_byte *first = &key->byte[*at];

	if (*at >= key_len(key))
		return false;
	*field = (struct pdp_key_field){.layer = first->layer, .offset = first->offset};
	while (*at < key_len(key) && key->byte[*at].layer == first->layer &&
	       key->byte[*at].offset == first->offset + field->len)
		field->mask[field->len++] = key->byte[(*at)++].mask;
	return true;
}

void pdp_key_mask(const struct pdp_key_field *field, char text[2 * PDP_KEY_BYTES_MAX + 1])
{
	text[0] = '\0';
	for (size_t i = 0; i < field->len; i++)
		snprintf(text + 2 * i, 3, "%02x", field->mask[i]);
}

int pdp_key_parse(struct pdp_key *key, const char *text)
{
	const char *offset = strchr(text, ':');
	char *mask;
	unsigned long at;

	if (!offset || offset[1] < '0' || offset[1] > '9')
		return -EINVAL;
	at = strtoul(offset + 1, &mask, 10);
	if (*mask != ':' || at > UINT8_MAX)
		return -EINVAL;
	for (int layer = PDP_KEY_INNER; layer <= PDP_KEY_TRANSPORT; layer++) {
		const char *name = pdp_key_layer_name((enum pdp_key_layer)layer);

		if (strlen(name) == (size_t)(offset - text) && !strncmp(name, text, strlen(name)))
			return pdp_key_add(key, (enum pdp_key_layer)layer, (uint32_t)at, mask + 1);
	}
	return -EINVAL;
}

const char *pdp_key_print(char buf[PDP_KEY_FIELD_LEN], const struct pdp_key_field *field)
{
	char mask[2 * PDP_KEY_BYTES_MAX + 1];

	pdp_key_mask(field, mask);
	snprintf(buf, PDP_KEY_FIELD_LEN, "%s:%u:%s", pdp_key_layer_name(field->layer),
		 field->offset, mask);
	return buf;
}
