/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * own_maps.h - how the agent of a vnet's owner gets at the maps of his program on eth0.
 *
 * To be included, or copied, by an owner's own program; it stands on libc alone. The program is started with a
 * descriptor for each of the object's arrays that has BPF_F_MMAPABLE, and the environment variable PDP_MAPS tells of
 * them: "NAME:DESCRIPTOR:VALUE_SIZE:ENTRIES", separated by spaces. They are mapped and then are memory that the
 * program on eth0 reads and writes at the same time, on all guests of the vnet: words of up to 8 bytes are stored
 * and read whole, more are not. bpf(2) is closed to guests.
 */
#ifndef PDP_OWN_MAPS_H
#define PDP_OWN_MAPS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PDP_OWN_MAPS_ENV "PDP_MAPS"

struct pdp_own_map {
	void *values;
	uint32_t value_size; /* as declared; the kernel rounds elements up to 8 bytes */
	uint32_t entries;
};

/* Element i, which is below entries. */
static inline void *pdp_own_value(const struct pdp_own_map *map, uint32_t i)
{
	return (char *)map->values + (size_t)i * ((map->value_size + 7U) & ~7U);
}

/* Map the array of this name, for as long as the program runs. 0; -ENOENT: none was handed over; -errno. */
static inline int pdp_own_map(const char *name, struct pdp_own_map *map)
{
	const char *text = getenv(PDP_OWN_MAPS_ENV);
	const size_t len = strlen(name);
	int fd;

	while (text && *text && (strncmp(text, name, len) != 0 || text[len] != ':')) {
		text = strchr(text, ' ');
		text = text ? text + 1 : NULL;
	}
	if (!text || sscanf(text + len, ":%d:%u:%u", &fd, &map->value_size, &map->entries) != 3)
		return -ENOENT;
	map->values = mmap(NULL, (size_t)map->entries * ((map->value_size + 7U) & ~7U),
			   PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map->values == MAP_FAILED ? -errno : 0;
}

#endif
